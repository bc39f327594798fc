//! Goroutines that start after a time.

use crate::{builders, everywhere, message, passes};
use deadheat_runtime::chan;
use deadheat_runtime::time::{after_func, since_start};
use deadheat_runtime::{Failure, Run, goroutine_id};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(3600);

#[test]
fn it_runs_after_its_time_in_a_goroutine_of_its_own() {
    passes(|| {
        let (tx, rx) = chan::bounded(1);
        let before = since_start().unwrap();
        let call = after_func(SHORT, move || {
            tx.send((since_start().unwrap(), goroutine_id())).unwrap();
        });
        // Nobody but the call can send: it is to come, so this is no deadlock.
        let (at, id) = rx.recv().unwrap();
        assert!(at >= before + SHORT);
        assert_ne!(id, goroutine_id());
        assert!(!call.stop());
    });
}

#[test]
fn they_start_in_the_order_of_their_times() {
    for seed in 0..20 {
        let outcome = Run::new("test").seed(seed).go(|| {
            let (tx, rx) = chan::bounded(10);
            for n in [3, 1, 4, 2, 5] {
                let tx = tx.clone();
                after_func(n * SHORT, move || tx.send(n).unwrap());
            }
            drop(tx);
            assert_eq!(rx.iter().collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        });
        outcome.result.unwrap();
    }
}

#[test]
fn what_is_stopped_does_not_start_and_lets_go_of_what_it_has() {
    passes(|| {
        let kept = Arc::new(());
        let theirs = kept.clone();
        let call = after_func(LONG, move || {
            drop(theirs);
            unreachable!("stopped");
        });
        assert!(call.stop());
        assert_eq!(Arc::strong_count(&kept), 1);
        assert!(!call.stop());
    });
}

#[test]
fn its_panic_fails_the_run() {
    everywhere(
        || {
            let (tx, rx) = chan::unbuffered::<()>();
            after_func(SHORT, move || {
                let _tx = tx;
                panic!("too late");
            });
            assert!(rx.recv().is_err());
        },
        |outcome| {
            outcome.result.unwrap();
            assert_eq!(outcome.panics.len(), 1);
            assert!(outcome.panics[0].contains("too late"));
        },
    );
}

#[test]
fn what_is_to_come_ends_with_the_run() {
    struct Noted(Arc<AtomicBool>);
    impl Drop for Noted {
        fn drop(&mut self) {
            // As part of a goroutine, which may block.
            assert!(goroutine_id().is_some());
            self.0.store(true, Ordering::SeqCst);
        }
    }
    for builder in builders() {
        for detect in [false, true] {
            let dropped = Arc::new(AtomicBool::new(false));
            let noted = Noted(dropped.clone());
            let outcome = builder.clone().detect(detect).go(move || {
                after_func(LONG, move || {
                    let _noted = noted;
                    unreachable!("the run is over");
                });
            });
            outcome.result.unwrap();
            assert_eq!(outcome.panics, [""; 0]);
            assert!(dropped.load(Ordering::SeqCst));
        }
    }
}

#[test]
fn once_it_has_run_a_deadlock_is_one() {
    everywhere(
        || {
            after_func(SHORT, || {});
            let (_tx, rx) = chan::unbuffered::<()>();
            rx.recv()
        },
        |outcome| {
            assert!(matches!(outcome.result, Err(Failure::Deadlock(_))));
        },
    );
}

#[test]
fn outside_a_run_it_says_what_is_missing() {
    let refused = std::panic::catch_unwind(|| after_func(SHORT, || {}));
    let payload = refused.expect_err("there is no run");
    assert!(message(&*payload).contains("time::after_func needs a run"));
}
