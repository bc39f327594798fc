//! `send_timeout` and `recv_timeout`: the edges of a send and a receive, or none.

use crate::check::{clean, racy};
use crate::common::cell;
use deadheat::{chan, go};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(3600);

#[test]
fn in_time_clean() {
    // The send comes before the receive that takes its value.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered();
        let g = go(move || {
            theirs.set(1);
            tx.send_timeout((), LONG).unwrap();
        });
        rx.recv_timeout(LONG).unwrap();
        assert_eq!(x.get(), 1);
        g.join().unwrap();
    });
}

#[test]
fn in_time_racy() {
    // What follows the send does not come before the receive.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        let g = go(move || {
            tx.send_timeout((), LONG).unwrap();
            theirs.set(1);
        });
        rx.recv_timeout(LONG).unwrap();
        let _ = x.get();
        g.join().unwrap();
    });
}

#[test]
fn time_is_up_racy() {
    // Neither the send nor the receive took place.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        tx.send(0).unwrap();
        let (_quiet, nothing) = chan::unbuffered::<()>();
        let g = go(move || {
            theirs.set(1);
            assert!(tx.send_timeout(1, Duration::from_micros(3)).is_err());
        });
        assert!(nothing.recv_timeout(Duration::from_micros(3)).is_err());
        x.set(2);
        g.join().unwrap();
        drop(rx);
    });
}
