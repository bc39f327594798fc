//! What belongs to one thread index: the clock of the thread that has it, which only that one changes.
//!
//! Others may copy it: housekeeping, to find what all threads know, and the schedulable-happens-before order, to take over
//! what a racing writer knew. They do so under a sequence lock, and take references to nodes only with
//! `Pool::try_retain`, so that what was freed meanwhile is noticed.

use crate::array::Zeroable;
use crate::clock::{CLOCK_WORDS, Clock, Epoch, Time};
use crate::pool::{Index, Kind, Pool};
use crate::primitive::{AtomicU8, AtomicU32, AtomicU64, Ordering, fence};
use crate::source::Source;
use crate::trie;
use core::mem::ManuallyDrop;

/// What an index is: without a thread, with one that runs, with one that has ended.
pub(super) const FREE: u8 = 0;
pub(super) const RUNNING: u8 = 1;
pub(super) const ENDED: u8 = 2;

/// Something was learned since the last release, or since the thread last asked whether it had.
const SINCE_RELEASE: u8 = 1;
const SINCE_ASKED: u8 = 2;

/// The thread goes on under another index.
pub(super) const GOES_ON: u8 = 1;
/// The thread had another index before.
pub(super) const WENT_ON: u8 = 2;
/// One that had the index before.
pub(super) const FORMER: u8 = 4;
/// No more than so many are remembered: one that has a record left keeps all the others.
const MOST_FORMERS: u8 = 63 * FORMER;

/// What belongs to one thread index: on cache lines of its own, for its thread changes it with every release.
#[repr(C, align(64))]
#[derive(Default)]
pub(crate) struct Slot {
    /// Odd while the clock changes.
    sequence: AtomicU32,
    pub(super) state: AtomicU8,
    /// [`SINCE_RELEASE`] and [`SINCE_ASKED`], as far as something was learned since then.
    learned: AtomicU8,
    /// Whether the thread may ask who made a record that it has seen, or what that one knew; see [`super::census`].
    pub(super) asks: AtomicU8,
    /// [`GOES_ON`], [`WENT_ON`], and how many had the index before, each of them a [`FORMER`]; under the lock of the lives.
    line: AtomicU8,
    clock: [AtomicU64; CLOCK_WORDS],
    /// A clock node: what relaxed loads have read and no acquire fence has taken yet.
    pub(crate) unfenced: AtomicU32,
    /// A clock node: the clock at the last release fence, which relaxed stores release.
    pub(crate) fenced: AtomicU32,
    /// The next slot in the list that this one is in, plus one.
    pub(super) next: AtomicU32,
    /// Who had the index before: a chain of nodes, the latest first, each with the thread's name,
    /// the clock that it ended with, and, as its origin, the time at which it or one before it last recorded
    /// anything that is still there.
    pub(super) former: AtomicU32,
    /// The thread's first time.
    pub(super) start: AtomicU64,
    /// The number of the fork that the thread came of, from 1.
    pub(super) fork: AtomicU64,
    /// What the front end calls the thread.
    label: AtomicU64,
    /// How often the thread has put a granule's history elsewhere; see `history`.
    versions: AtomicU64,
    /// The time up to which a census has seen no record of this index, whose threads of that time have ended; see [`super::census`].
    pub(super) unseen: AtomicU64,
    /// The time at which anything was last recorded under this index that may still be there.
    recorded: AtomicU64,
}

// SAFETY: zero bytes are numbers and `false`.
unsafe impl Zeroable for Slot {}

/// A million goroutines have a million of them.
#[cfg(not(loom))]
const _: () = assert!(size_of::<Slot>() == 128);

impl Slot {
    /// This thread's clock, to look at; for its thread only.
    #[inline]
    pub(crate) fn peek(&self) -> ManuallyDrop<Clock> {
        let words = core::array::from_fn(|i| self.clock[i].load(Ordering::Relaxed));
        ManuallyDrop::new(Clock::from_words(words))
    }

