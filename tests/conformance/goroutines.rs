//! Goroutines: start, end and join, and what passes through several of them.

use crate::check::{clean, racy};
use crate::common::{cell, share, until};
use deadheat::sync::WaitGroup;
use deadheat::time::sleep;
use deadheat::{SharedSlice, chan, go, yield_now};
use std::time::Duration;

#[test]
fn start_clean() {
    // The go statement comes before the goroutine's first step.
    clean(|| {
        let [x, theirs] = cell("x");
        x.set(1);
        let g = go(move || assert_eq!(theirs.get(), 1));
        g.join().unwrap();
    });
}

#[test]
fn start_racy() {
    // What follows the go statement is not before the goroutine's first step.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let g = go(move || {
            let _ = theirs.get();
        });
        x.set(1);
        g.join().unwrap();
    });
}

#[test]
fn end_seen_by_is_finished_racy() {
    // A goroutine's end comes before nothing, be it known that it has ended.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let g = go(move || theirs.set(1));
        until(|| g.is_finished());
        let _ = x.get();
        g.join().unwrap();
    });
}

#[test]
fn end_seen_by_is_finished_clean() {
    // Everything that a goroutine did comes before the return of `join`.
    clean(|| {
        let [x, theirs] = cell("x");
        let g = go(move || theirs.set(1));
        until(|| g.is_finished());
        g.join().unwrap();
        assert_eq!(x.get(), 1);
    });
}

#[test]
fn end_after_which_another_starts_racy() {
    // The second goroutine starts when the first is known to have ended: no edge either.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let first = go(move || theirs.set(1));
        until(|| first.is_finished());
        let second = go(move || x.set(2));
        second.join().unwrap();
        first.join().unwrap();
    });
}

#[test]
fn end_after_which_another_starts_clean() {
    // The join comes before the second go statement.
    clean(|| {
        let [x, theirs] = cell("x");
        let first = go(move || theirs.set(1));
        first.join().unwrap();
        let second = go(move || x.set(2));
        second.join().unwrap();
    });
}

#[test]
fn sleep_racy() {
    // Time orders nothing.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let g = go(move || theirs.set(1));
        sleep(Duration::from_millis(2));
        let _ = x.get();
        g.join().unwrap();
    });
}

#[test]
fn sleep_clean() {
    // It undoes no order either: the writer sleeps, the reader joins it.
    clean(|| {
        let [x, theirs] = cell("x");
        let g = go(move || {
            sleep(Duration::from_millis(2));
            theirs.set(1);
        });
        g.join().unwrap();
        assert_eq!(x.get(), 1);
    });
}

#[test]
fn yield_racy() {
    // `yield_now` orders nothing.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let g = go(move || {
            theirs.set(1);
            yield_now();
        });
        yield_now();
        x.set(2);
        g.join().unwrap();
    });
}

#[test]
fn yield_clean() {
    // Two goroutines that yield as they like, each with a cell of its own until the join.
    clean(|| {
        let [x, theirs] = cell("x");
        let [y] = cell("y");
        let g = go(move || {
            theirs.set(1);
            yield_now();
            theirs.set(2);
        });
        y.set(1);
        yield_now();
        y.set(2);
        g.join().unwrap();
        assert_eq!(x.get(), y.get());
    });
}

#[test]
fn panic_joined_clean() {
    // The join of a goroutine that panicked is an edge, too.
    clean(|| {
        let [x, theirs] = cell("x");
        let g = go(move || {
            theirs.set(1);
            panic!("on purpose");
        });
        assert!(g.join().is_err());
        assert_eq!(x.get(), 1);
    });
}

#[test]
fn panic_joined_racy() {
    // Until it is joined, nothing is after it.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let g = go(move || {
            theirs.set(1);
            panic!("on purpose");
        });
        let _ = x.get();
        assert!(g.join().is_err());
    });
}

#[test]
fn siblings_racy() {
    // Both starts are after the go statements' goroutine, neither before the other.
    racy(&["x"], || {
        let cells: [_; 2] = cell("x");
        let siblings = cells.map(|x| go(move || x.update(|n| *n += 1)));
        for sibling in siblings {
            sibling.join().unwrap();
        }
    });
}

#[test]
fn siblings_clean() {
    // Two reads do not conflict.
    clean(|| {
        let [x, first, second] = cell("x");
        x.set(1);
        let siblings = [first, second].map(|x| go(move || x.get()));
        for sibling in siblings {
            assert_eq!(sibling.join().unwrap(), 1);
        }
    });
}

