//! What programs do, for any clocks.

use crate::heap;
use crate::watch::Watch;
use deadheat_rivals::Clocks;
use std::time::{Duration, Instant};

/// How much a run may take.
pub(crate) struct Limit {
    pub(crate) bytes: u64,
    pub(crate) time: Duration,
}

/// A limit that counts from the start of a run.
pub(crate) struct Budget {
    deadline: Instant,
    most: u64,
}

/// Steps from one look at the budget to the next.
const UNWATCHED: usize = 64;

impl Budget {
    pub(crate) fn start(limit: &Limit) -> Self {
        Self {
            deadline: Instant::now() + limit.time,
            most: heap::bytes() + limit.bytes,
        }
    }

    /// `None` where the budget is used up, at one of many steps.
    fn check(&self, step: usize, clocks: &impl Clocks) -> Option<()> {
        let in_time = || Instant::now() < self.deadline;
        let in_space = || heap::bytes() + clocks.mapped() < self.most;
        (!step.is_multiple_of(UNWATCHED) || in_time() && in_space()).then_some(())
    }
}

/// What a run shows, in the order of [`Workload::FIGURES`].
pub(crate) type Figures = Vec<f64>;

/// Something that programs do with a number of threads.
pub(crate) trait Workload {
    const NAME: &'static str;
    /// What is measured, and the bound on it for the engine, if there is one.
    const FIGURES: &'static [(&'static str, Option<f64>)];
    const THREADS: &'static [usize] = &[16, 100, 1_000, 10_000, 100_000, 1_000_000];

    /// Does it; `None` where that took more than the budget.
    fn run<C: Clocks>(threads: usize, budget: &Budget) -> Option<Figures>;
}

/// Threads that their first one has forked.
struct Program<C: Clocks> {
    clocks: C,
    main: C::Thread,
    threads: Vec<C::Thread>,
    heap_before: u64,
}

impl<C: Clocks> Program<C> {
    fn new(threads: usize) -> Self {
        let heap_before = heap::bytes();
        let mut clocks = C::new();
        let main = clocks.first_thread();
        Self {
            clocks,
            main,
            threads: Vec::with_capacity(threads),
            heap_before,
        }
    }

    fn fork(&mut self, threads: usize, budget: &Budget) -> Option<()> {
        for i in 0..threads {
            let thread = self.clocks.fork(&mut self.main);
            self.threads.push(thread);
            budget.check(i, &self.clocks)?;
        }
        Some(())
    }

    fn forked(threads: usize, budget: &Budget) -> Option<Self> {
        let mut program = Self::new(threads);
        program.fork(threads, budget)?;
        Some(program)
    }

    fn bytes_each(&self, threads: usize) -> f64 {
        let bytes = heap::bytes() - self.heap_before + self.clocks.mapped();
        bytes as f64 / threads as f64
    }

    /// Calls `round` with the number of the round until that was often enough. Gives the
    /// nanoseconds for each thread of the first round, in which threads get to know each other,
    /// and of the others. Never inlined, so that a profiler can be told to count only this.
    #[inline(never)]
    fn rounds(
        &mut self,
        mut round: impl FnMut(&mut Self, usize) -> Option<()>,
    ) -> Option<[f64; 2]> {
        let threads = self.threads.len();
        let watch = Watch::start();
        round(self, 0)?;
        let first = watch.each(threads);
        let rounds = (LATER_STEPS / threads).max(LATER_ROUNDS);
        let watch = Watch::start();
        (1..=rounds).try_for_each(|i| round(self, i))?;
        Some([first, watch.each(rounds * threads)])
    }
}

/// Threads' turns that later rounds consist of, where there are few threads.
const LATER_STEPS: usize = 20_000;

/// Later rounds, at least: what is freed in one is used in the next, and lies elsewhere in time.
const LATER_ROUNDS: usize = 8;

const ROUNDS: &[(&str, Option<f64>)] = &[
    ("first round, ns", None),
    ("later rounds, ns", None),
    ("bytes per thread", None),
];

/// Each thread exchanges once with its parent, through an unbuffered channel of its own; all are
/// alive before the first one ends.
pub(crate) struct Exchange;

