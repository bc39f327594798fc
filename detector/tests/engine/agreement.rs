//! On random sequences, engine and oracle agree after every event.
//!
//! No race is missed and none is invented: the same bytes are racy. And what the engine says of
//! a race is true: the access that it names was made, conflicts, and is not ordered before the
//! new one, on all of the race's bytes.
//!
//! `PROPTEST_CASES` sets the number of sequences of each mixture. A failure prints the smallest
//! sequence found, as it can be pasted into a rule, and leaves its seed in `regressions.txt`.

use crate::event::Event;
use crate::oracle::{Oracle, Rivals};
use crate::replay::{Found, Replay};
use crate::sequence::{Mixture, Sequence, sequences};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use std::collections::BTreeSet;

const CASES: u32 = 800;
const REGRESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/engine/regressions.txt");

fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: match std::env::var_os("PROPTEST_CASES") {
            Some(_) => default.cases,
            None => CASES,
        },
        max_shrink_iters: 10_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(REGRESSIONS))),
        ..default
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn on_everything(Sequence(events) in sequences(Mixture::Everything)) {
        compare(&events)?;
    }

    #[test]
    fn on_atomics_and_fences(Sequence(events) in sequences(Mixture::Atomics)) {
        compare(&events)?;
    }

    #[test]
    fn on_locks_and_channels(Sequence(events) in sequences(Mixture::Objects)) {
        compare(&events)?;
    }

    #[test]
    fn on_forks_and_joins(Sequence(events) in sequences(Mixture::Lives)) {
        compare(&events)?;
    }
}

fn compare(events: &[Event]) -> Result<(), TestCaseError> {
    let (mut engine, mut oracle) = (Replay::new(), Oracle::new());
    for (number, &event) in events.iter().enumerate() {
        let racy_before = oracle.racy_bytes().clone();
        let races = engine.step(event);
        let rivals = oracle.step(event);
        let (found, expected) = (engine.racy_bytes(), oracle.racy_bytes());
        prop_assert!(
            found == *expected,
            "after event {number}, {event:?}:\nmissed {:#x?}\ninvented {:#x?}",
            expected.difference(&found).collect::<Vec<_>>(),
            found.difference(expected).collect::<Vec<_>>(),
        );
        let verdict = check_races(&races, &rivals, &racy_before, &oracle);
        prop_assert!(
            verdict.is_ok(),
            "in event {number}, {event:?}: {}\nengine: {races:#x?}\noracle, (byte, event): {rivals:x?}",
            verdict.unwrap_err(),
        );
    }
    Ok(())
}

fn check_races(
    races: &[Found],
    rivals: &Rivals,
    racy_before: &BTreeSet<usize>,
    oracle: &Oracle,
) -> Result<(), &'static str> {
    let mut reported = BTreeSet::new();
    for race in races {
        let bytes = || race.bytes.clone();
        let earlier = oracle
            .access_of(race.previous)
            .ok_or("the event of the earlier access is no access")?;
        let kind = race.previous_kind;
        if (kind.is_write(), kind.is_atomic()) != (earlier.writes, earlier.atomic) {
            return Err("the earlier access had another kind");
        }
        if race.previous_thread != earlier.thread {
            return Err("the earlier access was another thread's");
        }
        if !bytes().all(|byte| rivals.contains(&(byte, race.previous))) {
            return Err("the earlier access does not race on all of the bytes");
        }
        if !bytes().all(|byte| reported.insert(byte)) {
            return Err("a byte is reported twice");
        }
    }
    let mut racing = rivals.iter().map(|&(byte, _)| byte);
    if !racing.all(|byte| racy_before.contains(&byte) || reported.contains(&byte)) {
        return Err("the first race on a byte is not reported");
    }
    Ok(())
}
