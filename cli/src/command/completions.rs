//! `deadheat completions`: what a shell completes the command line by.

use crate::args::{CompletionsArgs, declaration};
use crate::console;
use crate::error::UserError;
use crate::exit::Exit;

pub(crate) fn execute(args: &CompletionsArgs) -> Result<Exit, UserError> {
    let mut text = Vec::new();
    let mut clap = declaration();
    let name = clap.get_name().to_owned();
    clap_complete::generate(args.shell, &mut clap, name, &mut text);
    console::print(&text).map(|()| Exit::Clean)
}
