//! A map that many may use at once.
//!
//! - `shard`: a part of it, and its lock.
//!
//! Keys lie in one of a few shards by their hash, each under a lock that blocks goroutines, not
//! threads. Under that lock nothing of the user's is called but the comparison of keys: values are
//! cloned, compared and dropped without it, which is what the counts on them are for.
//!
//! Every key has a clock of its own, from its last write to those who see what that did. Under
//! detection a key that was deleted is remembered for the sake of that clock: whoever finds
//! nothing there has seen the deletion. It is forgotten when all come after that.

mod shard;

use self::shard::{Guard, Shard};
use crate::current;
use deadheat_detector::thread::SyncOp;
use std::borrow::Borrow;
use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash, Hasher as _};
use std::sync::Arc;

const SHARDS: usize = 16;

/// A map that many goroutines may use at once: Go's `sync.Map`.
///
/// Values are given out as clones; put an `Arc` in where that is dear.
///
/// **Happens-before:** a write of a key comes before every read that sees what it did. Reads are
/// [`load`](Self::load), [`load_or_store`](Self::load_or_store),
/// [`load_and_delete`](Self::load_and_delete), [`swap`](Self::swap),
/// [`compare_and_swap`](Self::compare_and_swap), [`compare_and_delete`](Self::compare_and_delete),
/// and [`range`](Self::range) of what it shows. Writes are [`store`](Self::store),
/// [`delete`](Self::delete), `swap`, [`clear`](Self::clear) of the keys that are there, and the other
/// four where they change the map. A read that finds nothing where a key was deleted sees the
/// deletion. A write that is no read is not ordered after the writes before it.
///
/// A comparison of keys (`Eq`) must not use the map.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::{go, sync::Map};
/// use std::sync::Arc;
///
/// let ports = Arc::new(Map::new());
/// let other = ports.clone();
/// let adder = go(move || other.store("http", 80));
/// adder.join().unwrap();
/// assert_eq!(ports.load("http"), Some(80));
/// assert_eq!(ports.load_or_store("http", 8080), (80, true));
/// assert_eq!(ports.compare_and_swap("http", &80, 81), Ok(()));
/// assert_eq!(ports.load_and_delete("http"), Some(81));
/// # }).result.unwrap();
/// ```
pub struct Map<K, V> {
    shards: [Shard<K, V>; SHARDS],
}

/// Whether an operation that writes also reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reads {
    Yes,
    No,
}

impl<K, V> Map<K, V> {
    /// An empty map.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            shards: [const { Shard::new() }; SHARDS],
        }
    }
}

impl<K: Hash + Eq, V> Map<K, V> {
    /// The value of `key`, if it has one.
    #[track_caller]
    pub fn load<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        V: Clone,
    {
        let op = SyncOp::here("Map load");
        self.see(key, op).map(owned)
    }

    /// Sets the value of `key`.
    #[track_caller]
    pub fn store(&self, key: K, value: V) {
        let op = SyncOp::here("Map store");
        let before = self.put(key, Arc::new(value), Reads::No, op);
        drop(before);
    }

    /// The value of `key` and `true`; where it has none, sets it to `value`, and gives that and
    /// `false`.
    #[track_caller]
    pub fn load_or_store(&self, key: K, value: V) -> (V, bool)
    where
        V: Clone,
    {
        let op = SyncOp::here("Map load_or_store");
        let (key, value) = (Arc::new(key), Arc::new(value));
        let (mut shard, hash) = self.enter(&*key, op);
        let node = shard.node(hash, &key);
        node.acquire(op);
        let loaded = node.value.clone();
        if loaded.is_none() {
            node.write(Some(Arc::clone(&value)), op);
        }
        drop(shard);
        match loaded {
            Some(there) => (owned(there), true),
            None => (owned(value), false),
        }
    }

    /// Deletes `key`, and gives the value that it had.
    #[track_caller]
    pub fn load_and_delete<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        V: Clone,
    {
        let op = SyncOp::here("Map load_and_delete");
        self.remove(key, Reads::Yes, op).map(owned)
    }

