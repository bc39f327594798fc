//! What a machine lacks for `--instrument`, and how to get it.

use super::bitcode::Compiler;
use super::cache::Cache;
use super::conflict;
use super::library;
use super::standard::{self, StandardChoice};
use super::toolchain::Toolchain;
use super::wrapped;
use crate::error::UserError;
use crate::nextest;
use crate::shown::Shown;
use std::path::Path;
use std::process::{Command, Stdio};

/// What was looked for, and what was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Check {
    pub(crate) state: State,
    pub(crate) name: &'static str,
    /// What there is, or what is wrong and how to mend it.
    pub(crate) text: String,
}

/// How a check came out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// It is there.
    Fine,
    /// It is not, and can be done without.
    Optional,
    /// It is not, and nothing works without it.
    Missing,
}

impl Check {
    fn fine(name: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            state: State::Fine,
            name,
            text,
        }
    }

    fn missing(name: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            state: State::Missing,
            name,
            text,
        }
    }

    fn optional(name: &'static str, there: bool, with: &str, without: &str) -> Self {
        let (state, text) = if there {
            (State::Fine, with)
        } else {
            (State::Optional, without)
        };
        Self {
            state,
            name,
            text: text.to_owned(),
        }
    }

    fn of(name: &'static str, result: Result<String, UserError>) -> Self {
        match result {
            Ok(text) => Self::fine(name, text),
            Err(error) => Self::missing(name, error.to_string()),
        }
    }
}

/// Looks for everything, for a crate in `folder`.
pub(crate) fn checks(folder: &Path) -> Vec<Check> {
    let mut checks = Vec::new();
    match Toolchain::of(folder) {
        Err(error) => checks.push(Check::missing("compiler", error.to_string())),
        Ok(toolchain) => of_toolchain(&toolchain, &mut checks),
    }
    checks.push(linker());
    checks.push(flags());
    checks.push(Check::optional(
        "nextest",
        nextest::is_installed(),
        "cargo-nextest is installed",
        "cargo-nextest is not installed, so `cargo test` runs tests: `cargo install --locked cargo-nextest` installs it",
    ));
    checks
}

fn of_toolchain(toolchain: &Toolchain, checks: &mut Vec<Check>) {
    let Toolchain {
        release,
        host,
        llvm,
        ..
    } = toolchain;
    let about = || format!("Rust {release} with LLVM {llvm}, for {host}");
    checks.push(Check::of("compiler", toolchain.check().map(|()| about())));
    checks.push(standard(toolchain));
    checks.push(match Compiler::find(toolchain) {
        Some(compiler) => Check::fine("bitcode compiler", compiler.to_string()),
        None => Check::missing("bitcode compiler", standard::no_compiler().to_string()),
    });
    checks.push(Check::optional(
        "rust-src",
        toolchain.has_source(),
        "the sources of the standard library are there, for `--instrument-std source`",
        "not installed, and needed for `--instrument-std source` only: `rustup component add rust-src` installs it",
    ));
    checks.push(Check::of("cache", cache(toolchain)));
    checks.push(Check::of("run-time library", library::describe()));
}

fn standard(toolchain: &Toolchain) -> Check {
    const NAME: &str = "standard library";
    if standard::has_bitcode(toolchain) {
        return Check::fine(NAME, "carries the bitcode that it is instrumented from");
    }
    if let Err(error) = standard::path(toolchain) {
        return Check::missing(
            NAME,
            format!("{error}: use a toolchain of rustup's, whose has it"),
        );
    }
    let mut check = Check::fine(
        NAME,
        format!(
            "carries no bitcode to instrument, so its functions that synchronise are wrapped; {}. A toolchain of \
             rustup's has bitcode",
            wrapped::LOST
        ),
    );
    check.state = State::Optional;
    check
}

fn cache(toolchain: &Toolchain) -> Result<String, UserError> {
    let cache = Cache::find()?;
    let ready = cache.has(&standard::entry(toolchain, StandardChoice::Atomics));
    if !ready {
        cache.check_writable()?;
    }
    let folder = Shown::path(cache.folder());
    Ok(format!(
        "{folder} {}",
        if ready {
            "has the instrumented standard library"
        } else {
            "can be written; the first use takes some seconds to instrument the standard library"
        }
    ))
}

/// Whether rustc finds the linker that it calls by default.
fn linker() -> Check {
    let mut command = Command::new("cc");
    command
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    match command.status() {
        Ok(status) if status.success() => Check::fine("linker", "cc is there"),
        _ => Check::missing(
            "linker",
            "cc, which rustc links with, does not start: install a C compiler, as by `apt-get install gcc`",
        ),
    }
}

fn flags() -> Check {
    Check::of(
        "flags",
        conflict::check_environment()
            .map(|()| "nothing in the environment contradicts instrumentation".to_owned()),
    )
}
