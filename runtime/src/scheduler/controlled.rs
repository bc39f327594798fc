//! The controlled scheduler: one OS thread, and every choice from a seed.
//!
//! At each safepoint one of the goroutines that can run, the present one included, is drawn
//! with equal chances, so each schedule has a chance, and the same seed draws the same one.
//! Time is virtual: each step takes a microsecond of it, so that whoever polls for a sleeper
//! gets there, and when nobody can run it jumps to the next timer.
//!
//! The network is outside of all that: what comes from it, and when, is no choice of the seed's. It
//! is looked at every [`NETWORK_STEPS`] steps, and waited for when nobody can run. While a goroutine
//! waits for it, time does not jump, but passes as it does outside: a deadline of five seconds must
//! give the peer five seconds. Once the main goroutine has returned, time jumps again.

use super::rng::Rng;
use super::{End, GRACE, LOOK_AGAIN, NETWORK_GRACE, Scheduler};
use crate::goroutine::{G, Goroutine, Switch};
use crate::later::Call;
use crate::netpoll::Netpoll;
use crate::run::Run;
use crate::stats::Stats;
use crate::timers::{Fired, Target, TimerKey, Timers};
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many further steps goroutines get once the main one has returned.
const STEPS_AFTER_MAIN: u64 = 100_000;

/// The virtual time that a step takes.
const STEP: Duration = Duration::from_micros(1);

/// The steps between two looks at the network.
const NETWORK_STEPS: u64 = 64;

struct State {
    runnable: Vec<G>,
    /// Drawn at a safepoint, to run when the present goroutine has switched away.
    drawn: Option<usize>,
    rng: Rng,
    timers: Timers,
    now: Duration,
    steps: u64,
    limit: u64,
    main_returned: bool,
    /// Whether the network was given its grace since a goroutine last ran.
    graced: bool,
    /// Whether the thread that runs goroutines waits for the network.
    polling: bool,
}

impl State {
    /// The next goroutine to run: the one that was drawn, or any.
    fn next(&mut self) -> Option<G> {
        if self.runnable.is_empty() {
            return None;
        }
        self.graced = false;
        let index = match self.drawn.take() {
            Some(index) => index,
            None => self.rng.below(self.runnable.len()),
        };
        Some(self.runnable.swap_remove(index))
    }

    /// Counts a step, and takes what its time wakes.
    fn tick(&mut self) -> Option<Fired> {
        self.steps += 1;
        self.now += STEP;
        self.timers.fire(self.now)
    }

    /// Lets time pass until the next timer, and takes what it wakes. Goroutines that are only to
    /// start later keep no run going whose main goroutine has returned.
    fn skip_time(&mut self) -> Option<Fired> {
        if self.main_returned && !self.timers.has_waits() {
            return None;
        }
        self.now = self.now.max(self.timers.next_due()?);
        self.timers.fire(self.now)
    }
}

/// One OS thread, every choice from a seed.
pub(crate) struct Controlled {
    state: Mutex<State>,
    /// Notified when a goroutine becomes ready, for [`Controlled::wait_for_outside`].
    woken: Condvar,
    netpoll: Arc<Netpoll>,
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
            main_returned: false,
            graced: false,
            polling: false,
        };
        Self {
            state: Mutex::new(state),
            woken: Condvar::new(),
            netpoll: Arc::default(),
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
            if state.runnable.is_empty() && self.wait_for_network(&mut state) {
                continue;
            }
            let woken = match state.runnable.is_empty() {
                true => state.skip_time()?,
                false => match state.tick() {
                    Some(woken) => woken,
                    None => {
                        self.look_at_network(&mut state);
                        return state.next();
                    }
                },
            };
            MutexGuard::unlocked(&mut state, || woken.act());
        }
    }

    /// Whoever waits for the network must not starve beside others that never wait.
    fn look_at_network(&self, state: &mut MutexGuard<'_, State>) {
        if state.steps.is_multiple_of(NETWORK_STEPS) && self.netpoll.is_waited_for() {
            self.poll(state, Some(Duration::ZERO));
        }
    }

    /// Nobody can run: waits for the network if anybody else does. `false` where time may jump to
    /// the next timer, and where there is nothing to wait for.
    fn wait_for_network(&self, state: &mut MutexGuard<'_, State>) -> bool {
        if !self.netpoll.is_waited_for() {
            return false;
        }
        let due = state.timers.next_due();
        let timeout = match due {
            None if !state.main_returned => None,
            None if !std::mem::replace(&mut state.graced, true) => Some(NETWORK_GRACE),
            Some(due) if !state.main_returned => Some(due.saturating_sub(state.now)),
            _ => Some(Duration::ZERO),
        };
        let begin = Instant::now();
        self.poll(state, timeout);
        state.now += begin.elapsed().min(timeout.unwrap_or(Duration::MAX));
        !state.runnable.is_empty() || timeout.is_none_or(|timeout| begin.elapsed() < timeout)
    }

    fn poll(&self, state: &mut MutexGuard<'_, State>, timeout: Option<Duration>) {
        let mut ready = Vec::new();
        state.polling = true;
        MutexGuard::unlocked(state, || self.netpoll.poll(timeout, &mut ready));
        state.polling = false;
        // Somebody else's sockets may be this run's too.
        MutexGuard::unlocked(state, || ready.into_iter().for_each(Goroutine::hand_over));
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
                Switch::Finish => run.end(None, g),
            }
            let mut state = self.state.lock();
            if main_running && main.is_finished() {
                main_running = false;
                state.main_returned = true;
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
        let mut state = self.state.lock();
        state.runnable.push(g);
        if state.polling {
            self.netpoll.interrupt();
        }
        self.woken.notify_one();
    }

    fn should_yield(&self, _: &Goroutine) -> bool {
        let mut state = self.state.lock();
        while let Some(woken) = state.tick() {
            MutexGuard::unlocked(&mut state, || woken.act());
        }
        if state.steps > state.limit {
            return true;
        }
        self.look_at_network(&mut state);
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

    fn add_timer(&self, after: Duration, target: Target) -> TimerKey {
        let mut state = self.state.lock();
        let due = state.now.saturating_add(after);
        state.timers.add(due, target)
    }

    fn remove_timer(&self, timer: TimerKey) -> Option<Target> {
        self.state.lock().timers.remove(timer)
    }

    fn take_calls(&self) -> Vec<Arc<Call>> {
        let timers = self.state.lock().timers.take_all();
        timers.into_calls()
    }

    fn netpoll(&self) -> &Arc<Netpoll> {
        &self.netpoll
    }

    fn now(&self) -> Duration {
        self.state.lock().now
    }

    fn about_now(&self) -> u64 {
        u64::try_from(self.now().as_nanos()).unwrap_or(u64::MAX)
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
