//! Which threads have no record any more: nobody can race with them, whatever somebody does not know of them.
//!
//! A census notes of each index up to which time it was the index of threads that have ended by now
//! ([`Slot::unseen`]): they record nothing more. Then all records are looked at, and where one is of that time the
//! note is taken away. When that is over, threads of a noted time have no record left.
//!
//! Nothing follows from that while anybody may ask who made a record that was there a moment ago. Whoever asks says so
//! before looking at the record ([`Slot::set_asks`]). [`Slots::end_census`] finds the record gone, and then looks for
//! who asks. There is a barrier in between on either side, and so one of the two sees the other. Where somebody asks, the
//! notes stay until each of these has gone on ([`Slots::settle_census`]): who asks later asks about other records.
//!
//! One that has a record left keeps those that had the same index at any noted time. There are not many
//! (`MOST_FORMERS`).

use super::{ENDED, Lives, RUNNING, Slot, Slots};
use crate::clock::{Epoch, Tid, Time};
use crate::pool::Pool;
use crate::primitive::{Ordering, fence};

/// The thread has asked all that it wants to know of records.
const QUIET: u8 = 0;
/// It may ask.
const ASKS: u8 = 1;
/// It has been so since before a census was over.
const ASKS_SINCE: u8 = 2;

/// What is known of all censuses; under the lock of the lives.
#[derive(Default)]
pub(super) struct Censuses {
    /// How many have begun.
    begun: u64,
    /// Whether the last one is over, and nothing followed from it yet.
    is_over: bool,
}

/// One that has begun: its number.
#[derive(Clone, Copy)]
pub(crate) struct Census(u64);

impl Slots {
    /// Begins a census, instead of any other. It has to follow that [`Self::is_seen`] of all records.
    pub(crate) fn begin_census(&self) -> Census {
        let mut lives = self.lives.lock();
        for slot in self.used(&lives) {
            let unseen = match slot.state.load(Ordering::Relaxed) {
                ENDED => slot.own().time(),
                RUNNING if slot.former.load(Ordering::Relaxed) != 0 => slot.start().before(),
                _ => Time::ZERO,
            };
            slot.set_unseen(unseen);
        }
        lives.censuses.begun += 1;
        lives.censuses.is_over = false;
        Census(lives.censuses.begun)
    }

    /// A record of `epoch` is there, or was read from where something else is by now: any epoch will do.
    pub(crate) fn is_seen(&self, epoch: Epoch) {
        if let Some(slot) = self.find(epoch.tid())
            && epoch.time() <= slot.unseen()
        {
            slot.set_unseen(Time::ZERO);
        }
    }

    /// All records were looked at since the `census` began.
    pub(crate) fn end_census(&self, pool: &Pool, census: Census) {
        fence(Ordering::SeqCst);
        let mut lives = self.lives.lock();
        self.used(&lives).for_each(Slot::note_asks);
        // The notes of times are of the last one.
        lives.censuses.is_over |= lives.censuses.begun == census.0;
        drop(lives);
        self.settle_census(pool);
    }

    /// Whether something may follow from a census that is over: nobody asks since before.
    pub(crate) fn can_settle_census(&self) -> bool {
        self.can_settle(&self.lives.lock())
    }

    fn can_settle(&self, lives: &Lives) -> bool {
        lives.censuses.is_over && !self.used(lives).any(Slot::asks_still)
    }

    /// Notes for [`Self::reclaim`] what follows from a census that is over, if it may.
    pub(crate) fn settle_census(&self, pool: &Pool) {
        let mut lives = self.lives.lock();
        if !self.can_settle(&lives) {
            return;
        }
        for slot in self.used(&lives) {
            slot.forget_records(pool, slot.unseen());
            slot.set_unseen(Time::ZERO);
        }
        lives.censuses.is_over = false;
    }

    /// The slots of all indices that were ever given away.
    pub(super) fn used<'a>(&'a self, lives: &Lives) -> impl Iterator<Item = &'a Slot> + use<'a> {
        let tids = (0..lives.used as usize).filter_map(Tid::new);
        tids.map(|tid| self.slot(tid))
    }
}

impl Slot {
    fn unseen(&self) -> Time {
        Time::from_bits(self.unseen.load(Ordering::Relaxed))
    }

    /// Mostly there is nothing to change: a look leaves the line to its thread.
    fn set_unseen(&self, unseen: Time) {
        if self.unseen() != unseen {
            self.unseen.store(unseen.get(), Ordering::Relaxed);
        }
    }

    /// The thread is about to look at records of others, or has asked all that it wants to know of them.
    pub(crate) fn set_asks(&self, asks: bool) {
        let asks = if asks { ASKS } else { QUIET };
        self.asks.store(asks, Ordering::Release);
    }

    /// A census is over: if the thread may ask now, this is noted until it goes on.
    fn note_asks(&self) {
        let (old, new, order) = (ASKS, ASKS_SINCE, Ordering::Relaxed);
        if self.asks.load(Ordering::Relaxed) == ASKS {
            let _ = self.asks.compare_exchange(old, new, order, order);
        }
    }

    /// Whether the thread has not gone on since it was noted that it asks.
    fn asks_still(&self) -> bool {
        let asks = self.asks.load(Ordering::Acquire) == ASKS_SINCE;
        asks && self.state.load(Ordering::Relaxed) == RUNNING
    }

    /// There is no record of this index that was made `until` that time. The lock of the lives is held.
    fn forget_records(&self, pool: &Pool, until: Time) {
        if self.state.load(Ordering::Relaxed) == ENDED && self.recorded() <= until {
            self.set_recorded(Time::ZERO);
        }
        let mut index = self.former.load(Ordering::Relaxed);
        while index != 0 {
            let node = pool.node(index);
            if node.origin() <= until.get() {
                node.set_origin(Time::ZERO.get());
            }
            index = node.link();
        }
    }
}
