//! The runtime as its users see it, on both schedulers.
//!
//! - [`goroutines`]: starting, joining, panics, names, time;
//! - [`channels`], [`select`]: values and errors, order and fairness;
//! - [`timeouts`]: channel operations that do not wait for ever;
//! - [`timers`], [`tickers`], [`after_funcs`]: what happens at its time; [`many_timers`]: at once;
//! - [`contexts`]: what is given up;
//! - [`futures`]: awaiting in goroutines, and awaiting goroutines; [`tokio_tasks`]: beside tokio;
//! - [`locals`]: values that each goroutine has of its own;
//! - [`locks`]: exclusion and wake-ups;
//! - [`semaphore`], [`once_cell`], [`singleflight`], [`group`]: places, values, shared work,
//!   goroutines of which one may fail;
//! - [`dump`]: what all goroutines do, with their stacks;
//! - [`map`], [`pool`]: many who use one;
//! - [`net`], [`net_deadlines`]: sockets;
//! - [`endings`]: deadlocks, leaks, runs that do not end;
//! - [`replay`]: the same seed, the same run; runs side by side;
//! - [`scheduler`]: who runs where, in parallel.

mod after_funcs;
mod channels;
mod contexts;
mod dump;
mod endings;
mod futures;
mod goroutines;
mod group;
mod locals;
mod locks;
mod many_timers;
mod map;
#[cfg(unix)]
mod net;
#[cfg(unix)]
mod net_deadlines;
mod once_cell;
mod pool;
mod replay;
mod scheduler;
mod select;
mod semaphore;
mod singleflight;
mod tickers;
mod timeouts;
mod timers;
mod tokio_tasks;

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

/// The message of a panic.
fn message(payload: &(dyn std::any::Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.expect("a panic with a text")
}

/// Runs `body` in all ways; it must return.
#[track_caller]
fn passes(body: fn()) {
    everywhere(body, |outcome| {
        outcome.result.expect("the main goroutine returns");
        assert_eq!(outcome.panics, [""; 0]);
    });
}