    /// The thread's own epoch; for anybody.
    #[inline]
    pub(super) fn own(&self) -> Epoch {
        Epoch::from_bits(self.clock[1].load(Ordering::Relaxed))
    }

    /// Whether this thread knows `epoch`; for its thread only.
    #[inline(always)]
    pub(crate) fn knows(&self, pool: &Pool, epoch: Epoch) -> bool {
        self.knows_inline(epoch) || self.knows_otherwise(pool, epoch)
    }

    /// The same, as far as it stands inline.
    #[inline(always)]
    pub(crate) fn knows_inline(&self, epoch: Epoch) -> bool {
        let (first, rest) = self.clock[2..].split_at(2);
        first.iter().any(|known| reaches(known, epoch)) || any_reaches(rest, epoch)
    }

    /// The same, for what does not stand inline.
    #[inline(never)]
    fn knows_otherwise(&self, pool: &Pool, epoch: Epoch) -> bool {
        reaches(&self.clock[1], epoch) || {
            let root = self.clock[0].load(Ordering::Relaxed) as Index;
            trie::get(pool, root, epoch.tid().key()) >= epoch.time().get()
        }
    }

    /// Whether this thread knows all that was released at `epoch`; for its thread only.
    #[inline]
    pub(crate) fn knows_all_of(&self, pool: &Pool, epoch: Epoch) -> bool {
        self.peek().knows_all_of(pool, epoch)
    }

