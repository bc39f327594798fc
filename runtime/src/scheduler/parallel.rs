//! The parallel scheduler: goroutines over OS threads, in real time.
//!
//! Workers share one queue, first in first out, and sleep on a condition variable when it is
//! empty. The worker that finds itself the last one awake, with no timer pending, knows that
//! nobody can ever run again: the run is over, or deadlocked.

use super::rng::Rng;
use super::{End, LOOK_AGAIN, PATIENCE, Scheduler};
use crate::goroutine::{G, Goroutine, Switch};
use crate::run::Run;
use crate::timers::Timers;
use crate::waiter::Waiter;
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

/// How long goroutines may go on once the main one has returned.
const GRACE: Duration = Duration::from_secs(1);

/// After how many safepoints a goroutine lets others run.
const SLICE: u32 = 512;

#[derive(Default)]
struct State {
    queue: VecDeque<G>,
    timers: Timers,
    /// Worker threads that have started and not ended.
    workers: usize,
    /// Workers that wait for something to do.
    idle: usize,
    /// Workers whose goroutine blocks the thread itself. Below zero for a moment where the
    /// wake-up is quicker than the wait.
    blocked: isize,
    /// Workers beyond `procs` that must end when they next look for work.
    surplus: usize,
    main_returned: Option<Instant>,
    /// Since when nobody can run but for what other runs or plain threads have.
    outside_since: Option<Instant>,
    end: Option<End>,
}

/// Many OS threads; the machine decides.
pub(crate) struct Parallel {
    procs: usize,
    start: Instant,
    state: Mutex<State>,
    changed: Condvar,
    /// Notified when the run has ended, or a worker has.
    ended: Condvar,
    rng: Mutex<Rng>,
    /// Set with `State::end`: goroutines that still run leave at their next safepoint.
    ending: AtomicBool,
    /// For the threads that work for this scheduler.
    me: Weak<Self>,
    run: OnceLock<Weak<Run>>,
}

impl Parallel {
    /// Runs at most `procs` goroutines at once.
    pub(crate) fn new(procs: usize, seed: u64) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            procs,
            start: Instant::now(),
            state: Mutex::default(),
            changed: Condvar::new(),
            ended: Condvar::new(),
            rng: Mutex::new(Rng::new(seed)),
            ending: AtomicBool::new(false),
            me: me.clone(),
            run: OnceLock::new(),
        })
    }

    fn spawn_worker(&self, state: &mut State) {
        let run = self.run.get().and_then(Weak::upgrade);
        let run = run.expect("a run outlives its workers");
        let me = self.me.upgrade().expect("a run owns its scheduler");
        let thread = std::thread::Builder::new().name(run.name().to_owned());
        state.workers += 1;
        if let Err(error) = thread.spawn(move || me.work(&run)) {
            state.workers -= 1;
            assert!(
                state.workers as isize > state.blocked,
                "no thread to run goroutines on: {error}"
            );
        }
    }

    fn finish(&self, state: &mut State, end: End) {
        if state.end.is_none() {
            state.end = Some(end);
            self.ending.store(true, Ordering::Relaxed);
            self.changed.notify_all();
            self.ended.notify_all();
        }
    }

    fn work(&self, run: &Arc<Run>) {
        let _working = Working(self);
        let mut state = self.state.lock();
        while let Some(g) = self.next(&mut state) {
            let switch = MutexGuard::unlocked(&mut state, || {
                let switch = g.resume();
                if switch == Switch::Finish {
                    run.forget(&g);
                }
                switch
            });
            if switch == Switch::Yield {
                state.queue.push_back(g);
            } else if switch == Switch::Finish && g.is_main() {
                state.main_returned = Some(Instant::now());
            }
        }
    }

    /// The next goroutine to run; `None` where this worker is to end.
    fn next(&self, state: &mut MutexGuard<'_, State>) -> Option<G> {
        loop {
            self.fire_timers(state);
            self.check_grace(state);
            if state.end.is_some() {
                return None;
            }
            if state.surplus > 0 {
                state.surplus -= 1;
                return None;
            }
            if let Some(g) = state.queue.pop_front() {
                state.outside_since = None;
                return Some(g);
            }
            self.idle(state);
        }
    }

    fn idle(&self, state: &mut MutexGuard<'_, State>) {
        let due = state.timers.next_due();
        let nobody_runs = state.idle as isize + state.blocked + 1 == state.workers as isize;
        if nobody_runs && due.is_none() && !self.waits_for_outside(state) {
            let ended = state.main_returned.is_some();
            self.finish(
                state,
                if ended {
                    End::MainReturned
                } else {
                    End::Deadlock
                },
            );
            return;
        }
        state.idle += 1;
        match self.deadline(state, due) {
            Some(deadline) => {
                self.changed.wait_until(state, deadline);
            }
            None => self.changed.wait(state),
        }
        state.idle -= 1;
    }

    /// Whether a goroutine waits for what another run, or a plain thread, has, and has not done
    /// so for too long. No goroutine of this run runs.
    fn waits_for_outside(&self, state: &mut State) -> bool {
        let run = self.run.get().and_then(Weak::upgrade);
        if !run.is_some_and(|run| run.waits_for_outside()) {
            state.outside_since = None;
            return false;
        }
        let since = state.outside_since.get_or_insert_with(Instant::now);
        since.elapsed() < PATIENCE
    }

    fn deadline(&self, state: &State, due: Option<Duration>) -> Option<Instant> {
        let timer = due.and_then(|due| self.start.checked_add(due));
        let grace = state.main_returned.map(|at| at + GRACE);
        let outside = state.outside_since.map(|_| Instant::now() + LOOK_AGAIN);
        timer.into_iter().chain(grace).chain(outside).min()
    }

    fn fire_timers(&self, state: &mut MutexGuard<'_, State>) {
        let now = self.start.elapsed();
        while let Some(waiter) = state.timers.fire(now) {
            MutexGuard::unlocked(state, || waiter.wake());
        }
    }

    fn check_grace(&self, state: &mut State) {
        if state.main_returned.is_some_and(|at| at.elapsed() >= GRACE) {
            self.finish(state, End::MainReturned);
        }
    }
}

