//! M: an OS thread that runs goroutines while it has a processor.
//!
//! Where it looks for one to run, in this order: its processor's queue, the global queue, timers, the
//! network, other processors' queues; then it does the detector's housekeeping, a part at a time, and
//! looks again after each; then it gives its processor back and sleeps. Every 61st look
//! begins with the global queue, so that nobody waits there for ever. Where nobody is idle, `sysmon` asks for a part of
//! the housekeeping now and then: whoever looks next does it first.
//!
//! # Sleeping and waking
//!
//! `idle.rs` says who wakes whom, and why nobody sleeps while there is work and a free processor.
//!
//! Where goroutines wait for the network, and a processor is free, one of those that sleep does so in
//! the network poller. It counts as asleep like the others. Whoever wakes it does so under the
//! lock, and after the sleeper said there that it goes to the poller; that the poll may not have begun
//! yet does no harm, as the interruption stays until a poll takes it. It is woken before others
//! where there is one free processor only: without any, it would wake at each event for nothing.

use super::processor::Processor;
use super::{BATCH, Parallel, State};
use crate::blocks::OwnBlocks;
use crate::goroutine::{G, Switch};
use crate::run::Run;
use crate::spares::Own;
use crate::spin;
use crate::stack::GoroutineStack;
use deadheat_detector::Detector;
use parking_lot::MutexGuard;
use std::cell::{Cell, UnsafeCell};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Each so manieth look for something to run begins with the global queue; Go's.
const FAIRNESS: u32 = 61;

/// Each so manieth look begins with the timers.
const TIMERS: u32 = 64;

/// For how long a worker looks for work before it sleeps.
const SPIN: Duration = Duration::from_micros(20);

/// The same, where the last look was in vain: enough to see what is next with another, and settled.
const GLANCE: Duration = Duration::from_micros(10);

/// How long the goroutine that runs must have run for others to be stolen from behind it: as a rule whoever made
/// them ready is about to wait for them.
const SETTLED: Duration = Duration::from_micros(6);

/// For how long the last of a few would wait, at the pace of those before, for some of them to be stolen: to move
/// goroutines that hand something on to each other costs more than they wait.
const LONG: Duration = Duration::from_micros(20);

/// Where so many wait behind each other, some are stolen at once.
pub(super) const MANY: u32 = 8;

/// A worker, as the goroutine that it runs sees it.
pub(crate) struct Worker {
    scheduler: *const Parallel,
    /// Its number among the run's.
    index: usize,
    processor: Cell<*const Processor>,
    spinning: Cell<bool>,
    seed: Cell<u32>,
    /// Goroutines that have ended, and stacks of the usual size that nobody runs on.
    ended: UnsafeCell<Own<G>>,
    stacks: UnsafeCell<Vec<GoroutineStack>>,
    blocks: UnsafeCell<OwnBlocks>,
    /// The numbers of the next goroutines that start here.
    numbers: Cell<(u64, u64)>,
}

/// How many numbers of goroutines a worker takes at a time; Go's.
const NUMBERS: u64 = 16;

/// How many stacks a worker keeps for itself.
const STACKS: usize = 64;

impl Worker {
    fn new(scheduler: &Parallel, number: usize, spinning: bool) -> Self {
        Self {
            scheduler,
            index: number,
            processor: Cell::new(ptr::null()),
            spinning: Cell::new(spinning),
            seed: Cell::new((number as u32).wrapping_mul(0x9e37_79b9) | 1),
            ended: UnsafeCell::default(),
            stacks: UnsafeCell::default(),
            blocks: UnsafeCell::default(),
            numbers: Cell::default(),
        }
    }

    /// Calls `f`, which switches to nobody and does not get here again, with the ended goroutines that
    /// are this worker's own.
    pub(crate) fn with_ended<R>(&self, f: impl FnOnce(&mut Own<G>) -> R) -> R {
        // SAFETY: a worker is not `Sync`: this is its thread, and by the caller this is the only reference.
        f(unsafe { &mut *self.ended.get() })
    }

    /// The number of a goroutine that starts here: `take` gives the first of so many.
    pub(crate) fn number(&self, take: impl FnOnce(u64) -> u64) -> u64 {
        let (next, end) = match self.numbers.get() {
            (next, end) if next < end => (next, end),
            _ => {
                let first = take(NUMBERS);
                (first, first + NUMBERS)
            }
        };
        self.numbers.set((next + 1, end));
        next
    }

