//! Naive happens-before: clocks, and the edges between them.
//!
//! It shares no rule with the engine. There are no epochs: *every* event of a thread advances
//! the thread's time, so each event has a time of its own. Nothing is merged where it is left:
//! an object keeps what each thread released to it, an atomic's object what heads the release
//! sequences that its last write is part of.
//!
//! Atomics are those of C++20 ([intro.races], [atomics.order], [atomics.fences]). What mixed
//! sizes of one word mean is not said there; here, an object is what an event calls one.
//!
//! It also insists on sequences that a program could have caused: a thread is forked once,
//! before it acts, and does nothing after its end.

use deadheat_detector::event::{Action, Event, ThreadId};
use deadheat_detector::sync::SyncId;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering;

/// For each thread, by its place, how much of it happened before.
#[derive(Clone, Default, Debug)]
pub struct Clock(Vec<u64>);

impl Clock {
    /// Whether the moment `time` of the thread at `place` happened before.
    #[must_use]
    pub fn contains(&self, place: usize, time: u64) -> bool {
        time <= self.get(place)
    }

    fn get(&self, place: usize) -> u64 {
        self.0.get(place).copied().unwrap_or(0)
    }

    /// Adds that the thread at `place` has come to `time`.
    fn reach(&mut self, place: usize, time: u64) {
        self.0.resize(self.0.len().max(place + 1), 0);
        self.0[place] = time.max(self.0[place]);
    }

    fn join(&mut self, other: &Self) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        for (known, &time) in self.0.iter_mut().zip(&other.0) {
            *known = time.max(*known);
        }
    }
}

/// Clocks that were left somewhere, by the place of the thread that left them.
///
/// A thread's clock only grows, so of several that one thread left the latest stands for all.
#[derive(Clone, Default)]
struct Left(BTreeMap<usize, Clock>);

impl Left {
    fn by(place: usize, clock: Clock) -> Self {
        Self(BTreeMap::from([(place, clock)]))
    }

    fn add(&mut self, other: &Self) {
        for (&place, clock) in &other.0 {
            self.0.entry(place).or_default().join(clock);
        }
    }

    fn pass_to(&self, clock: &mut Clock) {
        self.0.values().for_each(|left| clock.join(left));
    }
}

/// When a thread's time advances.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pace {
    /// With every event.
    Event,
    /// With the first access after others may have learnt of the thread: the accesses between
    /// two releases have one time.
    Run,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Life {
    #[default]
    Unseen,
    Running,
    Ended,
}

#[derive(Default)]
struct Thread {
    life: Life,
    /// Its own time. Its clock may be ahead, where somebody learnt of accesses that it is yet to
    /// make, and told it.
    time: u64,
    /// What happened before this thread's next event, and the thread's own events.
    clock: Clock,
    /// What it read without acquiring: the next acquire fence does.
    read: Left,
    /// Its clock at its last release fence.
    fenced: Option<Clock>,
    /// Whether it has released and made no access since.
    released: bool,
}

/// The clocks of all threads and objects.
pub struct Clocks {
    pace: Pace,
    places: HashMap<ThreadId, usize>,
    threads: Vec<Thread>,
    objects: HashMap<SyncId, Left>,
}

