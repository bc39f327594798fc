//! The one way in which rules are checked, and the names that they share.

use crate::event::{Event, Word, fork, word};
use crate::oracle::Oracle;
use crate::replay::{Found, Replay};
use std::collections::BTreeSet;
use std::ops::Range;

// Threads.
pub(crate) const A: usize = 0;
pub(crate) const B: usize = 1;
pub(crate) const C: usize = 2;
pub(crate) const D: usize = 3;

// Sync objects.
pub(crate) const L: usize = 0;
pub(crate) const M: usize = 1;
pub(crate) const N: usize = 2;

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
/// in memory they take place. Gives the races as the engine found them.
///
/// Threads that `events` do not fork are forked by thread 0 before.
#[track_caller]
pub(crate) fn check(events: &[Event], racy: &[Range<usize>]) -> Vec<Found> {
    let crew = crew(events);
    let mut as_written = Vec::new();
    for offset in OFFSETS {
        let (mut engine, mut oracle) = (Replay::new(), Oracle::new());
        let mut found = Vec::new();
        for event in crew.iter().chain(events) {
            oracle.step(event.moved(offset));
            found.extend(engine.step(event.moved(offset)));
        }
        let expected: BTreeSet<_> = racy.iter().cloned().flatten().map(|b| b + offset).collect();
        assert_eq!(
            *oracle.racy_bytes(),
            expected,
            "oracle, {offset:#x} further up, after {events:#?}"
        );
        assert_eq!(
            engine.racy_bytes(),
            expected,
            "engine, {offset:#x} further up, after {events:#?}"
        );
        if offset == 0 {
            as_written = found;
        }
    }
    for race in &mut as_written {
        race.previous -= crew.len();
    }
    as_written
}

fn crew(events: &[Event]) -> Vec<Event> {
    let mut missing: BTreeSet<_> = events.iter().filter_map(|event| event.thread()).collect();
    missing.remove(&0);
    for event in events {
        if let Event::Fork { child, .. } = event {
            missing.remove(child);
        }
    }
    missing.into_iter().map(|thread| fork(0, thread)).collect()
}
