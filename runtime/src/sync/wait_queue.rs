//! Waiters in order of arrival.

use crate::waiter::Waiter;
use std::collections::VecDeque;
use std::sync::Arc;

/// Waiters in order of arrival. The owner serialises access.
#[derive(Default)]
pub(super) struct WaitQueue {
    waiters: VecDeque<Arc<Waiter>>,
}

impl WaitQueue {
    pub(super) const fn new() -> Self {
        Self {
            waiters: VecDeque::new(),
        }
    }

    pub(super) fn push(&mut self, waiter: Arc<Waiter>) {
        self.waiters.push_back(waiter);
    }

    /// The first waiter whose wait is not over, claimed; the caller wakes it.
    pub(super) fn pop(&mut self) -> Option<Arc<Waiter>> {
        loop {
            let waiter = self.waiters.pop_front()?;
            if waiter.claim(0) {
                return Some(waiter);
            }
        }
    }

    /// All waiters whose wait is not over, claimed; the caller wakes them.
    pub(super) fn pop_all(&mut self) -> Vec<Arc<Waiter>> {
        std::iter::from_fn(|| self.pop()).collect()
    }
}
