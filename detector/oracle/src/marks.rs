//! Naive schedulable-happens-before: which races could have been the first.
//!
//! An access that races may read what it should not, and what its thread does then may not be
//! what it does in a run without that race. *Schedulable happens-before* (Mathur, Kini and
//! Viswanathan, *What Happens-After the First Race?*, OOPSLA 2018) is happens-before with one
//! more kind of edge: from the last plain write of a byte to a plain read of it. Two conflicting
//! accesses that it leaves unordered race in some run that begins like this one; if it orders
//! them, the race may follow from another. What atomics read adds no edge but those of
//! happens-before: a program that decides by them does so in every run. Nor does what they write.
//!
//! Where the write happens before the read anyway, the edge adds nothing, so it is drawn only
//! from a write that races with the read.
//!
//! An engine that remembers epochs cannot know what a thread knew when it wrote. So there is a
//! coarse view too, in which whoever reads from a racing write learns all that the writer knows by
//! now, or knew at its end, and all accesses that it makes until it next releases. An engine's
//! edges lie between the two.

use crate::clocks::{Clock, Clocks, Pace};
use crate::oracle::{Access, Oracle};
use deadheat_detector::event::{Action, Event};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// Schedulable-happens-before, exact and coarse.
pub struct Marks {
    exact: Clocks,
    coarse: Clocks,
    /// Each byte's last plain write, by its event, with what it was after, exactly, and itself.
    last_writes: BTreeMap<usize, (usize, Rc<Clock>)>,
    /// When each access was made, by its event, in the coarse view.
    runs: HashMap<usize, u64>,
    events: usize,
    /// What the latest event was after, before the edges that its own reads add.
    before: (Clock, Clock),
}

impl Default for Marks {
    fn default() -> Self {
        Self {
            exact: Clocks::new(Pace::Event),
            coarse: Clocks::new(Pace::Run),
            last_writes: BTreeMap::new(),
            runs: HashMap::new(),
            events: 0,
            before: Default::default(),
        }
    }
}

impl Marks {
    /// What follows from `event`, which `oracle` has just been told of.
    pub fn step(&mut self, event: &Event, oracle: &Oracle) {
        self.exact.begin(event);
        self.coarse.begin(event);
        let place = self.exact.place(event.thread);
        self.before = (
            self.exact.clock(place).clone(),
            self.coarse.clock(place).clone(),
        );
        match event.action {
            Action::Read(bytes) => {
                for byte in bytes.start()..bytes.end() {
                    self.read(place, byte, oracle);
                }
            }
            Action::Write(bytes) => self.wrote(place, bytes.start()..bytes.end()),
            _ => {}
        }
        if oracle.access_of(self.events).is_some() {
            self.runs.insert(self.events, self.coarse.now(place));
        }
        self.exact.finish(event);
        self.coarse.finish(event);
        self.events += 1;
    }

    /// Whether nothing orders `earlier` before the access of the latest event.
    #[must_use]
    pub fn is_schedulable(&self, earlier: &Access) -> bool {
        !self.before.0.contains(earlier.place, earlier.time)
    }

    /// Whether the coarse view orders `earlier` before the access of the latest event.
    #[must_use]
    pub fn is_ordered_coarsely(&self, earlier: &Access) -> bool {
        let run = self.runs[&earlier.event];
        self.before.1.contains(earlier.place, run)
    }

    fn read(&mut self, place: usize, byte: usize, oracle: &Oracle) {
        for write in oracle.writes_racing_with_read(place, byte) {
            if let Some((last, clock)) = self.last_writes.get(&byte)
                && *last == write.event
            {
                self.exact.learn(place, clock);
                let known = self.coarse.until_release(write.place);
                self.coarse.learn(place, &known);
            }
        }
    }

    fn wrote(&mut self, place: usize, bytes: std::ops::Range<usize>) {
        let clock = Rc::new(self.exact.clock(place).clone());
        for byte in bytes {
            self.last_writes
                .insert(byte, (self.events, Rc::clone(&clock)));
        }
    }
}
