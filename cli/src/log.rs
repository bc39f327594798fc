//! The report file that the processes we start add their records to.

use crate::console;
use crate::error::UserError;
use crate::program::Program;
use crate::records::{Verdict, records};
use crate::shown::{ShellWord, Shown};
use crate::summary::Summary;
use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A report file of our making.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
}

impl Log {
    /// Puts an empty file at `path`, in place of the one that is there; makes its folder.
    pub(crate) fn replace(path: &Path) -> Result<Self, UserError> {
        let cannot = |why: &dyn std::fmt::Display| {
            let path = Shown::path(path);
            UserError::new(format!("reports cannot be saved in {path}: {why}"))
        };
        let absolute = std::path::absolute(path).map_err(|error| cannot(&error))?;
        if absolute.to_str().is_none() {
            return Err(cannot(&"the path is not valid UTF-8"));
        }
        // A pipe or a device would take the reports and not give them back.
        if fs::metadata(&absolute).is_ok_and(|found| !found.is_file()) {
            return Err(cannot(&"that is not a file"));
        }
        if let Some(folder) = absolute.parent() {
            fs::create_dir_all(folder).map_err(|error| cannot(&error))?;
        }
        File::create(&absolute).map_err(|error| cannot(&error))?;
        Ok(Self { path: absolute })
    }

    /// Makes an empty file in the system's folder for temporary files.
    pub(crate) fn temporary() -> Result<Self, UserError> {
        let folder = std::env::temp_dir();
        let cannot = |error: io::Error| {
            let folder = Shown::path(&folder);
            UserError::new(format!("reports cannot be saved in {folder}: {error}"))
        };
        loop {
            let path = folder.join(temporary_name());
            match File::create_new(&path) {
                Ok(_) => return Self::replace(&path),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(cannot(error)),
            }
        }
    }

    /// Where it is; an absolute path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds every record to `summary`, and complains of lines that cannot be read.
    pub(crate) fn sum_up(&self, summary: &mut Summary) -> Result<Verdict, UserError> {
        let name = Shown::path(&self.path).to_string();
        let cannot = |error: io::Error| {
            UserError::new(format!("the reports in {name} cannot be read: {error}"))
        };
        let file = File::open(&self.path).map_err(cannot)?;
        let mut records = records(BufReader::new(file), &name, io::stderr());
        while let Some(record) = records.next().map_err(cannot)? {
            summary.add(&record);
        }
        let verdict = records.verdict();
        if let Verdict::Foreign(why) = &verdict {
            console::note(why);
        }
        Ok(verdict)
    }

    /// Says where it is, and how to read it again.
    pub(crate) fn tell(&self, program: Program) {
        let path = ShellWord(&self.path);
        console::note(format_args!(
            "reports are saved in {path}; `{program} report {path}` prints them again"
        ));
    }

    /// Takes the file away.
    pub(crate) fn remove(self) {
        if let Err(error) = fs::remove_file(&self.path) {
            let path = Shown::path(&self.path);
            console::note(format_args!("{path} cannot be removed: {error}"));
        }
    }
}

fn temporary_name() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let nanos = now.map_or(0, |since| since.as_nanos());
    format!("deadheat-{}-{nanos}.jsonl", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/reports.jsonl");
        let log = Log::replace(&path).unwrap();
        fs::write(log.path(), "old").unwrap();
        Log::replace(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
    }

    #[test]
    fn places_that_cannot_hold_a_file_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |path: &Path| Log::replace(path).unwrap_err().to_string();
        let text = refused(folder.path());
        assert!(text.contains("that is not a file"), "{text}");
        let file = folder.path().join("plain");
        fs::write(&file, "").unwrap();
        let text = refused(&file.join("reports.jsonl"));
        assert!(text.contains("plain/reports.jsonl"), "{text}");
    }

    #[test]
    fn temporary_files_are_distinct_and_go() {
        let (one, other) = (Log::temporary().unwrap(), Log::temporary().unwrap());
        assert_ne!(one.path(), other.path());
        let path = one.path().to_path_buf();
        one.remove();
        other.remove();
        assert!(!path.exists());
    }
}
