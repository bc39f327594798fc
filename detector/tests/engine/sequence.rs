//! Sequences of events that a program could have caused, at random.
//!
//! A sequence is made by interpreting raw numbers against a simulation of the program: who
//! runs, who holds which lock, what is in which channel. A number that asks for something
//! impossible is passed over, so every vector of numbers gives a sequence, and proptest
//! shrinks sequences by shrinking numbers. Small numbers give simple events.
//!
//! Three dials, turned once for each sequence, keep races frequent but not universal: which
//! steps are taken, over how many bytes, and how many of the plain accesses lack the lock of
//! their region.

use crate::event::{
    Event, Word, acquire, end, fence, fork, join, load, read, release, release_acquire,
    release_merge, reset, rmw, store, word, write,
};
use proptest::prelude::*;
use std::fmt;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

/// A sequence of events.
#[derive(Clone)]
pub(crate) struct Sequence(pub(crate) Vec<Event>);

impl fmt::Debug for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        self.0
            .iter()
            .try_for_each(|event| writeln!(f, "{event:?},"))
    }
}

/// The number of events after which a sequence ends.
pub(crate) const LONGEST: usize = 200;

/// The window of memory begins half a window before one of these: a border of leaves, of the
/// shadow's tables, of what its tables reach, and a place beyond that.
const BORDERS: [usize; 4] = [0x1_0100, 1 << 28, 1 << 48, (1 << 50) + 0x100];
const WINDOW: usize = 64;
/// The atomics among the bytes of the window; the first overlaps two others.
const WORDS: [Word; 5] = [
    word(24, 8),
    word(32, 4),
    word(24, 1),
    word(28, 4),
    word(41, 2),
];
/// Bytes that one lock is for.
const REGION: usize = 16;
const THREADS: usize = 8;

// Sync objects by what the program uses them for.
const REGION_LOCKS: usize = 0;
const LOCKS: usize = 10;
const PLAIN: usize = 20;
const BARRIER: usize = 30;
const CHANNELS: usize = 40;

#[derive(Clone, Copy)]
enum Step {
    Write,
    Read,
    Load,
    Store,
    Rmw,
    Fence,
    Lock,
    Object,
    Channel,
    Fork,
    End,
    Join,
    Reset,
    Barrier,
}

/// Which steps a sequence is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mixture {
    Everything,
    Atomics,
    Objects,
    Lives,
}

impl Mixture {
    /// The steps, each as often as it stands here; the simplest first, for shrinking.
    #[rustfmt::skip]
    fn steps(self) -> &'static [Step] {
        use Step::{
            Barrier, Channel, End, Fence, Fork, Join, Load, Lock, Object, Read, Reset, Rmw, Store, Write,
        };
        match self {
            Self::Everything => &[
                Write, Read, Load, Store, Rmw, Fence, Lock, Object, Channel, Fork, End, Join, Reset,
                Write, Read, Lock, Object, Channel, Write, Read, Write, Read, Barrier,
            ],
            Self::Atomics => &[
                Write, Read, Load, Store, Rmw, Fence, Fork, Write, Read, Load, Store, Rmw, Fence, Reset,
            ],
            Self::Objects => &[
                Write, Read, Lock, Object, Channel, Fork, End, Join, Write, Read, Lock, Object, Channel,
                Object, Reset,
            ],
            Self::Lives => &[Write, Read, Fork, End, Join, Write, Read, Join],
        }
    }
}

#[derive(Clone, Debug)]
struct Dials {
    mixture: Mixture,
    border: usize,
    /// Bytes of the window that plain accesses begin in.
    span: usize,
    /// How many plain accesses of 256 do not take the lock of their region.
    careless: u8,
    /// Threads that are forked at the start.
    crew: usize,
}

