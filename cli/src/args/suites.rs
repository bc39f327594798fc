//! The commands that run something under detection.

use crate::config::Config;
use crate::exit;
use crate::instrument::{Selection, StandardChoice};
use crate::seed::SeedChoice;
use clap::{Args, ValueEnum};
use deadheat_detector::report::Scheduler;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// The arguments of `deadheat test`.
#[derive(Args, Debug)]
#[command(after_help = exit::help())]
pub(crate) struct TestArgs {
    #[command(flatten)]
    pub(crate) schedule: ScheduleArgs,

    #[command(flatten)]
    pub(crate) instrument: InstrumentArgs,

    /// How many schedules each test runs.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) schedules: Option<u64>,

    /// How often the whole suite runs; each run after the first goes on with other seeds.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) runs: Option<u64>,

    /// What runs the tests [default: auto].
    #[arg(long, value_name = "RUNNER", env = "DEADHEAT_RUNNER")]
    pub(crate) runner: Option<RunnerChoice>,

    /// How long a test may take, such as `90s`, before it is ended; needs nextest.
    #[arg(long, value_name = "TIME", value_parser = timeout)]
    pub(crate) timeout: Option<Duration>,

    /// Run the tests that an expression of nextest's names, such as `test(/^net::/)`.
    #[arg(long, value_name = "EXPRESSION")]
    pub(crate) filter: Option<String>,

    /// Run one part of the suite, such as `hash:1/4`; needs nextest. `deadheat merge` joins the parts' reports.
    #[arg(long, value_name = "PART")]
    pub(crate) partition: Option<String>,

    /// Run the tests of an archive that `cargo nextest archive` has made.
    #[arg(long, value_name = "FILE")]
    pub(crate) archive_file: Option<PathBuf>,

    /// Run without detection, to see what that costs.
    #[arg(long)]
    pub(crate) no_detect: bool,

    /// Where reports are saved as JSON lines, in place of what is there [default: deadheat/reports.jsonl in cargo's target directory].
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Known races, as `deadheat baseline` writes them: only others count for the exit code [default: `baseline` of the configuration].
    #[arg(long, value_name = "FILE", env = "DEADHEAT_BASELINE")]
    pub(crate) baseline: Option<PathBuf>,

    /// Stop after the first test that fails, or the first test binary where cargo runs them; otherwise `--no-fail-fast` is given to cargo.
    #[arg(long)]
    pub(crate) fail_fast: bool,

    /// Options and arguments of `cargo test`, such as `--manifest-path PATH`, `-p PACKAGE`,
    /// `--examples` or a test's name.
    #[arg(value_name = "CARGO-TEST-ARGUMENTS")]
    pub(crate) cargo: Vec<OsString>,

    /// Arguments of the test binaries, such as `--exact`.
    #[arg(last = true, value_name = "TEST-BINARY-ARGUMENTS")]
    pub(crate) binary: Vec<OsString>,
}

/// The arguments of `deadheat run`.
#[derive(Args, Debug)]
#[command(after_help = exit::help())]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) schedule: ScheduleArgs,

    #[command(flatten)]
    pub(crate) instrument: InstrumentArgs,

    /// Where reports are saved as JSON lines, in place of what is there [default: a temporary file, which stays if something is found].
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Known races, as `deadheat baseline` writes them: only others count for the exit code [default: `baseline` of the configuration].
    #[arg(long, value_name = "FILE", env = "DEADHEAT_BASELINE")]
    pub(crate) baseline: Option<PathBuf>,

    /// The program and its arguments; with `--instrument`, the arguments of `cargo run`.
    #[arg(last = true, required_unless_present_any = ["instrument", "instrument_std"], value_names = ["PROGRAM", "ARGS"])]
    pub(crate) program: Vec<OsString>,
}

/// The arguments of `deadheat build`.
#[derive(Args, Debug)]
#[command(after_help = exit::help())]
pub(crate) struct BuildArgs {
    #[command(flatten)]
    pub(crate) instrument: InstrumentArgs,

    /// Options of `cargo build`, such as `--release` or `-p PACKAGE`.
    #[arg(value_name = "CARGO-BUILD-ARGUMENTS")]
    pub(crate) cargo: Vec<OsString>,
}

/// The options that have the compiler instrument.
#[derive(Args, Debug, Default)]
pub(crate) struct InstrumentArgs {
    /// Have the compiler instrument plain Rust, so that nothing needs to be annotated: all packages, those of the
    /// `workspace`, or some by name, with commas between; `none` overrides the configuration.
    #[arg(
        long,
        value_name = "WHAT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "all"
    )]
    pub(crate) instrument: Option<Selection>,

    /// What is instrumented of the standard library [default: atomics].
    #[arg(long, value_name = "WHAT")]
    pub(crate) instrument_std: Option<StandardChoice>,

    /// Report races of well-known crates that their authors mean, too; docs/tsan.md lists them.
    #[arg(long)]
    pub(crate) intentional: bool,
}

impl InstrumentArgs {
    /// What is to be instrumented; `None` where nothing is.
    pub(crate) fn selection(&self, config: &Config) -> Option<Selection> {
        let asked = self
            .instrument
            .as_ref()
            .or(config.instrument.as_ref())
            .cloned();
        let asked = asked.or_else(|| self.instrument_std.map(|_| Selection::All));
        asked.filter(|selection| *selection != Selection::None)
    }

    /// Whether the command line asks for it, whatever the configuration says.
    pub(crate) fn is_asked(&self) -> bool {
        let asked = self.instrument.as_ref();
        asked.map_or(self.instrument_std.is_some(), |selection| {
            *selection != Selection::None
        })
    }

    /// What is instrumented of the standard library.
    pub(crate) fn standard(&self, config: &Config) -> StandardChoice {
        let choice = self.instrument_std.or(config.instrument_std);
        choice.unwrap_or_default()
    }
}

/// The options that choose a schedule.
#[derive(Args, Debug)]
pub(crate) struct ScheduleArgs {
    /// The seed of the first schedule: N, 0xN, or `random` for one that is drawn and shown.
    #[arg(long, value_name = "SEED")]
    pub(crate) seed: Option<SeedChoice>,

    /// Who decides which goroutine runs.
    #[arg(long, value_name = "SCHEDULER")]
    pub(crate) scheduler: Option<SchedulerChoice>,

    /// Record every event, in a trace file for each run in this folder; `deadheat analyze` reads them.
    #[arg(long, value_name = "DIR")]
    pub(crate) record: Option<PathBuf>,
}

/// A scheduler by name.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub(crate) enum SchedulerChoice {
    /// One thread; every choice comes from the seed.
    Controlled,
    /// Many threads; the machine decides.
    Parallel,
}

impl From<SchedulerChoice> for Scheduler {
    fn from(choice: SchedulerChoice) -> Self {
        match choice {
            SchedulerChoice::Controlled => Self::Controlled,
            SchedulerChoice::Parallel => Self::Parallel,
        }
    }
}

/// What runs a suite.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub(crate) enum RunnerChoice {
    /// `cargo nextest` where it is installed and takes the arguments, else `cargo test`.
    Auto,
    /// `cargo nextest`: a process for each test.
    Nextest,
    /// `cargo test`: a process for each test binary.
    Cargo,
}

/// A time such as `90s` or `2m 30s`.
pub(crate) fn timeout(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if time.is_zero() {
        return Err("a test needs some time".to_owned());
    }
    Ok(time)
}
