//! `deadheat run`: a program under detection.

use crate::args::RunArgs;
use crate::config;
use crate::console;
use crate::error::UserError;
use crate::exit::Exit;
use crate::known::Judge;
use crate::log::Log;
use crate::plan::Plan;
use crate::program::Program;
use crate::records::Verdict;
use crate::shown::Shown;
use crate::summary::Summary;
use deadheat_detector::settings::VARIABLE;
use std::ffi::OsString;
use std::process::{Command, ExitStatus};

pub(crate) fn execute(program: Program, args: RunArgs) -> Result<Exit, UserError> {
    let config = config::load_here()?;
    let mut plan = Plan::new(&config, &args.schedule, None, args.json)?;
    let baseline = args.baseline.as_deref().or(config.baseline.as_deref());
    let judge = Judge::new(baseline, config.suppressions)?;
    plan.tell_known(&judge)?;
    let (log, temporary) = match plan.log() {
        Some(path) => (Log::replace(path)?, false),
        None => (Log::temporary()?, true),
    };
    let status = match start(&args.program, &plan.variable(log.path())) {
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

fn start(words: &[OsString], variable: &str) -> Result<ExitStatus, UserError> {
    let Some((name, arguments)) = words.split_first() else {
        return Err(UserError::new("no program is named"));
    };
    let mut command = Command::new(name);
    command.args(arguments).env(VARIABLE, variable);
    command.status().map_err(|error| {
        let name = Shown::name(name);
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
