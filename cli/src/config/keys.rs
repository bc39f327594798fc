//! The keys of a configuration.

use super::toml::{Item, Table};
use crate::args::{RunnerChoice, SchedulerChoice};
use crate::error::UserError;
use crate::instrument::{Selection, StandardChoice};
use crate::known::Suppression;
use crate::seed::SeedChoice;
use clap::ValueEnum;
use deadheat_detector::report::Scheduler;
use deadheat_detector::settings::Settings;
use std::path::PathBuf;
use std::time::Duration;

/// What a configuration says; a key that it does not have is `None`. The command line and the
/// `DEADHEAT` variable go before it.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Config {
    pub(crate) seed: Option<SeedChoice>,
    pub(crate) schedules: Option<u64>,
    pub(crate) scheduler: Option<Scheduler>,
    pub(crate) maxprocs: Option<usize>,
    pub(crate) steps: Option<u64>,
    pub(crate) stack: Option<usize>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) record: Option<PathBuf>,
    pub(crate) runs: Option<u64>,
    pub(crate) runner: Option<RunnerChoice>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) fail_fast: Option<bool>,
    pub(crate) baseline: Option<PathBuf>,
    pub(crate) instrument: Option<Selection>,
    pub(crate) instrument_std: Option<StandardChoice>,
    pub(crate) suppressions: Vec<Suppression>,
}

impl Config {
    /// Reads a table to its end.
    pub(super) fn read(mut table: Table<'_>) -> Result<Self, UserError> {
        let config = Self {
            seed: table.get("seed", seed)?,
            schedules: table.get("schedules", Item::positive)?,
            scheduler: table.get("scheduler", scheduler)?,
            maxprocs: table.get("maxprocs", Item::positive)?,
            steps: table.get("steps", Item::positive)?,
            stack: table.get("stack", Item::positive)?,
            json: table.get("json", Item::path)?,
            record: table.get("record", Item::path)?,
            runs: table.get("runs", Item::positive)?,
            runner: table.get("runner", runner)?,
            timeout: table.get("timeout", timeout)?,
            fail_fast: table.get("fail-fast", Item::flag)?,
            baseline: table.get("baseline", Item::path)?,
            instrument: table.get("instrument", instrument)?,
            instrument_std: table.get("instrument-std", instrument_std)?,
            suppressions: match table.take("suppression") {
                None => Vec::new(),
                Some(all) => {
                    let all = all.tables()?.into_iter().map(Suppression::read);
                    all.collect::<Result<_, _>>()?
                }
            },
        };
        table.finish().map(|()| config)
    }

    /// This, and what `other` says where this says nothing. Suppressions add up.
    pub(super) fn or(mut self, other: Self) -> Self {
        self.suppressions.extend(other.suppressions);
        Self {
            seed: self.seed.or(other.seed),
            schedules: self.schedules.or(other.schedules),
            scheduler: self.scheduler.or(other.scheduler),
            maxprocs: self.maxprocs.or(other.maxprocs),
            steps: self.steps.or(other.steps),
            stack: self.stack.or(other.stack),
            json: self.json.or(other.json),
            record: self.record.or(other.record),
            runs: self.runs.or(other.runs),
            runner: self.runner.or(other.runner),
            timeout: self.timeout.or(other.timeout),
            fail_fast: self.fail_fast.or(other.fail_fast),
            baseline: self.baseline.or(other.baseline),
            instrument: self.instrument.or(other.instrument),
            instrument_std: self.instrument_std.or(other.instrument_std),
            suppressions: self.suppressions,
        }
    }

    /// What it says under `settings`, but for the seed, which may be left to chance.
    pub(crate) fn under(&self, mut settings: Settings) -> Settings {
        settings.schedules = settings.schedules.or(self.schedules);
        settings.scheduler = settings.scheduler.or(self.scheduler);
        settings.maxprocs = settings.maxprocs.or(self.maxprocs);
        settings.steps = settings.steps.or(self.steps);
        settings.stack = settings.stack.or(self.stack);
        settings.log = settings.log.or_else(|| self.json.clone());
        settings.record = settings.record.or_else(|| self.record.clone());
        settings
    }
}

fn seed(item: &Item<'_>) -> Result<SeedChoice, UserError> {
    item.parsed(
        "a whole number below 2^64, as a text where it is 2^63 or more, or \"random\"",
        |text| text.parse().ok(),
    )
}

fn scheduler(item: &Item<'_>) -> Result<Scheduler, UserError> {
    let choice = item.parsed("\"controlled\" or \"parallel\"", |text| {
        SchedulerChoice::from_str(text, false).ok()
    });
    choice.map(SchedulerChoice::into)
}

fn runner(item: &Item<'_>) -> Result<RunnerChoice, UserError> {
    item.parsed("\"auto\", \"nextest\" or \"cargo\"", |text| {
        RunnerChoice::from_str(text, false).ok()
    })
}

fn instrument(item: &Item<'_>) -> Result<Selection, UserError> {
    item.parsed(
        "\"all\", \"workspace\", \"none\" or names of packages with commas between",
        |text| text.parse().ok(),
    )
}

fn instrument_std(item: &Item<'_>) -> Result<StandardChoice, UserError> {
    item.parsed("\"atomics\", \"all\" or \"source\"", |text| {
        StandardChoice::from_str(text, false).ok()
    })
}

fn timeout(item: &Item<'_>) -> Result<Duration, UserError> {
    item.parsed("a time such as \"90s\" or \"2m 30s\"", |text| {
        crate::args::timeout(text).ok()
    })
}
