//! `cargo nextest`, which runs each test in a process of its own.
//!
//! Its standard output holds an event a line, in the form of libtest's JSON; what people read it
//! writes to the standard error stream.

use crate::cargo::{Cargo, SuiteEnd, ended};
use crate::error::UserError;
use crate::libtest::Counts;
use crate::pump::{Pump, Scan};
use crate::shown::Shown;
use crate::split::values;
use deadheat_detector::settings::VARIABLE;
use serde::Deserialize;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::NamedTempFile;

/// The code of a run in which tests failed.
pub(crate) const TESTS_FAILED: i32 = 100;

/// What only nextest can do.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Extras {
    pub(crate) timeout: Option<Duration>,
    pub(crate) filter: Option<String>,
    pub(crate) partition: Option<String>,
    pub(crate) archive_file: Option<PathBuf>,
}

impl Extras {
    /// The first option that is used.
    pub(crate) fn first(&self) -> Option<&'static str> {
        let all = [
            (self.timeout.is_some(), "--timeout"),
            (self.filter.is_some(), "--filter"),
            (self.partition.is_some(), "--partition"),
            (self.archive_file.is_some(), "--archive-file"),
        ];
        all.into_iter()
            .find(|(used, _)| *used)
            .map(|(_, name)| name)
    }
}

/// Whether it is installed where cargo looks for it.
pub(crate) fn is_installed() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let home = home.map(|home| home.join("bin"));
    let name = format!("cargo-nextest{}", std::env::consts::EXE_SUFFIX);
    let mut folders = home.into_iter().chain(std::env::split_paths(&path));
    folders.any(|folder| folder.join(&name).is_file())
}

/// A suite that it runs.
pub(crate) struct Nextest {
    arguments: Vec<OsString>,
    binary: Vec<OsString>,
    extras: Extras,
    /// Its configuration, with the user's timeout in it.
    config: Option<NamedTempFile>,
}

impl Nextest {
    /// A suite with the arguments of `cargo test`; the error says what of them it does not take.
    pub(crate) fn new(
        cargo: &[OsString],
        binary: &[OsString],
        extras: Extras,
    ) -> Result<Self, String> {
        let mut arguments = of_cargo(cargo)?;
        let binary = of_binary(binary, &mut arguments)?;
        Ok(Self {
            arguments,
            binary,
            extras,
            config: None,
        })
    }

    /// Writes a configuration that has the timeout, if there is one: the user's in all else.
    pub(crate) fn prepare(&mut self, root: &Path) -> Result<(), UserError> {
        let Some(timeout) = self.extras.timeout else {
            return Ok(());
        };
        let named = values(&self.arguments, "--config-file");
        let users = match named.last() {
            Some(named) => PathBuf::from(named),
            None => root.join(".config").join("nextest.toml"),
        };
        let profile = values(&self.arguments, "--nextest-profile");
        let profile = profile.last().and_then(|name| name.to_str());
        let config = with_timeout(&users, profile.unwrap_or("default"), timeout)?;
        let save = || {
            let mut file = tempfile::Builder::new().suffix(".toml").tempfile()?;
            file.write_all(config.as_bytes())?;
            file.flush().map(|()| file)
        };
        let file: NamedTempFile = save().map_err(|error: io::Error| {
            UserError::new(format!(
                "nextest's configuration cannot be written to the folder for temporary files: {error}"
            ))
        })?;
        self.config = Some(file);
        Ok(())
    }

    /// Runs the suite, with `variable` as what the `DEADHEAT` variable says.
    pub(crate) fn run(
        &self,
        cargo: &Cargo,
        fail_fast: bool,
        variable: &str,
    ) -> Result<SuiteEnd, UserError> {
        // By way of cargo, which tells it where cargo is: else each of its calls asks rustup.
        let mut command = cargo.command();
        command.args(["nextest", "run"]).args(&self.arguments);
        if !self.arguments.iter().any(|given| given == "--no-fail-fast") {
            command.arg(if fail_fast {
                "--fail-fast"
            } else {
                "--no-fail-fast"
            });
        }
        // As cargo, which finds it no failure that no test is asked for.
        command.args(["--no-tests", "warn"]);
        command.args(["--message-format", "libtest-json-plus"]);
        command.args(["--message-format-version", "0.1"]);
        command.env("NEXTEST_EXPERIMENTAL_LIBTEST_JSON", "1");
        if let Some(filter) = &self.extras.filter {
            command.arg("--filterset").arg(filter);
        }
        if let Some(partition) = &self.extras.partition {
            command.arg("--partition").arg(partition);
        }
        if let Some(archive) = &self.extras.archive_file {
            command.arg("--archive-file").arg(archive);
        }
        if let Some(config) = &self.config {
            command.arg("--config-file").arg(config.path());
        }
        if !self.binary.is_empty() {
            command.arg("--").args(&self.binary);
        }
        command.env(VARIABLE, variable).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| cargo.not_started(&error))?;
        let output = child.stdout.take();
        let pump = output.map(|output| Pump::start(output, io::stdout(), Events::default()));
        ended(child, pump)
    }
}

