//! Sends and receives: which of them order what, by capacity and by count.

use crate::check::{clean, racy, racy_in_some};
use crate::common::{cell, until};
use deadheat::{Shared, SharedSlice, chan, go};
use std::sync::Arc;

#[test]
fn unbuffered_send_orders_the_receive_clean() {
    // A send comes before the completion of its receive.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered();
        let g = go(move || {
            theirs.set(1);
            tx.send(()).unwrap();
        });
        rx.recv().unwrap();
        assert_eq!(x.get(), 1);
        g.join().unwrap();
    });
}

#[test]
fn unbuffered_send_orders_the_receive_racy() {
    // What the sender does after the send is not part of the edge.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered();
        let g = go(move || {
            tx.send(()).unwrap();
            theirs.set(1);
        });
        rx.recv().unwrap();
        let _ = x.get();
        g.join().unwrap();
    });
}

#[test]
fn unbuffered_receive_orders_the_send_clean() {
    // A receive from an unbuffered channel comes before the completion of its send.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered();
        let g = go(move || {
            theirs.set(1);
            rx.recv().unwrap();
        });
        tx.send(()).unwrap();
        assert_eq!(x.get(), 1);
        g.join().unwrap();
    });
}

#[test]
fn unbuffered_receive_orders_the_send_racy() {
    // With a buffer of one, the first receive comes before the second send only.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        let g = go(move || {
            theirs.set(1);
            rx.recv().unwrap();
        });
        tx.send(()).unwrap();
        let _ = x.get();
        g.join().unwrap();
    });
}

#[test]
fn capacity_zero_is_unbuffered_clean() {
    // A buffer of no places is none: the receive comes before the completion of the send,
    // and the send before that of the receive.
    clean(|| {
        let [x, x2] = cell("x");
        let [y, y2] = cell("y");
        let (tx, rx) = chan::bounded(0);
        let g = go(move || {
            x2.set(1);
            rx.recv().unwrap();
            assert_eq!(y2.get(), 2);
        });
        y.set(2);
        tx.send(()).unwrap();
        assert_eq!(x.get(), 1);
        g.join().unwrap();
    });
}

#[test]
fn capacity_zero_is_unbuffered_racy() {
    // After they have met, neither side is ordered with the other.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(0);
        let g = go(move || {
            rx.recv().unwrap();
            theirs.set(1);
        });
        tx.send(()).unwrap();
        x.set(2);
        g.join().unwrap();
    });
}

#[test]
fn buffered_receive_of_the_writers_value_clean() {
    // The second receive takes the value of the writer's send, which comes before it.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(2);
        tx.send("own").unwrap();
        let g = go(move || {
            theirs.set(1);
            tx.send("writer's").unwrap();
        });
        assert_eq!(rx.recv(), Ok("own"));
        assert_eq!(rx.recv(), Ok("writer's"));
        assert_eq!(x.get(), 1);
        g.join().unwrap();
    });
}

#[test]
fn buffered_receive_of_the_writers_value_racy() {
    // The receive takes the reader's own value: only that send comes before it.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(2);
        tx.send("own").unwrap();
        let g = go(move || {
            theirs.set(1);
            tx.send("writer's").unwrap();
        });
        assert_eq!(rx.recv(), Ok("own"));
        let _ = x.get();
        g.join().unwrap();
    });
}

#[test]
fn first_receive_orders_the_send_that_reuses_its_place_clean() {
    // Capacity 2: the first receive comes before the completion of the third send.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(2);
        let keep = rx.clone();
        let g = go(move || {
            theirs.set(1);
            rx.recv().unwrap();
        });
        for n in 0..3 {
            tx.send(n).unwrap();
        }
        assert_eq!(x.get(), 1);
        g.join().unwrap();
        drop(keep);
    });
}

#[test]
fn first_receive_orders_the_send_that_reuses_its_place_racy() {
    // Capacity 2: the first receive does not come before the second send.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(2);
        let keep = rx.clone();
        let g = go(move || {
            theirs.set(1);
            rx.recv().unwrap();
        });
        for n in 0..2 {
            tx.send(n).unwrap();
        }
        let _ = x.get();
        g.join().unwrap();
        drop(keep);
    });
}

#[test]
fn write_between_two_receives_clean() {
    // Capacity 2: the second receive comes before the fourth send, and the write before it.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(2);
        let keep = rx.clone();
        let g = go(move || {
            rx.recv().unwrap();
            theirs.set(1);
            rx.recv().unwrap();
        });
        for n in 0..4 {
            tx.send(n).unwrap();
        }
        assert_eq!(x.get(), 1);
        g.join().unwrap();
        drop(keep);
    });
}

