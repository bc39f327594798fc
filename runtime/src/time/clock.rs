//! What time it is for whom.

use crate::current;
use crate::run::Run;
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
}

/// The time since some moment in the past.
fn of_process() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// The time by the caller's clock.
pub(crate) fn now() -> Duration {
    current::with(|g| g.run.scheduler.now()).unwrap_or_else(of_process)
}
