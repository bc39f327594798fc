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
//! # Where the records are
//!
//! `granule` keeps two in place and says how threads share them, `chain` those for which there is
//! no room. A change of main is one compare-exchange from what was looked at: where it fails,
//! everything is looked at again. Only who makes the like of an access again renews its record where it is
//! (`renewal`). What an access has to see of the other half, it looks at when it is recorded. `tests/loom/` tries
//! all interleavings.

use crate::access::AccessKind;
use crate::chain::{
    Chain, Crowd, Entry, Stop, entries, freeze, keep_alive, member, member_epoch, while_alive,
};
use crate::clock::Epoch;
use crate::context::NodeId;
use crate::granule::{
    Granule, is_superseded, look_after_recording, may_conflict_beside, may_stand_beside,
};
use crate::pair::{Pair, Words};
use crate::pool::{Need, Pool};
use crate::primitive::{Ordering, fence};
use crate::record::{BYTES, ByteMask, Meta, Record};
use crate::trie::{self, Maker};

/// Records of one kind on the same bytes that are kept one by one in a chain.
const FEW: usize = 2;
/// Records that are kept one by one in all.
const MANY: usize = 32;

/// A race that an access found in a granule: the earlier access, and the bytes they share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conflict {
    pub(crate) previous: Record,
    pub(crate) bytes: ByteMask,
}

/// The races that one access found in one granule: at most one for each byte.
///
/// Of what races on a byte, the plain write is named, if there is one: a reader may have read from
/// it. A plain write may be found after something else, so there may be two for a byte in `found`.
pub(crate) struct Conflicts {
    found: [Option<Conflict>; 2 * BYTES],
    left: Left,
}

/// What is still to be found. It is less with each race: what was found since is what is not in it.
#[derive(Clone, Copy)]
struct Left {
    len: usize,
    /// The bytes on which there is no race.
    clean: ByteMask,
    /// The bytes on which there is no race with a plain write.
    unwritten: ByteMask,
}

impl Conflicts {
    pub(crate) fn new(mask: ByteMask) -> Self {
        Self {
            found: [None; 2 * BYTES],
            left: Left {
                len: 0,
                clean: mask,
                unwritten: mask,
            },
        }
    }

    /// Forgets what was found, for an access to other bytes.
    pub(crate) fn begin(&mut self, mask: ByteMask) {
        self.left = Left {
            len: 0,
            clean: mask,
            unwritten: mask,
        };
    }

