//! The naive detector: the definition of a data race, executed.
//!
//! There is no shadow memory and no rule by which a later access stands for an earlier one: the
//! history keeps every access ever made, byte by byte, each with its thread, its time and its
//! call stack. A new access races with an earlier one if it conflicts with it and does not
//! happen after it.
//!
//! The history of a byte is a list for each thread and kind of access. Whether a new access
//! races with any of a list, its latest member tells: all of a list conflict with the same
//! kinds, and time only grows along it, so if the latest happened before, all did.

use crate::clocks::{Clocks, Pace};
use deadheat_detector::access::ByteRange;
use deadheat_detector::event::{Action, Event, SiteId, ThreadId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// An access that was made.
#[derive(Clone, Debug)]
pub struct Access {
    /// Its number among all events.
    pub event: usize,
    /// Who made it.
    pub thread: ThreadId,
    /// Whether it writes.
    pub writes: bool,
    /// Whether it is atomic.
    pub atomic: bool,
    /// Its site.
    pub site: SiteId,
    /// The sites of the calls that were open, outermost first.
    calls: Rc<Vec<SiteId>>,
    /// Where clocks count its thread.
    pub(crate) place: usize,
    /// When it was made, by the thread's own time.
    pub(crate) time: u64,
}

/// Whose accesses a list of a byte's history has, and of which kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Whose {
    place: usize,
    writes: bool,
    atomic: bool,
}

impl Whose {
    fn conflict_with(self, other: Self) -> bool {
        (self.writes || other.writes) && !(self.atomic && other.atomic)
    }
}

impl Access {
    /// Its call stack: its site, then those of the calls that were open, innermost first.
    pub fn stack(&self) -> impl Iterator<Item = SiteId> {
        std::iter::once(self.site).chain(self.calls.iter().rev().copied())
    }

    fn whose(&self) -> Whose {
        Whose {
            place: self.place,
            writes: self.writes,
            atomic: self.atomic,
        }
    }
}

/// One list of a byte's history.
#[derive(Default)]
struct List {
    /// When the latest access was made.
    latest: u64,
    /// All accesses, by their numbers.
    numbers: Vec<usize>,
}

/// The history of one byte.
#[derive(Default)]
struct Byte {
    lists: BTreeMap<Whose, List>,
    last_write: Option<usize>,
}

/// The naive detector.
pub struct Oracle {
    events: usize,
    clocks: Clocks,
    calls: HashMap<ThreadId, Rc<Vec<SiteId>>>,
    accesses: Vec<Access>,
    bytes: BTreeMap<usize, Byte>,
    racy: BTreeSet<usize>,
    /// The bytes on which the latest event races, and those that were not racy before.
    racing: Vec<usize>,
    newly_racy: Vec<usize>,
}

impl Default for Oracle {
    fn default() -> Self {
        Self::new()
    }
}

impl Oracle {
    /// Nothing happened.
    #[must_use]
    pub fn new() -> Self {
        Self {
            events: 0,
            clocks: Clocks::new(Pace::Event),
            calls: HashMap::new(),
            accesses: Vec::new(),
            bytes: BTreeMap::new(),
            racy: BTreeSet::new(),
            racing: Vec::new(),
            newly_racy: Vec::new(),
        }
    }

    /// The bytes on which two accesses raced, and that were not given back since.
    #[must_use]
    pub fn racy_bytes(&self) -> &BTreeSet<usize> {
        &self.racy
    }

    /// The access that event number `event` made.
    #[must_use]
    pub fn access_of(&self, event: usize) -> Option<&Access> {
        let found = self.accesses.binary_search_by_key(&event, |a| a.event);
        found.ok().map(|number| &self.accesses[number])
    }

