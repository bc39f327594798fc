//! Waiters in order of arrival.

use crate::waiter::Waiter;
use smallvec::SmallVec;
use std::collections::VecDeque;

/// Waiters in order of arrival. The owner serialises access.
#[derive(Default)]
pub(super) struct WaitQueue {
    waiters: VecDeque<Waiter>,
}

impl WaitQueue {
    pub(super) const fn new() -> Self {
        Self {
            waiters: VecDeque::new(),
        }
    }

    pub(super) fn push(&mut self, waiter: Waiter) {
        self.waiters.push_back(waiter);
    }

    /// The first waiter whose wait is not over, claimed; the caller wakes it.
    pub(super) fn pop(&mut self) -> Option<Waiter> {
        loop {
            let waiter = self.waiters.pop_front()?;
            if waiter.claim(0) {
                return Some(waiter);
            }
        }
    }

    /// Those of the first `count` waiters whose wait is not over, claimed; the caller wakes them.
    pub(super) fn pop_first(&mut self, count: u64) -> SmallVec<[Waiter; 2]> {
        let mut claimed = SmallVec::new();
        for _ in 0..count {
            if let Some(waiter) = self.waiters.pop_front()
                && waiter.claim(0)
            {
                claimed.push(waiter);
            }
        }
        claimed
    }

    /// All waiters whose wait is not over, claimed; the caller wakes them.
    pub(super) fn pop_all(&mut self) -> Vec<Waiter> {
        std::iter::from_fn(|| self.pop()).collect()
    }
}
