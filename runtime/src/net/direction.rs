//! One direction of a socket: who waits, and until when.
//!
//! An operation tries, and waits only where that would have blocked. Readiness that comes between the
//! two must not be lost, as the kernel tells of it once. So every change, readiness, a new deadline, the
//! end of the socket, is a *tick*, and whoever is about to wait does so only if none came since before
//! it tried:
//!
//! ```text
//! operation: reads the tick ── tries: would block ── locks: the same tick? waits : tries again
//! poller:                                  locks: ticks, wakes all that wait
//! ```
//!
//! All who wait are woken, and try again: what came may do for several of them.

use super::deadline::Limits;
use crate::current;
use crate::waiter::{WaitReason, Waiter};
use parking_lot::Mutex;
use smallvec::SmallVec;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// How a wait ended.
const TICKED: usize = 0;
const TIMED_OUT: usize = 1;

/// One direction of a socket.
#[derive(Default)]
pub(super) struct Direction {
    tick: AtomicUsize,
    limited: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: SmallVec<[Waiter; 1]>,
    limits: Limits,
}

impl Direction {
    pub(super) fn tick(&self) -> usize {
        self.tick.load(Ordering::Acquire)
    }

    /// What bounds its operations; `None` where nothing does.
    #[inline]
    pub(super) fn limits(&self) -> Option<Limits> {
        let limited = self.limited.load(Ordering::Acquire);
        limited.then(|| self.state.lock().limits)
    }

    /// Something has changed: claims all who wait, for the caller to wake.
    pub(super) fn change(&self, woken: &mut Vec<Waiter>) {
        self.change_state(woken, |_| {});
    }

    fn change_state(&self, woken: &mut Vec<Waiter>, f: impl FnOnce(&mut State)) {
        let mut state = self.state.lock();
        f(&mut state);
        self.tick.fetch_add(1, Ordering::Release);
        let waiting = state.waiting.drain(..);
        woken.extend(waiting.filter(|waiter| waiter.claim(TICKED)));
    }

    /// Changes what bounds its operations, also those that wait.
    pub(super) fn set_limits(&self, f: impl FnOnce(&mut Limits)) {
        let mut woken = Vec::new();
        self.change_state(&mut woken, |state| {
            f(&mut state.limits);
            self.limited
                .store(state.limits.is_some(), Ordering::Release);
        });
        woken.into_iter().for_each(Waiter::wake);
    }

    /// Waits for a tick after `seen`, for `left` at most.
    pub(super) fn wait(
        &self,
        seen: usize,
        left: Option<Duration>,
        reason: WaitReason,
    ) -> io::Result<()> {
        let wait = current::wait();
        let waiter = wait.waiter();
        {
            let mut state = self.state.lock();
            if self.tick() != seen {
                return Ok(());
            }
            state.waiting.push(waiter.clone());
        }
        let queued = Queued(self, &waiter);
        let case = match left {
            None => wait.wait(reason),
            Some(left) => wait.wait_at_most(left, TIMED_OUT, reason),
        };
        if case == TIMED_OUT {
            return Err(timed_out());
        }
        // Whoever ticked took it out.
        std::mem::forget(queued);
        Ok(())
    }
}

/// Takes a waiter out whose wait ended otherwise than by a tick.
struct Queued<'a>(&'a Direction, &'a Waiter);

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.waiting.retain(|waiter| !waiter.is(self.1));
    }
}

#[cold]
pub(super) fn timed_out() -> io::Error {
    let message = "the deadline of a network operation has passed";
    io::Error::new(io::ErrorKind::TimedOut, message)
}
