//! `sync::Map`: a write comes before the reads that see what it did.

use crate::check::{clean, racy};
use crate::steps::{Steps, together};
use deadheat::Shared;
use deadheat::sync::Map;

type State = (Shared<i32>, Map<&'static str, i32>, Steps);

/// A map with a key `old`.
fn state() -> State {
    let map = Map::new();
    map.store("old", 1);
    (Shared::named("x", 0), map, Steps::new())
}

/// Writes, does `write`, and has the other do `read` after that in time, then write.
fn one_after_the_other(write: fn(&Map<&'static str, i32>), read: fn(&Map<&'static str, i32>)) {
    let (x, map, steps) = state();
    together(
        (x, map, steps, write, read),
        [
            |(x, map, steps, write, _)| {
                x.set(1);
                write(map);
                steps.reach(1);
            },
            |(x, map, steps, _, read)| {
                steps.wait(1);
                read(map);
                x.set(2);
            },
        ],
    );
}

#[test]
fn a_load_that_sees_a_store_clean() {
    clean(|| {
        one_after_the_other(
            |map| map.store("new", 1),
            |map| assert_eq!(map.load("new"), Some(1)),
        );
    });
}

#[test]
fn a_load_of_another_key_racy() {
    racy(&["x"], || {
        one_after_the_other(
            |map| map.store("new", 1),
            |map| assert_eq!(map.load("old"), Some(1)),
        );
    });
}

#[test]
fn a_load_of_no_key_racy() {
    // It sees nothing that anybody did.
    racy(&["x"], || {
        one_after_the_other(
            |map| map.store("new", 1),
            |map| assert_eq!(map.load("other"), None),
        );
    });
}

#[test]
fn a_load_that_sees_a_deletion_clean() {
    clean(|| {
        one_after_the_other(
            |map| map.delete("old"),
            |map| assert_eq!(map.load("old"), None),
        );
    });
    clean(|| {
        one_after_the_other(
            |map| assert_eq!(map.load_and_delete("old"), Some(1)),
            |map| assert_eq!(map.load("old"), None),
        );
    });
    clean(|| {
        one_after_the_other(
            |map| assert!(map.compare_and_delete("old", &1)),
            |map| assert_eq!(map.load_and_delete("old"), None),
        );
    });
    clean(|| one_after_the_other(Map::clear, |map| assert_eq!(map.load("old"), None)));
}

#[test]
fn a_load_that_sees_one_of_many_deletions_clean() {
    // So many that what all have seen is forgotten. The other has not.
    const KEYS: u32 = 2000;
    clean(|| {
        let map = Map::new();
        (0..KEYS).for_each(|key| map.store(key, ()));
        together(
            (Shared::named("x", 0), map, Steps::new()),
            [
                |(x, map, steps)| {
                    x.set(1);
                    (0..KEYS).for_each(|key| map.delete(&key));
                    (KEYS..2 * KEYS).for_each(|key| {
                        map.store(key, ());
                        map.delete(&key);
                    });
                    steps.reach(1);
                },
                |(x, map, steps)| {
                    steps.wait(1);
                    assert_eq!(map.load(&7), None);
                    x.set(2);
                },
            ],
        );
    });
}

#[test]
fn a_deletion_that_deletes_nothing_racy() {
    racy(&["x"], || {
        one_after_the_other(
            |map| map.delete("other"),
            |map| assert_eq!(map.load("other"), None),
        );
    });
    racy(&["x"], || {
        one_after_the_other(
            |map| assert!(!map.compare_and_delete("old", &2)),
            |map| assert_eq!(map.load("old"), Some(1)),
        );
    });
}

#[test]
fn a_store_after_a_store_racy() {
    // A store reads nothing.
    racy(&["x"], || {
        one_after_the_other(|map| map.store("old", 2), |map| map.store("old", 3));
    });
    racy(&["x"], || {
        one_after_the_other(|map| map.store("old", 2), |map| map.delete("old"));
    });
}

#[test]
fn a_swap_that_sees_a_store_clean() {
    clean(|| {
        one_after_the_other(
            |map| map.store("old", 2),
            |map| assert_eq!(map.swap("old", 3), Some(2)),
        );
    });
}

#[test]
fn a_load_that_sees_a_swap_clean() {
    clean(|| {
        one_after_the_other(
            |map| assert_eq!(map.swap("old", 2), Some(1)),
            |map| assert_eq!(map.load("old"), Some(2)),
        );
    });
}

#[test]
fn compare_and_swap_clean() {
    clean(|| {
        one_after_the_other(
            |map| assert_eq!(map.compare_and_swap("old", &1, 2), Ok(())),
            |map| assert_eq!(map.compare_and_swap("old", &2, 3), Ok(())),
        );
    });
    // One that fails has seen why.
    clean(|| {
        one_after_the_other(
            |map| map.store("old", 2),
            |map| assert_eq!(map.compare_and_swap("old", &1, 3), Err(3)),
        );
    });
}

#[test]
fn a_compare_and_swap_that_fails_racy() {
    // It has written nothing.
    racy(&["x"], || {
        one_after_the_other(
            |map| assert_eq!(map.compare_and_swap("old", &7, 8), Err(8)),
            |map| assert_eq!(map.load("old"), Some(1)),
        );
    });
}

#[test]
fn load_or_store_clean() {
    clean(|| {
        one_after_the_other(
            |map| assert_eq!(map.load_or_store("new", 1), (1, false)),
            |map| assert_eq!(map.load_or_store("new", 2), (1, true)),
        );
    });
}

#[test]
fn a_load_or_store_that_loads_racy() {
    racy(&["x"], || {
        one_after_the_other(
            |map| assert_eq!(map.load_or_store("old", 2), (1, true)),
            |map| assert_eq!(map.load("old"), Some(1)),
        );
    });
}

#[test]
fn a_range_that_shows_it_clean() {
    clean(|| {
        one_after_the_other(
            |map| map.store("new", 1),
            |map| {
                let mut found = false;
                map.range(|key, _| {
                    found |= *key == "new";
                    true
                });
                assert!(found);
            },
        );
    });
}

#[test]
fn a_range_that_does_not_show_it_racy() {
    racy(&["x"], || {
        one_after_the_other(
            |map| map.delete("old"),
            |map| map.range(|_, _| unreachable!()),
        );
    });
}

#[test]
fn an_overwritten_store_racy() {
    // The load sees the second store, which is not after the first.
    racy(&["x"], || {
        together(
            state(),
            [
                |(x, map, steps)| {
                    x.set(1);
                    map.store("new", 1);
                    steps.reach(1);
                },
                |(_, map, steps)| {
                    steps.wait(1);
                    map.store("new", 2);
                    steps.reach(2);
                },
                |(x, map, steps)| {
                    steps.wait(2);
                    assert_eq!(map.load("new"), Some(2));
                    x.set(2);
                },
            ],
        );
    });
}
