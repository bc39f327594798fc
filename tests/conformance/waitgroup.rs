//! `WaitGroup`: what `wait` is after, and when an `add` comes too late.

use crate::check::{clean, racy, racy_in_some};
use crate::common::{cell, share};
use deadheat::sync::WaitGroup;
use deadheat::{SharedSlice, go};
use std::sync::Arc;

#[test]
fn done_orders_the_wait_clean() {
    // Each `done` comes before the return of the `wait` that it lets go on.
    clean(|| {
        let slots = SharedSlice::named("slots", vec![0; 3]);
        let group = Arc::new(WaitGroup::new());
        for index in 0..3 {
            group.add(1);
            let (group, slots) = (group.clone(), slots.clone());
            let _ = go(move || {
                slots.set(index, 1);
                group.done();
            });
        }
        group.wait();
        assert_eq!(slots.to_vec(), [1, 1, 1]);
    });
}

#[test]
fn done_orders_the_wait_racy() {
    // What follows `done` is not part of the edge.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let [group, groups] = share(WaitGroup::new());
        group.add(1);
        let g = go(move || {
            groups.done();
            theirs.set(1);
        });
        group.wait();
        let _ = x.get();
        g.join().unwrap();
    });
}

#[test]
fn two_waiters_clean() {
    // The `done` comes before the return of both waits; both only read.
    clean(|| {
        let [x, first, second] = cell("x");
        let [group, group1, group2] = share(WaitGroup::new());
        group.add(1);
        let waiters = [(first, group1), (second, group2)].map(|(x, group)| {
            go(move || {
                group.wait();
                assert_eq!(x.get(), 1);
            })
        });
        x.set(1);
        group.done();
        for waiter in waiters {
            waiter.join().unwrap();
        }
    });
}

#[test]
fn two_waiters_racy() {
    // A return of `wait` comes before nothing: two waiters are unordered with each other.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let [group, groups] = share(WaitGroup::new());
        group.add(1);
        let g = go(move || {
            groups.wait();
            theirs.set(1);
        });
        group.done();
        group.wait();
        x.set(2);
        g.join().unwrap();
    });
}

#[test]
fn two_doers_racy() {
    // One `done` comes before the waits, not before another `done`.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let [group, groups] = share(WaitGroup::new());
        group.add(2);
        let g = go(move || {
            theirs.set(1);
            groups.done();
        });
        group.done();
        let _ = x.get();
        group.wait();
        g.join().unwrap();
    });
}

#[test]
fn two_doers_clean() {
    // The doers wait for each other, having said that they are done.
    clean(|| {
        let [x, x2] = cell("x");
        let [y, y2] = cell("y");
        let [group, groups] = share(WaitGroup::new());
        group.add(2);
        let g = go(move || {
            x2.set(1);
            groups.done();
            groups.wait();
            assert_eq!(y2.get(), 2);
        });
        y.set(2);
        group.done();
        group.wait();
        assert_eq!(x.get(), 1);
        g.join().unwrap();
    });
}

#[test]
fn add_in_the_goroutine_racy() {
    // The `add` finds the counter at zero and is unordered with the `wait`.
    racy(&["WaitGroup"], || {
        let [group, groups] = share(WaitGroup::new());
        let g = go(move || {
            groups.add(1);
            groups.done();
        });
        group.wait();
        g.join().unwrap();
    });
}

#[test]
fn add_in_the_goroutine_clean() {
    // It is in the goroutines, but their ends are joined before the `wait`. Two adds that
    // both may find zero do not race with each other.
    clean(|| {
        let [group, group1, group2] = share(WaitGroup::new());
        let adders = [group1, group2].map(|group| {
            go(move || {
                group.add(1);
                let _ = go(move || group.done());
            })
        });
        for adder in adders {
            adder.join().unwrap();
        }
        group.wait();
    });
}

#[test]
fn wait_that_may_come_too_early_racy_in_some() {
    // The group is raced on in every schedule. The value is too where `wait` came before the
    // misplaced `add` and so was not after `done`.
    racy_in_some(&["WaitGroup", "x"], || {
        let [x, theirs] = cell("x");
        let [group, groups] = share(WaitGroup::new());
        let g = go(move || {
            groups.add(1);
            theirs.set(1);
            groups.done();
        });
        group.wait();
        let _ = x.get();
        g.join().unwrap();
    });
}

#[test]
fn wait_that_may_come_too_early_clean() {
    // The `add` comes before the go statement, and so before the `wait`.
    clean(|| {
        let [x, theirs] = cell("x");
        let [group, groups] = share(WaitGroup::new());
        group.add(1);
        let _ = go(move || {
            theirs.set(1);
            groups.done();
        });
        group.wait();
        assert_eq!(x.get(), 1);
    });
}

#[test]
fn add_while_something_is_to_be_done_clean() {
    // The `add` finds the counter above zero: it needs no order with the `wait`.
    clean(|| {
        let [x, theirs] = cell("x");
        let [group, groups] = share(WaitGroup::new());
        group.add(1);
        let _ = go(move || {
            groups.add(1);
            let more = groups.clone();
            let _ = go(move || {
                theirs.set(1);
                more.done();
            });
            groups.done();
        });
        group.wait();
        assert_eq!(x.get(), 1);
    });
}

