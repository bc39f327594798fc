//! What many use, and make once.

use super::Site;
use crate::random::Random;
use deadheat::context::Context;
use deadheat::sync::{Group, Map, Once, OnceCell, Pool, Singleflight};
use deadheat::{Shared, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

const KEYS: u64 = 64;

/// What all work counts in.
pub(crate) struct Counts {
    map: Map<u64, u64>,
    /// How often something was counted in the map.
    counted: AtomicU64,
    pool: Pool<Vec<u8>>,
    flights: Singleflight<u64, u64>,
}

impl Counts {
    pub(super) fn new() -> Self {
        Self {
            map: Map::new(),
            counted: AtomicU64::new(0),
            pool: Pool::new(|| Vec::with_capacity(64)),
            flights: Singleflight::new(),
        }
    }

    fn count(&self, key: u64) {
        self.counted.fetch_add(1, Ordering::Relaxed);
        let (mut seen, there) = self.map.load_or_store(key, 1);
        if !there {
            return;
        }
        loop {
            match self.map.compare_and_swap(&key, &seen, seen + 1) {
                Ok(()) => return,
                Err(_) => seen = self.map.load(&key).expect("nobody deletes these"),
            }
        }
    }

    pub(super) fn check(&self) {
        let mut sum = 0;
        self.map.range(|key, count| {
            sum += if *key < KEYS { *count } else { 0 };
            true
        });
        assert_eq!(sum, self.counted.load(Ordering::Relaxed));
    }
}

/// Counts in a map that all share; keys of one's own come and go.
pub(super) fn map(site: &Arc<Site>, random: &mut Random) {
    let all: Vec<_> = (0..random.between(1, 4))
        .map(|_| {
            let (key, own_key) = (random.next() % KEYS, random.next() | KEYS);
            let rounds = random.between(1, 20);
            let own = Arc::clone(site);
            site.go(move || {
                for _ in 0..rounds {
                    own.shared.count(key);
                }
                own.shared.map.store(own_key, 7);
                assert_eq!(own.shared.map.load_and_delete(&own_key), Some(7));
            })
        })
        .collect();
    all.into_iter().for_each(|g| g.join().expect("no panic"));
}

/// Values from a pool are nobody else's.
pub(super) fn pool(site: &Arc<Site>, random: &mut Random) {
    let all: Vec<_> = (0..random.between(1, 8))
        .map(|n| {
            let own = Arc::clone(site);
            site.go(move || {
                let mut value = own.shared.pool.get();
                value.clear();
                value.extend([n as u8; 16]);
                yield_now();
                assert_eq!(*value, [n as u8; 16]);
                own.shared.pool.put(value);
            })
        })
        .collect();
    all.into_iter().for_each(|g| g.join().expect("no panic"));
}

/// Once is once, and all see what it made.
pub(super) fn once(site: &Arc<Site>, random: &mut Random) {
    let made = Arc::new((Once::new(), OnceCell::new(), Shared::new(0)));
    let all: Vec<_> = (0..random.between(1, 8))
        .map(|n| {
            let made = Arc::clone(&made);
            site.go(move || {
                made.0.call(|| {
                    yield_now();
                    made.2.update(|calls| *calls += 1);
                });
                assert_eq!(made.2.get(), 1);
                *made.1.get_or_init(|| n)
            })
        })
        .collect();
    let all: Vec<_> = all
        .into_iter()
        .map(|g| g.join().expect("no panic"))
        .collect();
    assert!(all.iter().all(|n| n == &all[0]), "{all:?}");
}

/// Who asks meanwhile gets the same answer.
pub(super) fn flights(site: &Arc<Site>, random: &mut Random) {
    let key = random.next() % 8;
    let all: Vec<_> = (0..random.between(1, 6))
        .map(|_| {
            let own = Arc::clone(site);
            site.go(move || {
                let answer = own.shared.flights.do_(key, || {
                    yield_now();
                    key * 3
                });
                assert_eq!(answer.0, key * 3);
            })
        })
        .collect();
    all.into_iter().for_each(|g| g.join().expect("no panic"));
}

/// A group with a limit, one of which may fail, which cancels the others.
pub(super) fn group(site: &Arc<Site>, random: &mut Random) {
    let limit = random.between(1, 4);
    let (group, context) = Group::with_context_and_limit(&Context::background(), limit);
    let inside = Arc::new(AtomicUsize::new(0));
    let tasks = random.between(1, 12);
    let bad = random.once_in(2).then(|| random.below(tasks));
    for n in 0..tasks {
        let (context, inside) = (context.clone(), Arc::clone(&inside));
        site.board().count_goroutine();
        group.go(move || {
            assert!(inside.fetch_add(1, Ordering::SeqCst) < limit);
            yield_now();
            inside.fetch_sub(1, Ordering::SeqCst);
            match bad {
                Some(bad) if n == bad => Err(n),
                // Whoever comes after the bad one waits for what that one does.
                Some(bad) if n > bad => {
                    let _ = context.done().recv();
                    Ok(())
                }
                _ => Ok(()),
            }
        });
    }
    assert_eq!(group.wait(), bad.map_or(Ok(()), Err));
    assert!(
        context.err().is_some(),
        "a group that was waited for is over"
    );
}