    /// Deletes `key`, if it is there.
    #[track_caller]
    pub fn delete<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let op = SyncOp::here("Map delete");
        drop(self.remove(key, Reads::No, op));
    }

    /// Sets the value of `key`, and gives the one that it had.
    #[track_caller]
    pub fn swap(&self, key: K, value: V) -> Option<V>
    where
        V: Clone,
    {
        let op = SyncOp::here("Map swap");
        self.put(key, Arc::new(value), Reads::Yes, op).map(owned)
    }

    /// Sets the value of `key` to `new`, if it is equal to `old`.
    ///
    /// # Errors
    ///
    /// `new`, where the key has another value or none.
    #[track_caller]
    pub fn compare_and_swap<Q>(&self, key: &Q, old: &V, new: V) -> Result<(), V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        V: PartialEq,
    {
        let op = SyncOp::here("Map compare_and_swap");
        while let Some(there) = self.see(key, op).filter(|there| **there == *old) {
            let (mut shard, hash) = self.enter(key, op);
            if let Some(node) = shard.node_with(hash, key, &there) {
                let before = node.write(Some(Arc::new(new)), op);
                drop(shard);
                drop(before);
                return Ok(());
            }
        }
        Err(new)
    }

    /// Deletes `key`, if its value is equal to `old`; says whether it did.
    #[track_caller]
    pub fn compare_and_delete<Q>(&self, key: &Q, old: &V) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        V: PartialEq,
    {
        let op = SyncOp::here("Map compare_and_delete");
        while let Some(there) = self.see(key, op).filter(|there| **there == *old) {
            let (mut shard, hash) = self.enter(key, op);
            if shard.node_with(hash, key, &there).is_some() {
                let before = shard.remove(hash, key, op);
                let garbage = shard.tidy();
                drop(shard);
                drop((before, garbage));
                return true;
            }
        }
        false
    }

    /// Calls `f` with each key and its value until it says `false`. `f` may do anything, and use
    /// the map.
    ///
    /// No key is shown twice. What others write meanwhile is shown or not: all keys together are
    /// no snapshot.
    #[track_caller]
    pub fn range(&self, mut f: impl FnMut(&K, &V) -> bool) {
        let op = SyncOp::here("Map range");
        current::safepoint();
        for shard in &self.shards {
            let nodes = shard.lock(op);
            let keys: Vec<_> = nodes
                .iter()
                .map(|node| (node.hash, node.key.clone()))
                .collect();
            drop(nodes);
            for (hash, key) in keys {
                let value = shard.lock(op).shown(hash, &key, op);
                if value.is_some_and(|value| !f(&key, &value)) {
                    return;
                }
            }
        }
    }

    /// Deletes every key.
    #[track_caller]
    pub fn clear(&self) {
        let op = SyncOp::here("Map clear");
        current::safepoint();
        for shard in &self.shards {
            let garbage = shard.lock(op).clear(op);
            drop(garbage);
        }
    }

    /// The value of `key`, for a read.
    fn see<Q>(&self, key: &Q, op: SyncOp) -> Option<Arc<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (shard, hash) = self.enter(key, op);
        let node = shard.find(hash, |node| (*node.key).borrow() == key)?;
        node.acquire(op);
        node.value.clone()
    }

    fn put(&self, key: K, value: Arc<V>, reads: Reads, op: SyncOp) -> Option<Arc<V>> {
        let key = Arc::new(key);
        let (mut shard, hash) = self.enter(&*key, op);
        let node = shard.node(hash, &key);
        if reads == Reads::Yes {
            node.acquire(op);
        }
        node.write(Some(value), op)
    }

    fn remove<Q>(&self, key: &Q, reads: Reads, op: SyncOp) -> Option<Arc<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (mut shard, hash) = self.enter(key, op);
        let node = shard.find(hash, |node| (*node.key).borrow() == key)?;
        if reads == Reads::Yes {
            node.acquire(op);
        }
        let there = node.value.is_some();
        let removed = if there {
            shard.remove(hash, key, op)
        } else {
            None
        };
        let garbage = shard.tidy();
        drop(shard);
        drop(garbage);
        removed.and_then(|node| node.value)
    }

    /// The shard of `key`, locked, and the key's hash. To be called first in an operation.
    fn enter<Q: Hash + ?Sized>(&self, key: &Q, op: SyncOp) -> (Guard<'_, K, V>, u64) {
        current::safepoint();
        // Without a random seed: the order in which keys are shown must be that of the seed's run.
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let hash = hasher.finish();
        // The table looks at the top and the bottom of it.
        let shard = (hash >> 32) as usize % SHARDS;
        (self.shards[shard].lock(op), hash)
    }
}

fn owned<V: Clone>(value: Arc<V>) -> V {
    Arc::unwrap_or_clone(value)
}

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> fmt::Debug for Map<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Map { .. }")
    }
}
