//! `OnceCell` and `once_value`: who comes after the making.

use crate::check::{clean, racy};
use crate::common::{cell, until};
use crate::steps::{Steps, together};
use deadheat::sync::{OnceCell, once_value};
use deadheat::{Shared, go};
use std::sync::Arc;

type State = (Shared<i32>, OnceCell<u8>, Steps);

fn state() -> State {
    (Shared::named("value", 0), OnceCell::new(), Steps::new())
}

fn make((value, cell, _): &State) {
    cell.get_or_init(|| {
        value.set(1);
        1
    });
}

#[test]
fn making_comes_before_every_use_clean() {
    clean(|| {
        let use_it: fn(&State) = |state| {
            make(state);
            assert_eq!(state.0.get(), 1);
        };
        together(state(), [use_it, use_it, use_it]);
    });
}

#[test]
fn a_get_that_finds_the_value_clean() {
    clean(|| {
        together(
            state(),
            [make, |(value, cell, _)| {
                until(|| cell.get().is_some());
                assert_eq!(value.get(), 1);
            }],
        );
    });
}

#[test]
fn a_get_that_finds_nothing_racy() {
    racy(&["value"], || {
        together(
            state(),
            [
                |(value, cell, steps)| {
                    assert_eq!(cell.get(), None);
                    let _ = value.get();
                    steps.reach(1);
                },
                |state| {
                    state.2.wait(1);
                    make(state);
                },
            ],
        );
    });
}

#[test]
fn a_set_that_fails_clean() {
    clean(|| {
        together(
            state(),
            [
                |state| {
                    make(state);
                    state.2.reach(1);
                },
                |(value, cell, steps)| {
                    steps.wait(1);
                    assert_eq!(cell.set(2), Err(2));
                    assert_eq!(value.get(), 1);
                },
            ],
        );
    });
}

#[test]
fn what_follows_the_making_racy() {
    racy(&["value"], || {
        let use_it: fn(&State) = |(value, cell, _)| {
            cell.get_or_init(|| 1);
            value.update(|n| *n += 1);
        };
        together(state(), [use_it, use_it]);
    });
}

/// Two who call a function that computes once, and then read what the computation wrote.
fn computed_once() {
    let [x, writes, reads] = cell("x");
    let value = Arc::new(once_value(move || {
        writes.set(1);
        1
    }));
    let other = value.clone();
    let g = go(move || {
        assert_eq!(other(), 1);
        let _ = reads.get();
    });
    value();
    let _ = x.get();
    g.join().unwrap();
}

#[test]
fn a_value_computed_once_clean() {
    clean(computed_once);
}

#[test]
fn a_look_before_the_computation_racy() {
    racy(&["x"], || {
        let [writes, reads] = cell("x");
        let value = once_value(move || {
            writes.set(1);
            1
        });
        let g = go(move || {
            let _ = reads.get();
        });
        value();
        g.join().unwrap();
    });
}
