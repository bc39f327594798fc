//! One blocked operation, of a goroutine, of a plain OS thread, or of a future.
//!
//! It has two sides: [`Wait`], whose operation it is, and [`Waiter`], which stands in queues. A waiter may
//! stand in several queues at once (a select with several cases, a timeout). Who takes it from a queue
//! must [`Waiter::claim`] it; the first wins, completes the operation and wakes it.
//!
//! - *Completed once:* only one claim succeeds.
//! - *Seen whole:* [`Wait::wait`] returns after the wake, never on the claim alone. Between the two the
//!   winner moves the value and the clocks; a goroutine that is still on its way into its wait must not
//!   look at them then. So they may lie on the stack of whoever waits.
//! - *Never lost:* the wake says *done* before it makes the goroutine ready, and the wait looks at that
//!   before each time it parks.

use crate::claim::{CASES, Claim, Ticket};
use crate::goroutine::{G, Goroutine};
use crate::timers::Target;
use parking_lot::Mutex;
use std::panic::Location;
use std::ptr::NonNull;
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
    pub(crate) holder: Option<HolderRef>,
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
}

/// The run whose goroutine has a lock; 0 for a plain thread's, or nobody's. Below its number, the word has
/// room for what the lock keeps there.
#[derive(Debug, Default)]
pub(crate) struct Holder(AtomicU64);

impl Holder {
    /// How many bits are the lock's.
    pub(crate) const SHIFT: u32 = 2;

    /// Readers of several runs have the lock.
    const SEVERAL: u64 = u64::MAX >> Self::SHIFT;

    pub(crate) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// The word of a lock that the run of number `run` has, where the lock keeps nothing there.
    #[inline]
    pub(crate) const fn of(run: u64) -> u64 {
        run << Self::SHIFT
    }

    /// For a lock that keeps a state of its own there.
    #[inline]
    pub(crate) fn word(&self) -> &AtomicU64 {
        &self.0
    }

    fn run(&self) -> u64 {
        self.0.load(Ordering::Acquire) >> Self::SHIFT
    }

    /// The caller's run has the lock.
    pub(crate) fn set(&self) {
        let run = crate::current::run_id();
        self.0.store(Self::of(run), Ordering::Release);
    }

    /// Nobody has the lock: whoever takes it may be seen to have it before it says so.
    pub(crate) fn clear(&self) {
        self.0.store(0, Ordering::Release);
    }

    /// Whether the caller's run has the lock.
    pub(crate) fn is_here(&self) -> bool {
        self.run() == crate::current::run_id()
    }

    /// The caller's run has the lock too.
    pub(crate) fn add(&self) {
        if !self.is_here() {
            let several = Self::of(Self::SEVERAL);
            self.0.store(several, Ordering::Release);
        }
    }
}

/// Where it is told who has a lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HolderRef(*const Holder);

impl HolderRef {
    /// Whether somebody outside the run `run` has the lock.
    ///
    /// # Safety
    ///
    /// The lock must be there still: the goroutine that waits for it is suspended in its wait.
    pub(crate) unsafe fn is_outside(self, run: u64) -> bool {
        // SAFETY: the wait borrows the lock, and by the caller it has not returned.
        unsafe { &*self.0 }.run() != run
    }
}

// SAFETY: the pointer is followed in `is_outside` only, whose caller vouches for it, and
// what it points to is an atomic.
unsafe impl Send for HolderRef {}

/// A claim that means: the run is over.
const CANCELLED: usize = CASES + 0xfe;

/// An operation that can block, as the others see it.
#[derive(Clone)]
pub(crate) struct Waiter(Who);

#[derive(Clone)]
enum Who {
    /// A goroutine, and which of its operations.
    Goroutine(G, Ticket),
    Other(Arc<Other>),
}

/// A thread or a task, and its operation.
struct Other {
    claim: Claim,
    ticket: Ticket,
    parker: Parker,
}

enum Parker {
    /// A plain thread, or a goroutine that must not leave its thread because a panic unwinds it.
    Thread(Thread, Option<G>),
    /// A future, which is polled again when it is woken.
    Task(Mutex<Option<Waker>>),
}

/// An operation that can block, as the goroutine or thread sees it whose it is. It has one at a time.
pub(crate) struct Wait(Own);

