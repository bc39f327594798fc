//! What is given up, when, and what is told of it.

use crate::{everywhere, passes};
use deadheat_runtime::context::{Context, ContextError};
use deadheat_runtime::sync::Group;
use deadheat_runtime::time::{since_start, sleep};
use deadheat_runtime::{Failure, Run, chan, go, select};
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(3600);

fn is_done(context: &Context) -> bool {
    select! { recv(context.done()) -> closed => closed.is_err(), default => false }
}

#[test]
fn cancelling_reaches_those_below_and_no_others() {
    passes(|| {
        let root = Context::background();
        let (parent, canceller) = root.with_cancel();
        let (child, _child) = parent.with_value(5).with_cancel();
        let (grandchild, _grandchild) = child.with_cancel();
        let (sibling, _sibling) = root.with_cancel();
        let apart = child.without_cancel();
        assert_eq!((child.err(), is_done(&grandchild)), (None, false));
        let waiting = grandchild.clone();
        let waiter = go(move || waiting.done().recv());
        canceller.cancel();
        canceller.clone().cancel();
        assert!(waiter.join().unwrap().is_err());
        for context in [&parent, &child, &grandchild] {
            assert_eq!(context.err(), Some(ContextError::Cancelled));
            assert!(is_done(context));
        }
        for context in [&root, &sibling, &apart] {
            assert!(context.err().is_none() && context.cause().is_none() && !is_done(context));
        }
        assert_eq!(apart.value::<i32>(), Some(&5));
        // Born cancelled.
        let (late, _late) = parent.with_cancel();
        assert!(is_done(&late));
        let (late, _late) = parent.with_timeout(LONG);
        assert_eq!(late.err(), Some(ContextError::Cancelled));
    });
}

#[test]
fn a_child_is_cancelled_alone() {
    passes(|| {
        let (parent, _parent) = Context::background().with_cancel();
        let (child, canceller) = parent.with_cancel();
        canceller.cancel();
        assert!(is_done(&child) && !is_done(&parent));
    });
}

#[test]
fn the_first_cause_stays_and_is_handed_down() {
    passes(|| {
        let (parent, canceller) = Context::background().with_cancel_cause();
        let (child, child_canceller) = parent.with_cancel();
        canceller.cancel("the first");
        canceller.cancel("the second");
        child_canceller.cancel();
        for context in [parent, child] {
            assert_eq!(context.err(), Some(ContextError::Cancelled));
            assert_eq!(context.cause().unwrap().to_string(), "the first");
        }
        let (plain, canceller) = Context::background().with_cancel();
        canceller.cancel();
        assert_eq!(plain.cause().unwrap().to_string(), "context cancelled");
    });
}

#[test]
fn time_is_up() {
    passes(|| {
        let (parent, _parent) = Context::background().with_timeout(SHORT);
        let deadline = parent.deadline().unwrap();
        let (child, _child) = parent.with_timeout(LONG);
        assert_eq!(child.deadline(), Some(deadline));
        assert!(child.done().recv().is_err());
        assert!(since_start().unwrap() >= deadline);
        for context in [&parent, &child] {
            assert_eq!(context.err(), Some(ContextError::DeadlineExceeded));
            let cause = context.cause().unwrap();
            assert_eq!(cause.to_string(), "context deadline exceeded");
        }
        let (past, _past) = Context::background().with_deadline(deadline);
        assert_eq!(past.err(), Some(ContextError::DeadlineExceeded));
        // A deadline before the parent's counts.
        let (long, _long) = Context::background().with_timeout(LONG);
        let (short, _short) = long.with_timeout(SHORT);
        assert!(short.done().recv().is_err());
        assert!(!is_done(&long));
    });
}

#[test]
fn cancelled_before_its_time() {
    passes(|| {
        let (context, canceller) = Context::background().with_timeout(SHORT * 20);
        canceller.cancel();
        let error = context.err();
        assert!(error.is_some());
        sleep(SHORT);
        assert_eq!(context.err(), error);
    });
}

#[test]
fn a_context_with_a_deadline_is_no_deadlock_until_then() {
    everywhere(
        || {
            let (context, _canceller) = Context::background().with_timeout(SHORT);
            assert!(context.done().recv().is_err());
            Context::background().done().recv()
        },
        |outcome| {
            assert!(matches!(outcome.result, Err(Failure::Deadlock(_))));
        },
    );
}

#[test]
fn a_context_that_was_dropped_has_no_deadline() {
    for seed in 0..10 {
        let outcome = Run::new("test").seed(seed).go(|| {
            drop(Context::background().with_timeout(LONG));
            let (_tx, rx) = chan::unbuffered::<()>();
            rx.recv_timeout(SHORT).unwrap_err();
            since_start().unwrap()
        });
        assert!(outcome.result.unwrap() < LONG);
    }
}

#[test]
fn values_are_those_of_the_nearest_parent() {
    #[derive(Debug, PartialEq)]
    struct Name(&'static str);
    let root = Context::background()
        .with_value(Name("root"))
        .with_value(1_u8);
    let child = root.with_value(Name("child"));
    let (grandchild, _canceller) = child.with_cancel();
    assert_eq!(root.value(), Some(&Name("root")));
    assert_eq!(grandchild.value(), Some(&Name("child")));
    assert_eq!(grandchild.value(), Some(&1_u8));
    assert_eq!(grandchild.value::<u16>(), None);
}

#[test]
fn what_is_to_be_done_on_cancelling() {
    passes(|| {
        let (tx, rx) = chan::bounded(3);
        let (context, canceller) = Context::background().with_cancel();
        let send = |n| {
            let tx = tx.clone();
            move || tx.send(n).unwrap()
        };
        let kept = context.after_func(send(1));
        let stopped = context.after_func(send(2));
        assert!(stopped.stop() && !stopped.stop());
        canceller.cancel();
        assert_eq!(rx.recv(), Ok(1));
        assert!(!kept.stop());
        let _late = context.after_func(send(3));
        assert_eq!(rx.recv(), Ok(3));
        assert!(rx.is_empty());
    });
}

#[test]
fn plain_threads_cancel_and_are_told() {
    let (context, canceller) = Context::background().with_cancel();
    let (child, _child) = context.with_cancel();
    let waiter = std::thread::spawn(move || child.done().recv().is_err());
    canceller.cancel();
    assert!(waiter.join().unwrap());
    assert_eq!(context.err(), Some(ContextError::Cancelled));
}

#[test]
fn a_deep_tree_is_cancelled() {
    passes(|| {
        let (root, canceller) = Context::background().with_cancel();
        let mut contexts = vec![root];
        for n in 0..200 {
            contexts.push(contexts[n].with_cancel().0);
        }
        canceller.cancel();
        assert!(contexts.iter().all(is_done));
    });
}

#[test]
fn the_first_error_of_a_group_cancels_its_context() {
    passes(|| {
        let (group, context) = Group::with_context(&Context::background());
        for _ in 0..3 {
            let context = context.clone();
            group.go(move || {
                assert!(context.done().recv().is_err());
                Ok(())
            });
        }
        group.go(|| Err("failed"));
        assert_eq!(group.wait(), Err("failed"));
        assert_eq!(context.err(), Some(ContextError::Cancelled));
        // Without an error, the wait cancels.
        let (group, context) = Group::<()>::with_context_and_limit(&Context::background(), 1);
        let theirs = context.clone();
        group.go(move || theirs.err().map_or(Ok(()), |_| Err(())));
        assert_eq!(group.wait(), Ok(()));
        assert!(is_done(&context));
    });
}
