//! `deadheat test`: a cargo suite under detection.

use crate::args::{RunnerChoice, TestArgs};
use crate::cargo::{Cargo, SuiteEnd};
use crate::config;
use crate::console;
use crate::error::UserError;
use crate::exit::Exit;
use crate::instrument::Wiring;
use crate::known::Judge;
use crate::log::{Log, Replaced};
use crate::nextest::Extras;
use crate::plan::Plan;
use crate::program::Program;
use crate::records::Verdict;
use crate::saved::default_path;
use crate::split::has_flag;
use crate::suite::Suite;
use crate::summary::{Summary, number};
use std::path::Path;

pub(crate) fn execute(program: Program, args: TestArgs) -> Result<Exit, UserError> {
    if args.fail_fast && has_flag(&args.cargo, "--no-fail-fast") {
        return Err(UserError::new(
            "--fail-fast and --no-fail-fast contradict each other",
        ));
    }
    let mut cargo = Cargo::new(args.cargo);
    let config = config::load(&cargo.folder()?)?;
    let mut plan = Plan::new(&config, &args.schedule, args.schedules, args.json)?;
    let baseline = args.baseline.as_deref().or(config.baseline.as_deref());
    let selection = args.instrument.selection(&config);
    let standard = args.instrument.standard(&config);
    let judge = Judge::new(baseline, config.suppressions)?;
    plan.tell_known(&judge)?;
    if args.instrument.intentional {
        plan.with_intentional();
    }
    if args.no_detect {
        plan.without_detection();
    }
    let fail_fast = args.fail_fast || config.fail_fast.unwrap_or(false);
    let target = match cargo.target_directory() {
        Ok(target) => Some(target),
        // An archive brings what it needs.
        Err(_) if args.archive_file.is_some() => None,
        Err(error) => return Err(error),
    };
    if let Some(selection) = &selection {
        if args.archive_file.is_some() {
            return Err(UserError::new(
                "--archive-file brings tests that are built already, and --instrument builds them: leave one out; \
                 tests that were instrumented when they were archived are run under detection as they are",
            ));
        }
        Wiring::install(&mut cargo, selection, standard)?;
    }
    if cargo.only_builds() {
        cargo.build()?;
        console::note("the suite is built; --no-run asks for no more");
        return Ok(Exit::Clean);
    }
    let extras = Extras {
        timeout: args.timeout.or(config.timeout),
        filter: args.filter,
        partition: args.partition,
        archive_file: args.archive_file,
    };
    let choice = args.runner.or(config.runner).unwrap_or(RunnerChoice::Auto);
    let suite = Suite::new(cargo, args.binary, fail_fast, choice, extras)?;
    let (log, replaced) = log(&plan, target.as_deref())?;
    let runs = args.runs.or(config.runs).unwrap_or(1);
    let end = match run(&suite, &plan, &log, runs, fail_fast) {
        Ok(end) => {
            replaced.forget();
            end
        }
        Err(error) => {
            replaced.bring_back();
            return Err(error);
        }
    };
    let mut summary = Summary::new(judge);
    let verdict = log.sum_up(&mut summary)?;
    let instrumented = selection.is_some();
    say(program, &plan, &end, &summary, &verdict, &log, instrumented);
    Ok(exit(&end, &summary, &verdict))
}

/// The report file: where the user wants it, or in the target directory, or elsewhere if that takes
/// none.
fn log(plan: &Plan, target: Option<&Path>) -> Result<(Log, Replaced), UserError> {
    if let Some(path) = plan.log() {
        return Log::replace_for_now(path);
    }
    let temporary = || Log::temporary().map(|log| (log, Replaced::default()));
    let Some(target) = target else {
        return temporary();
    };
    // Nobody asked for that place, so another one does as well.
    Log::replace_for_now(&default_path(target)).or_else(|error| {
        console::note(format_args!("{error}; they go to a temporary file"));
        temporary()
    })
}

/// Runs the suite as often as is asked for, each time on other schedules.
fn run(
    suite: &Suite,
    plan: &Plan,
    log: &Log,
    runs: u64,
    fail_fast: bool,
) -> Result<SuiteEnd, UserError> {
    let mut all: Option<SuiteEnd> = None;
    for run in 0..runs {
        let mut label = String::new();
        if runs > 1 {
            label = format!("run {} of {runs}", run + 1);
            let seed = plan.seed_of_run(run).unwrap_or(0);
            console::note(format_args!("{label}, from seed {seed}"));
        }
        let end = suite.run(&plan.variable_of_run(run, log.path()), &label)?;
        let failed = !end.status.success();
        all = Some(match all {
            None => end,
            Some(mut before) => {
                before.counts.add(end.counts);
                if before.status.success() {
                    before.status = end.status;
                }
                before
            }
        });
        if failed && fail_fast {
            break;
        }
    }
    all.ok_or_else(|| UserError::new("no run is asked for"))
}

fn say(
    program: Program,
    plan: &Plan,
    end: &SuiteEnd,
    summary: &Summary,
    verdict: &Verdict,
    log: &Log,
    instrumented: bool,
) {
    let counts = end.counts;
    let mut tests = format!(
        "{} run, {} passed, {} failed",
        number(counts.passed + counts.failed, "test"),
        counts.passed,
        counts.failed
    );
    if counts.ignored > 0 {
        tests.push_str(&format!(", {} ignored", counts.ignored));
    }
    let runs = number(summary.runs(), "run");
    console::note(format_args!("{tests}; {runs} under detection"));
    if !end.status.success() && counts.failed == 0 {
        let status = end.status;
        console::note(format_args!(
            "cargo failed ({status}); see its messages above"
        ));
    }
    if let Some(seed) = plan.drawn_seed() {
        console::note(format_args!(
            "the seed {seed} was drawn; --seed {seed} gives the same schedules again"
        ));
    }
    if !plan.detects() {
        console::note("detection was off, so nothing is known of races");
        return;
    }
    if *verdict == Verdict::Empty {
        console::note(if instrumented {
            "no test ran under detection"
        } else {
            "no test ran under detection: those do that are marked #[deadheat::test] in place of #[test], \
             and all with --instrument"
        });
        return;
    }
    console::say(summary.text("deadheat: ").trim_end());
    summary.judge().notes().iter().for_each(console::note);
    if summary.found() {
        log.tell(program);
    }
}

fn exit(end: &SuiteEnd, summary: &Summary, verdict: &Verdict) -> Exit {
    if summary.has_new() {
        Exit::Races
    } else if !end.status.success() {
        Exit::TestsFailed
    } else if matches!(verdict, Verdict::Damaged | Verdict::Foreign(_)) {
        // The line that cannot be read may have been a race.
        Exit::Usage
    } else {
        Exit::Clean
    }
}
