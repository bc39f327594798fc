//! A counter under a lock.

use deadheat::raw;
use deadheat::sync::{Mutex, WaitGroup};
use std::sync::Arc;

/// So many goroutines count to `n` in all.
pub(crate) fn counted(n: usize, goroutines: usize) {
    let counter = Arc::new(Mutex::new(0));
    let group = Arc::new(WaitGroup::new());
    for _ in 0..goroutines {
        let counter = Arc::clone(&counter);
        group.go(move || {
            for _ in 0..n / goroutines {
                let mut counter = counter.lock();
                raw::read(&raw const *counter);
                raw::write(&raw const *counter);
                *counter += 1;
            }
        });
    }
    group.wait();
    assert_eq!(*counter.lock(), n / goroutines * goroutines);
}
