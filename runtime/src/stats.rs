//! What the scheduler of a run does at a moment.

use crate::current;
use std::fmt;

/// A snapshot of a run's scheduler. The numbers are of about the same moment, not of exactly one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Stats {
    /// How many goroutines may run at once.
    pub procs: usize,
    /// Processors that nobody has.
    pub idle_procs: usize,
    /// OS threads that run goroutines, or would.
    pub threads: usize,
    /// Those of them that sleep.
    pub idle_threads: usize,
    /// Those that look for work.
    pub spinning_threads: usize,
    /// Goroutines in the global queue; on the controlled scheduler, all that can run.
    pub global_queue: usize,
    /// Goroutines in the queue of each processor.
    pub local_queues: Vec<usize>,
    /// How often a processor took work from another one's queue.
    pub steals: u64,
    /// How often a processor was taken from a goroutine that passed no safepoint for 20 ms.
    pub retaken: u64,
    /// How often a goroutine had run for 10 ms and was made to let others run.
    pub preempted: u64,
    /// How often a worker did a part of the detector's housekeeping: one without work, as a rule.
    pub housekept: u64,
}

/// The names are those of Go's `schedtrace`, as far as it has them.
impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queues: Vec<_> = self.local_queues.iter().map(ToString::to_string).collect();
        write!(
            f,
            "gomaxprocs={} idleprocs={} threads={} spinningthreads={} idlethreads={} \
             runqueue={} [{}] steals={} retaken={} preempted={}",
            self.procs,
            self.idle_procs,
            self.threads,
            self.spinning_threads,
            self.idle_threads,
            self.global_queue,
            queues.join(" "),
            self.steals,
            self.retaken,
            self.preempted
        )
    }
}

/// What the scheduler of the caller's run does. `None` outside a run.
#[must_use]
pub fn stats() -> Option<Stats> {
    current::with(|g| g.run.scheduler.stats())
}
