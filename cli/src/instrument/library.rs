//! The library that answers the calls, and how programs are linked with it.
//!
//! It is made on first use, by the compiler that there is, from the package `deadheat-tsan`, whose
//! sources lie beside this package's, and are in this program, for when they are not there any more.
//! Its archive becomes one object, in which all names but those of the interface are local, so that the
//! copy of the standard library in it and the program's do not meet. The object's path
//! has a hash of what it was made of, because cargo does not look into it.

use super::cache::Cache;
use super::manifest::{checksum, short_checksum};
use super::tool::run;
use super::toolchain::Toolchain;
use crate::console;
use crate::error::UserError;
use crate::shown::Shown;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The variable that names the sources, or an object that is made of them already.
pub(crate) const VARIABLE: &str = "DEADHEAT_TSAN";

/// What is put together from the sources, and what cargo makes of them.
const SCRIPT: &str = "assemble.sh";
const SYMBOLS: &str = "symbols";
/// How cargo builds it, and the folder that it puts that in.
const PROFILE: &str = "library";
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

/// The sources, by their paths: `build.rs` packs them.
const PACKED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sources.rs"));
/// The folder of the library's package among them.
const PACKAGE: &str = "abi/tsan";

/// Where the library comes from.
enum Origin {
    /// An object, as it is.
    Object(PathBuf),
    /// The folder of its package.
    Sources(PathBuf),
    /// This program.
    Packed,
}

impl Origin {
    fn find() -> Result<Self, UserError> {
        let given = std::env::var_os(VARIABLE).filter(|given| !given.is_empty());
        let beside = || {
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("..")
                .join(PACKAGE)
        };
        let is_given = given.is_some();
        let path = given.map_or_else(beside, PathBuf::from);
        let path = std::path::absolute(&path).unwrap_or(path);
        if path.is_file() {
            return Ok(Self::Object(path));
        }
        if path.join(SCRIPT).is_file() {
            return Ok(Self::Sources(path));
        }
        if !is_given && !PACKED.is_empty() {
            return Ok(Self::Packed);
        }
        let path = Shown::path(&path);
        Err(UserError::new(format!(
            "the sources of Deadheat's run-time library are not at {path}: set {VARIABLE} to the folder abi/tsan of a checkout of version {}",
            env!("CARGO_PKG_VERSION")
        )))
    }
}

/// Arguments of rustc that link a program with the library, which is made where it is not there.
pub(crate) fn provide(cache: &Cache, toolchain: &Toolchain) -> Result<Vec<OsString>, UserError> {
    let object = match Origin::find()? {
        Origin::Object(object) => object,
        Origin::Sources(sources) => made(cache, toolchain, &sources)?,
        Origin::Packed => made(cache, toolchain, &unpacked(cache)?)?,
    };
    let sum = checksum(&object).map_err(|error| unread(&object, &error))?;
    Ok(arguments(&object, &sum))
}

/// Where it comes from, in words.
pub(crate) fn describe() -> Result<String, UserError> {
    Ok(match Origin::find()? {
        Origin::Object(object) => format!("{}, as {VARIABLE} says", Shown::path(&object)),
        Origin::Sources(sources) => format!("is built from {}", Shown::path(&sources)),
        Origin::Packed => "is built from the sources in this program".to_owned(),
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

/// The folder of the package, with the sources that are in this program.
fn unpacked(cache: &Cache) -> Result<PathBuf, UserError> {
    let mut all = String::new();
    for (path, text) in PACKED {
        all.push_str(path);
        all.push_str(text);
    }
    let name = format!("sources-{}", short_checksum(&all));
    let folder = cache.provide(&name, |folder| {
        PACKED.iter().try_for_each(|(path, text)| {
            let path = folder.join(path);
            let parent = path.parent().unwrap_or(folder);
            std::fs::create_dir_all(parent)
                .and_then(|()| std::fs::write(&path, text))
                .map_err(|error| {
                    let path = Shown::path(&path);
                    UserError::new(format!("{path} cannot be written: {error}"))
                })
        })?;
        // Leaves in the lock file what the packages need, as a build would, whose folder is checked again.
        let mut command = cargo(&folder.join(PACKAGE));
        command.args(["metadata", "--format-version=1", "--quiet"]);
        run(command, "the run-time library cannot be unpacked")
    })?;
    Ok(folder.join(PACKAGE))
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
        run(command, "the run-time library cannot be put together")
    })?;
    Ok(folder.join(OBJECT))
}

/// The archive, built where it is out of date.
fn built(cache: &Cache, toolchain: &Toolchain, sources: &Path) -> Result<PathBuf, UserError> {
    let target = target(cache, toolchain, sources);
    let archive = target.join(PROFILE).join(ARCHIVE);
    if !archive.is_file() {
        cache.check_writable()?;
        console::note("building the run-time library, once for this toolchain");
    }
    let mut command = cargo(sources);
    command.args(["build", "--profile", PROFILE, "--quiet", "--manifest-path"]);
    command
        .arg(sources.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target);
    command.env("RUSTC", toolchain.sysroot.join("bin/rustc"));
    run(command, "the run-time library cannot be built")?;
    Ok(archive)
}

/// Where cargo builds what is in the folder `sources`. Each has its own: cargo names files by what a package is
/// called and where in its workspace it lies, and would take those of another checkout for this one's.
fn target(cache: &Cache, toolchain: &Toolchain, sources: &Path) -> PathBuf {
    let path = sources
        .canonicalize()
        .unwrap_or_else(|_| sources.to_owned());
    let all = cache.folder().join("build").join(toolchain.short_commit());
    all.join(short_checksum(&path.to_string_lossy()))
}

/// A call of cargo in the folder of the library's package.
fn cargo(sources: &Path) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(sources);
    for name in FOREIGN {
        command.env_remove(name);
    }
    command.env("CARGO_TERM_COLOR", "never");
    command
}

fn unread(path: &Path, error: &std::io::Error) -> UserError {
    let path = Shown::path(path);
    UserError::new(format!("{path} cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_of_one_checkout_is_not_taken_for_another() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        let toolchain = Toolchain {
            release: "1.95.0".to_owned(),
            commit: "0123456789abcdef0123".to_owned(),
            host: "x86_64-unknown-linux-gnu".to_owned(),
            llvm: 22,
            sysroot: PathBuf::new(),
        };
        let [one, other] = ["one", "other"].map(|name| {
            let sources = folder.path().join(name).join(PACKAGE);
            std::fs::create_dir_all(&sources).unwrap();
            sources
        });
        let of = |sources: &Path| target(&cache, &toolchain, sources);
        assert_ne!(of(&one), of(&other));
        let roundabout = one.join("../../../one").join(PACKAGE);
        assert_eq!(of(&one), of(&roundabout), "the same folder");
    }

    #[test]
    fn what_is_packed_is_a_workspace_that_cargo_understands() {
        let folder = tempfile::tempdir().unwrap();
        let package = unpacked(&Cache::at(folder.path())).unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["metadata", "--offline", "--format-version", "1", "--quiet"]);
        let output = cargo.current_dir(&package).output().unwrap();
        let why = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{why}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("deadheat-tsan"));
        assert!(package.join(SCRIPT).is_file() && package.join(SYMBOLS).is_file());
    }
}
