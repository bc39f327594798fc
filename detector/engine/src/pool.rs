//! Nodes of one size: whatever an engine keeps in changing number is made of them.
//!
//! A node is 80 bytes, has a number, and counts its references. Its memory stays a node as long
//! as the pool lives, so that whoever holds a number from a place that is changing may look, and
//! find out afterwards whether what it saw was still meant: [`Pool::node`] accepts any number,
//! and [`Pool::try_retain`] refuses a free node.
//!
//! Freed nodes go to a few lock-free stacks (Treiber, 1986), whose heads carry a tag against the
//! ABA problem. A stack is chosen by the thread that frees. How deep it is stands in its top node.

use crate::array::{Array, Zeroable};
use crate::primitive::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering, fence};
use crate::source::Source;
use core::ptr::NonNull;

/// The number of a node; 0 is none.
pub(crate) type Index = u32;

/// Numbers of nodes fit this many bits.
pub(crate) const INDEX_BITS: u32 = 28;
pub(crate) const INDEX_MASK: u32 = (1 << INDEX_BITS) - 1;

const CHUNK_BITS: u32 = if cfg!(loom) { 4 } else { 16 };
const CHUNK: usize = 1 << CHUNK_BITS;
const CHUNKS: usize = if cfg!(loom) {
    4
} else {
    1 << (INDEX_BITS - CHUNK_BITS)
};
const STACKS: usize = if cfg!(loom) { 1 } else { 8 };
/// The number of words of a node.
pub(crate) const WORDS: usize = 8;

/// What a node is, and so what it refers to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Values of a trie, or other words that refer to nothing.
    Leaf,
    /// Sixteen children of a trie.
    Inner,
    /// Four entries of a granule's history; the next node of the chain is in the link.
    Spill,
    /// A clock in the last seven words.
    Clock,
}

/// What it means that there is no memory for a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Need {
    /// The engine does not know something that it should.
    Knowledge,
    /// Something is kept that could have been freed, or used again.
    Tidiness,
}

/// The bit of a spilled entry that says: the low half of the first word is a trie's root.
pub(crate) const CROWD: u64 = 1 << 63;

/// A node: see [`Pool`].
#[derive(Default)]
#[repr(C)]
pub(crate) struct Node {
    refs: AtomicU32,
    /// The kind in the upper four bits; below, a trie's height or a node.
    link: AtomicU32,
    /// Whoever knows this epoch, or a later one of its generation, knows all that the node says; 0 where there is none. Of a node that is free, how
    /// many its stack has from it on; of one that stands for a former thread, when that last recorded anything.
    origin: AtomicU64,
    pub(crate) words: [AtomicU64; WORDS],
}

// SAFETY: zero bytes are numbers.
unsafe impl Zeroable for Node {}

impl Node {
    #[inline]
    pub(crate) fn kind(&self) -> Kind {
        match self.link.load(Ordering::Relaxed) >> INDEX_BITS {
            0 => Kind::Leaf,
            1 => Kind::Inner,
            2 => Kind::Spill,
            _ => Kind::Clock,
        }
    }

    #[inline]
    pub(crate) fn link(&self) -> u32 {
        self.link.load(Ordering::Relaxed) & INDEX_MASK
    }

