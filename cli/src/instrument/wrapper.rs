//! What is done when cargo calls us as its compiler.
//!
//! Cargo calls `RUSTC_WRAPPER` with the compiler and its arguments, and `RUSTDOC` to test
//! documentation. Both are links to this program; what they are to do lies beside them. Arguments are
//! added for what is built for the target; what runs while building (build scripts, procedural macros) is built for the
//! machine, without `--target`, and left alone. So are the user's own flags, wherever they come from.

use super::conflict;
use super::passes::Accesses;
use super::updates;
use super::wiring::{self, Wiring};
use crate::console;
use crate::error::UserError;
use crate::exit::Exit;
use crate::shown::Shown;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

/// As what we are called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    /// In place of rustc, which is the first argument.
    Rustc,
    /// In place of rustdoc.
    Rustdoc,
}

/// As what the program is called whose arguments, with its own name, are `all`; `None` where it is
/// called as itself.
pub(crate) fn called_as(all: &[OsString]) -> Option<Role> {
    match Path::new(all.first()?).file_name()?.to_str()? {
        wiring::RUSTC => Some(Role::Rustc),
        wiring::RUSTDOC => Some(Role::Rustdoc),
        _ => None,
    }
}

impl Role {
    /// Plays it: becomes the compiler.
    pub(crate) fn play(self, all: &[OsString]) -> Result<Exit, UserError> {
        let Some((own, rest)) = all.split_first() else {
            return Err(UserError::new("no compiler is named"));
        };
        let wiring = Wiring::beside(Path::new(own))?;
        let command = self.command(&wiring, rest)?;
        let asks_version = self == Self::Rustc && rest.get(1..).is_some_and(|rest| rest == ["-vV"]);
        if asks_version {
            return version(command, &wiring);
        }
        Err(become_it(command))
    }

    fn command(self, wiring: &Wiring, rest: &[OsString]) -> Result<Command, UserError> {
        let (program, arguments) = match self {
            Self::Rustdoc => (wiring.rustdoc.as_os_str(), rest),
            Self::Rustc => match rest.split_first() {
                Some((rustc, arguments)) => (rustc.as_os_str(), arguments),
                None => return Err(UserError::new("no compiler is named")),
            },
        };
        let mut command = match (&wiring.wrapper, self) {
            (Some(wrapper), Self::Rustc) => {
                let mut command = Command::new(wrapper);
                command.arg(program);
                command
            }
            _ => Command::new(program),
        };
        command.args(arguments);
        let arguments: Vec<_> = arguments
            .iter()
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect();
        let call = Call {
            arguments: &arguments,
        };
        if !call.is_for_target() {
            return Ok(command);
        }
        if let Some(conflict) = conflict::find(&arguments) {
            return Err(UserError::new(conflict));
        }
        let package = std::env::var("CARGO_PKG_NAME").unwrap_or_default();
        if wiring.accesses(&package).is_some() {
            updates::load(&mut command, &wiring.loaded);
        }
        match self {
            Self::Rustc if call.compiles() => {
                command.args(call.additions(wiring, &package));
            }
            Self::Rustdoc if call.has("--test") => {
                command.args(Call::additions_for_documentation(wiring, &package));
            }
            _ => {}
        }
        Ok(command)
    }
}

/// A call of the compiler.
struct Call<'a> {
    arguments: &'a [String],
}

