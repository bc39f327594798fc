//! Logical time: thread indices, epochs and vector clocks.
//!
//! A *vector clock* maps every thread of execution to the latest of its times that
//! happens-before the clock's owner (Mattern, 1989; Fidge, 1988). An *epoch* `c@t` is one
//! component of such a clock, and enough to name a single access (Flanagan and Freund,
//! *FastTrack*, PLDI 2009).
//!
//! A clock here is at most five components inline, and a trie for the rest that it shares with
//! other clocks (see `trie`); its owner's own component stands apart. Three rules keep what
//! is done on a synchronisation small, however many threads there are:
//!
//! - Whoever knows `c@t` knows what `t` knew when it released at `c`: a clock that was left by
//!   such a release, and whose owner's component is known, brings nothing. For this, what is known
//!   must be a time of the same *generation*: see [`Time`].
//! - The same holds for each node of a trie that `t` made before it released at `c`.
//! - Where all of a clock's trie is known to the other side, the other's is taken whole.
//!
//! `docs/clocks.md` compares this with dense, sparse and tree clocks.

use crate::pool::{Index, Need, Node, Pool};
use crate::trie::{self, Maker};
use core::fmt;

/// The index of a thread of execution (here: of a goroutine) in an engine's clocks.
///
/// Indices are dense and start at 0. The index of a thread that has ended may be given to another
/// one, which goes on with its times; see `slots` for when.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Tid(u32);

impl Tid {
    /// The number of threads that one engine can tell apart at a time.
    pub const LIMIT: usize = 1 << Epoch::TID_BITS;

    /// The index `index`, or `None` where it does not fit an [`Epoch`].
    #[must_use]
    pub fn new(index: usize) -> Option<Self> {
        (index < Self::LIMIT).then_some(Self(index as u32))
    }

    /// The position of this thread's component in a clock.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }

    pub(crate) fn key(self) -> u32 {
        self.0
    }

    /// Threads are spread over the pool's free lists by their index.
    pub(crate) fn shard(self) -> usize {
        self.0 as usize
    }
}

/// A thread's own logical time: the number of times it has released something new, plus one.
///
/// The times of an index are cut into *generations* of some 67 million each. Within one, whoever knows a
/// time knows all that was released before; a thread that gets the index of another one, whose end not everybody
/// knows, begins a new one. Where a thread passes from one to the next, clocks of before are compared in whole
/// from then on: that takes longer, and tells the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Time(u64);

impl Time {
    /// Before anything the thread did. Every clock has this component for threads it knows nothing of.
    pub const ZERO: Self = Self(0);
    /// When the first thread of an index starts.
    pub const START: Self = Self(1);
    /// The last time of an index; a thread that reaches it goes on under another one.
    pub const LAST: Self = Self(Epoch::TIME_MASK);

    /// The time after this one; at most [`Self::LAST`].
    #[must_use]
    pub fn next(self) -> Self {
        Self((self.0 + 1).min(Epoch::TIME_MASK))
    }

    pub(crate) fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// The first time of the next generation; at most [`Self::LAST`].
    pub(crate) fn next_generation(self) -> Self {
        Self(self.0 | Epoch::GENERATION_MASK).next()
    }

    /// The time of this number, as far as a time has room for it.
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        Self(bits & Epoch::TIME_MASK)
    }

    /// The time as a plain number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

/// `c@t`: the time `c` of thread `t`, in 63 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Epoch(u64);

impl Epoch {
    const TID_BITS: u32 = 27;
    pub(crate) const TIME_BITS: u32 = 36;
    const TIME_MASK: u64 = (1 << Self::TIME_BITS) - 1;
    /// The bits in which times of one generation differ.
    const GENERATION_MASK: u64 = (1 << 26) - 1;
    /// No thread's.
    pub(crate) const NONE: Self = Self(0);

    /// The epoch `time@tid`.
    #[must_use]
    pub fn new(tid: Tid, time: Time) -> Self {
        Self(u64::from(tid.0) << Self::TIME_BITS | time.0)
    }

    /// The thread of this epoch.
    #[must_use]
    pub fn tid(self) -> Tid {
        Tid((self.0 >> Self::TIME_BITS) as u32)
    }