    #[inline]
    pub(crate) fn set_link(&self, kind: Kind, link: u32) {
        let word = (kind as u32) << INDEX_BITS | link & INDEX_MASK;
        self.link.store(word, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn origin(&self) -> u64 {
        self.origin.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn set_origin(&self, origin: u64) {
        self.origin.store(origin, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn word(&self, i: usize) -> u64 {
        self.words[i].load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn set_word(&self, i: usize, word: u64) {
        self.words[i].store(word, Ordering::Relaxed);
    }

    /// The child `i` of sixteen.
    #[inline]
    pub(crate) fn child(&self, i: usize) -> Index {
        (self.word(i / 2) >> (32 * (i % 2))) as u32 & INDEX_MASK
    }

    pub(crate) fn set_child(&self, i: usize, child: Index) {
        let shift = 32 * (i % 2);
        let others = self.word(i / 2) & !(0xffff_ffff << shift);
        self.set_word(i / 2, others | u64::from(child) << shift);
    }

    /// Whether the one reference that the caller has is the only one.
    pub(crate) fn is_unique(&self) -> bool {
        self.refs.load(Ordering::Acquire) == 1
    }

    /// Makes the node look free where the caller has the only reference, so that nobody gets
    /// another one while it changes; [`Self::unclaim`] ends that.
    pub(crate) fn claim(&self) -> bool {
        self.refs
            .compare_exchange(1, 0, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }

    pub(crate) fn unclaim(&self) {
        self.refs.store(1, Ordering::Release);
    }
}

/// A stack of free nodes on a cache line of its own.
#[derive(Default)]
#[repr(C, align(64))]
struct Stack {
    /// A tag that each change advances, over the index of the top node.
    head: AtomicU64,
}

/// All nodes of an engine.
pub(crate) struct Pool {
    chunks: Array<AtomicPtr<Node>>,
    stacks: [Stack; STACKS],
    /// How many nodes were ever handed out, the unused number 0 included.
    used: AtomicU32,
    limit: u32,
    exhausted: AtomicBool,
    source: Source,
    /// What a number that stands for no node leads to.
    nothing: Node,
}

impl Pool {
    /// A pool of up to `limit` nodes; `None` where there is no memory for its table.
    pub(crate) fn new(source: &Source, limit: u32) -> Option<Self> {
        Some(Self {
            chunks: Array::new(CHUNKS, source)?,
            stacks: core::array::from_fn(|_| Stack::default()),
            used: AtomicU32::new(1),
            limit: limit.min((CHUNKS * CHUNK - 1) as u32),
            exhausted: AtomicBool::new(false),
            source: *source,
            nothing: Node::default(),
        })
    }

    /// Whether there was no memory for something that the engine should know: what it knows is not
    /// complete from then on.
    #[inline]
    pub(crate) fn is_exhausted(&self) -> bool {
        self.exhausted.load(Ordering::Relaxed)
    }

    /// There is no memory for something that the engine should know.
    pub(crate) fn note_exhausted(&self) {
        self.exhausted.store(true, Ordering::Relaxed);
    }

    /// The number of nodes that are not free.
    pub(crate) fn in_use(&self) -> u64 {
        let used = u64::from(self.used.load(Ordering::Relaxed)) - 1;
        let free: u64 = self.stacks.iter().map(|stack| self.free_in(stack)).sum();
        used.saturating_sub(free)
    }

    /// The number of nodes in a stack.
    fn free_in(&self, stack: &Stack) -> u64 {
        let mut head = stack.head.load(Ordering::Acquire);
        loop {
            let depth = self.depth(head);
            fence(Ordering::Acquire);
            let now = stack.head.load(Ordering::Acquire);
            if now == head {
                return depth;
            }
            head = now;
        }
    }

    /// How many nodes a stack has whose head is this, if it still is.
    fn depth(&self, head: u64) -> u64 {
        match head as u32 {
            0 => 0,
            top => self.node(top).origin(),
        }
    }

    /// The bytes of all nodes ever used.
    pub(crate) fn bytes(&self) -> u64 {
        u64::from(self.used.load(Ordering::Relaxed)) * size_of::<Node>() as u64
    }

    /// The node `index`; an empty one where there is none of this number.
    #[inline]
    pub(crate) fn node(&self, index: Index) -> &Node {
        let index = (index & INDEX_MASK) as usize;
        match self.chunks.get(index >> CHUNK_BITS) {
            Some(chunk) => {
                let start = chunk.load(Ordering::Acquire);
                if start.is_null() {
                    return &self.nothing;
                }
                // SAFETY: the chunk has this many nodes and lives as long as the pool.
                unsafe { &*start.add(index & (CHUNK - 1)) }
            }
            None => &self.nothing,
        }
    }

    /// A node with one reference, its words undefined, for something that the engine should know;
    /// `None`, which is noted, where there is no memory.
    pub(crate) fn take(&self, kind: Kind, link: u32, shard: usize) -> Option<(Index, &Node)> {
        self.take_for(Need::Knowledge, kind, link, shard)
    }

    /// As [`Self::take`]; where there is no memory, that is noted only if it has to be.
    pub(crate) fn take_for(
        &self,
        need: Need,
        kind: Kind,
        link: u32,
        shard: usize,
    ) -> Option<(Index, &Node)> {
        let Some(index) = self.reuse(shard).or_else(|| self.extend()) else {
            if need == Need::Knowledge {
                self.note_exhausted();
            }
            return None;
        };
        let node = self.node(index);
        // Who glances at what it was before, and sees any of what it is now, sees that it was freed.
        fence(Ordering::Release);
        node.set_link(kind, link);
        node.set_origin(0);
        node.refs.store(1, Ordering::Release);
        Some((index, node))
    }

    fn reuse(&self, shard: usize) -> Option<Index> {
        (0..STACKS).find_map(|i| self.pop(&self.stacks[(shard % STACKS + i) % STACKS]))
    }

    fn pop(&self, stack: &Stack) -> Option<Index> {
        let mut head = stack.head.load(Ordering::Acquire);
        loop {
            let index = head as u32;
            if index == 0 {
                return None;
            }
            let below = self.node(index).link();
            match stack.head.compare_exchange(
                head,
                next_tag(head) | u64::from(below),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return Some(index),
                Err(now) => head = now,
            }
        }
    }

    fn push(&self, index: Index, shard: usize) {
        let stack = &self.stacks[shard % STACKS];
        let node = self.node(index);
        let mut head = stack.head.load(Ordering::Acquire);
        loop {
            node.set_link(Kind::Leaf, head as u32);
            node.set_origin(self.depth(head) + 1);
            match stack.head.compare_exchange(
                head,
                next_tag(head) | u64::from(index),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }

    /// A node that was never used.
    fn extend(&self) -> Option<Index> {
        let mut index = self.used.load(Ordering::Relaxed);
        loop {
            if index >= self.limit {
                return None;
            }
            ensure(
                &self.chunks[index as usize >> CHUNK_BITS],
                CHUNK,
                &self.source,
            )?;
            match self
                .used
                .compare_exchange(index, index + 1, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => {
                    // A node may lie in two pages: both are written before they are read (see `notes`).
                    self.node(index).words[WORDS - 1].store(0, Ordering::Relaxed);
                    return Some(index);
                }
                Err(now) => index = now,
            }
        }
    }

    /// One more reference to a node that the caller has, or that is reached from one.
    pub(crate) fn retain(&self, index: Index) {
        if index != 0 {
            self.node(index).refs.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// One more reference to a node that may have been freed; `false` where it is free. The
    /// caller still has to find out whether the node is what was meant, and to release it if not.
    pub(crate) fn try_retain(&self, index: Index) -> bool {
        let refs = &self.node(index).refs;
        let mut seen = refs.load(Ordering::Relaxed);
        while seen != 0 {
            match refs.compare_exchange(seen, seen + 1, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => seen = now,
            }
        }
        false
    }

    /// Gives a reference back. The node is freed with the last one, and gives back its own.
    pub(crate) fn release(&self, index: Index, shard: usize) {
        let mut index = index;
        // A chain is walked, not recursed into: it has no bound as the height of a trie has.
        while index != 0 {
            let node = self.node(index);
            if node.refs.fetch_sub(1, Ordering::AcqRel) != 1 {
                return;
            }
            let next = self.release_content(node, shard);
            self.push(index, shard);
            index = next;
        }
    }

    /// Releases what `node` refers to, except the one node that is returned.
    fn release_content(&self, node: &Node, shard: usize) -> Index {
        match node.kind() {
            Kind::Leaf => 0,
            Kind::Inner => {
                (0..2 * WORDS).for_each(|i| self.release(node.child(i), shard));
                0
            }
            Kind::Spill => {
                for i in (0..WORDS).step_by(2) {
                    if node.word(i) & CROWD != 0 {
                        self.release(node.word(i) as u32 & INDEX_MASK, shard);
                    }
                }
                node.link()
            }
            Kind::Clock => {
                self.release(node.word(1) as u32, shard);
                self.release((node.word(1) >> 32) as u32, shard);
                0
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        for chunk in self.chunks.iter() {
            // SAFETY: chunks are made by `ensure` with this length and source.
            unsafe { free(chunk, CHUNK, &self.source) };
        }
    }
}

fn next_tag(head: u64) -> u64 {
    (head >> 32).wrapping_add(1) << 32
}

/// Makes sure that `place` points to an array of `len` values; whether this call made it, `None`
/// where there is no memory.
pub(crate) fn ensure<T: Zeroable + Default>(
    place: &AtomicPtr<T>,
    len: usize,
    source: &Source,
) -> Option<bool> {
    if !place.load(Ordering::Acquire).is_null() {
        return Some(false);
    }
    let start = Array::into_raw(Array::new(len, source)?);
    let placed = place.compare_exchange(
        core::ptr::null_mut(),
        start,
        Ordering::AcqRel,
        Ordering::Acquire,
    );
    if placed.is_err()
        && let Some(start) = NonNull::new(start)
    {
        // SAFETY: the array was just taken apart, and nobody else saw it.
        drop(unsafe { Array::from_raw(start, len, source) });
    }
    Some(placed.is_ok())
}

/// Frees the array that `place` points to, if any.
///
/// # Safety
///
/// It must have been placed by [`ensure`] with this length and source, and not be used any more.
pub(crate) unsafe fn free<T: Zeroable>(place: &AtomicPtr<T>, len: usize, source: &Source) {
    if let Some(start) = NonNull::new(place.swap(core::ptr::null_mut(), Ordering::Acquire)) {
        // SAFETY: as the caller says.
        drop(unsafe { Array::from_raw(start, len, source) });
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn pool() -> Pool {
        Pool::new(&Source::default(), 1 << 20).unwrap()
    }

    #[test]
    fn freed_nodes_are_used_again() {
        let pool = pool();
        let (first, _) = pool.take(Kind::Leaf, 0, 0).unwrap();
        let (second, _) = pool.take(Kind::Leaf, 0, 0).unwrap();
        assert_ne!(first, second);
        assert_eq!(pool.in_use(), 2);
        pool.release(first, 1);
        assert_eq!(pool.in_use(), 1);
        assert_eq!(pool.take(Kind::Leaf, 0, 0).unwrap().0, first);
    }

    #[test]
    fn a_free_node_is_not_retained() {
        let pool = pool();
        let (index, _) = pool.take(Kind::Leaf, 0, 0).unwrap();
        assert!(pool.try_retain(index));
        pool.release(index, 0);
        pool.release(index, 0);
        assert!(!pool.try_retain(index));
        assert!(
            !pool.try_retain(INDEX_MASK),
            "a number that was never given"
        );
    }

    #[test]
    fn what_only_a_freed_node_held_is_freed() {
        let pool = pool();
        let (child, _) = pool.take(Kind::Leaf, 0, 0).unwrap();
        let (parent, node) = pool.take(Kind::Inner, 1, 0).unwrap();
        (0..WORDS).for_each(|i| node.set_word(i, 0));
        node.set_child(5, child);
        pool.release(parent, 0);
        assert_eq!(pool.in_use(), 0);
    }

    #[test]
    fn a_full_pool_says_so() {
        let pool = Pool::new(&Source::default(), 3).unwrap();
        assert!(pool.take(Kind::Leaf, 0, 0).is_some());
        assert!(pool.take(Kind::Leaf, 0, 0).is_some());
        assert!(!pool.is_exhausted());
        assert!(pool.take(Kind::Leaf, 0, 0).is_none());
        assert!(pool.is_exhausted());
    }

    #[test]
    fn threads_get_different_nodes() {
        const EACH: usize = 20_000;
        let pool = pool();
        std::thread::scope(|scope| {
            for shard in 0..4 {
                let pool = &pool;
                scope.spawn(move || {
                    let mut mine = Vec::new();
                    for i in 0..EACH {
                        let (index, node) = pool.take(Kind::Leaf, 0, shard).unwrap();
                        node.set_word(0, (shard * EACH + i) as u64);
                        mine.push((index, shard * EACH + i));
                        if i % 3 == 0 {
                            let (index, mark) = mine.swap_remove(i % mine.len());
                            assert_eq!(pool.node(index).word(0), mark as u64);
                            pool.release(index, i);
                        }
                    }
                    for (index, mark) in mine {
                        assert_eq!(pool.node(index).word(0), mark as u64);
                        pool.release(index, shard);
                    }
                });
            }
        });
        assert_eq!(pool.in_use(), 0);
    }
}
