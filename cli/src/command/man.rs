//! `deadheat man`: manual pages, made of what the help is made of.

use crate::args::{ManArgs, declaration};
use crate::console;
use crate::error::UserError;
use crate::exit::Exit;
use crate::shown::Shown;
use clap_mangen::Man;
use std::fs;

pub(crate) fn execute(args: &ManArgs) -> Result<Exit, UserError> {
    let Some(folder) = &args.folder else {
        let mut text = Vec::new();
        let rendered = Man::new(declaration()).render(&mut text);
        rendered.map_err(|error| UserError::new(format!("the page cannot be made: {error}")))?;
        return console::print(&text).map(|()| Exit::Clean);
    };
    let written =
        fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(declaration(), folder));
    let folder = Shown::path(folder);
    written.map_err(|error| {
        UserError::new(format!(
            "manual pages cannot be written to {folder}: {error}"
        ))
    })?;
    console::note(format_args!("the manual pages are in {folder}"));
    Ok(Exit::Clean)
}
