//! The parallel scheduler: Go's, with goroutines (G) over OS threads (M) that take turns at having
//! one of a few processors (P), in real time.
//!
//! - `network`: who looks at the network, and when;
//! - `idle`: who sleeps, who looks for work, when somebody is to be woken;
//! - `ring`: a processor's queue;
//! - `processor`: P;
//! - `worker`: M: where it looks for work, how it sleeps and is woken;
//! - `sysmon`: preemption, retaking processors, late timers;
//! - `schedtrace`: lines that tell what goes on.
//!
//! At most `procs` goroutines run at once; those whose thread is in a blocking call, or passes no
//! safepoint, do not count. What is rare (workers, free processors, the global queue) lies under
//! one lock; making a goroutine ready, and finding the next, as a rule does not take it.
//!
//! The worker that finds itself the last one awake, with nothing queued and no timer pending, knows
//! that nobody can ever run again: the run is over, or deadlocked. Whoever waits for the network may
//! always run again; once the main goroutine has returned, only if it does so soon.

pub(crate) mod idle;
mod network;
pub(crate) mod processor;
pub(crate) mod ring;
mod schedtrace;
mod sysmon;
mod worker;

pub(crate) use worker::Worker;

use self::worker::MANY;

use self::idle::{Idle, Sleepers, Wake};
use self::processor::Processor;
use super::rng::Rng;
use super::{End, GRACE, LOOK_AGAIN, NETWORK_GRACE, Scheduler};
use crate::current::{self, Asking};
use crate::goroutine::{G, Goroutine};
use crate::later::Call;
use crate::line::Line;
use crate::netpoll::Netpoll;
use crate::run::Run;
use crate::stats::Stats;
use crate::timers::{Fired, Target, TimerKey, Timers};
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

/// How many goroutines a worker takes from the global queue at most.
const BATCH: usize = 64;

/// How many processors may be lost to goroutines that pass no safepoint.
const SPARE: usize = 256;

#[derive(Default)]
struct State {
    global: VecDeque<G>,
    /// Processors that nobody has; numbers in `Parallel::processors`.
    free: Vec<usize>,
    /// Processors that have no right to run goroutines at present.
    spare: Vec<usize>,
    /// Worker threads that have started and not ended.
    workers: usize,
    sleepers: Sleepers,
    /// Workers whose goroutine blocks the thread itself. Below zero for a moment where the
    /// wake-up is quicker than the wait.
    blocked: isize,
    /// Whether one of those that sleep does so in the network poller.
    polling: bool,
    main_returned: Option<Instant>,
    /// Since when nobody can run but for what other runs or plain threads have.
    outside_since: Option<Instant>,
    /// Since when nobody can run but for the network, although the main goroutine has returned, and
    /// how many slices of time had begun by then.
    network_since: Option<(Instant, u32)>,
    end: Option<End>,
    /// From the end on: goroutines that are unwound count their safepoints.
    asking: Option<Asking>,
}

/// How often what was done.
#[derive(Default)]
struct Counted {
    /// Half a queue was stolen, a processor retaken, a goroutine preempted.
    stolen: AtomicU64,
    retaken: AtomicU64,
    preempted: AtomicU64,
    /// Parts of the detector's housekeeping that were done.
    housekept: AtomicU64,
}

/// Many OS threads; the machine decides.
pub(crate) struct Parallel {
    procs: usize,
    start: Instant,
    /// The first ones of these have been made.
    processors: Box<[OnceLock<Box<Processor>>]>,
    made: AtomicUsize,
    state: Line<Mutex<State>>,
    /// Lengths of what is under the lock, for those who only look.
    global_len: AtomicUsize,
    idle: Line<Idle>,
    /// Workers whose goroutine goes on as soon as they have a processor.
    returning: AtomicUsize,
    timers: Line<Mutex<Timers>>,
    /// Threads that have taken timers which are due, but not yet woken whom they wake.
    firing: AtomicUsize,
    /// When the first timer is due, in nanoseconds since the start.
    due: AtomicU64,
    netpoll: Arc<Netpoll>,
    /// When somebody last looked at the network without sleeping there, in nanoseconds since the
    /// start.
    polled: AtomicU64,
    /// Notified for workers that sleep.
    changed: Condvar,
    /// Notified for those that return, when a processor is free.
    freed: Condvar,
    /// Notified when the run has ended, or a worker has.
    ended: Condvar,
    /// Notified for `sysmon`.
    monitored: Condvar,
    rng: Mutex<Rng>,
    /// How often it tells what it does, if it does.
    schedtrace: Option<Duration>,
    /// The time since the start in nanoseconds, as `sysmon` saw it last.
    about_now: AtomicU64,
    /// Set with `State::end`: goroutines that still run leave at their next safepoint.
    ending: AtomicBool,
    /// Housekeeping waits, and nobody is idle to do it.
    overdue: AtomicBool,
    counted: Line<Counted>,
    /// For the threads that work for this scheduler.
    me: Weak<Self>,
    run: OnceLock<Weak<Run>>,
}

