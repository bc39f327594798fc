//! What a goroutine takes that is blocked on a channel.

use crate::measure::{processor_time, report, status};
use deadheat::sync::WaitGroup;
use deadheat::{chan, go};
use std::sync::Arc;
use std::time::Instant;

/// Blocks `n` goroutines at once. Prints the bytes that each takes, those of the kernel's page tables
/// apart.
pub(crate) fn blocked(n: usize) {
    let (resident, tables) = (status("VmRSS:"), status("VmPTE:"));
    let (tx, rx) = chan::unbuffered::<()>();
    let (started, ended) = (Arc::new(WaitGroup::new()), Arc::new(WaitGroup::new()));
    started.add(n);
    ended.add(n);
    let (used, began) = (processor_time(), Instant::now());
    for _ in 0..n {
        let (rx, started, ended) = (rx.clone(), Arc::clone(&started), Arc::clone(&ended));
        drop(go(move || {
            started.done();
            let _ = rx.recv();
            ended.done();
        }));
    }
    started.wait();
    let (wall, cpu) = (began.elapsed(), processor_time() - used);
    let each = |kib: u64| kib as f64 * 1024.0 / n as f64;
    let resident = each(status("VmRSS:") - resident);
    let tables = each(status("VmPTE:") - tables);
    let began = Instant::now();
    tx.close();
    ended.wait();
    let wake = began.elapsed().as_nanos() as f64 / n as f64;
    let more = format!("rss_per_g={resident:.1} pte_per_g={tables:.1} wake_ns={wake:.1}");
    report(&format!("mem{n}"), n, wall, cpu, &more);
}
