//! The standard streams. A reader that has gone away is not an error of ours.

use crate::error::UserError;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// Writes a line to the standard error stream.
pub(crate) fn say(line: impl Display) {
    // Where not even this can be written there is nobody to tell.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Writes a line of ours between the lines of a suite: it begins with our name.
pub(crate) fn note(line: impl Display) {
    say(format_args!("deadheat: {line}"));
}

/// Whether a writer failed because its reader has closed the pipe.
pub(crate) fn is_closed(error: &io::Error) -> bool {
    error.kind() == ErrorKind::BrokenPipe
}

/// Writes to the standard output.
///
/// # Errors
///
/// Where it takes no more, unless its reader has gone.
pub(crate) fn print(text: &[u8]) -> Result<(), UserError> {
    let mut out = io::stdout();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if !is_closed(&error) => Err(UserError::new(format!(
            "the standard output cannot be written: {error}"
        ))),
        _ => Ok(()),
    }
}
