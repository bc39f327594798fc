//! The command line as clap declares it; `suites` has the commands that run
//! something under detection, `reports` those that read saved reports, `setup` those that set
//! something up.

#[cfg(test)]
mod page;
mod reports;
mod setup;
mod suites;

pub(crate) use reports::{BaselineArgs, ColourChoice, ExplainArgs, MergeArgs, ReportArgs};
pub(crate) use setup::{CompletionsArgs, DoctorArgs, InitArgs, ManArgs};
pub(crate) use suites::{
    BuildArgs, RunArgs, RunnerChoice, ScheduleArgs, SchedulerChoice, TestArgs, timeout,
};

use crate::exit;
use crate::program::Program;
use crate::split::{OwnOption, Split};
use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

/// Finds data races in Rust programs, and says how to run them again.
#[derive(Parser, Debug)]
#[command(name = "deadheat", version, after_help = exit::help(), arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Builds a crate's test suite, runs it under detection, and says what was found.
    ///
    /// Options of `cargo test` may stand anywhere among those below, and are given to cargo
    /// unchanged: `deadheat test --release --seed 3 some_test -- --exact`. Options that stand
    /// here have precedence over the same settings in the DEADHEAT variable.
    Test(TestArgs),

    /// Runs a program under detection.
    ///
    /// Options that stand here have precedence over the same settings in the DEADHEAT variable.
    ///
    /// With `--instrument`, cargo builds the program first, and what follows `--` is what `cargo run`
    /// takes: `deadheat run --instrument -- --release --bin tool -- argument`.
    Run(RunArgs),

    /// Builds programs that the compiler has instrumented.
    ///
    /// Options of `cargo build` may stand anywhere among those below. `deadheat run` then runs what was built.
    Build(BuildArgs),

    /// Says what is missing on this machine for `--instrument`, and how to get it.
    Doctor(DoctorArgs),

    /// Prints saved reports again: every race once for each test, every failure, and a summary.
    ///
    /// Other formats hold every race once, with the tests that found it.
    Report(ReportArgs),

    /// Says in plain words what raced, why nothing orders it, and what usually mends it.
    Explain(ExplainArgs),

    /// Writes the races of saved reports to a file of known ones, which `--baseline` takes.
    Baseline(BaselineArgs),

    /// Joins report files into one, such as those of a suite's parts.
    Merge(MergeArgs),

    /// Sets a crate up: a dependency, a configuration, and a test to begin with.
    Init(InitArgs),

    /// Prints what a shell completes the command line by.
    Completions(CompletionsArgs),

    /// Prints the manual page of `deadheat`, or writes those of all commands to a folder.
    Man(ManArgs),

    /// Looks for data races in a recorded trace, and lists the racy locations.
    ///
    /// Each location is listed once, with both accesses of its first race and the number of all.
    /// The last line is `racy locations: N`. A trace that is cut short is analysed up to its last
    /// whole block; if no race is found up to there, the exit code is 2.
    Analyze(AnalyzeArgs),

    /// Translates traces from and to RAPID's text format.
    Trace(TraceArgs),
}

/// The arguments of `deadheat analyze`.
#[derive(Args, Debug)]
#[command(after_help = exit::help())]
pub(crate) struct AnalyzeArgs {
    /// A recorded or imported trace; `-` is the standard input.
    #[arg(value_name = "TRACE")]
    pub(crate) trace: PathBuf,

    /// Print JSON lines: an object for each racy location, and a summary as the last.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The arguments of `deadheat trace`.
#[derive(Args, Debug)]
#[command(after_help = exit::help(), arg_required_else_help = true)]
pub(crate) struct TraceArgs {
    #[command(subcommand)]
    pub(crate) command: TraceCommand,
}

/// The commands of `deadheat trace`.
#[derive(Subcommand, Debug)]
pub(crate) enum TraceCommand {
    /// Makes a trace of a file in RAPID's text format, STD.
    ///
    /// Each line is `thread|op(arg)|location`, where op is r, w, acq, rel, fork or join, and
    /// location an integer. A line that is malformed is refused with its number, and no trace is
    /// left.
    Import(ImportArgs),

