//! A value each so many milliseconds.

use crate::chan::Receiver;
use crate::chan::alarm::Alarm;
use crate::current;
use deadheat_detector::thread::SyncOp;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A channel that gives a value, the time, each so many milliseconds; Go's
/// [`time.Ticker`](https://pkg.go.dev/time#Ticker).
///
/// The channel holds one value. Where nobody has received it when the next one comes, that one is
/// dropped, and the ones after it keep their distance from the first.
///
/// **Happens-before:** the call of [`new`](Self::new) or [`reset`](Self::reset) that set the ticker
/// comes before each receive of a value that comes of it. One receive is not before the next.
///
/// Usable outside a run too, with real time. A ticker that nobody receives from keeps no run going.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::time::{self, Ticker, since_start};
/// use std::time::Duration;
///
/// let second = Duration::from_secs(1);
/// let ticker = Ticker::new(second);
/// let first = ticker.c().recv().unwrap();
/// time::sleep(5 * second); // four of them are dropped
/// assert_eq!(ticker.c().recv(), Ok(first + second));
/// assert_eq!(ticker.c().recv(), Ok(first + 6 * second));
/// # }).result.unwrap();
/// ```
pub struct Ticker {
    alarm: Arc<Alarm>,
    channel: Receiver<Duration>,
}

impl Ticker {
    /// A ticker that gives its first value once `period` has passed, and another each `period`.
    ///
    /// # Panics
    ///
    /// Where `period` is zero.
    #[must_use]
    #[track_caller]
    pub fn new(period: Duration) -> Self {
        let op = SyncOp::here("new ticker");
        let alarm = Alarm::new();
        let ticker = Self {
            channel: Receiver::of_alarm(Arc::clone(&alarm)),
            alarm,
        };
        ticker.set(period, op);
        ticker
    }

    /// The channel that the values come from. It is never closed, also not by a stop.
    #[must_use]
    pub fn c(&self) -> &Receiver<Duration> {
        &self.channel
    }

    /// Stops the ticker: it gives no value, also none that nobody had received yet, until it is set
    /// again. Orders nothing.
    #[track_caller]
    pub fn stop(&self) {
        let op = SyncOp::here("ticker stop");
        current::safepoint();
        self.alarm.set(None, None, op);
    }

    /// Sets the ticker again, whatever state it is in, with another period, or the same: the next
    /// value comes once `period` has passed from now.
    ///
    /// # Panics
    ///
    /// Where `period` is zero.
    #[track_caller]
    pub fn reset(&self, period: Duration) {
        let op = SyncOp::here("ticker reset");
        self.set(period, op);
    }

    #[track_caller]
    fn set(&self, period: Duration, op: SyncOp) {
        assert!(!period.is_zero(), "a ticker that would tick all the time");
        current::safepoint();
        self.alarm.set(Some(period), Some(period), op);
    }
}

impl fmt::Debug for Ticker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticker { .. }")
    }
}
