//! Nodes found by a key: chains from a fixed table of buckets, a lock bit in each.

use crate::array::Array;
use crate::pool::{INDEX_MASK, Index, Node, Pool};
use crate::primitive::{AtomicU32, AtomicU64, Ordering};
use crate::source::Source;
use crate::spin;

const LOCKED: u32 = 1 << 31;

/// Nodes of a pool whose first word is their key and whose link is the table's.
pub(crate) struct Table {
    buckets: Array<AtomicU32>,
    /// A bit for each bucket that may have nodes, so that a look at all passes over the others.
    occupied: Array<AtomicU64>,
    bits: u32,
    relax: extern "C" fn(),
}

impl Table {
    /// A table of 2^`bits` buckets.
    pub(crate) fn new(source: &Source, bits: u32) -> Option<Self> {
        Some(Self {
            buckets: Array::new(1 << bits, source)?,
            occupied: Array::new((1usize << bits).div_ceil(64), source)?,
            bits,
            relax: source.relax,
        })
    }

    /// Locks the bucket of `key`.
    pub(crate) fn lock(&self, key: u64) -> Bucket<'_> {
        let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.lock_bucket((hash >> (64 - self.bits)) as usize)
    }

    fn lock_bucket(&self, number: usize) -> Bucket<'_> {
        let head = &self.buckets[number];
        let first = spin::acquire(head, LOCKED, self.relax) & INDEX_MASK;
        Bucket {
            head,
            first,
            occupied: &self.occupied[number / 64],
            bit: 1 << (number % 64),
        }
    }

    /// Calls `f` with every bucket that has nodes, locked.
    pub(crate) fn for_each_bucket(&self, mut f: impl FnMut(&mut Bucket<'_>)) {
        for (i, occupied) in self.occupied.iter().enumerate() {
            let mut bits = occupied.load(Ordering::Acquire);
            while bits != 0 {
                let number = 64 * i + bits.trailing_zeros() as usize;
                f(&mut self.lock_bucket(number));
                bits &= bits - 1;
            }
        }
    }
}

/// A locked bucket.
pub(crate) struct Bucket<'a> {
    head: &'a AtomicU32,
    first: Index,
    occupied: &'a AtomicU64,
    bit: u64,
}

impl Bucket<'_> {
    /// The node of `key`.
    pub(crate) fn find<'p>(&self, pool: &'p Pool, key: u64) -> Option<&'p Node> {
        let mut index = self.first;
        while index != 0 {
            let node = pool.node(index);
            if node.word(0) == key {
                return Some(node);
            }
            index = node.link();
        }
        None
    }

    /// Puts a node with its key in.
    pub(crate) fn insert(&mut self, index: Index, node: &Node) {
        node.set_link(node.kind(), self.first);
        self.first = index;
        self.occupied.fetch_or(self.bit, Ordering::Release);
    }

    /// Takes out, and releases, the nodes for which `keep` does not hold.
    pub(crate) fn retain(&mut self, pool: &Pool, mut keep: impl FnMut(&Node) -> bool) {
        let mut kept: Option<Index> = None;
        let mut index = self.first;
        while index != 0 {
            let node = pool.node(index);
            let next = node.link();
            if keep(node) {
                kept = Some(index);
            } else {
                match kept {
                    None => self.first = next,
                    Some(kept) => {
                        let kept = pool.node(kept);
                        kept.set_link(kept.kind(), next);
                    }
                }
                pool.release(index, index as usize);
            }
            index = next;
        }
        if self.first == 0 {
            self.occupied.fetch_and(!self.bit, Ordering::Relaxed);
        }
    }
}

impl Drop for Bucket<'_> {
    fn drop(&mut self) {
        self.head.store(self.first, Ordering::Release);
    }
}
