//! Annotations of a pull request: commands that GitHub's runner reads from a job's output.
//!
//! An error stands where the race was found, and a notice at the other access. A message may have
//! several lines; what would end it, or begin another command, is escaped.

use super::{End, Format};
use crate::collected::{Places, places};
use crate::known::Standing;
use crate::words;
use deadheat_detector::report::text::{self, Printable};
use deadheat_detector::report::{Failure, Position, RaceReport, Record};
use std::collections::HashSet;
use std::io::{self, Write};

#[derive(Default)]
pub(super) struct Github {
    /// The races that were told, by fingerprint and places: an annotation stands at a place.
    told: HashSet<(String, Places)>,
}

impl Format for Github {
    fn record(
        &mut self,
        record: &Record,
        standing: Standing,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match record {
            Record::Race(report) if standing == Standing::New && self.is_new(report) => {
                race(report, out)
            }
            Record::Failure(found) => failure(found, out),
            Record::Race(_) | Record::Outcome(_) => Ok(()),
        }
    }

    fn finish(&mut self, _: &End<'_>, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

impl Github {
    fn is_new(&mut self, report: &RaceReport) -> bool {
        let fingerprint = report.fingerprint.clone();
        self.told.insert((fingerprint, places(report)))
    }
}

fn race(report: &RaceReport, out: &mut dyn Write) -> io::Result<()> {
    let title = words::title(report);
    let (current, previous) = (words::side(&report.current), words::side(&report.previous));
    let memory = words::memory(&report.location);
    let mut message = format!(
        "{current} races with {previous} on {memory}.\n{}",
        text::unordered(report)
    );
    if let Some(locks) = text::locks(report) {
        message += &format!("\nLocks: {locks}");
    }
    let test = Printable(&report.run.name);
    message += &format!("\nFound in: {test} (seed {})", report.run.seed);
    if let Some(replay) = &report.run.replay {
        message += &format!("\nReplay: {}", Printable(replay));
    }
    put("error", report.current.place(), &title, &message, out)?;
    let other = format!("{previous} races with {current} on {memory}.");
    put("notice", report.previous.place(), &title, &other, out)
}

fn failure(failure: &Failure, out: &mut dyn Write) -> io::Result<()> {
    let title = format!(
        "{} in {}",
        words::failure(failure.kind),
        Printable(&failure.run.name)
    );
    let lines = failure
        .message
        .trim()
        .lines()
        .map(|line| Printable(line).to_string());
    let message = lines.collect::<Vec<_>>().join("\n");
    put("error", None, &title, &message, out)
}

fn put(
    level: &str,
    at: Option<&Position>,
    title: &str,
    message: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    write!(out, "::{level} ")?;
    if let Some(Position { file, line, column }) = at {
        write!(
            out,
            "file={},line={line},",
            property(&Printable(file).to_string())
        )?;
        if *column > 0 {
            write!(out, "col={column},")?;
        }
    }
    writeln!(out, "title={}::{}", property(title), data(message))
}

/// A message as it stands after the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A value as it stands among others.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_value_is_escaped() {
        let at = Position {
            file: "a, b:c%.rs".into(),
            line: 3,
            column: 0,
        };
        let mut out = Vec::new();
        put("error", Some(&at), "x::y\n", "100%\r\n::error::z", &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "::error file=a%2C b%3Ac%25.rs,line=3,title=x%3A%3Ay%0A::100%25%0D%0A::error::z\n"
        );
    }
}
