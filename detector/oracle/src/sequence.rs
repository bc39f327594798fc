//! Sequences of events that a program could have caused, from plain bytes.
//!
//! A sequence is made by interpreting numbers against a simulation of the program: who runs, who
//! holds which lock, what is in which channel. A number that asks for something impossible is
//! passed over, so all bytes give a sequence: random ones, those that a fuzzer finds, and saved
//! ones. Smaller numbers and fewer bytes give simpler events and fewer, so that proptest shrinks
//! sequences by shrinking bytes.
//!
//! The first [`HEADER`] bytes turn dials that keep races frequent but not universal: which steps
//! are taken, over how many bytes, how many of the plain accesses lack the lock of their region,
//! and how many threads there are. Each [`STEP`] bytes that follow are a step of the program;
//! most steps are one event, those of crowds many.

use crate::event::{
    Word, acquire, alloc, call, end, fence, fork, free, join, load, read, release, release_acquire,
    release_merge, ret, rmw, store, transfer, word, write,
};
use deadheat_detector::event::Event;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

/// The bytes that the dials take.
pub const HEADER: usize = 8;
/// The bytes that each step takes.
pub const STEP: usize = 6;

/// The window of memory begins half a window before one of these: a border of leaves, of the
/// shadow's tables, of what its tables reach, and a place beyond that.
const BORDERS: [usize; 4] = [0x1_0100, 1 << 28, 1 << 48, (1 << 50) + 0x100];
const WINDOW: usize = 64;
/// The atomics among the bytes of the window, by start and length, each as often as it stands
/// here. Several overlap, two share their first byte, and so their object.
const WORDS: [(usize, usize); 12] = [
    (24, 8),
    (32, 4),
    (24, 1),
    (28, 4),
    (41, 2),
    (24, 8),
    (32, 4),
    (24, 1),
    (28, 4),
    (41, 2),
    (56, 8),
    (16, 16),
];
/// Bytes that one lock is for.
const REGION: usize = 16;
/// The longest plain access, but for a rare one across leaves.
const WIDEST: usize = 24;
const FAR: usize = 0x208;

/// Threads at a time, in a crowd.
pub const CROWD: usize = 64;
/// Threads at a time, elsewhere.
const COMPANY: usize = 8;
/// Threads in all: those that ended make room for others.
const THREADS: usize = 4 * CROWD;

// Sync objects by what the program uses them for.
const REGION_LOCKS: u64 = 0;
const LOCKS: u64 = 10;
const PLAIN: u64 = 20;
const BARRIER: u64 = 30;
const CHANNELS: u64 = 40;

/// What a program does next. First those that are an event, or the few that belong together;
/// then those of a crowd.
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
    Call,
    Return,
    Fork,
    Appear,
    End,
    Join,
    Alloc,
    Free,
    Transfer,
    Barrier,
    /// Many threads start: children of one, or each of the one before.
    Hatch,
    /// Many threads end, and some are joined.
    Reap,
    /// Threads that are forked, make an access, end and are joined, one after the other.
    Relay,
    /// Many threads make the same access, or each one of another size.
    Chorus,
    /// A lock goes through many hands, which may drop it.
    Chain,
    /// Many threads count on one atomic, which somebody then takes for plain memory.
    Swarm,
    /// Many threads release to an object that one acquires.
    Gather,
    /// One thread releases to an object that many acquire.
    Broadcast,
}

/// Which steps a sequence is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mixture {
    /// A bit of everything, by few threads.
    Everything,
    /// Atomics and fences.
    Atomics,
    /// Locks and channels.
    Objects,
    /// Forks, joins, calls.
    Lives,
    /// Up to [`CROWD`] threads, most of which do the same.
    Crowd,
    /// Up to [`CROWD`] threads, each of which does what it likes.
    Town,
}

impl Mixture {
    /// All mixtures, as the first byte of a sequence counts them.
    pub const ALL: [Self; 6] = [
        Self::Everything,
        Self::Atomics,
        Self::Objects,
        Self::Lives,
        Self::Crowd,
        Self::Town,
    ];

