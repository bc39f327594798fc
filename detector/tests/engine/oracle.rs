//! The naive detector: the definition of a data race, executed.
//!
//! It shares no rule with the engine. There are no epochs: *every* event of a thread advances
//! the thread's time, so each access has a time of its own. There is no shadow memory: the
//! history keeps every access ever made, and a new access is compared with all of them. Nothing
//! is merged where it is left: a sync object keeps the clocks that were released to it, an
//! atomic word those that head the release sequences its last write is part of.
//!
//! Atomics are those of C++20 ([intro.races], [atomics.order], [atomics.fences]). What mixed
//! sizes of one word mean is not said there; here, a word's clocks belong to its first address.
//!
//! It also insists on sequences that a program could have caused: a thread acts between its
//! fork and its end, and is joined after its end.

use crate::event::{Event, Word};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::Ordering;

/// For each thread, the number of its events that happened before.
type Clock = BTreeMap<usize, usize>;

fn join(clock: &mut Clock, other: &Clock) {
    for (&thread, &time) in other {
        let known = clock.entry(thread).or_default();
        *known = time.max(*known);
    }
}

#[derive(Default)]
struct Thread {
    /// What happened before this thread's next event, and the thread's own events.
    clock: Clock,
    /// What it read without acquiring: the next acquire fence does.
    read: Vec<Clock>,
    /// Its clock at its last release fence.
    fenced: Option<Clock>,
}

/// An access that was made.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) thread: usize,
    pub(crate) writes: bool,
    pub(crate) atomic: bool,
    bytes: Range<usize>,
    /// Its number among all events.
    event: usize,
    /// Its number among the thread's events.
    time: usize,
}

impl Access {
    fn conflicts_with(&self, other: &Self) -> bool {
        (self.writes || other.writes) && !(self.atomic && other.atomic)
    }

    fn is_ordered_before(&self, clock: &Clock) -> bool {
        clock
            .get(&self.thread)
            .is_some_and(|&known| self.time <= known)
    }
}

/// The races of one access: each byte with the number of an earlier event that raced there.
pub(crate) type Rivals = BTreeSet<(usize, usize)>;

/// The naive detector.
pub(crate) struct Oracle {
    events: usize,
    running: BTreeMap<usize, Thread>,
    ended: BTreeMap<usize, Clock>,
    objects: BTreeMap<usize, Vec<Clock>>,
    words: BTreeMap<usize, Vec<Clock>>,
    history: Vec<Access>,
    /// For each byte that was ever reset, the event that last did.
    resets: BTreeMap<usize, usize>,
    racy: BTreeSet<usize>,
}

impl Oracle {
    /// Thread 0 runs; nothing happened.
    pub(crate) fn new() -> Self {
        Self {
            events: 0,
            running: BTreeMap::from([(0, Thread::default())]),
            ended: BTreeMap::new(),
            objects: BTreeMap::new(),
            words: BTreeMap::new(),
            history: Vec::new(),
            resets: BTreeMap::new(),
            racy: BTreeSet::new(),
        }
    }

    /// The bytes on which two accesses raced, and that were not reset since.
    pub(crate) fn racy_bytes(&self) -> &BTreeSet<usize> {
        &self.racy
    }

    /// The access that event number `event` made.
    pub(crate) fn access_of(&self, event: usize) -> Option<&Access> {
        self.history.iter().find(|access| access.event == event)
    }

