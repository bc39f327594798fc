//! A report file, record by record, and what cannot be read of it.
//!
//! A line that cannot be read is named on the error stream, and costs no other line. The lines
//! before the first readable one are held back, so that a file which is not ours at all gets one
//! message and not one for each of its lines.

use deadheat_detector::report::Record;
use deadheat_detector::report::jsonl::{self, LineError};
use deadheat_detector::report::text::Printable;
use std::io::{self, BufRead, Write};

/// How many complaints are held back; of more, only the number is told.
const HELD: usize = 1000;

/// Reads records from lines, and complains of the others to `errors`.
pub(crate) struct Records<L, W> {
    lines: L,
    /// The file's name, printable.
    name: String,
    errors: W,
    held: Vec<(u64, LineError)>,
    readable: u64,
    unreadable: u64,
}

/// What a file turned out to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// Every line could be read, and there was one.
    Whole,
    /// There was no line.
    Empty,
    /// Some lines could be read, some not; those were named.
    Damaged,
    /// There were lines, and none could be read: the message.
    Foreign(String),
}

type Numbered = (u64, io::Result<Result<Record, LineError>>);

/// The records of `input`, which messages call `name`.
pub(crate) fn records<W: Write>(
    input: impl BufRead,
    name: &str,
    errors: W,
) -> Records<impl Iterator<Item = Numbered>, W> {
    Records {
        lines: jsonl::read(input),
        name: name.to_owned(),
        errors,
        held: Vec::new(),
        readable: 0,
        unreadable: 0,
    }
}

impl<L: Iterator<Item = Numbered>, W: Write> Records<L, W> {
    /// The next record that can be read.
    ///
    /// # Errors
    ///
    /// Where the input cannot be read on.
    pub(crate) fn next(&mut self) -> io::Result<Option<Record>> {
        while let Some((number, line)) = self.lines.next() {
            match line? {
                Ok(record) => {
                    self.readable += 1;
                    self.release_held();
                    return Ok(Some(record));
                }
                Err(error) => self.complain(number, error),
            }
        }
        Ok(None)
    }

    fn complain(&mut self, number: u64, error: LineError) {
        self.unreadable += 1;
        if self.readable > 0 {
            self.say(number, &error);
        } else if self.held.len() < HELD {
            self.held.push((number, error));
        }
    }

    fn release_held(&mut self) {
        let held = std::mem::take(&mut self.held);
        let untold = if self.readable == 1 {
            self.unreadable - held.len() as u64
        } else {
            0
        };
        for (number, error) in held {
            self.say(number, &error);
        }
        if untold > 0 {
            let name = &self.name;
            let _ = writeln!(self.errors, "{name}: {untold} more lines like these");
        }
    }

    fn say(&mut self, number: u64, error: &LineError) {
        let name = &self.name;
        let why = error.to_string();
        // A complaint that nobody hears must not cost the records.
        let _ = writeln!(self.errors, "{name}:{number}: {}", Printable(&why));
    }

    /// What the file was, when all of it has been read.
    pub(crate) fn verdict(self) -> Verdict {
        match (self.readable, self.held.first()) {
            (0, Some((number, error))) => {
                let name = &self.name;
                let why = error.to_string();
                let why = Printable(&why);
                Verdict::Foreign(format!(
                    "{name} is not a Deadheat report file that this program can read: line {number}: {why}"
                ))
            }
            (0, None) => Verdict::Empty,
            _ if self.unreadable > 0 => Verdict::Damaged,
            _ => Verdict::Whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use deadheat_detector::report::{Outcome, RunInfo};

    fn line() -> String {
        jsonl::to_line(&Record::Outcome(Outcome {
            run: RunInfo::default(),
            races: 0,
            reported: 0,
            goroutines: 1,
            unfinished: 0,
        }))
    }

    fn read(text: &str) -> (u64, String, Verdict) {
        let mut errors = Vec::new();
        let mut records = records(text.as_bytes(), "f", &mut errors);
        let mut found = 0;
        while records.next().unwrap().is_some() {
            found += 1;
        }
        let verdict = records.verdict();
        (found, String::from_utf8(errors).unwrap(), verdict)
    }

    #[test]
    fn whole_and_empty_files_need_no_words() {
        let line = line();
        assert_eq!(
            read(&format!("{line}\n{line}")),
            (2, String::new(), Verdict::Whole)
        );
        assert_eq!(read("\n"), (0, String::new(), Verdict::Empty));
    }

    #[test]
    fn bad_lines_are_named_wherever_they_stand() {
        let line = line();
        let (found, errors, verdict) = read(&format!("a\n\n{{\n{line}\nb\n{line}\n"));
        assert_eq!((found, verdict), (2, Verdict::Damaged));
        let places: Vec<_> = errors.lines().map(|l| &l[..4]).collect();
        assert_eq!(places, ["f:1:", "f:3:", "f:5:"]);
        assert!(errors.contains("f:3: the line is cut short"), "{errors}");
    }

    #[test]
    fn a_foreign_file_gets_one_message() {
        let (found, errors, verdict) = read(&"x\n".repeat(5000));
        assert_eq!((found, errors.as_str()), (0, ""));
        match verdict {
            Verdict::Foreign(why) => assert!(why.contains("line 1: not a line"), "{why}"),
            other => panic!("{other:?}"),
        }
        let (_, errors, _) = read(&format!("{}{}\nx\n", "x\n".repeat(5000), line()));
        assert_eq!(errors.lines().count(), HELD + 2);
        assert!(errors.contains("4000 more lines"));
    }
}
