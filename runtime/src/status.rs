//! Who may resume a goroutine: a protocol of one word. `docs/scheduler.md` has it on a page.
//!
//! A wake-up that arrives while a goroutine is on its way into `PARKED` must not be lost, and must not
//! start it on a second thread while the first still stands on its stack. So a wake of a running
//! goroutine only marks it `NOTIFIED`, and the worker that it switches back to decides, once the stack
//! is left, between `PARKED` and running it again.

use crate::goroutine::Switch;
use crate::primitive::{AtomicU8, Ordering, fence};

/// It is in a queue, or about to be put there by who made it ready.
const RUNNABLE: u8 = 0;
/// One thread runs it.
const RUNNING: u8 = 1;
/// One thread runs it, and it was woken meanwhile.
const NOTIFIED: u8 = 2;
/// Nobody has it: whoever makes it ready does.
const PARKED: u8 = 3;
const FINISHED: u8 = 4;

/// What a goroutine is at.
pub(crate) struct Status(AtomicU8);

impl Status {
    /// One that can run, and has not yet.
    pub(crate) fn new() -> Self {
        Self(AtomicU8::new(RUNNABLE))
    }

    /// Wakes the goroutine; `true` where the caller must hand it to the scheduler.
    ///
    /// One that can run already, or was woken while it runs, has yet to look at what it waits for. The
    /// fence is for that look (`Claim::is_done_after_wake`): either it sees what the caller has done
    /// before, or the caller sees that the goroutine runs again.
    #[inline]
    pub(crate) fn make_ready(&self) -> bool {
        let mut status = self.0.load(Ordering::Acquire);
        let mut fenced = false;
        loop {
            let next = match status {
                PARKED => RUNNABLE,
                RUNNING => NOTIFIED,
                RUNNABLE | NOTIFIED if !fenced => {
                    fence(Ordering::SeqCst);
                    fenced = true;
                    status = self.0.load(Ordering::Acquire);
                    continue;
                }
                _ => return false,
            };
            match self.change(status, next) {
                Ok(_) => return next == RUNNABLE,
                Err(now) => status = now,
            }
        }
    }

    /// The caller, who took the goroutine from a queue, is about to resume it.
    #[inline]
    pub(crate) fn resume(&self) {
        self.0.store(RUNNING, Ordering::Release);
    }

    /// The goroutine has switched back to the caller. `Yield`, also in place of `Park`, means that the
    /// caller must queue it again; after `Park` it is no longer the caller's.
    #[inline]
    pub(crate) fn switched(&self, switch: Switch) -> Switch {
        match switch {
            Switch::Finish => self.finish(),
            Switch::Yield => self.0.store(RUNNABLE, Ordering::Release),
            Switch::Park if self.park() => {}
            Switch::Park => return Switch::Yield,
        }
        switch
    }

    /// `false` where a wake-up came meanwhile: it can run.
    fn park(&self) -> bool {
        let parked = self.change(RUNNING, PARKED).is_ok();
        if !parked {
            self.0.store(RUNNABLE, Ordering::Release);
        }
        parked
    }

    pub(crate) fn finish(&self) {
        self.0.store(FINISHED, Ordering::Release);
    }

    /// Takes the right to resume the goroutine, if it is parked, for just long enough to look at it.
    pub(crate) fn hold_parked(&self) -> bool {
        self.change(PARKED, RUNNING).is_ok()
    }

    /// The same of one that can run, where nobody else resumes it.
    pub(crate) fn hold_runnable(&self) -> bool {
        self.change(RUNNABLE, RUNNING).is_ok()
    }

    /// Undoes [`Self::hold_parked`]; `true` where a wake-up came meanwhile, and the caller must hand the
    /// goroutine to the scheduler.
    pub(crate) fn release_parked(&self) -> bool {
        !self.park()
    }

    /// Undoes [`Self::hold_runnable`]. It stands in a queue: a wake-up meanwhile changed nothing.
    pub(crate) fn release_runnable(&self) {
        self.0.store(RUNNABLE, Ordering::Release);
    }

    /// One that has finished can run, as another goroutine; what the caller has written is seen by who finds
    /// that.
    pub(crate) fn revive(&self) {
        self.0.store(RUNNABLE, Ordering::Release);
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.0.load(Ordering::Acquire) == FINISHED
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(self.0.load(Ordering::Acquire), RUNNING | NOTIFIED)
    }

    fn change(&self, from: u8, to: u8) -> Result<u8, u8> {
        self.0
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire)
    }
}