impl Clocks {
    /// Nothing happened.
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        Self {
            pace,
            places: HashMap::new(),
            threads: Vec::new(),
            objects: HashMap::new(),
        }
    }

    /// Where clocks count `thread`.
    pub fn place(&mut self, thread: ThreadId) -> usize {
        let next = self.threads.len();
        let place = *self.places.entry(thread).or_insert(next);
        if place == next {
            self.threads.push(Thread {
                released: true,
                ..Thread::default()
            });
        }
        place
    }

    /// What happened before the next event of the thread at `place`, and its own events.
    #[must_use]
    pub fn clock(&self, place: usize) -> &Clock {
        &self.threads[place].clock
    }

    /// The time of the latest event of the thread at `place`.
    #[must_use]
    pub fn now(&self, place: usize) -> u64 {
        self.threads[place].time
    }

    /// The clock of the thread at `place`, with all accesses that it will make before it next
    /// releases: what cannot be told from its present ones by a time that advances by the run.
    #[must_use]
    pub fn until_release(&self, place: usize) -> Clock {
        let thread = &self.threads[place];
        let mut clock = thread.clock.clone();
        if thread.released && thread.life != Life::Ended {
            clock.reach(place, thread.time + 1);
        }
        clock
    }

    /// Orders the thread at `place` after what `clock` knows.
    pub fn learn(&mut self, place: usize, clock: &Clock) {
        self.threads[place].clock.join(clock);
    }

    /// The first half of an event: it happens, after what the edges into it say.
    ///
    /// # Panics
    ///
    /// Where no program could have caused the event.
    pub fn begin(&mut self, event: &Event) {
        let place = self.place(event.thread);
        let thread = &mut self.threads[place];
        assert!(thread.life != Life::Ended, "{event:?} is after the end");
        thread.life = Life::Running;
        let accesses = matches!(
            event.action,
            Action::Read(_)
                | Action::Write(_)
                | Action::AtomicLoad(_)
                | Action::AtomicStore(_)
                | Action::AtomicRmw(_)
        );
        let advances = match self.pace {
            Pace::Event => true,
            Pace::Run => accesses && std::mem::take(&mut thread.released),
        };
        if advances {
            thread.time += 1;
            thread.clock.reach(place, thread.time);
        }
        match event.action {
            Action::Join(other) => {
                let other = self.place(other);
                if self.threads[other].life == Life::Running {
                    self.threads[other].released = true;
                }
                let clock = self.threads[other].clock.clone();
                self.threads[place].clock.join(&clock);
            }
            Action::Acquire(object) | Action::ReleaseAcquire(object) => {
                if let Some(left) = self.objects.get(&object) {
                    left.pass_to(&mut thread.clock);
                }
            }
            Action::AtomicLoad(atomic) | Action::AtomicRmw(atomic) => {
                // The value comes from the last write, whose release sequences the thread joins
                // now, or at its next acquire fence.
                if let Some(heads) = self.objects.get(&atomic.object) {
                    if acquires(atomic.ordering) {
                        heads.pass_to(&mut thread.clock);
                    } else {
                        thread.read.add(heads);
                    }
                }
            }
            Action::Fence(ordering) if acquires(ordering) => {
                thread.read.pass_to(&mut thread.clock);
            }
            _ => {}
        }
    }

    /// The second half of an event: the edges out of it.
    ///
    /// # Panics
    ///
    /// Where no program could have caused the event.
    pub fn finish(&mut self, event: &Event) {
        let place = self.place(event.thread);
        let clock = self.clock(place).clone();
        let mut releases_all = true;
        match event.action {
            Action::Fork(child) => {
                let child = self.place(child);
                let child = &mut self.threads[child];
                assert!(child.life == Life::Unseen, "{event:?} is a second fork");
                child.life = Life::Running;
                child.clock = clock;
            }
            Action::End => self.threads[place].life = Life::Ended,
            Action::Release(object) | Action::ReleaseAcquire(object) => {
                self.objects.insert(object, Left::by(place, clock));
            }
            Action::ReleaseMerge(object) => {
                let left = Left::by(place, clock);
                self.objects.entry(object).or_default().add(&left);
            }
            Action::Transfer { from, into } => {
                let left = self.objects.get(&from).cloned().unwrap_or_default();
                self.objects.entry(into).or_default().add(&left);
                releases_all = false;
            }
            Action::AtomicStore(atomic) => {
                let head = self.head(place, atomic.ordering);
                self.objects.insert(atomic.object, head);
                releases_all = releases(atomic.ordering);
            }
            Action::AtomicRmw(atomic) => {
                let head = self.head(place, atomic.ordering);
                self.objects.entry(atomic.object).or_default().add(&head);
                releases_all = releases(atomic.ordering);
            }
            Action::Fence(ordering) if releases(ordering) => {
                self.threads[place].fenced = Some(clock);
            }
            _ => releases_all = false,
        }
        self.threads[place].released |= releases_all;
    }

    /// The release sequence that an atomic write heads: a release write's own, or that of an
    /// earlier release fence.
    fn head(&self, place: usize, ordering: Ordering) -> Left {
        let thread = &self.threads[place];
        let head = if releases(ordering) {
            Some(thread.clock.clone())
        } else {
            thread.fenced.clone()
        };
        head.map_or_else(Left::default, |clock| Left::by(place, clock))
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
