//! A history of more records than a granule has room for: a chain of pool nodes.
//!
//! A chain never changes once a granule leads to it, but for records that are renewed in it (`renewal`): a
//! change makes a new chain, and the old one is freed by whoever replaced it. So a thread that looks at a
//! chain may look at nodes that are in use for something else by now. That does no harm: they still are nodes, and afterwards the
//! granule's words tell. A *version* is used once, so that a chain that is freed, and made again
//! in the same node, is not taken for the old one.
//!
//! Where many threads make accesses of one kind to the same bytes, and none covers another
//! (reads, or relaxed atomics), their records form a *crowd*: a trie by thread index, so that
//! another one costs the logarithm of their number. There is at most one crowd for each kind and
//! set of bytes, and few records outside of crowds, so a chain cannot grow without end.

use crate::access::AccessKind;
use crate::clock::{Epoch, Tid, Time};
use crate::context::NodeId;
use crate::granule::look_after_recording;
use crate::pair::{Pair, Words};
use crate::pool::{CROWD, INDEX_MASK, Index, Kind, Need, Node, Pool, WORDS};
use crate::primitive::{AtomicU64, Ordering};
use crate::record::{ByteMask, Meta, Record};
use crate::trie::Maker;

/// No chain is longer; what is, is not a chain any more.
const LONGEST: usize = if cfg!(loom) { 8 } else { 4096 };
/// The entries of a node of a chain.
const ENTRIES: usize = WORDS / 2;

/// The records of many threads, all of one kind on the same bytes.
#[derive(Clone, Copy)]
pub(crate) struct Crowd {
    /// By thread index: the time, above the call stack.
    pub(crate) root: Index,
    pub(crate) kind: AccessKind,
    pub(crate) mask: ByteMask,
}

#[derive(Clone, Copy)]
pub(crate) enum Entry {
    Single(Record),
    Crowd(Crowd),
}

impl Entry {
    pub(crate) fn read(words: Words) -> Self {
        if words.low & CROWD == 0 {
            Self::Single(Record::from_words(words))
        } else {
            let meta = Meta(words.high);
            Self::Crowd(Crowd {
                root: words.low as u32 & INDEX_MASK,
                kind: meta.kind(),
                mask: meta.mask(),
            })
        }
    }

    fn words(self) -> Words {
        match self {
            Self::Single(record) => record.words(),
            Self::Crowd(crowd) => Words {
                low: CROWD | u64::from(crowd.root),
                high: Meta::new(crowd.kind, crowd.mask, NodeId::ROOT).0,
            },
        }
    }

    pub(crate) fn kind(self) -> AccessKind {
        match self {
            Self::Single(record) => record.kind,
            Self::Crowd(crowd) => crowd.kind,
        }
    }

    pub(crate) fn mask(self) -> ByteMask {
        match self {
            Self::Single(record) => record.mask,
            Self::Crowd(crowd) => crowd.mask,
        }
    }

    pub(crate) fn with_mask(self, mask: ByteMask) -> Self {
        match self {
            Self::Single(record) => Self::Single(Record { mask, ..record }),
            Self::Crowd(crowd) => Self::Crowd(Crowd { mask, ..crowd }),
        }
    }
}

/// What a version has and no record: the upper bits. The words of a granule are read one after
/// the other, and one must not be taken for the other.
pub(crate) const VERSION: u64 = 1 << 63;
const VERSION_COUNT_BITS: u32 = 35;

/// What the first word of a granule has, above the number of a chain's node, while a new chain is made of it.
const FROZEN: u64 = 1 << 62;

/// Whether `words` lead to a chain in which records may be renewed.
#[inline]
pub(crate) fn is_open(words: Words) -> bool {
    words.low & (CROWD | FROZEN) == CROWD
}

/// The words of `main`, where they lead to a chain after nobody can renew a record in it any more. What was renewed in
/// it before is seen afterwards.
pub(crate) fn freeze(main: Pair<'_>) -> Words {
    let frozen = loop {
        let words = main.load();
        let frozen = Words {
            low: words.low | FROZEN,
            ..words
        };
        if !is_open(words) {
            break words;
        }
        if main.replace(words, frozen) {
            break frozen;
        }
    };
    // Also where it was another that froze it: its change may be seen before what follows is.
    look_after_recording();
    frozen
}