    /// What follows from `event`, and the bytes on which its own access races with an earlier
    /// one, in order.
    ///
    /// # Panics
    ///
    /// Where no program could have caused the event after those before it.
    pub fn step(&mut self, event: &Event) -> &[usize] {
        self.racing.clear();
        self.newly_racy.clear();
        self.clocks.begin(event);
        match event.action {
            Action::Read(bytes) => self.access(event, bytes, false, false),
            Action::Write(bytes) => self.access(event, bytes, true, false),
            Action::AtomicLoad(atomic) => self.access(event, atomic.bytes, false, true),
            Action::AtomicStore(atomic) | Action::AtomicRmw(atomic) => {
                self.access(event, atomic.bytes, true, true);
            }
            Action::Alloc(bytes) | Action::Free(bytes) => self.forget(bytes),
            Action::Call => self.open(event.thread).push(event.site),
            Action::Return => {
                self.open(event.thread).pop();
            }
            _ => {}
        }
        self.clocks.finish(event);
        self.events += 1;
        &self.racing
    }

    /// The bytes on which the latest event races, and on which nothing did before.
    #[must_use]
    pub fn newly_racy(&self) -> &[usize] {
        &self.newly_racy
    }

    /// Whether the access of the latest event races, on `byte`, with that of event `earlier`.
    #[must_use]
    pub fn latest_races_with(&self, earlier: usize, byte: usize) -> bool {
        let (Some(latest), Some(earlier)) =
            (self.access_of(self.events - 1), self.access_of(earlier))
        else {
            return false;
        };
        let history = self.bytes.get(&byte);
        let list = history.and_then(|b| b.lists.get(&earlier.whose()));
        let event = |&number: &usize| self.accesses[number].event;
        let touched = list.is_some_and(|l| {
            l.numbers
                .binary_search_by_key(&earlier.event, event)
                .is_ok()
        });
        touched
            && earlier.whose().conflict_with(latest.whose())
            && !self.is_ordered(earlier, latest.place)
    }

    /// The latest write of `byte`.
    #[must_use]
    pub fn last_write(&self, byte: usize) -> Option<&Access> {
        let number = self.bytes.get(&byte)?.last_write?;
        Some(&self.accesses[number])
    }

    /// The latest racing write of `byte` by each thread and kind, where the thread at `place`
    /// reads it plainly.
    pub fn writes_racing_with_read(
        &self,
        place: usize,
        byte: usize,
    ) -> impl Iterator<Item = &Access> {
        let lists = self.bytes.get(&byte).map(|b| b.lists.values());
        let lists = lists.into_iter().flatten();
        let latest = lists.filter_map(|list| list.numbers.last());
        latest
            .map(|&number| &self.accesses[number])
            .filter(move |old| old.writes && !self.is_ordered(old, place))
    }

    fn is_ordered(&self, earlier: &Access, place: usize) -> bool {
        let clock = self.clocks.clock(place);
        clock.contains(earlier.place, earlier.time)
    }

    fn open(&mut self, thread: ThreadId) -> &mut Vec<SiteId> {
        Rc::make_mut(self.calls.entry(thread).or_default())
    }

    fn forget(&mut self, bytes: ByteRange) {
        let known = self.bytes.range(bytes.start()..bytes.end());
        let known: Vec<_> = known.map(|(&byte, _)| byte).collect();
        for byte in known {
            self.bytes.remove(&byte);
            self.racy.remove(&byte);
        }
    }

    fn access(&mut self, event: &Event, bytes: ByteRange, writes: bool, atomic: bool) {
        let place = self.clocks.place(event.thread);
        let new = self.accesses.len();
        self.accesses.push(Access {
            event: self.events,
            thread: event.thread,
            writes,
            atomic,
            site: event.site,
            calls: Rc::clone(self.calls.entry(event.thread).or_default()),
            place,
            time: self.clocks.now(place),
        });
        let whose = self.accesses[new].whose();
        let time = self.accesses[new].time;
        let clock = self.clocks.clock(place);
        for address in bytes.start()..bytes.end() {
            let byte = self.bytes.entry(address).or_default();
            let races = byte.lists.iter().any(|(old, list)| {
                old.conflict_with(whose) && !clock.contains(old.place, list.latest)
            });
            if races {
                self.racing.push(address);
                if self.racy.insert(address) {
                    self.newly_racy.push(address);
                }
            }
            let list = byte.lists.entry(whose).or_default();
            list.latest = time;
            list.numbers.push(new);
            if writes {
                byte.last_write = Some(new);
            }
        }
    }
}
