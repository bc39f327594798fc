//! The protocol of a granule's history, to be tried by `loom` (`tests/loom.rs`): built with
//! `--cfg loom` only.

use crate::access::AccessKind;
use crate::clock::{Epoch, Tid, Time};
use crate::context::NodeId;
use crate::history::{self, ByteMask, Context, Record};
use crate::pool::Pool;
use crate::primitive::Pair;
use crate::source::Source;
use alloc::vec::Vec;

/// One granule, and the pool that its history spills to.
pub struct Model {
    granule: Pair,
    pool: Pool,
}

impl Default for Model {
    fn default() -> Self {
        let pool = Pool::new(&Source::global(), u32::MAX).expect("memory for a few nodes");
        Self {
            granule: Pair::default(),
            pool,
        }
    }
}

impl Model {
    /// An access by thread `tid`, which no other thread's is ordered before, to the bytes that
    /// `mask` has bits for. Gives the threads that it raced with, one for each byte at most.
    ///
    /// `version` must be another one for each access.
    pub fn access(&self, tid: usize, version: u64, kind: AccessKind, mask: u8) -> Vec<usize> {
        let epoch = Epoch::new(Tid::new(tid).expect("few threads"), Time::START);
        let mask = ByteMask::from_bits(mask);
        if history::is_covered_inline(self.granule.load(), kind, mask, epoch)
            || history::is_covered(&self.granule, &self.pool, kind, mask, epoch)
        {
            return Vec::new();
        }
        let next = core::cell::Cell::new(version << 8);
        let version = || history::version(Some(epoch.tid()), next.replace(next.get() + 1));
        let context = Context {
            pool: &self.pool,
            knows: |other: Epoch| other.tid() == epoch.tid(),
            version: &version,
            shard: 0,
        };
        let new = Record {
            epoch,
            kind,
            mask,
            node: NodeId::ROOT,
        };
        let conflicts = history::record(&self.granule, &context, new).expect("memory");
        let threads = conflicts
            .iter()
            .map(|conflict| conflict.previous.epoch.tid().index());
        threads.collect()
    }

    /// Forgets the accesses to the bytes that `mask` has bits for.
    pub fn reset(&self, version: u64, mask: u8) {
        let next = core::cell::Cell::new(version << 8);
        let version = || history::version(None, next.replace(next.get() + 1));
        history::reset(
            &self.granule,
            &self.pool,
            0,
            &version,
            ByteMask::from_bits(mask),
        );
    }

    /// The number of nodes in use, once all threads are done.
    #[must_use]
    pub fn nodes(&self) -> u64 {
        self.pool.in_use()
    }
}
