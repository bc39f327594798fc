//! One value, after a time.

use crate::chan::Receiver;
use crate::chan::alarm::Alarm;
use crate::current;
use deadheat_detector::thread::SyncOp;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A channel that gives one value, the time, once `duration` has passed; Go's
/// [`time.After`](https://pkg.go.dev/time#After).
///
/// The channel is never closed. A receive after the one value blocks for ever, and where all
/// goroutines do, that is a deadlock. Dropping the channel is all it takes to be rid of the timer.
///
/// **Happens-before:** the call comes before the receive of the value.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::{chan, select, time::after};
/// use std::time::Duration;
///
/// let (_quiet, never) = chan::unbuffered::<()>();
/// select! {
///     recv(never) -> _ => unreachable!(),
///     recv(after(Duration::from_secs(3600))) -> at => {
///         assert!(at.unwrap() >= Duration::from_secs(3600)); // virtual time: at once
///     }
/// }
/// # }).result.unwrap();
/// ```
#[must_use]
#[track_caller]
pub fn after(duration: Duration) -> Receiver<Duration> {
    let op = SyncOp::here("time::after");
    current::safepoint();
    let alarm = Alarm::new();
    alarm.set(Some(duration), None, op);
    Receiver::of_alarm(alarm)
}

/// A timer that can be stopped and set again; Go's [`time.Timer`](https://pkg.go.dev/time#Timer),
/// as it is since Go 1.23: once `stop` or `reset` has returned, no value of an earlier time is
/// received.
///
/// **Happens-before:** the call of [`new`](Self::new) or [`reset`](Self::reset) that set the timer
/// comes before the receive of the value.
///
/// Usable outside a run too, with real time, and by several goroutines at once. Dropping the timer
/// does not stop it, for those who have a clone of its channel.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::time::Timer;
/// use std::time::Duration;
///
/// let timer = Timer::new(Duration::from_secs(1));
/// assert!(timer.stop());
/// assert!(!timer.reset(Duration::from_secs(2)));
/// assert!(timer.c().recv().unwrap() >= Duration::from_secs(2));
/// assert!(!timer.stop());
/// # }).result.unwrap();
/// ```
pub struct Timer {
    alarm: Arc<Alarm>,
    channel: Receiver<Duration>,
}

impl Timer {
    /// A timer that gives its value once `duration` has passed.
    #[must_use]
    #[track_caller]
    pub fn new(duration: Duration) -> Self {
        let op = SyncOp::here("new timer");
        current::safepoint();
        let alarm = Alarm::new();
        alarm.set(Some(duration), None, op);
        Self {
            channel: Receiver::of_alarm(Arc::clone(&alarm)),
            alarm,
        }
    }

    /// The channel that the value comes from. It is never closed, also not by a stop.
    #[must_use]
    pub fn c(&self) -> &Receiver<Duration> {
        &self.channel
    }

    /// Stops the timer: it gives no value until it is set again. Says whether there was one to come,
    /// or one that nobody had received yet. Orders nothing.
    #[track_caller]
    pub fn stop(&self) -> bool {
        let op = SyncOp::here("timer stop");
        current::safepoint();
        self.alarm.set(None, None, op)
    }

    /// Sets the timer again, whatever state it is in: it gives its value once `duration` has passed
    /// from now. Says what [`stop`](Self::stop) would have said.
    #[track_caller]
    pub fn reset(&self, duration: Duration) -> bool {
        let op = SyncOp::here("timer reset");
        current::safepoint();
        self.alarm.set(Some(duration), None, op)
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Timer { .. }")
    }
}