/// Arguments of `cargo test` as nextest calls them.
fn of_cargo(cargo: &[OsString]) -> Result<Vec<OsString>, String> {
    const RENAMED: [(&str, &str); 6] = [
        ("--profile", "--cargo-profile"),
        ("--jobs", "--build-jobs"),
        ("-j", "--build-jobs"),
        ("--message-format", "--cargo-message-format"),
        ("--quiet", "--cargo-quiet"),
        ("--verbose", "--cargo-verbose"),
    ];
    let mut translated = Vec::new();
    for argument in cargo {
        let text = argument.to_str().unwrap_or_default();
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        if matches!(name, "--doc" | "--keep-going" | "--artifact-dir") {
            return Err(name.to_owned());
        }
        let renamed = RENAMED.iter().find(|(old, _)| *old == name);
        match (renamed, value, text) {
            (Some((_, new)), Some(value), _) => translated.push(format!("{new}={value}").into()),
            (Some((_, new)), None, _) => translated.push(new.into()),
            (None, _, "-q") => translated.push("--cargo-quiet".into()),
            (None, _, "-v") => translated.push("--cargo-verbose".into()),
            (None, _, "-vv") => translated.extend(["--cargo-verbose"; 2].map(OsString::from)),
            (None, _, _) => match text.strip_prefix("-j") {
                Some(jobs) => translated.push(format!("--build-jobs={jobs}").into()),
                None => translated.push(argument.clone()),
            },
        }
    }
    Ok(translated)
}

/// Arguments of test binaries: those that nextest takes in their stead. How many tests run at once is
/// an option of its own.
fn of_binary(binary: &[OsString], options: &mut Vec<OsString>) -> Result<Vec<OsString>, String> {
    let mut taken = Vec::new();
    let mut rest = binary.iter();
    while let Some(argument) = rest.next() {
        let text = argument.to_str().unwrap_or_default();
        match text.split_once('=').unwrap_or((text, "")) {
            ("--test-threads", "") => {
                options.push("--test-threads".into());
                options.extend(rest.next().cloned());
            }
            ("--test-threads", _) => options.push(argument.clone()),
            ("--skip", "") => {
                taken.push(argument.clone());
                taken.extend(rest.next().cloned());
            }
            (
                "--skip" | "--ignored" | "--include-ignored" | "--exact" | "--nocapture"
                | "--no-capture",
                _,
            ) => taken.push(argument.clone()),
            (other, _) if other.starts_with('-') => return Err(other.to_owned()),
            _ => taken.push(argument.clone()),
        }
    }
    Ok(taken)
}

/// The text of a configuration with a timeout for each test of a profile.
fn with_timeout(users: &Path, profile: &str, timeout: Duration) -> Result<String, UserError> {
    let wrong = |why: &dyn std::fmt::Display| {
        let name = Shown::path(users);
        UserError::new(format!(
            "nextest's configuration {name} cannot be read: {why}"
        ))
    };
    let text = match std::fs::read_to_string(users) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(wrong(&error)),
    };
    let mut config: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| wrong(&error.message()))?;
    let mut limit = toml::Table::new();
    let period = humantime::format_duration(timeout).to_string();
    limit.insert("period".into(), period.into());
    limit.insert("terminate-after".into(), 1.into());
    let mut table = &mut config;
    for key in ["profile", profile] {
        let entry = table
            .entry(key)
            .or_insert_with(|| toml::Table::new().into());
        table = entry
            .as_table_mut()
            .ok_or_else(|| wrong(&format_args!("{key} is no table")))?;
    }
    table.insert("slow-timeout".into(), limit.into());
    Ok(config.to_string())
}

/// How each event begins.
const BEGIN: &[u8] = b"{\"type\":";

/// Counts the tests by the events in its output; what is no event is a test's, and passed on.
#[derive(Default)]
struct Events {
    line: Vec<u8>,
    passed_on: Vec<u8>,
    /// Whether the last event's line had no end.
    unended: bool,
    counts: Counts,
    binaries: HashSet<String>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    event: String,
    #[serde(default)]
    name: String,
}

impl Scan for Events {
    fn scan<'a>(&'a mut self, piece: &'a [u8]) -> &'a [u8] {
        self.passed_on.clear();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend(part);
            if part.ends_with(b"\n") {
                self.end_line();
            }
        }
        &self.passed_on
    }

    fn counts(&self) -> Counts {
        self.counts
    }
}

