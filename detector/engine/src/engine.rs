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
//! shadow memory. A sweep sees all records, too; so the threads that have ended, and have none left in
//! the end, are freed next time, even where somebody does not know all that they did. Whoever drives the engine calls
//! these now and then; they may run at any time.

mod once;
mod path;
mod two;

pub use once::{AtOnce, Word};
pub use two::TwoWords;

use crate::access::{AccessKind, ByteRange};
use crate::chain;
use crate::clock::{Epoch, Time};
use crate::context::NodeId;
use crate::granule::Granule;
use crate::history;
use crate::known::KnownToAll;
use crate::pool::INDEX_MASK;
use crate::primitive::{AtomicU64, Ordering, fetch_to_write};
use crate::racy::RacyBytes;
use crate::settled::Settled;
use crate::shadow::{Position, Shadow};
use crate::slots::{Census, Indices};
use crate::source::Source;
use crate::sync::{
    Acquired, AtomicEffect, AtomicWord, Loaded, Shared, SyncId, SyncTable, SyncVar, ThreadClock,
};
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
    known: Option<KnownToAll>,
    position: Position,
    /// The census that goes on with it, while it has seen all that it should.
    census: Option<Census>,
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

impl Drop for Engine {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
    }
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

    /// A thread that nothing precedes, which the front end calls `label`. `None` where there are too many
    /// ([`crate::clock::Tid::LIMIT`]), there is no memory, or it was promised that none comes
    /// ([`Self::no_more_first_threads`]).
    #[must_use]
    pub fn first_thread(&self, label: u64) -> Option<ThreadClock> {
        if self.settled.is_closed() {
            return None;
        }
        let first = ThreadClock::first(&self.shared, label)?;
        // Asked again: who looks for what all know, from now on, looks at this one, too.
        (!self.settled.is_closed()).then_some(first)
    }

    /// Promises that all threads to come are forked by those that run. What every one of these knows can then be
    /// forgotten where it is in the way of an access. [`Self::reclaim`], [`Self::sweep`] and [`Self::known_to_all`] promise
    /// it, too.
    pub fn no_more_first_threads(&self) {
        self.settled.close();
    }

    /// Event *fork*: a thread that `parent` starts, which the front end calls `label`; `None`
    /// where there are too many or there is no memory.
    #[must_use]
    pub fn fork(&self, parent: &mut ThreadClock, label: u64) -> Option<ThreadClock> {
        parent.fork(label)
    }

    /// What the front end calls the thread that was at `epoch`: that of a [`Race`], by whoever was told of it, before it
    /// acts again or says that it has asked ([`ThreadClock::has_asked`]).
    #[must_use]
    pub fn label(&self, epoch: Epoch) -> u64 {
        self.shared.slots.label(&self.shared.pool, epoch)
    }

    /// The last time that the thread which was at `epoch` has released; `None` where it is forgotten, for no access to come
    /// can race with what it recorded. Where that one is, but not who had its index next, it may be a later one's. For
    /// reports, as [`Self::label`]: it takes a lock.
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

    /// Events *atomic load*, *store*, *read-modify-write* on `bytes`, the `word`.
    ///
    /// Performs `operation`, and its edges as one step with it, so that edges follow the word's
    /// modification order. Calls `found` with each race. It turns out to be a release
    /// only where `word` says that it may.
    ///
    /// # Panics
    ///
    /// Where the thread is another engine's.
    pub fn atomic<R>(
        &self,
        thread: &mut ThreadClock,
        word: AtomicWord,
        bytes: ByteRange,
        operation: impl FnOnce() -> (R, AtomicEffect),
        node: impl FnOnce() -> NodeId,
        found: impl FnMut(&Race),
    ) -> (R, AtomicEffect) {
        self.expect(bytes.start());
        let access = |thread: &ThreadClock, effect: AtomicEffect| {
            self.access_soon(thread, effect.access(), bytes, node, found);
        };
        self.sync.atomic(thread, word, operation, access)
    }

    /// An atomic operation is about to use its word and the history of it, once it has locked the word's clock. Where others use
    /// them, too, they come from other cores' caches: all at the same time.
    #[inline]
    fn expect(&self, address: usize) {
        fetch_to_write(core::ptr::without_provenance::<u8>(address));
        if let Some(granule) = self.shadow.granule(address) {
            fetch_to_write(granule.main().place());
        }
    }

    /// The edges of the event *atomic load* on a word whose clock is `id`: `load` performs it, and may be called
    /// several times. Takes no lock where `acquired`, which is the thread's own, has what could be read. The access itself,
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
    ) -> Loaded<R> {
        self.sync.load(thread, acquired, id, ordering, load)
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
        self.known_and_reclaimed(forgotten);
    }

    /// Whether there may be ended threads that a sweep has found no record of, and that [`Self::reclaim`] can free only now:
    /// while a thread may ask about a race that it was told of before, none is.
    #[must_use]
    pub fn has_become_free(&self) -> bool {
        self.shared.slots.can_settle_census()
    }

    /// What every running thread knows; `None` where there is no memory for it. Takes time in proportion to their number.
    /// Promises what [`Self::no_more_first_threads`] does.
    #[must_use]
    pub fn known_to_all(&self) -> Option<KnownToAll> {
        self.no_more_first_threads();
        KnownToAll::now(&self.shared)
    }

    fn known_and_reclaimed(&self, forgotten: impl FnMut(u64)) -> Option<KnownToAll> {
        let known = self.known_to_all()?;
        let Shared { pool, slots, .. } = &*self.shared;
        slots.settle_census(pool);
        slots.reclaim(pool, &known, forgotten);
        Some(known)
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
        let known = self.known_and_reclaimed(forgotten)?;
        let census = self.shared.slots.begin_census();
        Some(Sweep {
            known: Some(known),
            census: self.shadow.is_listed().then_some(census),
            position: Position::default(),
        })
    }

    /// Looks at `pages` pages of shadow memory, or a few more, or, where there are none left, at the
    /// clocks of sync objects. `false` where the sweep is over. It must be one of this engine's.
    ///
    /// What every running thread knew when it began, every later one knows too.
    pub fn sweep_some(&self, sweep: &mut Sweep, pages: usize) -> bool {
        let Some(known) = &sweep.known else {
            return false;
        };
        let Shared { pool, slots, .. } = &*self.shared;
        let version = || self.next_version();
        let is_known = |epoch| known.has(epoch);
        let kept = |epoch| slots.is_seen(epoch);
        let census = &mut sweep.census;
        let clean = |granule: Granule<'_>, beside| {
            let swept = history::sweep(granule, beside, pool, 0, &version, is_known, kept);
            // Without memory, not all may have been looked at.
            *census = census.filter(|_| swept.is_some());
            swept == Some(true)
        };
        let more = self.shadow.sweep(&mut sweep.position, pages, clean);
        if !more {
            self.sync.sweep(known);
            sweep.known = None;
            if let Some(census) = sweep.census.take() {
                slots.end_census(pool, census);
            }
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

    /// How many thread indices are in which state: cheap, too.
    #[must_use]
    pub fn indices(&self) -> Indices {
        self.shared.slots.indices()
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

#[cfg(all(test, not(loom)))]
mod tests;
