//! The access history of eight adjacent bytes, FastTrack's rules on it, and how threads share it.
//!
//! # The rules
//!
//! FastTrack (Flanagan and Freund, PLDI 2009) keeps, for each variable, the last write and
//! either the last read or all concurrent ones. Here the variable is a byte, eight of them
//! share one short list of records, and a byte mask says which of them a record is about.
//! One rule serves reads, writes and atomics alike:
//!
//! > A new access takes the place of an earlier one where it happens after it and conflicts
//! > with everything that the earlier one conflicts with.
//!
//! **Nothing is missed:** for every access `a` to a byte there is a record `r` on that byte
//! with `a` = `r` or `a` happens-before `r`, and whatever conflicts with `a` conflicts with
//! `r`. An access `b` that races with `a` is not after `a`, so it is not after `r` either,
//! and races with `r`. **Nothing is invented:** every record is an access that happened.
//! After a byte's first race the loser's record is dropped where the new access covers its
//! kind: the byte has been reported, and the list stays short.
//!
//! # The states
//!
//! A granule's history is one [`Pair`] of words, and every change is one compare-exchange of it:
//!
//! | low word | high word | state |
//! |---|---|---|
//! | 0 | 0 | no access |
//! | epoch | kind, mask, node | one record |
//! | top bit, node of the pool | version | several: *spilled* to a chain of pool nodes |
//!
//! A chain never changes once a granule leads to it: a change makes a new chain, and the old one
//! is freed by whoever replaced it. So a thread that looks at a chain may look at nodes that are
//! in use for something else by now. That does no harm: they still are nodes, and afterwards the
//! granule's words tell. A *version* is used once, so that a chain that is freed, and made again
//! in the same node, is not taken for the old one. The bad interleaving is
//!
//! ```text
//! A reads the granule: no conflict       B reads the granule: no conflict
//! A records its write                    B records its write over A's: the race is lost
//! ```
//!
//! and it cannot happen, because the one whose compare-exchange comes second sees that the words
//! are not those that it looked at, and looks again. `tests/loom.rs` tries all interleavings.
//!
//! Where many threads make accesses of one kind to the same bytes, and none covers another
//! (reads, or relaxed atomics), their records form a *crowd*: a trie by thread index, so that
//! another one costs the logarithm of their number. There is at most one crowd for each kind and
//! set of bytes, and few records outside of crowds, so a chain cannot grow without end.

use crate::access::AccessKind;
use crate::clock::{Epoch, Tid, Time};
use crate::context::NodeId;
use crate::pool::{CROWD, INDEX_MASK, Index, Kind, Node, Pool, WORDS};
use crate::primitive::{Pair, Words};
use crate::trie::{self, Maker};

/// The number of bytes of a granule.
pub(crate) const BYTES: usize = 8;
/// Records of one kind on the same bytes that are kept one by one.
const FEW: usize = 6;
/// Records that are kept one by one in all.
const MANY: usize = 32;
/// No chain is longer; what is, is not a chain any more.
const LONGEST: usize = if cfg!(loom) { 8 } else { 4096 };
/// The entries of a node of a chain.
const ENTRIES: usize = WORDS / 2;

/// A set of bytes of one granule; bit `i` stands for the byte at offset `i`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ByteMask(u8);

impl ByteMask {
    /// The bytes from offset `from` up to, not including, `to`.
    #[inline]
    pub(crate) fn span(from: usize, to: usize) -> Self {
        debug_assert!(from < to && to <= BYTES);
        Self((((1u32 << (to - from)) - 1) << from) as u8)
    }

    pub(crate) fn bits(self) -> u8 {
        self.0
    }

    pub(crate) fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The maximal runs of adjacent bytes, as offsets `(from, to)`.
    pub(crate) fn runs(self) -> impl Iterator<Item = (usize, usize)> {
        let mut offset = 0;
        core::iter::from_fn(move || {
            while offset < BYTES && self.0 >> offset & 1 == 0 {
                offset += 1;
            }
            let from = offset;
            while offset < BYTES && self.0 >> offset & 1 == 1 {
                offset += 1;
            }
            (from < offset).then_some((from, offset))
        })
    }
}

/// What an entry is about: kind, bytes, and for a single record the call stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Meta(u64);

