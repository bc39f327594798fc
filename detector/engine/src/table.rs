//! Nodes found by a key: chains from a table of buckets, a lock bit in each. The table grows with
//! the number of nodes.
//!
//! # How it grows
//!
//! The table has levels, each with twice the buckets of the one before. A bucket's number is the
//! first bits of the key's hash, so what is in bucket *i* of a level belongs in *2i* or *2i + 1* of
//! the next. When there are more nodes than buckets, the next level is begun; whoever looks for a
//! key looks there from then on. Nothing else happens at that moment: a bucket is filled when it is
//! first locked, with what is its own in the bucket above it, which is locked, too, meanwhile, and
//! filled the same way before.
//!
//! A thread may have chosen a level just before the next one was begun, and get the lock of a
//! bucket whose nodes were taken away meanwhile. So whoever has a lock looks whether the level still
//! is the deepest, and else starts again. That is enough: whoever takes nodes from a bucket saw the
//! next level before it locked it, so whoever locks it later sees the next level, too; and what
//! was put into it before is there to be taken.
//!
//! A bucket is locked before the one above it, so no two threads wait for each other.
//!
//! Where there is no memory for another level, chains get longer.
//!
//! # Versions
//!
//! A bucket has a *version*, which those who lock it may set to say that something is about to change in it, and anybody may
//! read. It is 0 until then, and goes on in the buckets that take over: it is theirs when they are filled.
//!
//! Where everybody sets a version that nobody ever gave before, whenever something is about to change, one can look at a bucket
//! without its lock ([`Table::glance`]): if it is not locked before, and has the same version afterwards, what was seen was
//! there at one moment. Who takes nodes away because the table has grown sets none: so the deepest level is looked at again,
//! too.

use crate::array::Zeroable;
use crate::notes::Notes;
use crate::pool::{INDEX_MASK, Index, Node, Pool, WORDS, ensure, free};
use crate::primitive::{
    AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence, fetch_to_write,
};
use crate::source::{PAGE, Source};
use crate::spin;

/// Bits of a bucket's word, above the index of its first node.
const LOCKED: u32 = 1 << 31;
/// The bucket has what is its own; on the first level it always has.
const FILLED: u32 = 1 << 30;
const _: () = assert!(INDEX_MASK < FILLED);

const LEVELS: usize = if cfg!(loom) { 3 } else { 12 };
/// The most buckets of a level, as a power of two: there are no more nodes.
const MOST_BITS: u32 = 28;
/// The heads of a page, and the words of notes for pages of them.
const PAGE_HEADS: usize = PAGE / size_of::<Head>();
const PAGE_WORDS: usize = if cfg!(loom) { 1 } else { 16 };
/// How far a chain is followed without its bucket's lock.
const FARTHEST: usize = if cfg!(loom) { 4 } else { 16 };
/// Buckets for which one word says which of them may have nodes.
const GROUP: usize = u32::BITS as usize;

/// Keys are addresses mostly, and those of so many words behind each other have buckets behind each other on the first level:
/// who uses one uses the next.
const NEAR: u64 = 8;
const WORD: u64 = 8;

