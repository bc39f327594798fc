//! `sysmon`: a thread without a processor that keeps the others honest.
//!
//! - A goroutine that has run for 10 ms is asked to let others run; it does so at its next
//!   safepoint, and goes to the global queue.
//! - One that has passed no safepoint for another 10 ms, because it spins or is stuck in the kernel,
//!   loses its processor: what that had queued goes to the global queue, and another takes its
//!   place. The goroutine's thread goes on, and looks for a processor when the goroutine comes to a
//!   safepoint.
//! - Timers that are due while every worker is busy are fired.
//! - The network is looked at where nobody has for 10 ms.
//! - Where the detector's housekeeping waits and nobody was idle, a worker is asked to do a part of it: one in each period.
//! - Where that is asked for, it tells now and then what goes on.

use super::processor::Processor;
use super::schedtrace::SchedTrace;
use super::{Parallel, nanos};
use deadheat_detector::Detector;
use parking_lot::MutexGuard;
use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// For how long a goroutine may run while others wait; Go's.
const SLICE: Duration = Duration::from_millis(10);

/// How often processors are looked at.
const PERIOD: Duration = Duration::from_millis(5);

/// What was seen of a processor.
#[derive(Clone, Copy)]
struct Seen {
    slices: u32,
    since: Instant,
}

impl Parallel {
    pub(super) fn monitor(&self) {
        let mut seen: Vec<Option<Seen>> = Vec::new();
        let mut trace = self.schedtrace.map(SchedTrace::new);
        let mut kept_house = (0, Instant::now());
        loop {
            let now = self.start.elapsed();
            self.about_now.store(nanos(now), Ordering::Relaxed);
            if let Some(trace) = &mut trace {
                trace.at(now, self);
            }
            if !self.wait_a_period() {
                return;
            }
            if self.fire_timers() {
                // Whoever went to sleep meanwhile did so because somebody was about to be woken.
                drop(self.state.lock());
                self.changed.notify_one();
            }
            let all = self.all();
            seen.resize(all.len(), None);
            for (processor, seen) in all.zip(&mut seen) {
                self.look_at(processor, seen);
            }
            self.poll_late_network();
            self.wake_for_work();
            self.ask_to_keep_house(&mut kept_house);
        }
    }

    /// `false` where the run is over.
    fn wait_a_period(&self) -> bool {
        let mut state = self.state.lock();
        let period = Instant::now() + PERIOD;
        let due = self.next_due().and_then(|due| self.start.checked_add(due));
        let until = due.map_or(period, |due| due.min(period));
        if state.end.is_none() {
            self.monitored.wait_until(&mut state, until);
        }
        self.check_grace(&mut state);
        state.end.is_none()
    }

    /// Asks for a part of the housekeeping that waits, if none was done for a period: since there were `before` so many,
    /// at that time.
    fn ask_to_keep_house(&self, before: &mut (u64, Instant)) {
        if before.1.elapsed() < PERIOD {
            return;
        }
        let now = self.counted.housekept.load(Ordering::Relaxed);
        if now == before.0 && self.wants_housekeeping() {
            self.overdue.store(true, Ordering::Relaxed);
        }
        *before = (now, Instant::now());
    }

    fn wants_housekeeping(&self) -> bool {
        let run = self.run.get().and_then(Weak::upgrade);
        let detector = run.as_ref().and_then(|run| run.detector.as_ref());
        detector.is_some_and(Detector::wants_housekeeping)
    }

    /// Whoever queues behind itself, because it yields, wakes nobody.
    fn wake_for_work(&self) {
        let state = self.state.lock();
        let work = !state.free.is_empty() && self.has_work(&state);
        drop(state);
        if work {
            self.wake_one();
        }
    }

    fn look_at(&self, processor: &Processor, seen: &mut Option<Seen>) {
        if !processor.is_running() {
            *seen = None;
            return;
        }
        let slices = processor.slices();
        let since = match seen {
            Some(before) if before.slices == slices => before.since,
            _ => {
                let since = Instant::now();
                *seen = Some(Seen { slices, since });
                return;
            }
        };
        let ran = since.elapsed();
        if ran < SLICE {
            return;
        }
        // Still asked after a whole slice more: it passes no safepoint.
        let asked = processor.ask();
        if asked && ran >= 2 * SLICE {
            self.retake(processor, slices);
            *seen = None;
        }
    }

    /// Gives the right to run to another processor, if anybody waits for one.
    fn retake(&self, processor: &Processor, slices: u32) {
        let mut state = self.state.lock();
        let wanted = self.has_work(&state) || self.returning.load(Ordering::Relaxed) > 0;
        if !wanted || !state.free.is_empty() {
            return;
        }
        let Some(other) = self.spare(&mut state) else {
            return;
        };
        if !processor.take_away(slices) {
            state.spare.push(self.number_of(other));
            return;
        }
        self.counted.retaken.fetch_add(1, Ordering::Relaxed);
        self.give_up_queue(&mut state, processor);
        self.free(&mut state, other);
        MutexGuard::unlocked(&mut state, || self.wake_one());
    }
}
