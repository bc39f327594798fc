//! `deadheat build`: programs whose accesses the compiler instruments.

use crate::args::BuildArgs;
use crate::cargo::Cargo;
use crate::config;
use crate::console;
use crate::error::UserError;
use crate::exit::Exit;
use crate::instrument::{Selection, Wiring};
use crate::shown::Shown;

pub(crate) fn execute(args: BuildArgs) -> Result<Exit, UserError> {
    let mut cargo = Cargo::new(args.cargo);
    let config = config::load(&cargo.folder()?)?;
    // Who builds with us wants that, whatever the configuration says of tests.
    let selection = args.instrument.selection(&config);
    let selection = selection.unwrap_or(Selection::All);
    let choice = args.instrument.standard(&config);
    let place = Wiring::install(&mut cargo, &selection, choice)?;
    cargo.build_programs()?;
    let place = Shown::path(&place);
    console::note(format_args!(
        "what was built is in {place}; `deadheat run` runs it under detection"
    ));
    Ok(Exit::Clean)
}
