//! The name under which we were called.

use std::ffi::OsString;
use std::fmt;

/// The name under which we were called; usage texts and commands to type begin with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Program {
    /// `deadheat`.
    Deadheat,
    /// `cargo deadheat`.
    CargoDeadheat,
}

impl Program {
    /// The arguments without those that only name the program: cargo calls
    /// `cargo-deadheat deadheat test` where its user typed `cargo deadheat test`.
    pub(crate) fn arguments(self, all: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
        let mut rest = all.into_iter().skip(1).peekable();
        if self == Self::CargoDeadheat {
            rest.next_if(|argument| argument == "deadheat");
        }
        rest.collect()
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deadheat => "deadheat",
            Self::CargoDeadheat => "cargo deadheat",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(program: Program, all: &str, expected: &str) {
        let all = all.split_whitespace().map(OsString::from);
        let expected: Vec<_> = expected.split_whitespace().map(OsString::from).collect();
        assert_eq!(program.arguments(all), expected);
    }

    #[test]
    fn one_name_is_dropped_or_two() {
        check(Program::Deadheat, "deadheat test", "test");
        check(Program::Deadheat, "deadheat deadheat", "deadheat");
        check(
            Program::CargoDeadheat,
            "cargo-deadheat deadheat test",
            "test",
        );
        check(Program::CargoDeadheat, "cargo-deadheat test", "test");
        check(
            Program::CargoDeadheat,
            "cargo-deadheat deadheat test deadheat",
            "test deadheat",
        );
        check(Program::CargoDeadheat, "", "");
    }
}
