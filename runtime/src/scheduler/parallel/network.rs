//! Who looks at the network, and when.
//!
//! - A worker that has found nothing to run, before it turns to other processors' queues.
//! - One of the workers that sleep: it does so in the poller, until a socket is ready, a timer is
//!   due, or somebody has work for it. Another takes its place when that one has found more than
//!   it can run, and wakes a helper; otherwise it looks again itself when it has run that.
//! - `sysmon`, where nobody has for 10 ms because all are busy.

use super::processor::Processor;
use super::{Parallel, State, nanos};
use crate::goroutine::{G, Goroutine};
use parking_lot::MutexGuard;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long the network may go unseen.
const LATE: Duration = Duration::from_millis(10);

impl Parallel {
    /// Looks at the network without waiting: gives the first goroutine that can go on, and queues
    /// the others.
    pub(super) fn poll_network(&self, processor: &Processor) -> Option<G> {
        if !self.netpoll.is_waited_for() {
            return None;
        }
        let mut ready = self.look_at_network().into_iter();
        let first = ready.next()?;
        let more = ready.len() > 0;
        for g in ready {
            self.push(processor, g);
        }
        if more {
            self.wake_one();
        }
        processor.begin_slice();
        Some(first)
    }

    /// Sleeps until the network has something, somebody interrupts, or `deadline` comes. What can
    /// run then is in the global queue.
    pub(super) fn sleep_in_network(
        &self,
        state: &mut MutexGuard<'_, State>,
        deadline: Option<Instant>,
    ) {
        let timeout = deadline.map(|at| at.saturating_duration_since(Instant::now()));
        let mut ready = Vec::new();
        state.polling = true;
        MutexGuard::unlocked(state, || {
            self.netpoll.poll(timeout, &mut ready);
            self.keep_own(&mut ready);
        });
        state.polling = false;
        state.global.extend(ready);
        self.global_len.store(state.global.len(), Ordering::Release);
    }

    /// On behalf of workers that are all busy.
    pub(super) fn poll_late_network(&self) {
        let polled = Duration::from_nanos(self.polled.load(Ordering::Relaxed));
        let late = self.start.elapsed().saturating_sub(polled) >= LATE;
        if late && self.netpoll.is_waited_for() {
            let ready = self.look_at_network();
            ready.into_iter().for_each(|g| self.push_global(g));
        }
    }

    fn look_at_network(&self) -> Vec<G> {
        let mut ready = Vec::new();
        if self.netpoll.poll(Some(Duration::ZERO), &mut ready) {
            let now = nanos(self.start.elapsed());
            self.polled.store(now, Ordering::Relaxed);
        }
        self.keep_own(&mut ready);
        ready
    }

    /// Hands over what belongs to other runs, whose goroutines wait for the same sockets.
    fn keep_own(&self, ready: &mut Vec<G>) {
        for g in ready.extract_if(.., |g| !self.owns(g)) {
            g.hand_over();
        }
    }

    fn owns(&self, g: &Goroutine) -> bool {
        self.run
            .get()
            .is_some_and(|run| run.as_ptr() == Arc::as_ptr(&g.run))
    }
}
