//! On random sequences, engine and oracle agree after every event, and also where the engine frees between them
//! what no race can be with any more.
//!
//! `PROPTEST_CASES` sets the number of sequences of each mixture; `scripts/oracle.sh` compares
//! 120,000 in all. A failure prints the smallest sequence found, as it can be pasted into a
//! rule, and leaves its seed in `regressions.txt`.

use deadheat_oracle::compare::{compare, compare_with_sweeps};
use deadheat_oracle::event::Sequence;
use deadheat_oracle::sequence::{HEADER, Mixture, STEP, sequence};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

const CASES: u32 = 1400;
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

/// Sequences of the mixture; they shrink by whole steps, and by numbers.
pub(crate) fn sequences(mixture: Mixture) -> impl Strategy<Value = Sequence> {
    let number = Mixture::ALL.iter().position(|&m| m == mixture);
    let number = number.expect("all mixtures are there") as u8;
    let steps = prop::collection::vec(any::<[u8; STEP]>(), 0..mixture.steps_to_fill());
    (any::<[u8; HEADER]>(), steps).prop_map(move |(mut header, steps)| {
        header[0] = number;
        Sequence(sequence(&[&header[..], &steps.concat()].concat()))
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn on_everything(Sequence(events) in sequences(Mixture::Everything), period in periods()) {
        agree(&events, period)?;
    }

    #[test]
    fn on_atomics_and_fences(Sequence(events) in sequences(Mixture::Atomics), period in periods()) {
        agree(&events, period)?;
    }

    #[test]
    fn on_locks_and_channels(Sequence(events) in sequences(Mixture::Objects), period in periods()) {
        agree(&events, period)?;
    }

    #[test]
    fn on_forks_and_joins(Sequence(events) in sequences(Mixture::Lives), period in periods()) {
        agree(&events, period)?;
    }

    #[test]
    fn on_crowds(Sequence(events) in sequences(Mixture::Crowd), period in periods()) {
        agree(&events, period)?;
    }

    #[test]
    fn on_a_town(Sequence(events) in sequences(Mixture::Town), period in periods()) {
        agree(&events, period)?;
    }
}

/// After how many events each the engine frees something, for some of the sequences.
fn periods() -> impl Strategy<Value = Option<usize>> {
    prop::option::weighted(0.3, 1..6_usize)
}

fn agree(
    events: &[deadheat_detector::event::Event],
    period: Option<usize>,
) -> Result<(), TestCaseError> {
    compare(events).map_err(TestCaseError::fail)?;
    let swept = period.map(|period| compare_with_sweeps(events, period));
    swept.transpose().map(drop).map_err(TestCaseError::fail)
}
