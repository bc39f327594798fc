//! Calls of the program.

use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// `deadheat`, in an environment that says nothing to it.
pub(crate) fn deadheat() -> Command {
    plain(env!("CARGO_BIN_EXE_deadheat"))
}

/// `cargo-deadheat`, as cargo calls it.
pub(crate) fn cargo_deadheat() -> Command {
    let mut command = plain(env!("CARGO_BIN_EXE_cargo-deadheat"));
    command.arg("deadheat");
    command
}

pub(crate) fn plain(file: &str) -> Command {
    let mut command = Command::new(file);
    for variable in [
        "DEADHEAT",
        "DEADHEAT_BASELINE",
        "DEADHEAT_RUNNER",
        "CARGO_TARGET_DIR",
        "CARGO_BUILD_TARGET_DIR",
        "CARGO_TERM_COLOR",
        "DEADHEAT_TSAN",
        "RUSTC_WRAPPER",
        "RUSTDOCFLAGS",
        "RUSTFLAGS",
    ] {
        command.env_remove(variable);
    }
    command
}

/// How a call ended.
pub(crate) struct End {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs `command` with `args` to its end.
pub(crate) fn end(command: &mut Command, args: &[impl AsRef<OsStr>]) -> End {
    ended(command.args(args).output().unwrap())
}

/// Runs `command` with `input` as its standard input.
pub(crate) fn end_with_input(command: &mut Command, input: &[u8]) -> End {
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    ended(child.wait_with_output().unwrap())
}

fn ended(output: Output) -> End {
    End {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

impl End {
    /// Requires an exit code, and words on the error stream.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32, words: &[&str]) {
        let Self { out, err, .. } = self;
        assert_eq!(self.code, Some(code), "out:\n{out}\nerr:\n{err}");
        for word in words {
            assert!(err.contains(word), "{word:?} is missing from:\n{err}");
        }
    }

    /// Requires the exit code of a mistake, and one line that holds all words.
    #[track_caller]
    pub(crate) fn expect_one_error(&self, words: &[&str]) {
        self.expect(2, words);
        let Self { out, err, .. } = self;
        assert!(err.starts_with("error: "), "{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
        assert_eq!(out, "");
    }
}
