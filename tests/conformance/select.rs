//! `select!`: only the case that is taken orders anything.

use crate::check::{clean, racy, racy_in_some};
use crate::common::{cell, until};
use deadheat::{chan, go, select};
use std::time::Duration;

#[test]
fn receive_case_taken_clean() {
    // The case taken is a receive: the send comes before its completion.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered();
        let (_quiet, never) = chan::unbuffered::<()>();
        let g = go(move || {
            theirs.set(1);
            tx.send(()).unwrap();
        });
        select! {
            recv(never) -> _ => unreachable!(),
            recv(rx) -> got => got.unwrap(),
        }
        assert_eq!(x.get(), 1);
        g.join().unwrap();
    });
}

#[test]
fn receive_case_taken_racy_in_some() {
    // One of two sends is received, whichever comes first; the other writer is unordered.
    racy_in_some(&["x", "y"], || {
        let [x, theirs] = cell("x");
        let [y, others] = cell("y");
        let (tx, rx) = chan::bounded(1);
        let (other_tx, other_rx) = chan::bounded(1);
        let first = go(move || {
            theirs.set(1);
            tx.send(()).unwrap();
        });
        let second = go(move || {
            others.set(1);
            other_tx.send(()).unwrap();
        });
        select! {
            recv(rx) -> got => got.unwrap(),
            recv(other_rx) -> got => got.unwrap(),
        }
        let _ = (x.get(), y.get());
        first.join().unwrap();
        second.join().unwrap();
    });
}

#[test]
fn both_receive_cases_taken_in_turn_clean() {
    // Each channel carries one value and stays open, so two selects receive both.
    clean(|| {
        let [x, theirs] = cell("x");
        let [y, others] = cell("y");
        let (tx, rx) = chan::bounded(1);
        let (other_tx, other_rx) = chan::bounded(1);
        let open = (tx.clone(), other_tx.clone());
        let first = go(move || {
            theirs.set(1);
            tx.send(()).unwrap();
        });
        let second = go(move || {
            others.set(1);
            other_tx.send(()).unwrap();
        });
        for _ in 0..2 {
            select! {
                recv(rx) -> got => got.unwrap(),
                recv(other_rx) -> got => got.unwrap(),
            }
        }
        assert_eq!((x.get(), y.get()), (1, 1));
        first.join().unwrap();
        second.join().unwrap();
        drop(open);
    });
}

#[test]
fn send_case_taken_clean() {
    // The case taken is a send, which comes before the completion of its receive.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        let (_quiet, never) = chan::unbuffered::<()>();
        let g = go(move || {
            rx.recv().unwrap();
            assert_eq!(theirs.get(), 1);
        });
        x.set(1);
        select! {
            send(tx, ()) -> sent => sent.unwrap(),
            recv(never) -> _ => unreachable!(),
        }
        g.join().unwrap();
    });
}

#[test]
fn send_case_taken_racy() {
    // The body of the case runs after the send, unordered with what follows the receive.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        let (_quiet, never) = chan::unbuffered::<()>();
        let g = go(move || {
            rx.recv().unwrap();
            let _ = theirs.get();
        });
        select! {
            send(tx, ()) -> sent => {
                sent.unwrap();
                x.set(1);
            }
            recv(never) -> _ => unreachable!(),
        }
        g.join().unwrap();
    });
}

#[test]
fn receive_case_orders_the_unbuffered_send_clean() {
    // Taken from an unbuffered channel, the receive comes before the completion of the send.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered();
        let (_quiet, never) = chan::unbuffered::<()>();
        let g = go(move || {
            theirs.set(1);
            select! {
                recv(rx) -> got => got.unwrap(),
                recv(never) -> _ => unreachable!(),
            }
        });
        tx.send(()).unwrap();
        assert_eq!(x.get(), 1);
        g.join().unwrap();
    });
}

