//! One unique race.

use crate::collected::{Places, is_at, places};
use crate::known::Standing;
use crate::words::{memory, side};
use deadheat_detector::report::text::Printable;
use deadheat_detector::report::{RaceReport, RunInfo, Scheduler};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// How many tests a line names.
const NAMED: usize = 3;

/// A race, however many runs and tests found it.
#[derive(Debug)]
pub(crate) struct UniqueRace {
    /// Both accesses and the memory, as the first report has them.
    what: String,
    /// Where the first report has it.
    places: Places,
    /// Other accesses that share its fingerprint.
    others: BTreeSet<String>,
    /// What it is to its reader: news if one report of it is.
    standing: Standing,
    /// Whether another race on the same memory came before it in every report.
    dependent: bool,
    /// The tests that found it, each with the seed that did so first.
    tests: BTreeMap<String, Seed>,
}

#[derive(Clone, Copy, Debug)]
struct Seed(u64, Scheduler);

impl UniqueRace {
    pub(crate) fn new(report: &RaceReport, standing: Standing) -> Self {
        let mut race = Self {
            what: what(report),
            places: places(report),
            others: BTreeSet::new(),
            standing,
            dependent: true,
            tests: BTreeMap::new(),
        };
        race.add(report, standing);
        race
    }

    /// Whether it may follow from an earlier race.
    pub(crate) fn is_dependent(&self) -> bool {
        self.dependent
    }

    pub(crate) fn standing(&self) -> Standing {
        self.standing
    }

    /// Takes a further report of this race.
    pub(crate) fn add(&mut self, report: &RaceReport, standing: Standing) {
        self.standing = self.standing.min(standing);
        let RunInfo {
            name,
            seed,
            scheduler,
            ..
        } = &report.run;
        self.dependent &= report.dependent;
        if !is_at(report, &self.places) {
            self.others.insert(what(report));
        }
        if !self.tests.contains_key(name) {
            self.tests.insert(name.clone(), Seed(*seed, *scheduler));
        }
    }
}

/// One line.
impl fmt::Display for UniqueRace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        for (i, (test, seed)) in self.tests.iter().take(NAMED).enumerate() {
            let before = if i == 0 { " in" } else { "," };
            write!(f, "{before} {} ({seed})", Printable(test))?;
        }
        match self.tests.len().saturating_sub(NAMED) {
            0 => {}
            1 => write!(f, " and 1 more test")?,
            more => write!(f, " and {more} more tests")?,
        }
        match self.others.len() {
            0 => {}
            1 => write!(f, "; and at 1 more place")?,
            more => write!(f, "; and at {more} more places")?,
        }
        if self.dependent {
            write!(f, "; may follow from an earlier race")?;
        }
        Ok(())
    }
}

fn what(report: &RaceReport) -> String {
    let (current, previous) = (side(&report.current), side(&report.previous));
    let memory = memory(&report.location);
    format!("{current} races with {previous} on {memory}")
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Scheduler::Controlled => write!(f, "seed {}", self.0),
            Scheduler::Parallel => write!(f, "seed {}, parallel scheduler", self.0),
            Scheduler::System => write!(f, "by the operating system's schedule"),
        }
    }
}
