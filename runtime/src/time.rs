//! Time as goroutines see it: virtual on the controlled scheduler, real on the parallel one.

use crate::current;
use crate::waiter::WaitReason;
use std::panic::Location;
use std::time::Duration;

/// Lets others run for `duration`. Orders nothing.
///
/// On the controlled scheduler no real time passes: a step takes a virtual microsecond, and the
/// clock jumps to the earliest sleeper when nobody else can run. Outside a run the OS thread sleeps.
#[track_caller]
pub fn sleep(duration: Duration) {
    let at = Location::caller();
    if current::with(|_| ()).is_none() {
        std::thread::sleep(duration);
        return;
    }
    current::waiter().wait_at_most(duration, 0, WaitReason::new("sleep", at));
}

/// The time since the current run began. `None` outside a run.
#[must_use]
pub fn since_start() -> Option<Duration> {
    current::with(|g| g.run.scheduler.now())
}