#[test]
fn receive_case_orders_the_unbuffered_send_racy() {
    // Capacity 1: the first receive, by select or not, comes before the second send only.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        let (_quiet, never) = chan::unbuffered::<()>();
        let g = go(move || {
            theirs.set(1);
            select! {
                recv(rx) -> got => got.unwrap(),
                recv(never) -> _ => unreachable!(),
            }
        });
        tx.send(()).unwrap();
        let _ = x.get();
        g.join().unwrap();
    });
}

#[test]
fn two_selects_meet_clean() {
    // Unbuffered: whichever of the two cases they meet in, each side is ordered with the other.
    clean(|| {
        let [x, x2] = cell("x");
        let [y, y2] = cell("y");
        let (there, here) = chan::unbuffered();
        let (back, got_back) = chan::unbuffered();
        let g = go(move || {
            x2.set(1);
            select! {
                send(there, ()) -> sent => sent.unwrap(),
                recv(got_back) -> got => got.unwrap(),
            }
            assert_eq!(y2.get(), 2);
        });
        y.set(2);
        select! {
            send(back, ()) -> sent => sent.unwrap(),
            recv(here) -> got => got.unwrap(),
        }
        assert_eq!(x.get(), 1);
        g.join().unwrap();
    });
}

#[test]
fn two_selects_meet_racy() {
    // What each does after they have met is unordered.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (there, here) = chan::unbuffered();
        let (back, got_back) = chan::unbuffered();
        let g = go(move || {
            select! {
                send(there, ()) -> sent => sent.unwrap(),
                recv(got_back) -> got => got.unwrap(),
            }
            theirs.set(1);
        });
        select! {
            send(back, ()) -> sent => sent.unwrap(),
            recv(here) -> got => got.unwrap(),
        }
        x.set(2);
        g.join().unwrap();
    });
}

#[test]
fn send_or_receive_on_one_channel_clean() {
    // Unbuffered: one side sends, the other receives, and both are edges.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered();
        let (tx2, rx2) = (tx.clone(), rx.clone());
        let g = go(move || {
            theirs.set(1);
            select! {
                send(tx2, ()) -> sent => sent.unwrap(),
                recv(rx2) -> got => got.unwrap(),
            }
        });
        select! {
            send(tx, ()) -> sent => sent.unwrap(),
            recv(rx) -> got => got.unwrap(),
        }
        assert_eq!(x.get(), 1);
        g.join().unwrap();
    });
}

#[test]
fn send_or_receive_on_one_channel_racy_in_some() {
    // Capacity 1: ordered where the writer comes first, so that the reader receives; not
    // where the reader sends, since a receive does not order the send it takes from.
    racy_in_some(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        let (tx2, rx2) = (tx.clone(), rx.clone());
        let g = go(move || {
            theirs.set(1);
            select! {
                send(tx2, ()) -> sent => sent.unwrap(),
                recv(rx2) -> got => got.unwrap(),
            }
        });
        select! {
            send(tx, ()) -> sent => sent.unwrap(),
            recv(rx) -> got => got.unwrap(),
        }
        let _ = x.get();
        g.join().unwrap();
    });
}

#[test]
fn default_taken_racy() {
    // Neither select performs an operation: one finds the buffer full, one the channel empty.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (full, full_end) = chan::bounded(1);
        full.send(()).unwrap();
        let (empty_end, empty) = chan::bounded::<()>(1);
        let (full2, empty2) = (full.clone(), empty.clone());
        let g = go(move || {
            theirs.set(1);
            select! {
                send(full2, ()) -> _ => unreachable!(),
                recv(empty2) -> _ => unreachable!(),
                default => {}
            }
        });
        select! {
            send(full, ()) -> _ => unreachable!(),
            recv(empty) -> _ => unreachable!(),
            default => {}
        }
        let _ = x.get();
        g.join().unwrap();
        drop((full_end, empty_end));
    });
}

#[test]
fn default_taken_clean() {
    // Defaults order nothing; the receive that ends the polling does.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        let g = go(move || {
            theirs.set(1);
            tx.send(()).unwrap();
        });
        until(|| {
            select! {
                recv(rx) -> got => got.is_ok(),
                default => false,
            }
        });
        assert_eq!(x.get(), 1);
        g.join().unwrap();
    });
}

