//! What cases are written with: goroutines on one state, and orders of events that are no
//! happens-before.

use crate::common::until;
use deadheat::atomic::{AtomicU32, Ordering};
use deadheat::go;
use std::sync::Arc;

/// Runs every one of `bodies` in a goroutine of its own, all on one `state`, and joins them.
/// Only the joins, so only the caller, come after what they do.
pub(crate) fn together<T, const N: usize>(state: T, bodies: [fn(&T); N]) -> Arc<T>
where
    T: Send + Sync + 'static,
{
    let state = Arc::new(state);
    let running = bodies.map(|body| {
        let state = Arc::clone(&state);
        go(move || body(&state))
    });
    for goroutine in running {
        goroutine.join().unwrap();
    }
    state
}

/// Forces an order of events in time without one in happens-before: its operations are
/// relaxed, and order nothing as long as the case has no fence.
pub(crate) struct Steps(AtomicU32);

impl Steps {
    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Step `step` is reached.
    pub(crate) fn reach(&self, step: u32) {
        self.0.store(step, Ordering::Relaxed);
    }

    /// Whether step `step` was reached.
    pub(crate) fn reached(&self, step: u32) -> bool {
        self.0.load(Ordering::Relaxed) >= step
    }

    /// Waits for step `step`.
    pub(crate) fn wait(&self, step: u32) {
        until(|| self.reached(step));
    }
}
