//! A value each so many milliseconds.

use crate::{everywhere, message, passes};
use deadheat_runtime::chan::{self, TryRecvError};
use deadheat_runtime::time::{Ticker, since_start, sleep};
use deadheat_runtime::{Failure, Run, go, select};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(3600);

#[test]
fn ticks_come_at_whole_periods() {
    passes(|| {
        let ticker = Ticker::new(SHORT);
        let first = ticker.c().recv().unwrap();
        let mut last = first;
        for _ in 0..5 {
            let tick = ticker.c().recv().unwrap();
            assert!(tick > last && tick <= since_start().unwrap());
            assert_eq!((tick - first).as_nanos() % SHORT.as_nanos(), 0);
            last = tick;
        }
    });
}

#[test]
fn ticks_that_nobody_receives_are_dropped() {
    for seed in 0..20 {
        let outcome = Run::new("test").seed(seed).go(|| {
            let ticker = Ticker::new(SHORT);
            let first = ticker.c().recv().unwrap();
            sleep(10 * SHORT);
            assert_eq!((ticker.c().len(), ticker.c().capacity()), (1, 1));
            assert_eq!(ticker.c().recv(), Ok(first + SHORT));
            assert_eq!(ticker.c().try_recv(), Err(TryRecvError::Empty));
            assert_eq!(ticker.c().recv(), Ok(first + 11 * SHORT));
            assert_eq!(ticker.c().recv(), Ok(first + 12 * SHORT));
        });
        outcome.result.unwrap();
    }
}

#[test]
fn a_ticker_is_stopped_and_reset() {
    passes(|| {
        let ticker = Ticker::new(SHORT);
        sleep(2 * SHORT);
        ticker.stop();
        assert_eq!(ticker.c().try_recv(), Err(TryRecvError::Empty));
        sleep(2 * SHORT);
        assert_eq!(ticker.c().try_recv(), Err(TryRecvError::Empty));
        let before = since_start().unwrap();
        ticker.reset(3 * SHORT);
        let first = ticker.c().recv().unwrap();
        assert!(first >= before + 3 * SHORT);
        let second = ticker.c().recv().unwrap();
        assert_eq!((second - first).as_nanos() % (3 * SHORT).as_nanos(), 0);
    });
}

#[test]
fn several_receivers_share_the_ticks() {
    passes(|| {
        let ticker = Arc::new(Ticker::new(SHORT));
        let receivers = [0, 1, 2].map(|_| {
            let ticker = ticker.clone();
            go(move || [0, 1, 2].map(|_| ticker.c().recv().unwrap()))
        });
        let mut ticks = receivers.map(|receiver| receiver.join().unwrap()).concat();
        ticks.sort_unstable();
        ticks.dedup();
        assert_eq!(ticks.len(), 9);
    });
}

#[test]
fn a_ticker_beside_other_work() {
    passes(|| {
        let (tx, rx) = chan::unbuffered();
        let ticker = Ticker::new(SHORT);
        let worker = go(move || {
            sleep(5 * SHORT);
            tx.send(()).unwrap();
        });
        let mut ticks = 0;
        loop {
            select! {
                recv(ticker.c()) -> tick => { tick.unwrap(); ticks += 1; }
                recv(rx) -> done => { done.unwrap(); break; }
            }
        }
        assert!(ticks > 0);
        worker.join().unwrap();
    });
}

#[test]
fn a_ticker_that_nobody_waits_for_hides_no_deadlock() {
    everywhere(
        || {
            let _ticker = Ticker::new(SHORT);
            let (_tx, rx) = chan::unbuffered::<()>();
            rx.recv()
        },
        |outcome| {
            assert!(matches!(outcome.result, Err(Failure::Deadlock(_))));
        },
    );
}

#[test]
fn a_ticker_that_nobody_waits_for_keeps_no_run_going() {
    passes(|| std::mem::forget((Ticker::new(SHORT), Ticker::new(LONG))));
}

#[test]
fn a_period_of_zero_is_refused() {
    let refused = std::panic::catch_unwind(|| Ticker::new(Duration::ZERO));
    assert!(message(&*refused.unwrap_err()).contains("tick all the time"));
    let ticker = Ticker::new(LONG);
    let reset = AssertUnwindSafe(|| ticker.reset(Duration::ZERO));
    let refused = std::panic::catch_unwind(reset);
    assert!(message(&*refused.unwrap_err()).contains("tick all the time"));
}