    /// The steps, each as often as it stands here; the simplest first, for shrinking.
    #[rustfmt::skip]
    fn steps(self) -> &'static [Step] {
        use Step::{
            Alloc, Appear, Barrier, Broadcast, Call, Chain, Channel, Chorus, End, Fence, Fork, Free, Gather,
            Hatch, Join, Load, Lock, Object, Read, Reap, Relay, Return, Rmw, Store, Swarm, Transfer, Write,
        };
        match self {
            Self::Everything => &[
                Write, Read, Load, Store, Rmw, Fence, Lock, Object, Channel, Call, Return, Fork, Appear,
                End, Join, Alloc, Free, Transfer, Write, Read, Lock, Object, Channel, Write, Read, Write,
                Read, Barrier, Call, Return, Join,
            ],
            Self::Atomics => &[
                Write, Read, Load, Store, Rmw, Fence, Fork, Write, Read, Load, Store, Rmw, Fence, Free,
            ],
            Self::Objects => &[
                Write, Read, Lock, Object, Channel, Fork, End, Join, Write, Read, Lock, Object, Channel,
                Object, Alloc, Transfer,
            ],
            Self::Lives => &[
                Write, Read, Fork, End, Join, Write, Read, Join, Appear, Relay, Call, Return,
            ],
            Self::Crowd => &[
                Write, Read, Chorus, Chain, Swarm, Gather, Broadcast, Barrier, Hatch, Reap, Relay, Chorus,
                Rmw, Join, Free, Chorus, Gather, Broadcast,
            ],
            Self::Town => &[
                Write, Read, Lock, Object, Channel, Call, Return, Fork, End, Join, Gather, Broadcast,
                Write, Read, Rmw, Barrier, Free, Read, Appear, Transfer, Read, Join, Read, Alloc, Fence,
                Store, Load,
            ],
        }
    }

    fn is_crowded(self) -> bool {
        matches!(self, Self::Crowd | Self::Town)
    }

    /// The number of events after which a sequence ends.
    #[must_use]
    pub fn longest(self) -> usize {
        if self.is_crowded() { 600 } else { 200 }
    }

    /// The number of steps that give a sequence of full length.
    #[must_use]
    pub fn steps_to_fill(self) -> usize {
        match self {
            Self::Crowd => 60,
            Self::Town => 400,
            _ => 200,
        }
    }
}

/// The mixture of the sequence that `bytes` give.
#[must_use]
pub fn mixture(bytes: &[u8]) -> Mixture {
    *pick(&Mixture::ALL, bytes.first().copied().unwrap_or(0))
}

/// The sequence that `bytes` give.
#[must_use]
pub fn sequence(bytes: &[u8]) -> Vec<Event> {
    let (header, steps) = bytes.split_at(bytes.len().min(HEADER));
    let mut program = Program::new(Dials::read(&filled(header)));
    for step in steps.chunks(STEP) {
        if program.events.len() >= program.dials.mixture.longest() {
            break;
        }
        program.step(filled(step));
    }
    program.events
}

/// The bytes, and zeros where there are too few.
fn filled<const N: usize>(bytes: &[u8]) -> [u8; N] {
    std::array::from_fn(|i| bytes.get(i).copied().unwrap_or(0))
}

#[derive(Clone, Debug)]
struct Dials {
    mixture: Mixture,
    /// Where the window begins.
    base: usize,
    /// Bytes of the window that plain accesses begin in.
    span: usize,
    /// How many plain accesses of 256 do not take the lock of their region.
    careless: u8,
    /// Threads that run from the start.
    first: usize,
    /// Threads that are forked at the start.
    crew: usize,
    /// What lies between the numbers of two threads.
    stride: u64,
}

impl Dials {
    fn read(header: &[u8; HEADER]) -> Self {
        let [mixture, border, span, careless, first, crew, stride, _] = *header;
        let mixture = *pick(&Mixture::ALL, mixture);
        let crews: &[usize] = match mixture {
            Mixture::Crowd => &[3, 9, 17, 33, 63],
            Mixture::Town => &[3, 17, 40, 60],
            _ => &[1, 2, 3],
        };
        // The more threads, the more often two meet.
        let careless_of: &[u8] = match mixture {
            Mixture::Town => &[100, 10, 1, 0, 0],
            Mixture::Atomics => &[255, 20, 0, 0],
            _ => &[255, 100, 20, 0],
        };
        Self {
            mixture,
            base: pick(&BORDERS, border) - WINDOW / 2,
            span: *pick(&[8, 24, WINDOW], span),
            careless: *pick(careless_of, careless),
            first: *pick(&[1, 1, 1, 2, 1, 3], first),
            crew: *pick(crews, crew),
            stride: *pick(&[1, 1, 0x1_0000_0001], stride),
        }
    }
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
    holders: [Option<u64>; 2],
    /// The channel at index `i` has `i + 1` slots.
    channels: [Channel; 3],
    events: Vec<Event>,
}

impl Program {
    fn new(dials: Dials) -> Self {
        let mut program = Self {
            threads: vec![Life::Running; dials.first],
            holders: [None; 2],
            channels: Default::default(),
            events: Vec::new(),
            dials,
        };
        for _ in 0..program.dials.crew {
            program.fork(0);
        }
        program
    }

    fn name(&self, index: usize) -> u64 {
        index as u64 * self.dials.stride
    }

    fn in_state(&self, life: Life) -> Vec<u64> {
        let all = 0..self.threads.len();
        let such = all.filter(|&index| self.threads[index] == life);
        such.map(|index| self.name(index)).collect()
    }

