//! Calls that block the OS thread.

use crate::current;
use crate::goroutine::G;
use crate::waiter::WaitReason;
use std::panic::Location;

/// Calls `f`, which may block the OS thread: a system call, a lock of another crate, a computation
/// that passes no safepoint. On the parallel scheduler another thread runs goroutines meanwhile, and
/// this one waits for its turn afterwards. Orders nothing.
///
/// On the controlled scheduler, and outside a run, `f` is called and nothing else: a run on one
/// thread waits for it.
///
/// Without it a goroutine that blocks its thread gives its processor up after 20 ms.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// let size = deadheat_runtime::blocking(|| std::fs::metadata(".").map(|file| file.len()));
/// assert!(size.is_ok());
/// # }).result.unwrap();
/// ```
#[track_caller]
pub fn blocking<T>(f: impl FnOnce() -> T) -> T {
    let reason = WaitReason::new("blocking call", Location::caller());
    let _away = current::get().map(|g| Away::new(g, reason));
    f()
}

/// A goroutine whose thread does without a processor.
struct Away(G);

impl Away {
    fn new(g: G, reason: WaitReason) -> Self {
        g.set_wait_reason(Some(reason));
        g.run.scheduler.lend(true);
        Self(g)
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        self.0.run.scheduler.lend(false);
        self.0.set_wait_reason(None);
    }
}
