//! What cargo is told, so that what it builds is instrumented.
//!
//! We stand in for its compiler (`RUSTC_WRAPPER`) and for rustdoc (`RUSTDOC`); see
//! [`wrapper`](super::wrapper). So the user's flags stay his, wherever they come from. A target is named, though it
//! is the machine's own: cargo then builds build scripts and procedural macros apart, which are told by that. The
//! target directory is one of our own, so that normal builds stay as they are.
//!
//! What our stand-ins are to do lies in a folder with links to this program. Its name is made of all
//! that there is to know, and they add it to the compiler's version, which cargo takes into account
//! when it decides what to build anew.

use super::cache::Cache;
use super::conflict;
use super::graph::Graph;
use super::library;
use super::manifest::short_checksum;
use super::selection::{Selected, Selection};
use super::standard::{self, StandardChoice};
use super::sysroot::symlink;
use super::toolchain::{TARGET, Toolchain};
use super::updates;
use super::wrapped;
use crate::cargo::Cargo;
use crate::error::UserError;
use crate::shown::Shown;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// How we are called in place of rustc.
pub(crate) const RUSTC: &str = "deadheat-rustc";

/// How we are called in place of rustdoc.
pub(crate) const RUSTDOC: &str = "deadheat-rustdoc";

/// The file beside them that says what they are to do.
const FILE: &str = "wiring.json";

/// What the compiler's stand-ins are to do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Wiring {
    /// Where the instrumented standard library is; `None` where cargo builds it, and where it stays as it is.
    pub(super) sysroot: Option<PathBuf>,
    /// Which accesses of which package become calls.
    pub(super) selected: Selected,
    /// Arguments of the compiler where a program is linked.
    pub(super) link: Vec<OsString>,
    /// What is loaded into the compiler.
    pub(super) loaded: PathBuf,
    /// The user's own wrapper of the compiler.
    pub(super) wrapper: Option<OsString>,
    /// The real rustdoc.
    pub(super) rustdoc: PathBuf,
    /// The user's, to be known by a change.
    version: String,
}

impl Wiring {
    /// Prepares what the packages of `cargo` need to be instrumented, and has `cargo` use it; the target
    /// directory that it then has.
    pub(crate) fn install(
        cargo: &mut Cargo,
        selection: &Selection,
        choice: StandardChoice,
    ) -> Result<PathBuf, UserError> {
        let toolchain = Toolchain::of(&cargo.folder()?)?;
        toolchain.check()?;
        check_target(cargo)?;
        conflict::check_environment()?;
        let target = cargo.target_directory()?;
        let target = std::path::absolute(&target).map_err(|error| unwritten(&target, &error))?;
        let selected = Selected::new(selection, Graph::of(cargo, TARGET)?)?;
        let cache = Cache::find()?;
        let mut wraps = Vec::new();
        let sysroot = match choice {
            StandardChoice::Source => {
                check_source(&toolchain)?;
                None
            }
            StandardChoice::Atomics if !standard::can_be_made(&cache, &toolchain, choice) => {
                wraps = wrapped::provide(&cache, &toolchain)?;
                None
            }
            _ => Some(standard::provide(&cache, &toolchain, choice)?),
        };
        let mut link = library::provide(&cache, &toolchain)?;
        link.extend(wraps);
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let rustdoc = set("RUSTDOC").or_else(|| set("CARGO_BUILD_RUSTDOC"));
        let wiring = Self {
            sysroot,
            selected,
            link,
            loaded: updates::provide(&cache, &toolchain)?,
            wrapper: set("RUSTC_WRAPPER").or_else(|| set("CARGO_BUILD_RUSTC_WRAPPER")),
            rustdoc: rustdoc.map_or_else(|| toolchain.sysroot.join("bin/rustdoc"), PathBuf::from),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let folder = target.join("deadheat").join(folder_name(selection));
        let tools = wiring
            .write(&folder)
            .map_err(|error| unwritten(&folder, &error))?;
        cargo.replace("--target-dir", &folder);
        cargo.replace("--target", Path::new(TARGET));
        cargo.set("RUSTC_WRAPPER", tools.join(RUSTC));
        cargo.set("RUSTDOC", tools.join(RUSTDOC));
        if choice == StandardChoice::Source {
            cargo
                .arguments
                .push("-Zbuild-std=std,test,panic_unwind,panic_abort".into());
            cargo.set("RUSTC_BOOTSTRAP", "1");
        }
        Ok(folder)
    }

    /// What identifies it.
    pub(super) fn key(&self) -> io::Result<String> {
        Ok(short_checksum(&serde_json::to_string(self)?))
    }

    /// Writes it, and the links that are called, into a folder within `folder`, which is returned.
    fn write(&self, folder: &Path) -> io::Result<PathBuf> {
        let own = std::env::current_exe()?;
        let tools = folder.join("tools");
        fs::create_dir_all(&tools)?;
        let place = tools.join(self.key()?);
        if Self::beside(&place.join(RUSTC)).is_ok_and(|found| found == *self)
            && [RUSTC, RUSTDOC]
                .iter()
                .all(|name| fs::read_link(place.join(name)).is_ok_and(|link| link == own))
        {
            return Ok(place);
        }
        let new = tempfile::Builder::new()
            .prefix(".new-")
            .tempdir_in(&tools)?;
        fs::write(new.path().join(FILE), serde_json::to_vec_pretty(self)?)?;
        symlink(&own, &new.path().join(RUSTC))?;
        symlink(&own, &new.path().join(RUSTDOC))?;
        match fs::remove_dir_all(&place) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::rename(new.keep(), &place)?;
        Ok(place)
    }

    /// The one that lies beside `link`, by which we were called.
    pub(super) fn beside(link: &Path) -> Result<Self, UserError> {
        let path = link.with_file_name(FILE);
        let text = fs::read(&path).map_err(|error| error.to_string());
        let read =
            text.and_then(|text| serde_json::from_slice(&text).map_err(|error| error.to_string()));
        read.map_err(|error| {
            let path = Shown::path(&path);
            UserError::new(format!(
                "{path} cannot be read: {error}; `deadheat test --instrument` writes it anew"
            ))
        })
    }
}

/// The folder for what is built with a selection. Each has its own, so that one can be used after the other
/// without building all anew.
fn folder_name(selection: &Selection) -> String {
    match selection {
        Selection::All | Selection::None => "instrument".to_owned(),
        Selection::Workspace => "instrument-workspace".to_owned(),
        Selection::Packages(names) => {
            format!("instrument-{}", short_checksum(&names.join(",")))
        }
    }
}

fn check_target(cargo: &Cargo) -> Result<(), UserError> {
    let asked = crate::split::values(&cargo.arguments, "--target");
    match asked.iter().find(|asked| **asked != TARGET) {
        None => Ok(()),
        Some(asked) => Err(UserError::new(format!(
            "--instrument works for {TARGET} only, and --target asks for {}: leave it out",
            Shown::name(asked)
        ))),
    }
}

fn check_source(toolchain: &Toolchain) -> Result<(), UserError> {
    if toolchain.has_source() {
        return Ok(());
    }
    Err(UserError::new(
        "--instrument-std source needs the sources of the standard library: `rustup component add \
         rust-src` brings them; or leave the option out, for they are not needed without it",
    ))
}

fn unwritten(path: &Path, error: &io::Error) -> UserError {
    let path = Shown::path(path);
    UserError::new(format!(
        "{path} cannot be written: {error}; --target-dir or CARGO_TARGET_DIR names another folder"
    ))
}
