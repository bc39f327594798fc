//! Measures the processor's time of this thread, so that what else runs on the machine counts only
//! by what it does to the caches.

use std::time::Duration;

/// When something began.
pub(crate) struct Watch(Duration);

impl Watch {
    pub(crate) fn start() -> Self {
        Self(now())
    }

    /// Nanoseconds for each of `operations` since the start.
    pub(crate) fn each(&self, operations: usize) -> f64 {
        (now() - self.0).as_nanos() as f64 / operations as f64
    }
}

#[cfg(unix)]
fn now() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the place to write to is valid; a system that does not know this clock writes nothing.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(failed, 0, "threads have a clock of their own");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[cfg(not(unix))]
fn now() -> Duration {
    use std::sync::OnceLock;
    use std::time::Instant;

    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