    fn running(&self) -> Vec<u64> {
        self.in_state(Life::Running)
    }

    fn word(&self, which: u8) -> Word {
        let (start, len) = *pick(&WORDS, which);
        word(self.dials.base + start, len)
    }

    fn object(&self, which: u8) -> u64 {
        let words = self.word(which).object;
        *pick(&[PLAIN, PLAIN + 1, PLAIN + 2, LOCKS, words], which)
    }

    /// What the numbers ask for: what to do, who does it, and how.
    fn step(&mut self, [what, who, which, size, how, more]: [u8; STEP]) {
        let running = self.running();
        let thread = *pick(&running, who);
        match *pick(self.dials.mixture.steps(), what) {
            Step::Write => self.plain(thread, write, which, size, how),
            Step::Read => self.plain(thread, read, which, size, how),
            Step::Load => {
                let ordering = *pick(&[Relaxed, Acquire, SeqCst], how);
                self.emit(load(thread, self.word(which), ordering));
            }
            Step::Store => {
                let ordering = *pick(&[Relaxed, Release, SeqCst], how);
                self.emit(store(thread, self.word(which), ordering));
            }
            Step::Rmw => self.emit(rmw(thread, self.word(which), *pick(&ORDERINGS, how))),
            Step::Fence => self.emit(fence(thread, *pick(&ORDERINGS[1..], how))),
            Step::Lock => self.lock_or_unlock(thread, which),
            Step::Object => {
                let edges = [acquire, release, release_merge, release_acquire];
                self.emit(pick(&edges, how)(thread, PLAIN + u64::from(which % 3)));
            }
            Step::Channel => self.send_or_receive(thread, which, how),
            Step::Call => self.emit(call(thread)),
            Step::Return => self.emit(ret(thread)),
            Step::Fork => _ = self.fork(thread),
            Step::Appear => {
                if self.has_room() {
                    self.threads.push(Life::Running);
                }
            }
            Step::End => self.end(thread),
            Step::Join => self.join(thread, which, how),
            Step::Alloc => self.emit(self.memory(thread, alloc, which, size)),
            Step::Free => self.emit(self.memory(thread, free, which, size)),
            Step::Transfer => {
                let (from, into) = (self.object(which), self.object(size));
                self.emit(transfer(thread, from, into));
            }
            Step::Barrier => self.barrier(&self.group(who, more)),
            Step::Hatch => {
                let mut parent = thread;
                for _ in 0..=more % 32 {
                    let child = self.fork(parent);
                    if how.is_multiple_of(2) {
                        parent = child.unwrap_or(parent);
                    }
                }
            }
            Step::Reap => self.reap(thread, &self.group(who, more), how),
            Step::Relay => {
                for round in 0..=more % 8 {
                    if let Some(child) = self.fork(thread) {
                        let access = if how.is_multiple_of(2) { write } else { read };
                        self.plain(child, access, which, size, how);
                        self.end(child);
                        if round != how % 16 {
                            self.emit(join(thread, child));
                        }
                    }
                }
            }
            Step::Chorus => {
                for (voice, thread) in (0u8..).zip(self.group(who, more)) {
                    let size = if how < 128 { size } else { voice };
                    self.voice(thread, which, size, how);
                }
            }
            Step::Chain => {
                for (hand, thread) in (0u8..).zip(self.group(who, more)) {
                    let access = if size.is_multiple_of(2) { write } else { read };
                    let event = access(thread, self.dials.base + usize::from(which) % WINDOW, 4);
                    let lock = LOCKS + 2;
                    if hand == how {
                        self.emit(event);
                    } else {
                        self.events
                            .extend([acquire(thread, lock), event, release(thread, lock)]);
                    }
                }
            }
            Step::Swarm => {
                let word = self.word(which);
                for other in self.group(who, more) {
                    self.emit(rmw(other, word, *pick(&ORDERINGS, how)));
                }
                let last = if size < 64 { write } else { read };
                if size < 128 {
                    self.emit(last(thread, word.start, word.len));
                }
            }
            Step::Gather => {
                for other in self.group(who, more) {
                    self.emit(release_merge(other, self.object(which)));
                }
                self.emit(acquire(thread, self.object(which)));
            }
            Step::Broadcast => {
                self.emit(release(thread, self.object(which)));
                for other in self.group(who, more) {
                    self.emit(acquire(other, self.object(which)));
                }
            }
        }
    }

