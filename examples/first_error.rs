//! A backup to several disks at once, which reports the first error.
//!
//! Category: capture by reference in a closure.
//!
//! What goes wrong: one variable holds the error, and the closures of all goroutines capture it
//! by reference. Each assigns its own outcome, good or bad, so a copy that succeeds may wipe out
//! the error of one that failed, and the backup seems complete.
//!
//! What mends it: every goroutine has an outcome of its own and returns it.

use deadheat::prelude::*;
use std::fmt;
use std::sync::Arc;

#[derive(Clone, Copy)]
struct Disk {
    name: &'static str,
    free: u64,
}

const DISKS: [Disk; 3] = [
    Disk {
        name: "cellar",
        free: 900,
    },
    Disk {
        name: "attic",
        free: 100,
    },
    Disk {
        name: "office",
        free: 500,
    },
];

/// There is no room on a disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct DiskFull {
    disk: &'static str,
    missing: u64,
}

impl fmt::Display for DiskFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is full: {} more needed", self.disk, self.missing)
    }
}

impl std::error::Error for DiskFull {}

/// Stands for copying so many megabytes to a disk.
fn copy_to(disk: Disk, size: u64) -> Result<(), DiskFull> {
    yield_now();
    match size.saturating_sub(disk.free) {
        0 => Ok(()),
        missing => Err(DiskFull {
            disk: disk.name,
            missing,
        }),
    }
}

/// Racy: all goroutines assign to the same `err`.
fn back_up_sharing_err(size: u64) -> Option<DiskFull> {
    let err = Arc::new(Shared::named("err", None));
    let copies = DISKS.map(|disk| {
        let err = Arc::clone(&err);
        go(move || err.set(copy_to(disk, size).err()))
    });
    for copy in copies {
        copy.join().unwrap();
    }
    err.get()
}

fn back_up(size: u64) -> Option<DiskFull> {
    let copies = DISKS.map(|disk| go(move || copy_to(disk, size).err()));
    let errors = copies.map(|copy| copy.join().unwrap());
    errors.into_iter().flatten().next()
}

#[deadheat::main]
fn main() {
    let mended = std::env::args().nth(1).is_some_and(|arg| arg == "mended");
    let first_error = if mended {
        back_up(300)
    } else {
        back_up_sharing_err(300)
    };
    match first_error {
        None => println!("the backup is complete"),
        Some(error) => println!("the backup is not complete: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[deadheat::test]
    fn first_error_racy() {
        let _ = back_up_sharing_err(300);
    }

    #[deadheat::test]
    fn first_error_mended() {
        let attic_is_full = DiskFull {
            disk: "attic",
            missing: 200,
        };
        assert_eq!(back_up(300), Some(attic_is_full));
        assert_eq!(back_up(50), None);
    }
}
