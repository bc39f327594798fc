//! A goroutine's end, and who frees what it shares with whoever may wait for it: a protocol of one word.
//!
//! The goroutine and its handle have one thing in common, which the last of the two frees. The word says
//! whether the end has come, whether somebody waits for it, and which of the two has let go. Who lets go
//! second knows that it is alone, and then needs no locked instruction: the usual goroutine, whose handle is
//! dropped at once, or joined after the end, costs one in all.
//!
//! # The bad interleaving
//!
//! The goroutine says that it has ended; the handle sees that, and frees what they share while the goroutine
//! still has to find out there whom to wake. So it finds that out first: what the handle left there, and then
//! announced, the goroutine takes out before it says that it has ended, lets go with the same step, and touches
//! nothing of it afterwards. Where the announcement comes while it is about to take that step, the step fails.

use crate::primitive::{AtomicU8, Ordering};

/// Somebody waits for the end.
const AWAITED: u8 = 1;
const ENDED: u8 = 2;
const GOROUTINE_GONE: u8 = 4;
const HANDLE_GONE: u8 = 8;

/// One of those that share it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Goroutine,
    Handle,
}

impl Side {
    fn bit(self) -> u8 {
        match self {
            Self::Goroutine => GOROUTINE_GONE,
            Self::Handle => HANDLE_GONE,
        }
    }
}

/// Whether the end has come, and who still has what the two share.
pub(crate) struct Parting(AtomicU8);

impl Parting {
    pub(crate) fn new() -> Self {
        Self(AtomicU8::new(0))
    }

    /// Whether the end has come; then what the goroutine left is seen.
    #[inline]
    pub(crate) fn has_ended(&self) -> bool {
        self.0.load(Ordering::Acquire) & ENDED != 0
    }

    /// The handle's side waits for the end, once, and has left word whom to wake: `false` where the end has
    /// come, and nobody reads that.
    pub(crate) fn await_end(&self) -> bool {
        self.0.fetch_or(AWAITED, Ordering::AcqRel) & ENDED == 0
    }

    /// The goroutine's side has left what it had to leave, and lets go; `true` where the other has before, and
    /// what they shared is the caller's to free. Calls `awaited` before, where somebody waits.
    #[inline]
    pub(crate) fn end(&self, awaited: impl FnOnce()) -> bool {
        const GONE: u8 = ENDED | GOROUTINE_GONE;
        let mut now = self.0.load(Ordering::Acquire);
        while now & AWAITED == 0 {
            if now & HANDLE_GONE != 0 {
                return true;
            }
            let ended =
                self.0
                    .compare_exchange(now, now | GONE, Ordering::AcqRel, Ordering::Acquire);
            match ended {
                Ok(_) => return false,
                Err(other) => now = other,
            }
        }
        awaited();
        self.0.fetch_or(GONE, Ordering::AcqRel) & HANDLE_GONE != 0
    }

    /// A side lets go; `true` where the other has before, and what they shared is the caller's to free.
    #[inline]
    pub(crate) fn let_go(&self, side: Side) -> bool {
        let others = (GOROUTINE_GONE | HANDLE_GONE) & !side.bit();
        self.0.load(Ordering::Acquire) & others != 0
            || self.0.fetch_or(side.bit(), Ordering::AcqRel) & others != 0
    }
}
