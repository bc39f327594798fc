//! Deadlocks, leaks, runs that do not end.

use crate::{builders, everywhere};
use deadheat_runtime::detector::report::{FailureKind, Memory, Record, Scheduler};
use deadheat_runtime::sync::{Mutex, WaitGroup};
use deadheat_runtime::{Failure, Outcome, Run, chan, go, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn deadlock_text<T: std::fmt::Debug>(outcome: Outcome<T>) -> String {
    match outcome.result {
        Err(Failure::Deadlock(text)) => text,
        other => panic!("a deadlock was expected, not {other:?}"),
    }
}

#[test]
fn a_deadlock_lists_every_goroutine() {
    fn lock_in_order(first: &Mutex<()>, second: &Mutex<()>, meet: &WaitGroup) {
        let _first = first.lock();
        meet.done();
        meet.wait();
        let _second = second.lock();
    }
    everywhere(
        || {
            let shared = Arc::new((Mutex::new(()), Mutex::new(()), WaitGroup::new()));
            shared.2.add(2);
            let other = shared.clone();
            let other = go(move || lock_in_order(&other.1, &other.0, &other.2));
            lock_in_order(&shared.0, &shared.1, &shared.2);
            other.join().unwrap();
        },
        |outcome| {
            let text = deadlock_text(outcome);
            assert!(
                text.starts_with("all goroutines are asleep - deadlock!"),
                "{text}"
            );
            assert_eq!(
                text.matches("[mutex lock at runtime/tests/runtime/endings.rs")
                    .count(),
                2
            );
            assert_eq!(text.matches("lock_in_order()").count(), 2, "{text}");
            assert!(
                text.contains("main goroutine [") && text.contains("goroutine 2 ["),
                "{text}"
            );
            assert!(
                text.contains("created by main goroutine at runtime/tests"),
                "{text}"
            );
        },
    );
}

#[test]
fn a_mutex_that_is_locked_twice_is_a_deadlock() {
    everywhere(
        || {
            let mutex = Mutex::new(());
            let _first = mutex.lock();
            let _second = mutex.lock();
        },
        |outcome| assert!(deadlock_text(outcome).contains("mutex lock")),
    );
}

#[test]
fn failures_reach_the_sinks() {
    for builder in builders() {
        let memory = Memory::default();
        let outcome = builder.sink(Arc::new(memory.clone())).go(|| {
            drop(go(|| panic!("first")));
            let (_tx, rx) = chan::unbuffered::<u8>();
            rx.recv()
        });
        deadlock_text(outcome);
        let kinds: Vec<_> = memory
            .take()
            .into_iter()
            .filter_map(|record| match record {
                Record::Failure(failure) => Some(failure.kind),
                _ => None,
            })
            .collect();
        assert_eq!(kinds, [FailureKind::Deadlock, FailureKind::Panic]);
    }
}

struct CountDrop(&'static AtomicUsize);

impl Drop for CountDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn goroutines_left_blocked_are_unwound() {
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    everywhere(
        || {
            let (tx, rx) = chan::unbuffered::<()>();
            for _ in 0..3 {
                let (rx, counted) = (rx.clone(), CountDrop(&DROPPED));
                drop(go(move || {
                    let _counted = counted;
                    let _ = rx.recv();
                }));
            }
            std::mem::forget(tx);
        },
        |outcome| {
            outcome.result.unwrap();
            assert_eq!(outcome.panics, [""; 0], "unwinding a leftover is no panic");
            assert_eq!(DROPPED.swap(0, Ordering::SeqCst), 3);
        },
    );
}

#[test]
fn a_leftover_that_blocks_while_it_unwinds_does_not_hang_the_run() {
    struct RecvOnDrop(chan::Receiver<()>);
    impl Drop for RecvOnDrop {
        fn drop(&mut self) {
            let _ = self.0.recv();
        }
    }
    everywhere(
        || {
            let (tx, rx) = chan::unbuffered::<()>();
            drop(go(move || {
                let _blocks = RecvOnDrop(rx.clone());
                let _ = rx.recv();
            }));
            std::mem::forget(tx);
        },
        |outcome| outcome.result.unwrap(),
    );
}

#[test]
fn a_leftover_that_spins_while_it_unwinds_does_not_hang_the_run() {
    struct SpinOnDrop;
    impl Drop for SpinOnDrop {
        fn drop(&mut self) {
            loop {
                yield_now();
            }
        }
    }
    everywhere(
        || {
            for _ in 0..2 {
                let (tx, rx) = chan::unbuffered::<()>();
                drop(go(move || {
                    let _spins = SpinOnDrop;
                    let _ = rx.recv();
                }));
                std::mem::forget(tx);
            }
            // This one cannot be unwound once the others are stuck in the middle of it.
            drop(go(|| {
                loop {
                    yield_now();
                }
            }));
        },
        |outcome| outcome.result.unwrap(),
    );
}

/// Sends when dropped; nobody receives.
struct SendOnDrop(chan::Sender<u8>);

impl Drop for SendOnDrop {
    fn drop(&mut self) {
        let _ = self.0.send(1);
    }
}

#[test]
fn a_goroutine_that_never_starts_may_block_in_its_destructors() {
    // On some schedules the step limit comes before the goroutine's first step.
    for seed in 0..20 {
        let outcome = Run::new("test").seed(seed).max_steps(30).go(|| {
            let (tx, rx) = chan::unbuffered();
            std::mem::forget(rx);
            for _ in 0..20 {
                let captured = SendOnDrop(tx.clone());
                drop(go(move || drop(captured)));
            }
            loop {
                yield_now();
            }
        });
        let outcome: Outcome<()> = outcome;
        assert!(matches!(outcome.result, Err(Failure::StepLimit(_))));
    }
}

#[test]
fn a_result_that_nobody_takes_may_block_or_panic_when_dropped() {
    struct PanicOnDrop;
    impl Drop for PanicOnDrop {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    everywhere(
        || {
            let (tx, rx) = chan::unbuffered();
            std::mem::forget(rx);
            // The handles are dropped before the goroutines may return.
            let (gate, blocks) = chan::unbuffered::<()>();
            let panics = blocks.clone();
            drop(go(move || {
                let _ = blocks.recv();
                SendOnDrop(tx)
            }));
            drop(go(move || {
                let _ = panics.recv();
                PanicOnDrop
            }));
            drop(gate);
        },
        |outcome| {
            outcome.result.unwrap();
            assert_eq!(outcome.panics.len(), 1, "{:?}", outcome.panics);
            assert!(outcome.panics[0].ends_with("panicked: dropped"));
        },
    );
}

#[test]
fn goroutines_that_can_run_may_finish_after_main() {
    static FINISHED: AtomicUsize = AtomicUsize::new(0);
    everywhere(
        || {
            for _ in 0..3 {
                drop(go(|| {
                    for _ in 0..10 {
                        yield_now();
                    }
                    FINISHED.fetch_add(1, Ordering::SeqCst);
                }));
            }
        },
        |outcome| {
            outcome.result.unwrap();
            assert_eq!(FINISHED.swap(0, Ordering::SeqCst), 3);
        },
    );
}

#[test]
fn goroutines_that_never_end_are_stopped_after_main() {
    for scheduler in [Scheduler::Controlled, Scheduler::Parallel] {
        let outcome = Run::new("test").scheduler(scheduler).go(|| {
            drop(go(|| {
                loop {
                    yield_now();
                }
            }));
            5
        });
        assert_eq!(outcome.result.unwrap(), 5);
    }
}

#[test]
fn a_goroutine_in_a_call_of_its_own_does_not_hold_the_run() {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let outcome = Run::new("test")
        .scheduler(Scheduler::Parallel)
        .max_procs(2)
        .go(move || {
            let (inside_tx, inside) = chan::bounded(1);
            drop(go(move || {
                inside_tx.send(()).unwrap();
                let _ = released.recv();
            }));
            inside.recv().unwrap();
            6
        });
    assert_eq!(outcome.result.unwrap(), 6);
    // It had not come back until now.
    release.send(()).expect("the goroutine still waits");
}

#[test]
fn a_run_that_does_not_end_is_given_up() {
    let outcome = Run::new("test").max_steps(1000).go(|| {
        loop {
            yield_now();
        }
    });
    let outcome: Outcome<()> = outcome;
    match outcome.result {
        Err(Failure::StepLimit(text)) => {
            assert!(
                text.contains("no end after 1000 scheduling steps"),
                "{text}"
            );
            assert!(text.contains("main goroutine [runnable]"), "{text}");
            assert!(
                text.contains("a_run_that_does_not_end_is_given_up"),
                "{text}"
            );
        }
        other => panic!("{other:?}"),
    }
}
