//! Many timers at once; how long a million take, `benches/timers.rs` measures.

use deadheat_runtime::detector::report::Scheduler;
use deadheat_runtime::sync::WaitGroup;
use deadheat_runtime::time::{Timer, after_func, since_start, sleep};
use deadheat_runtime::{Run, go};
use std::sync::Arc;
use std::time::Duration;

const MANY: u64 = 100_000;
const LONG: Duration = Duration::from_secs(3600);

/// Times of up to `most`, in no order.
fn times(n: u64, most: Duration) -> impl Iterator<Item = Duration> {
    let most = most.as_nanos() as u64;
    (0..n).map(move |n| Duration::from_nanos(n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % most))
}

fn runs() -> [deadheat_runtime::Builder; 2] {
    let run = Run::new("test").max_steps(u64::MAX);
    [run.clone(), run.scheduler(Scheduler::Parallel).max_procs(2)]
}

#[test]
fn goroutines_that_start_later() {
    for run in runs() {
        let outcome = run.go(|| {
            let group = Arc::new(WaitGroup::new());
            group.add(MANY as usize);
            let mut calls = Vec::new();
            for (n, time) in times(MANY, Duration::from_millis(50)).enumerate() {
                let group = group.clone();
                let time = if n % 2 == 0 { time } else { LONG };
                calls.push(after_func(time, move || group.done()));
            }
            let stopped = calls.iter().skip(1).step_by(2);
            assert_eq!(stopped.filter(|call| call.stop()).count() as u64, MANY / 2);
            (0..MANY / 2).for_each(|_| group.done());
            group.wait();
        });
        outcome.result.unwrap();
    }
}

#[test]
fn sleepers() {
    for run in runs() {
        let outcome = run.go(|| {
            let group = Arc::new(WaitGroup::new());
            for time in times(MANY / 10, Duration::from_millis(50)) {
                let before = since_start().unwrap();
                group.go(move || {
                    sleep(time);
                    assert!(since_start().unwrap() >= before + time);
                });
            }
            group.wait();
        });
        outcome.result.unwrap();
        assert_eq!(outcome.panics, [""; 0]);
    }
}

#[test]
fn channels_of_timers() {
    for run in runs() {
        let outcome = run.go(|| {
            let most = Duration::from_millis(50);
            let timers: Vec<_> = times(MANY, most).map(Timer::new).collect();
            let waiting = timers.iter().step_by(10).map(|timer| timer.c().clone());
            let waiting: Vec<_> = waiting.map(|c| go(move || c.recv().is_ok())).collect();
            for receiver in waiting {
                assert!(receiver.join().unwrap());
            }
            for (n, timer) in timers.iter().enumerate() {
                assert_eq!(timer.stop(), n % 10 != 0);
            }
        });
        outcome.result.unwrap();
    }
}
