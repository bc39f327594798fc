//! Exclusion and wake-ups.

use crate::{everywhere, passes};
use deadheat_runtime::sync::{Cond, Mutex, Once, RwMutex, WaitGroup};
use deadheat_runtime::{go, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts who is inside; panics where more are than may be.
#[derive(Default)]
struct Inside(AtomicUsize);

impl Inside {
    fn visit(&self, at_most: usize) {
        assert!(self.0.fetch_add(1, Ordering::SeqCst) < at_most);
        yield_now();
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn all(handles: Vec<deadheat_runtime::JoinHandle<()>>) {
    for handle in handles {
        handle.join().unwrap();
    }
}

#[test]
fn a_mutex_lets_one_in() {
    passes(|| {
        let shared = Arc::new((Mutex::new(0), Inside::default()));
        let work = |shared: Arc<(Mutex<i32>, Inside)>| {
            move || {
                for _ in 0..20 {
                    let mut total = shared.0.lock();
                    shared.1.visit(1);
                    *total += 1;
                }
            }
        };
        all((0..4).map(|_| go(work(shared.clone()))).collect());
        assert_eq!(*shared.0.lock(), 80);
    });
}

#[test]
fn a_held_mutex_cannot_be_tried() {
    passes(|| {
        let mutex = Arc::new(Mutex::new(()));
        let guard = mutex.lock();
        let other = mutex.clone();
        assert!(go(move || other.try_lock().is_none()).join().unwrap());
        drop(guard);
        assert!(mutex.try_lock().is_some());
    });
}

#[test]
fn a_free_mutex_can_be_tried_though_others_wait_for_it() {
    passes(|| {
        let shared = Arc::new((Mutex::new(()), AtomicUsize::new(0)));
        let guard = shared.0.lock();
        let waiters = (0..3).map(|_| {
            let shared = shared.clone();
            go(move || {
                let _guard = shared.0.lock();
                shared.1.fetch_add(1, Ordering::SeqCst);
            })
        });
        let waiters: Vec<_> = waiters.collect();
        yield_now();
        drop(guard);
        // Nobody holds it for good, so a try succeeds sooner or later, and is exclusive.
        while shared.0.try_lock().is_none() {}
        all(waiters);
        assert_eq!(shared.1.load(Ordering::SeqCst), 3);
    });
}

#[test]
fn a_panic_unlocks() {
    passes(|| {
        let mutex = Arc::new(Mutex::new(1));
        let other = mutex.clone();
        let dying = go(move || {
            let _guard = other.lock();
            panic!("inside");
        });
        assert!(dying.join().is_err());
        assert_eq!(*mutex.lock(), 1);
    });
}

#[test]
fn readers_share_and_writers_do_not() {
    passes(|| {
        let shared = Arc::new((RwMutex::new(0), Inside::default(), Inside::default()));
        let readers = (0..3).map(|_| {
            let shared = shared.clone();
            go(move || {
                for _ in 0..10 {
                    let _guard = shared.0.read();
                    shared.1.visit(3);
                    assert_eq!(shared.2.0.load(Ordering::SeqCst), 0, "a writer is inside");
                }
            })
        });
        let writers = (0..2).map(|_| {
            let shared = shared.clone();
            go(move || {
                for _ in 0..10 {
                    let mut guard = shared.0.write();
                    shared.2.visit(1);
                    *guard += 1;
                }
            })
        });
        all(readers.chain(writers).collect());
        assert_eq!(*shared.0.read(), 20);
        let reading = shared.0.read();
        assert!(shared.0.try_write().is_none());
        assert!(shared.0.try_read().is_some());
        drop(reading);
        assert!(shared.0.try_write().is_some());
    });
}

#[test]
fn a_wait_group_waits_for_all_and_can_be_used_again() {
    passes(|| {
        let group = Arc::new(WaitGroup::new());
        let done = Arc::new(AtomicUsize::new(0));
        for round in 1..=3 {
            group.add(5);
            for _ in 0..5 {
                let (group, done) = (group.clone(), done.clone());
                drop(go(move || {
                    done.fetch_add(1, Ordering::SeqCst);
                    group.done();
                }));
            }
            group.wait();
            assert_eq!(done.load(Ordering::SeqCst), round * 5);
        }
        let panicked = go(move || group.done()).join();
        assert!(panicked.is_err(), "a counter does not go below zero");
    });
}

#[test]
fn a_wait_group_starts_what_it_waits_for() {
    everywhere(
        || {
            let (group, done) = (Arc::new(WaitGroup::new()), Arc::new(AtomicUsize::new(0)));
            for _ in 0..4 {
                let done = done.clone();
                group.go(move || {
                    yield_now();
                    done.fetch_add(1, Ordering::SeqCst);
                });
            }
            group.go(|| panic!("a panic is done too"));
            group.wait();
            done.load(Ordering::SeqCst)
        },
        |outcome| {
            assert_eq!(outcome.result.unwrap(), 4);
            assert_eq!(outcome.panics.len(), 1, "{:?}", outcome.panics);
        },
    );
}

#[test]
fn once_is_once_and_all_wait_for_it() {
    passes(|| {
        let shared = Arc::new((Once::new(), AtomicUsize::new(0)));
        let callers = (0..4).map(|_| {
            let shared = shared.clone();
            go(move || {
                shared.0.call(|| {
                    yield_now();
                    shared.1.fetch_add(1, Ordering::SeqCst);
                });
                assert_eq!(shared.1.load(Ordering::SeqCst), 1);
            })
        });
        all(callers.collect());
        assert!(shared.0.is_completed());
    });
}

#[test]
fn once_counts_a_panic_as_done() {
    passes(|| {
        let once = Arc::new(Once::new());
        let first = once.clone();
        assert!(
            go(move || first.call(|| panic!("half-way")))
                .join()
                .is_err()
        );
        once.call(|| panic!("a second call"));
    });
}

#[test]
fn a_condition_passes_a_baton() {
    passes(|| {
        let shared = Arc::new((Mutex::new(0), Cond::new()));
        let runners = (0..5).map(|n| {
            let shared = shared.clone();
            go(move || {
                let mut turn = shared.1.wait_while(shared.0.lock(), |turn| *turn != n);
                *turn += 1;
                drop(turn);
                shared.1.broadcast();
            })
        });
        all(runners.collect());
        assert_eq!(*shared.0.lock(), 5);
    });
}

#[test]
fn a_signal_wakes_one() {
    passes(|| {
        let shared = Arc::new((Mutex::new((0, 0)), Cond::new()));
        let waiters: Vec<_> = (0..3)
            .map(|_| {
                let shared = shared.clone();
                go(move || {
                    shared.0.lock().0 += 1;
                    let mut state = shared.1.wait_while(shared.0.lock(), |state| state.1 == 0);
                    state.1 -= 1;
                })
            })
            .collect();
        while shared.0.lock().0 < 3 {
            yield_now();
        }
        for _ in 0..3 {
            shared.0.lock().1 += 1;
            shared.1.signal();
        }
        all(waiters);
        assert_eq!(shared.0.lock().1, 0);
    });
}