#[test]
fn grandchild_start_clean() {
    // Starts compose: two go statements lie between the write and the read.
    clean(|| {
        let [x, theirs] = cell("x");
        x.set(1);
        let child = go(move || {
            let grandchild = go(move || theirs.get());
            grandchild.join().unwrap()
        });
        assert_eq!(child.join().unwrap(), 1);
    });
}

#[test]
fn grandchild_start_racy() {
    // The child's write follows the go statement of the grandchild.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let child = go(move || {
            let grandchild = go(move || theirs.get());
            x.set(1);
            grandchild.join().unwrap()
        });
        let _ = child.join().unwrap();
    });
}

#[test]
fn grandchild_end_racy() {
    // The child's end is joined; the grandchild's, which the child did not wait for, is not.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let child = go(move || go(move || theirs.set(1)));
        let grandchild = child.join().unwrap();
        let _ = x.get();
        grandchild.join().unwrap();
    });
}

#[test]
fn grandchild_end_clean() {
    // The child passes the handle on and the parent joins the grandchild itself.
    clean(|| {
        let [x, theirs] = cell("x");
        let child = go(move || go(move || theirs.set(1)));
        let grandchild = child.join().unwrap();
        grandchild.join().unwrap();
        assert_eq!(x.get(), 1);
    });
}

#[test]
fn joined_by_another_racy() {
    // The join orders the joiner, nobody else.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let writer = go(move || theirs.set(1));
        let joiner = go(move || writer.join().unwrap());
        let _ = x.get();
        joiner.join().unwrap();
    });
}

#[test]
fn joined_by_another_clean() {
    // The joiner is joined in turn.
    clean(|| {
        let [x, theirs] = cell("x");
        let writer = go(move || theirs.set(1));
        let joiner = go(move || writer.join().unwrap());
        joiner.join().unwrap();
        assert_eq!(x.get(), 1);
    });
}

#[test]
fn all_but_one_joined_racy() {
    // The elements of the goroutines that were joined are ordered; the last one's is not.
    racy(&["slots"], || {
        let slots = SharedSlice::named("slots", vec![0; 3]);
        let mut writers: Vec<_> = (0..3)
            .map(|index| {
                let slots = slots.clone();
                go(move || slots.set(index, 1))
            })
            .collect();
        let last = writers.pop().unwrap();
        for writer in writers {
            writer.join().unwrap();
        }
        let _ = slots.to_vec();
        last.join().unwrap();
    });
}

#[test]
fn all_but_one_joined_clean() {
    // Only elements whose writers were joined are looked at.
    clean(|| {
        let slots = SharedSlice::named("slots", vec![0; 3]);
        let mut writers: Vec<_> = (0..3)
            .map(|index| {
                let slots = slots.clone();
                go(move || slots.set(index, 1))
            })
            .collect();
        let last = writers.pop().unwrap();
        for writer in writers {
            writer.join().unwrap();
        }
        assert_eq!(slots.slice(..2).to_vec(), [1, 1]);
        last.join().unwrap();
    });
}

#[test]
fn transitivity_over_three_goroutines_clean() {
    // The send is before the receive, `done` after it, and `wait` after `done`.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        let [group, groups] = share(WaitGroup::new());
        group.add(1);
        let writer = go(move || {
            theirs.set(1);
            tx.send(()).unwrap();
        });
        let middle = go(move || {
            rx.recv().unwrap();
            groups.done();
        });
        group.wait();
        assert_eq!(x.get(), 1);
        writer.join().unwrap();
        middle.join().unwrap();
    });
}

#[test]
fn transitivity_over_three_goroutines_racy() {
    // The middle one is done before it receives: the two edges do not meet.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        let [group, groups] = share(WaitGroup::new());
        group.add(1);
        let writer = go(move || {
            theirs.set(1);
            tx.send(()).unwrap();
        });
        let middle = go(move || {
            groups.done();
            rx.recv().unwrap();
        });
        group.wait();
        let _ = x.get();
        writer.join().unwrap();
        middle.join().unwrap();
    });
}

#[test]
fn leaked_while_blocked_racy() {
    // It waits for itself for ever; what it did after the send is before nothing.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered::<()>();
        let (told, tell) = chan::bounded(1);
        let _ = go(move || {
            told.send(()).unwrap();
            theirs.set(1);
            let _ = rx.recv();
            drop(tx);
        });
        tell.recv().unwrap();
        let _ = x.get();
    });
}

#[test]
fn leaked_while_blocked_clean() {
    // What it did before a send is before the receive, however it ends, or does not.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered::<()>();
        let (told, tell) = chan::bounded(1);
        let _ = go(move || {
            theirs.set(1);
            told.send(()).unwrap();
            let _ = rx.recv();
            drop(tx);
        });
        tell.recv().unwrap();
        assert_eq!(x.get(), 1);
    });
}