const KIND_SHIFT: u32 = NodeId::BITS;
const MASK_SHIFT: u32 = 32;

impl Meta {
    #[inline]
    fn new(kind: AccessKind, mask: ByteMask, node: NodeId) -> Self {
        Self(u64::from(mask.0) << MASK_SHIFT | (kind as u64) << KIND_SHIFT | node.bits())
    }

    #[inline]
    fn kind(self) -> AccessKind {
        match self.0 >> KIND_SHIFT & 3 {
            0 => AccessKind::Read,
            1 => AccessKind::Write,
            2 => AccessKind::AtomicRead,
            _ => AccessKind::AtomicWrite,
        }
    }

    #[inline]
    fn mask(self) -> ByteMask {
        ByteMask((self.0 >> MASK_SHIFT) as u8)
    }

    fn node(self) -> NodeId {
        NodeId::from_bits(self.0)
    }
}

/// One remembered access to some bytes of a granule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Record {
    pub(crate) epoch: Epoch,
    pub(crate) kind: AccessKind,
    pub(crate) mask: ByteMask,
    pub(crate) node: NodeId,
}

impl Record {
    #[inline]
    pub(crate) fn words(self) -> Words {
        Words {
            low: self.epoch.bits(),
            high: Meta::new(self.kind, self.mask, self.node).0,
        }
    }

    fn is_same_access(self, other: Self) -> bool {
        self.epoch == other.epoch && self.kind == other.kind && self.node == other.node
    }
}

/// The records of many threads, all of one kind on the same bytes.
#[derive(Clone, Copy)]
struct Crowd {
    /// By thread index: the time, above the call stack.
    root: Index,
    kind: AccessKind,
    mask: ByteMask,
}

#[derive(Clone, Copy)]
enum Entry {
    Single(Record),
    Crowd(Crowd),
}

