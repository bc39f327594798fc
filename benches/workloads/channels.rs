//! Values through channels.

use deadheat::sync::WaitGroup;
use deadheat::{chan, go};
use std::hint::black_box;
use std::sync::Arc;

/// `n` round trips between two goroutines, over two channels without a buffer.
pub(crate) fn ping_pong(n: usize) {
    let (to, at) = chan::unbuffered();
    let (back, answer) = chan::unbuffered();
    let answers = go(move || {
        for _ in 0..n {
            let value: usize = at.recv().expect("a ping");
            back.send(value).expect("somebody waits for the pong");
        }
    });
    let asks = go(move || {
        for i in 0..n {
            to.send(i).expect("somebody answers");
            answer.recv().expect("a pong");
        }
    });
    answers.join().expect("no panic");
    asks.join().expect("no panic");
}

/// `n` values from so many senders to so many receivers, through a buffer of 128.
pub(crate) fn buffered(n: usize, senders: usize, receivers: usize) {
    let (tx, rx) = chan::bounded(128);
    let (sent, received) = (Arc::new(WaitGroup::new()), Arc::new(WaitGroup::new()));
    for _ in 0..senders {
        let tx = tx.clone();
        sent.go(move || {
            for i in 0..n / senders {
                tx.send(i).expect("somebody receives");
            }
        });
    }
    for _ in 0..receivers {
        let rx = rx.clone();
        received.go(move || {
            black_box(rx.iter().sum::<usize>());
        });
    }
    sent.wait();
    tx.close();
    received.wait();
}

/// One goroutine sends to itself, through a buffer: what an operation costs that waits for nobody.
pub(crate) fn to_itself(n: usize) {
    let (tx, rx) = chan::bounded(128);
    let sum = go(move || {
        let mut sum = 0;
        for i in 0..n {
            tx.send(i).expect("there is room");
            sum += rx.recv().expect("there is a value");
        }
        sum
    });
    black_box(sum.join().expect("no panic"));
}