#[test]
fn add_while_something_is_to_be_done_racy() {
    // Done first, the `add` finds zero, unordered with the `wait`.
    racy(&["WaitGroup"], || {
        let [group, groups] = share(WaitGroup::new());
        group.add(1);
        let g = go(move || {
            groups.done();
            groups.add(1);
            groups.done();
        });
        group.wait();
        g.join().unwrap();
    });
}

#[test]
fn reuse_after_the_wait_clean() {
    // The second round's `add` is after the return of the first round's only `wait`.
    clean(|| {
        let [x] = cell("x");
        let group = Arc::new(WaitGroup::new());
        for round in 0..2 {
            group.add(1);
            let (theirs, groups) = (x.clone(), group.clone());
            let _ = go(move || {
                theirs.update(|n| *n += 1);
                groups.done();
            });
            group.wait();
            assert_eq!(x.get(), round + 1);
        }
    });
}

#[test]
fn reuse_before_every_wait_has_returned_racy() {
    // One waiter's return lets it add again, unordered with the other's `wait`.
    racy(&["WaitGroup"], || {
        let [group, waits, does] = share(WaitGroup::new());
        group.add(1);
        let waiter = go(move || waits.wait());
        let doer = go(move || does.done());
        group.wait();
        group.add(1);
        group.done();
        waiter.join().unwrap();
        doer.join().unwrap();
    });
}

#[test]
fn reuse_after_every_wait_has_returned_clean() {
    // The other waiter is joined before the second round.
    clean(|| {
        let [group, waits, does] = share(WaitGroup::new());
        group.add(1);
        let waiter = go(move || waits.wait());
        let doer = go(move || does.done());
        group.wait();
        waiter.join().unwrap();
        group.add(1);
        group.done();
        doer.join().unwrap();
    });
}

#[test]
fn worker_that_is_not_counted_racy() {
    // The `wait` returns after the counted one; nothing comes from the other.
    racy(&["y"], || {
        let [x, theirs] = cell("x");
        let [y, others] = cell("y");
        let [group, groups] = share(WaitGroup::new());
        group.add(1);
        let counted = go(move || {
            theirs.set(1);
            groups.done();
        });
        let uncounted = go(move || others.set(1));
        group.wait();
        let _ = (x.get(), y.get());
        counted.join().unwrap();
        uncounted.join().unwrap();
    });
}

#[test]
fn worker_that_is_not_counted_clean() {
    // It ends before the counted one, who joins it, is done.
    clean(|| {
        let [x, theirs] = cell("x");
        let [y, others] = cell("y");
        let [group, groups] = share(WaitGroup::new());
        group.add(1);
        let _ = go(move || {
            let uncounted = go(move || others.set(1));
            theirs.set(1);
            uncounted.join().unwrap();
            groups.done();
        });
        group.wait();
        assert_eq!((x.get(), y.get()), (1, 1));
    });
}

#[test]
fn wait_for_nothing_racy() {
    // Nothing was ever added: the `wait` returns at once and is after nothing.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let group = WaitGroup::new();
        let g = go(move || theirs.set(1));
        group.wait();
        let _ = x.get();
        g.join().unwrap();
    });
}

/// Calls its function when it is dropped, as Go's `defer`.
struct Defer<F: FnMut()>(F);

impl<F: FnMut()> Drop for Defer<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn deferred_done_clean() {
    // Destructors run last first: the write, then `done`.
    clean(|| {
        let [x, theirs] = cell("x");
        let [group, groups] = share(WaitGroup::new());
        group.add(1);
        let _ = go(move || {
            let _done = Defer(|| groups.done());
            let _write = Defer(|| theirs.set(1));
        });
        group.wait();
        assert_eq!(x.get(), 1);
    });
}

#[test]
fn deferred_done_racy() {
    // The other way round, the write comes after `done`.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let [group, groups] = share(WaitGroup::new());
        group.add(1);
        let g = go(move || {
            let _write = Defer(|| theirs.set(1));
            let _done = Defer(|| groups.done());
        });
        group.wait();
        let _ = x.get();
        g.join().unwrap();
    });
}

#[test]
fn done_while_a_panic_unwinds_clean() {
    // A `done` in a destructor is one like any other.
    clean(|| {
        let [x, theirs] = cell("x");
        let [group, groups] = share(WaitGroup::new());
        group.add(1);
        let g = go(move || {
            let _done = Defer(|| groups.done());
            theirs.set(1);
            panic!("on purpose");
        });
        group.wait();
        assert_eq!(x.get(), 1);
        assert!(g.join().is_err());
    });
}

#[test]
fn done_while_a_panic_unwinds_racy() {
    // The destructors that run after `done`'s are unordered with what follows the `wait`.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let [group, groups] = share(WaitGroup::new());
        group.add(1);
        let g = go(move || {
            let _recover = Defer(|| theirs.set(1));
            let _done = Defer(|| groups.done());
            panic!("on purpose");
        });
        group.wait();
        let _ = x.get();
        assert!(g.join().is_err());
    });
}
