//! What an access to a cell costs while nobody watches, beside the same access to a
//! `parking_lot::Mutex`.
//!
//! The two alternate, round by round, in one process; each line gives the median nanoseconds
//! of both and their ratio, on a plain thread and in a goroutine of the parallel scheduler.
//! `cargo bench --bench cells`.

use deadheat::detector::report::Scheduler;
use deadheat::{Run, Shared};
use parking_lot::Mutex;
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 101;
const ACCESSES: u32 = 200_000;

fn main() {
    println!("access\tShared ns\tMutex ns\tratio");
    compare_all("thread");
    let run = Run::new("cells").scheduler(Scheduler::Parallel);
    run.go(|| compare_all("goroutine"))
        .result
        .expect("the benchmark ends");
}

fn compare_all(caller: &str) {
    let (cell, mutex) = (Shared::new(0u64), Mutex::new(0u64));
    compare(caller, "get", || cell.get(), || *mutex.lock());
    compare(
        caller,
        "set",
        || cell.set(black_box(3)),
        || *mutex.lock() = black_box(3),
    );
    compare(
        caller,
        "update",
        || cell.update(|n| *n += 1),
        || *mutex.lock() += 1,
    );
}

fn compare<A, B>(caller: &str, name: &str, ours: impl Fn() -> A, theirs: impl Fn() -> B) {
    let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        our_times.push(nanoseconds_each(&ours));
        their_times.push(nanoseconds_each(&theirs));
    }
    let (ours, theirs) = (median(our_times), median(their_times));
    println!(
        "{caller} {name}\t{ours:.2}\t{theirs:.2}\t{:.3}",
        ours / theirs
    );
}

fn nanoseconds_each<R>(access: &impl Fn() -> R) -> f64 {
    let start = Instant::now();
    for _ in 0..ACCESSES {
        black_box(access());
    }
    start.elapsed().as_nanos() as f64 / f64::from(ACCESSES)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