impl Call<'_> {
    fn has(&self, flag: &str) -> bool {
        self.arguments.iter().any(|argument| argument == flag)
    }

    fn values(&self, option: &str) -> impl Iterator<Item = &str> {
        let separate = self
            .arguments
            .windows(2)
            .filter(move |pair| pair[0] == option);
        let separate = separate.map(|pair| pair[1].as_str());
        let joined = self
            .arguments
            .iter()
            .filter_map(move |argument| argument.strip_prefix(option)?.strip_prefix('='));
        separate.chain(joined)
    }

    fn is_for_target(&self) -> bool {
        self.values("--target").next().is_some()
    }

    /// Whether a crate is compiled, and not only asked how that would be done.
    fn compiles(&self) -> bool {
        let asks = self
            .arguments
            .iter()
            .any(|argument| argument.starts_with("--print"));
        !asks && self.values("--crate-name").next().is_some()
    }

    /// Whether its result is a program.
    fn makes_program(&self) -> bool {
        let mut kinds = self.values("--crate-type").peekable();
        // A test or bench without a harness is a program by default.
        self.has("--test") || kinds.peek().is_none() || kinds.any(|kind| kind == "bin")
    }

    fn has_debuginfo(&self) -> bool {
        let codegen = |name: &str| {
            let separate = self.arguments.windows(2).filter(|pair| pair[0] == "-C");
            let separate = separate.map(|pair| pair[1].as_str());
            let joined = self
                .arguments
                .iter()
                .filter_map(|argument| argument.strip_prefix("-C"));
            let mut values = separate
                .chain(joined)
                .filter_map(|value| value.strip_prefix(name));
            values.any(|value| value != "0" && value != "none")
        };
        self.has("-g") || codegen("debuginfo=")
    }

    fn additions(&self, wiring: &Wiring, package: &str) -> Vec<OsString> {
        let mut added = wiring.standard(package);
        // Reports name functions and lines, also of what is inlined.
        if !self.has_debuginfo() {
            added.push("-Cdebuginfo=limited".into());
        }
        added.push("-Cstrip=none".into());
        if self.makes_program() {
            added.extend(wiring.link.iter().cloned());
        }
        added
    }

    fn additions_for_documentation(wiring: &Wiring, package: &str) -> Vec<OsString> {
        let mut added = wiring.standard(package);
        added.push("-Cdebuginfo=limited".into());
        added.extend(wiring.link.iter().cloned());
        added
    }
}

/// The crates of the standard library that must not have calls in them, where cargo builds it: what
/// every access needs to work, and what stands in for the machine.
const NEVER: [&str; 2] = ["compiler_builtins", "profiler_builtins"];

impl Wiring {
    /// Which accesses of a package become calls.
    fn accesses(&self, package: &str) -> Option<Accesses> {
        let accesses = self.selected.accesses(package);
        accesses.filter(|_| !NEVER.contains(&package))
    }

    /// The sysroot and the passes for a package, and what makes them work.
    fn standard(&self, package: &str) -> Vec<OsString> {
        let mut added = Vec::new();
        if let Some(sysroot) = &self.sysroot {
            let mut argument = OsString::from("--sysroot=");
            argument.push(sysroot);
            added.push(argument);
        }
        // The passes have run by then, and would run again.
        added.extend(["-Clto=off", "-Clinker-plugin-lto=no"].map(OsString::from));
        let accesses = self.accesses(package);
        added.extend(
            accesses
                .map(Accesses::for_rustc)
                .into_iter()
                .flatten()
                .map(OsString::from),
        );
        added
    }
}

/// What the compiler says of itself, and of what we do to what it compiles: cargo builds anew what was
/// built by another version.
fn version(mut command: Command, wiring: &Wiring) -> Result<Exit, UserError> {
    let cannot = |error: std::io::Error| {
        UserError::new(format!("the compiler does not tell its version: {error}"))
    };
    let output = command.output().map_err(cannot)?;
    console::print(&output.stdout)?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(cannot(std::io::Error::other(why.trim().to_owned())));
    }
    let key = wiring.key().map_err(cannot)?;
    console::print(format!("deadheat: {key}\n").as_bytes())?;
    Ok(Exit::Clean)
}

#[cfg(unix)]
fn become_it(mut command: Command) -> UserError {
    let error = std::os::unix::process::CommandExt::exec(&mut command);
    let program = Shown::name(command.get_program());
    UserError::new(format!("{program} cannot be started: {error}"))
}

#[cfg(not(unix))]
fn become_it(command: Command) -> UserError {
    let program = Shown::name(command.get_program());
    UserError::new(format!("{program} cannot be called in this way here"))
}