    fn add(&mut self, previous: Record, shared: ByteMask) {
        let left = &mut self.left;
        let bytes = if previous.kind == AccessKind::Write {
            let bytes = shared.and(left.unwritten);
            left.unwritten = left.unwritten.without(bytes);
            bytes
        } else {
            shared.and(left.clean)
        };
        if !bytes.is_empty() {
            left.clean = left.clean.without(bytes);
            self.found[left.len] = Some(Conflict { previous, bytes });
            left.len += 1;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.left.len == 0
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Conflict> {
        let found = self.found[..self.left.len].iter().flatten();
        found.filter_map(|&conflict| {
            let mut bytes = conflict.bytes;
            if conflict.previous.kind != AccessKind::Write {
                bytes = bytes.and(self.left.unwritten);
            }
            (!bytes.is_empty()).then_some(Conflict { bytes, ..conflict })
        })
    }

    /// What [`Self::forget_since`] goes back to.
    fn mark(&self) -> Left {
        self.left
    }

    fn forget_since(&mut self, left: Left) {
        self.left = left;
    }
}

/// What an access needs besides the granule.
pub(crate) struct Context<'a, K> {
    pub(crate) pool: &'a Pool,
    /// Whether an epoch happens-before the access.
    pub(crate) knows: K,
    /// Whether every running thread knows an epoch: a record of it may go.
    pub(crate) is_old: &'a dyn Fn(Epoch) -> bool,
    /// Gives a number that no granule had before.
    pub(crate) version: &'a dyn Fn() -> u64,
    pub(crate) shard: usize,
}

/// The same-epoch check: such an access can find no new race.
pub(crate) fn is_covered(
    granule: Granule<'_>,
    pool: &Pool,
    kind: AccessKind,
    mask: ByteMask,
    epoch: Epoch,
) -> bool {
    let missing = mask.without(granule.covered_by_side(kind, epoch));
    is_covered_in_main(granule, pool, kind, missing, epoch)
}

/// The same, by what main has.
pub(crate) fn is_covered_in_main(
    granule: Granule<'_>,
    pool: &Pool,
    kind: AccessKind,
    mut missing: ByteMask,
    epoch: Epoch,
) -> bool {
    let main = granule.main();
    let words = main.load();
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
    looked.is_ok() && missing.is_empty() && main.is_still(words)
}

/// The plain writes of bytes of `mask` that `knows` does not know. A plain write takes the place
/// of all else on its bytes, so there is at most one for each byte: the last.
pub(crate) fn unknown_writes(
    granule: Granule<'_>,
    pool: &Pool,
    shard: usize,
    mask: ByteMask,
    knows: impl Fn(Epoch) -> bool,
) -> impl Iterator<Item = Epoch> {
    let main = granule.main();
    loop {
        let words = main.load();
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
                    let root = crowd.root;
                    while_alive(pool, main, words, root, shard, || {
                        trie::all(pool, root, |key, word| add(member_epoch(key, word)))
                    })?;
                }
                _ => {}
            }
            Ok(())
        });
        if looked.is_ok() && main.is_still(words) {
            return found.into_iter().filter(|epoch| !epoch.is_none());
        }
    }
}

/// Makes an access part of the history, and adds its races to `conflicts`; `None` where there is
/// no memory.
pub(crate) fn record<K: Fn(Epoch) -> bool>(
    granule: Granule<'_>,
    context: &Context<'_, K>,
    new: Record,
    conflicts: &mut Conflicts,
) -> Option<()> {
    // The first access goes to main, unless it is a read: then the next one has main.
    let is_free = !new.kind.is_write() || granule.main().low() != 0;
    let beside = may_stand_beside(new.kind) && is_free;
    if beside && record_beside(granule.side(), context, new) {
        look_at_main(granule.main(), context, new, conflicts);
        return Some(());
    }
    record_in_main(granule, context, new, conflicts)?;
    if may_conflict_beside(new.kind) {
        look_after_recording();
        let settled = look_at_side(granule, context, new, conflicts);
        granule.cover(settled, Meta::new(new.kind, new.mask, new.node));
    }
    Some(())
}

/// Adds the race of an access with the side. Gives the words that were there, if the access is ordered after that, or
/// has raced with it.
fn look_at_side<K: Fn(Epoch) -> bool>(
    granule: Granule<'_>,
    context: &Context<'_, K>,
    new: Record,
    conflicts: &mut Conflicts,
) -> Words {
    let seen = granule.load_side();
    let old = Record::from_words(seen);
    let shared = old.mask.and(new.mask);
    if shared.is_empty() || (context.knows)(old.epoch) {
        return seen;
    }
    if !old.kind.conflicts_with(new.kind) {
        return Words::ZERO;
    }
    conflicts.add(old, shared);
    seen
}

/// Puts an access in the side, if there is nothing, or what it takes the place of.
fn record_beside<K: Fn(Epoch) -> bool>(
    side: Pair<'_>,
    context: &Context<'_, K>,
    new: Record,
) -> bool {
    loop {
        let seen = side.load();
        let old = Record::from_words(seen);
        let next = if seen.low == 0 || is_superseded(seen, new.kind, new.mask, &context.knows) {
            new.words()
        } else if old.is_same_access(new) {
            // Part of a loop over the bytes.
            let mask = old.mask.or(new.mask);
            Record { mask, ..new }.words()
        } else {
            return false;
        };
        if side.replace(seen, next) {
            return true;
        }
    }
}

