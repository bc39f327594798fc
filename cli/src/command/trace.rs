//! `deadheat trace`: traces from and to RAPID's text format.

use crate::args::{ExportArgs, ImportArgs, TraceArgs, TraceCommand};
use crate::console;
use crate::error::UserError;
use crate::exit::Exit;
use crate::input::Input;
use crate::output::{Output, refuse_same};
use crate::progress::Progress;
use deadheat_detector::trace::Ended;
use deadheat_detector::trace::std_text::{self, ExportError, Exported, ImportError, Unsayable};
use std::io::{self, BufReader, IsTerminal};

pub(crate) fn execute(args: &TraceArgs) -> Result<Exit, UserError> {
    match &args.command {
        TraceCommand::Import(args) => import(args),
        TraceCommand::Export(args) => export(args),
    }
}

fn import(args: &ImportArgs) -> Result<Exit, UserError> {
    refuse_same(&args.file, &args.output)?;
    if args.output.as_os_str() == "-" && io::stdout().is_terminal() {
        return Err(UserError::new(
            "a trace is no text for a terminal: name a file with `-o`, or send the standard output elsewhere",
        ));
    }
    let Input { name, bytes, len } = Input::open(&args.file)?;
    let output = Output::create(&args.output)?;
    let progress = Progress::new(len);
    let bytes = BufReader::with_capacity(1 << 16, progress.streaming(bytes));
    let imported = std_text::import(bytes, &output);
    progress.end();
    match imported {
        Ok(_) => output.commit().map(|()| Exit::Clean),
        Err(ImportError::Write(error)) => cannot_write(&output, &error),
        Err(error @ ImportError::Read(_)) => {
            Err(UserError::new(format!("{name} cannot be read: {error}")))
        }
        Err(error @ ImportError::Line { .. }) => Err(UserError::new(format!("{name}: {error}"))),
    }
}

fn export(args: &ExportArgs) -> Result<Exit, UserError> {
    refuse_same(&args.trace, &args.output)?;
    if args.trace.as_os_str() == "-" {
        return Err(UserError::new(
            "a trace is read twice to be exported: name a file in place of `-`",
        ));
    }
    let Input { name, bytes, len } = Input::open_file(&args.trace)?;
    if len.is_none() {
        return Err(UserError::new(format!(
            "{name} is not a file that can be read twice, as a trace must be to be exported"
        )));
    }
    let unsayable = if args.lossy {
        Unsayable::LeaveOut
    } else {
        Unsayable::Refuse
    };
    let output = Output::create(&args.output)?;
    let progress = Progress::new(len);
    let exported = std_text::export(progress.reading(bytes), &output, unsayable);
    progress.end();
    match exported {
        Ok(exported) => {
            output.commit()?;
            tell(&exported, &name);
            match exported.ended {
                Ended::Whole => Ok(Exit::Clean),
                Ended::CutShort => Ok(Exit::Usage),
            }
        }
        Err(ExportError::Write(error)) => cannot_write(&output, &error),
        Err(ExportError::Trace(error)) => {
            Err(UserError::new(format!("{name} cannot be read: {error}")))
        }
        Err(error @ ExportError::Unsayable { .. }) => Err(UserError::new(format!(
            "{name} cannot be exported: {error}; `--lossy` leaves such events out"
        ))),
    }
}

/// Says what the text does not.
fn tell(exported: &Exported, name: &str) {
    let left_out = &exported.left_out;
    if !left_out.is_empty() {
        let number: u64 = left_out.values().sum();
        let kinds: Vec<_> = left_out
            .iter()
            .map(|(kind, number)| format!("{number} {kind}"))
            .collect();
        let kinds = kinds.join(", ");
        let events = if number == 1 { "event" } else { "events" };
        console::note(format_args!(
            "{number} {events} of {name} left out ({kinds}): RAPID may report races that are none, and miss some"
        ));
    }
    if exported.ended == Ended::CutShort {
        console::note(format_args!(
            "{name} is cut short: what was exported is the events up to its last whole block"
        ));
    }
}

fn cannot_write(output: &Output, error: &io::Error) -> Result<Exit, UserError> {
    if console::is_closed(error) {
        return Ok(Exit::Clean);
    }
    let name = output.name();
    Err(UserError::new(format!("{name} cannot be written: {error}")))
}