/// A number that no history had before: the `count`th that the thread `tid` gives, or nobody in
/// particular.
pub(crate) fn version(tid: Option<Tid>, count: u64) -> u64 {
    let count = count & ((1 << VERSION_COUNT_BITS) - 1);
    let giver = tid.map_or(Tid::LIMIT as u64, |tid| u64::from(tid.key()));
    VERSION | giver << VERSION_COUNT_BITS | count
}

/// Whether the thread `tid` gave this version.
pub(crate) fn is_given_by(version: u64, tid: Tid) -> bool {
    version >> VERSION_COUNT_BITS == self::version(Some(tid), 0) >> VERSION_COUNT_BITS
}

pub(crate) fn member(epoch: Epoch, node: NodeId) -> u64 {
    epoch.time().get() << NodeId::BITS | node.bits()
}

pub(crate) fn member_epoch(key: u32, word: u64) -> Epoch {
    let tid = Tid::new(key as usize).unwrap_or_else(|| Epoch::NONE.tid());
    Epoch::new(tid, Time::from_bits(word >> NodeId::BITS))
}

/// A change of the history came in between, or there is no memory.
pub(crate) enum Stop {
    Changed,
    Exhausted,
}

/// Calls `f` with each entry of the history that `words` are.
#[inline]
pub(crate) fn entries(
    pool: &Pool,
    words: Words,
    mut f: impl FnMut(Entry) -> Result<(), Stop>,
) -> Result<(), Stop> {
    if words.low & CROWD == 0 {
        return match words.low {
            0 => Ok(()),
            _ => f(Entry::read(words)),
        };
    }
    placed_entries(pool, words, |words, _| f(Entry::read(words)))
}

/// Where an entry of a chain is: its two words.
pub(crate) type Place<'a> = [&'a AtomicU64; 2];

/// Calls `f` with the words of each entry of the chain that `words` lead to, and with where it is.
#[inline(always)]
pub(crate) fn placed_entries<'a>(
    pool: &'a Pool,
    words: Words,
    mut f: impl FnMut(Words, Place<'a>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut index = words.low as u32 & INDEX_MASK;
    for _ in 0..LONGEST {
        if index == 0 {
            return Ok(());
        }
        let node = pool.node(index);
        if node.kind() != Kind::Spill {
            return Err(Stop::Changed);
        }
        for i in 0..ENTRIES {
            let place = [&node.words[2 * i], &node.words[2 * i + 1]];
            let words = Words {
                // A renewed record has its epoch last.
                low: place[0].load(Ordering::Acquire),
                high: place[1].load(Ordering::Relaxed),
            };
            if words.low == 0 {
                break;
            }
            f(words, place)?;
        }
        index = node.link();
    }
    Err(Stop::Changed)
}

/// A reference to what `main` leads to, if its words still are `words`.
pub(crate) fn keep_alive(
    pool: &Pool,
    main: Pair<'_>,
    words: Words,
    root: Index,
    shard: usize,
) -> Result<(), Stop> {
    if !pool.try_retain(root) {
        return Err(Stop::Changed);
    }
    if !main.is_still(words) {
        pool.release(root, shard);
        return Err(Stop::Changed);
    }
    Ok(())
}

/// What `f` gives, while what `main` leads to is not freed, if its words still are `words` before.
#[inline]
pub(crate) fn while_alive<R>(
    pool: &Pool,
    main: Pair<'_>,
    words: Words,
    root: Index,
    shard: usize,
    f: impl FnOnce() -> R,
) -> Result<R, Stop> {
    keep_alive(pool, main, words, root, shard)?;
    let result = f();
    pool.release(root, shard);
    Ok(result)
}

/// A history in the making.
pub(crate) struct Chain<'a> {
    pool: &'a Pool,
    shard: usize,
    need: Need,
    /// The only entry so far, while it needs no node.
    single: Option<Record>,
    first: Index,
    last: Option<&'a Node>,
    in_last: usize,
}

impl<'a> Chain<'a> {
    pub(crate) fn new(pool: &'a Pool, shard: usize, need: Need) -> Self {
        Self {
            pool,
            shard,
            need,
            single: None,
            first: 0,
            last: None,
            in_last: 0,
        }
    }

    pub(crate) fn push(&mut self, entry: Entry) -> Result<(), Stop> {
        if let (Entry::Single(record), None, 0) = (entry, self.single, self.first) {
            self.single = Some(record);
            return Ok(());
        }
        if let Some(record) = self.single.take() {
            self.append(Entry::Single(record).words())?;
        }
        self.append(entry.words())
    }