    /// What follows from `event`, and all earlier accesses that its own one races with.
    #[rustfmt::skip]
    pub(crate) fn step(&mut self, event: Event) -> Rivals {
        self.events += 1;
        if let Some(thread) = event.thread() {
            *self.thread(thread).clock.entry(thread).or_default() += 1;
        }
        match event {
            Event::Fork { parent, child } => {
                let clock = self.thread(parent).clock.clone();
                let known = self.ended.contains_key(&child)
                    || self.running.insert(child, Thread { clock, ..Thread::default() }).is_some();
                assert!(!known, "thread {child} is forked twice");
            }
            Event::End { thread } => {
                let clock = std::mem::take(&mut self.thread(thread).clock);
                self.running.remove(&thread);
                self.ended.insert(thread, clock);
            }
            Event::Join { joiner, ended } => {
                let clock = self.ended.get(&ended).expect("a thread is joined after its end").clone();
                join(&mut self.thread(joiner).clock, &clock);
            }
            Event::Acquire { thread, object } => self.acquire(thread, object),
            Event::Release { thread, object } => {
                let clock = self.thread(thread).clock.clone();
                self.objects.insert(object, vec![clock]);
            }
            Event::ReleaseMerge { thread, object } => {
                let clock = self.thread(thread).clock.clone();
                self.objects.entry(object).or_default().push(clock);
            }
            Event::ReleaseAcquire { thread, object } => {
                self.acquire(thread, object);
                let clock = self.thread(thread).clock.clone();
                self.objects.insert(object, vec![clock]);
            }
            Event::Read { thread, start, len } => return self.access(thread, start..start + len, false, false),
            Event::Write { thread, start, len } => return self.access(thread, start..start + len, true, false),
            Event::AtomicLoad { thread, word, ordering } => {
                self.read_word(thread, word, ordering);
                return self.access(thread, word.bytes(), false, true);
            }
            Event::AtomicStore { thread, word, ordering } => {
                let rivals = self.access(thread, word.bytes(), true, true);
                let head = self.head(thread, ordering);
                self.words.insert(word.start, Vec::from_iter(head));
                return rivals;
            }
            Event::AtomicRmw { thread, word, ordering } => {
                self.read_word(thread, word, ordering);
                let rivals = self.access(thread, word.bytes(), true, true);
                let head = self.head(thread, ordering);
                self.words.entry(word.start).or_default().extend(head);
                return rivals;
            }
            Event::Fence { thread, ordering } => {
                let thread = self.thread(thread);
                if acquires(ordering) {
                    thread.read.iter().for_each(|clock| join(&mut thread.clock, clock));
                }
                if releases(ordering) {
                    thread.fenced = Some(thread.clock.clone());
                }
            }
            Event::Reset { start, len } => {
                for byte in start..start + len {
                    self.resets.insert(byte, self.events);
                    self.racy.remove(&byte);
                }
            }
        }
        Rivals::new()
    }

    fn thread(&mut self, thread: usize) -> &mut Thread {
        self.running
            .get_mut(&thread)
            .unwrap_or_else(|| panic!("thread {thread} does not run"))
    }

    fn acquire(&mut self, thread: usize, object: usize) {
        let released = self.objects.get(&object).cloned().unwrap_or_default();
        let clock = &mut self.thread(thread).clock;
        released.iter().for_each(|other| join(clock, other));
    }

    /// An atomic read takes its value from the last write, whose release sequences it joins now,
    /// or at the thread's next acquire fence.
    fn read_word(&mut self, thread: usize, word: Word, ordering: Ordering) {
        let heads = self.words.get(&word.start).cloned().unwrap_or_default();
        let thread = self.thread(thread);
        if acquires(ordering) {
            heads.iter().for_each(|head| join(&mut thread.clock, head));
        } else {
            thread.read.extend(heads);
        }
    }

    /// The clock of the release sequence that an atomic write heads: a release write's own, or
    /// that of an earlier release fence.
    fn head(&mut self, thread: usize, ordering: Ordering) -> Option<Clock> {
        let thread = self.thread(thread);
        if releases(ordering) {
            Some(thread.clock.clone())
        } else {
            thread.fenced.clone()
        }
    }

    fn access(&mut self, thread: usize, bytes: Range<usize>, writes: bool, atomic: bool) -> Rivals {
        let clock = &self.running[&thread].clock;
        let new = Access {
            thread,
            writes,
            atomic,
            bytes,
            event: self.events - 1,
            time: clock[&thread],
        };
        let mut rivals = Rivals::new();
        for old in &self.history {
            if old.conflicts_with(&new) && !old.is_ordered_before(clock) {
                let shared = old.bytes.start.max(new.bytes.start)..old.bytes.end.min(new.bytes.end);
                rivals.extend(
                    shared
                        .filter(|byte| {
                            self.resets
                                .get(byte)
                                .is_none_or(|&reset| reset <= old.event)
                        })
                        .map(|byte| (byte, old.event)),
                );
            }
        }
        self.racy.extend(rivals.iter().map(|&(byte, _)| byte));
        self.history.push(new);
        rivals
    }
}

fn acquires(ordering: Ordering) -> bool {
    use Ordering::{AcqRel, Acquire, SeqCst};
    [Acquire, AcqRel, SeqCst].contains(&ordering)
}

fn releases(ordering: Ordering) -> bool {
    use Ordering::{AcqRel, Release, SeqCst};
    [Release, AcqRel, SeqCst].contains(&ordering)
}