/// Adds the races of an access that was put in the side, so that whoever changes main from now on
/// sees it.
fn look_at_main<K: Fn(Epoch) -> bool>(
    main: Pair<'_>,
    context: &Context<'_, K>,
    new: Record,
    conflicts: &mut Conflicts,
) {
    look_after_recording();
    let mark = conflicts.mark();
    loop {
        let seen = main.load();
        let looked = entries(context.pool, seen, |entry| {
            let shared = entry.mask().and(new.mask);
            if shared.is_empty() || !entry.kind().conflicts_with(new.kind) {
                return Ok(());
            }
            if let Some(racing) = racing_in(entry, main, seen, context)? {
                conflicts.add(racing, shared);
            }
            Ok(())
        });
        if looked.is_ok() && main.is_still(seen) {
            return;
        }
        conflicts.forget_since(mark);
    }
}

/// A record of `entry`, which main led to when it was `seen`, that is not ordered before the access.
fn racing_in<K: Fn(Epoch) -> bool>(
    entry: Entry,
    main: Pair<'_>,
    seen: Words,
    context: &Context<'_, K>,
) -> Result<Option<Record>, Stop> {
    match entry {
        Entry::Single(record) => Ok((!(context.knows)(record.epoch)).then_some(record)),
        Entry::Crowd(crowd) => {
            let Context { pool, shard, .. } = *context;
            let racing = || racing_member(crowd, context);
            while_alive(pool, main, seen, crowd.root, shard, racing)
        }
    }
}

