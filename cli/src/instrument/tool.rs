//! Programs that make something of ours: compilers, linkers, cargo.

use crate::error::UserError;
use crate::shown::Shown;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// Runs a command to its end. The error begins with `cannot`, and ends with what the program says.
pub(super) fn run(mut command: Command, cannot: &str) -> Result<(), UserError> {
    let output = command.output().map_err(|error| {
        let program = Shown::name(command.get_program());
        UserError::new(format!("{cannot}: {program} cannot be started: {error}"))
    })?;
    if output.status.success() {
        return Ok(());
    }
    let name = Path::new(command.get_program())
        .file_name()
        .unwrap_or(OsStr::new(""));
    let (name, why) = (Shown::name(name), String::from_utf8_lossy(&output.stderr));
    Err(UserError::new(format!(
        "{cannot}: {name} says:\n{}",
        why.trim()
    )))
}
