//! Lines that say what the scheduler does, every so often, in the spirit of Go's `schedtrace`.

use super::Parallel;
use crate::run::Run;
use std::io::Write as _;
use std::sync::Weak;
use std::time::Duration;

/// When the next line is due, in the run's time. The first is at once.
pub(super) struct SchedTrace {
    period: Duration,
    due: Duration,
}

impl SchedTrace {
    pub(super) fn new(period: Duration) -> Self {
        Self {
            period,
            due: Duration::ZERO,
        }
    }

    /// Whether a line is due at `now`; the next is a period later.
    fn takes(&mut self, now: Duration) -> bool {
        let due = now >= self.due;
        if due {
            self.due = now.saturating_add(self.period);
        }
        due
    }

    /// Writes the line to the standard error stream, if it is due at `now`.
    pub(super) fn at(&mut self, now: Duration, scheduler: &Parallel) {
        use crate::scheduler::Scheduler as _;
        if !self.takes(now) {
            return;
        }
        let run = scheduler.run.get().and_then(Weak::upgrade);
        let name = run.as_deref().map_or("", Run::name).escape_debug();
        let (ms, stats) = (now.as_millis(), scheduler.stats());
        let line = format!("SCHED {ms}ms: {stats} run={name}\n");
        // Not `eprintln`, which a test harness captures. Nobody is left to tell of an error.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_a_period_apart() {
        let mut trace = SchedTrace::new(Duration::from_millis(10));
        let lines = [0, 5, 9, 10, 15, 27, 36, 37].map(|ms| trace.takes(Duration::from_millis(ms)));
        let due = [true, false, false, true, false, true, false, true];
        assert_eq!(lines, due);
    }
}