#[test]
fn write_between_two_receives_racy() {
    // Capacity 2: the third send comes after the first receive, which the write follows.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(2);
        let keep = rx.clone();
        let g = go(move || {
            rx.recv().unwrap();
            theirs.set(1);
            rx.recv().unwrap();
        });
        for n in 0..3 {
            tx.send(n).unwrap();
        }
        let _ = x.get();
        g.join().unwrap();
        drop(keep);
    });
}

#[test]
fn receive_does_not_order_the_next_receive_racy() {
    // Capacity 1: the first receive comes before the *completion* of the second send, while
    // only what precedes that send comes before the second receive.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        let other = rx.clone();
        let sender = go(move || {
            tx.send(1).unwrap();
            tx.send(2).unwrap();
        });
        let g = go(move || {
            theirs.set(1);
            other.recv().unwrap();
        });
        rx.recv().unwrap();
        let _ = x.get();
        g.join().unwrap();
        sender.join().unwrap();
    });
}

#[test]
fn receive_does_not_order_the_next_receive_clean() {
    // Capacity 1, one receiver for both: its own order is program order, and what the sender
    // did before the second send comes before the second receive.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        let sender = go(move || {
            tx.send(1).unwrap();
            theirs.set(1);
            tx.send(2).unwrap();
        });
        rx.recv().unwrap();
        rx.recv().unwrap();
        assert_eq!(x.get(), 1);
        sender.join().unwrap();
    });
}

#[test]
fn unbuffered_receivers_are_ordered_by_turn_racy_in_some() {
    // Unbuffered: first receive, then completion of the first send, then second send, then
    // second receive. So there is no race where the writer receives first; where it comes
    // second its write is unordered with the read after the first receive.
    racy_in_some(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered();
        let other = rx.clone();
        let sender = go(move || {
            tx.send(1).unwrap();
            tx.send(2).unwrap();
        });
        let g = go(move || {
            theirs.set(1);
            other.recv().unwrap();
        });
        rx.recv().unwrap();
        let _ = x.get();
        g.join().unwrap();
        sender.join().unwrap();
    });
}

#[test]
fn value_of_another_sender_racy() {
    // The receive takes a value from another channel than the writer's.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        let (other_tx, other_rx) = chan::bounded(1);
        let writer = go(move || {
            theirs.set(1);
            tx.send(()).unwrap();
        });
        let bystander = go(move || other_tx.send(()).unwrap());
        other_rx.recv().unwrap();
        let _ = x.get();
        rx.recv().unwrap();
        writer.join().unwrap();
        bystander.join().unwrap();
    });
}

#[test]
fn value_of_another_sender_clean() {
    // Two channels, and both sends received before the read.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        let (other_tx, other_rx) = chan::bounded(1);
        let writer = go(move || {
            theirs.set(1);
            tx.send(()).unwrap();
        });
        let bystander = go(move || other_tx.send(()).unwrap());
        other_rx.recv().unwrap();
        rx.recv().unwrap();
        assert_eq!(x.get(), 1);
        writer.join().unwrap();
        bystander.join().unwrap();
    });
}

#[test]
fn failed_try_send_orders_nothing_racy() {
    // The buffer is full throughout: no operation takes place, so there is no edge.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        tx.send(0).unwrap();
        let other = tx.clone();
        let g = go(move || {
            theirs.set(1);
            assert!(other.try_send(1).is_err());
        });
        assert!(tx.try_send(2).is_err());
        let _ = x.get();
        g.join().unwrap();
        drop(rx);
    });
}

#[test]
fn failed_try_send_orders_nothing_clean() {
    // The attempt that succeeds is a send like any other.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered();
        let g = go(move || {
            theirs.set(1);
            until(|| tx.try_send(()).is_ok());
        });
        rx.recv().unwrap();
        assert_eq!(x.get(), 1);
        g.join().unwrap();
    });
}

#[test]
fn failed_try_recv_orders_nothing_racy() {
    // Nobody waits on the unbuffered channel: both attempts fail, so there is no edge.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered();
        let other = rx.clone();
        let g = go(move || {
            theirs.set(1);
            assert!(other.try_recv().is_err());
        });
        assert!(tx.try_send(()).is_err());
        let _ = x.get();
        g.join().unwrap();
        drop(rx);
    });
}

#[test]
fn failed_try_recv_orders_nothing_clean() {
    // The attempt that succeeds is a receive like any other, for the sender too.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered();
        let g = go(move || {
            theirs.set(1);
            until(|| rx.try_recv().is_ok());
        });
        tx.send(()).unwrap();
        assert_eq!(x.get(), 1);
        g.join().unwrap();
    });
}

#[test]
fn length_seen_by_the_receiver_racy() {
    // `len` orders nothing, be it known that the value is there.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        let g = go(move || {
            theirs.set(1);
            tx.send(()).unwrap();
        });
        until(|| rx.len() == 1);
        let _ = x.get();
        g.join().unwrap();
    });
}