const NEVER: u64 = u64::MAX;

impl Parallel {
    /// Runs at most `procs` goroutines at once. Tells what it does every `schedtrace`.
    pub(crate) fn new(procs: usize, seed: u64, schedtrace: Option<Duration>) -> Arc<Self> {
        Arc::new_cyclic(|me| {
            let scheduler = Self {
                procs,
                start: Instant::now(),
                processors: (0..procs + SPARE).map(|_| OnceLock::new()).collect(),
                made: AtomicUsize::new(0),
                state: Line::default(),
                global_len: AtomicUsize::new(0),
                idle: Line(Idle::new()),
                returning: AtomicUsize::new(0),
                timers: Line::default(),
                firing: AtomicUsize::new(0),
                due: AtomicU64::new(NEVER),
                netpoll: Arc::default(),
                polled: AtomicU64::new(0),
                changed: Condvar::new(),
                freed: Condvar::new(),
                ended: Condvar::new(),
                monitored: Condvar::new(),
                rng: Mutex::new(Rng::new(seed)),
                schedtrace,
                about_now: AtomicU64::new(0),
                ending: AtomicBool::new(false),
                overdue: AtomicBool::new(false),
                counted: Line::default(),
                me: me.clone(),
                run: OnceLock::new(),
            };
            let mut state = scheduler.state.lock();
            state.free = (0..procs).rev().filter_map(|_| scheduler.make()).collect();
            scheduler.idle.set_free(state.free.len());
            drop(state);
            scheduler
        })
    }

    /// Makes a processor, and gives its number; `None` where there are enough. The caller has the
    /// state's lock.
    fn make(&self) -> Option<usize> {
        let number = self.made.load(Ordering::Relaxed);
        let place = self.processors.get(number)?;
        place.get_or_init(|| Box::new(Processor::new()));
        self.made.store(number + 1, Ordering::Release);
        Some(number)
    }

    /// All processors, those without the right to run included.
    fn all(&self) -> impl ExactSizeIterator<Item = &Processor> + Clone {
        let made = self.made.load(Ordering::Acquire);
        self.processors[..made].iter().map(at)
    }

    fn number_of(&self, processor: &Processor) -> usize {
        let number = self.all().position(|other| std::ptr::eq(other, processor));
        number.expect("a processor of this scheduler")
    }

    /// Nobody has `processor` any more.
    fn free(&self, state: &mut State, processor: &Processor) {
        processor.leave();
        state.free.push(self.number_of(processor));
        self.idle.set_free(state.free.len());
        if self.returning.load(Ordering::Relaxed) > 0 {
            self.freed.notify_one();
        }
    }

    /// Gives `worker` a free processor, if there is one.
    fn take_free(&self, state: &mut State, worker: &Worker) {
        if let Some(number) = state.free.pop() {
            self.idle.set_free(state.free.len());
            worker.set_processor(Some(at(&self.processors[number])));
            state.outside_since = None;
        }
    }

    /// A processor without the right to run.
    fn spare(&self, state: &mut State) -> Option<&Processor> {
        let number = state.spare.pop().or_else(|| self.make())?;
        Some(at(&self.processors[number]))
    }

    /// `worker` comes back with a processor that was retaken.
    fn retire(&self, worker: &Worker, processor: &Processor) {
        let mut state = self.state.lock();
        worker.set_processor(None);
        self.give_up_queue(&mut state, processor);
        processor.leave();
        state.spare.push(self.number_of(processor));
    }

    fn give_up_queue(&self, state: &mut State, processor: &Processor) {
        state.global.extend(processor.drain());
        self.global_len.store(state.global.len(), Ordering::Release);
    }

    /// Puts `g` at the end of the processor's queue; half of a full one goes to the global queue.
    fn push(&self, processor: &Processor, g: G) {
        let Err(g) = processor.push(g) else { return };
        let mut state = self.state.lock();
        state.global.extend(processor.shed());
        state.global.push_back(g);
        self.global_len.store(state.global.len(), Ordering::Release);
    }

