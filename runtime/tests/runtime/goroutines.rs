//! Starting, joining, panics, names, time.

use crate::{SEEDS, everywhere, passes};
use deadheat_runtime::detector::report::Scheduler;
use deadheat_runtime::sync::{Mutex, WaitGroup};
use deadheat_runtime::time::{since_start, sleep};
use deadheat_runtime::{Failure, Run, chan, go, goroutine_id, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[test]
fn join_gives_what_the_goroutine_returned() {
    passes(|| {
        let handles: Vec<_> = (0..20).map(|n| go(move || n * n)).collect();
        let squares: Vec<_> = handles.into_iter().map(|h| h.join().unwrap()).collect();
        assert_eq!(squares, (0..20).map(|n| n * n).collect::<Vec<_>>());
    });
}

#[test]
fn goroutines_start_goroutines() {
    fn tree(depth: u32) -> u32 {
        if depth == 0 {
            return 1;
        }
        let left = go(move || tree(depth - 1));
        tree(depth - 1) + left.join().unwrap()
    }
    passes(|| assert_eq!(tree(6), 64));
}

#[test]
fn numbers_count_from_one_in_every_run() {
    passes(|| {
        assert_eq!(goroutine_id(), Some(1));
        let second = go(goroutine_id);
        assert_eq!(second.id(), 2);
        assert_eq!(second.join().unwrap(), Some(2));
    });
    assert_eq!(goroutine_id(), None);
}

#[test]
fn a_panic_surfaces_at_join() {
    passes(|| {
        let payload = go(|| panic!("lost it")).join().unwrap_err();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"lost it"));
    });
}

#[test]
fn a_panic_that_nobody_joins_is_in_the_outcome() {
    everywhere(
        || drop(go(|| panic!("unseen"))),
        |outcome| {
            outcome.result.unwrap();
            assert_eq!(outcome.panics.len(), 1);
            assert!(
                outcome.panics[0].contains("goroutine 2"),
                "{}",
                outcome.panics[0]
            );
            assert!(
                outcome.panics[0].ends_with("panicked: unseen"),
                "{}",
                outcome.panics[0]
            );
        },
    );
}

#[test]
fn a_panic_of_the_main_goroutine_is_its_result() {
    everywhere(
        || panic!("main"),
        |outcome: deadheat_runtime::Outcome<()>| match outcome.result {
            Err(Failure::Panic(payload)) => {
                assert_eq!(*payload.downcast_ref::<&str>().unwrap(), "main");
            }
            other => panic!("{other:?}"),
        },
    );
}

#[test]
fn destructors_may_block_while_a_panic_unwinds() {
    struct SendOnDrop(chan::Sender<u8>);
    impl Drop for SendOnDrop {
        fn drop(&mut self) {
            self.0.send(7).unwrap();
        }
    }
    passes(|| {
        let (tx, rx) = chan::unbuffered();
        let dying = go(move || {
            let _guard = SendOnDrop(tx);
            panic!("while holding a guard");
        });
        assert_eq!(rx.recv(), Ok(7));
        assert!(dying.join().is_err());
        assert!(
            go(std::thread::panicking)
                .join()
                .is_ok_and(|panicking| !panicking)
        );
    });
}

#[test]
fn destructors_may_sleep_yield_and_lock_while_a_panic_unwinds() {
    struct OnDrop(Arc<Mutex<()>>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            sleep(Duration::from_millis(1));
            yield_now();
            drop(self.0.lock());
        }
    }
    for _ in 0..10 {
        passes(|| {
            let mutex = Arc::new(Mutex::new(()));
            let guard = mutex.lock();
            let inside = OnDrop(mutex.clone());
            let dying = go(move || {
                let _inside = inside;
                panic!("while holding a guard");
            });
            yield_now();
            drop(guard);
            assert!(dying.join().is_err());
        });
    }
}

#[test]
fn a_goroutine_starts_beside_one_that_passes_no_safepoint() {
    let outcome = Run::new("test")
        .scheduler(Scheduler::Parallel)
        .max_procs(2)
        .go(|| {
            // The other worker has nothing to do for a while, and waits.
            sleep(Duration::from_millis(20));
            let flag = Arc::new(AtomicUsize::new(0));
            let other = flag.clone();
            drop(go(move || other.store(1, Ordering::Release)));
            while flag.load(Ordering::Acquire) == 0 {
                std::hint::spin_loop();
            }
        });
    outcome.result.unwrap();
}

