//! Time as goroutines see it: virtual on the controlled scheduler, real on the parallel one.
//!
//! - [`sleep`]; [`since_start`], what time it is;
//! - [`timer`]: [`Timer`], one value after a time; [`after`], for short;
//! - [`ticker`]: [`Ticker`], a value each so many milliseconds;
//! - [`after_func`]: a goroutine that starts after a time.
//!
//! The values of timers are times since the run's start, those at which they came, as
//! [`since_start`] would have given them then.
//!
//! A timer whose channel nobody receives from costs nothing but its memory, whether it is stopped
//! or not. To wait for one, to sleep, and to set, start or stop a goroutine takes time that grows
//! with the logarithm of how many there are at present.

mod after_func;
pub(crate) mod clock;
mod process;
pub mod ticker;
pub mod timer;

pub use after_func::{AfterFunc, after_func};
pub use ticker::Ticker;
pub use timer::{Timer, after};

use crate::current;
use crate::waiter::WaitReason;
use std::panic::Location;
use std::time::Duration;

/// Lets others run for `duration`. Orders nothing.
///
/// On the controlled scheduler no real time passes: a step takes a virtual microsecond, and the
/// clock jumps to the earliest sleeper when nobody else can run. Outside a run the OS thread sleeps.
/// No time at all is a [`yield_now`](crate::yield_now()).
#[track_caller]
pub fn sleep(duration: Duration) {
    let at = Location::caller();
    if current::with(|_| ()).is_none() {
        std::thread::sleep(duration);
        return;
    }
    if duration.is_zero() {
        return crate::yield_now();
    }
    current::wait().wait_at_most(duration, 0, WaitReason::new("sleep", at));
}

/// The time since the current run began. `None` outside a run.
#[must_use]
pub fn since_start() -> Option<Duration> {
    current::with(|g| g.run.scheduler.now())
}
