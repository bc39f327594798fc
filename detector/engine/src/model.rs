//! The protocol of a granule's history, to be tried by `loom` (`tests/loom/`): built with
//! `--cfg loom` only. [`table`] is that of a table's growth, [`pair`] that of two words that are exchanged by one.

pub mod pair;
pub mod table;

use crate::access::AccessKind;
use crate::chain;
use crate::clock::{Epoch, Tid, Time};
use crate::context::NodeId;
use crate::engine::AtOnce;
use crate::granule::{self, Granule, Seat};
use crate::history::{self, Conflict, Conflicts, Context};
use crate::pair::TwoPairs;
use crate::parts;
use crate::pool::Pool;
use crate::primitive::AtomicBool;
use crate::record::{ByteMask, Record};
use crate::region::Half;
use crate::renewal::{self, By};
use crate::source::Source;
use alloc::vec::Vec;

/// One granule, and the pool that its history spills to.
pub struct Model {
    halves: TwoPairs,
    has_side: AtomicBool,
    pool: Pool,
}

impl Default for Model {
    fn default() -> Self {
        let pool = Pool::new(&Source::global(), u32::MAX).expect("memory for a few nodes");
        Self {
            halves: TwoPairs::default(),
            has_side: AtomicBool::new(false),
            pool,
        }
    }
}

impl Model {
    fn granule(&self) -> Granule<'_> {
        Granule::alone(self.halves.pair(0), self.halves.pair(1), &self.has_side)
    }

    /// An access by thread `tid`, which no other thread's is ordered before, to the bytes that
    /// `mask` has bits for. Gives the threads that it raced with, one for each byte at most.
    ///
    /// `version` must be another one for each access.
    pub fn access(&self, tid: usize, version: u64, kind: AccessKind, mask: u8) -> Vec<usize> {
        self.access_after(tid, version, kind, mask, usize::MAX)
    }

    /// As [`Self::access`], but all that threads from `known` on did is ordered before it.
    pub fn access_after(
        &self,
        tid: usize,
        version: u64,
        kind: AccessKind,
        mask: u8,
        known: usize,
    ) -> Vec<usize> {
        let knows = |other: usize, _| other >= known;
        self.access_at(tid, Time::START.get(), version, kind, mask, knows)
    }

    /// As [`Self::access`], at this time of the thread, whose number its call stack has, too. `knows` says of another
    /// thread and its time whether that is ordered before.
    pub fn access_at(
        &self,
        tid: usize,
        time: u64,
        version: u64,
        kind: AccessKind,
        mask: u8,
        knows: impl Fn(usize, u64) -> bool,
    ) -> Vec<usize> {
        let epoch = Epoch::new(Tid::new(tid).expect("few threads"), Time::from_bits(time));
        let mask = ByteMask::from_bits(mask);
        let granule = self.granule();
        let new = Record {
            epoch,
            kind,
            mask,
            node: NodeId::from_number(time as u32),
        };
        let knows = |other: Epoch| {
            other.tid() == epoch.tid() || knows(other.tid().index(), other.time().get())
        };
        let seen = granule.main().load();
        if granule::is_covered_inline(seen, kind, mask, epoch)
            || granule.is_covered_by_side(kind, mask, epoch)
        {
            return Vec::new();
        }
        let seat = granule.seat(seen, kind, mask, &knows, |_| false);
        let is_seated = match seat.or_else(|| (seen.low == 0).then_some(Seat::Main(seen))) {
            Some(seat) => {
                if matches!(seat, Seat::Side(_)) {
                    granule.take_note(Half::Side);
                }
                if granule.take(seat, new.words(), &knows) {
                    return Vec::new();
                }
                true
            }
            None => false,
        };
        let next = core::cell::Cell::new(version << 8);
        let version = || chain::version(Some(epoch.tid()), next.replace(next.get() + 1));
        let context = Context {
            pool: &self.pool,
            knows,
            is_old: &|_| false,
            version: &version,
            shard: 0,
        };
        let by = By {
            context,
            start: Time::START,
            ends: false,
        };
        let at_once = || {
            let (context, new) = (&by.context, new.words());
            if granule::is_single(seen) {
                return parts::begin_chain(granule, context, seen, new);
            }
            match renewal::renew(granule, &by, new) {
                AtOnce::No => parts::end_chain(granule, context, new),
                attempt => attempt,
            }
        };
        let is_done = !is_seated
            && match at_once() {
                AtOnce::Done => true,
                AtOnce::Begun | AtOnce::BothBegun => false,
                AtOnce::No => history::is_covered(granule, &self.pool, kind, mask, epoch),
            };
        if is_done {
            return Vec::new();
        }
        let mut conflicts = Conflicts::new(mask);
        if granule::may_stand_beside(kind) {
            granule.take_note(Half::Side);
        }
        history::record(granule, &by.context, new, &mut conflicts).expect("memory");
        let threads = conflicts.iter().map(|Conflict { previous, .. }| {
            let stack = u64::from(previous.node.number());
            assert!(stack >= previous.epoch.time().get(), "an earlier access's");
            previous.epoch.tid().index()
        });
        threads.collect()
    }

    /// Forgets the accesses to the bytes that `mask` has bits for.
    pub fn reset(&self, version: u64, mask: u8) {
        let next = core::cell::Cell::new(version << 8);
        let version = || chain::version(None, next.replace(next.get() + 1));
        history::reset(
            self.granule(),
            true,
            &self.pool,
            0,
            &version,
            ByteMask::from_bits(mask),
        );
    }

    /// Forgets the accesses of which `is_known`, of a thread and its time, says that every thread comes after.
    pub fn sweep(&self, version: u64, is_known: impl Fn(usize, u64) -> bool) {
        let next = core::cell::Cell::new(version << 8);
        let version = || chain::version(None, next.replace(next.get() + 1));
        let is_known = |epoch: Epoch| is_known(epoch.tid().index(), epoch.time().get());
        history::sweep(
            self.granule(),
            true,
            &self.pool,
            0,
            &version,
            is_known,
            |_| {},
        );
    }

    /// Sweeps while nothing is known to all, and calls `kept` with the thread of each record that is there.
    pub fn census(&self, version: u64, kept: impl Fn(usize)) {
        let version = || chain::version(None, version << 8);
        let kept = |epoch: Epoch| kept(epoch.tid().index());
        let (granule, pool) = (self.granule(), &self.pool);
        history::sweep(granule, true, pool, 0, &version, |_| false, kept);
    }

    /// The number of nodes in use, once all threads are done.
    #[must_use]
    pub fn nodes(&self) -> u64 {
        self.pool.in_use()
    }
}
