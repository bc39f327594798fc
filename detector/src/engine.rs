//! The happens-before engine: events in, conflicts out.
//!
//! The vocabulary is short: `fork`, `acquire`, `release`, `release_merge`, `release_acquire`,
//! `access` (plain or atomic, by byte range), `atomic`, `fence`, and `reset` for memory that
//! was allocated or freed. `end` and `join` are a release and an acquire of a [`SyncVar`] that
//! belongs to the thread that ends.
//!
//! It reports every access that conflicts with an earlier one that no happens-before path
//! orders before it, and nothing else. It knows nothing of how a report looks.

use crate::access::{AccessKind, ByteRange};
use crate::clock::{Epoch, Tid};
use crate::context::NodeId;
use crate::ranges::RangeSet;
use crate::shadow::Shadow;
use crate::sync::{AtomicEffect, EngineId, SyncId, SyncTable, SyncVar, ThreadClock};
use parking_lot::Mutex;
use smallvec::SmallVec;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Two conflicting accesses that happens-before leaves unordered.
#[derive(Clone, Debug)]
pub struct Race {
    /// The bytes that both touched, as far as they adjoin.
    pub bytes: ByteRange,
    /// The kind of the earlier access.
    pub previous_kind: AccessKind,
    /// The thread and time of the earlier access.
    pub previous_epoch: Epoch,
    /// The call stack of the earlier access.
    pub previous_node: NodeId,
    /// Whether these bytes had a race before, so that this one may follow from it.
    pub dependent: bool,
}

impl Race {
    fn same_access(&self, other: &Self) -> bool {
        self.previous_epoch == other.previous_epoch
            && self.previous_node == other.previous_node
            && self.previous_kind == other.previous_kind
            && self.dependent == other.dependent
    }
}

/// The races that one access found, one for each earlier access and run of bytes.
pub type Races = SmallVec<[Race; 1]>;

/// A happens-before engine over one address space.
pub struct Engine {
    id: EngineId,
    threads: AtomicUsize,
    shadow: Shadow,
    sync: SyncTable,
    racy: Mutex<RangeSet>,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine {
    /// An engine that has seen no event.
    #[must_use]
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            id: EngineId(NEXT.fetch_add(1, Ordering::Relaxed)),
            threads: AtomicUsize::new(0),
            shadow: Shadow::new(),
            sync: SyncTable::default(),
            racy: Mutex::new(RangeSet::default()),
        }
    }

    /// What tells this engine from all others in the process.
    #[must_use]
    pub fn id(&self) -> EngineId {
        self.id
    }

    /// A thread that nothing precedes; `None` where there are too many ([`Tid::LIMIT`]).
    #[must_use]
    pub fn first_thread(&self) -> Option<ThreadClock> {
        Some(ThreadClock::first(self.id, self.next_tid()?))
    }

    /// Event *fork*: a thread that `parent` starts; `None` where there are too many.
    #[must_use]
    pub fn fork(&self, parent: &mut ThreadClock) -> Option<ThreadClock> {
        Some(parent.fork(self.next_tid()?))
    }

    fn next_tid(&self) -> Option<Tid> {
        Tid::new(self.threads.fetch_add(1, Ordering::Relaxed))
    }

    /// Events *acquire*, *release*, … on a sync object that is known by name: `f` says which.
    pub fn sync<R>(&self, id: SyncId, f: impl FnOnce(&mut SyncVar) -> R) -> R {
        self.sync.with(id, f)
    }

    /// Forgets a sync object whose owner is gone.
    pub fn forget_sync(&self, id: SyncId) {
        self.sync.forget(id);
    }

    /// Events *atomic load*, *store*, *read-modify-write* on `bytes`, whose clock is `id`.
    ///
    /// Performs `operation`, and its edges as one step with it, so that edges follow the word's
    /// modification order.
    pub fn atomic<R>(
        &self,
        thread: &mut ThreadClock,
        id: SyncId,
        bytes: ByteRange,
        operation: impl FnOnce() -> (R, AtomicEffect),
        node: impl FnOnce() -> NodeId,
    ) -> (R, AtomicEffect, Races) {
        self.sync.with(id, |var| {
            let (result, effect) = operation();
            thread.atomic_acquire(var, effect);
            let races = self.access(thread, effect.access(), bytes, node);
            thread.atomic_release(var, effect);
            (result, effect, races)
        })
    }

    /// Events *read* and *write*: an access by `thread`, whose call stack `node` gives.
    ///
    /// `node` is called only where the access is not covered by an earlier one of the same
    /// thread and epoch.
    #[must_use]
    pub fn access(
        &self,
        thread: &ThreadClock,
        kind: AccessKind,
        bytes: ByteRange,
        node: impl FnOnce() -> NodeId,
    ) -> Races {
        let epoch = thread.epoch();
        if self
            .shadow
            .all(bytes, |granule, mask| granule.is_covered(kind, mask, epoch))
        {
            return Races::new();
        }
        let node = node();
        let mut races = Races::new();
        self.shadow.for_each(bytes, |granule, address, mask| {
            granule.access(kind, mask, epoch, thread.clock(), node, |conflict| {
                for (from, to) in conflict.bytes.runs() {
                    races.push(Race {
                        bytes: ByteRange::new(address + from, to - from).expect("runs have bytes"),
                        previous_kind: conflict.previous.kind,
                        previous_epoch: conflict.previous.epoch,
                        previous_node: conflict.previous.node,
                        dependent: false,
                    });
                }
            });
        });
        if !races.is_empty() {
            self.note_racy(&mut races);
            merge_adjoining(&mut races);
        }
        races
    }

    /// Splits races into bytes that had one before and bytes that had none, and notes all.
    fn note_racy(&self, races: &mut Races) {
        let mut racy = self.racy.lock();
        let found = std::mem::take(races);
        for race in &found {
            for (bytes, dependent) in racy.split(race.bytes) {
                races.push(Race {
                    bytes,
                    dependent,
                    ..race.clone()
                });
            }
        }
        for race in &found {
            racy.insert(race.bytes);
        }
    }

    /// Events *alloc* and *free*: what comes to lie in `bytes` has no history. The clocks of
    /// atomics are known by name, not by address: see [`Self::forget_sync`].
    pub fn reset(&self, bytes: ByteRange) {
        self.shadow.reset(bytes);
        self.racy.lock().remove(bytes);
    }

    /// The bytes on which a race was found, and that were not reset since: maximal ranges in
    /// order of address.
    #[must_use]
    pub fn racy_bytes(&self) -> Vec<ByteRange> {
        self.racy.lock().iter().collect()
    }
}