    /// Makes a file in RAPID's text format, STD, of a trace.
    ///
    /// An imported trace gives the very same lines back. Memory that accesses overlap in parts
    /// becomes a variable for each part. The ends of threads, calls and returns are left out, for
    /// they order nothing. An event that RAPID cannot say (atomics, fences, merging releases,
    /// transfers, memory that is given or taken back) is refused, and no file is left.
    Export(ExportArgs),
}

/// The arguments of `deadheat trace import`.
#[derive(Args, Debug)]
#[command(after_help = exit::help())]
pub(crate) struct ImportArgs {
    /// The text; `-` is the standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Where the trace is written, in place of what is there; `-` is the standard output.
    #[arg(short, long, value_name = "TRACE")]
    pub(crate) output: PathBuf,
}

/// The arguments of `deadheat trace export`.
#[derive(Args, Debug)]
#[command(after_help = exit::help())]
pub(crate) struct ExportArgs {
    /// The trace; it is read twice.
    #[arg(value_name = "TRACE")]
    pub(crate) trace: PathBuf,

    /// Where the text is written, in place of what is there; `-` is the standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,

    /// Leave out what RAPID cannot say, and tell how much that is. RAPID may then report races
    /// that are none, and miss some.
    #[arg(long)]
    pub(crate) lossy: bool,
}

/// Parses `arguments`, which begin with the subcommand.
pub(crate) fn parse(program: Program, arguments: Vec<OsString>) -> Result<Command, clap::Error> {
    let subcommand = arguments.first().and_then(|first| first.to_str());
    let subcommand = subcommand.filter(|name| matches!(*name, "test" | "build"));
    let Some(subcommand) = subcommand.map(str::to_owned) else {
        return parse_with_clap(program, arguments);
    };
    let split = Split::new(&own_options(&subcommand), arguments.into_iter().skip(1));
    let own = std::iter::once(subcommand.into())
        .chain(split.own)
        .collect();
    let mut command = parse_with_clap(program, own)?;
    match &mut command {
        Command::Test(test) => {
            test.cargo = split.cargo;
            test.binary = split.binary;
        }
        // Cargo refuses what follows `--`.
        Command::Build(build) => {
            build.cargo = split.cargo;
            let rest = split.binary.into_iter();
            build
                .cargo
                .extend(rest.flat_map(|word| ["--".into(), word]).take(2));
        }
        _ => {}
    }
    Ok(command)
}

fn parse_with_clap(program: Program, arguments: Vec<OsString>) -> Result<Command, clap::Error> {
    let name = program.to_string();
    let mut clap = Cli::command().no_binary_name(true).bin_name(name);
    let matches = clap.try_get_matches_from_mut(arguments)?;
    let cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut clap))?;
    Ok(cli.command)
}

/// The program as clap knows it, with all that follows from its declaration, but for the commands that
/// print help.
pub(crate) fn declaration() -> clap::Command {
    let mut clap = Cli::command()
        .disable_help_subcommand(true)
        .mut_subcommand("trace", |trace| trace.disable_help_subcommand(true));
    clap.build();
    clap
}

