//! Where cargo puts what it builds, as far as that can be told without asking it.
//!
//! Asking takes as long as a sixth of a small suite. What is not plain (a configuration of cargo's
//! that names a directory, a package that names its workspace, a workspace that excludes) is left to
//! cargo.

use crate::split::values;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use toml::Table;

/// The target directory of the crate in an absolute folder, where that is plain.
pub(crate) fn directory(folder: &Path, arguments: &[OsString]) -> Option<PathBuf> {
    let root = workspace(folder)?;
    if !values(arguments, "--config").is_empty() {
        return None;
    }
    let asked = values(arguments, "--target-dir");
    if let Some(asked) = asked.last() {
        return Some(PathBuf::from(asked));
    }
    for variable in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"] {
        if let Some(set) = std::env::var_os(variable).filter(|set| !set.is_empty()) {
            return Some(PathBuf::from(set));
        }
    }
    let here = std::env::current_dir().ok()?;
    let mut configured = here.ancestors().map(|folder| folder.join(".cargo"));
    if configured.any(|folder| names_a_directory(&folder)) || names_a_directory(&home()?) {
        return None;
    }
    Some(root.join("target"))
}

/// The folder of the workspace that a folder's crate is in, or of the crate itself.
fn workspace(folder: &Path) -> Option<PathBuf> {
    let (own, own_folder) = folder.ancestors().find_map(manifest)?;
    let package = own.get("package").and_then(toml::Value::as_table);
    if own.contains_key("workspace") {
        return Some(own_folder.to_path_buf());
    }
    let package = package?;
    let named = package.get("name").is_some_and(toml::Value::is_str);
    if !named || package.contains_key("workspace") {
        return None;
    }
    for folder in own_folder.ancestors().skip(1) {
        // One that cannot be read is cargo's to complain of.
        if !folder.join("Cargo.toml").exists() {
            continue;
        }
        let (manifest, folder) = manifest(folder)?;
        if let Some(workspace) = manifest.get("workspace") {
            let plain = workspace.get("exclude").is_none();
            return plain.then(|| folder.to_path_buf());
        }
    }
    Some(own_folder.to_path_buf())
}

fn manifest(folder: &Path) -> Option<(Table, &Path)> {
    let text = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    Some((text.parse().ok()?, folder))
}

fn home() -> Option<PathBuf> {
    let named = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    named.or_else(|| Some(std::env::home_dir()?.join(".cargo")))
}

/// Whether a configuration of cargo's may say where things are built.
fn names_a_directory(folder: &Path) -> bool {
    ["config.toml", "config"].iter().any(|name| {
        let text = fs::read(folder.join(OsStr::new(name))).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        text.contains("target-dir") || text.contains("include")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(files: &[(&str, &str)], from: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let from = folder.path().join(from);
        fs::create_dir_all(&from).unwrap();
        let found = workspace(&from)?;
        let found = found.strip_prefix(folder.path()).unwrap();
        Some(found.display().to_string())
    }

    #[test]
    fn what_is_plain_is_told_and_the_rest_left_to_cargo() {
        let member = ("m/Cargo.toml", "[package]\nname = 'm'\n");
        let plain = ("Cargo.toml", "[workspace]\nmembers = ['m']\n");
        assert_eq!(root(&[member, plain], "m/src").unwrap(), "");
        assert_eq!(root(&[member], "m").unwrap(), "m");
        assert_eq!(root(&[plain], "").unwrap(), "");
        let excluding = ("Cargo.toml", "[workspace]\nexclude = ['m']\n");
        let elsewhere = (
            "m/Cargo.toml",
            "[package]\nname = 'm'\nworkspace = '../x'\n",
        );
        let nameless = ("m/Cargo.toml", "[package]\nname = 1\n");
        let broken = ("Cargo.toml", "[workspace\n");
        assert_eq!(root(&[member, excluding], "m"), None);
        assert_eq!(root(&[elsewhere, plain], "m"), None);
        assert_eq!(root(&[nameless], "m"), None);
        assert_eq!(root(&[member, broken], "m"), None);
    }
}
