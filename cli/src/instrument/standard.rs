//! The standard library of a toolchain, with calls at its accesses.

use super::archive::{self, Member};
use super::bitcode::{self, Compiler};
use super::cache::Cache;
use super::passes::Accesses;
use super::sysroot;
use super::toolchain::{TARGET, Toolchain};
use crate::console;
use crate::error::UserError;
use crate::progress::Steps;
use crate::shown::Shown;
use clap::ValueEnum;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The crates of the standard library that synchronise or touch memory of the program's.
const CRATES: [&str; 7] = [
    "std",
    "core",
    "alloc",
    "test",
    "std_detect",
    "hashbrown",
    "panic_unwind",
];

/// What is instrumented of the standard library.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug, Default)]
pub(crate) enum StandardChoice {
    /// Its atomic accesses, so that all that it orders is known.
    #[default]
    Atomics,
    /// Its plain accesses, too: races inside of its compiled functions are found.
    All,
    /// As `all`, but built from the component rust-src, with cargo's unstable `-Zbuild-std`.
    Source,
}

impl StandardChoice {
    /// Which accesses become calls.
    pub(crate) fn accesses(self) -> Accesses {
        match self {
            Self::Atomics => Accesses::Atomic,
            Self::All | Self::Source => Accesses::All,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Atomics => "atomics",
            Self::All | Self::Source => "all",
        }
    }
}

/// The archive of a crate; its name has a hash in it.
fn rlib(toolchain: &Toolchain, krate: &str) -> io::Result<Option<PathBuf>> {
    let prefix = format!("lib{krate}-");
    for entry in fs::read_dir(toolchain.libraries())? {
        let name = entry?.file_name();
        let hash = name
            .to_str()
            .and_then(|name| name.strip_prefix(&prefix)?.strip_suffix(".rlib"));
        if hash.is_some_and(|hash| hash.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            return Ok(Some(toolchain.libraries().join(name)));
        }
    }
    Ok(None)
}

/// The archive of `std`.
pub(super) fn path(toolchain: &Toolchain) -> Result<PathBuf, UserError> {
    let libraries = toolchain.libraries();
    let found = rlib(toolchain, "std").map_err(|error| unread(&libraries, &error))?;
    found.ok_or_else(|| unread(&libraries, &io::ErrorKind::NotFound.into()))
}

pub(super) fn unread(path: &Path, error: &io::Error) -> UserError {
    let path = Shown::path(path);
    UserError::new(format!(
        "the standard library in {path} cannot be read: {error}"
    ))
}

/// Whether the standard library carries its bitcode.
pub(crate) fn has_bitcode(toolchain: &Toolchain) -> bool {
    let Ok(Some(path)) = rlib(toolchain, "std") else {
        return false;
    };
    let members = archive::read(&path).unwrap_or_default();
    members
        .iter()
        .any(|member| bitcode::of(&member.data).is_some())
}

/// The name of its entry in the cache: the compiler, what is instrumented, and our version.
pub(crate) fn entry(toolchain: &Toolchain, choice: StandardChoice) -> String {
    let commit = toolchain.short_commit();
    let (what, version) = (choice.name(), env!("CARGO_PKG_VERSION"));
    format!("std-{commit}-{TARGET}-{what}-{version}")
}

/// Whether it is in the cache, or can be made.
pub(super) fn can_be_made(cache: &Cache, toolchain: &Toolchain, choice: StandardChoice) -> bool {
    cache.folder().join(entry(toolchain, choice)).is_dir() || has_bitcode(toolchain)
}

/// The sysroot of the toolchain with its standard library instrumented; made where it is not there.
pub(crate) fn provide(
    cache: &Cache,
    toolchain: &Toolchain,
    choice: StandardChoice,
) -> Result<PathBuf, UserError> {
    cache.provide(&entry(toolchain, choice), |folder| {
        make(toolchain, choice.accesses(), folder)
    })
}

/// An archive that is to be made.
struct Work {
    members: Vec<Member>,
    /// Its name, without folder.
    name: String,
}