    /// Calls `f`, which switches to nobody and does not get here again, with the blocks that are this worker's
    /// own.
    pub(crate) fn with_blocks<R>(&self, f: impl FnOnce(&mut OwnBlocks) -> R) -> R {
        // SAFETY: as in `with_ended`.
        f(unsafe { &mut *self.blocks.get() })
    }

    /// A stack of the usual size, if the worker has one.
    pub(crate) fn take_stack(&self) -> Option<GoroutineStack> {
        // SAFETY: as in `with_ended`; nothing is called meanwhile.
        unsafe { (*self.stacks.get()).pop() }
    }

    /// Keeps a stack of the usual size; gives it back where there are enough.
    pub(crate) fn put_stack(&self, stack: GoroutineStack) -> Option<GoroutineStack> {
        // SAFETY: as in `with_ended`; nothing is called meanwhile.
        let stacks = unsafe { &mut *self.stacks.get() };
        if stacks.len() == STACKS {
            return Some(stack);
        }
        stacks.push(stack);
        None
    }

    /// Whether this worker works for `scheduler`.
    pub(super) fn is_of(&self, scheduler: &Parallel) -> bool {
        ptr::eq(self.scheduler, scheduler)
    }

    /// The worker's processor.
    pub(super) fn processor(&self) -> Option<&Processor> {
        // SAFETY: null, or a processor of the scheduler, which keeps all of them until its workers
        // have ended.
        unsafe { self.processor.get().as_ref() }
    }

    /// Whether the goroutine that runs is to let others run.
    #[inline]
    pub(crate) fn should_yield(&self) -> bool {
        self.processor().is_some_and(Processor::should_yield)
            || self.scheduler().ending.load(Ordering::Relaxed)
    }

    #[inline]
    fn scheduler(&self) -> &Parallel {
        // SAFETY: a worker works for a scheduler that outlives it.
        unsafe { &*self.scheduler }
    }

    /// The nanoseconds since the run's start, as of some moments ago.
    #[inline]
    pub(crate) fn about_now(&self) -> u64 {
        self.scheduler().about_now.load(Ordering::Relaxed)
    }

    /// The worker's number among those of its run.
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// A number that tells the worker's processor from most others; 0 where it has none.
    pub(crate) fn processor_mark(&self) -> usize {
        self.processor.get() as usize / align_of::<Processor>()
    }

    pub(super) fn set_processor(&self, processor: Option<&Processor>) {
        self.processor
            .set(processor.map_or(ptr::null(), ptr::from_ref));
    }

    /// A number that others are unlikely to draw at the same time (Marsaglia's xorshift).
    pub(super) fn draw(&self) -> usize {
        let mut x = self.seed.get();
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        self.seed.set(x);
        x as usize
    }
}

impl Parallel {
    /// Runs goroutines until the run's end.
    pub(super) fn work(&self, run: &Arc<Run>, number: usize, spinning: bool) {
        let _working = super::Working(self);
        let worker = Worker::new(self, number, spinning);
        while let Some(g) = self.next(run, &worker) {
            let switch = self.run_one(&worker, &g);
            match switch {
                Switch::Park => {}
                Switch::Yield => self.requeue(&worker, g),
                Switch::Finish => {
                    if g.is_main() {
                        self.state.lock().main_returned = Some(Instant::now());
                    }
                    run.end(Some(&worker), g);
                }
            }
        }
        self.idle.stop_spinning(&worker.spinning);
    }

    fn run_one(&self, worker: &Worker, g: &G) -> Switch {
        if let Some(processor) = worker.processor() {
            processor.set_running(true);
        }
        let switch = g.resume_on(worker);
        // The goroutine may have given it away.
        if let Some(processor) = worker.processor() {
            processor.set_running(false);
        }
        switch
    }

    /// A goroutine that let others run: behind those of its processor, or, where it had used up its
    /// time, behind all.
    fn requeue(&self, worker: &Worker, g: G) {
        match worker.processor() {
            Some(processor) if !processor.is_asked() => {
                self.push(processor, g);
            }
            Some(processor) => {
                processor.begin_slice();
                self.counted.preempted.fetch_add(1, Ordering::Relaxed);
                self.push_global(g);
                self.wake_one();
            }
            None => self.push_global(g),
        }
    }

