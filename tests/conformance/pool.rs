//! `Pool`: a `put` comes before the `get` of the same item, and nothing else.

use crate::check::{clean, racy, racy_in_some};
use crate::steps::{Steps, together};
use deadheat::Shared;
use deadheat::sync::Pool;

type State = (Shared<i32>, Pool<i32>, Steps);

/// A pool that makes zeros.
fn state() -> State {
    (Shared::named("x", 0), Pool::new(|| 0), Steps::new())
}

#[test]
fn who_gets_the_item_comes_after_clean() {
    clean(|| {
        together(
            state(),
            [
                |(x, pool, steps)| {
                    x.set(1);
                    pool.put(1);
                    steps.reach(1);
                },
                |(x, pool, steps)| {
                    steps.wait(1);
                    // Under detection a put may keep nothing.
                    if pool.get() == 1 {
                        x.set(2);
                    }
                },
            ],
        );
    });
}

#[test]
fn a_new_item_racy() {
    // The first takes back what it put in; what the second gets is made for it.
    racy(&["x"], || {
        together(
            state(),
            [
                |(x, pool, steps)| {
                    x.set(1);
                    pool.put(1);
                    pool.get();
                    steps.reach(1);
                },
                |(x, pool, steps)| {
                    steps.wait(1);
                    assert_eq!(pool.get(), 0);
                    x.set(2);
                },
            ],
        );
    });
}

#[test]
fn another_item_racy() {
    // Both put one in. Where the third gets the second's, the first's write is not before.
    racy_in_some(&["x"], || {
        together(
            state(),
            [
                |(x, pool, steps)| {
                    x.set(1);
                    pool.put(1);
                    steps.reach(1);
                },
                |(_, pool, steps)| {
                    steps.wait(1);
                    pool.put(2);
                    steps.reach(2);
                },
                |(x, pool, steps)| {
                    steps.wait(2);
                    if pool.get() == 2 {
                        x.set(2);
                    }
                },
            ],
        );
    });
}

#[test]
fn what_follows_the_put_racy() {
    // An item is let go of by putting it in.
    racy(&["x"], || {
        together(
            state(),
            [
                |(x, pool, steps)| {
                    pool.put(1);
                    x.set(1);
                    steps.reach(1);
                },
                |(x, pool, steps)| {
                    steps.wait(1);
                    pool.get();
                    x.set(2);
                },
            ],
        );
    });
}
