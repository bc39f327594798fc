//! A table of nodes, to be tried while it grows.

use crate::pool::{Kind, Pool};
use crate::source::Source;
use crate::table::Table;
use alloc::vec::Vec;

/// Counts by key, in a table that begins with two buckets and grows from the third key on.
pub struct Counts {
    table: Table,
    pool: Pool,
}

impl Default for Counts {
    fn default() -> Self {
        let source = Source::global();
        Self {
            table: Table::new(&source, 1).expect("memory for two buckets"),
            pool: Pool::new(&source, u32::MAX).expect("memory for a few nodes"),
        }
    }
}

impl Counts {
    /// Counts `key` once more.
    pub fn add(&self, key: u64) {
        let mut bucket = self.table.lock(&self.pool, key);
        if let Some(node) = bucket.find(key) {
            return node.set_word(1, node.word(1) + 1);
        }
        let (index, node) = self.pool.take(Kind::Leaf, 0, 0).expect("memory");
        node.set_word(0, key);
        node.set_word(1, 1);
        bucket.insert(index, node);
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
