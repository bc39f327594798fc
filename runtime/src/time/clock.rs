//! What time it is for whom.

use crate::current;
use crate::run::Run;
use crate::time::process;
use crate::timers::{Target, TimerKey};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

/// The clock by which something is timed.
pub(crate) enum Clock {
    /// That of a run: it stands still once the run is over.
    Run(Weak<Run>),
    /// That of the process, for what no run has made.
    Process,
}

impl Clock {
    /// The clock of the caller.
    pub(crate) fn here() -> Self {
        match current::get() {
            Some(g) => Self::Run(Arc::downgrade(&g.run)),
            None => Self::Process,
        }
    }

    /// The time by this clock; `None` where its run is over.
    pub(crate) fn now(&self) -> Option<Duration> {
        match self {
            Self::Run(run) => run.upgrade().map(|run| run.scheduler.now()),
            Self::Process => Some(of_process()),
        }
    }

    /// Has `target` fire when `after` has passed by this clock; `None` where its run is over, and no
    /// time passes any more.
    pub(crate) fn add_timer(&self, after: Duration, target: Target) -> Option<PendingTimer> {
        Some(match self {
            Self::Run(run) => {
                let key = run.upgrade()?.scheduler.add_timer(after, target);
                PendingTimer::Run(Weak::clone(run), key)
            }
            Self::Process => PendingTimer::Process(process::add(after, target)),
        })
    }
}

/// A timer that has been set; dropping it takes it out, unless it has fired.
pub(crate) enum PendingTimer {
    Run(Weak<Run>, TimerKey),
    Process(TimerKey),
}

impl Drop for PendingTimer {
    fn drop(&mut self) {
        match self {
            Self::Run(run, key) => {
                drop(run.upgrade().map(|run| run.scheduler.remove_timer(*key)));
            }
            Self::Process(key) => drop(process::remove(*key)),
        }
    }
}

/// The time since some moment in the past.
pub(super) fn of_process() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// The time by the caller's clock.
pub(crate) fn now() -> Duration {
    current::with(|g| g.run.scheduler.now()).unwrap_or_else(of_process)
}