    /// The next goroutine to run; `None` where the run is over.
    fn next(&self, run: &Run, worker: &Worker) -> Option<G> {
        while !self.ending.load(Ordering::Relaxed) {
            let Some(processor) = worker.processor() else {
                self.sleep(worker);
                continue;
            };
            if processor.is_lost() {
                self.retire(worker, processor);
            } else if self.must_give_way() {
                self.sleep(worker);
            } else if let Some(g) = self.find_for(run, worker, processor) {
                self.found(worker);
                return Some(g);
            } else if !self.housekeep(run, worker) {
                self.sleep(worker);
            }
        }
        None
    }

    /// Does a part of the detector's housekeeping; `false` where there is nothing to do. As it does not
    /// look for work meanwhile, it does not spin, and looks again after each part.
    fn housekeep(&self, run: &Run, worker: &Worker) -> bool {
        let Some(detector) = run.detector.as_ref().filter(|d| d.wants_housekeeping()) else {
            return false;
        };
        let vain = self.idle.vain();
        let work = || self.global_len.load(Ordering::Acquire) > 0 || self.is_worth_a_look(vain);
        if !self.idle.last_look(&worker.spinning, work) {
            self.do_a_part(detector);
        }
        true
    }

    fn do_a_part(&self, detector: &Detector) {
        detector.housekeep();
        self.counted.housekept.fetch_add(1, Ordering::Relaxed);
    }

    /// Looks for a goroutine to run; first does the part of the housekeeping that is overdue, unless others count on
    /// this one to find work.
    fn find_for(&self, run: &Run, worker: &Worker, processor: &Processor) -> Option<G> {
        if self.overdue.load(Ordering::Relaxed)
            && !worker.spinning.get()
            && self.overdue.swap(false, Ordering::Relaxed)
            && let Some(detector) = &run.detector
        {
            self.do_a_part(detector);
        }
        self.find(worker, processor)
    }

    fn find(&self, worker: &Worker, processor: &Processor) -> Option<G> {
        let look = processor.looks.load(Ordering::Relaxed).wrapping_add(1);
        processor.looks.store(look, Ordering::Relaxed);
        if look.is_multiple_of(TIMERS) {
            self.fire_timers();
        }
        if look.is_multiple_of(FAIRNESS)
            && let Some(g) = self.pop_global(processor, 1)
        {
            return Some(g);
        }
        processor
            .pop()
            .or_else(|| self.pop_global(processor, BATCH))
            .or_else(|| {
                self.fire_timers();
                self.pop_global(processor, BATCH)
            })
            .or_else(|| self.poll_network(processor))
            .or_else(|| self.spin(worker, processor))
    }

    /// Looks for work with others, for a moment, unless enough do already.
    fn spin(&self, worker: &Worker, processor: &Processor) -> Option<G> {
        if !worker.spinning.get() {
            let spinning = self.idle.spinning();
            if spinning > 0 && 2 * spinning >= self.procs {
                return None;
            }
            self.idle.start_spinning(&worker.spinning);
        }
        let begin = Instant::now();
        let patience = if self.idle.vain() == 0 { SPIN } else { GLANCE };
        let mut marks = Marks::default();
        loop {
            let found = self
                .steal(worker, processor, &mut marks)
                .or_else(|| self.pop_global(processor, BATCH));
            if found.is_some() {
                self.idle.looked(true);
                return found;
            }
            if self.ending.load(Ordering::Relaxed) || self.must_give_way() {
                return None;
            }
            if begin.elapsed() >= patience {
                self.idle.looked(false);
                return None;
            }
            spin::stand_back();
        }
    }

    fn steal(&self, worker: &Worker, processor: &Processor, marks: &mut Marks) -> Option<G> {
        let all = self.all();
        let first = worker.draw() % all.len();
        let victims = all.clone().skip(first).chain(all.take(first));
        for victim in victims.filter(|victim| !ptr::eq(*victim, processor)) {
            let stolen = steal_from(victim, processor, marks);
            if stolen.is_some() {
                self.counted.stolen.fetch_add(1, Ordering::Relaxed);
                processor.begin_slice();
                return stolen;
            }
        }
        None
    }

    fn found(&self, worker: &Worker) {
        if self.idle.stop_spinning(&worker.spinning) {
            self.wake_one();
        }
    }

