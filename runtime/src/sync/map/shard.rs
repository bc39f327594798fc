//! A part of a map: the nodes of some keys, under a lock that blocks goroutines.

use crate::detect;
use crate::sync::raw::RawLock;
use deadheat_detector::sync::SyncVar;
use deadheat_detector::thread::SyncOp;
use hashbrown::HashTable;
use std::borrow::Borrow;
use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// Deleted keys that are not worth a look at which of them can go.
const FEW_BURIED: usize = 64;

/// A part of a map.
pub(super) struct Shard<K, V> {
    lock: RawLock,
    nodes: UnsafeCell<Nodes<K, V>>,
}

struct Nodes<K, V> {
    table: HashTable<Node<K, V>>,
    /// How often one was deleted, and stayed, since the last look at which of them can go.
    buried: usize,
    /// As often as that is worth the next look, at least.
    enough: usize,
}

// SAFETY: the nodes are reached by one guard at a time. What is given out of them are clones of
// counted pointers, which may be shared and dropped by several threads.
unsafe impl<K: Send + Sync, V: Send + Sync> Sync for Shard<K, V> {}

/// A key, and what is there.
pub(super) struct Node<K, V> {
    pub(super) hash: u64,
    pub(super) key: Arc<K>,
    /// `None` where it was deleted.
    pub(super) value: Option<Arc<V>>,
    edge: SyncVar,
}

impl<K, V> Node<K, V> {
    /// The caller sees what the last write did.
    pub(super) fn acquire(&self, op: SyncOp) {
        detect::with(|_, thread| thread.acquire(&self.edge, op));
    }

    /// Deletes the value, and gives it; the key and its clock stay.
    fn bury(&mut self, op: SyncOp) -> Self {
        Self {
            hash: self.hash,
            key: Arc::clone(&self.key),
            value: self.write(None, op),
            edge: SyncVar::new(),
        }
    }

    /// Writes, and gives what was there.
    pub(super) fn write(&mut self, value: Option<Arc<V>>, op: SyncOp) -> Option<Arc<V>> {
        detect::with(|_, thread| thread.release(&mut self.edge, op));
        std::mem::replace(&mut self.value, value)
    }
}

impl<K, V> Shard<K, V> {
    pub(super) const fn new() -> Self {
        Self {
            lock: RawLock::new(),
            nodes: UnsafeCell::new(Nodes {
                table: HashTable::new(),
                buried: 0,
                enough: FEW_BURIED,
            }),
        }
    }

    pub(super) fn lock(&self, op: SyncOp) -> Guard<'_, K, V> {
        self.lock.lock(op.what, op.at);
        Guard { shard: self }
    }
}

/// The right to use a shard's nodes.
pub(super) struct Guard<'a, K, V> {
    shard: &'a Shard<K, V>,
}

impl<K, V> Guard<'_, K, V> {
    /// The value of the node of this very key, for a read.
    pub(super) fn shown(&self, hash: u64, key: &Arc<K>, op: SyncOp) -> Option<Arc<V>> {
        let node = self.find(hash, |node| Arc::ptr_eq(&node.key, key))?;
        let value = node.value.clone()?;
        node.acquire(op);
        Some(value)
    }

    /// Empties the shard, and gives what is to be dropped without the lock.
    pub(super) fn clear(&mut self, op: SyncOp) -> Vec<Node<K, V>> {
        if detect::with(|_, _| ()).is_none() {
            return std::mem::take(&mut **self).into_iter().collect();
        }
        let there = self.iter_mut().filter(|node| node.value.is_some());
        let mut garbage: Vec<_> = there.map(|node| node.bury(op)).collect();
        self.nodes_mut().buried += garbage.len();
        garbage.append(&mut self.tidy());
        garbage
    }

    /// Takes deleted keys out, if there may be many, whose deletion every goroutine that runs comes after:
    /// nobody learns anything from those. They are to be dropped without the lock.
    pub(super) fn tidy(&mut self) -> Vec<Node<K, V>> {
        let nodes = self.nodes_mut();
        if nodes.buried < nodes.enough {
            return Vec::new();
        }
        let garbage = detect::with(|detector, _| {
            // To find out takes time in proportion to the keys, and to those who run.
            let running = detector.footprint().indices.running;
            nodes.enough = running.max(nodes.table.len() / 2 + FEW_BURIED);
            if nodes.buried < nodes.enough {
                return Vec::new();
            }
            let Some(known) = detector.known_to_all() else {
                return Vec::new();
            };
            nodes.buried = 0;
            let is_garbage =
                |node: &mut Node<K, V>| node.value.is_none() && known.has_all_of(&node.edge);
            nodes.table.extract_if(is_garbage).collect()
        });
        garbage.unwrap_or_default()
    }

    fn nodes_mut(&mut self) -> &mut Nodes<K, V> {
        // SAFETY: the guard holds the lock and is borrowed mutably, so nobody else uses the nodes.
        unsafe { &mut *self.shard.nodes.get() }
    }
}

impl<K: Eq, V> Guard<'_, K, V> {
    /// The node of `key`, made if there is none.
    pub(super) fn node(&mut self, hash: u64, key: &Arc<K>) -> &mut Node<K, V> {
        let new = || Node {
            hash,
            key: Arc::clone(key),
            value: None,
            edge: SyncVar::new(),
        };
        let entry = self.entry(hash, |node| node.key == *key, |node| node.hash);
        entry.or_insert_with(new).into_mut()
    }

    /// The node of `key`, if its value is this very one.
    pub(super) fn node_with<Q>(
        &mut self,
        hash: u64,
        key: &Q,
        value: &Arc<V>,
    ) -> Option<&mut Node<K, V>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let node = self.find_mut(hash, |node| (*node.key).borrow() == key)?;
        let same = node
            .value
            .as_ref()
            .is_some_and(|there| Arc::ptr_eq(there, value));
        same.then_some(node)
    }

    /// Takes `key`, which is there, out of the map; what is left of it is to be dropped without the
    /// lock.
    pub(super) fn remove<Q>(&mut self, hash: u64, key: &Q, op: SyncOp) -> Option<Node<K, V>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let entry = self.find_entry(hash, |node| (*node.key).borrow() == key);
        let mut entry = entry.ok()?;
        if detect::with(|_, _| ()).is_none() {
            return Some(entry.remove().0);
        }
        let buried = entry.get_mut().bury(op);
        self.nodes_mut().buried += 1;
        Some(buried)
    }
}

impl<K, V> Deref for Guard<'_, K, V> {
    type Target = HashTable<Node<K, V>>;

    fn deref(&self) -> &Self::Target {
        // SAFETY: the guard holds the lock, so nobody else uses the nodes.
        unsafe { &(*self.shard.nodes.get()).table }
    }
}

impl<K, V> DerefMut for Guard<'_, K, V> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.nodes_mut().table
    }
}

impl<K, V> Drop for Guard<'_, K, V> {
    fn drop(&mut self) {
        // SAFETY: the guard holds the lock.
        unsafe { self.shard.lock.unlock() };
    }
}
