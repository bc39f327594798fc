//! One of four channels.

use deadheat::{chan, go, select};
use std::hint::black_box;

/// Four goroutines send `n` values in all, without buffers; one selects.
pub(crate) fn blocking(n: usize) {
    let [c0, c1, c2, c3] = [(); 4].map(|()| {
        let (tx, rx) = chan::unbuffered();
        drop(go(move || {
            for i in 0..n / 4 {
                tx.send(i).expect("somebody receives");
            }
            // Go's channels are not closed by this.
            std::mem::forget(tx);
        }));
        rx
    });
    let sum = go(move || {
        let mut sum = 0;
        for _ in 0..n / 4 * 4 {
            sum += select! {
                recv(c0) -> value => value,
                recv(c1) -> value => value,
                recv(c2) -> value => value,
                recv(c3) -> value => value,
            }
            .expect("a value");
        }
        sum
    });
    black_box(sum.join().expect("no panic"));
}

/// One goroutine sends to one of four buffers and selects: nothing ever blocks.
pub(crate) fn ready(n: usize) {
    let ends = [(); 4].map(|()| chan::bounded(128));
    let sum = go(move || {
        let [(t0, c0), (t1, c1), (t2, c2), (t3, c3)] = ends;
        let senders = [t0, t1, t2, t3];
        let mut sum = 0;
        for i in 0..n {
            senders[i & 3].send(i).expect("there is room");
            sum += select! {
                recv(c0) -> value => value,
                recv(c1) -> value => value,
                recv(c2) -> value => value,
                recv(c3) -> value => value,
            }
            .expect("a value");
        }
        sum
    });
    black_box(sum.join().expect("no panic"));
}