    fn emit(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Threads in a row, from few to all.
    fn group(&self, who: u8, count: u8) -> Vec<u64> {
        let running = self.running();
        let count = *pick(&[2, 9, CROWD, 17, 33, 5, CROWD], count);
        let from = usize::from(who) % running.len();
        let row = running.iter().cycle().skip(from);
        row.take(count.min(running.len())).copied().collect()
    }

    fn has_room(&self) -> bool {
        let limit = if self.dials.mixture.is_crowded() {
            CROWD
        } else {
            COMPANY
        };
        self.running().len() < limit && self.threads.len() < THREADS
    }

    fn fork(&mut self, parent: u64) -> Option<u64> {
        self.has_room().then(|| {
            let child = self.name(self.threads.len());
            self.emit(fork(parent, child));
            self.threads.push(Life::Running);
            child
        })
    }

    /// Ends `thread`, unless it is the only one, and frees the locks that it holds.
    fn end(&mut self, thread: u64) {
        if self.running().len() == 1 {
            return;
        }
        for lock in 0..self.holders.len() {
            if self.holders[lock] == Some(thread) {
                self.lock_or_unlock(thread, lock as u8);
            }
        }
        self.emit(end(thread));
        self.threads[(thread / self.dials.stride) as usize] = Life::Ended;
    }

    /// Joins a thread that ended; now and then one that runs, or that nobody has seen.
    fn join(&mut self, thread: u64, which: u8, how: u8) {
        let others = match how {
            0..220 => self.in_state(Life::Ended),
            220..250 => self.running(),
            _ => vec![self.name(THREADS + 1)],
        };
        if !others.is_empty() {
            self.emit(join(thread, *pick(&others, which)));
        }
    }

    fn reap(&mut self, joiner: u64, group: &[u64], how: u8) {
        let group = group.iter().copied().filter(|&other| other != joiner);
        for (number, other) in (0u8..).zip(group) {
            self.end(other);
            if how < 200 || number % 8 != how % 8 {
                self.emit(join(joiner, other));
            }
        }
    }

    fn barrier(&mut self, group: &[u64]) {
        let arrivals = group.iter().map(|&thread| release_merge(thread, BARRIER));
        self.events.extend(arrivals);
        let departures = group.iter().map(|&thread| acquire(thread, BARRIER));
        self.events.extend(departures);
    }

    fn memory(
        &self,
        thread: u64,
        action: fn(u64, usize, usize) -> Event,
        which: u8,
        size: u8,
    ) -> Event {
        let start = self.dials.base + usize::from(which) % WINDOW;
        action(thread, start, 1 + usize::from(size) % WIDEST)
    }

    /// A plain access, half of them aligned and of a machine's sizes, with or without a lock.
    fn plain(
        &mut self,
        thread: u64,
        access: fn(u64, usize, usize) -> Event,
        which: u8,
        size: u8,
        how: u8,
    ) {
        let start = usize::from(which) % self.dials.span;
        let (start, len) = match size {
            0..128 => {
                let len = 1 << (size % 5);
                (start / len * len, len)
            }
            128..255 => (
                start,
                1 + usize::from(size) % WIDEST.min(2 * self.dials.span),
            ),
            255 => (start, FAR),
        };
        let event = access(thread, self.dials.base + start, len);
        if how < self.dials.careless {
            return self.emit(event);
        }
        let lock = REGION_LOCKS + (start / REGION) as u64;
        self.events
            .extend([acquire(thread, lock), event, release(thread, lock)]);
    }

    /// One of many accesses to a granule: reads, mostly.
    fn voice(&mut self, thread: u64, which: u8, size: u8, how: u8) {
        let granule = usize::from(which) % WINDOW / 8 * 8;
        let len = 1 << (size % 4);
        let start = self.dials.base + granule + usize::from(size / 4) % 8 / len * len;
        let word = word(start, len);
        self.emit(match how % 8 {
            0..5 => read(thread, start, len),
            5 => write(thread, start, len),
            6 => load(thread, word, Relaxed),
            _ => store(thread, word, Relaxed),
        });
    }

    fn lock_or_unlock(&mut self, thread: u64, which: u8) {
        let lock = usize::from(which) % self.holders.len();
        let object = LOCKS + lock as u64;
        match self.holders[lock] {
            None => {
                self.emit(acquire(thread, object));
                self.holders[lock] = Some(thread);
            }
            Some(holder) if holder == thread => {
                self.emit(release(thread, object));
                self.holders[lock] = None;
            }
            Some(_) => {}
        }
    }

    /// The k-th send and the k-th receive meet in a slot, and so do the k-th receive and the
    /// (k+C)-th send.
    fn send_or_receive(&mut self, thread: u64, which: u8, how: u8) {
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
        let object = CHANNELS + (10 * index + slot) as u64;
        self.emit(release_acquire(thread, object));
    }
}

const ORDERINGS: [Ordering; 5] = [Relaxed, Acquire, Release, AcqRel, SeqCst];

fn pick<T>(from: &[T], number: u8) -> &T {
    &from[usize::from(number) % from.len()]
}