/// A number whose upper bits depend on all of the key's (Knuth's multiplicative hash).
#[inline]
pub(crate) fn hash(key: u64) -> u64 {
    key.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Nodes of a pool whose first word is their key and whose link is the table's.
pub(crate) struct Table {
    /// Null from the first level on that was not begun.
    levels: [Level; LEVELS],
    deepest: AtomicUsize,
    bits: u32,
    source: Source,
    nodes: Count,
    /// Which pages of the first level's buckets were touched, as far as there are notes for them.
    notes: Notes<PAGE_WORDS>,
}

/// The buckets of a level.
#[derive(Default)]
struct Level {
    heads: AtomicPtr<Head>,
    /// A bit for each bucket that may have nodes, so that a look at all passes over the others.
    occupied: AtomicPtr<AtomicU32>,
}

/// Where a bucket begins.
#[derive(Default)]
#[repr(C, align(16))]
struct Head {
    /// The first node, below [`FILLED`] and [`LOCKED`].
    word: AtomicU32,
    version: AtomicU64,
}

// SAFETY: zero bytes are numbers.
unsafe impl Zeroable for Head {}

/// On a cache line of its own: it changes more often than what is beside it.
#[repr(align(64))]
struct Count(AtomicU64);

impl Table {
    /// A table that begins with 2^`bits` buckets.
    pub(crate) fn new(source: &Source, bits: u32) -> Option<Self> {
        let table = Self {
            levels: core::array::from_fn(|_| Level::default()),
            deepest: AtomicUsize::new(0),
            bits,
            source: *source,
            nodes: Count(AtomicU64::new(0)),
            notes: Notes::new(),
        };
        table.begin(0)?;
        Some(table)
    }

    /// The number of nodes.
    #[inline]
    pub(crate) fn len(&self) -> u64 {
        self.nodes.0.load(Ordering::Relaxed)
    }

    fn buckets(&self, level: usize) -> usize {
        1 << (self.bits as usize + level)
    }

    fn groups(&self, level: usize) -> usize {
        self.buckets(level).div_ceil(GROUP)
    }

    /// Makes the buckets of a level; `None` where there is no memory.
    fn begin(&self, level: usize) -> Option<()> {
        let Level { heads, occupied } = &self.levels[level];
        ensure(occupied, self.groups(level), &self.source)?;
        ensure(heads, self.buckets(level), &self.source)?;
        Some(())
    }

    /// The buckets of a level that was begun.
    #[inline]
    fn heads(&self, level: usize) -> &[Head] {
        // SAFETY: `begin` made an array of so many, and it lives as long as the table.
        unsafe { made(&self.levels[level].heads, self.buckets(level)) }
    }

    /// For each of them a bit that says whether it may have nodes.
    fn occupied(&self, level: usize) -> &[AtomicU32] {
        // SAFETY: as above.
        unsafe { made(&self.levels[level].occupied, self.groups(level)) }
    }

    /// The number of the bucket of `key` on this level.
    pub(crate) fn place(&self, level: usize, key: u64) -> usize {
        // The lowest bits of the number on the first level.
        let shift = u64::BITS - self.bits;
        let order = if key.is_multiple_of(WORD) {
            hash(key / (WORD * NEAR)) ^ (key / WORD % NEAR) << shift
        } else {
            hash(key)
        };
        (order >> (shift - level as u32)) as usize
    }

    /// The head of the bucket of `key`.
    #[inline]
    fn head(&self, key: u64) -> &Head {
        let level = self.deepest.load(Ordering::Acquire);
        &self.heads(level)[self.place(level, key)]
    }

    /// The version of the bucket of `key`; 0 where nobody has set one yet, or it is not filled yet.
    ///
    /// Whoever has seen what was done after the bucket's version was set sees that one, or a later one.
    #[inline]
    pub(crate) fn version(&self, key: u64) -> u64 {
        self.head(key).version.load(Ordering::Relaxed)
    }

    /// A look at the bucket of `key` without its lock; `None` where somebody has that, or nobody ever had. Nodes are of `pool`.
    #[inline]
    pub(crate) fn glance<'a>(&'a self, pool: &'a Pool, key: u64) -> Option<Glance<'a>> {
        let level = self.deepest.load(Ordering::Acquire);
        let number = self.place(level, key);
        if level == 0 && !self.notes.has(number / PAGE_HEADS) {
            return None;
        }
        let head = &self.heads(level)[number];
        // Who sees a version sees that who has set it has the lock, or had it.
        let version = head.version.load(Ordering::Acquire);
        let word = head.word.load(Ordering::Acquire);
        let is_open = word & LOCKED == 0 && (level == 0 || word & FILLED != 0);
        is_open.then_some(Glance {
            table: self,
            pool,
            head,
            first: word & INDEX_MASK,
            level,
            version,
        })
    }

    /// Locks the bucket of `key`, whose nodes are of `pool`.
    #[inline]
    pub(crate) fn lock<'a>(&'a self, pool: &'a Pool, key: u64) -> Bucket<'a> {
        loop {
            let level = self.deepest.load(Ordering::Acquire);
            let bucket = self.lock_bucket(pool, level, self.place(level, key));
            if self.deepest.load(Ordering::Relaxed) == level {
                return bucket;
            }
        }
    }

    #[inline]
    fn lock_bucket<'a>(&'a self, pool: &'a Pool, level: usize, number: usize) -> Bucket<'a> {
        let head = &self.heads(level)[number];
        if level == 0 {
            self.notes.bring(number / PAGE_HEADS, &head.word);
        }
        let word = spin::acquire(&head.word, LOCKED, self.source.relax);
        let mut bucket = Bucket {
            table: self,
            pool,
            head,
            first: word & INDEX_MASK,
            number,
            level,
        };
        if level > 0 && word & FILLED == 0 {
            self.fill(&mut bucket, number);
        }
        bucket
    }

    /// A bucket that is locked for the first time has what belongs to it from the level above.
    #[cold]
    #[inline(never)]
    fn fill(&self, bucket: &mut Bucket<'_>, number: usize) {
        let level = bucket.level;
        let mut above = self.lock_bucket(bucket.pool, level - 1, number / 2);
        // Who glances at that one, and sees any of this, sees that there is a deeper level.
        fence(Ordering::Release);
        above.take_out(
            |node| self.place(level, node.word(0)) != number,
            |index, node| bucket.link(index, node),
        );
        bucket.set_version(above.version());
    }

    /// Calls `f` with every bucket that has nodes, locked. It sees every node that is there all the
    /// time, and one that comes to another bucket meanwhile perhaps twice.
    pub(crate) fn for_each_bucket(&self, pool: &Pool, mut f: impl FnMut(&mut Bucket<'_>)) {
        // Nodes come to deeper levels only, so none gets past.
        let mut level = 0;
        while level <= self.deepest.load(Ordering::Acquire) {
            for (i, occupied) in self.occupied(level).iter().enumerate() {
                let mut bits = occupied.load(Ordering::Acquire);
                while bits != 0 {
                    let number = GROUP * i + bits.trailing_zeros() as usize;
                    f(&mut self.lock_bucket(pool, level, number));
                    bits &= bits - 1;
                }
            }
            level += 1;
        }
    }

    /// Begins the level after this one, if there is memory for it.
    #[cold]
    fn deepen(&self, level: usize) {
        let next = level + 1;
        if next < LEVELS && self.bits + next as u32 <= MOST_BITS && self.begin(next).is_some() {
            // Where that fails, another thread has done it.
            let _ =
                self.deepest
                    .compare_exchange(level, next, Ordering::Release, Ordering::Relaxed);
        }
    }
}

/// The nodes of the chain that begins with `first`.
#[inline]
fn nodes(pool: &Pool, first: Index) -> impl Iterator<Item = &Node> {
    let mut index = first;
    core::iter::from_fn(move || {
        (index != 0).then(|| {
            let node = pool.node(index);
            index = node.link();
            node
        })
    })
}

/// What a level that was begun has at `place`.
///
/// # Safety
///
/// If it is not null, it is an array of `len`, which lives as long as the result.
#[inline]
unsafe fn made<T>(place: &AtomicPtr<T>, len: usize) -> &[T] {
    let start = place.load(Ordering::Acquire);
    assert!(!start.is_null(), "the level was begun");
    // SAFETY: as the caller says.
    unsafe { core::slice::from_raw_parts(start, len) }
}

impl Drop for Table {
    fn drop(&mut self) {
        for (level, Level { heads, occupied }) in self.levels.iter().enumerate() {
            // SAFETY: both are made by `ensure` with these lengths and this source.
            unsafe {
                free(heads, self.buckets(level), &self.source);
                free(occupied, self.groups(level), &self.source);
            }
        }
    }
}

/// A look at a bucket that nobody had locked. What it finds may be anything, unless it [`is_still`](Self::is_still) there.
pub(crate) struct Glance<'a> {
    table: &'a Table,
    pool: &'a Pool,
    head: &'a Head,
    first: Index,
    level: usize,
    version: u64,
}

impl<'a> Glance<'a> {
    /// The node of `key`, if there is one; `None` where the end of the chain is far.
    #[inline]
    pub(crate) fn find(&self, key: u64) -> Option<Option<&'a Node>> {
        let mut nodes = nodes(self.pool, self.first);
        match nodes
            .by_ref()
            .take(FARTHEST)
            .find(|node| node.word(0) == key)
        {
            None => nodes.next().is_none().then_some(None),
            found => Some(found),
        }
    }

    /// The version that the bucket had.
    #[inline]
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Whether all that was seen since the glance was there at one moment, and still was just now.
    #[inline]
    pub(crate) fn is_still(&self) -> bool {
        fence(Ordering::Acquire);
        self.head.version.load(Ordering::Relaxed) == self.version
            && self.table.deepest.load(Ordering::Relaxed) == self.level
    }
}

