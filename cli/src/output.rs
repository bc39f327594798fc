//! A file that is written whole or not at all.

use crate::error::UserError;
use crate::shown::Shown;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Where a command writes to.
///
/// A file is written under another name beside it, and takes its place when all of it is there:
/// what was at that place stays until then. What is dropped before is removed. Only what cannot
/// be replaced (the standard output, a device, a pipe) is written as it comes.
pub(crate) struct Output {
    out: Option<File>,
    /// The file as it is written, and the place that it is for.
    moving: Option<(PathBuf, PathBuf)>,
    /// What messages call it.
    name: String,
}

impl Output {
    /// Begins to write to `path`, or to the standard output where that is `-`.
    pub(crate) fn create(path: &Path) -> Result<Self, UserError> {
        if path.as_os_str() == "-" {
            return Ok(Self {
                out: None,
                moving: None,
                name: "the standard output".to_owned(),
            });
        }
        let name = Shown::path(path).to_string();
        match Self::create_file(path) {
            Ok((out, moving)) => Ok(Self {
                out: Some(out),
                moving,
                name,
            }),
            Err(error) => Err(UserError::new(format!("{name} cannot be written: {error}"))),
        }
    }

    fn create_file(path: &Path) -> io::Result<(File, Option<(PathBuf, PathBuf)>)> {
        let there = match fs::metadata(path) {
            Ok(there) => Some(there),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if let Some(there) = &there {
            if there.is_dir() {
                return Err(ErrorKind::IsADirectory.into());
            }
            if !there.is_file() {
                return Ok((File::options().write(true).open(path)?, None));
            }
        }
        // A link stays one: what it points to is replaced.
        let place = if there.is_some() {
            fs::canonicalize(path)?
        } else {
            path.to_owned()
        };
        let file_name = place.file_name().ok_or(ErrorKind::InvalidFilename)?;
        for number in 0.. {
            let mut beside = std::ffi::OsString::from(".");
            beside.push(file_name);
            beside.push(format!(".{}-{number}.tmp", std::process::id()));
            let beside = place.with_file_name(beside);
            match File::create_new(&beside) {
                Ok(out) => {
                    if let Some(there) = there {
                        // A file system without permissions has none to keep.
                        let _ = out.set_permissions(there.permissions());
                    }
                    return Ok((out, Some((beside, place))));
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    /// What messages call it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Puts the file, all of which has been written, in its place.
    pub(crate) fn commit(mut self) -> Result<(), UserError> {
        let Some((beside, place)) = self.moving.take() else {
            return Ok(());
        };
        fs::rename(&beside, place).map_err(|error| {
            let _ = fs::remove_file(&beside);
            UserError::new(format!("{} cannot be written: {error}", self.name))
        })
    }
}

impl Write for &Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &self.out {
            Some(file) => { file }.write(bytes),
            None => io::stdout().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &self.out {
            Some(file) => { file }.flush(),
            None => io::stdout().flush(),
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some((beside, _)) = &self.moving {
            // There is nothing to be done about a file that stays.
            let _ = fs::remove_file(beside);
        }
    }
}

/// Refuses a command whose output would take the place of its input.
pub(crate) fn refuse_same(input: &Path, output: &Path) -> Result<(), UserError> {
    let file = |path: &Path| {
        let path = fs::canonicalize(path).ok()?;
        path.is_file().then_some(path)
    };
    if input.as_os_str() == "-" || output.as_os_str() == "-" {
        return Ok(());
    }
    match (file(input), file(output)) {
        (Some(input), Some(output)) if input == output => Err(UserError::new(format!(
            "{} is both the input and the output: name another output",
            Shown::path(&output)
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    #[test]
    fn what_was_there_stays_until_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        fs::write(&path, "old").unwrap();
        let output = Output::create(&path).unwrap();
        (&output).write_all(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        output.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["out"]);
    }

    #[test]
    fn what_is_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let output = Output::create(&folder.path().join("out")).unwrap();
        (&output).write_all(b"new").unwrap();
        drop(output);
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link] = ["file", "link"].map(|name| folder.path().join(name));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let output = Output::create(&link).unwrap();
        (&output).write_all(b"new").unwrap();
        output.commit().unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_written_to() {
        let output = Output::create(Path::new("/dev/null")).unwrap();
        (&output).write_all(b"new").unwrap();
        output.commit().unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
