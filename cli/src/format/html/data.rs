//! What the script reads: a little of every race for the list, and all of one when it is opened.

use crate::collected::{Collected, Found, Places};
use crate::explain::{Part, explain};
use crate::known::Standing;
use crate::source::Sources;
use crate::timeline::{Timeline, timeline};
use crate::words;
use deadheat_detector::report::text::{locks, unordered};
use deadheat_detector::report::{RaceReport, RunInfo};
use serde::Serialize;
use std::collections::BTreeMap;

/// What the list needs. Files, tests and goroutines are numbers, and stand once each in `names`.
#[derive(Serialize)]
pub(super) struct Index {
    names: Vec<String>,
    races: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    id: String,
    title: String,
    what: String,
    count: u64,
    dependent: bool,
    files: Vec<usize>,
    tests: Vec<usize>,
    goroutines: Vec<usize>,
}

/// All of a race.
#[derive(Serialize)]
pub(super) struct Detail<'a> {
    report: &'a RaceReport,
    /// Whether the source has changed since the run: the current access's, the previous one's.
    changed: [bool; 2],
    unordered: String,
    locks: Option<String>,
    memory: String,
    labels: [String; 2],
    timeline: Timeline,
    explanation: Vec<Part>,
    runs: Vec<&'a RunInfo>,
    places: Vec<&'a Places>,
}

/// Strings, each once.
#[derive(Default)]
struct Names {
    numbers: BTreeMap<String, usize>,
    names: Vec<String>,
}

impl Names {
    fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), self.names.len() - 1);
        self.names.len() - 1
    }
}

pub(super) fn index(collected: &Collected) -> Index {
    let mut names = Names::default();
    let races = collected
        .races
        .iter()
        .map(|found| row(found, &mut names))
        .collect();
    let names = names.names;
    Index { names, races }
}

fn row(found: &Found, names: &mut Names) -> Row {
    let report = &found.report;
    let accesses = [&report.current, &report.previous];
    let places = accesses
        .iter()
        .flat_map(|access| &access.stack)
        .filter_map(|frame| frame.at.as_ref());
    let mut files: Vec<_> = places.map(|at| names.number(&at.file)).collect();
    files.sort_unstable();
    files.dedup();
    let tests = found.tests.keys().map(|test| names.number(test)).collect();
    let mut goroutines = accesses
        .map(|access| names.number(&words::who(report, access.goroutine)))
        .to_vec();
    goroutines.dedup();
    let [current, previous] = accesses.map(words::side);
    Row {
        id: report.fingerprint.clone(),
        title: words::title(report) + standing(found),
        what: format!("{current} races with {previous}"),
        count: found.count,
        dependent: report.dependent,
        files,
        tests,
        goroutines,
    }
}

/// What stands behind the title of a race that is no news.
fn standing(found: &Found) -> &'static str {
    match found.standing {
        Standing::New => "",
        Standing::Known => " (known)",
        Standing::Suppressed(_) => " (suppressed)",
    }
}

pub(super) fn detail<'a>(found: &'a Found, sources: &mut Sources) -> Detail<'a> {
    let report = &found.report;
    let accesses = [&report.current, &report.previous];
    Detail {
        report,
        changed: accesses.map(|access| sources.has_changed(access)),
        unordered: unordered(report),
        locks: locks(report),
        memory: words::memory(&report.location),
        labels: accesses.map(|access| {
            format!(
                "{} by {}",
                words::kind(access),
                words::who(report, access.goroutine)
            )
        }),
        timeline: timeline(report),
        explanation: explain(report),
        runs: found.tests.values().collect(),
        places: found.places.iter().collect(),
    }
}
