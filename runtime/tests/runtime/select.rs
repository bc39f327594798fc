//! Waiting for several operations at once.

use crate::passes;
use deadheat_runtime::{Run, chan, go, select};
use std::time::Duration;

#[test]
fn a_ready_case_is_taken() {
    passes(|| {
        let (tx, rx) = chan::bounded(1);
        let (_idle_tx, idle) = chan::unbuffered::<u8>();
        select! {
            recv(idle) -> _ => panic!("nobody sends"),
            send(tx, 3) -> sent => sent.unwrap(),
        }
        let got = select! {
            recv(rx) -> value => value.unwrap(),
            recv(idle) -> _ => panic!("nobody sends"),
            default => panic!("a value is there"),
        };
        assert_eq!(got, 3);
    });
}

#[test]
fn default_and_timeout_are_taken_when_nothing_is_ready() {
    passes(|| {
        let (tx, rx) = chan::unbuffered::<u8>();
        assert_eq!(select! { recv(rx) -> _ => 1, default => 2 }, 2);
        assert_eq!(
            select! { send(tx, 1) -> _ => 1, timeout(Duration::from_millis(1)) => 2 },
            2
        );
        let nothing = select! { default => true };
        assert!(nothing);
    });
}

#[test]
fn a_closed_channel_is_ready() {
    passes(|| {
        let (tx, rx) = chan::unbuffered::<u8>();
        tx.close();
        assert!(select! { recv(rx) -> value => value.is_err() });
        assert!(select! { send(tx, 1) -> sent => sent.is_err() });
    });
}

#[test]
fn two_selects_meet() {
    passes(|| {
        let (a_tx, a_rx) = chan::unbuffered();
        let (b_tx, b_rx) = chan::unbuffered();
        let other = go(move || {
            let mut sum = 0;
            for n in 0..20 {
                select! {
                    send(a_tx, n) -> sent => sent.unwrap(),
                    recv(b_rx) -> value => sum += value.unwrap(),
                }
            }
            sum
        });
        let mut sum = 0;
        for n in 0..20 {
            select! {
                recv(a_rx) -> value => sum += value.unwrap(),
                send(b_tx, n) -> sent => sent.unwrap(),
            }
        }
        // Of each pair one side sent its n, so every n was received once.
        assert_eq!(sum + other.join().unwrap(), (0..20).sum::<i32>());
    });
}

#[test]
fn a_select_does_not_meet_itself() {
    passes(|| {
        let (tx, rx) = chan::unbuffered();
        let taken = select! {
            send(tx, 1) -> _ => "send",
            recv(rx) -> _ => "receive",
            timeout(Duration::from_millis(1)) => "timeout",
        };
        assert_eq!(taken, "timeout");
    });
}

#[test]
fn offers_that_were_not_taken_are_withdrawn() {
    passes(|| {
        let (tx, rx) = chan::bounded(1);
        let (idle_tx, idle) = chan::unbuffered::<u8>();
        for n in 0..10 {
            let tx = tx.clone();
            drop(go(move || tx.send(n).unwrap()));
            let got = select! {
                recv(rx) -> value => value.unwrap(),
                recv(idle) -> _ => panic!("nobody sends"),
            };
            assert_eq!(got, n);
        }
        assert!(idle_tx.try_send(1).is_err(), "nobody waits to receive");
    });
}

#[test]
fn ready_cases_are_drawn_with_equal_chances() {
    let counts = Run::new("test").go(|| {
        let channels: [_; 4] = std::array::from_fn(|_| chan::bounded(1));
        let mut counts = [0; 4];
        for _ in 0..4000 {
            for (tx, _) in &channels {
                let _ = tx.try_send(());
            }
            let [(_, a), (_, b), (_, c), (_, d)] = &channels;
            let taken = select! {
                recv(a) -> _ => 0,
                recv(b) -> _ => 1,
                recv(c) -> _ => 2,
                recv(d) -> _ => 3,
            };
            counts[taken] += 1;
        }
        counts
    });
    let counts = counts.result.unwrap();
    assert!(
        counts.iter().all(|count| (850..1150).contains(count)),
        "{counts:?}"
    );
}
