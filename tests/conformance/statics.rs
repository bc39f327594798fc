//! Cells in statics, which several runs use at the same time: runs share nothing.

use crate::check::{clean, racy};
use crate::steps::together;
use deadheat::prelude::*;
use std::thread;

static COUNT: Shared<i32> = Shared::named("COUNT", 0);
static ELEMENTS: [Shared<i32>; 2] = [const { Shared::named("ELEMENTS", 0) }; 2];

fn count_under_a_lock() {
    let count: fn(&_) = |lock: &Mutex<()>| {
        let _guard = lock.lock();
        COUNT.set(COUNT.get() + 1);
    };
    together(Mutex::new(()), [count, count]);
}

fn count() {
    together(
        (),
        [
            |()| COUNT.update(|n| *n += 1),
            |()| COUNT.update(|n| *n += 1),
        ],
    );
}

#[test]
fn a_static_cell_under_a_lock() {
    // Unlock → lock, within each run; what other runs do is of no concern to it.
    clean(count_under_a_lock);
}

#[test]
fn a_static_cell_without_a_lock() {
    // Every run has the race anew.
    racy(&["COUNT"], count);
}

#[test]
fn a_static_cell_in_many_runs_at_once() {
    // Neither are accesses of different runs races, nor do runs hide each other's.
    let runs = [0, 1, 2, 3].map(|i| {
        thread::spawn(move || {
            if i % 2 == 0 {
                clean(count_under_a_lock);
            } else {
                racy(&["COUNT"], count);
            }
        })
    });
    for run in runs {
        run.join().unwrap();
    }
}

#[test]
fn an_array_of_static_cells() {
    // Its elements are distinct.
    clean(|| {
        together((), [|()| ELEMENTS[0].set(1), |()| ELEMENTS[1].set(1)]);
    });
}

#[test]
fn one_static_cell_of_an_array() {
    // An index computed wrong.
    racy(&["ELEMENTS"], || {
        together(
            (),
            [
                |()| ELEMENTS[1].set(1),
                |()| {
                    assert!(ELEMENTS[1].get() < 2);
                },
            ],
        );
    });
}

#[test]
fn a_static_lock_in_many_runs_at_once() {
    // A run waits for another's unlock, and is ordered by its own.
    static LOCKED: Shared<i32> = Shared::named("LOCKED", 0);
    static LOCK: Mutex<()> = Mutex::new(());
    let runs = [(); 3].map(|()| {
        thread::spawn(|| {
            clean(|| {
                let count: fn(&()) = |()| {
                    let _guard = LOCK.lock();
                    LOCKED.set(LOCKED.get() + 1);
                };
                together((), [count, count]);
            });
        })
    });
    for run in runs {
        run.join().unwrap();
    }
}