    /// Adds a crowd with the reference to it: to the one of its kind and bytes, if there is one.
    pub(crate) fn push_owned(&mut self, crowd: Crowd) -> Result<(), Stop> {
        let pushed = match self.find_crowd(crowd.kind, crowd.mask) {
            None => return self.push_new(crowd),
            Some((node, i)) => self.merge(node, i, crowd),
        };
        self.pool.release(crowd.root, self.shard);
        pushed
    }

    fn push_new(&mut self, crowd: Crowd) -> Result<(), Stop> {
        let pushed = self.push(Entry::Crowd(crowd));
        if pushed.is_err() {
            self.pool.release(crowd.root, self.shard);
        }
        pushed
    }

    fn merge(&self, node: &Node, i: usize, crowd: Crowd) -> Result<(), Stop> {
        let maker = Maker {
            pool: self.pool,
            origin: 0,
            shard: self.shard,
            need: self.need,
        };
        let never = |_| false;
        let root = node.word(i) as u32 & INDEX_MASK;
        let root = maker.join(root, crowd.root, &never, &never);
        node.set_word(i, CROWD | u64::from(root.ok_or(Stop::Exhausted)?));
        Ok(())
    }

    /// The node and word of the crowd of this kind and these bytes.
    fn find_crowd(&self, kind: AccessKind, mask: ByteMask) -> Option<(&'a Node, usize)> {
        let wanted = Meta::new(kind, mask, NodeId::ROOT).0;
        let mut index = self.first;
        while index != 0 {
            let node = self.pool.node(index);
            for i in (0..WORDS).step_by(2) {
                if node.word(i) & CROWD != 0 && node.word(i + 1) == wanted {
                    return Some((node, i));
                }
            }
            index = node.link();
        }
        None
    }

    /// Whether there is no entry.
    pub(crate) fn is_empty(&self) -> bool {
        self.single.is_none() && self.first == 0
    }

    fn append(&mut self, words: Words) -> Result<(), Stop> {
        let node = match self.last {
            Some(node) if self.in_last < ENTRIES => node,
            _ => self.extend()?,
        };
        node.set_word(2 * self.in_last, words.low);
        node.set_word(2 * self.in_last + 1, words.high);
        self.in_last += 1;
        Ok(())
    }

    fn extend(&mut self) -> Result<&'a Node, Stop> {
        let (index, node) = self
            .pool
            .take_for(self.need, Kind::Spill, 0, self.shard)
            .ok_or(Stop::Exhausted)?;
        (0..WORDS).for_each(|i| node.set_word(i, 0));
        match self.last {
            None => self.first = index,
            Some(last) => last.set_link(Kind::Spill, index),
        }
        self.last = Some(node);
        self.in_last = 0;
        Ok(node)
    }

    /// Puts this in the place of what `main` leads to, if that still is `old`, and frees that.
    pub(crate) fn replace(
        &mut self,
        main: Pair<'_>,
        old: Words,
        version: &dyn Fn() -> u64,
    ) -> bool {
        let words = match (self.single, self.first) {
            (Some(record), _) => record.words(),
            (None, 0) => Words::ZERO,
            (None, first) => Words {
                low: CROWD | u64::from(first),
                high: version(),
            },
        };
        let replaced = main.replace(old, words);
        if replaced {
            self.first = 0;
            if old.low & CROWD != 0 {
                self.pool.release(old.low as u32 & INDEX_MASK, self.shard);
            }
        }
        replaced
    }
}

impl Drop for Chain<'_> {
    fn drop(&mut self) {
        self.pool.release(self.first, self.shard);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn an_entry_keeps_what_it_is_about() {
        let record = Record {
            epoch: Epoch::new(Tid::new(Tid::LIMIT - 1).unwrap(), Time::LAST),
            kind: AccessKind::AtomicWrite,
            mask: ByteMask::from_bits(0b1000_0001),
            node: NodeId::from_bits(u64::MAX),
        };
        let Entry::Single(read) = Entry::read(record.words()) else {
            panic!("a record is taken for a crowd");
        };
        assert_eq!(read, record);
        let word = member(record.epoch, record.node);
        assert_eq!(member_epoch(record.epoch.tid().key(), word), record.epoch);
        assert_eq!(NodeId::from_bits(word), record.node);
    }
}