/// A record of a crowd that is not ordered before the access.
fn racing_member<K: Fn(Epoch) -> bool>(crowd: Crowd, context: &Context<'_, K>) -> Option<Record> {
    let Crowd { root, kind, mask } = crowd;
    let mut racing = None;
    trie::all(context.pool, root, |key, word| {
        let epoch = member_epoch(key, word);
        let ordered = (context.knows)(epoch);
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

/// Checks an access against main, then makes it part of it, in one step.
fn record_in_main<K: Fn(Epoch) -> bool>(
    granule: Granule<'_>,
    context: &Context<'_, K>,
    new: Record,
    conflicts: &mut Conflicts,
) -> Option<()> {
    let main = granule.main();
    let mark = conflicts.mark();
    let mut gather = Gather::None;
    loop {
        conflicts.forget_since(mark);
        let beside = Record::from_words(granule.load_side());
        let old = freeze(main);
        let mut step = Step {
            context,
            granule,
            beside,
            old,
            new,
            conflicts,
            chain: Chain::new(context.pool, context.shard, Need::Knowledge),
            peers: 0,
            singles: 0,
            same: ByteMask::NONE,
            joined: false,
            gather,
        };
        let stepped =
            entries(context.pool, old, |entry| step.entry(entry)).and_then(|()| step.finish());
        gather = match stepped {
            // A second look, which puts what is alike into a crowd.
            Ok(Next::Gather(which)) => which,
            Ok(Next::Done) if step.chain.replace(main, old, context.version) => return Some(()),
            Ok(Next::Done) | Err(Stop::Changed) => Gather::None,
            Err(Stop::Exhausted) => {
                step.conflicts.forget_since(mark);
                return None;
            }
        };
    }
}

/// What [`Step::finish`] asks for.
enum Next {
    Done,
    Gather(Gather),
}

/// Which single records are put into crowds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gather {
    None,
    /// Those of the new one's kind and bytes.
    Peers,
    All,
}

/// One attempt at recording an access.
struct Step<'a, K> {
    context: &'a Context<'a, K>,
    granule: Granule<'a>,
    /// The side, as it was at a moment before main was looked at, if there is anything.
    beside: Record,
    old: Words,
    new: Record,
    conflicts: &'a mut Conflicts,
    chain: Chain<'a>,
    /// Single records of the new one's kind and bytes.
    peers: usize,
    /// Single records.
    singles: usize,
    /// Bytes of the same access that were recorded earlier: part of a loop over them.
    same: ByteMask,
    /// Whether the new access is in a crowd already.
    joined: bool,
    gather: Gather,
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
        if (self.context.is_old)(record.epoch) || record.is_stood_for_by(self.beside) {
            return Ok(());
        }
        let mut kept = record;
        if !shared.is_empty() {
            let ordered = (self.context.knows)(record.epoch);
            let raced = !ordered && record.kind.conflicts_with(new.kind);
            if raced {
                self.race(record, shared);
            }
            if new.kind.covers(record.kind) && (raced || ordered) {
                kept.mask = kept.mask.without(shared);
            }
        }
        if kept.mask.is_empty() {
            return Ok(());
        }
        self.singles += 1;
        self.peers += usize::from(self.is_peer(kept));
        self.push_record(kept)
    }

    fn is_peer(&self, record: Record) -> bool {
        record.kind == self.new.kind && record.mask == self.new.mask
    }

    /// A race with what main has. Each byte is told of once: with a write, if there is one, or else
    /// with what is in the side, which was there when others went to main.
    fn race(&mut self, previous: Record, shared: ByteMask) {
        if !previous.kind.is_write() {
            // As the end of a census counts on: see `slots::census`.
            fence(Ordering::SeqCst);
            look_at_side(self.granule, self.context, self.new, self.conflicts);
        }
        self.conflicts.add(previous, shared);
    }

    fn push_record(&mut self, record: Record) -> Result<(), Stop> {
        let gathered = match self.gather {
            Gather::None => false,
            Gather::Peers => self.is_peer(record),
            Gather::All => true,
        };
        if !gathered {
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
            self.granule.main(),
            self.old,
            crowd.root,
            self.context.shard,
        )?;
        let mut kept = crowd.mask;
        if !shared.is_empty() && crowd.kind.conflicts_with(self.new.kind) {
            if let Some(racing) = racing_member(crowd, self.context) {
                self.race(racing, shared);
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

    /// The crowd, whose reference is consumed, with one more member.
    fn with_member(&self, crowd: Crowd, record: Record) -> Result<Crowd, Stop> {
        let Context { pool, shard, .. } = *self.context;
        let maker = Maker {
            pool,
            origin: 0,
            shard,
            need: Need::Knowledge,
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
        let begun = self.joined || self.gather != Gather::None;
        if !begun && self.singles >= MANY {
            return Ok(Next::Gather(Gather::All));
        }
        if !begun && self.peers >= FEW {
            return Ok(Next::Gather(Gather::Peers));
        }
        let same = self.same.without(self.new.mask);
        if begun {
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

/// Forgets the records for which `keep` gives no bytes, and of others all but the bytes it gives.
/// Gives what the granule is then: empty or not; `None`, with main as it was, where there is no
/// memory to say it in.
///
/// `beside` says whether anything may be in the side.
fn thin(
    granule: Granule<'_>,
    beside: bool,
    pool: &Pool,
    need: Need,
    shard: usize,
    version: &dyn Fn() -> u64,
    mut keep: impl FnMut(Entry) -> ByteMask,
) -> Option<bool> {
    let side_is_empty = !beside || thin_side(granule.side(), &mut keep);
    Some(thin_main(granule.main(), pool, need, shard, version, keep)? && side_is_empty)
}

fn thin_side(side: Pair<'_>, mut keep: impl FnMut(Entry) -> ByteMask) -> bool {
    loop {
        let old = side.load();
        if old.low == 0 {
            return true;
        }
        let kept = keep(Entry::Single(Record::from_words(old)));
        let new = Record::cut(old, kept);
        // Also where nothing changes: it tells whether both words were read at one moment.
        if side.replace(old, new) {
            return new.low == 0;
        }
    }
}

fn thin_main(
    main: Pair<'_>,
    pool: &Pool,
    need: Need,
    shard: usize,
    version: &dyn Fn() -> u64,
    mut keep: impl FnMut(Entry) -> ByteMask,
) -> Option<bool> {
    loop {
        let seen = main.load();
        if seen.low == 0 {
            return Some(true);
        }
        if stays(main, pool, shard, seen, &mut keep) {
            return Some(false);
        }
        let old = freeze(main);
        let mut chain = Chain::new(pool, shard, need);
        let looked = alive_entries(main, pool, shard, old, |entry| {
            let kept = keep(entry);
            if kept.is_empty() {
                return Ok(());
            }
            if let Entry::Crowd(crowd) = entry {
                pool.retain(crowd.root);
                return chain.push_owned(Crowd {
                    mask: kept,
                    ..crowd
                });
            }
            chain.push(entry.with_mask(kept))
        });
        match looked {
            Err(Stop::Exhausted) => return None,
            Err(Stop::Changed) => continue,
            Ok(()) => {}
        }
        let empty = chain.is_empty();
        if main.is_still(old) && chain.replace(main, old, version) {
            return Some(empty);
        }
    }
}

/// Whether `keep` leaves all of the chain as it is that main led to when it was `seen`, and leads to now.
fn stays(
    main: Pair<'_>,
    pool: &Pool,
    shard: usize,
    seen: Words,
    mut keep: impl FnMut(Entry) -> ByteMask,
) -> bool {
    let looked = alive_entries(main, pool, shard, seen, |entry| {
        if keep(entry) == entry.mask() {
            Ok(())
        } else {
            Err(Stop::Changed)
        }
    });
    looked.is_ok() && main.is_still(seen)
}

/// Calls `f` with each entry of what main led to when it was `seen`. The trie of a crowd is not freed meanwhile.
fn alive_entries(
    main: Pair<'_>,
    pool: &Pool,
    shard: usize,
    seen: Words,
    mut f: impl FnMut(Entry) -> Result<(), Stop>,
) -> Result<(), Stop> {
    entries(pool, seen, |entry| {
        let Entry::Crowd(crowd) = entry else {
            return f(entry);
        };
        while_alive(pool, main, seen, crowd.root, shard, || f(entry))?
    })
}

/// Forgets all accesses to the bytes of `mask`; whether nothing is left.
pub(crate) fn reset(
    granule: Granule<'_>,
    beside: bool,
    pool: &Pool,
    shard: usize,
    version: &dyn Fn() -> u64,
    mask: ByteMask,
) -> Option<bool> {
    // What is not forgotten would be taken for a race.
    thin(
        granule,
        beside,
        pool,
        Need::Knowledge,
        shard,
        version,
        |entry| entry.mask().without(mask),
    )
}

/// Forgets accesses that `is_known` says every running thread comes after; whether nothing is left. Calls `kept` with
/// the epoch of each record that stays, and perhaps of others.
pub(crate) fn sweep(
    granule: Granule<'_>,
    beside: bool,
    pool: &Pool,
    shard: usize,
    version: &dyn Fn() -> u64,
    is_known: impl Fn(Epoch) -> bool,
    kept: impl Fn(Epoch),
) -> Option<bool> {
    let tell = |epoch| {
        kept(epoch);
        true
    };
    let need = Need::Tidiness;
    thin(granule, beside, pool, need, shard, version, |entry| {
        if all_epochs(pool, entry, &is_known) {
            return ByteMask::NONE;
        }
        all_epochs(pool, entry, tell);
        entry.mask()
    })
}

/// Whether `f` says so of the epochs of all records of an entry.
fn all_epochs(pool: &Pool, entry: Entry, f: impl Fn(Epoch) -> bool) -> bool {
    match entry {
        Entry::Single(record) => f(record.epoch),
        Entry::Crowd(crowd) => trie::all(pool, crowd.root, |key, word| f(member_epoch(key, word))),
    }
}