    /// The time of this epoch.
    #[must_use]
    pub fn time(self) -> Time {
        Time(self.0 & Self::TIME_MASK)
    }

    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(crate) fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether this is the same thread's, and not earlier.
    #[inline]
    pub(crate) fn reaches(self, other: Self) -> bool {
        // The times of one thread are consecutive numbers: one comparison tells both.
        self.0.wrapping_sub(other.0) <= !other.0 & Self::TIME_MASK
    }

    /// Whether this is the same generation's of the same index, and not earlier: who knows this epoch knows all
    /// that was released at the `other`.
    #[inline]
    pub(crate) fn vouches_for(self, other: Self) -> bool {
        self.0.wrapping_sub(other.0) <= !other.0 & Self::GENERATION_MASK
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.time().0, self.tid().0)
    }
}

/// Components that a clock keeps inline.
pub(crate) const INLINE: usize = 5;
/// The words that a clock is stored in.
pub(crate) const CLOCK_WORDS: usize = INLINE + 2;

/// There is no memory for what a clock should know: it knows too little from now on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Exhausted;

/// A vector clock. It owns references to nodes of a pool, and must be given back to it with
/// [`Clock::clear`].
#[derive(Default, Debug)]
pub(crate) struct Clock {
    root: Index,
    /// What the schedulable-happens-before order knows beyond this clock; see `slots`.
    soft: Index,
    /// The thread whose knowledge this is, at the time when it had it; none where several
    /// threads' were merged.
    own: Epoch,
    /// Without gaps.
    inline: [Epoch; INLINE],
}

impl Clock {
    pub(crate) const EMPTY: Self = Self {
        root: 0,
        soft: 0,
        own: Epoch::NONE,
        inline: [Epoch::NONE; INLINE],
    };

    pub(crate) fn own(&self) -> Epoch {
        self.own
    }

    pub(crate) fn set_own(&mut self, own: Epoch) {
        self.own = own;
    }

    pub(crate) fn roots(&self) -> [Index; 2] {
        [self.root, self.soft]
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.root == 0 && self.own.is_none() && self.inline[0].is_none()
    }

    /// The clock as words, to be stored where nothing is dropped.
    pub(crate) fn words(&self) -> [u64; CLOCK_WORDS] {
        let mut words = [0; CLOCK_WORDS];
        words[0] = u64::from(self.root) | u64::from(self.soft) << 32;
        words[1] = self.own.bits();
        for (word, epoch) in words[2..].iter_mut().zip(self.inline) {
            *word = epoch.bits();
        }
        words
    }

    /// The inverse of [`Self::words`]: the references come with them.
    pub(crate) fn from_words(words: [u64; CLOCK_WORDS]) -> Self {
        Self {
            root: words[0] as u32,
            soft: (words[0] >> 32) as u32,
            own: Epoch::from_bits(words[1]),
            inline: core::array::from_fn(|i| Epoch::from_bits(words[i + 2])),
        }
    }

    /// Reads a clock from the last seven words of a node.
    pub(crate) fn in_node(node: &Node) -> Self {
        Self::from_words(core::array::from_fn(|i| node.word(i + 1)))
    }

    /// The owner of the clock in the last seven words of a node.
    #[inline]
    pub(crate) fn own_in_node(node: &Node) -> Epoch {
        Epoch::from_bits(node.word(2))
    }

    /// Stores this clock in the last seven words of a node.
    pub(crate) fn into_node(self, node: &Node) {
        put_in_node(self.words(), node);
    }

    /// Puts this clock in the place of one that a node has, if that has the same references, and so keeps them.
    #[inline]
    pub(crate) fn replace_in_node(&self, node: &Node) -> bool {
        let words = self.words();
        let is_same = node.word(1) == words[0];
        if is_same {
            put_in_node(words, node);
        }
        is_same
    }

    /// A copy, with references of its own.
    pub(crate) fn copy(&self, pool: &Pool) -> Self {
        pool.retain(self.root);
        pool.retain(self.soft);
        Self { ..*self }
    }