#[test]
fn polling_for_a_sleeper_ends() {
    passes(|| {
        let worker = go(|| sleep(Duration::from_millis(5)));
        while !worker.is_finished() {
            yield_now();
        }
        let start = since_start().unwrap();
        while since_start().unwrap() - start < Duration::from_millis(5) {
            yield_now();
        }
    });
}

#[test]
fn sleepers_wake_in_order_of_virtual_time() {
    for seed in 0..SEEDS {
        let woken = Run::new("test").seed(seed).go(|| {
            let (tx, rx) = chan::bounded(3);
            for ms in [30, 10, 20] {
                let tx = tx.clone();
                drop(go(move || {
                    sleep(Duration::from_millis(ms));
                    tx.send(ms).unwrap();
                }));
            }
            drop(tx);
            rx.iter().collect::<Vec<_>>()
        });
        assert_eq!(woken.result.unwrap(), [10, 20, 30], "seed {seed}");
    }
}

#[test]
fn sleep_takes_its_time() {
    passes(|| {
        let before = since_start().unwrap();
        sleep(Duration::from_millis(2));
        assert!(since_start().unwrap() - before >= Duration::from_millis(2));
    });
}

#[test]
fn virtual_time_does_not_pass_for_real() {
    let start = Instant::now();
    let slept = Run::new("test").go(|| {
        sleep(Duration::from_secs(3600));
        since_start().unwrap()
    });
    assert!(slept.result.unwrap() >= Duration::from_secs(3600));
    assert!(start.elapsed() < Duration::from_secs(600));
}

#[test]
fn a_spinning_goroutine_with_safepoints_lets_others_run() {
    passes(|| {
        let (tx, rx) = chan::bounded(1);
        drop(go(move || {
            for _ in 0..10 {
                yield_now();
            }
            tx.send(()).unwrap();
        }));
        while rx.try_recv().is_err() {}
    });
}

#[test]
fn stacks_are_reused_and_goroutines_are_many() {
    static ENDED: AtomicUsize = AtomicUsize::new(0);
    let counted = Run::new("test").go(|| {
        for _ in 0..100 {
            let handles: Vec<_> = (0..100)
                .map(|_| go(|| ENDED.fetch_add(1, Ordering::Relaxed)))
                .collect();
            for handle in handles {
                handle.join().unwrap();
            }
        }
    });
    counted.result.unwrap();
    assert_eq!(ENDED.load(Ordering::Relaxed), 10_000);
}

#[test]
fn what_a_goroutine_holds_is_dropped() {
    passes(|| {
        let held = Arc::new(());
        let inside = held.clone();
        go(move || drop(inside)).join().unwrap();
        assert_eq!(Arc::strong_count(&held), 1);
    });
}

#[test]
#[should_panic(expected = "go() needs a run")]
fn outside_a_run_there_are_no_goroutines() {
    drop(go(|| ()));
}

/// More than one mapping each, and another for its guard, would allow.
#[test]
fn forty_thousand_goroutines_can_be_blocked_at_once() {
    const N: usize = 40_000;
    for scheduler in [Scheduler::Controlled, Scheduler::Parallel] {
        let outcome = Run::new("many").scheduler(scheduler).go(|| {
            let (tx, rx) = chan::unbuffered::<()>();
            let started = Arc::new(WaitGroup::new());
            started.add(N);
            let blocked: Vec<_> = (0..N)
                .map(|_| {
                    let (rx, started) = (rx.clone(), Arc::clone(&started));
                    go(move || {
                        started.done();
                        rx.recv().is_err()
                    })
                })
                .collect();
            started.wait();
            assert_eq!(blocked.iter().filter(|g| g.is_finished()).count(), 0);
            tx.close();
            blocked
                .into_iter()
                .map(|g| g.join().unwrap())
                .filter(|&closed| closed)
                .count()
        });
        assert_eq!(outcome.result.unwrap(), N);
        assert_eq!(outcome.panics, [""; 0]);
    }
}