/// Sequences of up to about [`LONGEST`] events.
pub(crate) fn sequences(mixture: Mixture) -> impl Strategy<Value = Sequence> {
    let dials = (
        0..BORDERS.len(),
        prop::sample::select(&[8, 24, WINDOW][..]),
        prop::sample::select(&[255, 100, 20, 0][..]),
        1..4usize,
    );
    let dials = dials.prop_map(move |(border, span, careless, crew)| Dials {
        mixture,
        border,
        span,
        careless,
        crew,
    });
    (dials, prop::collection::vec(any::<[u8; 5]>(), 0..LONGEST)).prop_map(|(dials, raw)| {
        let mut program = Program::new(dials);
        for numbers in raw {
            if program.events.len() < LONGEST {
                program.step(numbers);
            }
        }
        program.sequence()
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Running,
    Ended,
}

#[derive(Default)]
struct Channel {
    sent: usize,
    received: usize,
}

/// A simulation of the program whose events are generated.
struct Program {
    dials: Dials,
    threads: Vec<Life>,
    holders: [Option<usize>; 2],
    /// The channel at index `i` has `i + 1` slots.
    channels: [Channel; 3],
    events: Vec<Event>,
}

impl Program {
    fn new(dials: Dials) -> Self {
        let crew = dials.crew;
        Self {
            dials,
            threads: vec![Life::Running; crew + 1],
            holders: [None; 2],
            channels: Default::default(),
            events: (1..=crew).map(|child| fork(0, child)).collect(),
        }
    }

    fn sequence(self) -> Sequence {
        let base = BORDERS[self.dials.border] - WINDOW / 2;
        Sequence(self.events.iter().map(|event| event.moved(base)).collect())
    }

    fn in_state(&self, life: Life) -> Vec<usize> {
        let all = 0..self.threads.len();
        all.filter(|&thread| self.threads[thread] == life).collect()
    }

    /// What the numbers ask for: what to do, who does it, and how.
    fn step(&mut self, [what, who, which, size, how]: [u8; 5]) {
        let running = self.in_state(Life::Running);
        let thread = *pick(&running, who);
        match *pick(self.dials.mixture.steps(), what) {
            Step::Write => self.plain(thread, write, which, size, how),
            Step::Read => self.plain(thread, read, which, size, how),
            Step::Load => self.emit(load(
                thread,
                *pick(&WORDS, which),
                *pick(&[Relaxed, Acquire, SeqCst], how),
            )),
            Step::Store => self.emit(store(
                thread,
                *pick(&WORDS, which),
                *pick(&[Relaxed, Release, SeqCst], how),
            )),
            Step::Rmw => self.emit(rmw(thread, *pick(&WORDS, which), *pick(&ORDERINGS, how))),
            Step::Fence => self.emit(fence(thread, *pick(&ORDERINGS[1..], how))),
            Step::Lock => self.lock_or_unlock(thread, which),
            Step::Object => {
                let edges = [acquire, release, release_merge, release_acquire];
                self.emit(pick(&edges, how)(thread, PLAIN + usize::from(which) % 3));
            }
            Step::Channel => self.send_or_receive(thread, which, how),
            Step::Fork if self.threads.len() < THREADS => {
                self.emit(fork(thread, self.threads.len()));
                self.threads.push(Life::Running);
            }
            Step::End if running.len() > 1 => self.end(thread),
            Step::Join => {
                let ended = self.in_state(Life::Ended);
                if !ended.is_empty() {
                    self.emit(join(thread, *pick(&ended, which)));
                }
            }
            Step::Reset => self.emit(reset(
                usize::from(which) % WINDOW,
                1 + usize::from(size) % 24,
            )),
            Step::Barrier => {
                self.events
                    .extend(running.iter().map(|&thread| release_merge(thread, BARRIER)));
                self.events
                    .extend(running.iter().map(|&thread| acquire(thread, BARRIER)));
            }
            Step::Fork | Step::End => {}
        }
    }

    fn emit(&mut self, event: Event) {
        self.events.push(event);
    }

    /// A plain access, half of them aligned and of a machine's sizes, with or without a lock.
    fn plain(
        &mut self,
        thread: usize,
        access: fn(usize, usize, usize) -> Event,
        which: u8,
        size: u8,
        how: u8,
    ) {
        let start = usize::from(which) % self.dials.span;
        let (start, len) = if size < 128 {
            let len = 1 << (size % 4);
            (start / len * len, len)
        } else {
            (start, 1 + usize::from(size) % 24)
        };
        let event = access(thread, start, len);
        if how < self.dials.careless {
            return self.emit(event);
        }
        let lock = REGION_LOCKS + start / REGION;
        self.events
            .extend([acquire(thread, lock), event, release(thread, lock)]);
    }

    fn lock_or_unlock(&mut self, thread: usize, which: u8) {
        let lock = usize::from(which) % self.holders.len();
        match self.holders[lock] {
            None => {
                self.emit(acquire(thread, LOCKS + lock));
                self.holders[lock] = Some(thread);
            }
            Some(holder) if holder == thread => {
                self.emit(release(thread, LOCKS + lock));
                self.holders[lock] = None;
            }
            Some(_) => {}
        }
    }

    /// The k-th send and the k-th receive meet in a slot, and so do the k-th receive and the
    /// (k+C)-th send.
    fn send_or_receive(&mut self, thread: usize, which: u8, how: u8) {
        let index = usize::from(which) % self.channels.len();
        let slots = index + 1;
        let channel = &mut self.channels[index];
        let held = channel.sent - channel.received;
        let count = if held == 0 || held < slots && how.is_multiple_of(2) {
            &mut channel.sent
        } else {
            &mut channel.received
        };
        let slot = *count % slots;
        *count += 1;
        self.emit(release_acquire(thread, CHANNELS + 10 * index + slot));
    }

    fn end(&mut self, thread: usize) {
        for lock in 0..self.holders.len() {
            if self.holders[lock] == Some(thread) {
                self.lock_or_unlock(thread, lock as u8);
            }
        }
        self.emit(end(thread));
        self.threads[thread] = Life::Ended;
    }
}

const ORDERINGS: [Ordering; 5] = [Relaxed, Acquire, Release, AcqRel, SeqCst];

fn pick<T>(from: &[T], number: u8) -> &T {
    &from[usize::from(number) % from.len()]
}

mod tests {
    use super::*;
    use crate::oracle::Oracle;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    use std::collections::BTreeSet;

    fn sampled(mixture: Mixture, count: usize) -> Vec<Vec<Event>> {
        let mut runner = TestRunner::deterministic();
        let sample = |_| {
            sequences(mixture)
                .new_tree(&mut runner)
                .unwrap()
                .current()
                .0
        };
        (0..count).map(sample).collect()
    }

    /// Properties are worth as much as the sequences they are tried on.
    #[test]
    fn sequences_race_often_but_not_always() {
        const COUNT: usize = 100;
        for mixture in [
            Mixture::Everything,
            Mixture::Atomics,
            Mixture::Objects,
            Mixture::Lives,
        ] {
            let mut racy = 0;
            for events in sampled(mixture, COUNT) {
                let mut oracle = Oracle::new();
                let races = events
                    .iter()
                    .filter(|&&event| !oracle.step(event).is_empty());
                racy += usize::from(races.count() > 0);
            }
            assert!(
                (COUNT / 4..COUNT * 19 / 20).contains(&racy),
                "{racy} of {COUNT} race, {mixture:?}"
            );
        }
    }

    #[test]
    fn sequences_use_every_event() {
        let name = |event: &Event| {
            let printed = format!("{event:?}");
            printed.split_once('(').unwrap().0.to_owned()
        };
        let events = sampled(Mixture::Everything, 20).concat();
        let names: BTreeSet<_> = events.iter().map(name).collect();
        assert_eq!(names.len(), 14, "{names:?}");
    }
}