    fn push_global(&self, g: G) {
        let mut state = self.state.lock();
        state.global.push_back(g);
        self.global_len.store(state.global.len(), Ordering::Release);
    }

    /// The first of the global queue; more, but no more than its fair share and `most`, go to the
    /// processor's own.
    fn pop_global(&self, processor: &Processor, most: usize) -> Option<G> {
        if self.global_len.load(Ordering::Acquire) == 0 {
            return None;
        }
        let mut state = self.state.lock();
        let share = (state.global.len() / self.procs + 1).min(most);
        let first = state.global.pop_front()?;
        for _ in 1..share {
            let Some(g) = state.global.pop_front() else {
                break;
            };
            if let Err(g) = processor.push(g) {
                state.global.push_front(g);
                break;
            }
        }
        self.global_len.store(state.global.len(), Ordering::Release);
        processor.begin_slice();
        Some(first)
    }

    fn has_work(&self, state: &State) -> bool {
        self.is_due(state) || self.all().any(Processor::has_work)
    }

    /// Whether somebody waits for whichever worker comes first.
    fn is_due(&self, state: &State) -> bool {
        !state.global.is_empty()
            || self
                .next_due()
                .is_some_and(|due| due <= self.start.elapsed())
    }

    /// Whether somebody waits for a processor that is not free already.
    fn must_give_way(&self) -> bool {
        let returning = self.returning.load(Ordering::SeqCst);
        returning > 0 && returning > self.idle.free()
    }

    /// Wakes a worker to look for work, if a processor is free and nobody looks already.
    fn wake_one(&self) {
        if !self.idle.wants_wake() {
            return;
        }
        let mut state = self.state.lock();
        if state.free.is_empty() || state.end.is_some() {
            return;
        }
        match self.idle.wake(&mut state.sleepers) {
            Some(Wake::Sleeper) => self.wake_sleeper(&state),
            Some(Wake::New) => self.spawn_worker(&mut state, true),
            None => {}
        }
    }

    /// Wakes one of those that sleep, for a free processor; who sleeps in the network poller, if
    /// that is the last one, of either.
    fn wake_sleeper(&self, state: &State) {
        let last = state.sleepers.wakes >= state.sleepers.asleep || state.free.len() <= 1;
        if state.polling && last {
            self.netpoll.interrupt();
        } else {
            self.changed.notify_one();
        }
    }

    /// Wakes all that sleep.
    fn wake_sleepers(&self, state: &State) {
        self.changed.notify_all();
        if state.polling {
            self.netpoll.interrupt();
        }
    }

    fn spawn_worker(&self, state: &mut State, spinning: bool) {
        let run = self.run.get().and_then(Weak::upgrade);
        let run = run.expect("a run outlives its workers");
        let me = self.me.upgrade().expect("a run owns its scheduler");
        let thread = std::thread::Builder::new().name(run.name().to_owned());
        state.workers += 1;
        let number = state.workers;
        if let Err(error) = thread.spawn(move || me.work(&run, number, spinning)) {
            state.workers -= 1;
            if spinning {
                self.idle.gave_up();
            }
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
            state.asking = Some(Asking::new());
            self.wake_sleepers(state);
            self.freed.notify_all();
            self.ended.notify_all();
            self.monitored.notify_all();
        }
    }

    /// Nobody can run any more.
    fn finish_idle(&self, state: &mut State) {
        let end = match state.main_returned {
            Some(_) => End::MainReturned,
            None => End::Deadlock,
        };
        self.finish(state, end);
    }

    /// Whether a goroutine waits for what another run, or a plain thread, has, and has not done
    /// so for too long. No goroutine of this run runs.
    fn waits_for_outside(&self, state: &mut State) -> bool {
        let run = self.run.get().and_then(Weak::upgrade);
        let Some(patience) = run.and_then(|run| run.waits_for_outside()) else {
            state.outside_since = None;
            return false;
        };
        let since = state.outside_since.get_or_insert_with(Instant::now);
        since.elapsed() < patience
    }

    /// Whether a goroutine waits for the network, which the main goroutine's return ends soon. No
    /// goroutine of this run runs.
    fn waits_for_network(&self, state: &mut State) -> bool {
        if !self.netpoll.is_waited_for() {
            state.network_since = None;
            return false;
        }
        if state.main_returned.is_none() {
            return true;
        }
        let slices = self.all().map(Processor::slices);
        let slices = slices.fold(0, u32::wrapping_add);
        let since = match state.network_since {
            Some((since, before)) if before == slices => since,
            _ => Instant::now(),
        };
        state.network_since = Some((since, slices));
        since.elapsed() < NETWORK_GRACE
    }