impl Entry {
    fn read(words: Words) -> Self {
        let meta = Meta(words.high);
        let (kind, mask) = (meta.kind(), meta.mask());
        if words.low & CROWD == 0 {
            Self::Single(Record {
                epoch: Epoch::from_bits(words.low),
                kind,
                mask,
                node: meta.node(),
            })
        } else {
            Self::Crowd(Crowd {
                root: words.low as u32 & INDEX_MASK,
                kind,
                mask,
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

    fn mask(self) -> ByteMask {
        match self {
            Self::Single(record) => record.mask,
            Self::Crowd(crowd) => crowd.mask,
        }
    }

    fn with_mask(self, mask: ByteMask) -> Self {
        match self {
            Self::Single(record) => Self::Single(Record { mask, ..record }),
            Self::Crowd(crowd) => Self::Crowd(Crowd { mask, ..crowd }),
        }
    }
}

/// What a version has and no record: the upper bits. The words of a granule are read one after
/// the other, and one must not be taken for the other.
const VERSION: u64 = 1 << 63;
const VERSION_COUNT_BITS: u32 = 35;

/// A number that no history had before: the `count`th that the thread `tid` gives, or nobody in
/// particular.
pub(crate) fn version(tid: Option<Tid>, count: u64) -> u64 {
    let count = count & ((1 << VERSION_COUNT_BITS) - 1);
    let giver = tid.map_or(Tid::LIMIT as u64, |tid| u64::from(tid.key()));
    VERSION | giver << VERSION_COUNT_BITS | count
}

fn member(epoch: Epoch, node: NodeId) -> u64 {
    epoch.time().get() << NodeId::BITS | node.bits()
}

fn member_epoch(key: u32, word: u64) -> Epoch {
    let tid = Tid::new(key as usize).unwrap_or_else(|| Epoch::NONE.tid());
    Epoch::new(tid, Time::from_bits(word >> NodeId::BITS))
}

/// A race that an access found in a granule: the earlier access, and the bytes they share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conflict {
    pub(crate) previous: Record,
    pub(crate) bytes: ByteMask,
}

/// The races that one access found in one granule: at most one for each byte.
pub(crate) struct Conflicts {
    found: [Option<Conflict>; BYTES],
    len: usize,
    unreported: ByteMask,
}

impl Conflicts {
    fn new(mask: ByteMask) -> Self {
        Self {
            found: [None; BYTES],
            len: 0,
            unreported: mask,
        }
    }

    /// Of what races on a byte, the plain write is named, if there is one: a reader may have read
    /// from it.
    fn add(&mut self, previous: Record, shared: ByteMask) {
        if previous.kind == AccessKind::Write {
            self.withdraw(shared);
        }
        let bytes = shared.and(self.unreported);
        if !bytes.is_empty() {
            self.unreported = self.unreported.without(bytes);
            self.found[self.len] = Some(Conflict { previous, bytes });
            self.len += 1;
        }
    }

    fn withdraw(&mut self, bytes: ByteMask) {
        let mut kept = 0;
        for i in 0..self.len {
            if let Some(mut conflict) = self.found[i].take() {
                conflict.bytes = conflict.bytes.without(bytes);
                if !conflict.bytes.is_empty() {
                    self.found[kept] = Some(conflict);
                    kept += 1;
                }
            }
        }
        self.len = kept;
        self.unreported = self.unreported.or(bytes);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Conflict> {
        self.found.iter().flatten()
    }
}

/// What an access needs besides the granule.
pub(crate) struct Context<'a, K> {
    pub(crate) pool: &'a Pool,
    /// Whether an epoch happens-before the access.
    pub(crate) knows: K,
    /// Gives a number that no granule had before.
    pub(crate) version: &'a dyn Fn() -> u64,
    pub(crate) shard: usize,
}

/// A change of the granule came in between, or there is no memory.
enum Stop {
    Changed,
    Exhausted,
}

/// The same-epoch check on the inline record alone: whether the thread has, in this epoch, already
/// made an access to all of `mask` that covers `kind`.
///
/// The words were read one after the other, the epoch last. It is one that only this thread
/// writes: so the other word is of its writing, too, or a version.
#[inline]
pub(crate) fn is_covered_inline(
    words: Words,
    kind: AccessKind,
    mask: ByteMask,
    epoch: Epoch,
) -> bool {
    let meta = Meta(words.high);
    words.low == epoch.bits()
        && words.high < VERSION
        && mask.without(meta.mask()).is_empty()
        && meta.kind().covers(kind)
}

/// Whether an access by one who knows the single record that `words` are takes its place: nothing
/// races, and nothing else is left to remember.
#[inline]
pub(crate) fn is_superseded(
    words: Words,
    kind: AccessKind,
    mask: ByteMask,
    knows: impl FnOnce(Epoch) -> bool,
) -> bool {
    let meta = Meta(words.high);
    words.low != 0
        && words.low & CROWD == 0
        && meta.mask().without(mask).is_empty()
        && kind.covers(meta.kind())
        && knows(Epoch::from_bits(words.low))
}

/// The same-epoch check: such an access can find no new race.
pub(crate) fn is_covered(
    granule: &Pair,
    pool: &Pool,
    kind: AccessKind,
    mask: ByteMask,
    epoch: Epoch,
) -> bool {
    let words = granule.load();
    let mut missing = mask;
    let looked = entries(pool, words, |entry| {
        let (covers, mine) = match entry {
            Entry::Single(record) => (record.kind.covers(kind), record.epoch == epoch),
            Entry::Crowd(crowd) => {
                let key = epoch.tid().key();
                let word = trie::get(pool, crowd.root, key);
                (crowd.kind.covers(kind), member_epoch(key, word) == epoch)
            }
        };
        if covers && mine {
            missing = missing.without(entry.mask());
        }
        Ok(())
    });
    looked.is_ok() && missing.is_empty() && granule.is_still(words)
}

/// The plain writes of bytes of `mask` that `knows` does not know. A plain write takes the place
/// of all else on its bytes, so there is at most one for each byte: the last.
pub(crate) fn unknown_writes(
    granule: &Pair,
    pool: &Pool,
    shard: usize,
    mask: ByteMask,
    knows: impl Fn(Epoch) -> bool,
) -> impl Iterator<Item = Epoch> {
    loop {
        let words = granule.load();
        let mut found = [Epoch::NONE; BYTES];
        let mut free = found.iter_mut();
        let mut add = |epoch: Epoch| {
            if !knows(epoch)
                && let Some(free) = free.next()
            {
                *free = epoch;
            }
            true
        };
        let looked = entries(pool, words, |entry| {
            match entry {
                _ if entry.mask().and(mask).is_empty() => {}
                Entry::Single(record) if record.kind == AccessKind::Write => {
                    add(record.epoch);
                }
                Entry::Crowd(crowd) if crowd.kind == AccessKind::Write => {
                    keep_alive(pool, granule, words, crowd.root, shard)?;
                    trie::all(pool, crowd.root, |key, word| add(member_epoch(key, word)));
                    pool.release(crowd.root, shard);
                }
                _ => {}
            }
            Ok(())
        });
        if looked.is_ok() && granule.is_still(words) {
            return found.into_iter().filter(|epoch| !epoch.is_none());
        }
    }
}

/// Calls `f` with each entry of the history that `words` are.
fn entries(
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
            let words = Words {
                low: node.word(2 * i),
                high: node.word(2 * i + 1),
            };
            if words.low == 0 {
                break;
            }
            f(Entry::read(words))?;
        }
        index = node.link();
    }
    Err(Stop::Changed)
}

/// Checks an access against the history, then makes it part of it. Gives its races; `None`
/// where there is no memory.
pub(crate) fn record<K: Fn(Epoch) -> bool>(
    granule: &Pair,
    context: &Context<'_, K>,
    new: Record,
) -> Option<Conflicts> {
    let mut gather = false;
    loop {
        let old = granule.load();
        let mut step = Step {
            context,
            granule,
            old,
            new,
            conflicts: Conflicts::new(new.mask),
            chain: Chain::new(context.pool, context.shard),
            peers: 0,
            singles: 0,
            same: ByteMask(0),
            joined: false,
            gather,
        };
        let stepped =
            entries(context.pool, old, |entry| step.entry(entry)).and_then(|()| step.finish());
        if matches!(stepped, Ok(Next::Gather)) {
            // A second look, which puts what is alike into a crowd.
            gather = true;
            continue;
        }
        let replaced = match stepped {
            Ok(_) => step.chain.replace(granule, old, context.version),
            Err(Stop::Changed) => false,
            Err(Stop::Exhausted) => return None,
        };
        gather = false;
        if replaced {
            if old.low & CROWD != 0 {
                context
                    .pool
                    .release(old.low as u32 & INDEX_MASK, context.shard);
            }
            return Some(step.conflicts);
        }
    }
}

/// A reference to what `granule` leads to, if its words still are `words`.
fn keep_alive(
    pool: &Pool,
    granule: &Pair,
    words: Words,
    root: Index,
    shard: usize,
) -> Result<(), Stop> {
    if !pool.try_retain(root) {
        return Err(Stop::Changed);
    }
    if !granule.is_still(words) {
        pool.release(root, shard);
        return Err(Stop::Changed);
    }
    Ok(())
}

/// What [`Step::finish`] asks for.
enum Next {
    Done,
    Gather,
}

/// One attempt at recording an access.
struct Step<'a, K> {
    context: &'a Context<'a, K>,
    granule: &'a Pair,
    old: Words,
    new: Record,
    conflicts: Conflicts,
    chain: Chain<'a>,
    /// Single records of the new one's kind and bytes.
    peers: usize,
    /// Single records.
    singles: usize,
    /// Bytes of the same access that were recorded earlier: part of a loop over them.
    same: ByteMask,
    /// Whether the new access is in a crowd already.
    joined: bool,
    gather: bool,
}