impl Work {
    fn len(&self) -> u64 {
        self.members
            .iter()
            .map(|member| member.data.len() as u64)
            .sum()
    }

    /// Compiles what has bitcode with calls in it, and writes the archive to `libraries`.
    fn make(
        mut self,
        compiler: &Compiler,
        accesses: Accesses,
        folder: &Path,
        libraries: &Path,
    ) -> Result<(), UserError> {
        for member in &mut self.members {
            if let Some(bitcode) = bitcode::of(&member.data) {
                member.data = compiler.compile(&bitcode, accesses, folder)?;
            }
        }
        let path = libraries.join(&self.name);
        archive::write(&path, &self.members).map_err(|error| unwritten(&path, &error))
    }
}

fn make(toolchain: &Toolchain, accesses: Accesses, folder: &Path) -> Result<(), UserError> {
    let compiler = Compiler::find(toolchain).ok_or_else(no_compiler)?;
    let mut work = work(toolchain)?;
    let names: Vec<_> = work.iter().map(|work| work.name.clone()).collect();
    sysroot::link(toolchain, folder, &names).map_err(|error| unwritten(folder, &error))?;
    let libraries = folder.join("lib/rustlib").join(TARGET).join("lib");
    let release = &toolchain.release;
    let steps = Steps::new(
        &format!("instrumenting the standard library of Rust {release}, once for this toolchain"),
        work.iter().map(Work::len).sum(),
    );
    // The largest is begun first, so that the others are done beside it.
    work.sort_by_key(Work::len);
    let rest = Mutex::new(work);
    let failure = Mutex::new(None);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers.min(names.len()) {
            scope.spawn(|| {
                while let Some(work) = next(&rest) {
                    let len = work.len();
                    if let Err(error) = work.make(&compiler, accesses, folder, &libraries) {
                        failure.lock().expect(UNPOISONED).get_or_insert(error);
                        rest.lock().expect(UNPOISONED).clear();
                    }
                    steps.done(len);
                }
            });
        }
    });
    match failure.into_inner().expect(UNPOISONED) {
        Some(error) => Err(error),
        None => {
            steps.end();
            Ok(())
        }
    }
}

const UNPOISONED: &str = "whoever held it did not panic";

fn next(rest: &Mutex<Vec<Work>>) -> Option<Work> {
    rest.lock().expect(UNPOISONED).pop()
}

/// Every archive, as it is now. Refuses a standard library without bitcode.
fn work(toolchain: &Toolchain) -> Result<Vec<Work>, UserError> {
    let libraries = toolchain.libraries();
    let unread = |error| unread(&libraries, &error);
    let mut all = Vec::new();
    for krate in CRATES {
        let Some(path) = rlib(toolchain, krate).map_err(unread)? else {
            console::note(format_args!("{krate} is no crate of this standard library"));
            continue;
        };
        let members = archive::read(&path).map_err(unread)?;
        let has_bitcode = members
            .iter()
            .any(|member| bitcode::of(&member.data).is_some());
        if !has_bitcode {
            return Err(no_bitcode(&path));
        }
        let name = path.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        all.push(Work { members, name });
    }
    Ok(all)
}

/// That nothing is there to compile bitcode with.
pub(crate) fn no_compiler() -> UserError {
    UserError::new(
        "this toolchain has no rust-lld, and no ld.lld of its LLVM's version is in the path: \
         `rustup toolchain install stable` brings a toolchain that has it",
    )
}

fn no_bitcode(path: &Path) -> UserError {
    let path = Shown::path(path);
    UserError::new(format!(
        "{path} has no LLVM bitcode, so it cannot be instrumented: use a toolchain of rustup's, whose \
         standard library has it, or rust-src and `--instrument-std source`, or leave `--instrument-std` out: then \
         its functions that synchronise are wrapped"
    ))
}

fn unwritten(path: &Path, error: &io::Error) -> UserError {
    let path = Shown::path(path);
    UserError::new(format!("{path} cannot be written: {error}"))
}
