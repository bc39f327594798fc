//! The command line of Deadheat.
//!
//! `deadheat test` runs a cargo suite under detection, `deadheat run` any program, and
//! `deadheat report` prints saved reports again; `deadheat baseline` makes known races of them;
//! `deadheat analyze` looks for races in a recorded
//! trace, and `deadheat trace` translates traces. Each command parses its arguments, then decides
//! what to do, then does it; what goes wrong on the way is an `error::UserError`, said in one
//! message, and every way to end has its row in the table of `exit`.
//!
//! But for `analyze`, detection happens in the processes that are started. They are told what to do by the
//! `DEADHEAT` variable, print their reports on the standard error stream as they find them, and
//! add them to a file of JSON lines; this crate reads that file when they have ended.
//!
//! Around the commands, one noun per file:
//!
//! - `args`: the options as clap declares them; `split`: which arguments are ours, which cargo's;
//!   `seed`: a seed as it is asked for; `program`: the name under which we were called;
//! - `plan`: what the processes are asked to do, from the variable and the options;
//! - `log`: the report file while processes add to it; `records`: such a file, read;
//! - `suite`: a run of a suite, by whichever runner; `cargo`: cargo's subcommands; `nextest`:
//!   nextest's; `target`: where cargo puts what it builds; `libtest`: the numbers in a test binary's output;
//!   `pump`: that output on its way to the terminal;
//! - `saved`: which report files are meant; `collected`: their records, each race once;
//!   `format`: what they are printed as; `source`: the source that they quote; `timeline`: a race
//!   as a diagram; `explain`: a race in plain words; `words`: a race in one line;
//! - `instrument`: accesses that the compiler instruments;
//! - `config`: what configurations say; `known`: which races are no news; `nearest`: the name that
//!   was meant;
//! - `summary`: what was found, race by race; `racy`: what a trace holds, location by location;
//! - `input`, `output`: files; `progress`: how much of one has been read;
//! - `console`, `error`, `exit`, `shown`, `look`: how things are said.

mod args;
mod cargo;
mod collected;
mod command;
mod config;
mod console;
mod error;
mod exit;
mod explain;
mod format;
mod input;
mod instrument;
mod known;
mod libtest;
mod log;
mod look;
mod nearest;
mod nextest;
mod output;
mod plan;
mod program;
mod progress;
mod pump;
mod racy;
mod records;
#[cfg(test)]
mod sample;
mod saved;
mod seed;
mod shown;
mod source;
mod split;
mod suite;
mod suite_bar;
mod summary;
mod target;
mod timeline;
mod words;

pub use program::Program;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command line `arguments`, the first of which is the name of the executable file.
///
/// # Example
///
/// ```no_run
/// deadheat_cli::main(deadheat_cli::Program::Deadheat, std::env::args_os());
/// ```
pub fn main(program: Program, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<_> = arguments.into_iter().collect();
    if let Some(role) = instrument::called_as(&arguments) {
        return ended(role.play(&arguments));
    }
    let arguments = program.arguments(arguments);
    let parsed = match args::parse(program, arguments) {
        Ok(parsed) => parsed,
        Err(error) => {
            // A help text that nobody reads any more is no failure.
            let _ = error.print();
            return exit::of_clap(&error).into();
        }
    };
    ended(command::execute(program, parsed))
}

fn ended(result: Result<exit::Exit, error::UserError>) -> ExitCode {
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            console::say(format_args!("error: {error}"));
            exit::Exit::Usage.into()
        }
    }
}
