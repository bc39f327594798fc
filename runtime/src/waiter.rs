//! One blocked operation, of a goroutine, of a plain OS thread, or of a future.
//!
//! A waiter may stand in several queues at once (a select with several cases, a timeout). Who
//! takes it from a queue must [`Waiter::claim`] it; the first wins, completes the operation
//! and wakes it.
//!
//! - *Completed once:* only one claim succeeds.
//! - *Seen whole:* [`Waiter::wait`] returns after the wake, never on the claim alone. Between
//!   the two the winner moves the value and the clocks; a goroutine that is still on its way
//!   into its wait must not look at them then.
//! - *Never lost:* the wake sets a flag before it makes the goroutine ready, and the wait looks
//!   at the flag before each time it parks.

use crate::claim::Claim;
use crate::goroutine::G;
use crate::timers::Target;
use parking_lot::Mutex;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};
use std::thread::Thread;

/// What a goroutine waits for, for the dump of a deadlock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaitReason {
    /// The operation, such as `channel receive`.
    pub(crate) what: &'static str,
    /// Where in the source.
    pub(crate) at: &'static Location<'static>,
    /// Who has the lock that it waits for, where it waits for one.
    holder: Option<HolderRef>,
}

impl WaitReason {
    /// Waiting for something that only this run's goroutines can bring about.
    pub(crate) fn new(what: &'static str, at: &'static Location<'static>) -> Self {
        Self {
            what,
            at,
            holder: None,
        }
    }

    /// Waiting for a lock, which another run or a plain thread may have.
    pub(crate) fn lock(what: &'static str, at: &'static Location<'static>, lock: &Holder) -> Self {
        Self {
            what,
            at,
            holder: Some(HolderRef(lock)),
        }
    }

    /// Whether somebody outside the run `run` has what is waited for.
    ///
    /// # Safety
    ///
    /// The goroutine that waits for this reason must be suspended in its wait.
    pub(crate) unsafe fn is_held_outside(&self, run: u64) -> bool {
        // SAFETY: the wait borrows the lock, and by the caller it has not returned.
        self.holder
            .is_some_and(|HolderRef(holder)| unsafe { &*holder }.0.load(Ordering::Acquire) != run)
    }
}

/// The run whose goroutine has a lock; 0 for a plain thread's, or nobody's.
#[derive(Debug, Default)]
pub(crate) struct Holder(AtomicU64);

impl Holder {
    /// Readers of several runs have the lock.
    const SEVERAL: u64 = u64::MAX;

    pub(crate) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// The caller's run has the lock.
    #[inline]
    pub(crate) fn set(&self) {
        self.0.store(crate::current::run_id(), Ordering::Release);
    }

    /// Nobody has the lock: whoever takes it may be seen to have it before it says so.
    #[inline]
    pub(crate) fn clear(&self) {
        self.0.store(0, Ordering::Release);
    }

    /// Whether the caller's run has the lock.
    pub(crate) fn is_here(&self) -> bool {
        self.0.load(Ordering::Acquire) == crate::current::run_id()
    }

