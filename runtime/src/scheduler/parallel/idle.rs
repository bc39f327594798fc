//! Who sleeps, who looks for work, and when somebody is to be woken: `docs/scheduler.md` has this
//! protocol on a page.
//!
//! Whoever makes a goroutine ready wakes a worker only where a processor is free and nobody is
//! *spinning*, that is, looking for work. The bad interleaving would be
//!
//! ```text
//! W looks everywhere, finds nothing      R puts a goroutine into its queue
//!                                        R sees no free processor, or W spinning: wakes nobody
//! W gives its processor back, sleeps     the goroutine waits although a processor is free
//! ```
//!
//! and it cannot happen: W first makes its processor free and stops spinning, then looks at all
//! queues once more ([`Idle::last_look`]); R first queues, then looks at both
//! ([`Idle::wants_wake`]). With a fence between the two steps on each side, one sees what the other
//! did. Whoever finds work while spinning, and was the last to spin, wakes another, because those who
//! queued meanwhile relied on it ([`Idle::stop_spinning`]).
//!
//! # Naps
//!
//! Two goroutines that take turns, by a channel without a buffer say, keep one worker busy and have
//! nothing for another: whoever made the other ready is about to wait for it. Waking a worker each time
//! costs more than the turns do. So looks *in vain* are counted, and once there was one, a few
//! goroutines that wait wake nobody: one of those that sleep naps instead, a little longer after
//! each look in vain, and then looks by itself. A goroutine that waits behind one that goes on
//! running is late by no more than about the time for which nothing was to be had before. Where
//! nobody runs, nobody naps, and the count begins anew: whoever starts to run has the others woken.

use crate::primitive::{AtomicU32, AtomicUsize, Ordering, fence};
use std::cell::Cell;
use std::time::Duration;

/// The first nap; each is twice as long as the one before, up to [`NAPS`] times.
const NAP: Duration = Duration::from_micros(50);
const NAPS: u32 = 4;

/// What everybody may look at without the scheduler's lock.
pub(crate) struct Idle {
    /// Processors that nobody has. Changed under the lock.
    free: AtomicUsize,
    /// Workers that look for work, or were woken to.
    spinning: AtomicUsize,
    /// Looks for work in vain since the last that found some.
    vain: AtomicU32,
}

/// What lies under the scheduler's lock.
#[derive(Default)]
pub(crate) struct Sleepers {
    /// Workers that sleep.
    pub(crate) asleep: usize,
    /// Wake-ups on their way; whoever wakes takes one, and spins.
    pub(crate) wakes: usize,
    /// Whether one of those that sleep naps.
    pub(crate) naps: bool,
}

/// Whom a wake-up is for. One that spins has been counted already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wake {
    /// One of those that sleep.
    Sleeper,
    /// Nobody sleeps who was not woken already: a new worker.
    New,
}

impl Idle {
    pub(crate) fn new() -> Self {
        Self {
            free: AtomicUsize::new(0),
            spinning: AtomicUsize::new(0),
            vain: AtomicU32::new(0),
        }
    }

    /// So many processors are free now. The caller has the lock.
    pub(crate) fn set_free(&self, free: usize) {
        self.free.store(free, Ordering::SeqCst);
    }

    pub(crate) fn free(&self) -> usize {
        self.free.load(Ordering::SeqCst)
    }

    pub(crate) fn spinning(&self) -> usize {
        self.spinning.load(Ordering::Relaxed)
    }

    /// After something was queued: whether somebody is to be woken for it, by [`Self::wake`].
    #[inline]
    pub(crate) fn wants_wake(&self) -> bool {
        // What was queued is seen by whoever frees a processor, or stops spinning, after this.
        fence(Ordering::SeqCst);
        self.free() > 0 && self.spinning.load(Ordering::SeqCst) == 0
    }

    /// Who is to be woken, if nobody spins already. The caller has the lock.
    pub(crate) fn wake(&self, sleepers: &mut Sleepers) -> Option<Wake> {
        self.spinning
            .compare_exchange(0, 1, Ordering::SeqCst, Ordering::Relaxed)
            .ok()?;
        if sleepers.asleep > sleepers.wakes {
            sleepers.wakes += 1;
            Some(Wake::Sleeper)
        } else {
            Some(Wake::New)
        }
    }

    /// The calling worker, whose `spins` this is, looks for work from now on.
    pub(crate) fn start_spinning(&self, spins: &Cell<bool>) {
        self.spinning.fetch_add(1, Ordering::SeqCst);
        spins.set(true);
    }