enum Own {
    /// The running goroutine, which outlives its operation.
    Goroutine(NonNull<Goroutine>, Ticket),
    Thread(Arc<Other>),
}

impl Other {
    fn new(parker: Parker) -> Arc<Self> {
        let claim = Claim::new();
        let ticket = claim.open();
        Arc::new(Self {
            claim,
            ticket,
            parker,
        })
    }
}

impl Waiter {
    /// One of a future, which [`Self::is_done`] polls.
    pub(crate) fn task(waker: Waker) -> Self {
        Self(Who::Other(Other::new(Parker::Task(Mutex::new(Some(
            waker,
        ))))))
    }

    #[inline]
    fn claim_word(&self) -> (&Claim, Ticket) {
        match &self.0 {
            Who::Goroutine(g, ticket) => (&g.claim, *ticket),
            Who::Other(other) => (&other.claim, other.ticket),
        }
    }

    /// Takes the right to complete the operation by way of `case`.
    #[inline]
    pub(crate) fn claim(&self, case: usize) -> bool {
        let (claim, ticket) = self.claim_word();
        claim.claim(ticket, case)
    }

    /// Whether somebody has taken that right.
    #[inline]
    pub(crate) fn is_claimed(&self) -> bool {
        let (claim, ticket) = self.claim_word();
        claim.is_claimed(ticket)
    }