impl<K: Fn(Epoch) -> bool> Step<'_, K> {
    fn entry(&mut self, entry: Entry) -> Result<(), Stop> {
        let shared = entry.mask().and(self.new.mask);
        match entry {
            Entry::Single(record) => self.single(record, shared),
            Entry::Crowd(crowd) => self.crowd(crowd, shared),
        }
    }

    fn single(&mut self, record: Record, shared: ByteMask) -> Result<(), Stop> {
        let new = self.new;
        if record.is_same_access(new) {
            self.same = self.same.or(record.mask);
            return Ok(());
        }
        let mut kept = record;
        if !shared.is_empty() {
            let ordered = (self.context.knows)(record.epoch);
            let raced = !ordered && record.kind.conflicts_with(new.kind);
            if raced {
                self.conflicts.add(record, shared);
            }
            if new.kind.covers(record.kind) && (raced || ordered) {
                kept.mask = kept.mask.without(shared);
            }
        }
        if kept.mask.is_empty() {
            return Ok(());
        }
        self.singles += 1;
        self.peers += usize::from(kept.kind == new.kind && kept.mask == new.mask);
        self.push_record(kept)
    }

    fn push_record(&mut self, record: Record) -> Result<(), Stop> {
        if !self.gather {
            return self.chain.push(Entry::Single(record));
        }
        let crowd = Crowd {
            root: 0,
            kind: record.kind,
            mask: record.mask,
        };
        let crowd = self.with_member(crowd, record)?;
        self.chain.push_owned(crowd)
    }

    fn crowd(&mut self, crowd: Crowd, shared: ByteMask) -> Result<(), Stop> {
        // A trie that is freed while it is walked could lead anywhere, and back.
        keep_alive(
            self.context.pool,
            self.granule,
            self.old,
            crowd.root,
            self.context.shard,
        )?;
        let mut kept = crowd.mask;
        if !shared.is_empty() && crowd.kind.conflicts_with(self.new.kind) {
            if let Some(racing) = self.racing_member(crowd) {
                self.conflicts.add(racing, shared);
            }
            // Each member is ordered before the new access, or raced with it.
            if self.new.kind.covers(crowd.kind) {
                kept = kept.without(shared);
            }
        }
        if kept.is_empty() {
            self.context.pool.release(crowd.root, self.context.shard);
            return Ok(());
        }
        if crowd.kind == self.new.kind && kept == self.new.mask && !self.joined {
            self.joined = true;
            let crowd = self.with_member(crowd, self.new)?;
            return self.chain.push_owned(crowd);
        }
        self.chain.push_owned(Crowd {
            mask: kept,
            ..crowd
        })
    }

    /// A record of a crowd that the new access races with.
    fn racing_member(&self, crowd: Crowd) -> Option<Record> {
        let Crowd { root, kind, mask } = crowd;
        let mut racing = None;
        trie::all(self.context.pool, root, |key, word| {
            let epoch = member_epoch(key, word);
            let ordered = (self.context.knows)(epoch);
            if !ordered {
                let node = NodeId::from_bits(word);
                racing = Some(Record {
                    epoch,
                    kind,
                    mask,
                    node,
                });
            }
            ordered
        });
        racing
    }

    /// The crowd, whose reference is consumed, with one more member.
    fn with_member(&self, crowd: Crowd, record: Record) -> Result<Crowd, Stop> {
        let Context { pool, shard, .. } = *self.context;
        let maker = Maker {
            pool,
            origin: 0,
            shard,
        };
        let key = record.epoch.tid().key();
        let word = member(record.epoch, record.node);
        match maker.put(crowd.root, key, word) {
            Some(root) => Ok(Crowd { root, ..crowd }),
            None => {
                pool.release(crowd.root, shard);
                Err(Stop::Exhausted)
            }
        }
    }

    /// Puts the new access in its place.
    fn finish(&mut self) -> Result<Next, Stop> {
        if !self.gather && !self.joined && (self.peers >= FEW || self.singles >= MANY) {
            return Ok(Next::Gather);
        }
        let same = self.same.without(self.new.mask);
        if self.joined || self.gather {
            if !self.joined {
                self.push_record(self.new)?;
            }
            if !same.is_empty() {
                self.push_record(Record {
                    mask: same,
                    ..self.new
                })?;
            }
        } else {
            self.push_record(Record {
                mask: self.new.mask.or(same),
                ..self.new
            })?;
        }
        Ok(Next::Done)
    }
}

