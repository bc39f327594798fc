//! The library that answers the calls, and how programs are linked with it.
//!
//! It is made on first use, by the compiler that there is, from the package `deadheat-tsan`: beside this one's
//! sources where those are there, else of the same version from the registry. It becomes one object
//! in which all names but those of the interface are local, so that the copy of the standard library in it
//! and the program's do not meet. The object's path has a hash of what it was made of, because cargo
//! does not look into it.

use super::cache::Cache;
use super::manifest::checksum;
use super::toolchain::Toolchain;
use crate::console;
use crate::error::UserError;
use crate::shown::Shown;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The variable that names a library to be used in place of the one that is made.
pub(crate) const VARIABLE: &str = "DEADHEAT_TSAN";

/// Arguments of rustc that link a program with the library.
pub(crate) fn provide(cache: &Cache, toolchain: &Toolchain) -> Result<Vec<OsString>, UserError> {
    let _ = (cache, toolchain);
    if let Some(given) = std::env::var_os(VARIABLE).filter(|given| !given.is_empty()) {
        let given = std::path::absolute(PathBuf::from(&given)).unwrap_or_else(|_| given.into());
        let sum = checksum(&given).map_err(|error| {
            let given = Shown::path(&given);
            UserError::new(format!(
                "{VARIABLE} names {given}, which cannot be read: {error}"
            ))
        })?;
        console::note(format_args!(
            "programs are linked with {}",
            Shown::path(&given)
        ));
        return Ok(arguments(&given, &sum));
    }
    Err(UserError::new("no library"))
}

fn arguments(object: &Path, sum: &str) -> Vec<OsString> {
    let mut link = OsString::from("-Clink-arg=");
    link.push(object);
    // Tells cargo one library from another, and the linker nothing.
    let known = format!(
        "-Clink-arg=-Wl,--defsym=__deadheat_library_{}=0",
        &sum[..16]
    );
    vec![
        link,
        known.into(),
        "-Clink-arg=-Wl,--export-dynamic-symbol=__tsan_*".into(),
    ]
}

/// Where it comes from.
pub(crate) fn describe(_: &Toolchain) -> Result<String, UserError> {
    Err(UserError::new("no library"))
}