impl Workload for Exchange {
    const NAME: &'static str = "exchange";
    const FIGURES: &'static [(&'static str, Option<f64>)] = &[
        ("bytes per thread", Some(1000.0)),
        ("fork + end, ns", Some(1500.0)),
        ("fork, ns", None),
        ("exchange, ns", None),
        ("end, ns", None),
    ];

    fn run<C: Clocks>(threads: usize, budget: &Budget) -> Option<Figures> {
        let mut program = Program::<C>::new(threads);
        let watch = Watch::start();
        program.fork(threads, budget)?;
        let fork = watch.each(threads);
        // What is sent, and that it was received: both stay in the channel.
        let mut channels: Vec<[C::Var; 2]> = Vec::new();
        channels.resize_with(threads, Default::default);
        let watch = Watch::start();
        let Program {
            clocks,
            main,
            threads: children,
            ..
        } = &mut program;
        for (i, (child, [sent, received])) in children.iter_mut().zip(&mut channels).enumerate() {
            clocks.release(child, sent);
            clocks.acquire(main, sent);
            clocks.release(main, received);
            clocks.acquire(child, received);
            budget.check(i, clocks)?;
        }
        let exchange = watch.each(threads);
        let bytes = program.bytes_each(threads);
        let mut ends: Vec<C::Var> = Vec::new();
        ends.resize_with(threads, Default::default);
        let watch = Watch::start();
        let children = program.threads.drain(..);
        for (i, (mut child, end)) in children.zip(&mut ends).enumerate() {
            program.clocks.release(&mut child, end);
            drop(child);
            budget.check(i, &program.clocks)?;
        }
        let end = watch.each(threads);
        Some(vec![bytes, fork + end, fork, exchange, end])
    }
}

/// All threads pass through one mutex in turn.
pub(crate) struct Mutex;

impl Workload for Mutex {
    const NAME: &'static str = "mutex";
    const FIGURES: &'static [(&'static str, Option<f64>)] = ROUNDS;
    const THREADS: &'static [usize] = &[
        16, 32, 100, 316, 1_000, 3_162, 10_000, 31_623, 100_000, 316_228, 1_000_000,
    ];

    fn run<C: Clocks>(threads: usize, budget: &Budget) -> Option<Figures> {
        let mut program = Program::<C>::forked(threads, budget)?;
        let mut mutex = C::Var::default();
        let [first, later] = program.rounds(|program, _| {
            for (i, thread) in program.threads.iter_mut().enumerate() {
                program.clocks.acquire(thread, &mutex);
                program.clocks.release(thread, &mut mutex);
                budget.check(i, &program.clocks)?;
            }
            Some(())
        })?;
        Some(vec![first, later, program.bytes_each(threads)])
    }
}

/// All threads meet at a barrier, again and again.
pub(crate) struct Barrier;

impl Workload for Barrier {
    const NAME: &'static str = "barrier";
    const FIGURES: &'static [(&'static str, Option<f64>)] = ROUNDS;

    fn run<C: Clocks>(threads: usize, budget: &Budget) -> Option<Figures> {
        let mut program = Program::<C>::forked(threads, budget)?;
        let mut barrier = C::Var::default();
        let [first, later] = program.rounds(|program, _| {
            let Program {
                clocks, threads, ..
            } = program;
            for (i, thread) in threads.iter_mut().enumerate() {
                clocks.release_merge(thread, &mut barrier);
                budget.check(i, clocks)?;
            }
            for (i, thread) in threads.iter_mut().enumerate() {
                clocks.acquire(thread, &barrier);
                budget.check(i, clocks)?;
            }
            Some(())
        })?;
        Some(vec![first, later, program.bytes_each(threads)])
    }
}

/// Each thread reports to its parent through an unbuffered channel, and is done with a wait
/// group that the parent waits for.
pub(crate) struct Report;