    /// The caller's run has the lock too.
    pub(crate) fn add(&self) {
        if self.0.load(Ordering::Acquire) != crate::current::run_id() {
            self.0.store(Self::SEVERAL, Ordering::Release);
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct HolderRef(*const Holder);

// SAFETY: the pointer is followed in `is_held_outside` only, whose caller vouches for it, and
// what it points to is an atomic.
unsafe impl Send for HolderRef {}

const CANCELLED: usize = usize::MAX - 1;

enum Parker {
    Goroutine(G),
    /// A plain thread, or a goroutine that must not leave its thread because a panic unwinds it.
    Thread(Thread, Option<G>),
    /// A future, which is polled again when it is woken.
    Task(Mutex<Option<Waker>>),
}

/// One blocked operation.
pub(crate) struct Waiter {
    claim: Claim,
    parker: Parker,
}

impl Waiter {
    pub(crate) fn new(g: Option<G>) -> Arc<Self> {
        let parker = match g {
            Some(g) if g.may_switch() => Parker::Goroutine(g),
            g => Parker::Thread(std::thread::current(), g),
        };
        Self::parked_by(parker)
    }

    /// One of a future, which [`Self::is_done`] polls.
    pub(crate) fn task(waker: Waker) -> Arc<Self> {
        Self::parked_by(Parker::Task(Mutex::new(Some(waker))))
    }

    fn parked_by(parker: Parker) -> Arc<Self> {
        Arc::new(Self {
            claim: Claim::new(),
            parker,
        })
    }

    /// Takes the right to complete the operation by way of `case`.
    pub(crate) fn claim(&self, case: usize) -> bool {
        self.claim.claim(case)
    }

    /// Whether somebody has taken that right.
    pub(crate) fn is_claimed(&self) -> bool {
        self.claim.is_claimed()
    }

    /// Whether the operation was claimed, completed and woken. If not, the future that polls this
    /// is woken when it is.
    pub(crate) fn is_done(&self, context: &Context<'_>) -> bool {
        let Parker::Task(waker) = &self.parker else {
            unreachable!("only a future is polled")
        };
        let same = |waker: &Waker| waker.will_wake(context.waker());
        if !self.is_woken() && !waker.lock().as_ref().is_some_and(same) {
            // Wakers are the user's: they are cloned and dropped without the lock.
            let new = Some(context.waker().clone());
            let old = std::mem::replace(&mut *waker.lock(), new);
            drop(old);
        }
        self.is_woken()
    }

    fn is_woken(&self) -> bool {
        self.claim.is_done()
    }

    /// Wakes the operation after it was claimed and completed.
    pub(crate) fn wake(&self) {
        if let (Some(ready), Some(g)) = (self.complete(), self.goroutine()) {
            g.run.scheduler.ready(ready);
        }
    }

    /// [`Self::wake`] on behalf of nobody, because it is time. A task's waker is not to take what the
    /// goroutine did on whose stack that happens to come for what led to it.
    pub(crate) fn wake_by_time(&self) {
        match &self.parker {
            Parker::Task(_) => crate::current::as_nobody(|| self.wake()),
            _ => self.wake(),
        }
    }

    /// [`Self::wake`], but where that makes a goroutine ready, the caller hands it to its scheduler.
    #[must_use]
    pub(crate) fn complete(&self) -> Option<G> {
        match &self.parker {
            Parker::Goroutine(g) => {
                self.claim.complete();
                g.make_ready().then(|| g.clone())
            }
            Parker::Thread(thread, g) => {
                // From now on the thread counts as running, also where it is slow to wake: a
                // worker that finds nothing to do must not take it for blocked.
                if let Some(g) = g {
                    g.run.scheduler.blocking(false);
                }
                self.claim.complete();
                thread.unpark();
                None
            }
            Parker::Task(waker) => {
                // In this order: whoever polls leaves its waker first, and then looks.
                self.claim.complete();
                let waker = waker.lock().take();
                if let Some(waker) = waker {
                    waker.wake();
                }
                None
            }
        }
    }

    /// Blocks until the operation was claimed, completed and woken, and says by way of which
    /// case. An operation that claimed itself must not wait.
    pub(crate) fn wait(&self, reason: WaitReason) -> usize {
        match &self.parker {
            Parker::Goroutine(g) => {
                let mut woken = self.is_woken();
                while !woken {
                    g.park(reason, || self.claim(CANCELLED));
                    woken = self.claim.is_done_after_wake();
                }
            }
            Parker::Thread(_, None) => self.block_thread(),
            Parker::Thread(_, Some(g)) => {
                g.set_wait_reason(Some(reason));
                g.run.scheduler.blocking(true);
                self.block_thread();
                g.set_wait_reason(None);
                g.run.scheduler.return_from_blocking();
            }
            Parker::Task(_) => unreachable!("a future is polled"),
        }
        self.claim.case()
    }

    fn block_thread(&self) {
        while !self.is_woken() {
            std::thread::park();
        }
    }

    /// The run whose timers can end the wait.
    pub(crate) fn goroutine(&self) -> Option<&G> {
        match &self.parker {
            Parker::Goroutine(g) => Some(g),
            Parker::Thread(_, g) => g.as_ref(),
            Parker::Task(_) => None,
        }
    }

    /// [`Self::wait`], at the latest until `timeout` from now, when `case` claims it.
    pub(crate) fn wait_at_most(
        self: &Arc<Self>,
        timeout: std::time::Duration,
        case: usize,
        reason: WaitReason,
    ) -> usize {
        let Some(g) = self.goroutine() else {
            let end = std::time::Instant::now() + timeout;
            while !self.is_woken() {
                let left = end.saturating_duration_since(std::time::Instant::now());
                if left.is_zero() && self.claim(case) {
                    break;
                }
                std::thread::park_timeout(left);
            }
            return self.claim.case();
        };
        let target = Target::Wait(Arc::clone(self), case);
        let timer = g.run.scheduler.add_timer(timeout, target);
        let claimed = self.wait(reason);
        if claimed != case {
            drop(g.run.scheduler.remove_timer(timer));
        }
        claimed
    }
}
