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

use crate::primitive::{AtomicUsize, Ordering, fence};
use std::cell::Cell;

/// What everybody may look at without the scheduler's lock.
pub(crate) struct Idle {
    /// Processors that nobody has. Changed under the lock.
    free: AtomicUsize,
    /// Workers that look for work, or were woken to.
    spinning: AtomicUsize,
}

/// What lies under the scheduler's lock.
#[derive(Default)]
pub(crate) struct Sleepers {
    /// Workers that sleep.
    pub(crate) asleep: usize,
    /// Wake-ups on their way; whoever wakes takes one, and spins.
    pub(crate) wakes: usize,
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

    /// Whoever was woken, or was to be started, does not come to look for work.
    pub(crate) fn gave_up(&self) {
        self.spinning.fetch_sub(1, Ordering::SeqCst);
    }
}
