//! Blocked operations that end at a certain time, earliest first.

use crate::waiter::Waiter;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

struct Timer {
    /// Time since the run's start.
    due: Duration,
    /// Timers that are due together fire in the order they were set.
    order: u64,
    waiter: Arc<Waiter>,
    case: usize,
}

impl Ord for Timer {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.due, other.order).cmp(&(self.due, self.order))
    }
}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Timer {}

/// A heap of timers.
#[derive(Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Timer>,
    set: u64,
}

impl Timers {
    /// Claims `waiter` by `case` once `due` has come.
    pub(crate) fn add(&mut self, due: Duration, waiter: Arc<Waiter>, case: usize) {
        self.set += 1;
        self.heap.push(Timer {
            due,
            order: self.set,
            waiter,
            case,
        });
    }

    /// When the next timer that still matters is due.
    pub(crate) fn next_due(&mut self) -> Option<Duration> {
        while self
            .heap
            .peek()
            .is_some_and(|timer| timer.waiter.is_claimed())
        {
            self.heap.pop();
        }
        self.heap.peek().map(|timer| timer.due)
    }

    /// Takes a timer that is due at `now` and claims its waiter; the caller wakes it.
    pub(crate) fn fire(&mut self, now: Duration) -> Option<Arc<Waiter>> {
        while self.next_due().is_some_and(|due| due <= now) {
            let timer = self.heap.pop()?;
            if timer.waiter.claim(timer.case) {
                return Some(timer.waiter);
            }
        }
        None
    }
}
