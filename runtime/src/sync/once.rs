//! Doing something once.

use super::raw::RawLock;
use crate::current;
use crate::detect::SyncName;
use deadheat_detector::thread::SyncOp;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};

/// Something to be done once.
///
/// **Happens-before:** the completion of the one call comes before the return of every
/// [`call`](Self::call).
#[derive(Debug)]
pub struct Once {
    done: AtomicBool,
    lock: RawLock,
    name: SyncName,
}

impl Once {
    /// Nothing done yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            done: AtomicBool::new(false),
            lock: RawLock::new(),
            name: SyncName::new(),
        }
    }

    /// Calls `f` if this is the first call; returns when the first call has completed. If `f`
    /// panics it counts as done, as in Go.
    ///
    /// A call from within `f` never returns; the run reports the deadlock.
    #[track_caller]
    pub fn call(&self, f: impl FnOnce()) {
        let at = Location::caller();
        current::safepoint();
        if !self.done.load(Ordering::Acquire) {
            self.lock.lock("Once call", at);
            let _completion = Completion { once: self, at };
            if !self.done.load(Ordering::Acquire) {
                f();
            }
        }
        self.name.acquire(SyncOp {
            what: "Once call",
            at,
        });
    }

    /// Whether the one call has completed. Orders nothing.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        current::safepoint();
        self.done.load(Ordering::Acquire)
    }
}

impl Default for Once {
    fn default() -> Self {
        Self::new()
    }
}

struct Completion<'a> {
    once: &'a Once,
    at: &'static Location<'static>,
}

impl Drop for Completion<'_> {
    fn drop(&mut self) {
        let once = self.once;
        if !once.done.load(Ordering::Relaxed) {
            once.name.release(SyncOp {
                what: "completion of the Once call",
                at: self.at,
            });
            once.done.store(true, Ordering::Release);
        }
        // SAFETY: `call` locked it before it made this value.
        unsafe { once.lock.unlock() };
    }
}
