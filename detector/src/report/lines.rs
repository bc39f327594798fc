//! The lines of a report file, taken apart so that one bad line costs no other.

use super::Record;
use super::jsonl::{LONGEST_LINE, LineError, from_line};
use std::io::{self, BufRead, Read};

/// How each line begins. Within a string of a record these quotes would stand escaped.
const BEGINNING: &[u8] = b"{\"deadheat\":";

/// A line's number, and what it holds.
pub(super) type Numbered = (u64, io::Result<Result<Record, LineError>>);

/// Reads records from `input`.
pub(super) struct Lines<R> {
    input: R,
    number: u64,
    line: Vec<u8>,
    /// Up to where `line` has been given out.
    start: usize,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            number: 0,
            line: Vec::new(),
            start: 0,
        }
    }

    /// Reads the next line into `line`; says whether there was one.
    fn read_line(&mut self) -> io::Result<Option<Result<(), LineError>>> {
        self.line.clear();
        self.start = 0;
        self.number += 1;
        let mut limited = (&mut self.input).take(LONGEST_LINE as u64 + 1);
        if limited.read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        if self.line.len() <= LONGEST_LINE || self.line.ends_with(b"\n") {
            return Ok(Some(Ok(())));
        }
        self.line = Vec::new();
        self.input.skip_until(b'\n')?;
        Ok(Some(Err(LineError::TooLong)))
    }

    /// Takes one record off what is left of the line.
    fn take_record(&mut self) -> Result<Record, LineError> {
        let rest = &self.line[self.start..];
        let whole = from_line(rest.trim_ascii());
        // Where another record begins within the line, its writer continued a line whose
        // writer had died. Both are given out, one after the other.
        let continued = match whole {
            Err(LineError::NotOurs(_) | LineError::CutShort) => find(&rest[1..], BEGINNING),
            _ => None,
        };
        match continued {
            None => {
                self.start = self.line.len();
                whole
            }
            Some(at) => {
                let first = from_line(rest[..=at].trim_ascii());
                self.start += at + 1;
                first
            }
        }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Numbered;

    fn next(&mut self) -> Option<Numbered> {
        while self.line[self.start..].trim_ascii().is_empty() {
            match self.read_line() {
                Ok(Some(Ok(()))) => {}
                Ok(Some(Err(wrong))) => return Some((self.number, Ok(Err(wrong)))),
                Ok(None) => return None,
                Err(error) => return Some((self.number, Err(error))),
            }
        }
        let record = self.take_record();
        Some((self.number, Ok(record)))
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::jsonl::to_line;
    use crate::report::{Outcome, RunInfo};

    fn outcome() -> Record {
        let run = RunInfo {
            name: "{\"deadheat\":1".into(),
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
    fn a_line_that_continues_a_broken_one_is_not_lost() {
        let line = to_line(&outcome());
        for end in 0..=line.len() {
            let text = format!("{}{line}\n{line}\n", &line[..end]);
            let found: Vec<_> = Lines::new(text.as_bytes())
                .map(|(number, record)| (number, record.unwrap().is_ok()))
                .collect();
            let mut expected = vec![(1, true), (2, true)];
            if end > 0 {
                expected.insert(0, (1, end == line.len()));
            }
            assert_eq!(found, expected, "{end}");
        }
    }

    #[test]
    fn an_endless_line_is_passed_over() {
        let text = io::repeat(b'x')
            .take(2 * LONGEST_LINE as u64 + 5)
            .chain(io::Cursor::new(format!("\n{}", to_line(&outcome()))));
        let found: Vec<_> = Lines::new(io::BufReader::new(text))
            .map(|(number, record)| (number, record.unwrap()))
            .collect();
        assert_eq!(found, [(1, Err(LineError::TooLong)), (2, Ok(outcome()))]);
    }
}
