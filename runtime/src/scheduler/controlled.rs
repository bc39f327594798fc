//! The controlled scheduler: one OS thread, and every choice from a seed.
//!
//! At each safepoint one of the goroutines that can run, the present one included, is drawn
//! with equal chances, so each schedule has a chance, and the same seed draws the same one.
//! Time is virtual: each step takes a microsecond of it, so that whoever polls for a sleeper
//! gets there, and when nobody can run it jumps to the next timer.

use super::rng::Rng;
use super::{End, GRACE, LOOK_AGAIN, Scheduler};
use crate::goroutine::{G, Goroutine, Switch};
use crate::run::Run;
use crate::stats::Stats;
use crate::timers::Timers;
use crate::waiter::Waiter;
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many further steps goroutines get once the main one has returned.
const STEPS_AFTER_MAIN: u64 = 100_000;

/// The virtual time that a step takes.
const STEP: Duration = Duration::from_micros(1);

struct State {
    runnable: Vec<G>,
    /// Drawn at a safepoint, to run when the present goroutine has switched away.
    drawn: Option<usize>,
    rng: Rng,
    timers: Timers,
    now: Duration,
    steps: u64,
    limit: u64,
}

impl State {
    /// The next goroutine to run: the one that was drawn, or any.
    fn next(&mut self) -> Option<G> {
        if self.runnable.is_empty() {
            return None;
        }
        let index = match self.drawn.take() {
            Some(index) => index,
            None => self.rng.below(self.runnable.len()),
        };
        Some(self.runnable.swap_remove(index))
    }

    /// Counts a step, and takes what its time wakes.
    fn tick(&mut self) -> Option<Arc<Waiter>> {
        self.steps += 1;
        self.now += STEP;
        self.timers.fire(self.now)
    }

    /// Lets time pass until the next timer, and takes what it wakes.
    fn skip_time(&mut self) -> Option<Arc<Waiter>> {
        self.now = self.now.max(self.timers.next_due()?);
        self.timers.fire(self.now)
    }
}

/// One OS thread, every choice from a seed.
pub(crate) struct Controlled {
    state: Mutex<State>,
    /// Notified when a goroutine becomes ready, for [`Controlled::wait_for_outside`].
    woken: Condvar,
    limit: u64,
}

impl Controlled {
    /// Draws from `seed`; takes at most `limit` steps.
    pub(crate) fn new(seed: u64, limit: u64) -> Self {
        let state = State {
            runnable: Vec::new(),
            drawn: None,
            rng: Rng::new(seed),
            timers: Timers::default(),
            now: Duration::ZERO,
            steps: 0,
            limit,
        };
        Self {
            state: Mutex::new(state),
            woken: Condvar::new(),
            limit,
        }
    }

    /// Waits while a goroutine waits for what another run, or a plain thread, has.
    #[cold]
    fn wait_for_outside(&self, run: &Run, main_running: bool) -> Option<G> {
        let begin = Instant::now();
        let most = if main_running { Duration::MAX } else { GRACE };
        while let Some(patience) = run.waits_for_outside()
            && begin.elapsed() < patience.min(most)
        {
            let mut state = self.state.lock();
            if state.runnable.is_empty() {
                self.woken.wait_for(&mut state, LOOK_AGAIN);
            }
            drop(state);
            if let Some(g) = self.step() {
                return Some(g);
            }
        }
        self.step()
    }

    fn step(&self) -> Option<G> {
        let mut state = self.state.lock();
        loop {
            let woken = match state.runnable.is_empty() {
                true => state.skip_time()?,
                false => match state.tick() {
                    Some(woken) => woken,
                    None => return state.next(),
                },
            };
            MutexGuard::unlocked(&mut state, || woken.wake());
        }
    }
}

impl Scheduler for Controlled {
    fn drive(&self, run: &Arc<Run>, main: G) -> End {
        self.ready(main.clone());
        let mut main_running = true;
        while let Some(g) = self
            .step()
            .or_else(|| self.wait_for_outside(run, main_running))
        {
            match g.resume() {
                Switch::Yield => self.state.lock().runnable.push(g),
                Switch::Park => {}
                Switch::Finish => run.forget(&g),
            }
            let mut state = self.state.lock();
            if main_running && main.is_finished() {
                main_running = false;
                state.limit = state.limit.min(state.steps + STEPS_AFTER_MAIN);
            }
            if state.steps > state.limit {
                return if main_running {
                    End::StepLimit(self.limit)
                } else {
                    End::MainReturned
                };
            }
        }
        if main_running {
            End::Deadlock
        } else {
            End::MainReturned
        }
    }

    fn ready(&self, g: G) {
        self.state.lock().runnable.push(g);
        self.woken.notify_one();
    }

    fn should_yield(&self, _: &Goroutine) -> bool {
        let mut state = self.state.lock();
        while let Some(woken) = state.tick() {
            MutexGuard::unlocked(&mut state, || woken.wake());
        }
        if state.steps > state.limit {
            return true;
        }
        let others = state.runnable.len();
        if others == 0 {
            return false;
        }
        let index = state.rng.below(others + 1);
        if index == others {
            return false;
        }
        state.drawn = Some(index);
        true
    }

    fn choose(&self, n: usize) -> usize {
        self.state.lock().rng.below(n)
    }

    fn add_timer(&self, after: Duration, waiter: Arc<Waiter>, case: usize) {
        let mut state = self.state.lock();
        let due = state.now.saturating_add(after);
        state.timers.add(due, waiter, case);
    }

    fn now(&self) -> Duration {
        self.state.lock().now
    }

    fn about_now(&self) -> Duration {
        self.now()
    }

    fn blocking(&self, _: bool) {}

    fn return_from_blocking(&self) {}

    fn lend(&self, _: bool) {}

    fn clear(&self) {
        let mut state = self.state.lock();
        let garbage = (
            std::mem::take(&mut state.runnable),
            std::mem::take(&mut state.timers),
        );
        drop(state);
        drop(garbage);
    }

    fn is_parallel(&self) -> bool {
        false
    }

    fn stats(&self) -> Stats {
        Stats {
            procs: 1,
            threads: 1,
            global_queue: self.state.lock().runnable.len(),
            ..Stats::default()
        }
    }
}