    /// Makes this a copy of `other`.
    pub(crate) fn assign(&mut self, pool: &Pool, shard: usize, other: &Self) {
        if self.roots() == other.roots() {
            // The references stay.
            *self = Self { ..*other };
        } else {
            let mut before = core::mem::replace(self, other.copy(pool));
            before.clear(pool, shard);
        }
    }

    /// Makes this, which several threads leave their knowledge at, know all that `other` does.
    pub(crate) fn merge(&mut self, pool: &Pool, shard: usize, other: &Self) {
        let own = self.own;
        if self.is_empty() || !own.is_none() && other.knows_all_of(pool, own) {
            return self.assign(pool, shard, other);
        }
        let maker = Maker {
            pool,
            origin: 0,
            shard,
            need: Need::Knowledge,
        };
        // What several threads left is no single one's knowledge.
        self.own = Epoch::NONE;
        let merged = match own {
            own if own.is_none() => Ok(()),
            own => self.add(maker, own),
        };
        // Where there is no memory, the pool has noted it, and the engine stops reporting.
        let _: Result<bool, Exhausted> = merged.and_then(|()| self.learn(maker, other));
    }

    /// Gives the references back; what is left knows nothing.
    pub(crate) fn clear(&mut self, pool: &Pool, shard: usize) {
        let Self { root, soft, .. } = core::mem::take(self);
        pool.release(root, shard);
        pool.release(soft, shard);
    }

    /// The component of `tid`.
    pub(crate) fn get(&self, pool: &Pool, tid: Tid) -> Time {
        let same = |epoch: &&Epoch| !epoch.is_none() && epoch.tid() == tid;
        let inline = self.inline.iter().chain([&self.own]).filter(same);
        let inline = inline.map(|epoch| epoch.time()).max().unwrap_or(Time::ZERO);
        inline.max(Time(trie::get(pool, self.root, tid.0)))
    }

    /// Whether what happened at `epoch` happens-before the owner of this clock.
    #[inline]
    pub(crate) fn knows(&self, pool: &Pool, epoch: Epoch) -> bool {
        self.own.reaches(epoch)
            || self.inline.iter().any(|known| known.reaches(epoch))
            || trie::get(pool, self.root, epoch.tid().0) >= epoch.time().0
    }

    /// Whether all that was released at `epoch` is known to this clock, as far as one of its components tells.
    #[inline]
    pub(crate) fn knows_all_of(&self, pool: &Pool, epoch: Epoch) -> bool {
        self.own.vouches_for(epoch) || self.inline.iter().any(|known| known.vouches_for(epoch)) || {
            let time = Time(trie::get(pool, self.root, epoch.tid().0));
            Epoch::new(epoch.tid(), time).vouches_for(epoch)
        }
    }

    /// Whether what happened at `epoch` is ordered by the schedulable-happens-before order alone.
    pub(crate) fn softly_knows(&self, pool: &Pool, epoch: Epoch) -> bool {
        trie::get(pool, self.soft, epoch.tid().0) >= epoch.time().0
    }

    /// Makes this clock know `epoch`.
    #[inline]
    pub(crate) fn add(&mut self, maker: Maker<'_>, epoch: Epoch) -> Result<(), Exhausted> {
        if self.own.reaches(epoch) {
            return Ok(());
        }
        let same = |known: &&mut Epoch| !known.is_none() && known.tid() == epoch.tid();
        if let Some(known) = self.inline.iter_mut().find(same) {
            if !known.reaches(epoch) {
                *known = epoch;
            }
            return Ok(());
        }
        if trie::get(maker.pool, self.root, epoch.tid().0) >= epoch.time().0 {
            return Ok(());
        }
        if !self.inline[INLINE - 1].is_none() {
            self.spill(maker)?;
        }
        let free = self.inline.iter_mut().find(|known| known.is_none());
        *free.expect("spilling makes room") = epoch;
        Ok(())
    }

    /// Moves the inline components to the trie.
    fn spill(&mut self, maker: Maker<'_>) -> Result<(), Exhausted> {
        for i in (0..INLINE).rev() {
            if !self.inline[i].is_none() {
                self.root = raise(maker, self.root, self.inline[i])?;
                self.inline[i] = Epoch::NONE;
            }
        }
        Ok(())
    }

