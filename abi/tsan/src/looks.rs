//! How a thread that looks at atomics again and again makes room for whom it may wait for.
//!
//! Many programs wait for a moment without giving the processor away. Detection makes the moment longer, and
//! whom they wait for may need the processor, or the cache lines that each look takes from him.

use std::arch::x86_64::_rdtsc;
use std::cell::Cell;

/// After so many looks in vain, a thread gives the processor to others.
const PATIENCE: u32 = 64;
/// After so many at the same atomic, and nothing else, that have found it changed by others, it leaves a moment after each one
/// that does, before it looks again.
const EAGER: u32 = 8;
/// The length of that moment, in ticks of the processor's clock: some four microseconds.
const MOMENT: u64 = 10_000;
/// A loop that does nothing but look does so again within so many ticks.
const LOOP: u64 = 400;

/// A thread's latest looks at atomics. A look is an operation that has read only: a load, or an exchange that failed. (What a
/// load finds changed is known; an exchange is not asked.)
#[derive(Default)]
pub(crate) struct Looks {
    /// How many have told nothing since one did, or since the thread gave the processor away.
    vain: Cell<u32>,
    /// The atomic that the last of them was at, and how many have found it changed since the thread looked at nothing else.
    at: Cell<usize>,
    changes: Cell<u32>,
    /// When the last one was over, if a moment is due before the next; or 0.
    due: Cell<u64>,
}

impl Looks {
    /// The thread has learned something, or released: it does not wait.
    #[inline(always)]
    pub(crate) fn end(&self) {
        self.interrupt();
        self.vain.set(0);
    }

    /// The thread has changed an atomic between looks.
    #[inline(always)]
    pub(crate) fn interrupt(&self) {
        self.at.set(0);
    }

    /// The thread is about to look at the atomic at `address`, and is not inside.
    #[inline(always)]
    pub(crate) fn begin(&self, address: usize) {
        if self.due.get() != 0 && self.at.get() == address {
            self.leave_moment();
        }
    }

    /// Lets a moment pass since the last look, unless the thread has worked since.
    #[cold]
    fn leave_moment(&self) {
        let since = self.due.get();
        if is_within(LOOP, since) {
            while is_within(MOMENT, since) {
                std::hint::spin_loop();
            }
        } else {
            self.changes.set(0);
        }
    }

    /// The thread has looked at the atomic at `address`, and learned nothing; others have left something there since it
    /// looked before, if that `has_changed`. The thread is not inside.
    #[inline(always)]
    pub(crate) fn in_vain(&self, address: usize, has_changed: bool) {
        let room = self.room(address, has_changed);
        self.due.set(0);
        match room {
            Room::None => {}
            Room::Moment => self.due.set(now()),
            Room::Processor => give_way(),
        }
    }

    /// Counts such a look, and says what is due after it.
    #[inline(always)]
    fn room(&self, address: usize, has_changed: bool) -> Room {
        let is_same = self.at.replace(address) == address;
        let changes = if is_same { self.changes.get() } else { 0 } + u32::from(has_changed);
        self.changes.set(changes);
        let vain = self.vain.get() + 1;
        self.vain.set(vain % PATIENCE);
        if vain == PATIENCE {
            Room::Processor
        } else if has_changed && changes > EAGER {
            // It waits for a word that goes from hand to hand.
            Room::Moment
        } else {
            Room::None
        }
    }
}

/// What a thread that looks leaves to others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Room {
    None,
    Moment,
    Processor,
}

/// The processor's clock.
#[inline]
fn now() -> u64 {
    // SAFETY: all processors of this architecture have it, and the system lets programs read it.
    unsafe { _rdtsc() }
}

/// Whether no more than so many ticks have passed since that time. The clocks of two processors may differ, where a thread has moved.
#[inline]
fn is_within(ticks: u64, since: u64) -> bool {
    now().wrapping_sub(since) < ticks
}

#[cold]
fn give_way() {
    // SAFETY: the call has no preconditions.
    unsafe { libc::sched_yield() };
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORD: usize = 64;

    /// What is due after each of so many looks.
    fn rooms(looks: &Looks, count: u32, has_changed: bool) -> Vec<Room> {
        (0..count).map(|_| looks.room(WORD, has_changed)).collect()
    }

    #[test]
    fn who_waits_for_a_word_that_changes_leaves_moments() {
        let looks = Looks::default();
        assert_eq!(rooms(&looks, EAGER, true), [Room::None; EAGER as usize]);
        assert_eq!(rooms(&looks, 3, true), [Room::Moment; 3]);
        assert_eq!(rooms(&looks, 3, false), [Room::None; 3]);
        assert_eq!(rooms(&looks, 1, true), [Room::Moment]);
        looks.interrupt();
        assert_eq!(rooms(&looks, EAGER, true), [Room::None; EAGER as usize]);
        assert_eq!(looks.room(WORD + 8, true), Room::None);
        assert_eq!(rooms(&looks, EAGER, true), [Room::None; EAGER as usize]);
        looks.end();
        assert_eq!(rooms(&looks, EAGER, false), [Room::None; EAGER as usize]);
        assert_eq!(rooms(&looks, EAGER, true), [Room::None; EAGER as usize]);
        assert_eq!(rooms(&looks, 1, true), [Room::Moment]);
    }

    #[test]
    fn who_looks_long_in_vain_gives_the_processor_away() {
        let looks = Looks::default();
        for _ in 0..2 {
            for look in 1..PATIENCE as usize {
                let address = WORD + 8 * (look % 3);
                assert_eq!(looks.room(address, true), Room::None);
            }
            assert_eq!(looks.room(WORD, true), Room::Processor);
        }
        rooms(&looks, PATIENCE / 2, false);
        looks.end();
        assert!(!rooms(&looks, PATIENCE - 1, false).contains(&Room::Processor));
        assert_eq!(rooms(&looks, 1, false), [Room::Processor]);
    }

    #[test]
    fn a_moment_passes_before_the_next_look_unless_the_thread_has_worked() {
        let looks = Looks::default();
        rooms(&looks, EAGER, true);
        looks.in_vain(WORD, true);
        assert_ne!(looks.due.get(), 0);
        looks.begin(WORD + 8);
        assert!(looks.changes.get() > EAGER, "it looks elsewhere");
        looks.due.set(now());
        looks.begin(WORD);
        // Where the system has taken the processor away just now, that is work.
        let has_worked = looks.changes.get() == 0;
        assert!(has_worked || !is_within(MOMENT, looks.due.get()));
        looks.in_vain(WORD, false);
        assert_eq!(looks.due.get(), 0);
        rooms(&looks, EAGER + 1, true);
        looks.due.set(now() - 2 * LOOP);
        looks.begin(WORD);
        assert_eq!(looks.changes.get(), 0);
    }
}
