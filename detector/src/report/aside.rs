//! Where reports go that cannot be written to their file: the disk is full, or gone.
//!
//! A file in the system's folder for temporary files takes them. Its name tells which file it
//! stands in for, so that a launcher that reads the one finds the other.

use crate::fingerprint::fnv1a;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Makes a file that stands in for `path`.
pub(super) fn create(path: &Path) -> io::Result<(File, PathBuf)> {
    let process = std::process::id();
    for number in 0..=u32::MAX {
        let name = format!("{}{process}-{number}.jsonl", prefix(path));
        let aside = std::env::temp_dir().join(name);
        match File::create_new(&aside) {
            Ok(file) => return Ok((file, aside)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// The files that stand in for `path` and were written to since then, by their names.
#[must_use]
pub fn files(path: &Path, since: SystemTime) -> Vec<PathBuf> {
    let prefix = prefix(path);
    let is_one = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        // The folder may be large, and few of its files are ours to look at.
        let fresh = || {
            entry.metadata().is_ok_and(|about| {
                about.is_file() && about.modified().is_ok_and(|time| time >= since)
            })
        };
        name.to_string_lossy().starts_with(&prefix) && fresh()
    };
    let entries = fs::read_dir(std::env::temp_dir());
    let entries = entries.into_iter().flatten().flatten().filter(is_one);
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.sort_unstable();
    files
}

fn prefix(path: &Path) -> String {
    let hash = fnv1a(path.to_string_lossy().bytes());
    format!("deadheat-aside-{hash:016x}-")
}