impl Workload for Report {
    const NAME: &'static str = "report + wait group";
    const FIGURES: &'static [(&'static str, Option<f64>)] = ROUNDS;

    fn run<C: Clocks>(threads: usize, budget: &Budget) -> Option<Figures> {
        let mut program = Program::<C>::forked(threads, budget)?;
        let [mut sent, mut received] = [C::Var::default(), C::Var::default()];
        let [first, later] = program.rounds(|program, _| {
            let mut group = C::Var::default();
            let Program {
                clocks,
                main,
                threads,
                ..
            } = program;
            for (i, thread) in threads.iter_mut().enumerate() {
                clocks.release(thread, &mut sent);
                clocks.acquire(main, &sent);
                clocks.release(main, &mut received);
                clocks.acquire(thread, &received);
                clocks.release_merge(thread, &mut group);
                budget.check(i, clocks)?;
            }
            clocks.acquire(main, &group);
            Some(())
        })?;
        Some(vec![first, later, program.bytes_each(threads)])
    }
}

/// Each thread takes from the one before it, and hands to the next, round and round.
pub(crate) struct Ring;

impl Workload for Ring {
    const NAME: &'static str = "ring";
    const FIGURES: &'static [(&'static str, Option<f64>)] = ROUNDS;

    fn run<C: Clocks>(threads: usize, budget: &Budget) -> Option<Figures> {
        let mut program = Program::<C>::forked(threads, budget)?;
        let mut channels: Vec<C::Var> = Vec::new();
        channels.resize_with(threads, Default::default);
        let [first, later] = program.rounds(|program, _| {
            for i in 0..threads {
                let thread = &mut program.threads[i];
                let before = i.checked_sub(1).unwrap_or(threads - 1);
                program.clocks.acquire(thread, &channels[before]);
                program.clocks.release(thread, &mut channels[i]);
                budget.check(i, &program.clocks)?;
            }
            Some(())
        })?;
        Some(vec![first, later, program.bytes_each(threads)])
    }
}

/// Each thread passes through one of many mutexes, chosen at random: what threads know overlaps,
/// and nobody knows all that another does.
pub(crate) struct Random;

impl Workload for Random {
    const NAME: &'static str = "random mutexes";
    const FIGURES: &'static [(&'static str, Option<f64>)] = ROUNDS;

    fn run<C: Clocks>(threads: usize, budget: &Budget) -> Option<Figures> {
        let mut program = Program::<C>::forked(threads, budget)?;
        let mut mutexes: Vec<C::Var> = Vec::new();
        mutexes.resize_with(threads.div_ceil(10), Default::default);
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        let [first, later] = program.rounds(|program, _| {
            for i in 0..threads {
                let thread = &mut program.threads[numbers.below(threads)];
                let mutex = &mut mutexes[numbers.below(threads.div_ceil(10))];
                program.clocks.acquire(thread, mutex);
                program.clocks.release(thread, mutex);
                budget.check(i, &program.clocks)?;
            }
            Some(())
        })?;
        Some(vec![first, later, program.bytes_each(threads)])
    }
}

/// Marsaglia's xorshift: the same numbers each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((u128::from(self.0) * limit as u128) >> 64) as usize
    }
}

/// Two threads take turns with one mutex, while they know of many others.
pub(crate) struct PingPong;

impl Workload for PingPong {
    const NAME: &'static str = "two of many";
    const FIGURES: &'static [(&'static str, Option<f64>)] = &[("lock, ns", None)];

    fn run<C: Clocks>(threads: usize, budget: &Budget) -> Option<Figures> {
        let mut program = Program::<C>::forked(threads - 2, budget)?;
        let mut channel = C::Var::default();
        let Program {
            clocks,
            main,
            threads: others,
            ..
        } = &mut program;
        for (i, thread) in others.iter_mut().enumerate() {
            clocks.release(thread, &mut channel);
            clocks.acquire(main, &channel);
            budget.check(i, clocks)?;
        }
        let mut two = [(); 2].map(|()| program.clocks.fork(&mut program.main));
        let mut mutex = C::Var::default();
        let watch = Watch::start();
        for i in 0..LATER_STEPS {
            program.clocks.acquire(&mut two[i % 2], &mutex);
            program.clocks.release(&mut two[i % 2], &mut mutex);
            budget.check(i, &program.clocks)?;
        }
        Some(vec![watch.each(LATER_STEPS)])
    }
}