    /// Gives the worker's processor back and sleeps, unless there is work after all. The worker may
    /// have a processor when this returns.
    fn sleep(&self, worker: &Worker) {
        let mut state = self.state.lock();
        if let Some(processor) = worker.processor() {
            worker.set_processor(None);
            self.free(&mut state, processor);
        }
        let left_over = state.free.len() > self.returning.load(Ordering::SeqCst);
        let runs = state.free.len() < self.procs;
        let vain = self.idle.vain_while(runs);
        let work = || left_over && (self.is_due(&state) || self.is_worth_a_look(vain));
        if self.idle.last_look(&worker.spinning, work) {
            self.take_free(&mut state, worker);
            if worker.processor().is_some() {
                return;
            }
        }
        if self.wait_for_wake(&mut state, vain) {
            self.take_free(&mut state, worker);
        }
        let has_processor = worker.processor().is_some();
        self.idle
            .woken(&mut state.sleepers, &worker.spinning, has_processor);
        // The network may have had more than this one can run.
        let more = state.global.len() > 1;
        drop(state);
        if more {
            self.wake_one();
        }
    }

    /// Whether there is something to be had of others' queues; after looks in vain, a few are no reason to
    /// go on looking.
    fn is_worth_a_look(&self, vain: u32) -> bool {
        self.all().any(|processor| match vain {
            0 => processor.has_work(),
            _ => processor.waiting() >= MANY,
        })
    }

    /// `false` where the run is over.
    fn wait_for_wake(&self, state: &mut MutexGuard<'_, State>, vain: u32) -> bool {
        // In this order: whoever takes the last timer says first that it will wake somebody.
        let due = self.first_due(state.main_returned.is_some());
        let firing = self.firing.load(Ordering::SeqCst) > 0;
        let nobody_runs =
            !firing && state.sleepers.asleep as isize + state.blocked + 1 == state.workers as isize;
        if nobody_runs
            && due.is_none()
            && !self.waits_for_network(state)
            && !self.waits_for_outside(state)
        {
            self.finish_idle(state);
        }
        if state.end.is_some() {
            return false;
        }
        state.sleepers.asleep += 1;
        let nap = self.idle.nap(&mut state.sleepers, vain);
        let nap_ends = nap.map(|nap| Instant::now() + nap);
        let deadline = self.deadline(state, due).into_iter().chain(nap_ends).min();
        if !state.polling && !state.free.is_empty() && self.netpoll.is_waited_for() {
            self.sleep_in_network(state, deadline);
        } else if let Some(deadline) = deadline {
            self.changed.wait_until(state, deadline);
        } else {
            self.changed.wait(state);
        }
        state.sleepers.asleep -= 1;
        if nap.is_some() {
            state.sleepers.naps = false;
        }
        true
    }
}

/// Half of the victim's queue, for `processor`, where it is worth it: where many wait, or those who do
/// would wait for longer than it takes to move them. Else what is next, after as long.
fn steal_from(victim: &Processor, processor: &Processor, marks: &mut Marks) -> Option<G> {
    let next = victim.next_mark();
    let waiting = victim.waiting();
    if waiting >= MANY {
        return processor.steal(victim);
    }
    let pace = marks.look(victim)?;
    let settled = pace.of_slices >= SETTLED;
    if waiting > 0 && (settled || pace.of_queue * waiting >= LONG) {
        return processor.steal(victim);
    }
    if next == 0 || !settled {
        return None;
    }
    victim.steal_next(next)
}

/// What was seen of others, and when.
#[derive(Default)]
struct Marks(smallvec::SmallVec<[Mark; 8]>);

struct Mark {
    victim: *const Processor,
    /// How often it had looked for something to run, and how many had left its queue.
    looks: u32,
    taken: u32,
    since: Instant,
}

/// How long things take with another processor.
struct Pace {
    /// For one to leave the queue.
    of_queue: Duration,
    /// For a goroutine to run; the one that runs may go on for longer.
    of_slices: Duration,
}

impl Marks {
    /// The pace of `victim`; `None` where it was not seen for long enough.
    fn look(&mut self, victim: &Processor) -> Option<Pace> {
        let now = Mark {
            victim,
            looks: victim.looks.load(Ordering::Relaxed),
            taken: victim.taken(),
            since: Instant::now(),
        };
        let Some(mark) = self.0.iter_mut().find(|mark| ptr::eq(mark.victim, victim)) else {
            self.0.push(now);
            return None;
        };
        let seen_for = now.since.duration_since(mark.since);
        if seen_for < SETTLED {
            return None;
        }
        let (looks, taken) = (
            now.looks.wrapping_sub(mark.looks),
            now.taken.wrapping_sub(mark.taken),
        );
        if looks != 0 {
            *mark = now;
        }
        Some(Pace {
            of_queue: seen_for / taken.max(1),
            of_slices: seen_for / looks.max(1),
        })
    }
}
