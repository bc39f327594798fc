//! `Group` and `WaitGroup::go`: who comes after whom.

use crate::check::{clean, racy};
use crate::common::cell;
use deadheat::sync::{Group, WaitGroup};
use std::sync::Arc;

#[test]
fn the_wait_comes_after_all_clean() {
    clean(|| {
        let [x, theirs] = cell("x");
        let group = Group::new();
        x.set(1);
        group.go(move || {
            theirs.update(|n| *n += 1);
            Err("an error is an end too")
        });
        assert!(group.wait().is_err());
        assert_eq!(x.get(), 2);
    });
}

#[test]
fn before_the_wait_racy() {
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let group = Group::<()>::new();
        group.go(move || {
            theirs.set(1);
            Ok(())
        });
        x.set(2);
        group.wait().unwrap();
    });
}

/// Two goroutines in `group` that write the same cell.
fn two_in(group: &Group<()>) {
    for x in cell::<2>("x") {
        group.go(move || {
            x.set(1);
            Ok(())
        });
    }
    group.wait().unwrap();
}

#[test]
fn a_limit_of_one_clean() {
    // The end of the first lets the second start.
    clean(|| two_in(&Group::with_limit(1)));
}

#[test]
fn a_limit_of_one_racy() {
    // It orders the group's goroutines, not who starts them.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let group = Group::<()>::with_limit(1);
        group.go(|| Ok(()));
        group.go(move || {
            theirs.set(1);
            Ok(())
        });
        x.set(2);
        group.wait().unwrap();
    });
}

#[test]
fn no_limit_racy() {
    racy(&["x"], || two_in(&Group::new()));
}

#[test]
fn an_attempt_at_the_limit_racy() {
    // The attempt fails, and orders nothing.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let group = Group::<()>::with_limit(1);
        let (tx, rx) = deadheat::chan::unbuffered::<()>();
        group.go(move || {
            theirs.set(1);
            assert!(rx.recv().is_err());
            Ok(())
        });
        assert!(!group.try_go(|| Ok(())));
        x.set(2);
        drop(tx);
        group.wait().unwrap();
    });
}

#[test]
fn a_wait_group_that_starts_clean() {
    clean(|| {
        let [x, theirs] = cell("x");
        let group = Arc::new(WaitGroup::new());
        x.set(1);
        group.go(move || theirs.update(|n| *n += 1));
        group.wait();
        assert_eq!(x.get(), 2);
    });
}

#[test]
fn a_wait_group_that_starts_racy() {
    racy(&["x"], || {
        let group = Arc::new(WaitGroup::new());
        for x in cell::<2>("x") {
            group.go(move || x.set(1));
        }
        group.wait();
    });
}