    fn deadline(&self, state: &State, due: Option<Duration>) -> Option<Instant> {
        let timer = due.and_then(|due| self.start.checked_add(due));
        let grace = state.main_returned.map(|at| at + GRACE);
        let outside = state.outside_since.map(|_| Instant::now() + LOOK_AGAIN);
        let network = state.network_since.map(|(at, _)| at + NETWORK_GRACE);
        let all = timer.into_iter().chain(grace).chain(outside).chain(network);
        all.min()
    }

    fn next_due(&self) -> Option<Duration> {
        match self.due.load(Ordering::SeqCst) {
            NEVER => None,
            due => Some(Duration::from_nanos(due)),
        }
    }

    fn note_due(&self, timers: &mut Timers) {
        let due = timers.next_due().map_or(NEVER, nanos);
        self.due.store(due, Ordering::SeqCst);
    }

    /// Wakes whom the timers wake that are due; `false` where none was.
    fn fire_timers(&self) -> bool {
        let now = self.start.elapsed();
        if self.next_due().is_none_or(|due| due > now) {
            return false;
        }
        self.firing.fetch_add(1, Ordering::SeqCst);
        while let Some(fired) = self.take_due(now) {
            fired.act();
        }
        self.firing.fetch_sub(1, Ordering::SeqCst);
        true
    }

    /// When the first timer is due that still matters. Goroutines that are only to start later keep
    /// no run going whose main goroutine has returned.
    fn first_due(&self, main_returned: bool) -> Option<Duration> {
        let mut timers = self.timers.lock();
        self.note_due(&mut timers);
        if main_returned && !timers.has_waits() {
            return None;
        }
        self.next_due()
    }

    fn take_due(&self, now: Duration) -> Option<Fired> {
        let mut timers = self.timers.lock();
        let fired = timers.fire(now);
        self.note_due(&mut timers);
        fired
    }

    fn check_grace(&self, state: &mut State) {
        if state.main_returned.is_some_and(|at| at.elapsed() >= GRACE) {
            self.finish(state, End::MainReturned);
        }
    }

    /// The calling goroutine's worker, if it is one of this scheduler's.
    fn with_worker<R>(&self, f: impl FnOnce(&Worker) -> R) -> Option<R> {
        current::with(|g| g.worker().filter(|worker| worker.is_of(self)).map(f)).flatten()
    }

    /// The calling thread's goroutine is about to do without its processor.
    fn leave_processor(&self, state: &mut State) {
        let left = self.with_worker(|worker| {
            let processor = worker.processor()?;
            worker.set_processor(None);
            Some((processor as *const Processor, processor.is_lost()))
        });
        // SAFETY: the scheduler, which `self` borrows, keeps its processors.
        let left = left
            .flatten()
            .map(|(processor, lost)| (unsafe { &*processor }, lost));
        match left {
            Some((processor, false)) => self.free(state, processor),
            Some((processor, true)) => {
                self.give_up_queue(state, processor);
                processor.leave();
                state.spare.push(self.number_of(processor));
            }
            None => {}
        }
    }

    /// Waits for a processor, for the calling thread's goroutine.
    fn wait_for_processor(&self) {
        let mut state = self.state.lock();
        self.returning.fetch_add(1, Ordering::SeqCst);
        while state.end.is_none() {
            let got = self.with_worker(|worker| {
                self.take_free(&mut state, worker);
                worker
                    .processor()
                    .inspect(|p| p.set_running(true))
                    .is_some()
            });
            if got != Some(false) {
                break;
            }
            self.freed.wait(&mut state);
        }
        self.returning.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The processor at a place that has been filled.
fn at(place: &OnceLock<Box<Processor>>) -> &Processor {
    place.get().expect("only places that are filled are named")
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos())
        .unwrap_or(NEVER - 1)
        .min(NEVER - 1)
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
        // Whoever sleeps may be the last one now, and must see that nobody runs.
        self.0.wake_sleepers(&state);
        drop(state);
        self.0.ended.notify_all();
    }
}

