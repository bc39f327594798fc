//! Two threads that write the same word at the same moment: what `scripts/same-moment.sh` counts the reports of.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

struct Word(UnsafeCell<u64>);

// SAFETY: it is not safe to share: the race is what this program is for.
unsafe impl Sync for Word {}

static WORD: Word = Word(UnsafeCell::new(0));
/// How many threads are there. Relaxed: it orders nothing.
static HERE: AtomicU64 = AtomicU64::new(0);

fn main() {
    let moment = Instant::now() + Duration::from_millis(1);
    let threads = [1, 2].map(|number| thread::spawn(move || write_at(moment, number)));
    for thread in threads {
        thread.join().unwrap();
    }
    // SAFETY: both have ended.
    assert_ne!(unsafe { *WORD.0.get() }, 0);
}

fn write_at(moment: Instant, number: u64) {
    HERE.fetch_add(1, Ordering::Relaxed);
    while HERE.load(Ordering::Relaxed) < 2 || Instant::now() < moment {}
    // SAFETY: nobody reads it meanwhile; see above.
    unsafe { *WORD.0.get() = number };
}
