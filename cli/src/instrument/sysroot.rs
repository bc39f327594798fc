//! A folder that looks to rustc like a toolchain: links to everything of one, but for some libraries.

use super::toolchain::{TARGET, Toolchain};
use std::fs;
use std::io;
use std::path::Path;

/// Fills `folder` with links to what `toolchain` has; the libraries for the target that `others`
/// names are left out.
pub(crate) fn link(toolchain: &Toolchain, folder: &Path, others: &[String]) -> io::Result<()> {
    // From the outermost folder inwards: each is made anew, and its contents linked, but for the next.
    let path = ["lib", "rustlib", TARGET, "lib"];
    let mut from = toolchain.sysroot.clone();
    let mut to = folder.to_path_buf();
    for next in path {
        link_all(&from, &to, &|name| name == next)?;
        from.push(next);
        to.push(next);
        fs::create_dir(&to)?;
    }
    link_all(&from, &to, &|name| others.iter().any(|other| other == name))
}

fn link_all(from: &Path, to: &Path, except: &dyn Fn(&str) -> bool) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name();
        if !name.to_str().is_some_and(except) {
            symlink(&from.join(&name), &to.join(&name))?;
        }
    }
    Ok(())
}

/// Makes a symbolic link.
#[cfg(unix)]
pub(crate) fn symlink(original: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(original, link)
}

/// Makes a symbolic link, on systems where we have not learned how.
#[cfg(not(unix))]
pub(crate) fn symlink(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
