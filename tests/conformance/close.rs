//! Closing a channel, by hand or by dropping its senders: what it orders, and what it races
//! with.

use crate::check::{clean, racy, racy_in_some};
use crate::common::{cell, share, until};
use deadheat::chan::TryRecvError;
use deadheat::sync::WaitGroup;
use deadheat::{chan, go};

#[test]
fn close_orders_the_receive_that_finds_it_clean() {
    // A close comes before a receive that finds the channel closed.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered::<()>();
        let g = go(move || {
            theirs.set(1);
            tx.close();
        });
        assert!(rx.recv().is_err());
        assert_eq!(x.get(), 1);
        g.join().unwrap();
    });
}

#[test]
fn close_orders_the_receive_that_finds_it_racy() {
    // What follows the close is not part of the edge.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered::<()>();
        let g = go(move || {
            tx.close();
            theirs.set(1);
        });
        assert!(rx.recv().is_err());
        let _ = x.get();
        g.join().unwrap();
    });
}

#[test]
fn value_left_in_a_closed_channel_clean() {
    // The second receive finds the channel closed.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        let g = go(move || {
            tx.send(()).unwrap();
            theirs.set(1);
            tx.close();
        });
        assert!(rx.recv().is_ok());
        assert!(rx.recv().is_err());
        assert_eq!(x.get(), 1);
        g.join().unwrap();
    });
}

#[test]
fn value_left_in_a_closed_channel_racy() {
    // A receive that takes a value is after its send, not after the close, closed or not.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        let closed = tx.clone();
        let g = go(move || {
            tx.send(()).unwrap();
            theirs.set(1);
            tx.close();
        });
        until(|| closed.is_closed());
        assert!(rx.recv().is_ok());
        let _ = x.get();
        g.join().unwrap();
    });
}

#[test]
fn close_against_a_send_racy() {
    // Unordered with each other; in Go the send might panic.
    racy(&["channel<()>"], || {
        let (tx, rx) = chan::bounded(1);
        let other = tx.clone();
        let g = go(move || {
            let _ = other.send(());
        });
        tx.close();
        g.join().unwrap();
        drop(rx);
    });
}

#[test]
fn close_against_a_send_clean() {
    // The send comes before the receive, and the close after it.
    clean(|| {
        let (tx, rx) = chan::bounded(1);
        let other = tx.clone();
        let g = go(move || other.send(()).unwrap());
        rx.recv().unwrap();
        tx.close();
        g.join().unwrap();
    });
}

#[test]
fn close_against_a_blocked_send_racy() {
    // The sender has nobody to meet: it is waiting or about to, and the close lets it go.
    racy(&["channel<()>"], || {
        let (tx, rx) = chan::unbuffered();
        let other = tx.clone();
        let g = go(move || assert!(other.send(()).is_err()));
        tx.close();
        g.join().unwrap();
        drop(rx);
    });
}

#[test]
fn send_that_starts_after_the_close_clean() {
    // The close comes before the goroutine's start, so the send fails, but races with nothing.
    clean(|| {
        let (tx, rx) = chan::unbuffered();
        tx.close();
        let g = go(move || assert!(tx.send(()).is_err()));
        g.join().unwrap();
        drop(rx);
    });
}

#[test]
fn one_of_two_senders_closes_racy() {
    // Nothing orders one sender's send and the other's close.
    racy(&["channel<i32>"], || {
        let (tx, rx) = chan::bounded(2);
        let other = tx.clone();
        let first = go(move || {
            tx.send(1).unwrap();
            tx.close();
        });
        let second = go(move || {
            let _ = other.send(2);
        });
        assert!(rx.iter().count() <= 2);
        first.join().unwrap();
        second.join().unwrap();
    });
}

#[test]
fn one_of_two_senders_closes_clean() {
    // Who closes has waited for both: each `done` comes before the return of `wait`.
    clean(|| {
        let (tx, rx) = chan::bounded(1);
        let [group, first, second] = share(WaitGroup::new());
        group.add(2);
        for (n, group) in [first, second].into_iter().enumerate() {
            let tx = tx.clone();
            let _ = go(move || {
                tx.send(n).unwrap();
                group.done();
            });
        }
        let closer = go(move || {
            group.wait();
            tx.close();
        });
        assert_eq!(rx.iter().sum::<usize>(), 1);
        closer.join().unwrap();
    });
}

#[test]
fn drop_of_the_last_sender_clean() {
    // Every sender's drop comes before the closing that the last one's is.
    clean(|| {
        let [x, theirs] = cell("x");
        let [y, others] = cell("y");
        let (tx, rx) = chan::unbuffered::<()>();
        let second = tx.clone();
        let first = go(move || {
            theirs.set(1);
            drop(tx);
        });
        let second = go(move || {
            others.set(2);
            drop(second);
        });
        assert!(rx.recv().is_err());
        assert_eq!((x.get(), y.get()), (1, 2));
        first.join().unwrap();
        second.join().unwrap();
    });
}

