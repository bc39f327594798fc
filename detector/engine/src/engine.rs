//! The happens-before engine: events in, races out.
//!
//! The vocabulary is short: `fork`, `acquire`, `release`, `release_merge`, `release_acquire`,
//! `access` (plain or atomic, by byte range), `atomic`, `fence`, and `reset` for memory that
//! was allocated or freed. `end` and `join` are a release and an acquire of a [`SyncVar`] that
//! belongs to the thread that ends.
//!
//! It reports every access that conflicts with an earlier one that no happens-before path
//! orders before it, and nothing else. It knows nothing of how a report looks.
//!
//! # After the first race
//!
//! Once two accesses have raced, the program may have gone where it would not have gone had they
//! come in the other order. *Schedulable-happens-before* (Mathur, Kini and Viswanathan, OOPSLA
//! 2018) decides which later races are certain to be possible in their own right: it is
//! happens-before, and an edge from each write to the plain reads that read from it. An edge that
//! happens-before has already adds nothing, so only racing reads add some. A race that the order
//! leaves unordered is one of its own; one that it orders is marked [`Race::dependent`].
//!
//! Only the last plain write of a byte is read from, and its record is there as long as somebody
//! does not know it: it takes the place of all others, and only another one takes its own. A read
//! that the same-epoch check covers reads it again, and the writer may have written since, in an
//! epoch of its own that was covered, too; so such a read adds its edges, but no race.
//!
//! The edge from a racing write carries what the writer knows when it is read, or knew when it
//! ended, and all that it does until it next releases: what it knew when it wrote is not kept. So
//! the mark errs on one side: what is not marked is certainly unordered. How far it errs is
//! bounded, too; the oracle's coarse view is that bound.
//!
//! # Housekeeping
//!
//! [`Engine::reclaim`] finds out what every running thread knows, and frees what that makes
//! useless: indices of ended threads, and in [`Engine::sweep`] also clocks of sync objects and
//! shadow memory. Whoever drives the engine calls them now and then; they may run at any time.

use crate::access::{AccessKind, ByteRange};
use crate::chain;
use crate::clock::{Clock, Epoch, Time};
use crate::context::NodeId;
use crate::granule::{self, Granule, Seat};
use crate::history::{self, Conflict, Conflicts, Context};
use crate::pool::Index;
use crate::pool::{INDEX_MASK, Need};
use crate::primitive::{AtomicU64, Ordering, Words};
use crate::racy::RacyBytes;
use crate::record::{BYTES, ByteMask, Meta, Record};
use crate::settled::Settled;
use crate::shadow::{Half, Position, Shadow, granules_of};
use crate::slots::Indices;
use crate::source::Source;
use crate::sync::{Acquired, AtomicEffect, Shared, SyncId, SyncTable, SyncVar, ThreadClock};
use crate::trie::Maker;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Two conflicting accesses that happens-before leaves unordered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Race {
    /// The bytes that both touched, as far as they adjoin.
    pub bytes: ByteRange,
    /// The kind of the earlier access.
    pub previous_kind: AccessKind,
    /// The thread and time of the earlier access.
    pub previous_epoch: Epoch,
    /// The call stack of the earlier access.
    pub previous_node: NodeId,
    /// Whether it may follow from an earlier race: the schedulable-happens-before order has it
    /// ordered, or cannot tell.
    pub dependent: bool,
}

impl Race {
    fn continues(&self, other: &Self) -> bool {
        other.bytes.end() == self.bytes.start()
            && self.previous_epoch == other.previous_epoch
            && self.previous_node == other.previous_node
            && self.previous_kind == other.previous_kind
            && self.dependent == other.dependent
    }
}

/// How much of what an engine keeps, at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Nodes of 80 bytes: clocks, histories of more than one record, sync objects.
    pub nodes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { nodes: INDEX_MASK }
    }
}

/// What an engine has in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Bytes of shadow pages in use.
    pub shadow: u64,
    /// Bytes of nodes that were ever in use at once: clocks, spilled histories, sync objects.
    pub nodes: u64,
    /// Nodes in use now.
    pub nodes_in_use: u64,
    /// Bytes of the slots of threads.
    pub threads: u64,
    /// Thread indices.
    pub indices: Indices,
    /// Accesses that could not be recorded, for want of memory.
    pub lost: u64,
}

