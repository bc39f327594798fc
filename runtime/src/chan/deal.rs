//! What a blocked operation of a channel leaves there for its peer, and gets from it.
//!
//! An [`Offer`] stands in the channel's queue and leads to the [`Deal`] of its operation, which lies in a
//! [`Place`] with whoever waits. The peer that claims the offer has it [`Taken`]: the deal is its own until
//! it wakes the other.

use super::error::SendError;
use crate::detect;
use crate::waiter::Waiter;
use deadheat_detector::sync::SyncVar;
use deadheat_detector::thread::SyncOp;
use std::cell::UnsafeCell;
use std::collections::VecDeque;
use std::ptr::NonNull;

/// What a blocked operation offers, and what it gets.
pub(super) struct Deal<T> {
    /// A sender's value on its way out, a receiver's on its way in.
    pub(super) value: Option<T>,
    /// Made where a detector first needs them.
    clocks: Option<OwnClocks>,
    /// The clock of a select's offers, in place of the deal's own.
    select: Option<NonNull<SyncVar>>,
}

// SAFETY: the select's clock, too, is touched by whoever has the deal only, on whatever thread.
unsafe impl<T: Send> Send for Deal<T> {}

#[derive(Default)]
struct OwnClocks {
    offered: SyncVar,
    taken: SyncVar,
}

/// The clocks of a deal.
pub(super) struct Clocks<'a> {
    /// Of whoever made the offer, when it did.
    pub(super) offered: &'a mut SyncVar,
    /// Of whoever took it.
    pub(super) taken: &'a mut SyncVar,
}

impl<T> Deal<T> {
    pub(super) fn clocks(&mut self) -> Clocks<'_> {
        let own = self.clocks.get_or_insert_default();
        let offered = match self.select {
            // SAFETY: it is there as long as the place is, and as its operation is claimed by way of one case,
            // only who has that case's deal comes here.
            Some(mut clock) => unsafe { clock.as_mut() },
            None => &mut own.offered,
        };
        Clocks {
            offered,
            taken: &mut own.taken,
        }
    }

    /// Says when the offer was made: what happened before then is the taker's to know.
    pub(super) fn offer_by(&mut self, when: When) {
        match when {
            When::Now(op) => {
                detect::with(|_, thread| thread.release(self.clocks().offered, op));
            }
            When::Of(clock) => self.select = clock,
        }
    }
}

/// When an offer was made.
#[derive(Clone, Copy)]
pub(super) enum When {
    /// By this operation, now.
    Now(SyncOp),
    /// When a select that has other cases, too, left this clock, which stays where it is as long as the place
    /// does. None where nobody detects.
    Of(Option<NonNull<SyncVar>>),
}

/// Where a deal lies while its operation is blocked: with whoever waits, on its stack as a rule.
///
/// It belongs to one at a time: to who makes it, until it is offered; to who claims the operation,
/// until it wakes it; then, or where the operation claimed itself, to the operation again.
pub(super) struct Place<T>(UnsafeCell<Deal<T>>);

impl<T> Place<T> {
    #[inline]
    pub(super) fn new(value: Option<T>) -> Self {
        Self(UnsafeCell::new(Deal {
            value,
            clocks: None,
            select: None,
        }))
    }

    /// The deal of an operation that is over, or not offered yet.
    ///
    /// # Safety
    ///
    /// The operation is the caller's, and was not offered, or is done, or claimed by the caller.
    #[allow(
        clippy::mut_from_ref,
        reason = "it belongs to one at a time, as the safety section says"
    )]
    pub(super) unsafe fn deal(&self) -> &mut Deal<T> {
        // SAFETY: by the caller nobody else has it: who claims an operation lets go of the deal before
        // it says that the operation is done.
        unsafe { &mut *self.0.get() }
    }

    /// What became of an offer to send that somebody completed.
    ///
    /// # Safety
    ///
    /// As for [`Self::deal`].
    pub(super) unsafe fn finish_send(&self, op: SyncOp) -> Result<(), SendError<T>> {
        // SAFETY: by the caller.
        let deal = unsafe { self.deal() };
        match deal.value.take() {
            // Nobody took the value: the channel was closed, or has no receiver left.
            Some(value) => Err(SendError(value)),
            None => {
                detect::with(|_, thread| thread.acquire(deal.clocks().taken, op));
                Ok(())
            }
        }
    }

    /// What became of an offer to receive that somebody completed; `None` where the channel was closed.
    ///
    /// # Safety
    ///
    /// As for [`Self::deal`].
    pub(super) unsafe fn finish_receive(&self, op: SyncOp) -> Option<T> {
        // SAFETY: by the caller.
        let deal = unsafe { self.deal() };
        detect::with(|_, thread| thread.acquire(deal.clocks().taken, op));
        deal.value.take()
    }

    /// The value that nobody took.
    ///
    /// # Safety
    ///
    /// As for [`Self::deal`].
    pub(super) unsafe fn take_back(&self) -> Option<T> {
        // SAFETY: by the caller.
        unsafe { self.deal() }.value.take()
    }
}

// SAFETY: who has the deal may be on any thread, as the value may.
unsafe impl<T: Send> Sync for Place<T> {}

/// A blocked operation, as it stands in a queue.
pub(super) struct Offer<T> {
    pub(super) waiter: Waiter,
    pub(super) case: usize,
    pub(super) place: NonNull<Place<T>>,
}

// SAFETY: the place is looked at by whoever claims the offer, on whatever thread; so the value must be
// `Send`, as for every channel.
unsafe impl<T: Send> Send for Offer<T> {}

/// An offer that was claimed: the deal is the holder's until it wakes the other.
#[must_use]
pub(super) struct Taken<T> {
    pub(super) waiter: Waiter,
    place: NonNull<Place<T>>,
}

impl<T> Offer<T> {
    /// Takes the offer, unless its operation was completed elsewhere.
    #[inline]
    pub(super) fn take(self) -> Option<Taken<T>> {
        self.waiter.claim(self.case).then_some(Taken {
            waiter: self.waiter,
            place: self.place,
        })
    }

    pub(super) fn is_open_to(&self, other: &Waiter) -> bool {
        !self.waiter.is_claimed() && !self.waiter.is(other)
    }
}

impl<T> Taken<T> {
    pub(super) fn deal(&mut self) -> &mut Deal<T> {
        // SAFETY: the operation was claimed by whoever made this, so its owner stays where it is, and
        // with it the place, until it is woken; nobody else claims it.
        unsafe { &mut *self.place.as_ref().0.get() }
    }
}

/// Takes the first offer of a queue whose operation is not over.
#[inline]
pub(super) fn take_first<T>(queue: &mut VecDeque<Offer<T>>) -> Option<Taken<T>> {
    while let Some(offer) = queue.pop_front() {
        let taken = offer.take();
        if taken.is_some() {
            return taken;
        }
    }
    None
}