    /// Makes this clock know all that `other` does; whether any of it may be news.
    ///
    /// Where it is a thread's, `maker` has the thread's present epoch as its origin, and the
    /// thread has not released at it.
    pub(crate) fn learn(&mut self, maker: Maker<'_>, other: &Self) -> Result<bool, Exhausted> {
        if other.is_empty() || !other.own.is_none() && self.knows_all_of(maker.pool, other.own) {
            return Ok(false);
        }
        let before = self.words();
        self.learn_trie(maker, other)?;
        for (i, &epoch) in other.inline.iter().enumerate() {
            // Inline components have no gaps, and clocks of one origin mostly have them in the same order.
            if epoch.is_none() {
                break;
            }
            if !self.inline[i].reaches(epoch) {
                self.add(maker, epoch)?;
            }
        }
        if !other.own.is_none() {
            self.add(maker, other.own)?;
        }
        self.learn_soft(maker, other.soft)?;
        // A trie that is changed in place has taken up what was inline.
        Ok(self.words() != before)
    }

    fn learn_trie(&mut self, maker: Maker<'_>, other: &Self) -> Result<(), Exhausted> {
        let pool = maker.pool;
        let origin = pool.node(other.root).origin();
        if other.root == 0
            || other.root == self.root
            || origin != 0 && self.knows_all_of(pool, Epoch(origin))
        {
            return Ok(());
        }
        let left_knows = |origin| self.knows_all_of(pool, Epoch(origin));
        let right_knows = |origin| other.knows_all_of(pool, Epoch(origin));
        let joined = maker.join(self.root, other.root, &left_knows, &right_knows);
        self.root = joined.ok_or(Exhausted)?;
        self.drop_known_inline(pool);
        Ok(())
    }

    /// Makes room of inline components that the trie has come to know.
    fn drop_known_inline(&mut self, pool: &Pool) {
        let mut kept = 0;
        for i in 0..INLINE {
            let epoch = self.inline[i];
            if !epoch.is_none() && trie::get(pool, self.root, epoch.tid().0) < epoch.time().0 {
                self.inline[kept] = epoch;
                kept += 1;
            }
        }
        self.inline[kept..].fill(Epoch::NONE);
    }

    /// What is learned here is not known: it has no origin.
    fn learn_soft(&mut self, maker: Maker<'_>, soft: Index) -> Result<(), Exhausted> {
        if soft != self.soft {
            let never = |_| false;
            let maker = Maker { origin: 0, ..maker };
            let joined = maker.join(self.soft, soft, &never, &never);
            self.soft = joined.ok_or(Exhausted)?;
        }
        Ok(())
    }

    /// Makes the schedulable-happens-before order know all that `other` does.
    pub(crate) fn learn_softly(&mut self, maker: Maker<'_>, other: &Self) -> Result<(), Exhausted> {
        let maker = Maker { origin: 0, ..maker };
        self.learn_soft(maker, other.root)?;
        self.learn_soft(maker, other.soft)?;
        for epoch in other.inline.into_iter().chain([other.own]) {
            if !epoch.is_none() {
                self.soft = raise(maker, self.soft, epoch)?;
            }
        }
        Ok(())
    }

    /// All components as one trie, which is the caller's.
    pub(crate) fn as_trie(&self, maker: Maker<'_>) -> Result<Index, Exhausted> {
        maker.pool.retain(self.root);
        let mut root = self.root;
        for epoch in self.inline.into_iter().chain([self.own]) {
            if !epoch.is_none() {
                match raise(maker, root, epoch) {
                    Ok(raised) => root = raised,
                    Err(error) => {
                        maker.pool.release(root, maker.shard);
                        return Err(error);
                    }
                }
            }
        }
        Ok(root)
    }
}

/// What is there already is not written: another core may have it, too.
#[inline]
fn put_in_node(words: [u64; CLOCK_WORDS], node: &Node) {
    for (i, word) in words.into_iter().enumerate() {
        if node.word(i + 1) != word {
            node.set_word(i + 1, word);
        }
    }
}

