//! The report file that the processes we start add their records to.

use crate::console;
use crate::error::UserError;
use crate::program::Program;
use crate::records::{Verdict, records};
use crate::shown::{ShellWord, Shown};
use crate::summary::Summary;
use deadheat_detector::report::aside;
use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A report file of our making.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    /// When it was made: what processes save elsewhere is newer.
    since: SystemTime,
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
        let file = File::create(&absolute).map_err(|error| cannot(&error))?;
        // By the clock of the disk, which may be behind ours.
        let modified = file.metadata().and_then(|about| about.modified());
        let since = modified.map_or(SystemTime::now(), |time| time.min(SystemTime::now()));
        let path = absolute;
        Ok(Self { path, since })
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

    /// As [`Log::replace`], but what was there can be brought back.
    pub(crate) fn replace_for_now(path: &Path) -> Result<(Self, Replaced), UserError> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let mut beside = path.clone().into_os_string();
        beside.push(".before");
        let was_there = path.is_file() && fs::rename(&path, &beside).is_ok();
        let replaced = Replaced {
            beside: was_there.then(|| beside.into()),
            path: Some(path.clone()),
        };
        match Self::replace(&path) {
            Ok(log) => Ok((log, replaced)),
            Err(error) => {
                replaced.bring_back();
                Err(error)
            }
        }
    }

    /// Where it is; an absolute path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds every record to `summary`, and complains of lines that cannot be read. Records that
    /// did not fit into the file are read from where they were saved.
    pub(crate) fn sum_up(&self, summary: &mut Summary) -> Result<Verdict, UserError> {
        let mut verdict = read(&self.path, summary)?;
        for other in self.aside() {
            let found = read(&other, summary)?;
            if verdict == Verdict::Empty {
                verdict = found;
            }
        }
        if let Verdict::Foreign(why) = &verdict {
            console::note(why);
        }
        Ok(verdict)
    }

    /// The files that processes have added to where this one could not be written.
    fn aside(&self) -> Vec<PathBuf> {
        aside::files(&self.path, self.since)
    }

    /// Says where it is, and how to read it again.
    pub(crate) fn tell(&self, program: Program) {
        let mut files = ShellWord(&self.path).to_string();
        for other in self.aside() {
            files += &format!(" {}", ShellWord(&other));
        }
        console::note(format_args!(
            "reports are saved in {files}; `{program} report {files}` prints them again"
        ));
    }

    /// Takes the file away, and those that stand in for it.
    pub(crate) fn remove(self) {
        let others = self.aside();
        for path in others.iter().chain([&self.path]) {
            if let Err(error) = fs::remove_file(path) {
                let path = Shown::path(path);
                console::note(format_args!("{path} cannot be removed: {error}"));
            }
        }
    }
}

/// What was where a report file is now; by default, nothing that could be brought back.
#[derive(Debug, Default)]
pub(crate) struct Replaced {
    /// Where it is meanwhile, if there was anything.
    beside: Option<PathBuf>,
    /// The new file, unless it is to stay.
    path: Option<PathBuf>,
}

impl Replaced {
    /// Puts it back, in place of the new file.
    pub(crate) fn bring_back(self) {
        let Some(path) = self.path else {
            return;
        };
        let done = match &self.beside {
            Some(beside) => fs::rename(beside, &path),
            None => fs::remove_file(&path),
        };
        if let Err(error) = done
            && error.kind() != ErrorKind::NotFound
        {
            let path = Shown::path(self.beside.as_ref().unwrap_or(&path));
            console::note(format_args!("{path} cannot be put back: {error}"));
        }
    }

    /// Takes it away for good.
    pub(crate) fn forget(self) {
        if let Some(beside) = self.beside {
            // What stays is in nobody's way, and is replaced next time.
            let _ = fs::remove_file(beside);
        }
    }
}

/// Adds every record of the file at `path` to `summary`.
fn read(path: &Path, summary: &mut Summary) -> Result<Verdict, UserError> {
    let name = Shown::path(path).to_string();
    let cannot =
        |error: io::Error| UserError::new(format!("the reports in {name} cannot be read: {error}"));
    let file = File::open(path).map_err(cannot)?;
    let mut records = records(BufReader::new(file), &name, io::stderr());
    while let Some(record) = records.next().map_err(cannot)? {
        summary.add(&record);
    }
    Ok(records.verdict())
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

    #[cfg(target_os = "linux")]
    #[test]
    fn what_did_not_fit_is_summed_up_too() {
        use crate::sample;
        use deadheat_detector::report::Sink;
        use deadheat_detector::report::jsonl::JsonLinesSink;
        let folder = tempfile::tempdir().unwrap();
        let log = Log::replace(&folder.path().join("reports.jsonl")).unwrap();
        fs::remove_file(log.path()).unwrap();
        std::os::unix::fs::symlink("/dev/full", log.path()).unwrap();
        let sink = JsonLinesSink::append(log.path()).unwrap();
        sample::records()
            .iter()
            .for_each(|record| sink.record(record));
        fs::remove_file(log.path()).unwrap();
        File::create(log.path()).unwrap();
        let mut summary = Summary::default();
        let verdict = log.sum_up(&mut summary).unwrap();
        let aside = log.aside();
        log.remove();
        assert_eq!((verdict, summary.races()), (Verdict::Whole, 3));
        assert!(aside.len() == 1 && !aside[0].exists(), "{aside:?}");
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