/// Our options of a subcommand, by each of their names.
fn own_options(subcommand: &str) -> Vec<OwnOption> {
    let clap = declaration();
    let arguments = clap.find_subcommand(subcommand).into_iter();
    let options = arguments.flat_map(clap::Command::get_arguments);
    options
        .flat_map(|option| {
            let takes_value = matches!(option.get_action(), ArgAction::Set | ArgAction::Append)
                && !option.is_require_equals_set();
            let long = option.get_long().map(|long| format!("--{long}"));
            let short = option.get_short().map(|short| format!("-{short}"));
            [long, short]
                .into_iter()
                .flatten()
                .map(move |name| OwnOption { name, takes_value })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::Selection;
    use crate::seed::SeedChoice;

    fn parsed(line: &str) -> Result<Command, String> {
        let words = line.split_whitespace().map(OsString::from).collect();
        parse(Program::Deadheat, words).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn test_args(line: &str) -> TestArgs {
        match parsed(line) {
            Ok(Command::Test(args)) => args,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[track_caller]
    fn refused(line: &str, why: &str) {
        let error = parsed(line).unwrap_err();
        assert!(error.contains(why), "{line}: {error}");
    }

    #[test]
    fn clap_accepts_its_own_declarations() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_of_test_mix_with_cargos() {
        let args = test_args(
            "test --lib --seed 0x10 --json out.jsonl -p a --schedules=4 --scheduler parallel x -- --exact --seed",
        );
        assert_eq!(args.schedule.seed, Some(SeedChoice::Number(16)));
        assert_eq!(args.schedules, Some(4));
        assert!(matches!(
            args.schedule.scheduler,
            Some(SchedulerChoice::Parallel)
        ));
        assert_eq!(args.json, Some("out.jsonl".into()));
        assert!(!args.fail_fast);
        assert_eq!(args.cargo, ["--lib", "-p", "a", "x"]);
        assert_eq!(args.binary, ["--exact", "--seed"]);
    }

    #[test]
    fn a_selection_needs_no_value_and_takes_none_from_cargo() {
        let args = test_args("test --instrument some_test");
        assert_eq!(args.instrument.instrument, Some(Selection::All));
        assert_eq!(args.cargo, ["some_test"]);
        let args = test_args("test --instrument=a,b --instrument-std all --release");
        let names = ["a", "b"].map(str::to_owned).to_vec();
        assert_eq!(args.instrument.instrument, Some(Selection::Packages(names)));
        assert_eq!(args.cargo, ["--release"]);
        match parsed("build --release --instrument=workspace -p x") {
            Ok(Command::Build(args)) => assert_eq!(args.cargo, ["--release", "-p", "x"]),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_are_checked() {
        refused("test --seed x", "a seed is a whole number");
        refused("test --seed -1", "a seed is a whole number");
        refused("test a --seed", "a value is required");
        refused("test --seed 1 b --seed=2", "cannot be used multiple times");
        refused("test --schedules 0", "1..");
        refused("test --scheduler fair", "controlled, parallel");
        refused("test --fail-fast=no", "unexpected value");
        refused("test --json=", "a value is required");
        refused("test --timeout 0s", "a test needs some time");
        refused("test --timeout soon", "--timeout");
        refused("test --runs 0", "1..");
        refused("test --runner make", "auto, nextest, cargo");
        refused("merge a", "--output");
        refused("run", "PROGRAM");
        refused("run ls", "'ls'");
        refused("report --format xml", "perfetto");
        refused("report --html --format text", "cannot be used with");
        refused("explain", "RACE");
        refused("analyze", "TRACE");
        refused("trace import a", "--output");
        refused("trace export -o a", "TRACE");
        refused("trace imprt a", "'import'");
        refused("test --instrument=a/b", "all, workspace, none");
        refused("run --instrument-std half -- x", "atomics, all, source");
        refused("tset", "'test'");
    }

    #[test]
    fn each_help_text_documents_the_exit_codes() {
        for line in [
            "--help",
            "test --help",
            "test x -h",
            "run --help",
            "report --help",
            "explain --help",
            "baseline --help",
            "merge --help",
            "build --help",
            "doctor --help",
            "init --help",
            "completions --help",
            "man --help",
            "analyze --help",
            "trace --help",
            "trace import --help",
            "trace export --help",
        ] {
            let help = parsed(line).unwrap_err();
            for code in ["  0  ", " 66  ", "101  ", "  2  "] {
                assert!(help.contains(code), "{line}: {help}");
            }
        }
    }
}
