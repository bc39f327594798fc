//! A goroutine that starts after a time.

use crate::current;
use crate::later::{Call, Later};
use crate::run::Run;
use crate::timers::{Target, TimerKey};
use deadheat_detector::thread::SyncOp;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// Starts a goroutine that calls `f` once `duration` has passed; Go's
/// [`time.AfterFunc`](https://pkg.go.dev/time#AfterFunc).
///
/// Until then it is no goroutine: it has no stack, and does not keep the run going when the main
/// goroutine has returned. What is left then never starts. As long as it is to come, other
/// goroutines may wait for it, and are not deadlocked. A panic of `f` fails the run, as nobody
/// joins the goroutine.
///
/// **Happens-before:** the call comes before the first step of `f`.
///
/// # Panics
///
/// Outside a run: there is none to start a goroutine in.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::{chan, time::after_func};
/// use std::time::Duration;
///
/// let (tx, rx) = chan::unbuffered();
/// let never = after_func(Duration::from_secs(1), || unreachable!());
/// after_func(Duration::from_secs(2), move || tx.send("late").unwrap());
/// assert!(never.stop());
/// assert_eq!(rx.recv(), Ok("late"));
/// # }).result.unwrap();
/// ```
#[track_caller]
pub fn after_func(duration: Duration, f: impl FnOnce() + Send + 'static) -> AfterFunc {
    let op = SyncOp::here("time::after_func");
    current::safepoint();
    AfterFunc::new(duration, op, f)
}

/// What [`after_func`] has set; dropping it changes nothing.
pub struct AfterFunc {
    run: Weak<Run>,
    call: Arc<Call>,
    timer: TimerKey,
}

impl AfterFunc {
    /// [`after_func`], under the name of the operation `op`.
    pub(crate) fn new(duration: Duration, op: SyncOp, f: impl FnOnce() + Send + 'static) -> Self {
        let call = Call::new(Later::new(op, f));
        let g = current::get().expect("a goroutine, or there would be no call");
        let target = Target::Call(Arc::clone(&call));
        Self {
            timer: g.run.scheduler.add_timer(duration, target),
            run: Arc::downgrade(&g.run),
            call,
        }
    }

    /// Keeps the goroutine from starting. `false` where it has started, or was stopped before; it is
    /// not waited for. Orders nothing.
    pub fn stop(&self) -> bool {
        current::safepoint();
        self.cancel()
    }

    /// [`Self::stop`], where nobody else may run.
    pub(crate) fn cancel(&self) -> bool {
        let later = self.call.take();
        if later.is_some()
            && let Some(run) = self.run.upgrade()
        {
            drop(run.scheduler.remove_timer(self.timer));
        }
        later.is_some()
    }
}

impl fmt::Debug for AfterFunc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AfterFunc { .. }")
    }
}
