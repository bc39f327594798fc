//! How late a ticker is beside a goroutine that lets nobody run.

use crate::measure::report;
use deadheat::{go, time};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const TICKS: u32 = 50;
const PERIOD: Duration = Duration::from_millis(1);

/// Sleeps of a millisecond beside a loop without a safepoint. Prints how late they are: on average, and
/// at the least and the most in microseconds.
pub(crate) fn beside_a_spinner() {
    let ticker = go(|| {
        let late = |()| {
            let began = Instant::now();
            time::sleep(PERIOD);
            began.elapsed().saturating_sub(PERIOD)
        };
        (0..TICKS).map(|_| late(())).collect::<Vec<_>>()
    });
    time::sleep(Duration::from_micros(100));
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    drop(go(move || {
        let mut x = 0u64;
        // An atomic of the standard library: no safepoint.
        while !stopped.load(Ordering::Relaxed) {
            x = black_box(x + 1);
        }
    }));
    let late = ticker.join().expect("no panic");
    stop.store(true, Ordering::Relaxed);
    let microseconds = |time: Option<&Duration>| time.map_or(0.0, |t| t.as_secs_f64() * 1e6);
    let more = format!(
        "min_us={:.1} max_us={:.1}",
        microseconds(late.iter().min()),
        microseconds(late.iter().max())
    );
    report(
        "latency",
        TICKS as usize,
        late.iter().sum(),
        Duration::ZERO,
        &more,
    );
}
