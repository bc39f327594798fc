//! Places of a semaphore: how many are in, who is first, what is given back.

use crate::{everywhere, passes};
use deadheat_runtime::sync::Semaphore;
use deadheat_runtime::{Failure, go, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn no_more_are_inside_than_there_are_places() {
    passes(|| {
        let shared = Arc::new((Semaphore::new(3), AtomicUsize::new(0)));
        let workers = [1, 2, 3, 1, 2].map(|places| {
            let shared = shared.clone();
            go(move || {
                for _ in 0..5 {
                    let guard = shared.0.acquire(places);
                    assert_eq!(guard.places(), places);
                    let before = shared.1.fetch_add(places, Ordering::SeqCst);
                    assert!(before + places <= 3);
                    yield_now();
                    shared.1.fetch_sub(places, Ordering::SeqCst);
                }
            })
        });
        for worker in workers {
            worker.join().unwrap();
        }
        assert_eq!(shared.0.available(), 3);
    });
}

#[test]
fn who_waits_for_many_is_not_overtaken() {
    passes(|| {
        let semaphore = Arc::new(Semaphore::new(3));
        let guard = semaphore.acquire(1);
        let other = semaphore.clone();
        let many = go(move || {
            let _guard = other.acquire(3);
        });
        // Two places are free; once the other waits, not even one of them can be had.
        while semaphore.try_acquire(1).is_some() {
            yield_now();
        }
        assert_eq!(semaphore.available(), 2);
        drop(guard);
        many.join().unwrap();
        assert!(semaphore.try_acquire(3).is_some());
    });
}

#[test]
fn one_release_lets_several_in() {
    passes(|| {
        let shared = Arc::new((Semaphore::new(3), AtomicUsize::new(0)));
        let all = shared.0.acquire(3);
        let workers = [(); 3].map(|()| {
            let shared = shared.clone();
            go(move || {
                let _guard = shared.0.acquire(1);
                shared.1.fetch_add(1, Ordering::SeqCst);
                // All three are in at once, or this never ends.
                while shared.1.load(Ordering::SeqCst) < 3 {
                    yield_now();
                }
            })
        });
        yield_now();
        drop(all);
        for worker in workers {
            worker.join().unwrap();
        }
    });
}

#[test]
fn forgotten_places_are_released_by_hand() {
    passes(|| {
        let semaphore = Arc::new(Semaphore::new(2));
        semaphore.acquire(2).forget();
        assert!(semaphore.try_acquire(1).is_none());
        let other = semaphore.clone();
        let releaser = go(move || other.release(2));
        drop(semaphore.acquire(2));
        releaser.join().unwrap();
        let other = semaphore.clone();
        assert!(go(move || other.release(1)).join().is_err());
        let other = semaphore.clone();
        assert!(go(move || drop(other.acquire(3))).join().is_err());
        assert!(semaphore.try_acquire(3).is_none());
        assert_eq!(semaphore.available(), 2);
    });
}

#[test]
fn a_panic_releases() {
    passes(|| {
        let semaphore = Arc::new(Semaphore::new(1));
        let other = semaphore.clone();
        let dying = go(move || {
            let _guard = other.acquire(1);
            panic!("inside");
        });
        assert!(dying.join().is_err());
        drop(semaphore.acquire(1));
    });
}

#[test]
fn plain_threads_wait_for_places_too() {
    let semaphore = Arc::new(Semaphore::new(1));
    let guard = semaphore.acquire(1);
    let other = semaphore.clone();
    let thread = std::thread::spawn(move || drop(other.acquire(1)));
    drop(guard);
    thread.join().unwrap();
    assert_eq!(semaphore.available(), 1);
}

#[test]
fn places_that_nobody_releases_are_a_deadlock() {
    everywhere(
        || {
            let semaphore = Semaphore::new(1);
            semaphore.acquire(1).forget();
            drop(semaphore.acquire(1));
        },
        |outcome| match outcome.result {
            Err(Failure::Deadlock(text)) => assert!(text.contains("semaphore acquire"), "{text}"),
            other => panic!("{other:?}"),
        },
    );
}
