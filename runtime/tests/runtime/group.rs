//! Goroutines that are waited for together.

use crate::{everywhere, passes};
use deadheat_runtime::sync::Group;
use deadheat_runtime::{chan, go, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn a_group_waits_for_all_and_can_be_used_again() {
    passes(|| {
        let (group, done) = (Group::<()>::new(), Arc::new(AtomicUsize::new(0)));
        assert_eq!(group.wait(), Ok(()));
        for round in 1..=2 {
            for _ in 0..4 {
                let done = done.clone();
                group.go(move || {
                    yield_now();
                    done.fetch_add(1, Ordering::SeqCst);
                    Ok(())
                });
            }
            assert_eq!(group.wait(), Ok(()));
            assert_eq!(done.load(Ordering::SeqCst), round * 4);
        }
    });
}

#[test]
fn the_first_error_is_given_once_and_the_others_are_waited_for() {
    passes(|| {
        let group = Group::new();
        let (failed, next) = chan::unbuffered::<()>();
        let ended = Arc::new(AtomicUsize::new(0));
        let late = ended.clone();
        group.go(move || {
            // The other has failed by now.
            assert!(next.recv().is_err());
            late.store(1, Ordering::SeqCst);
            Err("second")
        });
        let first = go(move || {
            let inner = Group::new();
            inner.go(|| Err("first"));
            let error = inner.wait();
            drop(failed);
            error
        });
        assert_eq!(first.join().unwrap(), Err("first"));
        assert_eq!(group.wait(), Err("second"));
        assert_eq!(ended.load(Ordering::SeqCst), 1);
        assert_eq!(group.wait(), Ok(()));
        // Both fail, one after the other.
        let serial = Group::with_limit(1);
        serial.go(|| Err(1));
        serial.go(|| Err(2));
        assert_eq!(serial.wait(), Err(1));
    });
}

#[test]
fn a_limit_holds() {
    passes(|| {
        let (group, inside) = (Group::<()>::with_limit(2), Arc::new(AtomicUsize::new(0)));
        for _ in 0..6 {
            let inside = inside.clone();
            group.go(move || {
                assert!(inside.fetch_add(1, Ordering::SeqCst) < 2);
                yield_now();
                inside.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            });
        }
        assert_eq!(group.wait(), Ok(()));
        let (go_on, wait) = chan::unbuffered::<()>();
        for _ in 0..2 {
            let wait = wait.clone();
            assert!(group.try_go(move || wait.recv().map_err(drop).or(Ok(()))));
        }
        assert!(!group.try_go(|| Err(())));
        drop(go_on);
        assert_eq!(group.wait(), Ok(()));
        assert!(group.try_go(|| Err(())));
        assert_eq!(group.wait(), Err(()));
    });
}

#[test]
fn a_panic_fails_the_run_and_gives_its_place_back() {
    everywhere(
        || {
            let group = Group::<()>::with_limit(1);
            group.go(|| panic!("in a group"));
            group.go(|| Ok(()));
            group.wait()
        },
        |outcome| {
            assert_eq!(outcome.result.unwrap(), Ok(()));
            assert_eq!(outcome.panics.len(), 1, "{:?}", outcome.panics);
        },
    );
}
