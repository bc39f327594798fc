//! How a blocked operation is completed exactly once, and not looked at before it is.
//!
//! Whoever takes the operation from a queue *claims* it; the first wins, completes the operation, and
//! says that it is *done*. Between the two it moves the value and the clocks, and nobody else looks at
//! them.

use crate::primitive::{AtomicBool, AtomicUsize, Ordering, fence};

const UNCLAIMED: usize = usize::MAX;

/// Who completes an operation, and whether that is done.
pub(crate) struct Claim {
    case: AtomicUsize,
    done: AtomicBool,
}

impl Claim {
    pub(crate) fn new() -> Self {
        Self {
            case: AtomicUsize::new(UNCLAIMED),
            done: AtomicBool::new(false),
        }
    }

    /// Takes the right to complete the operation by way of `case`.
    pub(crate) fn claim(&self, case: usize) -> bool {
        self.case
            .compare_exchange(UNCLAIMED, case, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// Whether somebody has taken that right.
    pub(crate) fn is_claimed(&self) -> bool {
        self.case() != UNCLAIMED
    }

    /// By way of which case it was claimed.
    pub(crate) fn case(&self) -> usize {
        self.case.load(Ordering::Acquire)
    }

    /// What the operation was to do is done. Before it is woken: a wake-up that does not find this
    /// would be taken for one for nothing, and no other comes.
    pub(crate) fn complete(&self) {
        self.done.store(true, Ordering::Release);
    }

    pub(crate) fn is_done(&self) -> bool {
        self.done.load(Ordering::Acquire)
    }

    /// [`Self::is_done`], for a goroutine that was woken. Where it was woken for nothing, whoever
    /// completes the operation at this moment may have found it still in a queue, and counts on this
    /// look (`Status::make_ready`).
    pub(crate) fn is_done_after_wake(&self) -> bool {
        self.is_done() || {
            fence(Ordering::SeqCst);
            self.is_done()
        }
    }
}
