//! A crate without dependencies, in a folder of its own.

use crate::cli::{End, deadheat, end};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Tests of three fates; the third adds what RECORDS holds to the report file, as a process
/// under detection would, and tells what DEADHEAT holds.
const TESTS: &str = r#"
    #[test]
    fn passes() {}

    #[test]
    fn fails() {
        panic!("as planned");
    }

    #[test]
    fn reports() {
        use std::io::Write;
        let settings = std::env::var("DEADHEAT").unwrap();
        println!("DEADHEAT: {settings}");
        let log = settings.split("log=").nth(1).unwrap().trim_matches('"');
        let records = std::env::var("RECORDS").unwrap_or_default();
        let mut file = std::fs::File::options().append(true).open(log).unwrap();
        file.write_all(records.as_bytes()).unwrap();
    }

    #[test]
    #[ignore]
    fn is_ignored() {}
"#;

/// A crate and its target directory.
pub(crate) struct Krate {
    folder: TempDir,
}

impl Krate {
    /// The crate of `TESTS`.
    pub(crate) fn new() -> Self {
        Self::with_source(TESTS)
    }

    /// A library crate that is this source.
    pub(crate) fn with_source(source: &str) -> Self {
        let krate = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(krate.path().join("src")).unwrap();
        let manifest =
            "[package]\nname = \"krate\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n";
        fs::write(krate.manifest(), manifest).unwrap();
        fs::write(krate.path().join("src/lib.rs"), source).unwrap();
        krate
    }

    /// A crate of these files, by their paths within; those of [`Krate::with_source`] where it has none.
    pub(crate) fn with_files(files: &[(&str, &str)]) -> Self {
        let krate = Self::with_source("");
        for (name, text) in files {
            let path = krate.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        krate
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn manifest(&self) -> PathBuf {
        self.path().join("Cargo.toml")
    }

    /// Where reports are saved unless another place is asked for.
    pub(crate) fn reports(&self) -> PathBuf {
        self.path().join("elsewhere/deadheat/reports.jsonl")
    }

    /// `deadheat test` for this crate.
    pub(crate) fn command(&self) -> Command {
        let mut command = deadheat();
        command.env("DEADHEAT_RUNNER", "cargo");
        command.args(["test", "--offline", "--manifest-path"]);
        command.arg(self.manifest()).arg("--target-dir");
        command.arg(self.path().join("elsewhere"));
        command
    }

    /// Runs `deadheat test` with further arguments.
    pub(crate) fn test(&self, args: &[&str]) -> End {
        end(&mut self.command(), args)
    }
}