impl Events {
    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        // A test whose output is not captured may have left its last line unended.
        let start = line.windows(BEGIN.len()).rposition(|part| part == BEGIN);
        let event = start.and_then(|start| Some((start, event(&line[start..])?)));
        let Some((start, Event { kind, event, name })) = event else {
            // The end of an event whose text had a line feed in it, which JSON does not allow.
            if !(std::mem::take(&mut self.unended) && line.trim_ascii_end() == b"\"}") {
                self.passed_on.extend(line);
            }
            return;
        };
        self.unended = !line.ends_with(b"}\n");
        if start > 0 {
            self.passed_on.extend(&line[..start]);
            self.passed_on.push(b'\n');
        }
        if kind != "test" {
            return;
        }
        match event.as_str() {
            "ok" => self.counts.passed += 1,
            "failed" => self.counts.failed += 1,
            "ignored" => self.counts.ignored += 1,
            _ => return,
        }
        let binary = name.split('$').next().unwrap_or_default();
        if self.binaries.insert(binary.to_owned()) {
            self.counts.binaries += 1;
        }
    }
}

/// An event by the beginning of its line: what comes after its name are times and texts.
fn event(line: &[u8]) -> Option<Event> {
    let line = std::str::from_utf8(line).ok()?;
    let ends = [
        ",\"exec_time\":",
        ",\"stdout\":",
        ",\"reason\":",
        ",\"nextest\":",
    ];
    let end = ends.iter().filter_map(|end| line.find(end)).min();
    match end {
        Some(end) => serde_json::from_str(&format!("{}}}", &line[..end])).ok(),
        None => serde_json::from_str(line).ok(),
    }
}

/// Whether an option of cargo's selects targets, so that documentation is not among them.
pub(crate) fn selects_targets(cargo: &[OsString]) -> bool {
    const SELECTING: [&str; 10] = [
        "--lib",
        "--bin",
        "--bins",
        "--example",
        "--examples",
        "--test",
        "--tests",
        "--bench",
        "--benches",
        "--all-targets",
    ];
    cargo.iter().any(|argument| {
        let name = argument.to_str().unwrap_or_default();
        let name = name.split('=').next().unwrap_or_default();
        SELECTING.contains(&OsStr::new(name).to_str().unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn cargos_options_have_other_names() {
        let given = "--release --profile ci -j4 -j 2 --jobs=3 -q -v --message-format=short -p a x";
        let expected = "--release --cargo-profile ci --build-jobs=4 --build-jobs 2 --build-jobs=3 \
                        --cargo-quiet --cargo-verbose --cargo-message-format=short -p a x";
        assert_eq!(of_cargo(&words(given)), Ok(words(expected)));
        assert_eq!(of_cargo(&words("--doc")), Err("--doc".to_owned()));
    }

    #[test]
    fn arguments_of_binaries_are_taken_or_named() {
        let mut options = Vec::new();
        let taken = of_binary(
            &words("--exact a --skip b --test-threads 3 --nocapture --test-threads=2"),
            &mut options,
        );
        assert_eq!(taken, Ok(words("--exact a --skip b --nocapture")));
        assert_eq!(options, words("--test-threads 3 --test-threads=2"));
        let refused = of_binary(&words("a --color=always"), &mut options);
        assert_eq!(refused, Err("--color".to_owned()));
    }

    #[test]
    fn a_timeout_leaves_the_rest_of_a_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nextest.toml");
        let with = || with_timeout(&path, "default", Duration::from_secs(90));
        assert!(with().unwrap().contains("period = \"1m 30s\""));
        std::fs::write(
            &path,
            "[profile.default]\nretries = 3\nslow-timeout = '1s'\n",
        )
        .unwrap();
        let text = with().unwrap();
        assert!(
            text.contains("retries = 3") && text.contains("terminate-after = 1"),
            "{text}"
        );
        assert!(!text.contains("1s'"), "{text}");
        std::fs::write(&path, "profile = 3").unwrap();
        assert!(
            with()
                .unwrap_err()
                .to_string()
                .contains("profile is no table")
        );
    }

    #[test]
    fn events_are_counted_and_the_rest_passed_on() {
        let output = "{\"type\":\"suite\",\"event\":\"started\",\"test_count\":2}\n\
                      {\"type\":\"test\",\"event\":\"ok\",\"name\":\"a::a$x\"}\nhello\n{\"type\":3}\n\
                      {\"type\":\"test\",\"event\":\"failed\",\"name\":\"a::a$y\",\"stdout\":\"(not\n\"}\n\
                      half {\"type\":\"test\",\"event\":\"ignored\",\"name\":\"b::b$z\"}\n";
        for size in [1, 7, 4096] {
            let mut events = Events::default();
            let mut passed_on: Vec<u8> = Vec::new();
            for piece in output.as_bytes().chunks(size) {
                passed_on.extend(events.scan(piece));
            }
            assert_eq!(passed_on, b"hello\n{\"type\":3}\nhalf \n");
            let counts = events.counts();
            assert_eq!((counts.passed, counts.failed, counts.ignored), (1, 1, 1));
            assert_eq!(counts.binaries, 2);
        }
    }
}
