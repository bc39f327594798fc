//! `Context`: what comes before those who see it cancelled.

use crate::check::{clean, racy};
use crate::common::{cell, share, until};
use crate::steps::Steps;
use deadheat::context::Context;
use deadheat::sync::Group;
use deadheat::{chan, go};
use std::time::Duration;

const SHORT: Duration = Duration::from_micros(20);

#[test]
fn cancel_before_done_clean() {
    clean(|| {
        let [x, theirs] = cell("x");
        let (context, canceller) = Context::background().with_cancel();
        let g = go(move || {
            assert!(context.done().recv().is_err());
            assert_eq!(theirs.get(), 1);
        });
        x.set(1);
        canceller.cancel();
        g.join().unwrap();
    });
}

#[test]
fn what_follows_the_cancel_racy() {
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (context, canceller) = Context::background().with_cancel();
        let g = go(move || {
            assert!(context.done().recv().is_err());
            theirs.set(1);
        });
        canceller.cancel();
        x.set(2);
        g.join().unwrap();
    });
}

#[test]
fn cancel_before_the_done_of_a_child_clean() {
    clean(|| {
        let [x, theirs] = cell("x");
        let (parent, canceller) = Context::background().with_cancel();
        let (child, _canceller) = parent.with_value(1).with_cancel();
        let g = go(move || {
            assert!(child.done().recv().is_err());
            assert_eq!(theirs.get(), 1);
        });
        x.set(1);
        canceller.cancel();
        g.join().unwrap();
    });
}

#[test]
fn the_error_clean() {
    // Whoever sees it is after the cancelling.
    clean(|| {
        let [x, theirs] = cell("x");
        let (context, canceller) = Context::background().with_cancel();
        let g = go(move || {
            until(|| context.err().is_some());
            assert_eq!(theirs.get(), 1);
        });
        x.set(1);
        canceller.cancel();
        g.join().unwrap();
    });
}

#[test]
fn no_error_racy() {
    // Not cancelled: both asked, and nothing is ordered.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (context, canceller) = Context::background().with_cancel();
        let [steps, reached] = share(Steps::new());
        let same = context.clone();
        let g = go(move || {
            theirs.set(1);
            assert!(same.err().is_none());
            reached.reach(1);
        });
        steps.wait(1);
        assert!(context.err().is_none());
        x.set(2);
        drop(canceller);
        g.join().unwrap();
    });
}

#[test]
fn a_second_cancel_racy() {
    // The context was cancelled already: it does nothing.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (context, canceller) = Context::background().with_cancel();
        canceller.cancel();
        let [steps, reached] = share(Steps::new());
        let g = go(move || {
            theirs.set(1);
            canceller.cancel();
            reached.reach(1);
        });
        steps.wait(1);
        assert!(context.done().recv().is_err() && context.err().is_some());
        x.set(2);
        g.join().unwrap();
    });
}

#[test]
fn a_child_made_too_late_clean() {
    // Made of a cancelled parent, it is after the cancelling, and so are those who see it.
    clean(|| {
        let [x, theirs] = cell("x");
        let (parent, canceller) = Context::background().with_cancel();
        let [steps, reached] = share(Steps::new());
        let g = go(move || {
            reached.wait(1);
            let (child, _canceller) = parent.with_cancel();
            assert!(child.done().recv().is_err());
            assert_eq!(theirs.get(), 1);
        });
        x.set(1);
        canceller.cancel();
        steps.reach(1);
        g.join().unwrap();
    });
}

#[test]
fn time_is_up_clean() {
    // What came before the context was made is before its end.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered();
        let (parent, canceller) = Context::background().with_cancel();
        let g = go(move || {
            theirs.set(1);
            let (child, canceller) = parent.with_timeout(SHORT);
            // The cancelling of the timer's goroutine, seen by one that was not told of the child.
            let _told = child.after_func(move || tx.send(()).unwrap());
            assert!(child.done().recv().is_err());
            drop(canceller);
        });
        rx.recv().unwrap();
        x.set(2);
        drop(canceller);
        g.join().unwrap();
    });
}

#[test]
fn time_is_up_racy() {
    // The passing of time orders nothing that came after the context was made.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (context, _canceller) = Context::background().with_timeout(SHORT);
        let [steps, reached] = share(Steps::new());
        let g = go(move || {
            theirs.set(1);
            reached.reach(1);
        });
        steps.wait(1);
        assert!(context.done().recv().is_err());
        x.set(2);
        g.join().unwrap();
    });
}

#[test]
fn what_is_done_on_cancelling_clean() {
    // It is after the cancelling, and after its own setting, which are by different goroutines.
    clean(|| {
        let [set, its_set] = cell("set");
        let [cancelled, its_cancelled] = cell("cancelled");
        let (tx, rx) = chan::unbuffered();
        let (context, canceller) = Context::background().with_cancel();
        let [steps, reached] = share(Steps::new());
        let g = go(move || {
            set.set(1);
            let kept = context.after_func(move || {
                assert_eq!((its_set.get(), its_cancelled.get()), (1, 1));
                tx.send(()).unwrap();
            });
            reached.reach(1);
            kept
        });
        steps.wait(1);
        cancelled.set(1);
        canceller.cancel();
        rx.recv().unwrap();
        drop(g.join().unwrap());
    });
}

#[test]
fn who_cancels_is_not_told_racy() {
    // The canceller is not after the setting of what it starts.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (context, canceller) = Context::background().with_cancel();
        let [steps, reached] = share(Steps::new());
        let g = go(move || {
            theirs.set(1);
            let kept = context.after_func(|| {});
            reached.reach(1);
            kept
        });
        steps.wait(1);
        canceller.cancel();
        x.set(2);
        drop(g.join().unwrap());
    });
}

#[test]
fn a_failure_of_a_group_clean() {
    // What the one did that failed is before the others' giving up.
    clean(|| {
        let [x, theirs] = cell("x");
        let (group, context) = Group::with_context(&Context::background());
        group.go(move || {
            assert!(context.done().recv().is_err());
            assert_eq!(theirs.get(), 1);
            Ok(())
        });
        group.go(move || {
            x.set(1);
            Err("failed")
        });
        assert_eq!(group.wait(), Err("failed"));
    });
}

#[test]
fn a_group_without_a_failure_racy() {
    racy(&["x"], || {
        let cells: [_; 2] = cell("x");
        let (group, _context) = Group::<()>::with_context(&Context::background());
        for x in cells {
            group.go(move || {
                x.set(1);
                Ok(())
            });
        }
        assert_eq!(group.wait(), Ok(()));
    });
}
