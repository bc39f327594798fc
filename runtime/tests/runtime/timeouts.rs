//! Channel operations that do not wait for ever.

use crate::passes;
use deadheat_runtime::chan::{self, RecvTimeoutError, SendTimeoutError};
use deadheat_runtime::go;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(3600);

#[test]
fn what_comes_in_time_is_received() {
    passes(|| {
        let (tx, rx) = chan::unbuffered();
        let sender = go(move || {
            for n in 0..5 {
                tx.send_timeout(n, LONG).unwrap();
            }
        });
        for n in 0..5 {
            assert_eq!(rx.recv_timeout(LONG), Ok(n));
        }
        assert_eq!(rx.recv_timeout(LONG), Err(RecvTimeoutError::Closed));
        sender.join().unwrap();
    });
}

#[test]
fn what_does_not_come_is_not_waited_for() {
    passes(|| {
        let (tx, rx) = chan::bounded(1);
        assert_eq!(rx.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
        assert_eq!(tx.send_timeout(1, Duration::ZERO), Ok(()));
        let unsent = tx.send_timeout(2, SHORT).unwrap_err();
        assert_eq!(unsent, SendTimeoutError::Timeout(2));
        assert_eq!(unsent.into_inner(), 2);
        // What was given back is not in the channel.
        assert_eq!(rx.recv_timeout(Duration::ZERO), Ok(1));
        assert_eq!(rx.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
    });
}

#[test]
fn a_closed_channel_gives_the_value_back() {
    passes(|| {
        let (tx, rx) = chan::unbuffered();
        let sender = go(move || tx.send_timeout("value", LONG));
        drop(rx);
        let unsent = sender.join().unwrap();
        assert_eq!(unsent, Err(SendTimeoutError::Closed("value")));
    });
}

#[test]
fn plain_threads_have_timeouts_too() {
    let (tx, rx) = chan::bounded(1);
    assert_eq!(rx.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
    tx.send(1).unwrap();
    assert_eq!(tx.send_timeout(2, SHORT), Err(SendTimeoutError::Timeout(2)));
    assert_eq!(rx.recv_timeout(LONG), Ok(1));
}
