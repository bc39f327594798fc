//! The one way in which rules are checked, and the names that they share.

use deadheat_detector::event::{Action, Event};
use deadheat_oracle::event::{Sequence, Word, at, fork, moved, word};
use deadheat_oracle::oracle::Oracle;
use deadheat_oracle::replay::{Found, Replay};
use std::collections::BTreeSet;
use std::ops::Range;

// Threads.
pub(crate) const A: u64 = 0;
pub(crate) const B: u64 = 1;
pub(crate) const C: u64 = 2;
pub(crate) const D: u64 = 3;

// Sync objects.
pub(crate) const L: u64 = 0;
pub(crate) const M: u64 = 1;
pub(crate) const N: u64 = 2;

/// Eight bytes of data.
pub(crate) const X: usize = 0x1000;
pub(crate) const DATA: Range<usize> = X..X + 8;
/// What is racy where the data is.
pub(crate) const RACY: &[Range<usize>] = &[DATA];
/// What is racy where nothing is.
pub(crate) const FREE: &[Range<usize>] = &[];

/// Two atomics.
pub(crate) const FLAG: Word = word(0x1080, 4);
pub(crate) const OTHER: Word = word(0x10c0, 4);
/// What is racy where the first atomic is.
pub(crate) const RACY_FLAG: &[Range<usize>] = &[FLAG.start..FLAG.start + FLAG.len];

/// Where a case is replayed: as written; across leaves and granules; across the shadow's tables;
/// across the end of what its tables reach.
const OFFSETS: [usize; 4] = [0, 0xfd, (1 << 28) - X - 3, (1 << 48) - X - 5];

/// Asserts that engine and oracle find exactly the bytes `racy` racy after `events`, wherever
/// in memory they take place. Gives the races as the engine found them, with each event's index
/// as its site.
///
/// Threads that `events` do not fork are forked by thread 0 before.
#[track_caller]
pub(crate) fn check(events: &[Event], racy: &[Range<usize>]) -> Vec<Found> {
    check_alone(&[crew(events).as_slice(), events].concat(), racy);
    let mut engine = Replay::new();
    for event in &crew(events) {
        engine.step(event);
    }
    found(&mut engine, events)
}

/// The same, and threads that `events` do not fork run from the start.
#[track_caller]
pub(crate) fn check_alone(events: &[Event], racy: &[Range<usize>]) -> Vec<Found> {
    for offset in OFFSETS {
        let (mut engine, mut oracle) = (Replay::new(), Oracle::new());
        for event in events {
            oracle.step(&moved(offset, event));
            engine.step(&moved(offset, event));
        }
        let expected: BTreeSet<_> = racy.iter().cloned().flatten().map(|b| b + offset).collect();
        let events = Sequence(events.to_vec());
        assert_eq!(
            *oracle.racy_bytes(),
            expected,
            "oracle, {offset:#x} further up, after {events:?}"
        );
        assert_eq!(
            engine.racy_bytes(),
            expected,
            "engine, {offset:#x} further up, after {events:?}"
        );
    }
    found(&mut Replay::new(), events)
}

fn found(engine: &mut Replay, events: &[Event]) -> Vec<Found> {
    let numbered = events.iter().enumerate();
    let races = numbered.flat_map(|(number, event)| engine.step(&at(number, event)));
    races.collect()
}

fn crew(events: &[Event]) -> Vec<Event> {
    let mut missing: BTreeSet<_> = events.iter().map(|event| event.thread.0).collect();
    missing.remove(&0);
    for event in events {
        if let Action::Fork(child) = event.action {
            missing.remove(&child.0);
        }
    }
    missing.into_iter().map(|thread| fork(0, thread)).collect()
}
