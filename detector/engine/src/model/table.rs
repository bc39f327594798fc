//! A table of nodes, to be tried while it grows.

use crate::pool::{Kind, Node, Pool};
use crate::primitive::{AtomicU64, Ordering, fence};
use crate::source::Source;
use crate::table::{Bucket, Table};
use alloc::vec::Vec;

/// Counts by key, in a table that begins with two buckets and grows from the third key on.
pub struct Counts {
    table: Table,
    pool: Pool,
    versions: AtomicU64,
}

impl Default for Counts {
    fn default() -> Self {
        let source = Source::global();
        Self {
            table: Table::new(&source, 1).expect("memory for two buckets"),
            pool: Pool::new(&source, u32::MAX).expect("memory for a few nodes"),
            versions: AtomicU64::new(1),
        }
    }
}

/// A node has its count twice.
fn set(node: &Node, count: u64) {
    [1, 2].map(|i| node.set_word(i, count));
}

impl Counts {
    /// Counts `key` once more.
    pub fn add(&self, key: u64) {
        let mut bucket = self.table.lock(&self.pool, key);
        self.renew(&bucket);
        if let Some(node) = bucket.find(key) {
            return set(node, node.word(1) + 1);
        }
        let (index, node) = self.pool.take(Kind::Leaf, 0, 0).expect("memory");
        node.set_word(0, key);
        set(node, 1);
        bucket.insert(index, node);
    }

    /// The bucket is about to change.
    fn renew(&self, bucket: &Bucket<'_>) {
        bucket.set_version(self.versions.fetch_add(1, Ordering::Relaxed));
        fence(Ordering::Release);
    }

    /// How often `key` was counted since it was last removed, twice, if that can be told without a lock.
    #[must_use]
    pub fn glance(&self, key: u64) -> Option<[u64; 2]> {
        let glance = self.table.glance(&self.pool, key)?;
        let found = glance.find(key)?;
        let counts = found.map_or([0, 0], |node| [1, 2].map(|i| node.word(i)));
        glance.is_still().then_some(counts)
    }

    /// The bucket of a key on a level.
    #[must_use]
    pub fn bucket(&self, level: usize, key: u64) -> usize {
        self.table.place(level, key)
    }

    /// How often `key` was counted since it was last removed.
    #[must_use]
    pub fn get(&self, key: u64) -> u64 {
        let bucket = self.table.lock(&self.pool, key);
        bucket.find(key).map_or(0, |node| node.word(1))
    }

    /// Forgets `key`.
    pub fn remove(&self, key: u64) {
        let mut bucket = self.table.lock(&self.pool, key);
        self.renew(&bucket);
        bucket.retain(|node| node.word(0) != key);
    }

    /// The keys that a look at all buckets finds.
    #[must_use]
    pub fn seen(&self) -> Vec<u64> {
        let mut seen = Vec::new();
        self.table.for_each_bucket(&self.pool, |bucket| {
            bucket.retain(|node| {
                seen.push(node.word(0));
                true
            });
        });
        seen
    }

    /// The number of nodes in use, once all threads are done.
    #[must_use]
    pub fn nodes(&self) -> u64 {
        self.pool.in_use()
    }
}
