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
use crate::record::{BYTES, ByteMask, Record};
use crate::settled::Settled;
use crate::shadow::{Position, Shadow, granules_of};
use crate::slots::Indices;
use crate::source::Source;
use crate::sync::{AtomicEffect, Shared, SyncId, SyncTable, SyncVar, ThreadClock};
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

    /// Whether the thread that is at `epoch` has, at this epoch, already made an access that covers
    /// `kind` on the `len` bytes from `start`, as far as one look tells: then [`Self::access`] would
    /// do nothing. For callers that have the time for one look only.
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
            || kind == AccessKind::Read
                && granule::is_covered_inline(granule.side().load(), kind, mask, epoch)
                && self.racy.is_empty()
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
            return self.access_seated(thread, granule, seen, kind, bytes, node, found);
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
        let knows = |epoch| thread.knows(epoch);
        let sweeps = self.shadow.sweeps();
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
            if let Some(granule) = self.shadow.granule(address) {
                let seen = granule.main().load();
                if granule::is_covered_inline(seen, kind, mask, thread.epoch()) {
                    continue;
                }
                if granule.is_covered_by_side(kind, mask, thread.epoch()) {
                    if self.racy.is_empty() {
                        continue;
                    }
                    return self.access_new(thread, kind, bytes.from(address), get, found);
                }
                let new = Record {
                    epoch: thread.epoch(),
                    kind,
                    mask,
                    node: get(),
                };
                if let Some((seat, new)) = self.seat(thread, granule, seen, address, new) {
                    if granule.take(seat, new, knows) && self.shadow.has_recorded(sweeps) {
                        continue;
                    }
                    // By all the rules: what was put in the seat just now does not cover it.
                    return self.access_each(thread, kind, bytes.from(address), get, found);
                }
            }
            return self.access_new(thread, kind, bytes.from(address), get, found);
        }
    }

    /// The seat of an access, also in a granule that is empty, and what it records there: where the
    /// thread has made the same in this epoch on other bytes, one record is of all of them.
    #[inline(never)]
    fn seat(
        &self,
        thread: &ThreadClock,
        granule: &Granule,
        seen: Words,
        address: usize,
        new: Record,
    ) -> Option<(Seat, Record)> {
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
            return Some((seat, new));
        }
        if new.kind == AccessKind::Read {
            let side = granule.side().load();
            if let Some(record) = wider(side) {
                return Some((Seat::Side(side), record));
            }
        }
        (seen.low == 0 && self.shadow.touch_known(address)).then_some((Seat::Main(seen), new))
    }

    #[inline]
    fn assert_own(&self, thread: &ThreadClock) {
        assert!(
            core::ptr::eq(thread.shared(), &raw const *self.shared),
            "the thread is another engine's"
        );
    }

    /// An access to one granule, whose main half was `seen`, that supersedes the one record of its half
    /// or finds the side free; any other is passed on.
    #[inline(never)]
    #[allow(
        clippy::too_many_arguments,
        reason = "the access path's own state, in registers"
    )]
    fn access_seated(
        &self,
        thread: &ThreadClock,
        granule: &Granule,
        seen: Words,
        kind: AccessKind,
        bytes: ByteRange,
        node: impl FnOnce() -> NodeId,
        found: impl FnMut(&Race),
    ) {
        let offset = bytes.start() % BYTES;
        let mask = ByteMask::span(offset, offset + bytes.len_as_given());
        let knows = |epoch| thread.knows(epoch);
        // Read before the side: where something is there or in main, the page is touched, and a
        // sweep that gives it back afterwards is counted. What was `seen` is not taken away
        // unnoticed: if it is still there, its page is.
        let sweeps = self.shadow.sweeps();
        let new = Record {
            epoch: thread.epoch(),
            kind,
            mask,
            node: node(),
        };
        let taken = if granule::is_superseded(seen, kind, mask, knows) {
            // What was recorded is not in the thread's last release.
            thread.slot().set_clean(false);
            granule.take_main(seen, new, knows)
        } else if let Some(side) = granule.seat_of_read(kind, mask, knows) {
            thread.slot().set_clean(false);
            granule.take_side(side, new, knows)
        } else {
            return self.access_unseated(thread, granule, seen, new, bytes, found);
        };
        if !taken || !self.shadow.has_recorded(sweeps) {
            self.access_again(thread, new, bytes, found);
        }
    }

    /// The same, where there may be a seat in another way.
    #[inline(never)]
    fn access_unseated(
        &self,
        thread: &ThreadClock,
        granule: &Granule,
        seen: Words,
        new: Record,
        bytes: ByteRange,
        found: impl FnMut(&Race),
    ) {
        let sweeps = self.shadow.sweeps();
        let Some((seat, wide)) = self.seat(thread, granule, seen, bytes.start(), new) else {
            return self.access_new(thread, new.kind, bytes, || new.node, found);
        };
        thread.slot().set_clean(false);
        if !granule.take(seat, wide, |epoch| thread.knows(epoch))
            || !self.shadow.has_recorded(sweeps)
        {
            self.access_again(thread, new, bytes, found);
        }
    }

    /// The same, where somebody was quicker, or there is more to look at.
    #[inline(never)]
    fn access_again(
        &self,
        thread: &ThreadClock,
        new: Record,
        bytes: ByteRange,
        found: impl FnMut(&Race),
    ) {
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
            let _ = history::sweep(granule, pool, thread.tid().index(), &version, is_old);
        }
    }

    /// An access to any number of granules, by all the rules.
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
        let context = Context {
            pool,
            knows: |epoch| clock.knows(pool, epoch),
            version: &version,
            shard: thread.tid().index(),
        };
        let place = self.shadow.place(address)?;
        loop {
            let sweeps = self.shadow.begin_recording(place);
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
        self.shadow.reset(bytes, |granule: &Granule, mask| {
            let version = || self.next_version();
            if history::reset(granule, pool, 0, &version, mask).is_none() {
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
        let more = self.shadow.sweep(&mut sweep.position, pages, |granule| {
            let version = || self.next_version();
            history::sweep(granule, pool, 0, &version, is_known) == Some(true)
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
mod tests {
    use super::*;
    use crate::clock::Time;
    use crate::primitive::AtomicBool;

    fn range(start: usize, len: usize) -> ByteRange {
        ByteRange::new(start, len).unwrap()
    }

    fn access(
        engine: &Engine,
        t: &ThreadClock,
        kind: AccessKind,
        start: usize,
        len: usize,
    ) -> Vec<Race> {
        let mut races = Vec::new();
        let found = |race: &Race| races.push(*race);
        engine.access(t, kind, range(start, len), || NodeId::ROOT, found);
        races
    }

    #[test]
    fn a_wide_access_reports_one_race_for_each_earlier_access() {
        let engine = Engine::new();
        let mut a = engine.first_thread(0).unwrap();
        let b = engine.fork(&mut a, 1).unwrap();
        assert!(access(&engine, &a, AccessKind::Write, 100, 20).is_empty());
        let races = access(&engine, &b, AccessKind::Read, 90, 100);
        assert_eq!(races.len(), 1);
        assert_eq!(races[0].bytes, range(100, 20));
        assert_eq!(engine.racy_bytes(), [range(100, 20)]);
    }

    #[test]
    fn a_race_that_a_racy_read_orders_is_dependent() {
        let engine = Engine::new();
        let mut a = engine.first_thread(0).unwrap();
        let b = engine.fork(&mut a, 1).unwrap();
        let c = engine.fork(&mut a, 2).unwrap();
        let (data, flag) = (8, 64);
        let _ = access(&engine, &a, AccessKind::Write, data, 8);
        let _ = access(&engine, &a, AccessKind::Write, flag, 8);
        assert!(!access(&engine, &b, AccessKind::Read, flag, 8)[0].dependent);
        assert!(access(&engine, &b, AccessKind::Read, data, 8)[0].dependent);
        assert!(!access(&engine, &c, AccessKind::Write, data, 8)[0].dependent);
    }

    #[test]
    fn of_several_racing_writes_a_plain_one_is_named() {
        let engine = Engine::new();
        let mut a = engine.first_thread(0).unwrap();
        let b = engine.fork(&mut a, 1).unwrap();
        let c = engine.fork(&mut a, 2).unwrap();
        let (data, flag) = (8, 64);
        let _ = access(&engine, &a, AccessKind::Write, data, 8);
        let _ = access(&engine, &a, AccessKind::Write, flag, 2);
        let _ = access(&engine, &c, AccessKind::AtomicWrite, flag, 1);
        // The write goes on, from the same place: its record comes after the other now.
        let _ = access(&engine, &a, AccessKind::Write, flag + 2, 2);
        let races = access(&engine, &b, AccessKind::Read, flag, 4);
        assert_eq!(races.len(), 1, "{races:?}");
        assert_eq!(races[0].bytes, range(flag, 4));
        assert_eq!(races[0].previous_kind, AccessKind::Write);
        assert!(access(&engine, &b, AccessKind::Read, data, 8)[0].dependent);
    }

    #[test]
    fn reset_memory_has_no_history() {
        let engine = Engine::new();
        let mut a = engine.first_thread(0).unwrap();
        let b = engine.fork(&mut a, 1).unwrap();
        let _ = access(&engine, &a, AccessKind::Write, 8, 8);
        assert_eq!(access(&engine, &b, AccessKind::Write, 8, 8).len(), 1);
        engine.reset(range(8, 8));
        assert!(access(&engine, &a, AccessKind::Write, 8, 8).is_empty());
        assert_eq!(engine.racy_bytes(), []);
    }

    #[test]
    fn the_same_epoch_check_asks_for_no_stack() {
        let engine = Engine::new();
        let a = engine.first_thread(0).unwrap();
        let _ = access(&engine, &a, AccessKind::Write, 8, 40);
        for (start, len) in [(10, 2), (8, 40)] {
            let asked = || panic!("asked for a stack");
            engine.access(&a, AccessKind::Read, range(start, len), asked, |_| {
                panic!("a race")
            });
        }
    }

    #[test]
    fn clocks_of_another_engine_order_nothing() {
        let (one, two) = (Engine::new(), Engine::new());
        let mut left_in_one = SyncVar::new();
        one.first_thread(0).unwrap().release(&mut left_in_one);
        let mut a = two.first_thread(0).unwrap();
        let mut b = two.fork(&mut a, 1).unwrap();
        let _ = access(&two, &a, AccessKind::Write, 8, 8);
        b.acquire(&left_in_one);
        assert_eq!(access(&two, &b, AccessKind::Write, 8, 8).len(), 1);
    }

    #[test]
    fn an_index_is_used_again_by_whoever_knows_its_end() {
        let engine = Engine::new();
        let mut main = engine.first_thread(0).unwrap();
        let other = engine.fork(&mut main, 1).unwrap();
        let mut end = SyncVar::new();
        let first = {
            let mut child = engine.fork(&mut main, 2).unwrap();
            let _ = access(&engine, &child, AccessKind::Write, 8, 8);
            child.release(&mut end);
            child.tid()
        };
        let unjoined = engine.fork(&mut main, 3).unwrap();
        assert_ne!(unjoined.tid(), first, "nobody knows the end");
        main.acquire(&end);
        let again = engine.fork(&mut main, 4).unwrap();
        assert_eq!(again.tid(), first);
        assert!(
            access(&engine, &again, AccessKind::Read, 8, 8).is_empty(),
            "it comes after"
        );
        let races = access(&engine, &other, AccessKind::Write, 8, 8);
        let labels: Vec<_> = races
            .iter()
            .map(|race| engine.label(race.previous_epoch))
            .collect();
        assert_eq!(labels, [2], "the write, by whoever had the index before");
        let races = access(&engine, &unjoined, AccessKind::Write, 8, 8);
        assert_eq!(engine.label(races[0].previous_epoch), 1);
    }

    #[test]
    fn what_everybody_knows_is_freed() {
        let engine = Engine::new();
        let mut main = engine.first_thread(0).unwrap();
        let mut end = SyncVar::new();
        for label in 1..=100 {
            let mut child = engine.fork(&mut main, label).unwrap();
            let _ = access(
                &engine,
                &child,
                AccessKind::Write,
                0x10_0000 * label as usize,
                8,
            );
            engine.sync(SyncId(label), |var| child.release(var));
            child.release_merge(&mut end);
        }
        let mut forgotten = Vec::new();
        engine.sweep(|label| forgotten.push(label));
        assert_eq!(forgotten, [], "main knows none of their ends");
        assert_eq!(engine.footprint().indices.ended, 100);
        let before = engine.footprint();
        main.acquire(&end);
        engine.sweep(|label| forgotten.push(label));
        forgotten.sort_unstable();
        assert_eq!(forgotten, (1..=100).collect::<Vec<_>>());
        let after = engine.footprint();
        assert_eq!(
            after.indices,
            Indices {
                running: 1,
                ended: 0,
                free: 100,
                former: 0,
            }
        );
        assert_eq!((before.shadow, after.shadow), (100 * 4096, 0));
        assert!(
            after.nodes_in_use + 90 < before.nodes_in_use,
            "{before:?} {after:?}"
        );
    }

    #[test]
    fn without_memory_nothing_is_reported() {
        let engine = Engine::with(&Source::default(), Limits { nodes: 4 }).unwrap();
        let mut main = engine.first_thread(0).unwrap();
        let children: Vec<_> = (0..9).filter_map(|i| engine.fork(&mut main, i)).collect();
        for child in &children {
            let _ = access(&engine, child, AccessKind::Read, 8, 8);
        }
        assert!(engine.is_exhausted());
        assert!(access(&engine, &main, AccessKind::Write, 8, 8).is_empty());
        assert!(engine.footprint().lost > 0);
    }

    /// Takes all nodes but `left`, for sync objects.
    fn fill(engine: &Engine, thread: &mut ThreadClock, limit: u64, left: u64) {
        for id in 0.. {
            if engine.footprint().nodes_in_use + left + 1 == limit {
                return;
            }
            engine.sync(SyncId(id), |var| thread.release(var));
        }
    }

    #[test]
    fn housekeeping_without_memory_loses_nothing() {
        const NODES: u32 = 64;
        for left in 0..6 {
            let engine = Engine::with(&Source::default(), Limits { nodes: NODES }).unwrap();
            let mut main = engine.first_thread(0).unwrap();
            let mut child = engine.fork(&mut main, 1).unwrap();
            let mut end = SyncVar::new();
            engine.fork(&mut main, 2).unwrap().release(&mut end);
            main.acquire(&end);
            fill(&engine, &mut main, u64::from(NODES), left);
            engine.reclaim(|_| {});
            engine.sweep(|_| {});
            // It has an index of its own, if it cannot be noted who had the other.
            let other = engine.fork(&mut main, 3).unwrap();
            assert!(!engine.is_exhausted(), "{left} nodes were left");
            engine.forget_sync(SyncId(0));
            let _ = access(&engine, &other, AccessKind::Write, 8, 8);
            assert_eq!(access(&engine, &child, AccessKind::Write, 8, 8).len(), 1);
            child.acquire(&end);
            assert!(!engine.is_exhausted());
        }
    }

    #[test]
    fn a_history_that_cannot_be_thinned_is_kept() {
        const NODES: u32 = 64;
        let engine = Engine::with(&Source::default(), Limits { nodes: NODES }).unwrap();
        let mut main = engine.first_thread(0).unwrap();
        let _ = access(&engine, &main, AccessKind::Write, 8, 1);
        let mut child = engine.fork(&mut main, 1).unwrap();
        for byte in [9, 10] {
            let _ = access(&engine, &child, AccessKind::Write, byte, 1);
            child.release(&mut SyncVar::new());
        }
        let Shared { pool, slots, .. } = &*engine.shared;
        let known = slots.known_to_all(pool).unwrap();
        fill(&engine, &mut main, u64::from(NODES), 0);
        let is_known = |e: Epoch| crate::trie::get(pool, known, e.tid().key()) >= e.time().get();
        let mut thinned = Vec::new();
        engine
            .shadow
            .sweep(&mut Position::default(), usize::MAX, |granule| {
                let version = || engine.next_version();
                thinned.push(history::sweep(granule, pool, 0, &version, is_known));
                false
            });
        assert!(thinned.contains(&None), "it takes a node: {thinned:?}");
        assert!(!engine.is_exhausted());
        engine.forget_sync(SyncId(0));
        assert_eq!(access(&engine, &main, AccessKind::Write, 9, 2).len(), 2);
        pool.release(known, 0);
    }

    #[test]
    fn a_reset_without_memory_is_noted() {
        const NODES: u32 = 64;
        let engine = Engine::with(&Source::default(), Limits { nodes: NODES }).unwrap();
        let mut main = engine.first_thread(0).unwrap();
        for byte in [8, 9, 10] {
            let _ = access(&engine, &main, AccessKind::Write, byte, 1);
            main.release(&mut SyncVar::new());
        }
        fill(&engine, &mut main, u64::from(NODES), 0);
        engine.reset(range(8, 1));
        assert!(engine.is_exhausted(), "what was freed would seem to race");
    }

    fn crew(engine: &Engine, main: &mut ThreadClock, count: u64) -> Vec<ThreadClock> {
        (0..count).map(|i| engine.fork(main, i).unwrap()).collect()
    }

    #[test]
    fn a_loop_over_bytes_keeps_them_where_it_joins_a_crowd() {
        for others in [6, 7] {
            let engine = Engine::new();
            let mut main = engine.first_thread(0).unwrap();
            let t = crew(&engine, &mut main, 9);
            for t in &t[..others] {
                let _ = access(&engine, t, AccessKind::Read, 8, 1);
            }
            let _ = access(&engine, &t[7], AccessKind::Read, 9, 1);
            let _ = access(&engine, &t[7], AccessKind::Read, 8, 1);
            assert_eq!(access(&engine, &t[8], AccessKind::Write, 9, 1).len(), 1);
        }
    }

    #[test]
    fn crowds_do_not_pile_up() {
        let engine = Engine::new();
        let mut main = engine.first_thread(0).unwrap();
        let mut t = crew(&engine, &mut main, 7);
        let (mut down, mut up) = (SyncVar::new(), SyncVar::new());
        for _ in 0..500 {
            assert!(access(&engine, &main, AccessKind::Write, 8, 4).is_empty());
            main.release(&mut down);
            up.clear();
            for t in &mut t {
                t.acquire(&down);
                assert!(access(&engine, t, AccessKind::Read, 8, 8).is_empty());
                t.release_merge(&mut up);
            }
            main.acquire(&up);
        }
        assert!(
            engine.footprint().nodes_in_use < 60,
            "{:?}",
            engine.footprint()
        );
    }

    #[test]
    fn records_that_are_cut_do_not_pile_up() {
        let engine = Engine::new();
        let mut main = engine.first_thread(0).unwrap();
        let mut threads = Vec::new();
        for round in 0..300 {
            for _ in 0..6 {
                let t = engine.fork(&mut main, round).unwrap();
                let _ = access(&engine, &t, AccessKind::Read, 8, 8);
                threads.push(t);
            }
            let _ = access(&engine, &main, AccessKind::Write, 8, 4);
        }
        // Each thread takes a word of a trie's leaf, and there are a few paths.
        assert!(
            engine.footprint().nodes_in_use < 1800 / 4,
            "{:?}",
            engine.footprint()
        );
    }

    #[test]
    fn a_sweep_in_parts_frees_what_one_at_once_does() {
        let engine = Engine::new();
        let mut main = engine.first_thread(0).unwrap();
        for address in (1..64_usize).map(|n| n << 16) {
            let _ = access(&engine, &main, AccessKind::Write, address, 8);
        }
        main.release(&mut SyncVar::new());
        let before = engine.shadow_bytes();
        let mut sweep = engine.begin_sweep(|_| {}).unwrap();
        // What comes while it goes on is kept.
        let parts = 1 + std::iter::from_fn(|| {
            let _ = access(&engine, &main, AccessKind::Write, 1 << 30, 8);
            engine.sweep_some(&mut sweep, 4).then_some(())
        })
        .count();
        assert!(parts > 4, "{parts}");
        assert!(!engine.sweep_some(&mut sweep, 4), "it is over");
        let left = engine.shadow_bytes();
        assert!(0 < left && left < before / 8, "{left} of {before}");
    }

    #[test]
    fn what_the_only_thread_does_after_a_sweep_began_is_not_swept() {
        let engine = Engine::new();
        let mut main = engine.first_thread(0).unwrap();
        main.release(&mut SyncVar::new());
        let pool = &engine.shared.pool;
        let known = engine.shared.slots.known_to_all(pool).unwrap();
        let mut child = engine.fork(&mut main, 1).unwrap();
        let _ = access(&engine, &main, AccessKind::Write, 8, 8);
        let _ = access(&engine, &main, AccessKind::Write, 64, 8);
        let is_known = |e: Epoch| crate::trie::get(pool, known, e.tid().key()) >= e.time().get();
        let version = || engine.next_version();
        engine
            .shadow
            .sweep(&mut Position::default(), usize::MAX, |granule| {
                history::sweep(granule, pool, 0, &version, is_known) == Some(true)
            });
        assert_eq!(access(&engine, &child, AccessKind::Write, 8, 8).len(), 1);
        engine.sync(SyncId(1), |var| main.release(var));
        engine.sync.sweep(known);
        pool.release(known, 0);
        engine.sync(SyncId(1), |var| child.acquire(var));
        assert!(access(&engine, &child, AccessKind::Write, 64, 8).is_empty());
    }

    #[test]
    fn what_all_know_is_found_while_others_fork() {
        let engine = Engine::new();
        let mut main = engine.first_thread(0).unwrap();
        let alive: Vec<_> = (1..500)
            .map(|n| engine.fork(&mut main, n).unwrap())
            .collect();
        let mut forker = engine.fork(&mut main, 500).unwrap();
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let mut end = SyncVar::new();
                    let mut child = engine.fork(&mut forker, 501).unwrap();
                    child.release(&mut end);
                    drop(child);
                    forker.acquire(&end);
                }
            });
            let Shared { pool, slots, .. } = &*engine.shared;
            let found = (0..100).filter_map(|_| slots.known_to_all(pool));
            let found = found.inspect(|known| pool.release(*known, 0)).count();
            over.store(true, Ordering::Relaxed);
            assert_eq!(found, 100);
        });
        drop(alive);
    }

    #[test]
    fn a_loop_of_forks_and_joins_needs_no_memory() {
        let engine = Engine::new();
        let mut main = engine.first_thread(0).unwrap();
        let mut forgotten = 0;
        for i in 0..1000 {
            let mut child = engine.fork(&mut main, i).unwrap();
            let mut end = SyncVar::new();
            child.release(&mut end);
            drop(child);
            main.acquire(&end);
        }
        assert!(engine.footprint().indices.former > 900);
        engine.reclaim(|_| forgotten += 1);
        assert_eq!(forgotten, 1000);
        assert_eq!(engine.footprint().indices.former, 0);
        assert!(
            engine.footprint().nodes_in_use < 10,
            "{:?}",
            engine.footprint()
        );
    }

    #[test]
    fn any_memory_can_be_reset() {
        let engine = Engine::new();
        let mut a = engine.first_thread(0).unwrap();
        let b = engine.fork(&mut a, 1).unwrap();
        let places = [0, 1 << 30, (1 << 48) - 8, 1 << 50, usize::MAX - 8];
        for _ in 0..2 {
            for place in places {
                assert!(access(&engine, &a, AccessKind::Write, place, 8).is_empty());
                assert_eq!(access(&engine, &b, AccessKind::Write, place, 8).len(), 1);
            }
            engine.reset(range(0, usize::MAX));
            assert_eq!(engine.racy_bytes(), []);
        }
    }

    #[test]
    fn a_renewed_thread_is_not_forgotten() {
        let engine = Engine::new();
        let mut a = engine.first_thread(7).unwrap();
        a.set_time(Time::LAST.before());
        let _ = access(&engine, &a, AccessKind::Write, 8, 8);
        a.release(&mut SyncVar::new());
        engine.sweep(|label| panic!("thread {label} runs"));
        assert_eq!(a.label(), 7);
    }

    #[test]
    fn a_sync_object_may_be_taken_and_left_to_another_engine() {
        let (one, two) = (Engine::new(), Engine::new());
        let mut main = one.first_thread(0).unwrap();
        let mut foreign = two.first_thread(0).unwrap();
        for _ in 0..4 {
            one.sync(SyncId(1), |var| {
                main.release(var);
                drop(core::mem::take(var));
            });
            one.sync(SyncId(2), |var| foreign.release(var));
        }
        one.sync(SyncId(2), |var| main.acquire(var));
        assert_eq!(one.footprint().nodes_in_use, 0);
    }

    #[test]
    fn a_word_that_is_written_and_read_later_needs_no_node() {
        let engine = Engine::new();
        let mut a = engine.first_thread(0).unwrap();
        let mut b = engine.fork(&mut a, 1).unwrap();
        let mut lock = SyncVar::new();
        for kind in [AccessKind::Write, AccessKind::Read].repeat(3) {
            for t in [&mut a, &mut b] {
                t.acquire(&lock);
                let before = engine.footprint().nodes_in_use;
                assert!(access(&engine, t, kind, 8, 8).is_empty());
                assert_eq!(engine.footprint().nodes_in_use, before);
                t.release(&mut lock);
            }
        }
    }

    #[test]
    fn a_read_that_raced_with_a_write_is_told_of_once() {
        let engine = Engine::new();
        let mut a = engine.first_thread(0).unwrap();
        let b = engine.fork(&mut a, 1).unwrap();
        assert!(access(&engine, &b, AccessKind::Read, 8, 8).is_empty());
        assert_eq!(access(&engine, &a, AccessKind::Write, 8, 8).len(), 1);
        a.release(&mut SyncVar::new());
        assert!(access(&engine, &a, AccessKind::Write, 8, 8).is_empty());
    }

    #[test]
    fn what_was_read_beside_a_write_is_forgotten_with_it() {
        let engine = Engine::new();
        let mut a = engine.first_thread(0).unwrap();
        let b = engine.fork(&mut a, 1).unwrap();
        for forget in [8, 4] {
            assert!(access(&engine, &a, AccessKind::Write, 8, 8).is_empty());
            a.release(&mut SyncVar::new());
            assert!(access(&engine, &a, AccessKind::Read, 8, 8).is_empty());
            engine.reset(range(8, forget));
            let races = access(&engine, &b, AccessKind::Write, 8, 8);
            let left = races.first().map(|race| race.bytes);
            assert_eq!(left, (forget < 8).then(|| range(12, 4)));
            engine.reset(range(8, 8));
        }
    }

    /// A race that is found while a page is being given back, so that the access is recorded twice.
    mod overtaken {
        use super::*;
        use crate::primitive::{AtomicBool, AtomicPtr};

        static ENGINE: AtomicPtr<Engine> = AtomicPtr::new(core::ptr::null_mut());
        static SWEEPING: AtomicBool = AtomicBool::new(false);

        unsafe extern "C" fn discard(start: *mut u8, bytes: usize) {
            // SAFETY: the test keeps the engine alive while this is not null.
            if let Some(engine) = unsafe { ENGINE.load(Ordering::Acquire).as_ref() } {
                let granule = engine.shadow.granule(8).unwrap();
                let seen = granule.main().load();
                SWEEPING.store(true, Ordering::Release);
                while granule.main().is_still(seen) {
                    std::thread::yield_now();
                }
            }
            // SAFETY: as the caller promises.
            unsafe { (Source::default().discard)(start, bytes) };
        }

        #[test]
        fn a_race_is_told_of_though_the_access_is_recorded_again() {
            let source = Source {
                discard,
                ..Source::default()
            };
            let mut engine = Engine::with(&source, Limits::default()).unwrap();
            let mut a = engine.first_thread(0).unwrap();
            let b = engine.fork(&mut a, 1).unwrap();
            // A page that has nothing but what everybody knows, and one that has more.
            let _ = access(&engine, &a, AccessKind::Write, 0x10_0000, 8);
            engine.reset(range(0x10_0000, 8));
            let _ = access(&engine, &a, AccessKind::Write, 8, 8);
            ENGINE.store(&raw mut engine, Ordering::Release);
            std::thread::scope(|scope| {
                let engine = &engine;
                let racing = scope.spawn(move || {
                    while !SWEEPING.load(Ordering::Acquire) {
                        std::thread::yield_now();
                    }
                    access(engine, &b, AccessKind::Write, 8, 8)
                });
                engine.sweep(|_| {});
                assert_eq!(racing.join().unwrap().len(), 1);
            });
            ENGINE.store(core::ptr::null_mut(), Ordering::Release);
        }
    }

    #[test]
    fn threads_that_race_while_memory_is_swept_miss_nothing() {
        const EACH: usize = 200;
        let engine = Engine::new();
        let mut main = engine.first_thread(0).unwrap();
        let threads = crew(&engine, &mut main, 4);
        std::thread::scope(|scope| {
            let workers: Vec<_> = threads
                .into_iter()
                .map(|t| {
                    let engine = &engine;
                    scope.spawn(move || {
                        for i in 0..EACH {
                            let _ = access(engine, &t, AccessKind::Write, 0x1000 + i * 64, 8);
                        }
                        t
                    })
                })
                .collect();
            for _ in 0..20 {
                engine.sweep(|_| {});
            }
            workers
                .into_iter()
                .for_each(|worker| drop(worker.join().unwrap()));
        });
        assert_eq!(engine.racy_bytes().len(), EACH);
    }
}
