//! The commands: what each decides and does, in a file each.
//!
//! - `test` runs a cargo suite under detection;
//! - `run` runs a program under detection; `build` builds one whose accesses the compiler instruments,
//!   and `doctor` says what a machine lacks for that;
//! - `report` prints saved reports; `explain` says what one of them means;
//! - `merge` joins report files; `baseline` makes a file of known races of saved reports;
//! - `init` sets a crate up; `completions` and `man` print what is made of the help;
//! - `analyze` runs the engine over a trace;
//! - `trace` translates traces from and to RAPID's text format.

mod analyze;
mod baseline;
mod build;
mod completions;
mod doctor;
mod explain;
mod init;
mod man;
mod merge;
mod report;
mod run;
mod test;
mod trace;

use crate::args::Command;
use crate::error::UserError;
use crate::exit::Exit;
use crate::program::Program;

/// Does what `command` says.
pub(crate) fn execute(program: Program, command: Command) -> Result<Exit, UserError> {
    match command {
        Command::Test(args) => test::execute(program, args),
        Command::Run(args) => run::execute(program, args),
        Command::Build(args) => build::execute(args),
        Command::Doctor(args) => doctor::execute(&args),
        Command::Report(args) => report::execute(&args),
        Command::Explain(args) => explain::execute(&args),
        Command::Baseline(args) => baseline::execute(&args),
        Command::Merge(args) => merge::execute(&args),
        Command::Init(args) => init::execute(program, &args),
        Command::Completions(args) => completions::execute(&args),
        Command::Man(args) => man::execute(&args),
        Command::Analyze(args) => analyze::execute(&args),
        Command::Trace(args) => trace::execute(&args),
    }
}
