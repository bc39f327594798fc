//! `Semaphore`: what an acquire is after.

use crate::check::{clean, racy};
use crate::common::{cell, share, until};
use crate::steps::{Steps, together};
use deadheat::sync::Semaphore;
use deadheat::{Shared, go};

#[test]
fn one_place_excludes_clean() {
    // Each release comes before the next acquire.
    clean(|| {
        let work: fn(&(Semaphore, Shared<i32>)) = |(semaphore, x)| {
            let _place = semaphore.acquire(1);
            x.update(|n| *n += 1);
        };
        together((Semaphore::new(1), Shared::named("x", 0)), [work, work]);
    });
}

#[test]
fn two_places_racy() {
    // Both hold at once: neither releases before the other has acquired and written.
    racy(&["x"], || {
        type State = (Semaphore, Shared<i32>, Steps, Steps);
        let first: fn(&State) = |(semaphore, x, first, second)| {
            let _place = semaphore.acquire(1);
            x.set(1);
            first.reach(1);
            second.wait(1);
        };
        let second: fn(&State) = |(semaphore, x, first, second)| {
            let _place = semaphore.acquire(1);
            x.set(2);
            second.reach(1);
            first.wait(1);
        };
        let state = (
            Semaphore::new(2),
            Shared::named("x", 0),
            Steps::new(),
            Steps::new(),
        );
        together(state, [first, second]);
    });
}

#[test]
fn a_writer_that_takes_every_place_clean() {
    // It gets both places only after the reader's release.
    clean(|| {
        let [x, theirs] = cell("x");
        let [semaphore, its] = share(Semaphore::new(2));
        its.acquire(1).forget();
        let reader = go(move || {
            let _ = theirs.get();
            its.release(1);
        });
        let guard = semaphore.acquire(2);
        x.set(1);
        drop(guard);
        reader.join().unwrap();
    });
}

#[test]
fn a_writer_that_takes_one_place_racy() {
    // One place is free, and is had without the reader's release.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let [semaphore, its] = share(Semaphore::new(2));
        its.acquire(1).forget();
        let [steps, reached] = share(Steps::new());
        let reader = go(move || {
            let _ = theirs.get();
            reached.wait(1);
            its.release(1);
        });
        let guard = semaphore.acquire(1);
        x.set(1);
        drop(guard);
        steps.reach(1);
        reader.join().unwrap();
    });
}

#[test]
fn what_follows_the_release_racy() {
    // The write is not before the next acquire.
    racy(&["x"], || {
        let work: fn(&(Semaphore, Shared<i32>)) = |(semaphore, x)| {
            drop(semaphore.acquire(1));
            x.set(1);
        };
        together((Semaphore::new(1), Shared::named("x", 0)), [work, work]);
    });
}

#[test]
fn a_failed_attempt_racy() {
    // It orders nothing, though a release came before it.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let [semaphore, its] = share(Semaphore::new(2));
        let [steps, reached] = share(Steps::new());
        semaphore.acquire(2).forget();
        let g = go(move || {
            reached.wait(1);
            assert!(its.try_acquire(2).is_none());
            theirs.set(1);
        });
        x.set(2);
        semaphore.release(1);
        steps.reach(1);
        g.join().unwrap();
    });
}

#[test]
fn an_attempt_that_succeeds_clean() {
    // It is after the release that made it possible.
    clean(|| {
        let [x, theirs] = cell("x");
        let [semaphore, its] = share(Semaphore::new(1));
        semaphore.acquire(1).forget();
        let g = go(move || {
            until(|| its.try_acquire(1).is_some());
            theirs.set(1);
        });
        x.set(2);
        semaphore.release(1);
        g.join().unwrap();
    });
}

#[test]
fn a_release_after_the_places_were_given_racy() {
    // The first release gives the waiter its place; the second, which may come before the
    // waiter goes on, is not before its acquire.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let [semaphore, its] = share(Semaphore::new(2));
        let [steps, reached] = share(Steps::new());
        semaphore.acquire(2).forget();
        let g = go(move || {
            reached.reach(1);
            its.acquire(1).forget();
            theirs.set(1);
        });
        steps.wait(1);
        // The waiter waits, or comes soon: it takes the one place that is free.
        semaphore.release(1);
        until(|| semaphore.available() == 0);
        x.set(2);
        semaphore.release(1);
        g.join().unwrap();
    });
}