/// A history in the making.
struct Chain<'a> {
    pool: &'a Pool,
    shard: usize,
    /// The only entry so far, while it needs no node.
    single: Option<Record>,
    first: Index,
    last: Option<&'a Node>,
    in_last: usize,
}

impl<'a> Chain<'a> {
    fn new(pool: &'a Pool, shard: usize) -> Self {
        Self {
            pool,
            shard,
            single: None,
            first: 0,
            last: None,
            in_last: 0,
        }
    }

    fn push(&mut self, entry: Entry) -> Result<(), Stop> {
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
    fn push_owned(&mut self, crowd: Crowd) -> Result<(), Stop> {
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
            .take(Kind::Spill, 0, self.shard)
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

    /// Makes this the history of `granule`, if it still is `old`.
    fn replace(&mut self, granule: &Pair, old: Words, version: &dyn Fn() -> u64) -> bool {
        let words = match (self.single, self.first) {
            (Some(record), _) => record.words(),
            (None, 0) => Words::ZERO,
            (None, first) => Words {
                low: CROWD | u64::from(first),
                high: version(),
            },
        };
        let replaced = granule.replace(old, words);
        if replaced {
            self.first = 0;
        }
        replaced
    }
}

impl Drop for Chain<'_> {
    fn drop(&mut self) {
        self.pool.release(self.first, self.shard);
    }
}

/// Forgets the records for which `keep` gives no bytes, and of others all but the bytes it gives.
/// Gives what the granule is then: empty or not; `None` where there is no memory to say it in.
fn thin(
    granule: &Pair,
    pool: &Pool,
    shard: usize,
    version: &dyn Fn() -> u64,
    mut keep: impl FnMut(Entry) -> ByteMask,
) -> Option<bool> {
    loop {
        let old = granule.load();
        if old.low == 0 {
            return Some(true);
        }
        let mut chain = Chain::new(pool, shard);
        let mut changed = false;
        let looked = entries(pool, old, |entry| {
            if let Entry::Crowd(crowd) = entry {
                keep_alive(pool, granule, old, crowd.root, shard)?;
            }
            let kept = keep(entry);
            changed |= kept != entry.mask();
            match entry.with_mask(kept) {
                Entry::Crowd(crowd) if kept.is_empty() => {
                    pool.release(crowd.root, shard);
                    Ok(())
                }
                Entry::Crowd(crowd) => chain.push_owned(crowd),
                Entry::Single(_) if kept.is_empty() => Ok(()),
                single @ Entry::Single(_) => chain.push(single),
            }
        });
        match looked {
            Err(Stop::Exhausted) => return None,
            Err(Stop::Changed) => continue,
            Ok(()) if !changed && granule.is_still(old) => return Some(false),
            Ok(()) => {}
        }
        let empty = chain.single.is_none() && chain.first == 0;
        if granule.is_still(old) && chain.replace(granule, old, version) {
            if old.low & CROWD != 0 {
                pool.release(old.low as u32 & INDEX_MASK, shard);
            }
            return Some(empty);
        }
    }
}

/// Forgets all accesses to the bytes of `mask`; whether nothing is left.
pub(crate) fn reset(
    granule: &Pair,
    pool: &Pool,
    shard: usize,
    version: &dyn Fn() -> u64,
    mask: ByteMask,
) -> Option<bool> {
    thin(granule, pool, shard, version, |entry| {
        entry.mask().without(mask)
    })
}

/// Forgets accesses that `is_known` says every running thread comes after; whether nothing is left.
pub(crate) fn sweep(
    granule: &Pair,
    pool: &Pool,
    shard: usize,
    version: &dyn Fn() -> u64,
    is_known: impl Fn(Epoch) -> bool,
) -> Option<bool> {
    thin(granule, pool, shard, version, |entry| {
        let dead = match entry {
            Entry::Single(record) => is_known(record.epoch),
            Entry::Crowd(crowd) => trie::all(pool, crowd.root, |key, word| {
                is_known(member_epoch(key, word))
            }),
        };
        if dead { ByteMask(0) } else { entry.mask() }
    })
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn spans_and_runs_are_inverse() {
        for from in 0..BYTES {
            for to in from + 1..=BYTES {
                assert!(ByteMask::span(from, to).runs().eq([(from, to)]));
            }
        }
        let holes = ByteMask(0b1011_0010);
        assert!(holes.runs().eq([(1, 2), (4, 6), (7, 8)]));
    }

    #[test]
    fn an_entry_keeps_what_it_is_about() {
        let record = Record {
            epoch: Epoch::new(Tid::new(Tid::LIMIT - 1).unwrap(), Time::LAST),
            kind: AccessKind::AtomicWrite,
            mask: ByteMask(0b1000_0001),
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
