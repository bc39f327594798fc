//! The workloads by which this runtime is compared with Go's: `scripts/compare-go.sh` runs both, in turns.
//!
//! `cargo bench --bench workloads -- WORKLOAD [N]` runs one by hand, with `MAXPROCS=n` for the number of
//! processors and `DETECT=1` for detection. It prints a line `RESULT name wall cpu …`: nanoseconds of
//! wall-clock time and of the processor's time for each operation, as Go's programs of the same names do.
//!
//! Each workload does what Go's does, in this runtime's words: the same goroutines, channels, locks and
//! numbers. Where Go's compiler has the race detector told of a variable that goroutines share, a cell
//! or an annotation does it here.

mod channels;
mod latency;
mod locks;
mod measure;
mod memory;
#[cfg(unix)]
mod network;
mod selects;
mod spawns;
mod trees;

use deadheat::Run;
use deadheat::detector::report::Scheduler;
use measure::measure;

/// Runs the workload `name` in `n` operations, or as many as it has anyway; `false` where there is none
/// of that name.
fn workload(name: &str, n: Option<usize>) -> bool {
    let or = |usual: usize| n.unwrap_or(usual);
    match name {
        "spawn" => warmed(name, or(1_000_000), "spawn_cold", spawns::all),
        "spawn1" => warm(name, or(500_000), 1000, spawns::one_at_a_time),
        "spawnb" => warm(name, or(1_000_000), 10_000, spawns::batches),
        "yield" => warm(name, or(4_000_000), 1000, spawns::yields),
        "pingpong" => warm(name, or(500_000), 1000, channels::ping_pong),
        "buf1x1" => warm(name, or(4_000_000), 1000, |n| channels::buffered(n, 1, 1)),
        "buf4x4" => warm(name, or(4_000_000), 1000, |n| channels::buffered(n, 4, 4)),
        "chanself" => warm(name, or(10_000_000), 1000, channels::to_itself),
        "selectblock" => warm(name, or(1_000_000), 1000, selects::blocking),
        "selectready" => warm(name, or(3_000_000), 1000, selects::ready),
        "mutex1" => warm(name, or(20_000_000), 1000, |n| locks::counted(n, 1)),
        "mutex8" => warm(name, or(4_000_000), 1000, |n| locks::counted(n, 8)),
        "skynet" => warmed(name, 1, "skynet_cold", |_| trees::skynet()),
        "fib" => {
            let n = or(30) as u64;
            measure("fib_cold", 1, || trees::fibonacci(n));
            measure(name, 10, || {
                for _ in 0..10 {
                    let result = trees::fibonacci(n);
                    assert!(n != 30 || result == 832_040, "fibonacci({n}) is {result}");
                }
            });
        }
        "mem" => memory::blocked(or(1_000_000)),
        #[cfg(unix)]
        "echo" => network::echo(or(2000)),
        "latency" => latency::beside_a_spinner(),
        _ => return false,
    }
    true
}

/// Measures `f`, once as it comes and once more.
fn warmed(name: &str, n: usize, cold: &str, f: impl Fn(usize)) {
    measure(cold, n, || f(n));
    measure(name, n, || f(n));
}

/// Measures `f` after a little of it.
fn warm(name: &str, n: usize, little: usize, f: impl Fn(usize)) {
    f(little);
    measure(name, n, || f(n));
}

fn main() {
    // Cargo adds flags of its own.
    let mut words = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'));
    let Some(name) = words.next() else {
        eprintln!("usage: [MAXPROCS=n] [DETECT=1] workloads WORKLOAD [N]");
        return;
    };
    let n = words
        .next()
        .map(|n| n.parse().expect("N is a number of operations"));
    let detect = std::env::var("DETECT").is_ok_and(|on| on == "1");
    let mut run = Run::new("workloads")
        .scheduler(Scheduler::Parallel)
        .detect(detect);
    if let Ok(procs) = std::env::var("MAXPROCS") {
        run = run.max_procs(procs.parse().expect("MAXPROCS is a number"));
    }
    let outcome = run.go(move || {
        let known = workload(&name, n);
        assert!(known, "there is no workload {name}");
    });
    assert!(outcome.races == 0, "{} races", outcome.races);
    outcome.result.expect("the workload ends");
}