    /// Changes this thread's clock; for its thread only.
    pub(crate) fn change<R>(&self, f: impl FnOnce(&mut Clock) -> R) -> R {
        let sequence = self.sequence.load(Ordering::Relaxed);
        self.sequence
            .store(sequence.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        let mut clock = self.peek();
        let result = f(&mut clock);
        for (place, word) in self.clock.iter().zip(clock.words()) {
            place.store(word, Ordering::Relaxed);
        }
        self.sequence
            .store(sequence.wrapping_add(2), Ordering::Release);
        result
    }

    /// A copy of the clock as it was at one moment, by anyone; `None` where it changed meanwhile.
    fn try_copy(&self, pool: &Pool, shard: usize) -> Option<Clock> {
        let before = self.sequence.load(Ordering::Acquire);
        let clock = self.peek();
        let mut retained = [0; 2];
        let mut whole = before.is_multiple_of(2);
        for (retained, root) in retained.iter_mut().zip(clock.roots()) {
            if whole && root != 0 {
                whole = pool.try_retain(root);
                *retained = if whole { root } else { 0 };
            }
        }
        fence(Ordering::Acquire);
        if whole && self.sequence.load(Ordering::Relaxed) == before {
            return Some(ManuallyDrop::into_inner(clock));
        }
        retained
            .into_iter()
            .for_each(|root| pool.release(root, shard));
        None
    }

    /// A copy of the clock as it is at some moment from now on, by anyone.
    pub(crate) fn copy(&self, pool: &Pool, source: &Source, shard: usize) -> Clock {
        let mut tries = 0u32;
        loop {
            if let Some(clock) = self.try_copy(pool, shard) {
                return clock;
            }
            tries += 1;
            if tries.is_multiple_of(64) {
                (source.relax)();
            } else {
                core::hint::spin_loop();
            }
        }
    }

    /// Whether a thread that is at `own` has learned and recorded nothing since its last release: the next may
    /// repeat it.
    #[inline]
    pub(crate) fn is_clean(&self, own: Epoch) -> bool {
        self.learned.load(Ordering::Relaxed) & SINCE_RELEASE == 0 && self.recorded() < own.time()
    }

    /// The thread has learned something, or has released what it learned; for its thread only.
    #[inline]
    pub(crate) fn set_learned(&self, learned: bool) {
        let before = self.learned.load(Ordering::Relaxed);
        let now = if learned {
            SINCE_RELEASE | SINCE_ASKED
        } else {
            before & !SINCE_RELEASE
        };
        self.learned.store(now, Ordering::Relaxed);
    }

    /// Whether the thread has learned something since this was last called; for its thread only.
    #[inline]
    pub(crate) fn take_learned(&self) -> bool {
        let before = self.learned.load(Ordering::Relaxed);
        if before & SINCE_ASKED != 0 {
            self.learned.store(before & !SINCE_ASKED, Ordering::Relaxed);
        }
        before & SINCE_ASKED != 0
    }

    /// The time at which anything was last recorded under this index.
    pub(crate) fn recorded(&self) -> Time {
        Time::from_bits(self.recorded.load(Ordering::Relaxed))
    }

    #[inline(always)]
    pub(crate) fn set_recorded(&self, time: Time) {
        self.recorded.store(time.get(), Ordering::Relaxed);
    }

    pub(crate) fn label(&self) -> u64 {
        self.label.load(Ordering::Relaxed)
    }

    pub(crate) fn set_label(&self, label: u64) {
        self.label.store(label, Ordering::Relaxed);
    }

    /// The number of the fork that the thread came of.
    pub(crate) fn fork(&self) -> u64 {
        self.fork.load(Ordering::Relaxed)
    }

    /// The first time of the thread that has the index now.
    pub(crate) fn start(&self) -> Time {
        Time::from_bits(self.start.load(Ordering::Relaxed))
    }

    /// Changes [`Self::line`]. The lock of the lives is held.
    pub(super) fn change_line(&self, f: impl FnOnce(u8) -> u8) {
        let line = self.line.load(Ordering::Relaxed);
        self.line.store(f(line), Ordering::Relaxed);
    }

    pub(super) fn has_in_line(&self, flag: u8) -> bool {
        self.line.load(Ordering::Relaxed) & flag != 0
    }

    /// Whether another thread may take the index over, and this one be remembered as one that had it before.
    pub(super) fn may_be_taken_over(&self) -> bool {
        !self.has_in_line(GOES_ON | WENT_ON) && self.line.load(Ordering::Relaxed) < MOST_FORMERS
    }

    /// A number that this index never gave before.
    pub(crate) fn next_version(&self) -> u64 {
        let version = self.versions.load(Ordering::Relaxed) + 1;
        self.versions.store(version, Ordering::Relaxed);
        version
    }

    /// Takes the clock that `place`, a field of this slot, has a node for.
    pub(crate) fn take_clock(&self, pool: &Pool, place: &AtomicU32) -> Clock {
        match place.swap(0, Ordering::Relaxed) {
            0 => Clock::EMPTY,
            index => {
                let clock = Clock::in_node(pool.node(index));
                // The references are the caller's now.
                Clock::EMPTY.into_node(pool.node(index));
                pool.release(index, index as usize);
                clock
            }
        }
    }

    /// Keeps `clock` in a node that `place`, a field of this slot, leads to.
    pub(crate) fn keep_clock(
        &self,
        pool: &Pool,
        place: &AtomicU32,
        mut clock: Clock,
        shard: usize,
    ) {
        self.take_clock(pool, place).clear(pool, shard);
        if clock.is_empty() {
            return clock.clear(pool, shard);
        }
        match pool.take(Kind::Clock, 0, shard) {
            Some((index, node)) => {
                clock.into_node(node);
                place.store(index, Ordering::Relaxed);
            }
            None => clock.clear(pool, shard),
        }
    }

    /// The last epoch at which the slot's thread, which has ended, did anything.
    pub(super) fn last(&self) -> Epoch {
        let own = self.own();
        if self.is_clean(own) {
            Epoch::new(own.tid(), own.time().before())
        } else {
            own
        }
    }
}

/// Whether the component of a clock that `known` is reaches `epoch`.
#[inline(always)]
fn reaches(known: &AtomicU64, epoch: Epoch) -> bool {
    Epoch::from_bits(known.load(Ordering::Relaxed)).reaches(epoch)
}

/// Whether one of these does: mostly the first ones have told.
#[inline(never)]
fn any_reaches(known: &[AtomicU64], epoch: Epoch) -> bool {
    known.iter().any(|known| reaches(known, epoch))
}
