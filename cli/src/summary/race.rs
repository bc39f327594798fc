//! One unique race.

use deadheat_detector::report::text::{At, Printable};
use deadheat_detector::report::{Access, MemoryLocation, RaceReport, RunInfo, Scheduler};
use std::collections::BTreeMap;
use std::fmt;

/// How many tests a line names.
const NAMED: usize = 3;

/// A race, however many runs and tests found it.
#[derive(Debug)]
pub(crate) struct UniqueRace {
    /// Both accesses and the memory, as the first report has them.
    what: String,
    /// Whether another race on the same memory came before it in every report.
    dependent: bool,
    /// The tests that found it, each with the seed that did so first.
    tests: BTreeMap<String, Seed>,
}

#[derive(Clone, Copy, Debug)]
struct Seed(u64, Scheduler);

impl UniqueRace {
    pub(crate) fn new(report: &RaceReport) -> Self {
        let (current, previous) = (side(&report.current), side(&report.previous));
        let memory = memory(&report.location);
        let mut race = Self {
            what: format!("{current} races with {previous} on {memory}"),
            dependent: true,
            tests: BTreeMap::new(),
        };
        race.add(report);
        race
    }

    /// Whether it may follow from an earlier race.
    pub(crate) fn is_dependent(&self) -> bool {
        self.dependent
    }

    /// Takes a further report of this race.
    pub(crate) fn add(&mut self, report: &RaceReport) {
        let RunInfo {
            name,
            seed,
            scheduler,
            ..
        } = &report.run;
        self.dependent &= report.dependent;
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
        if self.dependent {
            write!(f, "; may follow from an earlier race")?;
        }
        Ok(())
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}", self.0)?;
        match self.1 {
            Scheduler::Controlled => Ok(()),
            Scheduler::Parallel => write!(f, ", parallel scheduler"),
        }
    }
}

/// The kind of an access and its innermost known place.
fn side(access: &Access) -> String {
    let kind = match &access.operation {
        Some(operation) => Printable(operation).to_string(),
        None => access.kind.to_string(),
    };
    if let Some(at) = access.stack.iter().find_map(|frame| frame.at.as_ref()) {
        return format!("{kind} at {}", At(at));
    }
    match access.stack.first() {
        Some(frame) => format!("{kind} in {}", Printable(&frame.function)),
        None => format!("{kind} at an unknown place"),
    }
}

/// The cell by its name, type and declaration, as far as they are known; else the bytes.
fn memory(location: &MemoryLocation) -> String {
    let name = location
        .name
        .as_deref()
        .map(|name| format!("\"{}\"", Printable(name)));
    let cell = location
        .cell
        .as_deref()
        .map(|cell| Printable(cell).to_string());
    let words: Vec<_> = name.into_iter().chain(cell).collect();
    let mut text = words.join(", ");
    if text.is_empty() {
        text = format!("{} bytes at {:#x}", location.size, location.address);
    }
    if let Some(index) = location.index {
        text = format!("element {index} of {text}");
    }
    if let Some(declared) = &location.declared {
        text += &format!(" declared at {}", At(declared));
    }
    text
}
