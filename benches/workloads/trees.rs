//! Goroutines that start goroutines.

use deadheat::{Shared, chan, go};
use std::hint::black_box;
use std::sync::Arc;

const LEAVES: u64 = 1_000_000;
const CHILDREN: u64 = 10;

/// A tree of a million leaves, ten to a node, which sends the sum of its leaves' numbers up.
pub(crate) fn skynet() {
    let (tx, rx) = chan::unbuffered();
    drop(go(move || node(&tx, 0, LEAVES)));
    assert_eq!(rx.recv(), Ok(LEAVES * (LEAVES - 1) / 2));
}

fn node(up: &chan::Sender<u64>, number: u64, size: u64) {
    let value = if size == 1 {
        number
    } else {
        let (tx, rx) = chan::unbuffered();
        let size = size / CHILDREN;
        for child in 0..CHILDREN {
            let tx = tx.clone();
            drop(go(move || node(&tx, number + child * size, size)));
        }
        (0..CHILDREN).map(|_| rx.recv().expect("a sum")).sum()
    };
    up.send(value).expect("somebody adds up");
}

/// The `n`th Fibonacci number, with a goroutine for each call down to the tenth.
pub(crate) fn fibonacci(n: u64) -> u64 {
    if n <= 10 {
        return sequential(n);
    }
    // Go's goroutines leave it in a variable of their parent's.
    let result = Arc::new(Shared::new(0));
    let child = {
        let result = Arc::clone(&result);
        go(move || result.set(fibonacci(n - 1)))
    };
    let other = fibonacci(n - 2);
    child.join().expect("no panic");
    result.get() + other
}

#[inline(never)]
fn sequential(n: u64) -> u64 {
    if n < 2 {
        black_box(n)
    } else {
        sequential(n - 1) + sequential(n - 2)
    }
}
