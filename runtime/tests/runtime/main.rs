//! The runtime as its users see it, on both schedulers.
//!
//! - [`goroutines`]: starting, joining, panics, names, time;
//! - [`channels`], [`select`]: values and errors, order and fairness;
//! - [`locks`]: exclusion and wake-ups;
//! - [`endings`]: deadlocks, leaks, runs that do not end;
//! - [`replay`]: the same seed, the same run; runs side by side;
//! - [`scheduler`]: who runs where, in parallel.

mod channels;
mod endings;
mod goroutines;
mod locks;
mod replay;
mod scheduler;
mod select;

use deadheat_runtime::detector::report::Scheduler;
use deadheat_runtime::{Builder, Outcome, Run};

const SEEDS: u64 = 40;

/// All ways to run a test's body: many seeds on the controlled scheduler, the parallel one
/// with one, two and four processors.
fn builders() -> impl Iterator<Item = Builder> {
    let controlled = (0..SEEDS).map(|seed| Run::new("test").seed(seed));
    let parallel = [1, 2, 4].map(|procs| {
        Run::new("test")
            .scheduler(Scheduler::Parallel)
            .max_procs(procs)
    });
    controlled.chain(parallel)
}

/// Runs `body` in all ways, without and with detection.
#[track_caller]
fn everywhere<T: Send + 'static>(body: fn() -> T, mut check: impl FnMut(Outcome<T>)) {
    for builder in builders() {
        for detect in [false, true] {
            check(builder.clone().detect(detect).go(body));
        }
    }
}

/// Runs `body` in all ways; it must return.
#[track_caller]
fn passes(body: fn()) {
    everywhere(body, |outcome| {
        outcome.result.expect("the main goroutine returns");
        assert_eq!(outcome.panics, [""; 0]);
    });
}
