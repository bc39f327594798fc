//! Doing something once: who comes after it.

use crate::check::{clean, racy, racy_in_some};
use crate::common::until;
use crate::steps::{Steps, together};
use deadheat::atomic::{AtomicBool, Ordering};
use deadheat::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

type State = (Shared<i32>, Once, Steps);

fn state() -> State {
    (Shared::named("value", 0), Once::new(), Steps::new())
}

#[test]
fn completion_comes_before_the_return_of_every_call() {
    // The one call of f comes before the return of any call, whoever made it.
    clean(|| {
        let use_it: fn(&State) = |(value, once, _)| {
            once.call(|| value.set(1));
            assert_eq!(value.get(), 1);
            once.call(|| unreachable!("called once before"));
        };
        together(state(), [use_it, use_it, use_it]);
    });
}

#[test]
fn read_without_the_once() {
    // Without a call there is no return for the completion to come before.
    racy(&["value"], || {
        together(
            state(),
            [
                |(value, once, _)| once.call(|| value.set(1)),
                |(value, _, _)| assert!(value.get() < 2),
            ],
        );
    });
}

#[test]
fn is_completed_orders_nothing() {
    // It tells that f has completed, but is no call.
    racy(&["value"], || {
        together(
            state(),
            [
                |(value, once, _)| once.call(|| value.set(1)),
                |(value, once, _)| {
                    until(|| once.is_completed());
                    let _ = value.get();
                },
            ],
        );
    });
}

#[test]
fn a_call_after_is_completed_orders() {
    // A call returns at once where f has completed, and is ordered after it all the same.
    clean(|| {
        together(
            state(),
            [
                |(value, once, _)| once.call(|| value.set(1)),
                |(value, once, _)| {
                    until(|| once.is_completed());
                    once.call(|| unreachable!("completed"));
                    assert_eq!(value.get(), 1);
                },
            ],
        );
    });
}

#[test]
fn double_checked_locking_by_a_plain_flag() {
    // The unlocked look at the flag races with its setting in every schedule; the value is
    // raced on only where the flag is seen set without the lock.
    racy_in_some(&["ready", "value"], || {
        type Lazy = (Shared<i32>, Shared<bool>, Mutex<()>);
        let get: fn(&Lazy) = |(value, ready, lock)| {
            if !ready.get() {
                let _guard = lock.lock();
                if !ready.get() {
                    value.set(1);
                    ready.set(true);
                }
            }
            assert_eq!(value.get(), 1);
        };
        let value = Shared::named("value", 0);
        let lazy = (value, Shared::named("ready", false), Mutex::new(()));
        together(lazy, [get, get]);
    });
}

#[test]
fn double_checked_locking_always_races_on_its_plain_flag() {
    // The setter's write is unordered with the other's unlocked look, early or late.
    racy(&["ready"], || {
        let get: fn(&_) = |(ready, lock): &(Shared<bool>, Mutex<()>)| {
            if !ready.get() {
                let _guard = lock.lock();
                if !ready.get() {
                    ready.set(true);
                }
            }
        };
        together((Shared::named("ready", false), Mutex::new(())), [get, get]);
    });
}

#[test]
fn double_checked_locking_by_an_atomic_flag() {
    // Who sees the flag set by an acquire load comes after the release store, and the value.
    clean(|| {
        type Lazy = (Shared<i32>, AtomicBool, Mutex<()>);
        let get: fn(&Lazy) = |(value, ready, lock)| {
            if !ready.load(Ordering::Acquire) {
                let _guard = lock.lock();
                if !ready.load(Ordering::Relaxed) {
                    value.set(1);
                    ready.store(true, Ordering::Release);
                }
            }
            assert_eq!(value.get(), 1);
        };
        let value = Shared::named("value", 0);
        together(
            (value, AtomicBool::new(false), Mutex::new(())),
            [get, get, get],
        );
    });
}

#[test]
fn what_follows_the_call_is_not_part_of_it() {
    // Only what f did comes before the others' return.
    racy(&["value"], || {
        let use_it: fn(&State) = |(value, once, _)| {
            once.call(|| ());
            value.update(|n| *n += 1);
        };
        together(state(), [use_it, use_it]);
    });
}

#[test]
fn a_write_before_the_call_of_f_is_ordered_with_it() {
    // The caller whose f runs is forced to be the writer.
    clean(|| {
        together(
            state(),
            [
                |(value, once, steps)| {
                    value.set(1);
                    once.call(|| steps.reach(1));
                },
                |(value, once, steps)| {
                    steps.wait(1);
                    once.call(|| unreachable!("the other was first"));
                    assert_eq!(value.get(), 1);
                },
            ],
        );
    });
}

#[test]
fn a_write_before_a_call_that_does_nothing() {
    // A call that does not run f releases nothing: a race where the reader's f is the one.
    racy_in_some(&["value"], || {
        together(
            state(),
            [
                |(value, once, _)| {
                    value.set(1);
                    once.call(|| ());
                },
                |(value, once, _)| {
                    once.call(|| ());
                    let _ = value.get();
                },
            ],
        );
    });
}

#[test]
fn f_that_panics_has_completed() {
    // As in Go, it counts as returned.
    clean(|| {
        together(
            state(),
            [
                |(value, once, steps)| {
                    let call = AssertUnwindSafe(|| {
                        once.call(|| {
                            value.set(1);
                            resume_unwind(Box::new("in f"));
                        });
                    });
                    assert!(catch_unwind(call).is_err());
                    steps.reach(1);
                },
                |(value, once, steps)| {
                    steps.wait(1);
                    once.call(|| unreachable!("done, if badly"));
                    assert_eq!(value.get(), 1);
                },
            ],
        );
    });
}

#[test]
fn two_onces_for_one_value() {
    // Each orders its own callers only.
    racy(&["value"], || {
        together(
            (Shared::named("value", 0), Once::new(), Once::new()),
            [
                |(value, once, _)| once.call(|| value.set(1)),
                |(value, _, once)| once.call(|| value.set(2)),
            ],
        );
    });
}

#[test]
fn a_once_within_a_once() {
    // The inner completion comes before the outer one, so before the return of either call.
    clean(|| {
        type Nested = (Shared<i32>, Once, Once);
        let outside: fn(&Nested) = |(value, outer, inner)| {
            outer.call(|| inner.call(|| value.set(1)));
            assert_eq!(value.get(), 1);
        };
        let inside: fn(&Nested) = |(value, _, inner)| {
            inner.call(|| value.set(1));
            assert_eq!(value.get(), 1);
        };
        let state = (Shared::named("value", 0), Once::new(), Once::new());
        together(state, [outside, inside, outside]);
    });
}
