//! Waiting for a condition under a mutex.

use super::mutex::MutexGuard;
use super::wait_queue::WaitQueue;
use crate::current;
use crate::waiter::{WaitReason, Waiter};
use parking_lot::Mutex as PlainMutex;
use std::fmt;
use std::panic::Location;

/// A condition that goroutines wait for while they hold a mutex.
///
/// **Happens-before:** its edges are those of the mutex; a signal by itself orders nothing.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::{go, sync::{Cond, Mutex}};
/// use std::sync::Arc;
///
/// let shared = Arc::new((Mutex::new(false), Cond::new()));
/// let setter = shared.clone();
/// let _ = go(move || {
///     *setter.0.lock() = true;
///     setter.1.signal();
/// });
/// let (ready, cond) = &*shared;
/// let guard = cond.wait_while(ready.lock(), |ready| !*ready);
/// assert!(*guard);
/// # }).result.unwrap();
/// ```
#[derive(Default)]
pub struct Cond {
    waiting: PlainMutex<WaitQueue>,
}

impl Cond {
    /// A condition that nobody waits for.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            waiting: PlainMutex::new(WaitQueue::new()),
        }
    }

    /// Unlocks the mutex, waits for a signal, and locks it again. The condition may not hold
    /// when it returns: check it again, or use [`wait_while`](Self::wait_while).
    #[track_caller]
    pub fn wait<'a, T: ?Sized>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        let at = Location::caller();
        let mutex = guard.mutex();
        let wait = current::wait();
        self.waiting.lock().push(wait.waiter());
        drop(guard);
        wait.wait(WaitReason::new("Cond wait", at));
        mutex.lock_again(at)
    }

    /// Waits until `condition`, looked at under the mutex, is false.
    #[track_caller]
    pub fn wait_while<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> MutexGuard<'a, T> {
        while condition(&mut guard) {
            guard = self.wait(guard);
        }
        guard
    }

    /// Wakes one goroutine that waits, if any does.
    pub fn signal(&self) {
        current::safepoint();
        let woken = self.waiting.lock().pop();
        if let Some(waiter) = woken {
            waiter.wake();
        }
    }

    /// Wakes all goroutines that wait.
    pub fn broadcast(&self) {
        current::safepoint();
        let woken = self.waiting.lock().pop_all();
        woken.into_iter().for_each(Waiter::wake);
    }
}

impl fmt::Debug for Cond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cond { .. }")
    }
}