#[test]
fn drop_of_the_last_sender_racy() {
    // What follows the drop is not part of the edge.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered::<()>();
        let g = go(move || {
            drop(tx);
            theirs.set(1);
        });
        assert!(rx.recv().is_err());
        let _ = x.get();
        g.join().unwrap();
    });
}

#[test]
fn drop_of_one_sender_of_several_racy() {
    // The channel is closed by hand, by another: one more sender's drop has no part in it.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered::<()>();
        let other = tx.clone();
        let g = go(move || {
            theirs.set(1);
            drop(other);
        });
        tx.close();
        assert!(rx.recv().is_err());
        let _ = x.get();
        g.join().unwrap();
    });
}

#[test]
fn two_receivers_of_one_close_racy() {
    // Both are after the close, neither before the other.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered::<()>();
        let other = rx.clone();
        let first = go(move || {
            assert!(rx.recv().is_err());
            x.set(1);
        });
        let second = go(move || {
            assert!(other.recv().is_err());
            theirs.set(2);
        });
        tx.close();
        first.join().unwrap();
        second.join().unwrap();
    });
}

#[test]
fn two_receivers_of_one_close_clean() {
    // One close comes before both receives; two reads do not conflict.
    clean(|| {
        let [x, first, second] = cell("x");
        let (tx, rx) = chan::unbuffered::<()>();
        let readers = [first, second].map(|x| {
            let rx = rx.clone();
            go(move || {
                assert!(rx.recv().is_err());
                assert_eq!(x.get(), 1);
            })
        });
        x.set(1);
        tx.close();
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

#[test]
fn receiving_the_end_releases_nothing_racy() {
    // A receive that finds the channel closed comes before nothing, a later such one included.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered::<()>();
        tx.close();
        let other = rx.clone();
        let g = go(move || {
            theirs.set(1);
            assert!(other.recv().is_err());
        });
        assert!(rx.recv().is_err());
        let _ = x.get();
        g.join().unwrap();
    });
}

#[test]
fn is_closed_orders_nothing_racy() {
    // `is_closed` orders nothing, be it known that the channel was closed.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered::<()>();
        let other = tx.clone();
        let g = go(move || {
            theirs.set(1);
            other.close();
        });
        until(|| tx.is_closed());
        let _ = x.get();
        g.join().unwrap();
        drop(rx);
    });
}

#[test]
fn is_closed_orders_nothing_clean() {
    // The receive that follows finds the channel closed, which is an edge.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered::<()>();
        let other = tx.clone();
        let g = go(move || {
            theirs.set(1);
            other.close();
        });
        until(|| tx.is_closed());
        assert!(rx.recv().is_err());
        assert_eq!(x.get(), 1);
        g.join().unwrap();
    });
}

#[test]
fn try_recv_that_finds_the_close_clean() {
    // A non-blocking receive that finds the channel closed is one like any other.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered::<()>();
        let g = go(move || {
            theirs.set(1);
            tx.close();
        });
        until(|| rx.try_recv() == Err(TryRecvError::Closed));
        assert_eq!(x.get(), 1);
        g.join().unwrap();
    });
}

#[test]
fn try_recv_that_may_find_the_close_racy_in_some() {
    // A single attempt: an edge where the close is there already, none where it finds the
    // channel merely empty.
    racy_in_some(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered::<()>();
        let g = go(move || {
            theirs.set(1);
            tx.close();
        });
        let _ = rx.try_recv();
        let _ = x.get();
        g.join().unwrap();
    });
}

#[test]
fn drop_of_the_receiver_racy() {
    // There is no rule for a receiver that goes away: the send that fails is after nothing.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        let g = go(move || {
            theirs.set(1);
            drop(rx);
        });
        while tx.send(()).is_ok() {}
        let _ = x.get();
        g.join().unwrap();
    });
}

#[test]
fn drop_of_the_receiver_clean() {
    // It says so on a channel of its own, by closing that.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        let (gone, told) = chan::unbuffered::<()>();
        let g = go(move || {
            theirs.set(1);
            drop(rx);
            gone.close();
        });
        while tx.send(()).is_ok() {}
        assert!(told.recv().is_err());
        assert_eq!(x.get(), 1);
        g.join().unwrap();
    });
}

/// Dropping a sender orders nothing for whoever drops the last one.
#[test]
fn last_drop_is_not_after_the_other_drops_racy() {
    racy(&["x"], || {
        let [x, write] = cell("x");
        let (tx, _rx) = chan::unbuffered::<()>();
        let other = tx.clone();
        let writer = go(move || {
            write.set(1);
            drop(other);
        });
        drop(tx);
        let _ = x.get();
        writer.join().unwrap();
    });
}
