//! The library that answers the calls, and how programs are linked with it.
//!
//! It is made on first use, by the compiler that there is, from the package `deadheat-tsan`, whose
//! sources lie beside this package's. Its archive becomes one object, in which all names but those of the
//! interface are local, so that the copy of the standard library in it and the program's do not meet.
//! The object's path has a hash of what it was made of, because cargo does not look into it.

use super::cache::Cache;
use super::manifest::{checksum, short_checksum};
use super::toolchain::Toolchain;
use crate::console;
use crate::error::UserError;
use crate::shown::Shown;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The variable that names the sources, or an object that is made of them already.
pub(crate) const VARIABLE: &str = "DEADHEAT_TSAN";

/// What is put together from the sources, and what cargo makes of them.
const SCRIPT: &str = "assemble.sh";
const SYMBOLS: &str = "symbols";
const ARCHIVE: &str = "libdeadheat_tsan.a";
const OBJECT: &str = "deadheat_tsan.o";

/// Variables by which the user's builds are told what ours is not to do.
const FOREIGN: [&str; 9] = [
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
];

/// Where the library comes from.
enum Origin {
    /// An object, as it is.
    Object(PathBuf),
    /// The folder of its package.
    Sources(PathBuf),
}

impl Origin {
    fn find() -> Result<Self, UserError> {
        let given = std::env::var_os(VARIABLE).filter(|given| !given.is_empty());
        let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../abi/tsan");
        let path = given.map_or_else(beside, PathBuf::from);
        let path = std::path::absolute(&path).unwrap_or(path);
        if path.is_file() {
            return Ok(Self::Object(path));
        }
        if path.join(SCRIPT).is_file() {
            return Ok(Self::Sources(path));
        }
        let path = Shown::path(&path);
        Err(UserError::new(format!(
            "the sources of Deadheat's run-time library are not at {path}, where they were when this \
             program was built: set {VARIABLE} to the folder abi/tsan of a checkout of version {}",
            env!("CARGO_PKG_VERSION")
        )))
    }
}

/// Arguments of rustc that link a program with the library, which is made where it is not there.
pub(crate) fn provide(cache: &Cache, toolchain: &Toolchain) -> Result<Vec<OsString>, UserError> {
    let object = match Origin::find()? {
        Origin::Object(object) => object,
        Origin::Sources(sources) => made(cache, toolchain, &sources)?,
    };
    let sum = checksum(&object).map_err(|error| unread(&object, &error))?;
    Ok(arguments(&object, &sum))
}

/// Where it comes from, in words.
pub(crate) fn describe() -> Result<String, UserError> {
    Ok(match Origin::find()? {
        Origin::Object(object) => format!("{}, as {VARIABLE} says", Shown::path(&object)),
        Origin::Sources(sources) => format!("is built from {}", Shown::path(&sources)),
    })
}

fn arguments(object: &Path, sum: &str) -> Vec<OsString> {
    let mut link = OsString::from("-Clink-arg=");
    link.push(object);
    // Tells cargo one object from another at the same place.
    let sum = format!(
        "-Clink-arg=-Wl,--defsym=__deadheat_library_{}=0",
        &sum[..16]
    );
    // What is loaded while the program runs has calls, too.
    let export = |names| OsString::from(format!("-Clink-arg=-Wl,--export-dynamic-symbol={names}"));
    let exports = ["__tsan_*", "__deadheat_*"].map(export);
    let mut all = vec![link, sum.into()];
    all.extend(exports);
    all
}

/// The object that is made of the sources now; cargo knows whether that is a new one.
fn made(cache: &Cache, toolchain: &Toolchain, sources: &Path) -> Result<PathBuf, UserError> {
    let archive = built(cache, toolchain, sources)?;
    let mut parts = String::new();
    for part in [&archive, &sources.join(SCRIPT), &sources.join(SYMBOLS)] {
        parts.push_str(&checksum(part).map_err(|error| unread(part, &error))?);
    }
    let name = format!("library-{}", short_checksum(&parts));
    let folder = cache.provide(&name, |folder| {
        let mut command = Command::new("bash");
        command
            .arg(sources.join(SCRIPT))
            .arg(&archive)
            .arg(folder.join(OBJECT));
        command.env("SYSROOT", &toolchain.sysroot);
        done(command, "put together")
    })?;
    Ok(folder.join(OBJECT))
}

/// The archive, built where it is out of date.
fn built(cache: &Cache, toolchain: &Toolchain, sources: &Path) -> Result<PathBuf, UserError> {
    let target = cache.folder().join("build").join(toolchain.short_commit());
    let archive = target.join("release").join(ARCHIVE);
    if !archive.is_file() {
        cache.check_writable()?;
        console::note("building the run-time library, once for this toolchain");
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "--quiet", "--manifest-path"]);
    command
        .arg(sources.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target);
    command.current_dir(sources);
    for name in FOREIGN {
        command.env_remove(name);
    }
    command.env("RUSTC", toolchain.sysroot.join("bin/rustc"));
    command.env("CARGO_TERM_COLOR", "never");
    done(command, "built")?;
    Ok(archive)
}

/// Runs a command to its end.
fn done(mut command: Command, what: &str) -> Result<(), UserError> {
    let cannot = |why: &dyn std::fmt::Display| {
        UserError::new(format!("the run-time library cannot be {what}: {why}"))
    };
    let Output { status, stderr, .. } = command.output().map_err(|error| {
        let program = Shown::name(command.get_program());
        cannot(&format!("{program} cannot be started: {error}"))
    })?;
    if status.success() {
        return Ok(());
    }
    let name = Path::new(command.get_program())
        .file_name()
        .unwrap_or(OsStr::new(""));
    let why = String::from_utf8_lossy(&stderr);
    Err(cannot(&format!(
        "{} says:\n{}",
        Shown::name(name),
        why.trim()
    )))
}

fn unread(path: &Path, error: &std::io::Error) -> UserError {
    let path = Shown::path(path);
    UserError::new(format!("{path} cannot be read: {error}"))
}
