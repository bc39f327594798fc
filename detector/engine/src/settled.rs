//! What every running thread knows, as the access path can look at it.
//!
//! A record that everybody knows says nothing any more: no access to come is unordered with it.
//! [`crate::engine::Engine::sweep`] drops such records where it comes past. An access that finds no
//! room for its own record would rather have theirs at once: so the times that all know of the first
//! few threads stand in a table, brought up to date as often as records had no room. Times only
//! grow: whoever reads an old one keeps a record that need not be.
//!
//! A thread that nobody forks knows nothing at first. So the table stays empty until it is promised that none will come.

use crate::clock::{Epoch, Tid};
use crate::pool::Pool;
use crate::primitive::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use crate::slots::Slots;
use crate::trie;

/// Threads that are in the table.
const FEW: usize = 64;
/// Records without room between two looks, for each thread that runs.
const PERIOD: u32 = 64;
/// How often that is doubled, at most.
const PATIENCE: u32 = 4;
/// It is doubled while looks find no news, and after this many looks, twice as many, and so on: what is to be had early, sides that
/// are not needed, is had soon; and later on, looks take but a small part of the time.
const EARLY: u32 = 16;

pub(crate) struct Settled {
    times: [AtomicU64; FEW],
    /// All threads to come are forked by those that run.
    is_closed: AtomicBool,
    /// The looks since there was news, up to [`PATIENCE`].
    vain: AtomicU32,
    /// All looks.
    looks: AtomicU32,
}

impl Settled {
    pub(crate) fn new() -> Self {
        Self {
            times: core::array::from_fn(|_| AtomicU64::new(0)),
            is_closed: AtomicBool::new(false),
            vain: AtomicU32::new(0),
            looks: AtomicU32::new(0),
        }
    }

    /// Promises that all threads to come are forked by those that run.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }

    /// Whether that was promised.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    /// Whether every running thread knows `epoch`, and so will every one to come.
    #[inline]
    pub(crate) fn has(&self, epoch: Epoch) -> bool {
        let time = self.times.get(epoch.tid().index());
        time.is_some_and(|time| time.load(Ordering::Acquire) >= epoch.time().get())
    }

    /// A thread had no room for a record, for the time of this number. Whether that is a time at which
    /// there may be news.
    #[inline]
    pub(crate) fn note(&self, number: u32, pool: &Pool, slots: &Slots) -> bool {
        let is_time = number.is_multiple_of(PERIOD) && self.is_closed();
        if is_time {
            self.look(number / PERIOD, pool, slots);
        }
        is_time
    }

    /// A look takes time in proportion to the threads that run, and takes what each of them is at from its processor: with many,
    /// only some are made, and few where one of them never learns what others do, or much has been looked at already.
    #[cold]
    fn look(&self, number: u32, pool: &Pool, slots: &Slots) {
        let running = slots.indices().running.max(1) as u32;
        let vain = self.vain.load(Ordering::Relaxed);
        let looks = self.looks.load(Ordering::Relaxed);
        let late = (looks / EARLY + 1).ilog2().min(PATIENCE);
        if !number.is_multiple_of(running << vain.max(late)) {
            return;
        }
        self.looks.store(looks.saturating_add(1), Ordering::Relaxed);
        let Some(known) = slots.known_to_all(pool) else {
            return;
        };
        let mut is_news = false;
        for (number, time) in self.times.iter().enumerate() {
            let Some(tid) = Tid::new(number) else { break };
            let now = trie::get(pool, known, tid.key());
            is_news |= time.fetch_max(now, Ordering::Release) < now;
        }
        pool.release(known, 0);
        let vain = if is_news { 0 } else { PATIENCE.min(vain + 1) };
        self.vain.store(vain, Ordering::Relaxed);
    }
}
