//! How we end: the exit codes, in one table.

use deadheat_detector::settings::{EXIT_RACES, EXIT_USAGE};
use std::process::ExitCode;

/// A way to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// Nothing was found, nothing failed.
    Clean,
    /// Data races were found.
    Races,
    /// Tests failed, but no race was found.
    TestsFailed,
    /// We could not do what we were asked to.
    Usage,
    /// The code of a program that was run.
    Program(u8),
}

/// Every fixed code, with what it says.
const TABLE: [(Exit, &str); 4] = [
    (
        Exit::Clean,
        "no data race was found and nothing failed; commands that test nothing: all was done",
    ),
    (Exit::Races, "data races were found"),
    (
        Exit::TestsFailed,
        "tests failed, but no data race was found",
    ),
    (
        Exit::Usage,
        "the command line, the build or an input is wrong; the message says how",
    ),
];

impl Exit {
    pub(crate) fn code(self) -> u8 {
        const fn small(code: i32) -> u8 {
            assert!(code > 0 && code < 256);
            code as u8
        }
        const RACES: u8 = small(EXIT_RACES);
        const USAGE: u8 = small(EXIT_USAGE);
        match self {
            Self::Clean => 0,
            Self::Races => RACES,
            // What cargo itself ends with when tests fail.
            Self::TestsFailed => 101,
            Self::Usage => USAGE,
            Self::Program(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// The end that follows from what clap has printed: a help text or a complaint.
pub(crate) fn of_clap(error: &clap::Error) -> Exit {
    if error.use_stderr() {
        Exit::Usage
    } else {
        Exit::Clean
    }
}

/// The table as help texts show it.
pub(crate) fn help() -> String {
    let mut text = String::from("Exit codes:\n");
    for (exit, meaning) in TABLE {
        text.push_str(&format!("  {:>3}  {meaning}\n", exit.code()));
    }
    text.push_str(
        "Where no race was found, `run` ends with the program's own code, or with 128 plus the\n\
         number of the signal that killed it.",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_the_documented_ones() {
        assert_eq!(TABLE.map(|(exit, _)| exit.code()), [0, 66, 101, 2]);
    }
}
