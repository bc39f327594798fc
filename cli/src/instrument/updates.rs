//! What is loaded into the compiler, so that minima and maxima of atomics become calls, too.
//!
//! The package `deadheat-compiler` tells how. Its text is part of this program, and the compiler that it
//! is for compiles it.

use super::cache::Cache;
use super::manifest::short_checksum;
use super::tool;
use super::toolchain::Toolchain;
use crate::error::UserError;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCE: &str = include_str!("../../../abi/compiler/src/lib.rs");
const LIBRARY: &str = "libdeadheat_compiler.so";

/// The variable by which the loader is told what to load before all else.
const VARIABLE: &str = "LD_PRELOAD";

/// The library, which is made where it is not there.
pub(super) fn provide(cache: &Cache, toolchain: &Toolchain) -> Result<PathBuf, UserError> {
    let commit = toolchain.short_commit();
    let name = format!("compiler-{commit}-{}", short_checksum(SOURCE));
    let folder = cache.provide(&name, |folder| make(toolchain, folder))?;
    Ok(folder.join(LIBRARY))
}

fn make(toolchain: &Toolchain, folder: &Path) -> Result<(), UserError> {
    let cannot = "what is loaded into the compiler cannot be made";
    let unwritten = |error| UserError::new(format!("{cannot}: {error}"));
    let scratch = tempfile::tempdir().map_err(unwritten)?;
    let source = scratch.path().join("lib.rs");
    fs::write(&source, SOURCE).map_err(unwritten)?;
    let mut command = Command::new(toolchain.sysroot.join("bin/rustc"));
    command.args(["--crate-type=cdylib", "--crate-name=deadheat_compiler"]);
    command.args(["--edition=2024", "-Copt-level=2", "-Cpanic=abort"]);
    command.arg("-Cstrip=symbols");
    command.arg(source).arg("-o").arg(folder.join(LIBRARY));
    tool::run(command, cannot)
}

/// Has a compiler that `command` starts load the library at `path`, before what the user has it load.
pub(super) fn load(command: &mut Command, path: &Path) {
    let mut all = OsString::from(path);
    let users = std::env::var_os(VARIABLE).filter(|users| !users.is_empty());
    if let Some(users) = users {
        all.push(OsStr::new(":"));
        all.push(users);
    }
    command.env(VARIABLE, all);
}
