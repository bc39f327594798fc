//! An import of several files at once, with a total in the end.
//!
//! Category: misplaced `WaitGroup::add`.
//!
//! What goes wrong: each goroutine adds itself to the group that the importer waits for. Where
//! the importer waits before a goroutine has got that far, the group has nothing to wait for,
//! and the total is read while rows are still being added to it.
//!
//! What mends it: add before the goroutine is started.

use deadheat::JoinHandle;
use deadheat::prelude::*;
use std::sync::Arc;

const FILES: [&str; 3] = [
    "name,town\nAda,London\nGrace,Arlington",
    "name,town\nEdsger,Nuenen",
    "name,town\nBarbara,Boston\nLeslie,Palo Alto\nTony,Oxford",
];

struct Import {
    running: WaitGroup,
    /// Guards the count of rows, as long as goroutines run.
    lock: Mutex<()>,
    rows: Shared<usize>,
}

impl Import {
    fn new() -> Self {
        Self {
            running: WaitGroup::new(),
            lock: Mutex::new(()),
            rows: Shared::named("Import.rows", 0),
        }
    }

    /// Counts the rows of a file, its heading apart.
    fn load(&self, file: &str) {
        let rows = file.lines().skip(1).count();
        let _guard = self.lock.lock();
        self.rows.update(|total| *total += rows);
    }
}

/// Racy: the wait may be over before the goroutine adds itself.
fn start_adding_late(import: &Arc<Import>, file: &'static str) -> JoinHandle<()> {
    let import = Arc::clone(import);
    go(move || {
        import.running.add(1);
        import.load(file);
        import.running.done();
    })
}

fn start(import: &Arc<Import>, file: &'static str) -> JoinHandle<()> {
    import.running.add(1);
    let import = Arc::clone(import);
    go(move || {
        import.load(file);
        import.running.done();
    })
}

/// Imports all files, and tells how many rows there were.
fn import_all(start: fn(&Arc<Import>, &'static str) -> JoinHandle<()>) -> usize {
    let import = Arc::new(Import::new());
    let loaders = FILES.map(|file| start(&import, file));
    import.running.wait();
    let rows = import.rows.get();
    // Whatever the group says, leave no goroutine behind.
    for loader in loaders {
        loader.join().unwrap();
    }
    rows
}

#[deadheat::main]
fn main() {
    let mended = std::env::args().nth(1).is_some_and(|arg| arg == "mended");
    let rows = import_all(if mended { start } else { start_adding_late });
    println!("{rows} of 6 rows imported");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[deadheat::test]
    fn batch_import_racy() {
        import_all(start_adding_late);
    }

    #[deadheat::test]
    fn batch_import_mended() {
        assert_eq!(import_all(start), 6);
    }
}
