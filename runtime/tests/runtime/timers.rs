//! One value, after a time.

use crate::{everywhere, passes};
use deadheat_runtime::chan::{self, RecvTimeoutError, TryRecvError};
use deadheat_runtime::time::{Timer, after, since_start, sleep};
use deadheat_runtime::{Failure, Run, go, select};
use std::sync::Arc;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(3600);

fn now() -> Duration {
    since_start().expect("a run")
}

#[test]
fn the_value_comes_after_the_time_and_says_when() {
    passes(|| {
        let before = now();
        let rx = after(SHORT);
        let at = rx.recv().unwrap();
        assert!(before + SHORT <= at && at <= now());
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        assert_eq!((rx.len(), rx.capacity()), (0, 1));
    });
}

#[test]
fn virtual_time_is_exact() {
    for seed in 0..20 {
        let outcome = Run::new("test").seed(seed).go(|| {
            let rx = after(LONG);
            let set = now();
            let at = rx.recv().unwrap();
            // The steps between are microseconds.
            assert!(at <= set + LONG && at >= LONG);
            assert!(now() < set + LONG + SHORT);
        });
        outcome.result.unwrap();
    }
}

#[test]
fn one_value_is_all_there_is() {
    everywhere(
        || {
            let rx = after(SHORT);
            rx.recv().unwrap();
            rx.recv()
        },
        |outcome| {
            let Err(Failure::Deadlock(text)) = outcome.result else {
                panic!("no deadlock: {:?}", outcome.result);
            };
            assert!(text.contains("channel receive"), "{text}");
        },
    );
}

#[test]
fn a_select_takes_the_timer_that_comes_first() {
    passes(|| {
        let (_tx, quiet) = chan::unbuffered::<()>();
        let late = Timer::new(LONG);
        let which = select! {
            recv(quiet) -> _ => 0,
            recv(late.c()) -> _ => 1,
            recv(after(SHORT)) -> at => { assert!(at.unwrap() >= SHORT); 2 }
            timeout(LONG) => 3,
        };
        assert_eq!(which, 2);
        let which = select! {
            recv(after(LONG)) -> _ => 1,
            timeout(SHORT) => 2,
        };
        assert_eq!(which, 2);
        let empty = select! { recv(late.c()) -> _ => false, default => true };
        assert!(empty);
        assert_eq!(late.c().recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
        assert!(late.stop());
    });
}

#[test]
fn a_select_takes_what_is_sent_before_the_time() {
    passes(|| {
        let (tx, rx) = chan::unbuffered();
        let sender = go(move || tx.send(5));
        let received = select! {
            recv(rx) -> value => value.unwrap(),
            recv(after(LONG)) -> _ => 0,
        };
        assert_eq!(received, 5);
        sender.join().unwrap().unwrap();
    });
}

#[test]
fn no_value_is_received_after_a_stop_or_a_reset() {
    passes(|| {
        let timer = Timer::new(SHORT);
        sleep(2 * SHORT);
        // There is a value, and nobody has received it.
        assert_eq!(timer.c().len(), 1);
        assert!(timer.stop());
        assert_eq!(timer.c().try_recv(), Err(TryRecvError::Empty));
        assert!(!timer.stop());
        assert!(!timer.reset(SHORT));
        sleep(2 * SHORT);
        let before = now();
        assert!(timer.reset(SHORT));
        assert!(timer.c().recv().unwrap() >= before + SHORT);
        assert!(!timer.reset(LONG));
        assert!(timer.stop());
    });
}

#[test]
fn a_stopped_timer_is_a_deadlock() {
    everywhere(
        || {
            let timer = Arc::new(Timer::new(LONG));
            let stopping = timer.clone();
            let _ = go(move || stopping.stop());
            timer.c().recv()
        },
        |outcome| {
            assert!(matches!(outcome.result, Err(Failure::Deadlock(_))));
        },
    );
}

#[test]
fn a_reset_reaches_those_who_wait() {
    passes(|| {
        let timer = Arc::new(Timer::new(LONG));
        let (theirs, before) = (timer.clone(), now());
        let receiver = go(move || theirs.c().recv().unwrap());
        sleep(SHORT);
        timer.stop();
        timer.reset(SHORT);
        let at = receiver.join().unwrap();
        assert!(at >= before + 2 * SHORT && at < before + LONG);
    });
}

#[test]
fn one_value_goes_to_one_receiver() {
    passes(|| {
        let timer = Timer::new(SHORT);
        let receivers = [0, 1].map(|_| {
            let rx = timer.c().clone();
            go(move || rx.recv_timeout(20 * SHORT).is_ok())
        });
        let got = receivers.map(|receiver| receiver.join().unwrap());
        assert_ne!(got[0], got[1]);
    });
}

#[test]
fn plain_threads_have_timers_too() {
    let timer = Timer::new(SHORT);
    timer.c().recv().unwrap();
    assert!(!timer.reset(LONG));
    let waiting = timer.c().clone();
    let receiver = std::thread::spawn(move || waiting.recv().unwrap());
    timer.reset(SHORT);
    receiver.join().unwrap();
    select! {
        recv(after(LONG)) -> _ => unreachable!(),
        recv(after(SHORT)) -> at => assert!(at.is_ok()),
    }
}

#[test]
fn a_timer_outlives_its_run_and_stands_still() {
    let timer = Run::new("test").go(|| Timer::new(SHORT)).result.unwrap();
    assert_eq!(
        timer.c().recv_timeout(2 * SHORT),
        Err(RecvTimeoutError::Timeout)
    );
    timer.reset(Duration::ZERO);
    assert_eq!(timer.c().try_recv(), Err(TryRecvError::Empty));
}
