//! How a blocked operation is completed exactly once, and not looked at before it is.
//!
//! Whoever takes the operation from a queue *claims* it; the first wins, completes the operation, and
//! says that it is *done*. Between the two it moves the value and the clocks, and nobody else looks at
//! them.
//!
//! One word serves all operations of a goroutine, one after the other. Each has a [`Ticket`]; who comes
//! with that of an earlier one has come too late. So nothing is allocated for an operation, and what an
//! operation has left behind in a queue does no harm.

use crate::primitive::{AtomicU64, Ordering, fence};

/// What tells an operation from those before and after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ticket(u64);

/// Who completes an operation, and whether that is done: the ticket, a bit that says *done*, and the case
/// by way of which it was claimed, from high to low.
pub(crate) struct Claim(AtomicU64);

const CASE_BITS: u32 = 16;
const UNCLAIMED: u64 = (1 << CASE_BITS) - 1;
const DONE: u64 = 1 << CASE_BITS;
const TICKET: u32 = CASE_BITS + 1;

/// Cases are less than this, but for those that mean something else.
pub(crate) const CASES: usize = 0xff00;

impl Claim {
    /// Without an operation.
    #[inline]
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(UNCLAIMED))
    }

    /// Begins an operation. Only the owner calls this; where others know of the operation before, that
    /// was claimed.
    #[inline]
    pub(crate) fn open(&self) -> Ticket {
        let ticket = (self.0.load(Ordering::Relaxed) >> TICKET) + 1;
        self.0
            .store(ticket << TICKET | UNCLAIMED, Ordering::Release);
        Ticket(ticket)
    }

    /// Takes the right to complete the operation by way of `case`.
    #[inline]
    pub(crate) fn claim(&self, Ticket(ticket): Ticket, case: usize) -> bool {
        let open = ticket << TICKET | UNCLAIMED;
        // Most that are stale are so for good.
        self.0.load(Ordering::Relaxed) == open
            && self
                .0
                .compare_exchange(
                    open,
                    ticket << TICKET | case as u64,
                    Ordering::AcqRel,
                    Ordering::Acquire,
                )
                .is_ok()
    }

    /// Whether somebody has taken that right.
    #[inline]
    pub(crate) fn is_claimed(&self, Ticket(ticket): Ticket) -> bool {
        self.0.load(Ordering::Acquire) != ticket << TICKET | UNCLAIMED
    }

    /// By way of which case the operation that was opened last was claimed.
    #[inline]
    pub(crate) fn case(&self) -> usize {
        (self.0.load(Ordering::Acquire) & UNCLAIMED) as usize
    }

    /// What the operation was to do is done. Whoever claimed it calls this before it is woken: a wake-up
    /// that does not find this would be taken for one for nothing, and no other comes.
    #[inline]
    pub(crate) fn complete(&self) {
        let claimed = self.0.load(Ordering::Relaxed);
        self.0.store(claimed | DONE, Ordering::Release);
    }

    /// Whether the operation that was opened last is done.
    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        self.0.load(Ordering::Acquire) & DONE != 0
    }

    /// [`Self::is_done`], for a goroutine that was woken. Where it was woken for nothing, whoever
    /// completes the operation at this moment may have found it still in a queue, and counts on this
    /// look (`Status::make_ready`).
    #[inline]
    pub(crate) fn is_done_after_wake(&self) -> bool {
        self.is_done() || {
            fence(Ordering::SeqCst);
            self.is_done()
        }
    }
}
