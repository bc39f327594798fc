//! How a case is judged.

use deadheat::detector::report::{Memory, Record, Scheduler};
use deadheat::{Builder, Run};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Seeds on the controlled scheduler.
const SEEDS: u64 = 25;
/// Runs on the parallel scheduler.
const PARALLEL_RUNS: usize = 5;

/// No schedule of `body` has a race.
#[track_caller]
pub(crate) fn clean(body: fn()) {
    for (which, builder) in runs() {
        let found = names(builder, body, &which);
        assert!(found.is_empty(), "false report on {found:?}, {which}");
    }
}

/// Every schedule of `body` has a race on the cells named `names`, and on no other.
#[track_caller]
pub(crate) fn racy(expected: &[&str], body: fn()) {
    let expected: BTreeSet<_> = expected.iter().map(ToString::to_string).collect();
    for (which, builder) in runs() {
        let found = names(builder, body, &which);
        assert_eq!(found, expected, "{which}");
    }
}

/// Some schedule of `body` has a race on the cells named `names`; none has one on another.
/// For programs whose order depends on what happens to come first.
#[track_caller]
pub(crate) fn racy_in_some(expected: &[&str], body: fn()) {
    let expected: BTreeSet<_> = expected.iter().map(ToString::to_string).collect();
    let mut all = BTreeSet::new();
    for (which, builder) in runs() {
        let found = names(builder, body, &which);
        assert!(
            found.is_subset(&expected),
            "false report on {found:?}, {which}"
        );
        all.extend(found);
    }
    assert_eq!(all, expected, "over all schedules");
}

fn runs() -> impl Iterator<Item = (String, Builder)> {
    let controlled = (0..SEEDS).map(|seed| {
        (
            format!("controlled, seed {seed}"),
            Run::new("case").seed(seed),
        )
    });
    let parallel = (0..PARALLEL_RUNS).map(|run| {
        let builder = Run::new("case")
            .scheduler(Scheduler::Parallel)
            .max_procs(1 + run % 4);
        (format!("parallel, run {run}"), builder)
    });
    controlled.chain(parallel)
}

/// The names of the cells that a run of `body` reports races on; a cell without a name counts
/// under its type.
#[track_caller]
fn names(builder: Builder, body: fn(), which: &str) -> BTreeSet<String> {
    let memory = Memory::default();
    let outcome = builder.detect(true).sink(Arc::new(memory.clone())).go(body);
    if let Err(failure) = &outcome.result {
        panic!("the case does not return: {failure:?}, {which}");
    }
    assert!(outcome.panics.is_empty(), "{:?}, {which}", outcome.panics);
    let reports = memory.take().into_iter().filter_map(|record| match record {
        Record::Race(report) => Some(report.location),
        _ => None,
    });
    reports
        .map(|location| {
            location
                .name
                .or(location.cell)
                .unwrap_or_else(|| "raw memory".to_owned())
        })
        .collect()
}