    /// Whether the two are the same operation.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Who::Goroutine(a, first), Who::Goroutine(b, second)) => {
                Arc::ptr_eq(a, b) && first == second
            }
            (Who::Other(a), Who::Other(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// Whether the operation was claimed, completed and woken. If not, the future that polls this
    /// is woken when it is.
    pub(crate) fn is_done(&self, context: &Context<'_>) -> bool {
        let Who::Other(other) = &self.0 else {
            unreachable!("only a future is polled")
        };
        let Parker::Task(waker) = &other.parker else {
            unreachable!("only a future is polled")
        };
        let same = |waker: &Waker| waker.will_wake(context.waker());
        if !other.claim.is_done() && !waker.lock().as_ref().is_some_and(same) {
            // Wakers are the user's: they are cloned and dropped without the lock.
            let new = Some(context.waker().clone());
            let old = std::mem::replace(&mut *waker.lock(), new);
            drop(old);
        }
        other.claim.is_done()
    }

    /// Wakes the operation after it was claimed and completed.
    #[inline]
    pub(crate) fn wake(self) {
        if let Some(ready) = self.complete() {
            ready.hand_over();
        }
    }

    /// [`Self::wake`] on behalf of nobody, because it is time. A task's waker is not to take what the
    /// goroutine did on whose stack that happens to come for what led to it.
    pub(crate) fn wake_by_time(self) {
        match &self.0 {
            Who::Other(other) if matches!(other.parker, Parker::Task(_)) => {
                crate::current::as_nobody(|| self.wake());
            }
            _ => self.wake(),
        }
    }

    /// [`Self::wake`], but where that makes a goroutine ready, the caller hands it to its scheduler.
    #[must_use]
    #[inline]
    pub(crate) fn complete(self) -> Option<G> {
        match self.0 {
            Who::Goroutine(g, _) => {
                g.claim.complete();
                g.make_ready().then_some(g)
            }
            Who::Other(other) => {
                other.complete();
                None
            }
        }
    }
}

impl Other {
    fn complete(&self) {
        match &self.parker {
            Parker::Thread(thread, g) => {
                // From now on the thread counts as running, also where it is slow to wake: a
                // worker that finds nothing to do must not take it for blocked.
                if let Some(g) = g {
                    g.run.scheduler.blocking(false);
                }
                self.claim.complete();
                thread.unpark();
            }
            Parker::Task(waker) => {
                // In this order: whoever polls leaves its waker first, and then looks.
                self.claim.complete();
                let waker = waker.lock().take();
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
        }
    }

    fn block_thread(&self) {
        while !self.claim.is_done() {
            std::thread::park();
        }
    }

    /// The goroutine that stays on its thread.
    fn goroutine(&self) -> Option<&Goroutine> {
        match &self.parker {
            Parker::Thread(_, g) => g.as_deref(),
            Parker::Task(_) => None,
        }
    }
}

impl Wait {
    /// An operation of the calling goroutine `g`, or of the calling thread.
    #[inline]
    pub(crate) fn new(g: Option<&Goroutine>) -> Self {
        match g {
            Some(g) if g.may_switch() => Self(Own::Goroutine(NonNull::from(g), g.claim.open())),
            g => {
                let parker = Parker::Thread(std::thread::current(), g.map(Goroutine::counted));
                Self(Own::Thread(Other::new(parker)))
            }
        }
    }

    /// The side of it that stands in queues.
    #[inline]
    pub(crate) fn waiter(&self) -> Waiter {
        Waiter(match &self.0 {
            // SAFETY: the goroutine runs: this is a call of its own.
            Own::Goroutine(g, ticket) => Who::Goroutine(unsafe { g.as_ref() }.counted(), *ticket),
            Own::Thread(other) => Who::Other(Arc::clone(other)),
        })
    }

    #[inline]
    fn claim_word(&self) -> (&Claim, Ticket) {
        match &self.0 {
            // SAFETY: as in `waiter`.
            Own::Goroutine(g, ticket) => (&unsafe { g.as_ref() }.claim, *ticket),
            Own::Thread(other) => (&other.claim, other.ticket),
        }
    }

    /// Completes the operation by way of `case`, unless somebody else does.
    #[inline]
    pub(crate) fn give_up(&self, case: usize) -> bool {
        let (claim, ticket) = self.claim_word();
        let given_up = claim.claim(ticket, case);
        if given_up {
            claim.complete();
        }
        given_up
    }

    /// Blocks until the operation was claimed, completed and woken, and says by way of which
    /// case. An operation that claimed itself must not wait.
    #[inline]
    pub(crate) fn wait(&self, reason: WaitReason) -> usize {
        match &self.0 {
            Own::Goroutine(g, _) => {
                // SAFETY: as in `waiter`.
                let g = unsafe { g.as_ref() };
                let mut done = g.claim.is_done();
                while !done {
                    g.park(reason, || self.give_up(CANCELLED));
                    done = g.claim.is_done_after_wake();
                }
                g.claim.case()
            }
            Own::Thread(other) => {
                match other.goroutine() {
                    None => other.block_thread(),
                    Some(g) => {
                        g.set_wait_reason(Some(reason));
                        g.run.scheduler.blocking(true);
                        other.block_thread();
                        g.set_wait_reason(None);
                        g.run.scheduler.return_from_blocking();
                    }
                }
                other.claim.case()
            }
        }
    }

    /// The goroutine whose run's timers can end the wait.
    fn goroutine(&self) -> Option<&Goroutine> {
        match &self.0 {
            // SAFETY: as in `waiter`.
            Own::Goroutine(g, _) => Some(unsafe { g.as_ref() }),
            Own::Thread(other) => other.goroutine(),
        }
    }

    /// [`Self::wait`], at the latest until `timeout` from now, when `case` claims it.
    pub(crate) fn wait_at_most(
        &self,
        timeout: std::time::Duration,
        case: usize,
        reason: WaitReason,
    ) -> usize {
        let Some(g) = self.goroutine() else {
            return self.block_thread_at_most(timeout, case);
        };
        let scheduler = &g.run.scheduler;
        let timer = scheduler.add_timer(timeout, Target::Wait(self.waiter(), case));
        let claimed = self.wait(reason);
        if claimed != case {
            drop(scheduler.remove_timer(timer));
        }
        claimed
    }

    fn block_thread_at_most(&self, timeout: std::time::Duration, case: usize) -> usize {
        let Own::Thread(other) = &self.0 else {
            unreachable!("a goroutine has timers")
        };
        let end = std::time::Instant::now() + timeout;
        while !other.claim.is_done() {
            let left = end.saturating_duration_since(std::time::Instant::now());
            if left.is_zero() && self.give_up(case) {
                break;
            }
            std::thread::park_timeout(left);
        }
        other.claim.case()
    }
}

/// What an operation has offered may lie in a frame that is being left: nobody may claim it any more, and
/// whoever has, must be done with it.
impl Drop for Wait {
    #[inline]
    fn drop(&mut self) {
        let (claim, _) = self.claim_word();
        while !claim.is_done() && !self.give_up(CANCELLED) {
            std::thread::yield_now();
        }
    }
}