impl Scheduler for Parallel {
    fn drive(&self, run: &Arc<Run>, main: G) -> End {
        let _ = self.run.set(Arc::downgrade(run));
        let me = self.me.upgrade().expect("a run owns its scheduler");
        let monitor = std::thread::Builder::new().name("sysmon".to_owned());
        let monitor = monitor.spawn(move || me.monitor());
        let mut state = self.state.lock();
        state.global.push_back(main);
        self.global_len.store(1, Ordering::Release);
        for _ in 0..self.procs {
            self.spawn_worker(&mut state, false);
        }
        while state.end.is_none() {
            self.ended.wait(&mut state);
        }
        // A worker that does not come back, because its goroutine is in a call of its own or spins,
        // is left to itself.
        let patience = Instant::now() + GRACE;
        while state.workers as isize != state.blocked && Instant::now() < patience {
            self.ended.wait_until(&mut state, patience);
        }
        let end = state.end.expect("just waited for");
        drop(state);
        if let Ok(monitor) = monitor {
            // It watches only; a panic of it changes nothing.
            let _ = monitor.join();
        }
        end
    }

    fn ready(&self, g: G) {
        let mut g = Some(g);
        let waits = self.with_worker(|worker| {
            let processor = worker.processor()?;
            if let Some(before) = processor.set_next(g.take()?) {
                self.push(processor, before);
            }
            // With one processor there is nobody else; whoever naps looks whether a few are worth it.
            let alone = self.procs == 1 && !processor.is_lost();
            Some(alone || self.idle.vain() > 0 && processor.waiting() < MANY)
        });
        if let Some(g) = g {
            self.push_global(g);
        }
        if waits.flatten() != Some(true) {
            self.wake_one();
        }
    }

    fn should_yield(&self, g: &Goroutine) -> bool {
        g.worker().is_some_and(Worker::should_yield) || self.ending.load(Ordering::Relaxed)
    }

    fn choose(&self, n: usize) -> usize {
        // Thirty-two bits of chance, scaled: the bias is of no matter for a few cases.
        let own = self.with_worker(|worker| (worker.draw() * n) >> u32::BITS);
        own.unwrap_or_else(|| self.rng.lock().below(n))
    }

    fn add_timer(&self, after: Duration, target: Target) -> TimerKey {
        let due = self.start.elapsed().saturating_add(after);
        let mut timers = self.timers.lock();
        let timer = timers.add(due, target);
        self.note_due(&mut timers);
        drop(timers);
        if self.next_due().is_some_and(|first| first >= due) {
            // Whoever sleeps must look at the new deadline.
            let state = self.state.lock();
            self.changed.notify_one();
            self.monitored.notify_one();
            drop(state);
        }
        timer
    }

    fn remove_timer(&self, timer: TimerKey) -> Option<Target> {
        // Where it was the first, somebody looks too early, and finds the next.
        self.timers.lock().remove(timer)
    }

    fn take_calls(&self) -> Vec<Arc<Call>> {
        let timers = self.timers.lock().take_all();
        timers.into_calls()
    }

    fn netpoll(&self) -> &Arc<Netpoll> {
        &self.netpoll
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn about_now(&self) -> u64 {
        self.about_now.load(Ordering::Relaxed)
    }

    fn blocking(&self, begins: bool) {
        let mut state = self.state.lock();
        if begins {
            state.blocked += 1;
            self.leave_processor(&mut state);
            MutexGuard::unlocked(&mut state, || self.wake_one());
            // The last one awake may be this one: somebody must see that nobody runs.
            self.wake_sleepers(&state);
        } else {
            state.blocked -= 1;
        }
    }

    fn return_from_blocking(&self) {
        self.wait_for_processor();
    }

    fn lend(&self, begins: bool) {
        if begins {
            let mut state = self.state.lock();
            self.leave_processor(&mut state);
            drop(state);
            self.wake_one();
        } else {
            self.wait_for_processor();
        }
    }

    fn clear(&self) {
        let mut state = self.state.lock();
        let mut garbage: Vec<G> = state.global.drain(..).collect();
        drop(state);
        garbage.extend(self.all().flat_map(Processor::drain));
        let timers = std::mem::take(&mut *self.timers.lock());
        drop((garbage, timers));
    }

    fn is_parallel(&self) -> bool {
        true
    }

    fn stats(&self) -> Stats {
        let state = self.state.lock();
        Stats {
            procs: self.procs,
            idle_procs: state.free.len(),
            threads: state.workers,
            idle_threads: state.sleepers.asleep,
            spinning_threads: self.idle.spinning(),
            global_queue: state.global.len(),
            local_queues: self.all().map(Processor::queued).collect(),
            steals: self.counted.stolen.load(Ordering::Relaxed),
            retaken: self.counted.retaken.load(Ordering::Relaxed),
            preempted: self.counted.preempted.load(Ordering::Relaxed),
            housekept: self.counted.housekept.load(Ordering::Relaxed),
        }
    }
}
