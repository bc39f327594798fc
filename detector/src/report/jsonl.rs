//! Report files: one JSON object a line, each whole in itself.
//!
//! A line is written by one system call at the file's end, so that processes can share a file
//! and a process that dies leaves every earlier line readable. Each line begins with the
//! version of this form.

use super::lines::Lines;
use super::sink::Distinct;
use super::text::Printable;
use super::{Record, Sink, aside};
use crate::once::Complaint;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

/// The version of the form that this crate writes and reads.
pub const VERSION: u32 = 1;

/// The length in bytes above which a line is passed over unread, so that a file which is not
/// ours need not fit into memory. A report with stacks of 100,000 frames is shorter.
pub const LONGEST_LINE: usize = 64 << 20;

#[derive(Serialize)]
struct LineOut<'a> {
    deadheat: u32,
    #[serde(flatten)]
    record: &'a Record,
}

/// What is read of a line first: whose it is, and what the rest of it holds.
#[derive(Deserialize)]
struct Envelope<'a> {
    deadheat: u32,
    #[serde(borrow)]
    r#type: Option<Cow<'a, str>>,
}

/// A record as one line, without a line feed.
#[must_use]
pub fn to_line(record: &Record) -> String {
    let line = LineOut {
        deadheat: VERSION,
        record,
    };
    serde_json::to_string(&line).expect("records hold strings and numbers only")
}

/// What is wrong with a line of a report file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LineError {
    /// It is not a line of a report file.
    NotOurs(String),
    /// It is the beginning of a line whose rest was not written.
    CutShort,
    /// It is longer than [`LONGEST_LINE`].
    TooLong,
    /// It has a version that this crate does not know.
    Version(u32),
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOurs(why) => write!(f, "not a line of a Deadheat report: {why}"),
            Self::CutShort => write!(f, "the line is cut short"),
            Self::TooLong => write!(
                f,
                "not a line of a Deadheat report: it is longer than {LONGEST_LINE} bytes"
            ),
            Self::Version(version) => write!(
                f,
                "the line has version {version} of the report format; this program reads version {VERSION}: use a newer one"
            ),
        }
    }
}

impl std::error::Error for LineError {}

/// Reads one line, without its line feed.
///
/// # Errors
///
/// Where the line is not one that [`to_line`] writes.
pub fn from_line(line: &[u8]) -> Result<Record, LineError> {
    match std::str::from_utf8(line) {
        Ok(line) => from_text(line),
        // A writer of another make may not know that JSON is UTF-8; the rest of what it says
        // is worth as much.
        Err(_) => from_text(&String::from_utf8_lossy(line)),
    }
}

/// How a race begins as [`to_line`] writes it, which need not be looked at twice.
const RACE: &str = "{\"deadheat\":1,\"type\":\"race\",";

fn from_text(line: &str) -> Result<Record, LineError> {
    if line.starts_with(RACE)
        && let Ok(report) = serde_json::from_str(line)
    {
        return Ok(Record::Race(report));
    }
    let Envelope { deadheat, r#type } =
        serde_json::from_str(line).map_err(|error| wrong(&error))?;
    if deadheat != VERSION {
        return Err(LineError::Version(deadheat));
    }
    let Some(what) = r#type else {
        return Err(LineError::NotOurs("it has no `type`".to_owned()));
    };
    match &*what {
        "race" => serde_json::from_str(line).map(Record::Race),
        "failure" => serde_json::from_str(line).map(Record::Failure),
        "outcome" => serde_json::from_str(line).map(Record::Outcome),
        other => return Err(LineError::NotOurs(format!("its type is {other:?}"))),
    }
    .map_err(|error| wrong(&error))
}

fn wrong(error: &serde_json::Error) -> LineError {
    if error.is_eof() {
        LineError::CutShort
    } else {
        LineError::NotOurs(error.to_string())
    }
}

/// Reads records line by line, each with its number from 1. Empty lines are passed over; a
/// line that is wrong does not end the reading. Where a writer died within its line, the next
/// writer's line continues it: then both are given out, under one number.
pub fn read(
    input: impl BufRead,
) -> impl Iterator<Item = (u64, io::Result<Result<Record, LineError>>)> {
    Lines::new(input)
}

/// A sink that adds lines to a file, each race once however many runs find it. What the file
/// does not take goes to another; see [`aside`].
pub struct JsonLinesSink {
    path: PathBuf,
    file: Mutex<File>,
    distinct: Distinct,
    complaint: Complaint,
}

