//! Timers, timeouts, what is cancelled.

use super::Site;
use crate::random::Random;
use deadheat::chan;
use deadheat::context::{Context, ContextError};
use deadheat::select;
use deadheat::time::{Ticker, Timer, after_func, since_start, sleep};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(3600);

fn moment(random: &mut Random) -> Duration {
    Duration::from_micros(random.between(0, 3000) as u64)
}

/// A tree of contexts, cancelled at the root, or out of time.
pub(super) fn context(site: &Arc<Site>, random: &mut Random) {
    let by_time = random.once_in(2);
    let (root, canceller) = match by_time {
        true => Context::background().with_timeout(moment(random)),
        false => Context::background().with_cancel(),
    };
    let called = Arc::new(AtomicUsize::new(0));
    let (told, heard) = chan::bounded(1);
    let calls = Arc::clone(&called);
    let call = root.after_func(move || {
        calls.fetch_add(1, Ordering::SeqCst);
        told.send(()).expect("somebody listens");
    });
    let waiting: Vec<_> = (0..random.between(1, 6))
        .map(|n| {
            let (child, _canceller) = match n % 3 {
                0 => root.with_timeout(LONG),
                _ => root.with_cancel(),
            };
            let (_quiet, never) = chan::unbuffered::<()>();
            site.go(move || {
                let _canceller = _canceller;
                let _quiet = _quiet;
                select! {
                    recv(child.done()) -> _ => child.err(),
                    recv(never) -> _ => None,
                }
            })
        })
        .collect();
    if !by_time {
        canceller.cancel();
    }
    let expected = match by_time {
        true => ContextError::DeadlineExceeded,
        false => ContextError::Cancelled,
    };
    for one in waiting {
        assert_eq!(one.join().expect("no panic"), Some(expected));
    }
    heard.recv().expect("the call was made");
    assert!(!call.stop());
    assert_eq!(called.load(Ordering::SeqCst), 1);
}

/// Values and timeouts that meet: each value is received, or given back.
pub(super) fn timeouts(site: &Arc<Site>, random: &mut Random) {
    let (tx, rx) = chan::unbuffered();
    let n = random.between(1, 10);
    let (send_wait, recv_wait) = (moment(random) / 10, moment(random) / 10);
    let sender = site.go(move || {
        let sent = (0..n).filter(|n| tx.send_timeout(*n, send_wait).is_ok());
        sent.count()
    });
    let mut received = 0;
    loop {
        match rx.recv_timeout(recv_wait) {
            Ok(_) => received += 1,
            Err(chan::RecvTimeoutError::Timeout) => {}
            Err(_) => break,
        }
    }
    assert_eq!(sender.join().expect("no panic"), received);
}

/// Sleepers, timers that are stopped and set again, calls that come later, tickers.
pub(super) fn timers(site: &Arc<Site>, random: &mut Random) {
    let sleepers: Vec<_> = (0..random.between(1, 6))
        .map(|_| {
            let time = moment(random);
            site.go(move || {
                let begin = since_start().expect("a run");
                sleep(time);
                assert!(since_start().expect("a run") >= begin + time);
            })
        })
        .collect();
    let timer = Timer::new(LONG);
    if random.once_in(2) {
        timer.reset(moment(random));
        timer.c().recv().expect("its time comes");
    } else {
        assert!(timer.stop());
    }
    let (tx, rx) = chan::bounded(1);
    let late = after_func(moment(random), move || {
        tx.send(7).expect("somebody listens");
    });
    let stopped = random.once_in(2) && late.stop();
    drop(late);
    assert_eq!(rx.recv().ok(), (!stopped).then_some(7));
    if random.once_in(4) {
        let ticker = Ticker::new(Duration::from_micros(500));
        ticker.c().recv().expect("a tick");
        ticker.stop();
    }
    sleepers
        .into_iter()
        .for_each(|g| g.join().expect("no panic"));
}