fn raise(maker: Maker<'_>, root: Index, epoch: Epoch) -> Result<Index, Exhausted> {
    maker
        .put(root, epoch.tid().0, epoch.time().0)
        .ok_or(Exhausted)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::source::Source;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn tid(index: usize) -> Tid {
        Tid::new(index).unwrap()
    }

    fn pool() -> Pool {
        Pool::new(&Source::default(), 1 << 20).unwrap()
    }

    fn clock(pool: &Pool, times: &[u64]) -> Clock {
        let mut clock = Clock::EMPTY;
        let maker = Maker {
            pool,
            origin: 0,
            shard: 0,
            need: Need::Knowledge,
        };
        for (i, &time) in times.iter().enumerate().filter(|(_, time)| **time > 0) {
            clock.add(maker, Epoch::new(tid(i), Time(time))).unwrap();
        }
        clock
    }

    #[test]
    fn epoch_keeps_both_halves_at_their_limits() {
        let epoch = Epoch::new(tid(Tid::LIMIT - 1), Time::LAST);
        assert_eq!(epoch.tid().index(), Tid::LIMIT - 1);
        assert_eq!(epoch.time(), Time::LAST);
        assert_eq!(Tid::new(Tid::LIMIT), None);
        assert_eq!(Time::LAST.next(), Time::LAST);
        assert!(epoch.bits() < crate::pool::CROWD, "the top bit is free");
    }

    #[test]
    fn only_the_same_generation_vouches() {
        let at = |i, time| Epoch::new(tid(i), Time(time));
        let first = Epoch::GENERATION_MASK;
        assert!(at(3, 5).vouches_for(at(3, 5)) && at(3, first).vouches_for(at(3, 5)));
        assert!(!at(3, 5).vouches_for(at(3, 6)));
        assert!(!at(4, 5).vouches_for(at(3, 5)) && !at(3, 5).vouches_for(at(4, 5)));
        assert!(!at(3, first + 1).vouches_for(at(3, first)), "the next one");
        assert!(at(3, first + 1).reaches(at(3, first)));
        assert_eq!(Time::START.next_generation(), Time(first + 1));
        assert_eq!(Time(first).next_generation(), Time(first + 1));
        assert_eq!(Time(first + 1).next_generation(), Time(2 * (first + 1)));
        assert_eq!(Time::LAST.before().next_generation(), Time::LAST);
        let last = Time(Time::LAST.0 - first).next_generation();
        assert_eq!(last, Time::LAST, "no time is left for a thread");
    }

    #[test]
    fn only_the_same_thread_reaches() {
        let at = |i, time| Epoch::new(tid(i), Time(time));
        assert!(at(3, 5).reaches(at(3, 5)));
        assert!(at(3, 5).reaches(at(3, 4)));
        assert!(!at(3, 5).reaches(at(3, 6)));
        assert!(!at(4, 5).reaches(at(3, 5)));
    }

    proptest! {
        #[test]
        fn learning_is_the_least_upper_bound(a in prop::collection::vec(0u64..9, 0..20), b in prop::collection::vec(0u64..9, 0..20)) {
            let pool = pool();
            let maker = Maker { pool: &pool, origin: 0, shard: 0, need: Need::Knowledge };
            let mut learned = clock(&pool, &a);
            let mut other = clock(&pool, &b);
            learned.learn(maker, &other).unwrap();
            for i in 0..21 {
                let at = |v: &[u64]| v.get(i).copied().unwrap_or(0);
                let expected = at(&a).max(at(&b));
                prop_assert_eq!(learned.get(&pool, tid(i)).get(), expected);
                for time in 1..9 {
                    prop_assert_eq!(learned.knows(&pool, Epoch::new(tid(i), Time(time))), time <= expected);
                }
            }
            let mut copy = learned.copy(&pool);
            learned.clear(&pool, 0);
            let words: Vec<_> = (0..21).map(|i| copy.get(&pool, tid(i)).get()).collect();
            let mut stored = Clock::from_words(copy.words());
            let again: Vec<_> = (0..21).map(|i| stored.get(&pool, tid(i)).get()).collect();
            prop_assert_eq!(words, again);
            copy = Clock::EMPTY;
            copy.clear(&pool, 0);
            stored.clear(&pool, 0);
            other.clear(&pool, 0);
            prop_assert_eq!(pool.in_use(), 0);
        }
    }
}