impl JsonLinesSink {
    /// Opens `path` for adding lines; makes it where it is not there.
    ///
    /// # Errors
    ///
    /// Where the file can be neither opened nor made.
    pub fn append(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        Ok(Self {
            path: path.to_owned(),
            file: Mutex::new(file),
            distinct: Distinct::default(),
            complaint: Complaint::new(),
        })
    }

    /// Saves `line`, and all later ones, in a file elsewhere, because of `error`.
    fn turn_aside(&self, file: &mut File, line: &str, error: &io::Error) {
        let path = Printable(&self.path.to_string_lossy()).to_string();
        let saved = aside::create(&self.path).and_then(|(mut other, name)| {
            other.write_all(line.as_bytes())?;
            *file = other;
            Ok(name)
        });
        self.complaint.say(&match saved {
            Ok(name) => format!(
                "a report could not be saved in {path}: {error}; it and those after it are saved in {}",
                Printable(&name.to_string_lossy())
            ),
            Err(other) => format!(
                "a report could not be saved in {path}: {error}; nor elsewhere: {other}; reports are on this stream only"
            ),
        });
    }
}

impl Sink for JsonLinesSink {
    fn record(&self, record: &Record) {
        if !self.distinct.is_new(record) {
            return;
        }
        let mut line = to_line(record);
        line.push('\n');
        let mut file = self.file.lock();
        if let Err(error) = file.write_all(line.as_bytes()) {
            self.turn_aside(&mut file, &line, &error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Outcome, RunInfo};

    fn outcome() -> Record {
        let run = RunInfo {
            name: "a\u{1b}\"b".into(),
            ..RunInfo::default()
        };
        Record::Outcome(Outcome {
            run,
            races: 3,
            reported: 2,
            goroutines: 4,
            unfinished: 1,
        })
    }

    #[test]
    fn a_line_reads_back() {
        let line = to_line(&outcome());
        assert!(!line.contains('\n'));
        assert_eq!(from_line(line.as_bytes()), Ok(outcome()));
    }

    #[test]
    fn bytes_that_are_no_text_cost_no_record() {
        let line = to_line(&outcome()).replace("b\"", "\u{fffd}\"");
        let at = line.find('\u{fffd}').unwrap();
        let mut bytes = line.clone().into_bytes();
        bytes.splice(at..at + '\u{fffd}'.len_utf8(), [0xff]);
        assert_eq!(from_line(&bytes), from_line(line.as_bytes()));
        assert!(from_line(&bytes).is_ok());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_full_disk_does_not_take_is_saved_elsewhere() {
        let full = Path::new("/dev/full");
        let sink = JsonLinesSink::append(full).unwrap();
        sink.record(&outcome());
        sink.record(&outcome());
        let mine = format!("-{}-", std::process::id());
        let mut files = aside::files(full, std::time::UNIX_EPOCH);
        files.retain(|file| file.to_string_lossy().contains(&mine));
        let [file] = &files[..] else {
            panic!("{files:?}");
        };
        let text = std::fs::read_to_string(file).unwrap();
        std::fs::remove_file(file).unwrap();
        assert_eq!(text, format!("{0}\n{0}\n", to_line(&outcome())));
    }

    #[test]
    fn every_cut_is_noticed() {
        let line = to_line(&outcome());
        for end in 1..line.len() {
            assert_eq!(
                from_line(&line.as_bytes()[..end]),
                Err(LineError::CutShort),
                "{end}"
            );
        }
    }

    #[test]
    fn the_beginning_of_a_race_is_known() {
        let begins = format!("{{\"deadheat\":{VERSION},\"type\":\"race\",");
        assert_eq!(begins, RACE);
    }

    #[test]
    fn strangers_and_later_versions_are_told_apart() {
        let not_ours =
            |text: &str| matches!(from_line(text.as_bytes()), Err(LineError::NotOurs(_)));
        assert!(not_ours("hello"));
        assert!(not_ours("{\"type\":\"race\"}"));
        assert!(not_ours("{\"deadheat\":1,\"type\":\"surprise\"}"));
        assert_eq!(
            from_line(b"{\"deadheat\":7,\"x\":1}"),
            Err(LineError::Version(7))
        );
    }

    #[test]
    fn a_bad_line_does_not_hide_the_next() {
        let text = format!(
            "{}\n\nrubbish\n{}\n",
            to_line(&outcome()),
            to_line(&outcome())
        );
        let lines: Vec<_> = read(text.as_bytes())
            .map(|(n, r)| (n, r.unwrap().is_ok()))
            .collect();
        assert_eq!(lines, [(1, true), (3, false), (4, true)]);
    }
}
