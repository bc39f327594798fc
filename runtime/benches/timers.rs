//! What timers take when there are many: `cargo bench -p deadheat-runtime --bench timers -- [N]`, with
//! a million unless told otherwise.

use deadheat_runtime::detector::report::Scheduler;
use deadheat_runtime::sync::WaitGroup;
use deadheat_runtime::time::{AfterFunc, Timer, after_func, sleep};
use deadheat_runtime::{Run, go};
use std::sync::Arc;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(3600);

/// The memory in use that is not a file's, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse::<usize>().ok());
    number.unwrap_or(0) * 1024
}

/// Times between one and two hours, in no order.
fn time(n: u64) -> Duration {
    LONG + Duration::from_nanos(n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % LONG.as_nanos() as u64)
}

fn say(what: &str, n: u64, time: Duration, bytes: usize) {
    let nanos = time.as_nanos() as f64 / n as f64;
    println!(
        "{what:<34} {nanos:>8.0} ns each {:>8.0} B each",
        bytes as f64 / n as f64
    );
}

/// Measures `f`, and the memory of what it gives.
fn measure<T>(what: &str, n: u64, f: impl FnOnce() -> T) -> T {
    let (before, begin) = (resident(), Instant::now());
    let made = f();
    say(what, n, begin.elapsed(), resident().saturating_sub(before));
    made
}

fn pending(n: u64) {
    let timers: Vec<_> = measure("new timer", n, || {
        (0..n).map(time).map(Timer::new).collect()
    });
    measure("reset it", n, || {
        assert!(timers.iter().all(|timer| timer.reset(LONG)));
    });
    measure("stop it", n, || assert!(timers.iter().all(Timer::stop)));
    drop(timers);
    let set = |n| after_func(time(n), || {});
    let calls: Vec<_> = measure("after_func", n, || (0..n).map(set).collect());
    measure("stop it", n, || assert!(calls.iter().all(AfterFunc::stop)));
}

/// Sets them all to one moment, and sees when the last has run.
fn firing(n: u64) {
    let group = Arc::new(WaitGroup::new());
    group.add(n as usize);
    let begin = Instant::now();
    let due = Duration::from_nanos(1000 * n);
    for _ in 0..n {
        let group = Arc::clone(&group);
        after_func(due.saturating_sub(begin.elapsed()), move || group.done());
    }
    group.wait();
    let late = begin.elapsed().saturating_sub(due);
    say("after_func, run it once it is due", n, late, 0);
}

fn sleeping(n: u64) {
    let group = Arc::new(WaitGroup::new());
    group.add(n as usize);
    // By then all sleep.
    let due = Duration::from_nanos(20_000 * n);
    let (before, begin) = (resident(), Instant::now());
    for _ in 0..n {
        let group = Arc::clone(&group);
        drop(go(move || {
            sleep(due.saturating_sub(begin.elapsed()));
            group.done();
        }));
    }
    let started = begin.elapsed();
    say(
        "goroutine that sleeps, its start",
        n,
        started,
        resident() - before,
    );
    group.wait();
    let late = begin.elapsed().saturating_sub(due);
    say("wake it, and end", n, late, 0);
}

fn main() {
    let n = std::env::args().find_map(|arg| arg.parse().ok());
    let n: u64 = n.unwrap_or(1_000_000);
    println!("{n} timers");
    for work in [pending, firing, sleeping] {
        let run = Run::new("timers").scheduler(Scheduler::Parallel);
        run.go(move || work(n)).result.expect("the run returns");
    }
}