#[test]
fn length_seen_by_the_receiver_clean() {
    // The receive that follows makes the edge.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        let g = go(move || {
            theirs.set(1);
            tx.send(()).unwrap();
        });
        until(|| rx.len() == 1);
        rx.recv().unwrap();
        assert_eq!(x.get(), 1);
        g.join().unwrap();
    });
}

#[test]
fn emptiness_seen_by_the_sender_racy() {
    // `is_empty` orders nothing, be it known that the value was received.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        tx.send(()).unwrap();
        let g = go(move || {
            theirs.set(1);
            rx.recv().unwrap();
        });
        until(|| tx.is_empty());
        let _ = x.get();
        g.join().unwrap();
    });
}

#[test]
fn emptiness_seen_by_the_sender_clean() {
    // Capacity 1: the first receive comes before the second send, here a `try_send`.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        tx.send(()).unwrap();
        let keep = rx.clone();
        let g = go(move || {
            theirs.set(1);
            rx.recv().unwrap();
        });
        until(|| tx.is_empty());
        tx.try_send(()).unwrap();
        assert_eq!(x.get(), 1);
        g.join().unwrap();
        drop(keep);
    });
}

#[test]
fn asking_for_the_capacity_racy() {
    // `capacity` orders nothing, for whomever.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded::<()>(3);
        let g = go(move || {
            theirs.set(1);
            assert_eq!(tx.capacity(), 3);
        });
        assert_eq!(rx.capacity(), 3);
        let _ = x.get();
        g.join().unwrap();
    });
}

#[test]
fn iterating_over_a_channel_clean() {
    // Each step of the iteration is a receive: the element was written before its send.
    clean(|| {
        let slots = SharedSlice::named("slots", vec![0; 3]);
        let theirs = slots.clone();
        let (tx, rx) = chan::unbuffered();
        let g = go(move || {
            for index in 0..3 {
                theirs.set(index, 7);
                tx.send(index).unwrap();
            }
        });
        for index in &rx {
            assert_eq!(slots.get(index), 7);
        }
        g.join().unwrap();
    });
}

#[test]
fn iterating_over_a_channel_racy() {
    // The element is written after its send, which the read follows too.
    racy(&["slots"], || {
        let slots = SharedSlice::named("slots", vec![0; 3]);
        let theirs = slots.clone();
        let (tx, rx) = chan::unbuffered();
        let g = go(move || {
            for index in 0..3 {
                tx.send(index).unwrap();
                theirs.set(index, 7);
            }
        });
        for index in &rx {
            let _ = slots.get(index);
        }
        g.join().unwrap();
    });
}

#[test]
fn channel_of_channels_clean() {
    // The write comes before the send on the inner channel, and its receive before the read.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered::<chan::Receiver<()>>();
        let g = go(move || {
            let inner = rx.recv().unwrap();
            inner.recv().unwrap();
            assert_eq!(theirs.get(), 1);
        });
        let (inner, end) = chan::bounded(1);
        tx.send(end).unwrap();
        x.set(1);
        inner.send(()).unwrap();
        g.join().unwrap();
    });
}

#[test]
fn channel_of_channels_racy() {
    // The send on the outer channel orders what precedes it only, not the later write.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered::<chan::Receiver<()>>();
        let g = go(move || {
            let inner = rx.recv().unwrap();
            let _ = theirs.get();
            inner.recv().unwrap();
        });
        let (inner, end) = chan::bounded(1);
        tx.send(end).unwrap();
        x.set(1);
        inner.send(()).unwrap();
        g.join().unwrap();
    });
}

#[test]
fn value_handed_over_with_ownership_clean() {
    // Each cell belongs to one side at a time; the send comes before the receive. The
    // receiver frees the memory, which the next cell may reuse.
    clean(|| {
        let (tx, rx) = chan::bounded::<Box<Shared<i32>>>(1);
        let g = go(move || {
            for n in 0..4 {
                let parcel = Box::new(Shared::named("parcel", 0));
                parcel.set(n);
                tx.send(parcel).unwrap();
            }
        });
        for (n, parcel) in (0..).zip(&rx) {
            assert_eq!(parcel.get(), n);
            parcel.set(-1);
        }
        g.join().unwrap();
    });
}

#[test]
fn value_handed_over_with_ownership_racy() {
    // The sender keeps a pointer and uses it after the send, as does the receiver.
    racy(&["parcel"], || {
        let (tx, rx) = chan::bounded::<Arc<Shared<i32>>>(1);
        let g = go(move || {
            let parcel = Arc::new(Shared::named("parcel", 0));
            tx.send(parcel.clone()).unwrap();
            parcel.set(1);
        });
        let parcel = rx.recv().unwrap();
        parcel.set(2);
        g.join().unwrap();
    });
}
