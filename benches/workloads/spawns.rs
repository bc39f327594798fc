//! Goroutines that do next to nothing.

use deadheat::sync::WaitGroup;
use deadheat::{go, yield_now};
use std::sync::Arc;

/// Starts `n` goroutines, and waits for all.
pub(crate) fn all(n: usize) {
    let group = Arc::new(WaitGroup::new());
    group.add(n);
    for _ in 0..n {
        let group = Arc::clone(&group);
        drop(go(move || group.done()));
    }
    group.wait();
}

/// The same, ten thousand at a time.
pub(crate) fn batches(n: usize) {
    for _ in 0..n / 10_000 {
        all(10_000);
    }
}

/// Starts one and waits for it, `n` times.
pub(crate) fn one_at_a_time(n: usize) {
    let group = Arc::new(WaitGroup::new());
    for _ in 0..n {
        group.add(1);
        let done = Arc::clone(&group);
        drop(go(move || done.done()));
        group.wait();
    }
}

/// Two goroutines that let each other run, `n` times in all.
pub(crate) fn yields(n: usize) {
    let group = Arc::new(WaitGroup::new());
    group.add(2);
    for _ in 0..2 {
        let group = Arc::clone(&group);
        drop(go(move || {
            for _ in 0..n / 2 {
                yield_now();
            }
            group.done();
        }));
    }
    group.wait();
}
