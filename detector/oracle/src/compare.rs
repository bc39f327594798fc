//! Engine and oracle, after each event.
//!
//! No race is missed and none is invented: the same bytes are racy. And what the engine says of
//! a race is true: the access that it names was made, by that thread, with that call stack,
//! conflicts, and is not ordered before the new one, on all of the race's bytes.

use crate::event::{AsCall, at};
use crate::marks::Marks;
use crate::oracle::Oracle;
use crate::replay::{Found, Replay};
use deadheat_detector::access::AccessKind;
use deadheat_detector::event::{Action, Event};
use std::collections::BTreeSet;

/// The number of events after which all racy bytes are compared at the end only. Which bytes
/// become racy is compared with each event.
const OFTEN: usize = 10_000;

/// How many events and races were compared.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Tally {
    /// The events.
    pub events: usize,
    /// The races that the engine found.
    pub races: usize,
    /// Those that it marked as dependent.
    pub dependent: usize,
}

/// Compares engine and oracle after each of `events`, whose sites do not matter.
///
/// # Errors
///
/// Where they disagree: after which event, and how.
pub fn compare(events: &[Event]) -> Result<Tally, String> {
    let mut comparison = Comparison::new();
    events.iter().try_for_each(|event| comparison.step(event))?;
    comparison.finish()
}

/// As [`compare`], with housekeeping after every `period` of the events. Threads that appear are forked
/// first of all, for the engine counts on that.
///
/// # Errors
///
/// Where they disagree: after which event, and how.
pub fn compare_with_sweeps(events: &[Event], period: usize) -> Result<Tally, String> {
    let mut comparison = Comparison::new();
    for (number, event) in with_forks(events).iter().enumerate() {
        comparison.step(event)?;
        if number % period == 0 {
            comparison.engine.sweep();
        }
    }
    comparison.finish()
}

/// The events, and before them, a fork of each thread that appears.
fn with_forks(events: &[Event]) -> Vec<Event> {
    let Some(first) = events.first() else {
        return Vec::new();
    };
    let mut known = BTreeSet::from([first.thread]);
    let mut all = Vec::new();
    for event in events {
        if known.insert(event.thread) {
            let action = Action::Fork(event.thread);
            all.push(Event { action, ..*first });
        }
        if let Action::Fork(child) = event.action {
            known.insert(child);
        }
    }
    all.extend(events);
    all
}

/// A comparison that goes on.
#[derive(Default)]
pub struct Comparison {
    engine: Replay,
    oracle: Oracle,
    marks: Marks,
    tally: Tally,
}

impl Comparison {
    /// Nothing happened.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells both of `event`. Its site is replaced by its number, so that a race names exactly
    /// the event of the earlier access.
    ///
    /// # Errors
    ///
    /// Where they disagree.
    pub fn step(&mut self, event: &Event) -> Result<(), String> {
        let number = self.tally.events;
        let event = &at(number, event);
        let races = self.engine.step(event);
        let racing = self.oracle.step(event).to_vec();
        self.marks.step(event, &self.oracle);
        let in_event = |what: &str| {
            let event = AsCall(event);
            format!(
                "in event {number}, {event:?}: {what}\nengine: {races:#x?}\noracle: {racing:#x?}"
            )
        };
        check_races(number, &races, &self.oracle).map_err(in_event)?;
        check_marks(&races, &self.oracle, &self.marks).map_err(in_event)?;
        self.tally.events += 1;
        self.tally.races += races.len();
        self.tally.dependent += races.iter().filter(|race| race.dependent).count();
        let forgets = matches!(event.action, Action::Alloc(_) | Action::Free(_));
        if number < OFTEN && (forgets || !self.oracle.newly_racy().is_empty()) {
            self.check_racy_bytes()?;
        }
        Ok(())
    }

    /// Compares all racy bytes.
    ///
    /// # Errors
    ///
    /// Where they differ.
    pub fn finish(&self) -> Result<Tally, String> {
        self.check_racy_bytes()?;
        Ok(self.tally)
    }

    fn check_racy_bytes(&self) -> Result<(), String> {
        let (found, expected) = (self.engine.racy_bytes(), self.oracle.racy_bytes());
        if found == *expected {
            return Ok(());
        }
        let missed: Vec<_> = expected.difference(&found).collect();
        let invented: Vec<_> = found.difference(expected).collect();
        let last = self.tally.events - 1;
        Err(format!(
            "after event {last}:\nmissed {missed:#x?}\ninvented {invented:#x?}"
        ))
    }
}

/// What the engine says of races, against what the oracle knows.
fn check_races(number: usize, races: &[Found], oracle: &Oracle) -> Result<(), &'static str> {
    let mut reported = BTreeSet::new();
    for race in races {
        let earlier = oracle
            .access_of(race.previous())
            .ok_or("the event of the earlier access is no access")?;
        if race.previous_kind != kind(earlier.writes, earlier.atomic) {
            return Err("the earlier access had another kind");
        }
        if race.previous_thread != earlier.thread {
            return Err("the earlier access was another thread's");
        }
        if !race.previous_stack.iter().copied().eq(earlier.stack()) {
            return Err("the earlier access had another call stack");
        }
        let later = oracle
            .access_of(number)
            .ok_or("the event is no access, and races")?;
        if (race.thread, race.kind) != (later.thread, kind(later.writes, later.atomic)) {
            return Err("the later access is not the event's");
        }
        if !race.stack.iter().copied().eq(later.stack()) {
            return Err("the later access has another call stack");
        }
        for byte in race.bytes.clone() {
            if !oracle.latest_races_with(earlier.event, byte) {
                return Err("the earlier access does not race on all of the bytes");
            }
            if !reported.insert(byte) {
                return Err("a byte is reported twice");
            }
        }
    }
    if !oracle.newly_racy().iter().all(|b| reported.contains(b)) {
        return Err("the first race on a byte is not reported");
    }
    Ok(())
}

/// What the engine says of which races follow from others. A race without the mark could have
/// been the first, because nothing that a racing read may have read is in its way. A race with
/// the mark may have nothing in its way, too, because the engine takes over what a writer knows
/// when it is read from: but then the coarse view orders its accesses.
fn check_marks(races: &[Found], oracle: &Oracle, marks: &Marks) -> Result<(), &'static str> {
    for race in races {
        let earlier = oracle.access_of(race.previous()).expect("it was checked");
        if !race.dependent && !marks.is_schedulable(earlier) {
            return Err("the race is not schedulable, and is not marked as dependent");
        }
        if race.dependent && !marks.is_ordered_coarsely(earlier) {
            return Err("the race is marked as dependent, and no read can have made it so");
        }
    }
    Ok(())
}

fn kind(writes: bool, atomic: bool) -> AccessKind {
    match (writes, atomic) {
        (false, false) => AccessKind::Read,
        (true, false) => AccessKind::Write,
        (false, true) => AccessKind::AtomicRead,
        (true, true) => AccessKind::AtomicWrite,
    }
}