impl Footprint {
    /// All bytes.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.shadow + self.nodes + self.threads
    }
}

/// A sweep that goes on: [`Engine::begin_sweep`].
pub struct Sweep {
    /// What every running thread knew when it began; `None` when it is over.
    known: Option<Index>,
    position: Position,
}

/// What came of an attempt to record an access at once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AtOnce {
    /// It is recorded, or was made before in this epoch: nothing races.
    Done,
    /// It was put in its seat, but there is more to look at: it is to be recorded by all the rules, and what
    /// is there now does not tell that it was made before.
    Begun,
    /// There is no seat for it, or more to look at before.
    No,
}

/// A happens-before engine over one address space.
pub struct Engine {
    shared: Arc<Shared>,
    shadow: Shadow,
    sync: SyncTable,
    racy: RacyBytes,
    settled: Settled,
    lost: AtomicU64,
    /// For versions of histories that no thread in particular changes.
    versions: AtomicU64,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine {
    /// An engine that has seen no event.
    ///
    /// # Panics
    ///
    /// Where there is no memory for its tables.
    #[must_use]
    pub fn new() -> Self {
        Self::with(&Source::default(), Limits::default()).expect("memory for the engine's tables")
    }

    /// An engine with memory from `source`; `None` where there is none for its tables.
    #[must_use]
    pub fn with(source: &Source, limits: Limits) -> Option<Self> {
        let shared = Arc::new(Shared::new(source, limits.nodes)?);
        Some(Self {
            shadow: Shadow::new(source)?,
            sync: SyncTable::new(&shared)?,
            racy: RacyBytes::new(source)?,
            settled: Settled::new(),
            shared,
            lost: AtomicU64::new(0),
            versions: AtomicU64::new(0),
        })
    }

    /// A thread that nothing precedes, which the front end calls `label`. None may be made after
    /// [`Self::reclaim`] or [`Self::sweep`], which count on all threads to come to be forked by
    /// those that run. `None` where there are too many ([`crate::clock::Tid::LIMIT`]) or there is no memory.
    #[must_use]
    pub fn first_thread(&self, label: u64) -> Option<ThreadClock> {
        ThreadClock::first(&self.shared, label)
    }

    /// Event *fork*: a thread that `parent` starts, which the front end calls `label`; `None`
    /// where there are too many or there is no memory.
    #[must_use]
    pub fn fork(&self, parent: &mut ThreadClock, label: u64) -> Option<ThreadClock> {
        parent.fork(label)
    }

    /// What the front end calls the thread that was at `epoch`.
    #[must_use]
    pub fn label(&self, epoch: Epoch) -> u64 {
        self.shared.slots.label(&self.shared.pool, epoch)
    }

    /// The last time that the thread which was at `epoch` has released; `None` where every running thread knows all
    /// that it did. For reports: it takes a lock.
    #[must_use]
    pub fn released(&self, epoch: Epoch) -> Option<Time> {
        self.shared.slots.released(&self.shared.pool, epoch)
    }

    /// Events *acquire*, *release*, … on a sync object that is known by name: `f` says which.
    ///
    /// `f` runs under a lock of the object. It must not call the engine for another one.
    pub fn sync<R>(&self, id: SyncId, f: impl FnOnce(&mut SyncVar) -> R) -> R {
        self.sync.with(id, f)
    }

    /// Event *acquire* on a sync object that is known by name: as [`ThreadClock::acquire`] in [`Self::sync`], and
    /// cheaper.
    ///
    /// # Panics
    ///
    /// Where the thread is another engine's.
    pub fn acquire(&self, thread: &mut ThreadClock, id: SyncId) {
        self.sync.acquire(thread, id);
    }

    /// Event *release* on a sync object that is known by name, in the same way.
    ///
    /// # Panics
    ///
    /// Where the thread is another engine's.
    pub fn release(&self, thread: &mut ThreadClock, id: SyncId) {
        self.sync.release(thread, id);
    }

    /// Event *release_merge* on a sync object that is known by name, in the same way.
    ///
    /// # Panics
    ///
    /// Where the thread is another engine's.
    pub fn release_merge(&self, thread: &mut ThreadClock, id: SyncId) {
        self.sync.release_merge(thread, id);
    }

    /// Forgets a sync object whose owner is gone.
    pub fn forget_sync(&self, id: SyncId) {
        self.sync.forget(id);
    }

    /// Events *atomic load*, *store*, *read-modify-write* on `bytes`, whose clock is `id`.
    ///
    /// Performs `operation`, and its edges as one step with it, so that edges follow the word's
    /// modification order. Calls `found` with each race.
    ///
    /// # Panics
    ///
    /// Where the thread is another engine's.
    pub fn atomic<R>(
        &self,
        thread: &mut ThreadClock,
        id: SyncId,
        bytes: ByteRange,
        operation: impl FnOnce() -> (R, AtomicEffect),
        node: impl FnOnce() -> NodeId,
        found: impl FnMut(&Race),
    ) -> (R, AtomicEffect) {
        self.sync.atomic(thread, id, operation, |thread, effect| {
            self.access(thread, effect.access(), bytes, node, found);
        })
    }

    /// The edges of the event *atomic load* on a word whose clock is `id`: `load` performs it, and may be called
    /// twice. Takes no lock where `acquired`, which is the thread's own, has what could be read. The access itself,
    /// an [`AccessKind::AtomicRead`], is the caller's to tell, afterwards.
    ///
    /// # Panics
    ///
    /// Where the thread is another engine's.
    #[inline]
    pub fn atomic_load<R>(
        &self,
        thread: &mut ThreadClock,
        acquired: &mut Acquired,
        id: SyncId,
        ordering: Ordering,
        load: impl Fn() -> R,
    ) -> R {
        self.sync.load(thread, acquired, id, ordering, load)
    }

    /// Whether the thread that is at `epoch` has, at this epoch, already made an access that covers
    /// `kind` on the `len` bytes from `start`, as far as one look tells: then [`Self::access`] would
    /// do nothing. For callers that have the time for one look only; a second is [`Self::is_repeated_beside`].
    #[inline(always)]
    #[must_use]
    pub fn is_repeated(&self, epoch: Epoch, kind: AccessKind, start: usize, len: usize) -> bool {
        let offset = start % BYTES;
        if len > BYTES - offset {
            return false;
        }
        let Some(granule) = self.shadow.granule(start) else {
            return false;
        };
        let mask = ByteMask::span(offset, offset + len);
        granule::is_covered_inline(granule.main().load(), kind, mask, epoch)
    }

    /// The same, by another look.
    #[inline(always)]
    #[must_use]
    pub fn is_repeated_beside(
        &self,
        epoch: Epoch,
        kind: AccessKind,
        start: usize,
        len: usize,
    ) -> bool {
        let offset = start % BYTES;
        if len > BYTES - offset || kind == AccessKind::Read && !self.racy.is_empty() {
            return false;
        }
        let mask = ByteMask::span(offset, offset + len);
        let granule = self.shadow.granule(start);
        granule.is_some_and(|granule| granule.is_covered_by_side(kind, mask, epoch))
    }

    /// Events *read* and *write*: an access by `thread`, whose call stack `node` gives. Calls
    /// `found` with each race: one for each earlier access and run of bytes.
    ///
    /// `node` is called only where the access is not covered by an earlier one of the same
    /// thread and epoch.
    ///
    /// # Panics
    ///
    /// Where the thread is another engine's.
    #[inline]
    pub fn access(
        &self,
        thread: &ThreadClock,
        kind: AccessKind,
        bytes: ByteRange,
        node: impl FnOnce() -> NodeId,
        found: impl FnMut(&Race),
    ) {
        let offset = bytes.start() % BYTES;
        let len = bytes.len_as_given();
        if len <= BYTES - offset
            && let Some(granule) = self.shadow.granule(bytes.start())
        {
            let mask = ByteMask::span(offset, offset + len);
            let seen = granule.main().load();
            if granule::is_covered_inline(seen, kind, mask, thread.epoch()) {
                return;
            }
            if granule.is_covered_by_side(kind, mask, thread.epoch()) {
                return self.covered(thread, kind, bytes);
            }
            if granule::is_crowded(seen) {
                // There is no seat: it is covered by one of several records, or is to be another.
                return self.access_new(thread, kind, bytes, node, found);
            }
            let new = Meta::new(kind, mask, node());
            return self.access_seated(thread, granule, new, bytes.start(), found);
        }
        self.access_wide(thread, kind, bytes, node, found);
    }

    /// An access that several granules have a part of: each is looked at as for one of its own, up to
    /// the first that has more to it.
    #[inline(never)]
    fn access_wide(
        &self,
        thread: &ThreadClock,
        kind: AccessKind,
        bytes: ByteRange,
        node: impl FnOnce() -> NodeId,
        found: impl FnMut(&Race),
    ) {
        self.assert_own(thread);
        if self.shared.pool.is_exhausted() {
            return self.access_each(thread, kind, bytes, node, found);
        }
        let mut known = None;
        let mut node = Some(node);
        let mut get = || {
            *known.get_or_insert_with(|| {
                // What was recorded is not in the thread's last release.
                thread.slot().set_clean(false);
                node.take().map_or(NodeId::ROOT, |node| node())
            })
        };
        for (address, mask) in granules_of(bytes.start(), bytes.end()) {
            match self.at_once(thread, kind, address, mask, &mut get) {
                AtOnce::Done => {}
                AtOnce::Begun => {
                    return self.access_each(thread, kind, bytes.from(address), get, found);
                }
                AtOnce::No => {
                    return self.access_new(thread, kind, bytes.from(address), get, found);
                }
            }
        }
    }

    /// The part of an access that one granule has, if no more has to be looked at than its two records in place.
    #[inline(always)]
    fn at_once(
        &self,
        thread: &ThreadClock,
        kind: AccessKind,
        address: usize,
        mask: ByteMask,
        node: &mut impl FnMut() -> NodeId,
    ) -> AtOnce {
        let sweeps = self.shadow.sweeps();
        let Some(granule) = self.shadow.granule(address) else {
            return AtOnce::No;
        };
        let seen = granule.main().load();
        if granule::is_covered_inline(seen, kind, mask, thread.epoch()) {
            return AtOnce::Done;
        }
        if granule.is_covered_by_side(kind, mask, thread.epoch()) {
            let is_done = kind != AccessKind::Read || self.racy.is_empty();
            return if is_done { AtOnce::Done } else { AtOnce::No };
        }
        if granule::is_crowded(seen) {
            return AtOnce::No;
        }
        let new = Record {
            epoch: thread.epoch(),
            kind,
            mask,
            node: node(),
        };
        let Some((seat, new)) = self.seat(thread, granule, seen, address, new) else {
            return AtOnce::No;
        };
        let knows = |epoch| thread.knows(epoch);
        if granule.take(seat, new.words(), knows) && self.shadow.has_recorded(sweeps) {
            AtOnce::Done
        } else {
            AtOnce::Begun
        }
    }

    /// The seat of an access, also in a granule that is empty, and what it records there: where the
    /// thread has made the same in this epoch on other bytes, one record is of all of them.
    #[inline(never)]
    fn seat(
        &self,
        thread: &ThreadClock,
        granule: Granule<'_>,
        seen: Words,
        address: usize,
        new: Record,
    ) -> Option<(Seat, Record)> {
        if seen.low == 0 {
            let is_noted = self.shadow.touch(address, Half::Main);
            return is_noted.then_some((Seat::Main(seen), new));
        }
        let wider = |words: Words| {
            let old = Record::from_words(words);
            (words.low == new.epoch.bits() && old.is_same_access(new)).then(|| Record {
                mask: old.mask.or(new.mask),
                ..new
            })
        };
        if let Some(record) = wider(seen) {
            return Some((Seat::Main(seen), record));
        }
        let knows = |epoch| thread.knows(epoch);
        let is_old = |epoch| self.settled.has(epoch);
        if let Some(seat) = granule.seat(seen, new.kind, new.mask, knows, is_old) {
            // The page of main is noted, where something is there.
            let is_noted = matches!(seat, Seat::Main(_)) || self.shadow.touch(address, Half::Side);
            return is_noted.then_some((seat, new));
        }
        if !granule::may_stand_beside(new.kind) {
            return None;
        }
        let side = granule.side().load();
        wider(side).map(|record| (Seat::Side(side), record))
    }

    #[inline]
    fn assert_own(&self, thread: &ThreadClock) {
        assert!(
            core::ptr::eq(thread.shared(), &raw const *self.shared),
            "the thread is another engine's"
        );
    }

    /// An access to one granule: where what it has in main is one record, which the access knows, of the same
    /// kind, bytes and call stack, here, and otherwise passed on. It calls nobody, and has few arguments, and so
    /// needs few registers: what is saved of those would have to be in memory before the exchange.
    #[inline(never)]
    fn access_seated(
        &self,
        thread: &ThreadClock,
        granule: Granule<'_>,
        new: Meta,
        start: usize,
        found: impl FnMut(&Race),
    ) {
        let seen = granule.main().load();
        let is_same = seen.high == new.0 && granule::is_single(seen);
        if !is_same || !thread.knows_inline(Epoch::from_bits(seen.low)) {
            return self.access_replacing(thread, granule, new, start, found);
        }
        let sweeps = self.shadow.sweeps();
        // What was recorded is not in the thread's last release.
        thread.slot().set_clean(false);
        let is_done = granule.main().renew(seen, thread.epoch().bits())
            && granule.is_alone()
            && self.shadow.is_undisturbed_since(sweeps);
        if !is_done {
            self.access_renewed(thread, granule, new, start, found);
        }
    }

    /// The same, where its record may stand in main, and there is more to look at.
    #[inline(never)]
    fn access_renewed(
        &self,
        thread: &ThreadClock,
        granule: Granule<'_>,
        new: Meta,
        start: usize,
        found: impl FnMut(&Race),
    ) {
        let sweeps = self.shadow.sweeps();
        let words = Words {
            low: thread.epoch().bits(),
            high: new.0,
        };
        let settled = granule.main().load() == words
            && granule.settle(words, |epoch| thread.knows(epoch))
            && self.shadow.has_recorded(sweeps);
        if !settled {
            self.access_again(thread, start, Record::from_words(words), found);
        }
    }

    /// An access to one granule that supersedes the one record of one half, or finds the side free; any other is
    /// passed on.
    #[inline(never)]
    fn access_replacing(
        &self,
        thread: &ThreadClock,
        granule: Granule<'_>,
        wanted: Meta,
        start: usize,
        found: impl FnMut(&Race),
    ) {
        let knows = |epoch| thread.knows(epoch);
        // Read before the side: where something is there or in main, the page is touched, and a
        // sweep that gives it back afterwards is counted. What was `seen` is not taken away
        // unnoticed: if it is still there, its page is.
        let sweeps = self.shadow.sweeps();
        let seen = granule.main().load();
        let new = Words {
            low: thread.epoch().bits(),
            high: wanted.0,
        };
        let taken = if granule::is_superseded(seen, wanted.kind(), wanted.mask(), knows) {
            thread.slot().set_clean(false);
            granule.take_main(seen, new, knows)
        } else if let Some(side) = granule.seat_beside(wanted.kind(), wanted.mask(), knows)
            && self.shadow.touch(start, Half::Side)
        {
            thread.slot().set_clean(false);
            granule.take_side(side, new, knows)
        } else {
            let new = Record::from_words(new);
            return self.access_unseated(thread, granule, seen, new, start, found);
        };
        if !taken || !self.shadow.has_recorded(sweeps) {
            // Somebody was quicker, or there is more to look at.
            self.access_again(thread, start, Record::from_words(new), found);
        }
    }

    /// The same, where there may be a seat in another way.
    #[inline(never)]
    fn access_unseated(
        &self,
        thread: &ThreadClock,
        granule: Granule<'_>,
        seen: Words,
        new: Record,
        start: usize,
        found: impl FnMut(&Race),
    ) {
        let sweeps = self.shadow.sweeps();
        let Some((seat, wide)) = self.seat(thread, granule, seen, start, new) else {
            let bytes = new.mask.bytes_from(start);
            return self.access_new(thread, new.kind, bytes, || new.node, found);
        };
        thread.slot().set_clean(false);
        if !granule.take(seat, wide.words(), |epoch| thread.knows(epoch))
            || !self.shadow.has_recorded(sweeps)
        {
            self.access_again(thread, start, new, found);
        }
    }

    /// An access to one granule that could not be recorded in a seat.
    #[inline(never)]
    fn access_again(
        &self,
        thread: &ThreadClock,
        start: usize,
        new: Record,
        found: impl FnMut(&Race),
    ) {
        let bytes = new.mask.bytes_from(start);
        self.access_each(thread, new.kind, bytes, || new.node, found);
    }

    /// An access that the inline same-epoch check did not cover.
    #[inline(never)]
    fn access_new(
        &self,
        thread: &ThreadClock,
        kind: AccessKind,
        bytes: ByteRange,
        node: impl FnOnce() -> NodeId,
        found: impl FnMut(&Race),
    ) {
        self.assert_own(thread);
        let epoch = thread.epoch();
        let pool = &self.shared.pool;
        let covered = granules_of(bytes.start(), bytes.end()).all(|(address, mask)| {
            let granule = self.shadow.granule(address);
            granule.is_some_and(|granule| history::is_covered(granule, pool, kind, mask, epoch))
        });
        if covered {
            self.covered(thread, kind, bytes);
            self.tidy_up(thread, bytes.start());
        } else {
            self.access_each(thread, kind, bytes, node, found);
        }
    }

    /// The history of a granule is longer than fits in place, and keeps being looked at: now and then,
    /// what everybody knows of it is dropped.
    fn tidy_up(&self, thread: &ThreadClock, address: usize) {
        let pool = &self.shared.pool;
        let number = thread.slot().next_version();
        if self.settled.note(number, pool, &self.shared.slots)
            && let Some(granule) = self.shadow.granule(address)
        {
            let version = || chain::version(Some(thread.tid()), thread.slot().next_version());
            let is_old = |epoch| self.settled.has(epoch);
            // Where there is no memory for it, it stays as it is.
            let _ = history::sweep(granule, true, pool, thread.tid().index(), &version, is_old);
        }
    }

    /// An access to any number of granules, by all the rules.
    #[inline(never)]
    fn access_each(
        &self,
        thread: &ThreadClock,
        kind: AccessKind,
        bytes: ByteRange,
        node: impl FnOnce() -> NodeId,
        mut found: impl FnMut(&Race),
    ) {
        let epoch = thread.epoch();
        let pool = &self.shared.pool;
        if pool.is_exhausted() {
            // An edge may be missing: what is found now may be no race.
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let node = node();
        // What was recorded is not in the thread's last release.
        thread.slot().set_clean(false);
        let mut open = Adjoining::default();
        let mut is_first = true;
        // What was known before the access: edges into it are not.
        let mut before: Option<Clock> = None;
        let mut conflicts = Conflicts::new(ByteMask::NONE);
        for (address, mask) in granules_of(bytes.start(), bytes.end()) {
            let new = Record {
                epoch,
                kind,
                mask,
                node,
            };
            open.begin_granule(address, &mut found);
            // The first is here because it has more to it, and what was put in its seat may cover it by now.
            if !core::mem::take(&mut is_first)
                && self.at_once(thread, kind, address, mask, &mut || node) == AtOnce::Done
            {
                continue;
            }
            conflicts.begin(mask);
            match self.record(thread, address, new, &mut conflicts) {
                None => {
                    self.lost.fetch_add(1, Ordering::Relaxed);
                }
                Some(()) if conflicts.is_empty() => {}
                Some(()) => {
                    let before = before.get_or_insert_with(|| thread.slot().peek().copy(pool));
                    self.note(address, &conflicts, before, |race| {
                        open.add(race, &mut found);
                    });
                    if kind == AccessKind::Read {
                        self.read_from(thread, &conflicts);
                    }
                }
            }
        }
        if let Some(mut before) = before {
            before.clear(pool, thread.tid().index());
        }
        open.finish(&mut found);
    }

    fn record(
        &self,
        thread: &ThreadClock,
        address: usize,
        new: Record,
        conflicts: &mut Conflicts,
    ) -> Option<()> {
        let clock = thread.slot().peek();
        let pool = &self.shared.pool;
        let version = || {
            let number = thread.slot().next_version();
            self.settled.note(number, pool, &self.shared.slots);
            chain::version(Some(thread.tid()), number)
        };
        let is_old = |epoch| self.settled.has(epoch);
        let context = Context {
            pool,
            knows: |epoch| clock.knows(pool, epoch),
            is_old: &is_old,
            version: &version,
            shard: thread.tid().index(),
        };
        let place = self.shadow.place(address)?;
        loop {
            let sweeps = self
                .shadow
                .begin_recording(place, granule::may_stand_beside(new.kind));
            history::record(place.granule, &context, new, conflicts)?;
            if self.shadow.has_recorded(sweeps) {
                return Some(());
            }
        }
    }

    /// Notes what raced in the granule at `address`, and gives the races.
    fn note(
        &self,
        address: usize,
        conflicts: &Conflicts,
        before: &Clock,
        mut race: impl FnMut(Race),
    ) {
        let pool = &self.shared.pool;
        for Conflict { previous, bytes } in conflicts.iter() {
            self.racy.insert(pool, address, bytes);
            let dependent = before.softly_knows(pool, previous.epoch);
            for (from, to) in bytes.runs() {
                race(Race {
                    bytes: ByteRange::new(address + from, to - from).expect("runs have bytes"),
                    previous_kind: previous.kind,
                    previous_epoch: previous.epoch,
                    previous_node: previous.node,
                    dependent,
                });
            }
        }
    }

    /// The schedulable-happens-before edges from racing writes.
    fn read_from(&self, thread: &ThreadClock, conflicts: &Conflicts) {
        let wrote = |conflict: &Conflict| conflict.previous.kind == AccessKind::Write;
        for conflict in conflicts.iter().filter(wrote) {
            self.read_from_write(thread, conflict.previous.epoch);
        }
    }

    /// An access of which the thread made the like in this epoch: it can find no new race, but a
    /// read may read what others have written since.
    #[inline]
    fn covered(&self, thread: &ThreadClock, kind: AccessKind, bytes: ByteRange) {
        if kind == AccessKind::Read && !self.racy.is_empty() {
            self.read_again(thread, bytes);
        }
    }

    /// The same edges into a read that repeats one of the same thread and epoch.
    #[cold]
    fn read_again(&self, thread: &ThreadClock, bytes: ByteRange) {
        let (pool, shard) = (&self.shared.pool, thread.tid().index());
        for (address, mask) in granules_of(bytes.start(), bytes.end()) {
            let Some(granule) = self.shadow.granule(address) else {
                continue;
            };
            let knows = |epoch| thread.knows(epoch);
            for write in history::unknown_writes(granule, pool, shard, mask, knows) {
                self.read_from_write(thread, write);
            }
        }
    }

    fn read_from_write(&self, thread: &ThreadClock, write: Epoch) {
        let Shared { pool, slots, .. } = thread.shared();
        let shard = thread.tid().index();
        let mut writer = slots.clock_of(pool, write, shard);
        let maker = Maker {
            pool,
            origin: thread.epoch().bits(),
            shard,
            need: Need::Knowledge,
        };
        // Where there is no memory, the pool has noted it, and the engine stops reporting.
        let _ = thread
            .slot()
            .change(|clock| clock.learn_softly(maker, &writer));
        writer.clear(pool, shard);
    }

    /// Events *alloc* and *free*: what comes to lie in `bytes` has no history. The clocks of
    /// atomics are known by name, not by address: see [`Self::forget_sync`].
    pub fn reset(&self, bytes: ByteRange) {
        let pool = &self.shared.pool;
        self.shadow.reset(bytes, |granule, beside, mask| {
            let version = || self.next_version();
            if history::reset(granule, beside, pool, 0, &version, mask).is_none() {
                pool.note_exhausted();
            }
        });
        self.racy.remove(pool, bytes);
    }

    /// A version that no thread gives.
    fn next_version(&self) -> u64 {
        chain::version(None, self.versions.fetch_add(1, Ordering::Relaxed))
    }

    /// The bytes on which a race was found, and that were not reset since: maximal ranges in
    /// order of address.
    #[must_use]
    pub fn racy_bytes(&self) -> Vec<ByteRange> {
        self.racy.ranges(&self.shared.pool)
    }

    /// Frees the indices of ended threads whose accesses no race can be with any more, and calls
    /// `forgotten` with the label of each such thread, under a lock: it must not call the engine. Gives up, for now, where threads are being
    /// forked.
    pub fn reclaim(&self, forgotten: impl FnMut(u64)) {
        let Shared { pool, slots, .. } = &*self.shared;
        if let Some(known) = slots.known_to_all(pool) {
            slots.reclaim(pool, known, forgotten);
            pool.release(known, 0);
        }
    }

    /// As [`Self::reclaim`], and frees shadow memory and clocks of sync objects that say only
    /// what every running thread knows. It looks at all shadow memory: call it when idle, or in parts
    /// ([`Self::begin_sweep`]).
    pub fn sweep(&self, forgotten: impl FnMut(u64)) {
        if let Some(mut sweep) = self.begin_sweep(forgotten) {
            while self.sweep_some(&mut sweep, usize::MAX) {}
        }
    }

    /// Begins a [`sweep`](Self::sweep) in parts, and does that of [`reclaim`](Self::reclaim). `None`
    /// where that gives up.
    pub fn begin_sweep(&self, forgotten: impl FnMut(u64)) -> Option<Sweep> {
        let Shared { pool, slots, .. } = &*self.shared;
        let known = slots.known_to_all(pool)?;
        slots.reclaim(pool, known, forgotten);
        Some(Sweep {
            known: Some(known),
            position: Position::default(),
        })
    }

    /// Looks at `pages` pages of shadow memory, or a few more, or, where there are none left, at the
    /// clocks of sync objects. `false` where the sweep is over. It must be one of this engine's.
    ///
    /// What every running thread knew when it began, every later one knows too.
    pub fn sweep_some(&self, sweep: &mut Sweep, pages: usize) -> bool {
        let Some(known) = sweep.known else {
            return false;
        };
        let pool = &self.shared.pool;
        let is_known =
            |epoch: Epoch| crate::trie::get(pool, known, epoch.tid().key()) >= epoch.time().get();
        let more = self
            .shadow
            .sweep(&mut sweep.position, pages, |granule, beside| {
                let version = || self.next_version();
                history::sweep(granule, beside, pool, 0, &version, is_known) == Some(true)
            });
        if !more {
            self.sync.sweep(known);
            pool.release(known, 0);
            sweep.known = None;
        }
        more
    }

    /// The bytes of shadow memory that are in use: cheap, where [`Self::footprint`] is not.
    #[must_use]
    pub fn shadow_bytes(&self) -> u64 {
        self.shadow.bytes()
    }

    /// Whether memory ran out. From then on no race is reported, because what would be found
    /// might be none.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.shared.pool.is_exhausted()
    }

    /// What the engine has in memory.
    #[must_use]
    pub fn footprint(&self) -> Footprint {
        Footprint {
            shadow: self.shadow.bytes(),
            nodes: self.shared.pool.bytes(),
            nodes_in_use: self.shared.pool.in_use(),
            threads: self.shared.slots.bytes(),
            indices: self.shared.slots.indices(),
            lost: self.lost.load(Ordering::Relaxed),
        }
    }
}

/// Races of one access that may go on in the next granule: at most one ends at a byte.
#[derive(Default)]
struct Adjoining {
    races: [Option<Race>; BYTES],
}

impl Adjoining {
    /// What did not reach `address` is complete.
    fn begin_granule(&mut self, address: usize, found: &mut impl FnMut(&Race)) {
        for open in &mut self.races {
            if open.is_some_and(|race| race.bytes.end() != address)
                && let Some(race) = open.take()
            {
                found(&race);
            }
        }
    }

    fn add(&mut self, race: Race, found: &mut impl FnMut(&Race)) {
        for open in self.races.iter_mut().flatten() {
            if race.continues(open) {
                let len = open.bytes.len() + race.bytes.len();
                open.bytes =
                    ByteRange::new(open.bytes.start(), len).expect("two ranges have bytes");
                return;
            }
        }
        match self.races.iter_mut().find(|open| open.is_none()) {
            Some(free) => *free = Some(race),
            None => found(&race),
        }
    }

    fn finish(&mut self, found: &mut impl FnMut(&Race)) {
        self.races
            .iter_mut()
            .filter_map(Option::take)
            .for_each(|race| found(&race));
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