/// Joins races with one earlier access whose bytes adjoin.
fn merge_adjoining(races: &mut Races) {
    races.sort_by_key(|race| race.bytes.start());
    let mut merged = Races::new();
    for race in races.drain(..) {
        let adjoining = merged
            .iter_mut()
            .find(|m: &&mut Race| m.same_access(&race) && m.bytes.end() == race.bytes.start());
        match adjoining {
            Some(m) => {
                m.bytes = ByteRange::new(m.bytes.start(), m.bytes.len() + race.bytes.len())
                    .expect("two ranges have bytes");
            }
            None => merged.push(race),
        }
    }
    *races = merged;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: usize, len: usize) -> ByteRange {
        ByteRange::new(start, len).unwrap()
    }

    fn access(
        engine: &Engine,
        t: &ThreadClock,
        kind: AccessKind,
        start: usize,
        len: usize,
    ) -> Races {
        engine.access(t, kind, range(start, len), || NodeId::ROOT)
    }

    #[test]
    fn a_wide_access_reports_one_race_for_each_earlier_access() {
        let engine = Engine::new();
        let mut a = engine.first_thread().unwrap();
        let b = engine.fork(&mut a).unwrap();
        assert!(access(&engine, &a, AccessKind::Write, 100, 20).is_empty());
        let races = access(&engine, &b, AccessKind::Read, 90, 100);
        assert_eq!(races.len(), 1);
        assert_eq!(races[0].bytes, range(100, 20));
        assert_eq!(engine.racy_bytes(), [range(100, 20)]);
    }

    #[test]
    fn later_races_on_a_racy_byte_are_marked_dependent() {
        let engine = Engine::new();
        let mut a = engine.first_thread().unwrap();
        let b = engine.fork(&mut a).unwrap();
        let c = engine.fork(&mut a).unwrap();
        let _ = access(&engine, &a, AccessKind::Write, 8, 8);
        assert!(!access(&engine, &b, AccessKind::Write, 8, 8)[0].dependent);
        assert!(access(&engine, &c, AccessKind::Write, 8, 8)[0].dependent);
        engine.reset(range(8, 8));
        assert!(access(&engine, &b, AccessKind::Write, 8, 8).is_empty());
        assert!(!access(&engine, &c, AccessKind::Write, 8, 8)[0].dependent);
    }

    #[test]
    fn the_same_epoch_check_asks_for_no_stack() {
        let engine = Engine::new();
        let a = engine.first_thread().unwrap();
        let _ = access(&engine, &a, AccessKind::Write, 8, 8);
        let races = engine.access(&a, AccessKind::Read, range(10, 2), || {
            panic!("asked for a stack")
        });
        assert!(races.is_empty());
    }

    #[test]
    fn clocks_of_another_engine_order_nothing() {
        let (one, two) = (Engine::new(), Engine::new());
        let mut left_in_one = SyncVar::new();
        one.first_thread().unwrap().release(&mut left_in_one);
        let mut a = two.first_thread().unwrap();
        let mut b = two.fork(&mut a).unwrap();
        let _ = access(&two, &a, AccessKind::Write, 8, 8);
        b.acquire(&left_in_one);
        assert_eq!(access(&two, &b, AccessKind::Write, 8, 8).len(), 1);
    }
}