    /// The calling worker does not look for work any more; `true` where it did, and was the last. Where
    /// it has found some, it must then ask whether somebody else is to be woken ([`Self::wants_wake`]).
    #[inline]
    pub(crate) fn stop_spinning(&self, spins: &Cell<bool>) -> bool {
        spins.replace(false) && self.spinning.fetch_sub(1, Ordering::SeqCst) == 1
    }

    /// The calling worker is about to sleep, having made its processor free under the lock, or to do
    /// something else: stops spinning, and looks once more whether there is work (`has_work`).
    pub(crate) fn last_look(&self, spins: &Cell<bool>, has_work: impl FnOnce() -> bool) -> bool {
        self.stop_spinning(spins);
        fence(Ordering::SeqCst);
        has_work()
    }

    /// The calling worker has slept, and has a processor now or not: takes a wake-up, if one is on its
    /// way. The caller has the lock.
    pub(crate) fn woken(&self, sleepers: &mut Sleepers, spins: &Cell<bool>, has_processor: bool) {
        if sleepers.wakes == 0 {
            return;
        }
        sleepers.wakes -= 1;
        if has_processor {
            spins.set(true);
        } else {
            self.gave_up();
        }
    }

    /// A worker looked for work; whether it found any.
    pub(crate) fn looked(&self, found: bool) {
        let vain = if found { 0 } else { self.vain() + 1 };
        self.vain.store(vain.min(NAPS), Ordering::Relaxed);
    }

    /// How often others were looked at in vain since there was work for the last time.
    #[inline]
    pub(crate) fn vain(&self) -> u32 {
        self.vain.load(Ordering::Relaxed)
    }

    /// What [`Self::vain`] comes to for a worker that is about to sleep. Where nobody `runs`, nobody looks
    /// later: what little there is counts, and the count begins anew. The caller has the lock.
    pub(crate) fn vain_while(&self, runs: bool) -> u32 {
        if !runs {
            self.looked(true);
        }
        self.vain()
    }

    /// For how long the calling worker, which is about to sleep, is to nap, if it is; it then says when it
    /// does so no more. `vain` is [`Self::vain_while`] as it was when the worker had its last look. The
    /// caller has the lock.
    pub(crate) fn nap(&self, sleepers: &mut Sleepers, vain: u32) -> Option<Duration> {
        if vain == 0 || sleepers.naps {
            return None;
        }
        sleepers.naps = true;
        Some(NAP * (1 << (vain - 1)))
    }

    /// Whoever was woken, or was to be started, does not come to look for work.
    pub(crate) fn gave_up(&self) {
        self.spinning.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn naps_grow_with_looks_in_vain_up_to_a_limit() {
        let idle = Idle::new();
        let mut naps = Vec::new();
        for _ in 0..NAPS + 2 {
            idle.looked(false);
            naps.extend(idle.nap(&mut Sleepers::default(), idle.vain_while(true)));
        }
        let (last, limit) = (naps.len() - 1, NAPS as usize - 1);
        assert_eq!(naps[0], NAP);
        assert!(naps[..limit].is_sorted_by(|shorter, longer| *longer == 2 * *shorter));
        assert_eq!(naps[limit], naps[last]);
    }

    #[test]
    fn one_naps_at_a_time() {
        let idle = Idle::new();
        let mut sleepers = Sleepers::default();
        idle.looked(false);
        assert!(idle.nap(&mut sleepers, idle.vain_while(true)).is_some());
        assert!(idle.nap(&mut sleepers, idle.vain_while(true)).is_none());
        sleepers.naps = false;
        assert!(idle.nap(&mut sleepers, idle.vain_while(true)).is_some());
    }

    #[test]
    fn nobody_naps_where_looks_found_work() {
        let idle = Idle::new();
        let mut sleepers = Sleepers::default();
        assert!(idle.nap(&mut sleepers, idle.vain_while(true)).is_none());
        idle.looked(false);
        idle.looked(true);
        assert!(idle.nap(&mut sleepers, idle.vain_while(true)).is_none());
    }

    /// Else the last to sleep would leave what little is queued to itself.
    #[test]
    fn where_nobody_runs_no_look_was_in_vain() {
        let idle = Idle::new();
        idle.looked(false);
        assert_eq!(idle.vain_while(true), 1);
        assert_eq!(idle.vain_while(false), 0);
        assert_eq!(idle.vain(), 0, "whoever starts to run wakes the others");
    }
}
