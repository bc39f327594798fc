//! A map that many use at once.

use crate::passes;
use deadheat_runtime::sync::Map;
use deadheat_runtime::{Run, go, yield_now};
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn contents<K: Hash + Ord + Clone, V: Clone>(map: &Map<K, V>) -> BTreeMap<K, V> {
    let mut all = BTreeMap::new();
    map.range(|key, value| {
        let twice = all.insert(key.clone(), value.clone());
        assert!(twice.is_none());
        true
    });
    all
}

#[test]
fn it_does_what_a_map_does() {
    passes(|| {
        let map = Map::new();
        assert_eq!(map.load("a"), None);
        assert_eq!(map.load_or_store("a", 1), (1, false));
        assert_eq!(map.load_or_store("a", 2), (1, true));
        map.store("a", 3);
        assert_eq!(map.swap("a", 4), Some(3));
        assert_eq!(map.swap("b", 5), None);
        assert_eq!(map.compare_and_swap("a", &3, 6), Err(6));
        assert_eq!(map.compare_and_swap("a", &4, 6), Ok(()));
        assert_eq!(map.compare_and_swap("c", &4, 6), Err(6));
        assert_eq!(contents(&map), BTreeMap::from([("a", 6), ("b", 5)]));
        assert!(!map.compare_and_delete("a", &1));
        assert!(map.compare_and_delete("a", &6));
        assert!(!map.compare_and_delete("a", &6));
        assert_eq!(map.load_and_delete("a"), None);
        assert_eq!(map.load_and_delete("b"), Some(5));
        assert_eq!(contents(&map), BTreeMap::new());
        // What was deleted can come back.
        assert_eq!(map.load_or_store("b", 7), (7, false));
        map.delete("b");
        map.delete("b");
        assert_eq!(map.load("b"), None);
        (0..100).for_each(|i| map.store(["x", "y", "z"][i % 3], i));
        assert_eq!(contents(&map).len(), 3);
        map.clear();
        assert_eq!(contents(&map), BTreeMap::new());
        assert_eq!(map.load("x"), None);
    });
}

#[test]
fn counting_by_compare_and_swap_loses_nothing() {
    passes(|| {
        let map = Arc::new(Map::new());
        let adders: Vec<_> = (0..4)
            .map(|_| {
                let map = map.clone();
                go(move || {
                    for i in 0..20 {
                        let key = i % 3;
                        let (mut count, _) = map.load_or_store(key, 0);
                        while map.compare_and_swap(&key, &count, count + 1).is_err() {
                            yield_now();
                            count = map.load(&key).unwrap();
                        }
                    }
                })
            })
            .collect();
        adders.into_iter().for_each(|adder| adder.join().unwrap());
        assert_eq!(contents(&map), BTreeMap::from([(0, 28), (1, 28), (2, 24)]));
    });
}

#[test]
fn each_value_is_deleted_once() {
    passes(|| {
        let map = Arc::new(Map::new());
        (0..50).for_each(|i| map.store(i, Box::new(i)));
        let takers: Vec<_> = (0..3)
            .map(|_| {
                let map = map.clone();
                go(move || (0..50).filter_map(|i| map.load_and_delete(&i)).count())
            })
            .collect();
        let taken: usize = takers.into_iter().map(|taker| taker.join().unwrap()).sum();
        assert_eq!(taken, 50);
    });
}

/// A key and value that switches goroutines wherever it is asked anything.
#[derive(Debug)]
struct Yields(u8);

impl PartialEq for Yields {
    fn eq(&self, other: &Self) -> bool {
        yield_now();
        self.0 == other.0
    }
}

impl Eq for Yields {}

impl Hash for Yields {
    fn hash<H: Hasher>(&self, state: &mut H) {
        yield_now();
        // All in one shard, at one place.
        0_u8.hash(state);
    }
}

impl Clone for Yields {
    fn clone(&self) -> Self {
        yield_now();
        Self(self.0)
    }
}

impl Drop for Yields {
    fn drop(&mut self) {
        yield_now();
    }
}

#[test]
fn keys_and_values_may_switch_goroutines() {
    passes(|| {
        let map = Arc::new(Map::new());
        let users: Vec<_> = (0..4)
            .map(|user| {
                let map = map.clone();
                go(move || {
                    for i in 0..4 {
                        let key = || Yields((user + i) % 3);
                        map.store(key(), Yields(i));
                        map.load(&key());
                        let _ = map.compare_and_swap(&key(), &Yields(i), Yields(9));
                        map.range(|_, value| value.0 != 9);
                        map.delete(&key());
                    }
                })
            })
            .collect();
        users.into_iter().for_each(|user| user.join().unwrap());
        map.range(|key, _| panic!("{key:?} was deleted last"));
    });
}

/// A key, of which it is counted how many there are.
#[derive(PartialEq, Eq, Hash)]
struct Counted(usize, Alive);

#[derive(Clone)]
struct Alive(Arc<AtomicUsize>);

impl PartialEq for Alive {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Alive {}

impl Hash for Alive {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn deleted_keys_are_forgotten_when_all_come_after_that() {
    const KEYS: usize = 20_000;
    let outcome = Run::new("test").detect(true).go(|| {
        let map = Arc::new(Map::new());
        let alive = Alive(Arc::new(AtomicUsize::new(0)));
        let key = |n| {
            alive.0.fetch_add(1, Ordering::Relaxed);
            Counted(n, alive.clone())
        };
        for n in 0..KEYS {
            map.store(key(n), ());
            map.delete(&key(n));
        }
        alive.0.load(Ordering::Relaxed)
    });
    let left = outcome.result.unwrap();
    assert!(left < KEYS / 4, "{left} keys are left");
}

#[test]
fn what_range_calls_may_use_the_map() {
    passes(|| {
        let map = Map::new();
        (0..20).for_each(|i| map.store(i, i));
        let mut seen = 0;
        map.range(|key, value| {
            assert_eq!(map.load_and_delete(key), Some(*value));
            map.store(key + 100, *value);
            seen += usize::from(*key < 100);
            true
        });
        assert_eq!(seen, 20);
        let mut first = 0;
        map.range(|_, _| {
            first += 1;
            false
        });
        assert_eq!(first, 1);
    });
}

#[test]
fn the_order_of_range_is_the_same_in_each_run() {
    let order = || {
        let outcome = Run::new("test").go(|| {
            let map = Map::new();
            (0..100).for_each(|i| map.store(format!("key {i}"), i));
            let mut order = Vec::new();
            map.range(|_, value| {
                order.push(*value);
                true
            });
            order
        });
        outcome.result.unwrap()
    };
    assert_eq!(order(), order());
}

#[test]
fn a_static_serves_plain_threads_too() {
    static MAP: Map<u32, u32> = Map::new();
    let threads = [1, 2, 3].map(|n| std::thread::spawn(move || MAP.store(n, n * n)));
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(contents(&MAP), BTreeMap::from([(1, 1), (2, 4), (3, 9)]));
}
