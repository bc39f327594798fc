//! The compiler that cargo will use in a folder, and whether it can instrument.

use crate::error::UserError;
use crate::shown::Shown;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The one target that is tested.
pub(crate) const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The oldest compiler that is tested: its minor version, of 1.x.
const OLDEST: u32 = 95;

/// A compiler and where its parts are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Toolchain {
    /// As `1.95.0`.
    pub(crate) release: String,
    /// The commit that it was built from.
    pub(crate) commit: String,
    /// The machine that it runs on, as `x86_64-unknown-linux-gnu`.
    pub(crate) host: String,
    /// The major version of its LLVM.
    pub(crate) llvm: u32,
    /// Where everything of it lies.
    pub(crate) sysroot: PathBuf,
}

impl Toolchain {
    /// The compiler for the crate in `folder`, as cargo would choose it: `RUSTC`, or `rustc`, which
    /// rustup resolves by the folder.
    pub(crate) fn of(folder: &Path) -> Result<Self, UserError> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let about = asked(&rustc, folder, &["-vV"])?;
        let sysroot = asked(&rustc, folder, &["--print", "sysroot"])?;
        Self::read(&about, Path::new(sysroot.trim_end())).ok_or_else(|| {
            let rustc = Shown::name(&rustc);
            UserError::new(format!("{rustc} -vV does not say which compiler it is"))
        })
    }

    /// Of what `rustc -vV` says.
    fn read(about: &str, sysroot: &Path) -> Option<Self> {
        let value = |key: &str| {
            let mut lines = about.lines();
            lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
        };
        let llvm = value("LLVM version")?.split('.').next()?;
        Some(Self {
            release: value("release")?.to_owned(),
            commit: value("commit-hash")?.to_owned(),
            host: value("host")?.to_owned(),
            llvm: llvm.parse().ok()?,
            sysroot: sysroot.to_path_buf(),
        })
    }

    /// Refuses one that cannot instrument.
    pub(crate) fn check(&self) -> Result<(), UserError> {
        if self.host != TARGET {
            return Err(UserError::new(format!(
                "--instrument works on {TARGET}, and this machine is {}: annotate shared memory with \
                 Shared<T> instead, which works everywhere",
                self.host
            )));
        }
        let minor = self.release.strip_prefix("1.");
        let minor = minor.and_then(|rest| rest.split('.').next()?.parse().ok());
        if minor.is_none_or(|minor: u32| minor < OLDEST) {
            return Err(UserError::new(format!(
                "--instrument needs Rust 1.{OLDEST} or later, and this is {}: `rustup update stable` brings it",
                self.release
            )));
        }
        Ok(())
    }

    /// The beginning of its commit, for names.
    pub(crate) fn short_commit(&self) -> &str {
        self.commit.get(..16).unwrap_or(&self.commit)
    }

    /// Where its libraries for the target are.
    pub(crate) fn libraries(&self) -> PathBuf {
        self.target_folder().join("lib")
    }

    /// One of the tools that it brings; `None` where it does not.
    pub(crate) fn tool(&self, name: &str) -> Option<PathBuf> {
        let path = self.target_folder().join("bin").join(name);
        path.is_file().then_some(path)
    }

    /// Whether the sources of the standard library are there.
    pub(crate) fn has_source(&self) -> bool {
        self.sysroot
            .join("lib/rustlib/src/rust/library/Cargo.lock")
            .is_file()
    }

    fn target_folder(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib").join(TARGET)
    }
}

fn asked(rustc: &OsString, folder: &Path, arguments: &[&str]) -> Result<String, UserError> {
    let name = Shown::name(rustc);
    let output = Command::new(rustc)
        .args(arguments)
        .current_dir(folder)
        .output()
        .map_err(|error| {
            UserError::new(format!(
                "{name} cannot be started: {error}; https://rustup.rs installs Rust"
            ))
        })?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        let why = why.lines().next().unwrap_or("it does not say why");
        return Err(UserError::new(format!("{name} fails: {why}")));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| UserError::new(format!("{name} does not answer in UTF-8")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABOUT: &str = "rustc 1.95.0 (59807616e 2026-04-14)\nbinary: rustc\n\
        commit-hash: 59807616e1fa2540724bfbac14d7976d7e4a3860\ncommit-date: 2026-04-14\n\
        host: x86_64-unknown-linux-gnu\nrelease: 1.95.0\nLLVM version: 22.1.2\n";

    #[test]
    fn what_the_compiler_says_of_itself_is_read() {
        let read = Toolchain::read(ABOUT, Path::new("/s")).unwrap();
        assert_eq!(read.llvm, 22);
        assert!(read.commit.starts_with("59807616e1"));
        assert_eq!(read.check(), Ok(()));
        assert_eq!(
            read.libraries(),
            Path::new("/s/lib/rustlib/x86_64-unknown-linux-gnu/lib")
        );
        assert_eq!(Toolchain::read("rustc 1.95.0", Path::new("/s")), None);
    }

    #[test]
    fn others_are_refused_with_the_way_out() {
        let refused = |from: &str, to: &str| {
            let about = ABOUT.replace(from, to);
            let read = Toolchain::read(&about, Path::new("/s")).unwrap();
            read.check().unwrap_err().to_string()
        };
        assert!(refused("x86_64-unknown-linux-gnu", "aarch64-apple-darwin").contains("Shared<T>"));
        assert!(refused("release: 1.95.0", "release: 1.94.1").contains("rustup update"));
        let nightly = ABOUT.replace("release: 1.95.0", "release: 1.97.0-nightly");
        assert_eq!(
            Toolchain::read(&nightly, Path::new("/s")).unwrap().check(),
            Ok(())
        );
    }
}
