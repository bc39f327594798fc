//! Until when an operation may wait.

use crate::current;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The caller's clock: that of its run, whose number comes first, or, outside one, real time.
fn clock() -> (u64, Duration) {
    static START: OnceLock<Instant> = OnceLock::new();
    let here = current::with(|g| (g.run.id, g.run.scheduler.now()));
    here.unwrap_or_else(|| (0, START.get_or_init(Instant::now).elapsed()))
}

/// The time on the caller's clock.
fn now() -> Duration {
    clock().1
}

/// A moment, on the clock of the run that set it, and for others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    run: u64,
    due: Duration,
    real: Instant,
}

impl Deadline {
    pub(super) fn new(real: Instant) -> Self {
        let (run, now) = clock();
        let left = real.saturating_duration_since(Instant::now());
        let due = now.saturating_add(left);
        Self { run, due, real }
    }

    /// How long it is until then, for the caller; zero where it has passed.
    pub(super) fn left(&self) -> Duration {
        let (run, now) = clock();
        if run == self.run {
            self.due.saturating_sub(now)
        } else {
            self.real.saturating_duration_since(Instant::now())
        }
    }
}

/// What bounds the operations of one direction of a socket.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    pub(super) deadline: Option<Deadline>,
    pub(super) timeout: Option<Duration>,
}

impl Limits {
    pub(super) fn is_some(&self) -> bool {
        self.deadline.is_some() || self.timeout.is_some()
    }

    /// Whether the deadline has passed.
    pub(super) fn is_over(&self) -> bool {
        self.deadline
            .is_some_and(|deadline| deadline.left().is_zero())
    }

    /// How long an operation that began to wait at `begin` on the caller's clock may still wait;
    /// the first that asks begins.
    pub(super) fn left(&self, begin: &mut Option<Duration>) -> Option<Duration> {
        let deadline = self.deadline.map(|deadline| deadline.left());
        let timeout = self.timeout.map(|timeout| {
            let now = now();
            timeout.saturating_sub(now - *begin.get_or_insert(now))
        });
        deadline.into_iter().chain(timeout).min()
    }
}
