//! Saved reports: which files are meant.

use crate::cargo::Cargo;
use crate::error::UserError;
use crate::shown::Shown;
use std::fs;
use std::path::{Path, PathBuf};

/// The files that `arguments` name: themselves, the `.jsonl` files of a folder by their names, and
/// where nothing is named, what the last `deadheat test` of this folder's crate has saved.
pub(crate) fn files(arguments: &[PathBuf]) -> Result<Vec<PathBuf>, UserError> {
    if arguments.is_empty() {
        return Ok(vec![last_test()?]);
    }
    let mut files = Vec::new();
    for argument in arguments {
        if argument.is_dir() {
            files.extend(of_folder(argument)?);
        } else {
            files.push(argument.clone());
        }
    }
    Ok(files)
}

fn last_test() -> Result<PathBuf, UserError> {
    let target = Cargo::new(Vec::new()).target_directory().map_err(|error| {
        UserError::new(format!(
            "no report file is named, and none is known for this folder: {error}"
        ))
    })?;
    let path = default_path(&target);
    if !path.is_file() {
        let path = Shown::path(&path);
        return Err(UserError::new(format!(
            "no report file is named, and {path} is not there: name a FILE, or run `deadheat test` first"
        )));
    }
    Ok(path)
}

/// Where `deadheat test` saves reports unless told otherwise.
pub(crate) fn default_path(target: &Path) -> PathBuf {
    target.join("deadheat").join("reports.jsonl")
}

fn of_folder(folder: &Path) -> Result<Vec<PathBuf>, UserError> {
    let name = Shown::path(folder);
    let cannot = |error: std::io::Error| UserError::new(format!("{name} cannot be read: {error}"));
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        if path.extension().is_some_and(|end| end == "jsonl") && path.is_file() {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(UserError::new(format!(
            "the folder {name} has no report files, whose names end in .jsonl"
        )));
    }
    files.sort_unstable();
    Ok(files)
}
