//! Values that pass through channels.

use super::{Site, inject};
use crate::random::Random;
use deadheat::chan::{self, Receiver, Sender};
use deadheat::{block_on, select, yield_now};
use std::sync::Arc;
use std::time::Duration;

fn channel(random: &mut Random) -> (Sender<u64>, Receiver<u64>) {
    match random.below(3) {
        0 => chan::unbuffered(),
        _ => chan::bounded(random.between(1, 16)),
    }
}

fn sum_below(n: u64) -> u64 {
    n * n.saturating_sub(1) / 2
}

/// Senders, a stage in the middle, receivers; every value arrives once.
pub(super) fn pipeline(site: &Arc<Site>, random: &mut Random) {
    let (first, middle) = channel(random);
    let (last, end) = channel(random);
    let each = random.between(1, 40) as u64;
    let senders = random.between(1, 4) as u64;
    for _ in 0..senders {
        let first = first.clone();
        drop(site.go(move || (0..each).for_each(|n| first.send(n).expect("a receiver"))));
    }
    drop(first);
    for _ in 0..random.between(1, 3) {
        let (middle, last) = (middle.clone(), last.clone());
        drop(site.go(move || {
            middle
                .iter()
                .for_each(|n| last.send(n).expect("a receiver"));
        }));
    }
    drop((middle, last));
    let receivers: Vec<_> = (0..random.between(1, 3))
        .map(|_| {
            let end = end.clone();
            site.go(move || {
                end.iter()
                    .fold((0, 0), |(n, sum), value| (n + 1, sum + value))
            })
        })
        .collect();
    let all = receivers.into_iter().map(|receiver| receiver.join());
    let (count, sum) = all.fold((0, 0), |(n, sum), part| {
        let part = part.expect("a receiver does not panic");
        (n + part.0, sum + part.1)
    });
    assert_eq!((count, sum), (senders * each, senders * sum_below(each)));
}

/// A receiver that selects among several channels, with timeouts and defaults in between.
pub(super) fn fan_in(site: &Arc<Site>, random: &mut Random) {
    let each = random.between(1, 30) as u64;
    let (tx_a, a) = channel(random);
    let (tx_b, b) = channel(random);
    let (stop, stopped) = chan::unbuffered::<()>();
    let mut senders = Vec::new();
    // Kept: a channel without senders counts as closed, and a select always takes it.
    let kept = [tx_a.clone(), tx_b.clone()];
    for tx in [tx_a, tx_b] {
        let stopped = stopped.clone();
        senders.push(site.go(move || {
            for n in 0..each {
                select! {
                    send(tx, n) -> sent => sent.expect("a receiver"),
                    recv(stopped) -> _ => return n,
                }
            }
            each
        }));
    }
    let enough = if random.once_in(3) {
        random.below(each as usize) as u64
    } else {
        2 * each
    };
    let (mut received, mut missed) = (0, 0);
    while received < enough {
        select! {
            recv(a) -> n => { n.expect("a sender"); received += 1 }
            recv(b) -> n => { n.expect("a sender"); received += 1 }
            timeout(Duration::from_millis(1)) => missed += 1,
        }
        if missed % 3 == 2 && received < enough {
            select! {
                recv(a) -> n => { if n.is_ok() { received += 1 } }
                default => yield_now(),
            }
        }
    }
    stop.close();
    drop(kept);
    let left = drain(&a) + drain(&b);
    let sent: u64 = senders
        .into_iter()
        .map(|sender| sender.join().expect("a sender"))
        .sum();
    assert_eq!(received + left, sent);
}

/// What comes until the channel is closed.
fn drain(rx: &Receiver<u64>) -> u64 {
    rx.iter().count() as u64
}

/// Two that wait for each other, time and again.
pub(super) fn ping(site: &Arc<Site>, random: &mut Random) {
    let (there, from) = chan::unbuffered();
    let (back, again) = chan::unbuffered();
    let rounds = random.between(1, 100);
    let echo = site.go(move || from.iter().for_each(|n| back.send(n).expect("a receiver")));
    for n in 0..rounds {
        there.send(n).expect("an echo");
        assert_eq!(again.recv(), Ok(n));
    }
    drop(there);
    echo.join().expect("an echo");
}

/// Goroutines that await, and goroutines that are awaited.
pub(super) fn futures(site: &Arc<Site>, random: &mut Random) {
    let (tx, rx) = channel(random);
    let n = random.between(1, 30) as u64;
    let panics = random.once_in(4);
    let sender = site.go(move || {
        block_on(async {
            for value in 0..n {
                tx.send_async(value).await.expect("a receiver");
            }
        });
        if panics {
            inject();
        }
    });
    let sum = block_on(async {
        let mut sum = 0;
        while let Ok(value) = rx.recv_async().await {
            sum += value;
        }
        sum
    });
    assert_eq!(sum, sum_below(n));
    assert_eq!(site.join(sender, panics), (!panics).then_some(()));
    let inner = site.go(move || n + 1);
    assert_eq!(block_on(inner).expect("no panic"), n + 1);
}

/// Many goroutines that are blocked on one channel, and all woken at once.
pub(super) fn crowd(site: &Arc<Site>, random: &mut Random) {
    let (tx, rx) = chan::unbuffered::<()>();
    let crowd: Vec<_> = (0..random.between(10, 300))
        .map(|_| {
            let rx = rx.clone();
            site.go(move || rx.recv().is_err())
        })
        .collect();
    if random.once_in(2) {
        yield_now();
    }
    tx.close();
    for one in crowd {
        assert!(one.join().expect("no panic"), "nothing was sent");
    }
}
