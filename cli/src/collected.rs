//! Records put together: every race once, with all that was told of it.
//!
//! It grows with the number of unique races, not of records.

use crate::known::Standing;
use deadheat_detector::report::{Failure, Position, RaceReport, Record, RunInfo};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What the records of one or more files say.
#[derive(Default)]
pub(crate) struct Collected {
    /// The unique races, in the order in which they were first told of.
    pub(crate) races: Vec<Found>,
    /// By fingerprint, the place in `races`.
    by_fingerprint: HashMap<String, usize>,
    /// The failures that differ, in their order.
    pub(crate) failures: Vec<Failure>,
    known_failures: HashSet<(String, String)>,
    /// Every test of which something is known.
    pub(crate) tests: BTreeSet<String>,
    /// Whether something could not be read, and may be missing.
    pub(crate) damaged: bool,
}

/// A unique race.
pub(crate) struct Found {
    /// The first report of it; `dependent` only if every report was, and with what any knows of
    /// other accesses.
    pub(crate) report: RaceReport,
    /// What it is to its reader: news if one report of it is.
    pub(crate) standing: Standing,
    /// How many reports there were.
    pub(crate) count: u64,
    /// The tests that found it, each with the run that did so first.
    pub(crate) tests: BTreeMap<String, RunInfo>,
    /// The innermost places of both accesses, in all their variants.
    pub(crate) places: BTreeSet<Places>,
}

/// The innermost place of the current access, and of the previous one.
pub(crate) type Places = [Option<Position>; 2];

impl Collected {
    pub(crate) fn add(&mut self, record: &Record, standing: Standing) {
        let test = match record {
            Record::Race(report) => {
                self.add_race(report, standing);
                &report.run.name
            }
            Record::Failure(failure) => {
                self.add_failure(failure);
                &failure.run.name
            }
            Record::Outcome(outcome) => &outcome.run.name,
        };
        if !self.tests.contains(test) {
            self.tests.insert(test.clone());
        }
    }

    fn add_race(&mut self, report: &RaceReport, standing: Standing) {
        if let Some(&place) = self.by_fingerprint.get(&report.fingerprint) {
            return self.races[place].add(report, standing);
        }
        let fingerprint = report.fingerprint.clone();
        self.by_fingerprint.insert(fingerprint, self.races.len());
        let mut found = Found {
            report: report.clone(),
            standing,
            count: 0,
            tests: BTreeMap::new(),
            places: BTreeSet::new(),
        };
        found.add(report, standing);
        self.races.push(found);
    }

    fn add_failure(&mut self, failure: &Failure) {
        let key = (failure.run.name.clone(), failure.message.clone());
        if self.known_failures.insert(key) {
            self.failures.push(failure.clone());
        }
    }
}

impl Found {
    fn add(&mut self, report: &RaceReport, standing: Standing) {
        self.standing = self.standing.min(standing);
        self.count += 1;
        self.report.dependent &= report.dependent;
        add_others(&mut self.report, report);
        if !self.tests.contains_key(&report.run.name) {
            self.tests
                .insert(report.run.name.clone(), report.run.clone());
        }
        // Most races have one pair of places only.
        if self
            .places
            .first()
            .is_none_or(|first| !is_at(report, first))
        {
            self.places.insert(places(report));
        }
    }

    /// The places of reports that share the fingerprint, and tell of others than the first.
    pub(crate) fn other_places(&self) -> impl Iterator<Item = &Places> {
        let first = places(&self.report);
        self.places.iter().filter(move |places| **places != first)
    }
}

/// Adds what `report`, of the same race, knows of other accesses to its memory: each run has seen its own.
pub(crate) fn add_others(kept: &mut RaceReport, report: &RaceReport) {
    for other in &report.others {
        let is_side = [&kept.current, &kept.previous]
            .iter()
            .any(|access| access.kind == other.kind && access.place() == other.at.as_ref());
        if !is_side && !kept.others.iter().any(|kept| kept.is_same_place(other)) {
            kept.others.push(other.clone());
        }
    }
}

/// Whether `report` says that the race is there.
pub(crate) fn is_at(report: &RaceReport, places: &Places) -> bool {
    let [current, previous] = [&report.current, &report.previous].map(|access| access.place());
    current == places[0].as_ref() && previous == places[1].as_ref()
}

/// Where `report` says that the race is.
pub(crate) fn places(report: &RaceReport) -> Places {
    [&report.current, &report.previous].map(|access| access.place().cloned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn each_race_is_kept_once_with_its_tests_and_places() {
        let mut collected = Collected::default();
        for (test, line) in [("a", 42), ("b", 42), ("a", 42), ("a", 50)] {
            let mut race = sample::race(test, line);
            race.fingerprint = "f".into();
            race.dependent = line == 50;
            collected.add(&Record::Race(Box::new(race)), Standing::New);
        }
        let [found] = &collected.races[..] else {
            panic!("{} races", collected.races.len());
        };
        assert_eq!((found.count, found.places.len()), (4, 2));
        let others: Vec<_> = found.other_places().collect();
        assert_eq!(others[0][0].as_ref().map(|at| at.line), Some(50));
        assert_eq!(others.len(), 1);
        assert_eq!(found.tests.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert!(!found.report.dependent);
    }

    #[test]
    fn failures_that_differ_are_all_kept() {
        let mut collected = Collected::default();
        for (test, message) in [("a", "x"), ("a", "x"), ("a", "y"), ("b", "x")] {
            let mut failure = sample::failure(test);
            failure.message = message.into();
            collected.add(&Record::Failure(failure), Standing::New);
        }
        assert_eq!(collected.failures.len(), 3);
        assert_eq!(collected.tests.len(), 2);
    }
}
