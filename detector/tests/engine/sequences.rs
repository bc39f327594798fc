//! Properties are worth as much as the sequences they are tried on.

use crate::agreement::sequences;
use deadheat_detector::event::{Action, Event, ThreadId};
use deadheat_oracle::compare::compare;
use deadheat_oracle::event::{AsCall, at};
use deadheat_oracle::marks::Marks;
use deadheat_oracle::oracle::Oracle;
use deadheat_oracle::replay::Replay;
use deadheat_oracle::sequence::{CROWD, HEADER, Mixture, STEP, mixture, sequence};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use std::collections::{BTreeMap, BTreeSet};

fn sampled(mixture: Mixture, count: usize) -> Vec<Vec<Event>> {
    let mut runner = TestRunner::deterministic();
    let mut sample = |_| {
        sequences(mixture)
            .new_tree(&mut runner)
            .unwrap()
            .current()
            .0
    };
    (0..count).map(&mut sample).collect()
}

#[test]
fn sequences_race_often_but_not_always() {
    const COUNT: usize = 100;
    for mixture in Mixture::ALL {
        let mut racy = 0;
        for events in sampled(mixture, COUNT) {
            let mut oracle = Oracle::new();
            let races = events.iter().filter(|event| !oracle.step(event).is_empty());
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
        let printed = format!("{:?}", AsCall(event));
        printed.split_once('(').unwrap().0.to_owned()
    };
    for mixture in [Mixture::Everything, Mixture::Town] {
        let events = sampled(mixture, 20).concat();
        let names: BTreeSet<_> = events.iter().map(name).collect();
        assert_eq!(names.len(), 18, "{names:?}, {mixture:?}");
    }
}

/// How many threads read one granule with no write between, at most.
fn widest_sharing(events: &[Event]) -> usize {
    let mut readers: BTreeMap<usize, BTreeSet<ThreadId>> = BTreeMap::new();
    let mut widest = 0;
    for event in events {
        match event.action {
            Action::Read(bytes) => {
                let readers = readers.entry(bytes.start() / 8).or_default();
                readers.insert(event.thread);
                widest = widest.max(readers.len());
            }
            Action::Write(bytes) => _ = readers.remove(&(bytes.start() / 8)),
            _ => {}
        }
    }
    widest
}

#[test]
fn crowds_are_crowded() {
    let samples = sampled(Mixture::Crowd, 200);
    let often = |property: &dyn Fn(&Vec<Event>) -> bool| {
        let such = samples.iter().filter(|events| property(events));
        assert!(such.count() >= 10);
    };
    let threads = |events: &Vec<Event>| {
        let all: BTreeSet<_> = events.iter().map(|event| event.thread).collect();
        all.len()
    };
    for sharing in [9, 17, 33, CROWD] {
        often(&|events| widest_sharing(events) >= sharing);
    }
    often(&|events| threads(events) < 12);
    often(&|events| threads(events) >= CROWD);
    often(&|events| {
        let joined = |event: &&Event| matches!(event.action, Action::Join(_));
        let last_fork = events
            .iter()
            .rposition(|e| matches!(e.action, Action::Fork(_)));
        let before = &events[..last_fork.unwrap_or(0)];
        before.iter().filter(joined).count() >= 8
    });
}

/// Of the races that an engine finds, some follow from others and some do not, in either view of
/// schedulable-happens-before; and the coarse view is the coarser one.
#[test]
fn sequences_have_races_that_follow_from_others() {
    for mixture in Mixture::ALL {
        // By whether the exact view orders the two accesses, and whether the coarse one does.
        let mut counts =
            BTreeMap::from([((false, false), 0), ((false, true), 0), ((true, true), 0)]);
        // The engine's view is seldom far from the exact one where many only read.
        let count = if mixture == Mixture::Crowd { 800 } else { 200 };
        for events in sampled(mixture, count) {
            let (mut engine, mut oracle, mut marks) =
                (Replay::new(), Oracle::new(), Marks::default());
            for (number, event) in events.iter().enumerate() {
                let event = &at(number, event);
                oracle.step(event);
                marks.step(event, &oracle);
                for race in engine.step(event) {
                    let earlier = oracle.access_of(race.previous()).unwrap();
                    let exact = !marks.is_schedulable(earlier);
                    let coarse = marks.is_ordered_coarsely(earlier);
                    *counts.get_mut(&(exact, coarse)).expect("coarse is coarser") += 1;
                }
            }
        }
        assert!(counts.values().all(|&n| n >= 20), "{counts:?}, {mixture:?}");
    }
}

/// Whatever bytes are given, a program could have caused the sequence: none is refused.
#[test]
fn all_bytes_give_a_sequence() {
    assert_eq!(mixture(&[]), Mixture::Everything);
    for length in 0..HEADER + 3 * STEP {
        for byte in [0, 1, 0x55, 0x7f, 0xff] {
            compare(&sequence(&vec![byte; length])).unwrap();
        }
    }
    for first in 0..=255 {
        let bytes: Vec<_> = (0..2000_u32).map(|i| (i * i + first) as u8).collect();
        let events = sequence(&bytes);
        compare(&events).unwrap();
        assert!(events.len() <= mixture(&bytes).longest() + 4 * CROWD);
    }
}