#[test]
fn timeout_taken_racy() {
    // Time orders nothing.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (_quiet, never) = chan::unbuffered::<()>();
        let g = go(move || theirs.set(1));
        select! {
            recv(never) -> _ => unreachable!(),
            timeout(Duration::from_millis(1)) => {}
        }
        let _ = x.get();
        g.join().unwrap();
    });
}

#[test]
fn timeout_taken_clean() {
    // However many time-outs come first, the receive that is taken in the end is an edge.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered();
        let g = go(move || {
            theirs.set(1);
            tx.send(()).unwrap();
        });
        assert!(received_in_the_end(&rx));
        assert_eq!(x.get(), 1);
        g.join().unwrap();
    });
}

/// Waits for a value, a little at a time.
fn received_in_the_end(rx: &chan::Receiver<()>) -> bool {
    loop {
        select! {
            recv(rx) -> got => return got.is_ok(),
            timeout(Duration::from_millis(1)) => {}
        }
    }
}

#[test]
fn close_seen_by_a_select_clean() {
    // The case taken finds the channel closed: the close comes before it.
    clean(|| {
        let [x, theirs] = cell("x");
        let (stop, stopped) = chan::unbuffered::<()>();
        let (_quiet, never) = chan::unbuffered::<()>();
        let g = go(move || {
            theirs.set(1);
            stop.close();
        });
        select! {
            recv(never) -> _ => unreachable!(),
            recv(stopped) -> end => assert!(end.is_err()),
        }
        assert_eq!(x.get(), 1);
        g.join().unwrap();
    });
}

#[test]
fn close_seen_by_a_select_racy() {
    // Another case is taken, the only one possible: the close of a channel that is not
    // received from orders nothing.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (stop, stopped) = chan::unbuffered::<()>();
        let (tx, rx) = chan::bounded(1);
        let (_quiet, never) = chan::unbuffered::<()>();
        tx.send(()).unwrap();
        let g = go(move || {
            theirs.set(1);
            stop.close();
        });
        select! {
            recv(never) -> _ => unreachable!(),
            recv(rx) -> got => got.unwrap(),
        }
        let _ = x.get();
        assert!(stopped.recv().is_err());
        g.join().unwrap();
    });
}

#[test]
fn blocked_send_case_against_a_close_racy() {
    // The select ends by an attempt to send on the channel that is being closed.
    racy(&["channel<()>"], || {
        let (tx, rx) = chan::unbuffered();
        let other = tx.clone();
        let (_quiet, never) = chan::unbuffered::<()>();
        let g = go(move || {
            select! {
                send(other, ()) -> sent => assert!(sent.is_err()),
                recv(never) -> _ => unreachable!(),
            }
        });
        tx.close();
        g.join().unwrap();
        drop(rx);
    });
}

#[test]
fn blocked_send_case_against_a_close_clean() {
    // The value is received before the close, so the send case was taken before it, too.
    clean(|| {
        let (tx, rx) = chan::unbuffered();
        let other = tx.clone();
        let (_quiet, never) = chan::unbuffered::<()>();
        let g = go(move || {
            select! {
                send(other, ()) -> sent => sent.unwrap(),
                recv(never) -> _ => unreachable!(),
            }
        });
        rx.recv().unwrap();
        g.join().unwrap();
        tx.close();
    });
}

/// A send comes before the receive of its value, so before the close that follows it.
#[test]
fn sent_by_select_then_closed_after_the_receive_clean() {
    clean(|| {
        for capacity in [0, 1] {
            let (tx, rx) = chan::bounded(capacity);
            let closer = tx.clone();
            let sender = go(move || {
                select! {
                    send(tx, 1) -> sent => sent.unwrap(),
                }
            });
            rx.recv().unwrap();
            closer.close();
            sender.join().unwrap();
        }
    });
}
