//! Maps: one location each, whatever the keys.

use crate::check::{clean, racy};
use crate::steps::together;
use deadheat::prelude::*;
use std::sync::Arc;

type Map = SharedMap<&'static str, i32>;

/// A map with two entries.
fn map() -> Map {
    let map = SharedMap::named("map");
    map.insert("one", 1);
    map.insert("two", 2);
    map
}

#[test]
fn entries_with_different_keys_are_written() {
    // An insertion may move everything: the keys do not matter.
    racy(&["map"], || {
        together(
            map(),
            [
                |map| assert_eq!(map.insert("three", 3), None),
                |map| assert_eq!(map.insert("four", 4), None),
            ],
        );
    });
}

#[test]
fn entries_are_read() {
    // Lookups, of any kind, are reads.
    clean(|| {
        together(
            map(),
            [
                |map| assert_eq!(map.get("one"), Some(1)),
                |map| assert!(!map.contains_key("three")),
                |map| assert_eq!((map.len(), map.is_empty()), (2, false)),
                |map| assert_eq!(map.with(|map| map.values().sum::<i32>()), 3),
            ],
        );
    });
}

#[test]
fn a_lookup_and_an_insertion_with_another_key() {
    // A read and a write of the map.
    racy(&["map"], || {
        together(
            map(),
            [
                |map| assert_eq!(map.get("one"), Some(1)),
                |map| assert_eq!(map.insert("three", 3), None),
            ],
        );
    });
}

#[test]
fn the_length_and_an_insertion() {
    // The length is part of the map.
    racy(&["map"], || {
        together(
            map(),
            [
                |map| assert!(map.len() >= 2),
                |map| assert_eq!(map.insert("three", 3), None),
            ],
        );
    });
}

#[test]
fn iteration_and_an_insertion() {
    // The iteration reads all of the map.
    racy(&["map"], || {
        together(
            map(),
            [
                |map| map.with(|map| assert!(map.keys().count() >= 2)),
                |map| assert_eq!(map.insert("three", 3), None),
            ],
        );
    });
}

#[test]
fn a_lookup_and_the_removal_of_a_key_that_is_not_there() {
    // A removal writes, whether it finds anything or not.
    racy(&["map"], || {
        together(
            map(),
            [
                |map| assert_eq!(map.get("one"), Some(1)),
                |map| assert_eq!(map.remove("three"), None),
            ],
        );
    });
}

#[test]
fn whether_it_is_empty_and_clearing_it() {
    // Clearing is a write.
    racy(&["map"], || {
        together(
            map(),
            [
                |map| map.clear(),
                |map| {
                    let _ = map.is_empty();
                },
            ],
        );
    });
}

#[test]
fn an_update_in_place_and_a_lookup() {
    // A change of one entry's value is a write of the map, as `m[k]++` in Go.
    racy(&["map"], || {
        together(
            map(),
            [
                |map| map.update("one", |n| *n += 1),
                |map| assert_eq!(map.get("two"), Some(2)),
            ],
        );
    });
}

#[test]
fn iteration_that_changes_the_values() {
    // `with_mut` writes, even where it only looks.
    racy(&["map"], || {
        together(
            map(),
            [
                |map| assert_eq!(map.with_mut(|map| map.values_mut().count()), 2),
                |map| assert!(map.contains_key("two")),
            ],
        );
    });
}

#[test]
fn a_map_under_a_lock() {
    // All accesses lie in critical sections of one mutex.
    clean(|| {
        let count: fn(&_) = |(map, lock): &(Map, Mutex<()>)| {
            let _guard = lock.lock();
            map.update("visits", |n| *n += 1);
            assert!(map.len() == 3);
        };
        together((map(), Mutex::new(())), [count, count, count]);
    });
}