/// A worker's part in the count, given back also where the worker dies of a panic.
struct Working<'a>(&'a Parallel);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.workers -= 1;
        if std::thread::panicking() {
            self.0.finish(&mut state, End::Deadlock);
        }
        drop(state);
        self.0.ended.notify_all();
        // Whoever sleeps may be the last one now, and must see that nobody runs.
        self.0.changed.notify_all();
    }
}

impl Scheduler for Parallel {
    fn drive(&self, run: &Arc<Run>, main: G) -> End {
        let _ = self.run.set(Arc::downgrade(run));
        let mut state = self.state.lock();
        state.queue.push_back(main);
        for _ in 0..self.procs {
            self.spawn_worker(&mut state);
        }
        loop {
            if let Some(end) = state.end {
                // A worker that does not come back, because its goroutine is in a call of its
                // own or spins, is left to itself.
                let patience = Instant::now() + GRACE;
                while state.workers as isize != state.blocked && Instant::now() < patience {
                    self.ended.wait_until(&mut state, patience);
                }
                return end;
            }
            self.ended.wait(&mut state);
        }
    }

    fn ready(&self, g: G) {
        let mut state = self.state.lock();
        state.queue.push_back(g);
        let sleeper = state.idle > 0;
        drop(state);
        if sleeper {
            self.changed.notify_one();
        }
    }

    fn should_yield(&self, g: &Goroutine) -> bool {
        let passed = g.safepoints.get() + 1;
        g.safepoints.set(passed);
        passed >= SLICE || self.ending.load(Ordering::Relaxed)
    }

    fn choose(&self, n: usize) -> usize {
        self.rng.lock().below(n)
    }

    fn add_timer(&self, after: Duration, waiter: Arc<Waiter>, case: usize) {
        let due = self.start.elapsed().saturating_add(after);
        self.state.lock().timers.add(due, waiter, case);
        // Sleeping workers must look at the new deadline.
        self.changed.notify_one();
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn blocking(&self, begins: bool) {
        let mut state = self.state.lock();
        if begins {
            state.blocked += 1;
            self.spawn_worker(&mut state);
        } else {
            state.blocked -= 1;
            state.surplus += 1;
        }
        drop(state);
        self.changed.notify_all();
    }

    fn lend(&self, begins: bool) {
        let mut state = self.state.lock();
        if begins {
            self.spawn_worker(&mut state);
        } else {
            state.surplus += 1;
        }
        drop(state);
        self.changed.notify_all();
    }

    fn clear(&self) {
        let mut state = self.state.lock();
        let garbage = (
            std::mem::take(&mut state.queue),
            std::mem::take(&mut state.timers),
        );
        drop(state);
        drop(garbage);
    }

    fn is_parallel(&self) -> bool {
        true
    }
}
