//! The line that each workload prints, and what is in it.

use std::time::{Duration, Instant};

/// Runs `f`, which does `n` operations, and prints how long each took.
pub(crate) fn measure<R>(name: &str, n: usize, f: impl FnOnce() -> R) -> R {
    let (used, began) = (processor_time(), Instant::now());
    let result = f();
    let (wall, cpu) = (began.elapsed(), processor_time() - used);
    report(name, n, wall, cpu, &format!("hwm_kb={}", status("VmHWM:")));
    result
}

/// Prints the line of a workload of `n` operations.
pub(crate) fn report(name: &str, n: usize, wall: Duration, cpu: Duration, more: &str) {
    let each = |time: Duration| time.as_nanos() as f64 / n as f64;
    println!("RESULT {name} {:.2} {:.2} {more}", each(wall), each(cpu));
}

/// The processor time that this process has used; none where that is not told.
pub(crate) fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name, which may have spaces in it, ends with the last parenthesis.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    // A tick is a hundredth of a second, as the kernel tells programs on every machine of ours.
    Duration::from_millis(ticks * 10)
}

/// A field of `/proc/self/status`, in KiB; 0 where there is none.
pub(crate) fn status(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.unwrap_or(0)
}