#[test]
fn a_map_under_a_read_write_lock() {
    // Lookups share the lock, insertions have it alone.
    clean(|| {
        let look: fn(&_) = |(map, lock): &(Map, RwMutex<()>)| {
            let _guard = lock.read();
            assert!(map.get("one").is_some());
        };
        together(
            (map(), RwMutex::new(())),
            [
                look,
                |(map, lock)| {
                    let _guard = lock.write();
                    map.insert("three", 3);
                },
                look,
            ],
        );
    });
}

#[test]
fn a_map_filled_under_the_read_lock() {
    // A cache miss is filled where only reading is allowed.
    racy(&["map"], || {
        let look_up: fn(&_) = |(map, lock): &(Map, RwMutex<()>)| {
            let _guard = lock.read();
            if map.get("three").is_none_or(|n| n < 9) {
                map.insert("three", 3);
            }
        };
        together((map(), RwMutex::new(())), [look_up, look_up]);
    });
}

#[test]
fn a_cache_looked_up_without_its_lock() {
    // Only the insertion is locked, and the first lookup of the other is unordered with it.
    racy(&["map"], || {
        let look_up: fn(&_) = |(map, lock): &(Map, Mutex<()>)| {
            if map.get("three").is_none() {
                let _guard = lock.lock();
                map.insert("three", 3);
            }
        };
        together((map(), Mutex::new(())), [look_up, look_up]);
    });
}

#[test]
fn filled_before_the_goroutines_start() {
    // The start comes after all insertions.
    clean(|| {
        let look: fn(&Map) = |map| assert_eq!(map.get("two"), Some(2));
        together(map(), [look, look, look]);
    });
}

#[test]
fn filled_while_the_goroutine_runs() {
    // An insertion after the start is unordered with all that the goroutine does.
    racy(&["map"], || {
        let map = Arc::new(map());
        let other = Arc::clone(&map);
        let reader = go(move || assert_eq!(other.get("two"), Some(2)));
        map.insert("three", 3);
        reader.join().unwrap();
    });
}

#[test]
fn two_maps() {
    // Each is a location of its own.
    clean(|| {
        together(
            (map(), map()),
            [
                |(one, _)| one.clear(),
                |(_, other)| assert_eq!(other.insert("three", 3), None),
            ],
        );
    });
}

/// Parts of a map, each with a lock.
type Parts = [(Mutex<()>, Map); 2];

#[test]
fn a_map_in_parts_with_a_lock_each() {
    // Each part is used under its own lock.
    clean(|| {
        let add: fn(&Parts) = |parts| {
            for (lock, map) in parts {
                let _guard = lock.lock();
                map.update("visits", |n| *n += 1);
            }
        };
        together([(); 2].map(|()| (Mutex::new(()), map())), [add, add]);
    });
}

#[test]
fn a_map_in_parts_locked_by_the_wrong_part() {
    // Two goroutines use one part, each under another part's lock.
    racy(&["map"], || {
        together(
            [(); 2].map(|()| (Mutex::new(()), map())),
            [
                |parts: &Parts| {
                    let _guard = parts[0].0.lock();
                    parts[0].1.clear();
                },
                |parts| {
                    let _guard = parts[1].0.lock();
                    parts[0].1.clear();
                },
            ],
        );
    });
}

type Entries = SharedMap<u8, Arc<Shared<i32>>>;

fn entries() -> Entries {
    let entries = SharedMap::named("entries");
    entries.insert(1, Arc::new(Shared::named("value 1", 0)));
    entries.insert(2, Arc::new(Shared::named("value 2", 0)));
    entries
}

#[test]
fn values_behind_different_entries() {
    // The map is only read, the values are locations of their own.
    clean(|| {
        together(
            entries(),
            [
                |entries| entries.get(&1).unwrap().set(7),
                |entries| entries.get(&2).unwrap().set(7),
            ],
        );
    });
}

#[test]
fn the_value_behind_one_entry() {
    // The race is on the value, not on the map.
    racy(&["value 1"], || {
        let set: fn(&Entries) = |entries| entries.get(&1).unwrap().set(7);
        together(entries(), [set, set]);
    });
}
