//! A task's wait for a timer's value.
//!
//! It leaves a waiter with the alarm, which wakes it where the timer is set anew, and one timer of its
//! own for when the value comes. Whoever is woken looks again; dropping the wait takes both back.

use super::alarm::Alarm;
use super::select::{AGAIN, DUE};
use crate::time::clock::PendingTimer;
use crate::timers::Target;
use crate::waiter::Waiter;
use std::sync::Arc;
use std::task::{Context, Waker};

/// A wait that has been polled.
pub(super) struct Awaited {
    alarm: Arc<Alarm>,
    waiter: Waiter,
    _timer: Option<PendingTimer>,
}

impl Awaited {
    /// Has `waker` woken when `alarm` has a value, or is set anew; `None` where it has one.
    pub(super) fn new(alarm: &Arc<Alarm>, waker: Waker) -> Option<Self> {
        let waiter = Waiter::task(waker);
        if !alarm.offer(&waiter) {
            return None;
        }
        // Where it is set anew just now, the waiter is woken, and this timer finds nothing to do.
        let timer = alarm.due_in().and_then(|left| {
            let target = Target::Wait(waiter.clone(), DUE);
            alarm.clock().add_timer(left, target)
        });
        Some(Self {
            alarm: Arc::clone(alarm),
            waiter,
            _timer: timer,
        })
    }

    /// Whether it is time to look again. If not, the future is woken when it is.
    pub(super) fn is_over(&self, context: &Context<'_>) -> bool {
        self.waiter.is_done(context)
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        // Nobody wakes a task that does not wait any more.
        self.waiter.claim(AGAIN);
        self.alarm.withdraw(&self.waiter);
    }
}
