//! Timers outside any run, for futures that nobody's scheduler looks after: a thread fires them, from
//! the first one on.

use super::clock::of_process;
use crate::timers::{Target, TimerKey, Timers};
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::sync::OnceLock;
use std::time::Duration;

struct Process {
    timers: Mutex<Timers>,
    /// Notified when a timer was set.
    set: Condvar,
}

/// Has `target` fire when `after` has passed.
///
/// # Panics
///
/// Where the operating system gives no thread.
pub(super) fn add(after: Duration, target: Target) -> TimerKey {
    let process = process();
    let due = of_process().saturating_add(after);
    let key = process.timers.lock().add(due, target);
    process.set.notify_one();
    key
}

/// Takes a timer out; `None` where it has fired.
pub(super) fn remove(timer: TimerKey) -> Option<Target> {
    process().timers.lock().remove(timer)
}

fn process() -> &'static Process {
    static PROCESS: OnceLock<&'static Process> = OnceLock::new();
    PROCESS.get_or_init(|| {
        let process: &'static Process = Box::leak(Box::new(Process {
            timers: Mutex::default(),
            set: Condvar::new(),
        }));
        let thread = std::thread::Builder::new().name("deadheat-timers".to_owned());
        let started = thread.spawn(|| process.work());
        drop(started.unwrap_or_else(|error| panic!("no thread for timers: {error}")));
        process
    })
}

impl Process {
    fn work(&self) {
        let mut timers = self.timers.lock();
        loop {
            if let Some(fired) = timers.fire(of_process()) {
                MutexGuard::unlocked(&mut timers, || fired.act());
                continue;
            }
            match timers.next_due() {
                Some(due) => {
                    let left = due.saturating_sub(of_process());
                    self.set.wait_for(&mut timers, left);
                }
                None => self.set.wait(&mut timers),
            }
        }
    }
}
