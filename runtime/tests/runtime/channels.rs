//! Values and errors of channels.

use crate::{everywhere, passes};
use deadheat_runtime::chan::{self, RecvError, SendError, TryRecvError, TrySendError};
use deadheat_runtime::go;
use std::sync::Arc;

#[test]
fn values_arrive_once_and_in_order() {
    passes(|| {
        for capacity in [0, 1, 3] {
            let (tx, rx) = chan::bounded(capacity);
            drop(go(move || (0..50).for_each(|n| tx.send(n).unwrap())));
            assert_eq!(
                rx.into_iter().collect::<Vec<_>>(),
                (0..50).collect::<Vec<_>>()
            );
        }
    });
}

#[test]
fn many_senders_and_receivers_share_a_channel() {
    passes(|| {
        let (tx, rx) = chan::bounded(2);
        for n in 0..4 {
            let tx = tx.clone();
            drop(go(move || {
                (0..25).for_each(|i| tx.send(n * 25 + i).unwrap());
            }));
        }
        drop(tx);
        let receivers: Vec<_> = (0..3)
            .map(|_| {
                let rx = rx.clone();
                go(move || rx.iter().collect::<Vec<_>>())
            })
            .collect();
        let mut all: Vec<i32> = receivers
            .into_iter()
            .flat_map(|r| r.join().unwrap())
            .collect();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
    });
}

#[test]
fn a_closed_channel_gives_what_it_holds_and_then_errors() {
    passes(|| {
        let (tx, rx) = chan::bounded(2);
        tx.send('a').unwrap();
        tx.close();
        assert!(tx.is_closed());
        assert_eq!(tx.send('b'), Err(SendError('b')));
        assert_eq!(tx.try_send('c'), Err(TrySendError::Closed('c')));
        assert_eq!(rx.recv(), Ok('a'));
        assert_eq!(rx.recv(), Err(RecvError));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    });
}

#[test]
fn closing_wakes_everybody() {
    passes(|| {
        let (tx, rx) = chan::unbuffered::<u8>();
        let receivers: Vec<_> = (0..3)
            .map(|_| {
                let rx = rx.clone();
                go(move || rx.recv())
            })
            .collect();
        tx.close();
        for receiver in receivers {
            assert_eq!(receiver.join().unwrap(), Err(RecvError));
        }
        let (tx, _rx) = chan::unbuffered();
        let sender = tx.clone();
        let sender = go(move || sender.send(9));
        tx.close();
        assert_eq!(sender.join().unwrap(), Err(SendError(9)));
    });
}

#[test]
fn senders_learn_that_nobody_receives_any_more() {
    passes(|| {
        let (tx, rx) = chan::unbuffered();
        let sender = go(move || tx.send(1));
        drop(rx);
        assert_eq!(sender.join().unwrap(), Err(SendError(1)));
    });
}

#[test]
fn attempts_that_must_wait_fail() {
    passes(|| {
        let (tx, rx) = chan::bounded(1);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        tx.try_send(1).unwrap();
        assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)));
        assert_eq!((tx.len(), tx.capacity(), rx.is_empty()), (1, 1, false));
        let (tx, _rx) = chan::unbuffered();
        assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)));
    });
}

#[test]
fn values_that_nobody_receives_are_dropped() {
    passes(|| {
        let value = Arc::new(());
        let (tx, rx) = chan::bounded(1);
        tx.send(value.clone()).unwrap();
        drop(rx);
        assert_eq!(Arc::strong_count(&value), 1);
        assert!(tx.send(value.clone()).is_err());
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

#[test]
fn closing_twice_panics_as_in_go() {
    everywhere(
        || {
            let (tx, _rx) = chan::unbuffered::<()>();
            tx.close();
            tx.close();
        },
        |outcome| assert!(outcome.result.is_err()),
    );
}

#[test]
fn plain_threads_can_use_channels() {
    let (tx, rx) = chan::bounded(1);
    let sender = std::thread::spawn(move || (0..1000).for_each(|n| tx.send(n).unwrap()));
    assert_eq!(rx.iter().sum::<i32>(), 499_500);
    sender.join().unwrap();
}