/// A locked bucket, which has what is its own.
pub(crate) struct Bucket<'a> {
    table: &'a Table,
    pool: &'a Pool,
    head: &'a Head,
    first: Index,
    number: usize,
    level: usize,
}

impl<'a> Bucket<'a> {
    /// The node of `key`.
    #[inline]
    pub(crate) fn find(&self, key: u64) -> Option<&'a Node> {
        nodes(self.pool, self.first).find(|node| node.word(0) == key)
    }

    /// What the first node has is about to be used.
    #[inline]
    pub(crate) fn expect(&self) {
        let node = self.pool.node(self.first);
        // It may lie across two cache lines.
        fetch_to_write(&raw const node.words[0]);
        fetch_to_write(&raw const node.words[WORDS - 1]);
    }

    /// The version that was last set.
    #[inline]
    pub(crate) fn version(&self) -> u64 {
        self.head.version.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn set_version(&self, version: u64) {
        self.head.version.store(version, Ordering::Release);
    }

    /// The word that has this bucket's bit, and the bit.
    fn occupied(&self) -> (&'a AtomicU32, u32) {
        let word = &self.table.occupied(self.level)[self.number / GROUP];
        (word, 1 << (self.number % GROUP))
    }

    /// Whether there is a node of which `f` says so.
    pub(crate) fn any(&self, f: impl Fn(&Node) -> bool) -> bool {
        nodes(self.pool, self.first).any(f)
    }

    /// Puts a node with its key in.
    pub(crate) fn insert(&mut self, index: Index, node: &Node) {
        self.link(index, node);
        let nodes = self.table.nodes.0.fetch_add(1, Ordering::Relaxed) + 1;
        if nodes > self.table.buckets(self.level) as u64 {
            self.table.deepen(self.level);
        }
    }

    fn link(&mut self, index: Index, node: &Node) {
        node.set_link(node.kind(), self.first);
        self.first = index;
        let (occupied, bit) = self.occupied();
        occupied.fetch_or(bit, Ordering::Release);
    }

    /// Takes out, and releases, the nodes for which `keep` does not hold.
    pub(crate) fn retain(&mut self, keep: impl FnMut(&Node) -> bool) {
        let (table, pool) = (self.table, self.pool);
        self.take_out(keep, |index, _| {
            table.nodes.0.fetch_sub(1, Ordering::Relaxed);
            pool.release(index, index as usize);
        });
    }

    /// Calls `taken` with the nodes for which `keep` does not hold, and that are in no chain then.
    fn take_out(
        &mut self,
        mut keep: impl FnMut(&Node) -> bool,
        mut taken: impl FnMut(Index, &Node),
    ) {
        let mut kept: Option<&Node> = None;
        let mut index = self.first;
        while index != 0 {
            let node = self.pool.node(index);
            let next = node.link();
            if keep(node) {
                kept = Some(node);
            } else {
                match kept {
                    None => self.first = next,
                    Some(kept) => kept.set_link(kept.kind(), next),
                }
                taken(index, node);
            }
            index = next;
        }
        if self.first == 0 {
            // Whoever sees that nothing is here sees where it went.
            let (occupied, bit) = self.occupied();
            occupied.fetch_and(!bit, Ordering::Release);
        }
    }
}

