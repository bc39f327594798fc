//! `deadheat test`: a cargo suite under detection.

use crate::args::TestArgs;
use crate::cargo::{Cargo, SuiteEnd};
use crate::config;
use crate::console;
use crate::error::UserError;
use crate::exit::Exit;
use crate::known::Judge;
use crate::log::Log;
use crate::plan::Plan;
use crate::program::Program;
use crate::records::Verdict;
use crate::saved::default_path;
use crate::split::has_flag;
use crate::summary::{Summary, number};

pub(crate) fn execute(program: Program, args: TestArgs) -> Result<Exit, UserError> {
    if args.fail_fast && has_flag(&args.cargo, "--no-fail-fast") {
        return Err(UserError::new(
            "--fail-fast and --no-fail-fast contradict each other",
        ));
    }
    let cargo = Cargo::new(args.cargo);
    let config = config::load(&cargo.folder()?)?;
    let mut plan = Plan::new(&config, &args.schedule, args.schedules, args.json)?;
    let baseline = args.baseline.as_deref().or(config.baseline.as_deref());
    let judge = Judge::new(baseline, config.suppressions)?;
    plan.tell_known(&judge)?;
    let fail_fast = args.fail_fast || config.fail_fast.unwrap_or(false);
    let target = cargo.target_directory()?;
    // Examples in the documentation are built when they are run, and cargo refuses to build
    // them otherwise.
    if !cargo.only_documentation() {
        cargo.build()?;
    }
    if cargo.only_builds() {
        console::note("the suite is built; --no-run asks for no more");
        return Ok(Exit::Clean);
    }
    let log = match plan.log() {
        Some(path) => Log::replace(path)?,
        // Nobody asked for that place, so another one does as well.
        None => Log::replace(&default_path(&target)).or_else(|error| {
            console::note(format_args!("{error}; they go to a temporary file"));
            Log::temporary()
        })?,
    };
    let end = cargo.run(fail_fast, &args.binary, &plan.variable(log.path()))?;
    if cargo.only_documentation() && !end.status.success() && end.counts.binaries == 0 {
        let status = end.status;
        return Err(UserError::new(format!(
            "the build failed ({status}): see cargo's messages above"
        )));
    }
    let mut summary = Summary::new(judge);
    let verdict = log.sum_up(&mut summary)?;
    say(program, &plan, &end, &summary, &verdict, &log);
    Ok(exit(&end, &summary, &verdict))
}

fn say(
    program: Program,
    plan: &Plan,
    end: &SuiteEnd,
    summary: &Summary,
    verdict: &Verdict,
    log: &Log,
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
            "cargo test failed ({status}); see its messages above"
        ));
    }
    if let Some(seed) = plan.drawn_seed() {
        console::note(format_args!(
            "the seed {seed} was drawn; --seed {seed} gives the same schedules again"
        ));
    }
    if *verdict == Verdict::Empty {
        console::note(
            "no test ran under detection: those do that are marked #[deadheat::test] in place of #[test]",
        );
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
