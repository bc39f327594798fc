//! The source that reports quote, held against the files that are there now.

use deadheat_detector::report::Access;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The largest file that is looked at.
const LARGEST: u64 = 8 << 20;

/// Source files, each read once.
pub(crate) struct Sources {
    /// Where relative paths may start from: this folder, or one above it.
    here: PathBuf,
    files: HashMap<String, Option<Vec<u8>>>,
}

impl Sources {
    /// Files of the current folder's workspace.
    pub(crate) fn here() -> Self {
        Self::of(std::env::current_dir().unwrap_or_default())
    }

    fn of(here: PathBuf) -> Self {
        let files = HashMap::new();
        Self { here, files }
    }

    /// Whether the lines that `access` quotes are there, and are others now. Where the file is
    /// not there nothing is known of it.
    pub(crate) fn has_changed(&mut self, access: &Access) -> bool {
        let (Some(quoted), Some(at)) = (&access.source, access.place()) else {
            return false;
        };
        let Some(file) = self.file(&at.file) else {
            return false;
        };
        let lines = file.split(|byte| *byte == b'\n');
        let mut lines = lines.skip((quoted.first_line as usize).saturating_sub(1));
        let same = |text: &String| {
            let line = lines.next().unwrap_or_default();
            line.strip_suffix(b"\r").unwrap_or(line) == text.as_bytes()
        };
        !quoted.lines.iter().all(same)
    }

    fn file(&mut self, name: &str) -> Option<&[u8]> {
        if !self.files.contains_key(name) {
            let bytes = self.read(Path::new(name));
            self.files.insert(name.to_owned(), bytes);
        }
        self.files.get(name).and_then(Option::as_deref)
    }

    fn read(&self, file: &Path) -> Option<Vec<u8>> {
        let path = self.here.ancestors().map(|folder| folder.join(file));
        let path = path.into_iter().find(|path| path.is_file())?;
        let small = fs::metadata(&path).ok()?.len() <= LARGEST;
        small.then(|| fs::read(path).ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn changes_are_noticed_where_the_file_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let access = sample::quoting().current;
        let changed = |text: Option<&str>| {
            if let Some(text) = text {
                fs::create_dir_all(folder.path().join("src")).unwrap();
                fs::write(folder.path().join("src/bank.rs"), text).unwrap();
            }
            let below = folder.path().join("a/b");
            Sources::of(below).has_changed(&access)
        };
        assert!(!changed(None));
        let lines = &access.source.as_ref().unwrap().lines;
        let same = "\n".repeat(39) + &lines.join("\r\n");
        assert!(!changed(Some(&same)));
        assert!(changed(Some(&same.replacen('\n', "\n\n", 1))));
        assert!(changed(Some("")));
    }
}
