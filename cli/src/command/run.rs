//! `deadheat run`: a program under detection.

use crate::args::RunArgs;
use crate::cargo::Cargo;
use crate::config::{self, Config};
use crate::console;
use crate::error::UserError;
use crate::exit::Exit;
use crate::instrument::{Selection, Wiring};
use crate::known::Judge;
use crate::log::Log;
use crate::plan::Plan;
use crate::program::Program;
use crate::records::Verdict;
use crate::shown::Shown;
use crate::split::has_flag;
use crate::summary::Summary;
use deadheat_detector::settings::VARIABLE;
use std::ffi::OsString;
use std::process::{Command, ExitStatus};

pub(crate) fn execute(program: Program, args: RunArgs) -> Result<Exit, UserError> {
    if args.instrument.is_asked() {
        return instrumented(program, args);
    }
    let config = config::load_here()?;
    let command = command(&args.program)?;
    under_detection(program, args, &config, command)
}

/// What `cargo run` runs.
fn instrumented(program: Program, args: RunArgs) -> Result<Exit, UserError> {
    // What follows a second `--` is the program's.
    let mut split = args.program.splitn(2, |word| word == "--");
    let mut cargo = Cargo::new(split.next().unwrap_or_default().to_vec());
    let words = split.next().unwrap_or_default();
    let config = config::load(&cargo.folder()?)?;
    let selection = args.instrument.selection(&config).unwrap_or(Selection::All);
    Wiring::install(&mut cargo, &selection, args.instrument.standard(&config))?;
    // Apart from the run, so that a build that fails is not taken for a program that does.
    cargo.build_programs()?;
    let mut command = cargo.subcommand("run");
    if !["-q", "--quiet"]
        .iter()
        .any(|flag| has_flag(&cargo.arguments, flag))
    {
        command.arg("--quiet");
    }
    command.arg("--").args(words);
    under_detection(program, args, &config, command)
}

fn under_detection(
    program: Program,
    args: RunArgs,
    config: &Config,
    command: Command,
) -> Result<Exit, UserError> {
    let mut plan = Plan::new(config, &args.schedule, None, args.json)?;
    let baseline = args.baseline.as_deref().or(config.baseline.as_deref());
    let judge = Judge::new(baseline, config.suppressions.clone())?;
    plan.tell_known(&judge)?;
    if args.instrument.intentional {
        plan.with_intentional();
    }
    let (log, temporary) = match plan.log() {
        Some(path) => (Log::replace(path)?, false),
        None => (Log::temporary()?, true),
    };
    let status = match start(command, &plan.variable(log.path())) {
        Ok(status) => status,
        Err(error) => {
            if temporary {
                log.remove();
            }
            return Err(error);
        }
    };
    let mut summary = Summary::new(judge);
    let verdict = log.sum_up(&mut summary)?;
    let damaged = matches!(verdict, Verdict::Damaged | Verdict::Foreign(_));
    if summary.found() || damaged {
        if let Some(seed) = plan.drawn_seed() {
            console::note(format_args!("the seed {seed} was drawn"));
        }
        console::say(summary.text("deadheat: ").trim_end());
        summary.judge().notes().iter().for_each(console::note);
        log.tell(program);
    } else if temporary {
        log.remove();
    }
    Ok(if summary.has_new() {
        Exit::Races
    } else {
        Exit::Program(code(status))
    })
}

fn command(words: &[OsString]) -> Result<Command, UserError> {
    let Some((name, arguments)) = words.split_first() else {
        return Err(UserError::new("no program is named"));
    };
    let mut command = Command::new(name);
    command.args(arguments);
    Ok(command)
}

fn start(mut command: Command, variable: &str) -> Result<ExitStatus, UserError> {
    command.env(VARIABLE, variable);
    command.status().map_err(|error| {
        let name = Shown::name(command.get_program());
        UserError::new(format!("{name} cannot be started: {error}"))
    })
}

/// The code that a shell would give: the program's own, or 128 plus the signal that killed it.
fn code(status: ExitStatus) -> u8 {
    let code = status
        .code()
        .or_else(|| signal(status).map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}
