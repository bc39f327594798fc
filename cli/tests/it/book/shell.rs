//! A shell in an empty folder, as a reader has one.

use super::shown;
use crate::cli::plain;
use std::fmt::{Display, Formatter, Result};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use tempfile::TempDir;

/// The line that tells how a command ended, and where the shell is.
const MARK: &str = "<<ended>>";

/// What a reader would have installed is what the tests have built.
const PROLOGUE: &str = r#"
cargo() {
    if [ "$1" = install ]; then
        case "$*" in *deadheat/cli*|*deadheat-cli*|*cargo-nextest*|*mdbook*) return 0;; esac
        echo "no test installs: cargo $*" >&2
        return 1
    fi
    command cargo "$@"
}
"#;

pub(super) struct Shell {
    folder: TempDir,
    current: PathBuf,
    bash: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// All that commands have shown.
    all: String,
}

/// How a command ended, and what it showed, as a page would show it.
pub(super) struct Ended {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl Display for Ended {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { code, out, err } = self;
        write!(f, "ended with {code}\nout:\n{out}\nerr:\n{err}")
    }
}

impl Shell {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let current = fs::canonicalize(folder.path()).unwrap();
        let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        #[cfg(unix)]
        std::os::unix::fs::symlink(sources, current.join("deadheat")).unwrap();
        let ours = Path::new(env!("CARGO_BIN_EXE_deadheat")).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut bash = plain("bash")
            .args(["--norc", "--noprofile"])
            .current_dir(&current)
            .env("PATH", format!("{}:{path}", ours.display()))
            .env("CARGO_TARGET_DIR", target())
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO_TERM_COLOR", "never")
            .env("COLUMNS", "80")
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        // What the last page saved is not this page's.
        let _ = fs::remove_dir_all(target().join("deadheat"));
        let mut input = bash.stdin.take().unwrap();
        input.write_all(PROLOGUE.as_bytes()).unwrap();
        let output = BufReader::new(bash.stdout.take().unwrap());
        Self {
            folder,
            current,
            bash,
            input,
            output,
            all: String::new(),
        }
    }

    /// Types `command`; tests are run by nextest only where `nextest` says so.
    pub(super) fn run(&mut self, command: &str, nextest: bool) -> Ended {
        let [out, err] = ["out", "err"].map(|name| self.beside(name));
        let runner = if nextest {
            "unset DEADHEAT_RUNNER"
        } else {
            "export DEADHEAT_RUNNER=cargo"
        };
        let script = format!(
            "(exit ${{status:-0}})\n{{\n{command}\n}} </dev/null >'{}' 2>'{}'\nstatus=$?\n\
             printf '%s %d %s\\n' '{MARK}' $status \"$PWD\"\n",
            out.display(),
            err.display()
        );
        writeln!(self.input, "{runner}\n{script}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let ended = line
            .strip_prefix(MARK)
            .and_then(|rest| rest.trim().split_once(' '));
        let (code, current) = ended.unwrap_or_else(|| panic!("the shell has ended: {command}"));
        self.current = current.into();
        self.equip();
        let shown = |path: &Path| {
            let text = fs::read_to_string(path).unwrap();
            shown::normal(&text, &self.root(), &self.krate())
        };
        let (out, err) = (shown(&out), shown(&err));
        self.all += &out;
        self.all += &err;
        Ended {
            code: code.parse().unwrap(),
            out,
            err,
        }
    }

    /// Whether some command has shown this.
    pub(super) fn has_shown(&self, text: &str) -> bool {
        self.all
            .contains(&shown::normal(text, &self.root(), &self.krate()))
    }

    /// Writes a file from the current folder.
    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.current.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Goes back to where the page began.
    pub(super) fn home(&mut self) {
        let command = format!("cd '{}'", self.root().display());
        self.run(&command, false);
    }

    fn root(&self) -> PathBuf {
        fs::canonicalize(self.folder.path()).unwrap()
    }

    /// The folder of the crate that the shell is in.
    fn krate(&self) -> PathBuf {
        let mut folders = self.current.ancestors();
        let krate = folders.find(|folder| folder.join("Cargo.toml").exists());
        krate.unwrap_or(&self.current).to_owned()
    }

    /// What is built in one place for all pages is in the crate's folder, too; its dependencies have the
    /// versions that are here, so that no network is needed.
    fn equip(&self) {
        let krate = self.krate();
        if !krate.join("Cargo.toml").exists() {
            return;
        }
        // It may be there already.
        let _ = std::os::unix::fs::symlink(target(), krate.join("target"));
        let lock = krate.join("Cargo.lock");
        if !lock.exists() {
            fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock"), lock).unwrap();
        }
    }

    /// A file that the reader does not see.
    fn beside(&self, name: &str) -> PathBuf {
        let folder = self.root();
        let name = format!("{}.{name}", folder.file_name().unwrap().display());
        folder.with_file_name(name)
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = writeln!(self.input, "exit");
        let _ = self.bash.wait();
        for name in ["out", "err"] {
            let _ = fs::remove_file(self.beside(name));
        }
    }
}

/// Where all pages build.
pub(super) fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("book")
}