impl Drop for Bucket<'_> {
    #[inline]
    fn drop(&mut self) {
        self.head.word.store(self.first | FILLED, Ordering::Release);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::pool::Kind;
    use std::collections::BTreeMap;
    use std::vec::Vec;

    fn pool() -> Pool {
        Pool::new(&Source::default(), INDEX_MASK).unwrap()
    }

    /// Counts `key` once more.
    fn count(table: &Table, pool: &Pool, key: u64) {
        let mut bucket = table.lock(pool, key);
        if let Some(node) = bucket.find(key) {
            return node.set_word(1, node.word(1) + 1);
        }
        let (index, node) = pool.take(Kind::Leaf, 0, 0).unwrap();
        node.set_word(0, key);
        node.set_word(1, 1);
        bucket.insert(index, node);
    }

    fn counted(table: &Table, pool: &Pool, key: u64) -> Option<u64> {
        table.lock(pool, key).find(key).map(|node| node.word(1))
    }

    /// The length of each chain that has a node.
    fn chains(table: &Table, pool: &Pool) -> Vec<usize> {
        let mut chains = Vec::new();
        table.for_each_bucket(pool, |bucket| {
            let mut nodes = 0;
            bucket.retain(|_| {
                nodes += 1;
                true
            });
            chains.push(nodes);
        });
        chains
    }

    #[test]
    fn chains_stay_short_however_many_nodes_there_are() {
        const NODES: u64 = 200_000;
        let pool = pool();
        let table = Table::new(&Source::default(), 6).unwrap();
        for key in 0..NODES {
            count(&table, &pool, key);
        }
        assert_eq!(table.len(), NODES);
        assert!((0..NODES).all(|key| counted(&table, &pool, key) == Some(1)));
        assert_eq!(counted(&table, &pool, NODES), None);
        let chains = chains(&table, &pool);
        assert_eq!(chains.iter().sum::<usize>(), NODES as usize);
        assert!(chains.iter().all(|&nodes| nodes < 12));
    }

    #[test]
    fn a_version_goes_on_in_the_bucket_that_takes_over() {
        let pool = pool();
        let table = Table::new(&Source::default(), 1).unwrap();
        assert_eq!(table.version(7), 0, "nobody has set one");
        table.lock(&pool, 7).set_version(5);
        assert_eq!(table.version(7), 5);
        // The table grows, and the bucket of the key is not locked meanwhile.
        let others = (0..64).filter(|key| table.place(0, *key) != table.place(0, 7));
        others.for_each(|key| count(&table, &pool, key));
        assert_eq!(table.version(7), 0, "it is not filled yet");
        assert_eq!(table.lock(&pool, 7).version(), 5);
        assert_eq!(table.version(7), 5);
    }

    #[test]
    fn what_is_taken_out_is_gone_on_every_level() {
        let pool = pool();
        let table = Table::new(&Source::default(), 4).unwrap();
        // Most buckets of the last level were never locked: their nodes are further up.
        for key in 0..1000 {
            count(&table, &pool, key);
        }
        table.for_each_bucket(&pool, |bucket| bucket.retain(|node| node.word(0) % 3 == 0));
        assert_eq!(table.len(), 334);
        assert_eq!(pool.in_use(), 334);
        for key in 0..1000 {
            assert_eq!(counted(&table, &pool, key).is_some(), key % 3 == 0, "{key}");
        }
        assert_eq!(chains(&table, &pool).iter().sum::<usize>(), 334);
        table.for_each_bucket(&pool, |bucket| bucket.retain(|_| false));
        assert_eq!((table.len(), pool.in_use()), (0, 0));
        assert!(chains(&table, &pool).is_empty());
    }

    #[test]
    fn without_memory_chains_get_longer() {
        extern "C" fn map(bytes: usize) -> *mut u8 {
            match bytes {
                0..2048 => (Source::default().map)(bytes),
                _ => core::ptr::null_mut(),
            }
        }
        let source = Source {
            map,
            ..Source::default()
        };
        let pool = pool();
        let table = Table::new(&source, 4).unwrap();
        for key in 0..5000 {
            count(&table, &pool, key);
        }
        assert!((0..5000).all(|key| counted(&table, &pool, key) == Some(1)));
        assert!(chains(&table, &pool).len() <= 256);
    }

    #[test]
    fn threads_that_count_while_it_grows_lose_nothing() {
        const KEYS: u64 = 20_000;
        let pool = pool();
        let table = Table::new(&Source::default(), 1).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (table, pool) = (&table, &pool);
                scope.spawn(move || {
                    for i in 0..KEYS {
                        // All threads count the even keys, each the odd ones of a quarter.
                        if i % 2 == 0 || i % 8 == 2 * thread + 1 {
                            count(table, pool, i);
                        }
                        if i % 4096 == 0 {
                            let mut seen = BTreeMap::new();
                            table.for_each_bucket(pool, |bucket| {
                                bucket.retain(|node| {
                                    *seen.entry(node.word(0)).or_insert(0) += 1;
                                    true
                                });
                            });
                            assert!((0..i).step_by(2).all(|key| seen.contains_key(&key)));
                        }
                    }
                });
            }
        });
        for key in 0..KEYS {
            let expected = if key % 2 == 0 { 4 } else { 1 };
            assert_eq!(counted(&table, &pool, key), Some(expected), "{key}");
        }
        assert_eq!(table.len(), KEYS);
    }
}
