//! What a goroutine that is blocked on a channel takes: `cargo bench -p deadheat-runtime --bench
//! blocked -- [N] [STACK]`, with a million goroutines unless told otherwise, on stacks of 256 KiB.
//!
//! Go's goroutine takes 2.7 KiB (Go 1.27, trivial body). A page is the floor where each has a
//! stack of the machine's own kind.

use deadheat_runtime::detector::report::Scheduler;
use deadheat_runtime::sync::WaitGroup;
use deadheat_runtime::{DEFAULT_STACK, Run, chan, go};
use std::sync::Arc;
use std::time::{Duration, Instant};

struct Used {
    resident: usize,
    page_tables: usize,
}

/// What `/proc/self/status` says, in bytes.
fn used() -> Used {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        number.unwrap_or(0_usize) * 1024
    };
    Used {
        resident: field("VmRSS:"),
        page_tables: field("VmPTE:"),
    }
}

fn block(n: usize) -> (Used, Duration, Duration) {
    let (tx, rx) = chan::unbuffered::<()>();
    let started = Arc::new(WaitGroup::new());
    let ended = Arc::new(WaitGroup::new());
    started.add(n);
    ended.add(n);
    let begin = Instant::now();
    for _ in 0..n {
        let (rx, started, ended) = (rx.clone(), Arc::clone(&started), Arc::clone(&ended));
        drop(go(move || {
            started.done();
            let _ = rx.recv();
            ended.done();
        }));
    }
    started.wait();
    let blocked = begin.elapsed();
    let used = used();
    let begin = Instant::now();
    tx.close();
    ended.wait();
    (used, blocked, begin.elapsed())
}

fn main() {
    let mut numbers = std::env::args().filter_map(|arg| arg.parse().ok());
    let n: usize = numbers.next().unwrap_or(1_000_000);
    let stack: usize = numbers.next().unwrap_or(DEFAULT_STACK);
    let before = used();
    let run = Run::new("blocked")
        .scheduler(Scheduler::Parallel)
        .stack_size(stack);
    let (during, blocked, woken) = run.go(move || block(n)).result.expect("the run returns");
    let each = |bytes: usize| bytes as f64 / n as f64;
    let nanos = |time: Duration| time.as_nanos() as f64 / n as f64;
    println!("blocked goroutines           {n:>12}");
    println!(
        "resident memory              {:>12.0} B each",
        each(during.resident - before.resident)
    );
    println!(
        "page tables                  {:>12.0} B each",
        each(during.page_tables - before.page_tables)
    );
    println!(
        "start, run and block         {:>12.0} ns each",
        nanos(blocked)
    );
    println!(
        "wake and end                 {:>12.0} ns each",
        nanos(woken)
    );
}
