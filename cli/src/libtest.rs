//! The numbers in a test binary's output.
//!
//! The standard test harness ends the output of each binary with a line such as
//! `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s`,
//! with a coloured word where it writes to a terminal or is told to.

use crate::pump::Scan;
use crate::suite_bar::SuiteBar;

/// How many tests of each fate there were.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
    /// How many binaries gave these numbers.
    pub(crate) binaries: u64,
    /// How many tests the binaries said that they run, of those that have begun.
    pub(crate) announced: u64,
    /// How many of these are over, as far as the output tells.
    pub(crate) done: u64,
    /// How many of those failed.
    pub(crate) done_failed: u64,
}

impl Counts {
    /// Takes those of a further run.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.binaries += other.binaries;
        self.announced += other.announced;
        self.done += other.done;
        self.done_failed += other.done_failed;
    }
}

/// No line of numbers is longer; of a longer line only this much is kept.
const LONGEST: usize = 512;

/// Finds the lines of numbers in an output that comes in pieces.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    line: Vec<u8>,
    counts: Counts,
    bar: Option<SuiteBar>,
}

impl Scan for Scanner {
    fn scan<'a>(&'a mut self, piece: &'a [u8]) -> &'a [u8] {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            let room = LONGEST - self.line.len();
            self.line.extend(part.iter().take(room));
            if part.ends_with(b"\n") {
                self.end_line();
            }
        }
        if let Some(bar) = &self.bar {
            bar.show(self.counts);
        }
        piece
    }

    fn counts(&self) -> Counts {
        self.counts
    }
}

impl Scanner {
    /// One that shows on a bar what it finds.
    pub(crate) fn showing(bar: Option<SuiteBar>) -> Self {
        Self {
            bar,
            ..Self::default()
        }
    }

    fn end_line(&mut self) {
        if let Some([passed, failed, ignored]) = numbers(&self.line) {
            self.counts.passed += passed;
            self.counts.failed += failed;
            self.counts.ignored += ignored;
            self.counts.binaries += 1;
            self.counts.done = self.counts.announced;
        } else if let Some(line) = one_test(&self.line) {
            match line {
                Line::Begin(tests) => {
                    // A binary that died before this one has said no more of its tests.
                    self.counts.done = self.counts.announced;
                    self.counts.announced += tests;
                }
                Line::End { failed } if self.counts.done < self.counts.announced => {
                    self.counts.done += 1;
                    self.counts.done_failed += u64::from(failed);
                }
                Line::End { .. } => {}
            }
        }
        self.line.clear();
    }
}

/// A line about a binary's tests, before that of its numbers.
#[derive(PartialEq, Eq, Debug)]
enum Line {
    /// So many are run.
    Begin(u64),
    /// One is over.
    End { failed: bool },
}

/// What a line such as `running 3 tests` or `test name ... ok` says.
fn one_test(line: &[u8]) -> Option<Line> {
    if !line.starts_with(b"running ") && !line.starts_with(b"test ") {
        return None;
    }
    let line = without_colours(std::str::from_utf8(line).ok()?);
    let line = line.trim_end();
    if let Some(rest) = line.strip_prefix("running ") {
        let (number, what) = rest.split_once(' ')?;
        let tests = matches!(what, "test" | "tests");
        return number.parse().ok().filter(|_| tests).map(Line::Begin);
    }
    let (_, fate) = line.rsplit_once(" ... ")?;
    let fate = fate.split([',', ' ']).next()?;
    match fate {
        "ok" | "ignored" => Some(Line::End { failed: false }),
        "FAILED" => Some(Line::End { failed: true }),
        _ => None,
    }
}

/// The tests that passed, failed and were ignored, where `line` tells.
fn numbers(line: &[u8]) -> Option<[u64; 3]> {
    let line = without_colours(std::str::from_utf8(line).ok()?);
    let (verdict, rest) = line.strip_prefix("test result: ")?.split_once(". ")?;
    if !matches!(verdict, "ok" | "FAILED") {
        return None;
    }
    let mut numbers = rest.split("; ").map(|part| part.split_once(' '));
    let mut number = |of: &str| match numbers.next()?? {
        (number, what) if what.trim_end() == of => number.parse::<u64>().ok(),
        _ => None,
    };
    Some([number("passed")?, number("failed")?, number("ignored")?])
}

/// `line` without escape sequences that set colours: `ESC [ … m`, and the `ESC ( B` that some
/// terminals' reset begins with.
fn without_colours(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    while let Some((before, sequence)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = match sequence.strip_prefix('[') {
            Some(after) => after.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';'),
            None => sequence.strip_prefix('(').unwrap_or(sequence),
        };
        let mut chars = rest.chars();
        chars.next();
        rest = chars.as_str();
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: &str = "test result: ok. 3 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";

    #[test]
    fn lines_of_numbers_are_read() {
        assert_eq!(numbers(OK.as_bytes()), Some([3, 0, 2]));
        let coloured = OK.replace("ok", "\u{1b}[1;31mFAILED\u{1b}(B\u{1b}[m");
        assert_eq!(numbers(coloured.as_bytes()), Some([3, 0, 2]));
        for other in [
            "",
            "test result: ok",
            "test result: fine. 3 passed; 0 failed; 2 ignored",
            "test result: ok. 3 passed; x failed; 2 ignored",
            "test result: ok. 3 failed; 0 passed; 2 ignored",
            "the test result: ok. 3 passed; 0 failed; 2 ignored",
            "\u{1b}",
        ] {
            assert_eq!(numbers(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn lines_of_single_tests_are_read() {
        let end = |failed| Some(Line::End { failed });
        for (line, expected) in [
            ("running 3 tests\n", Some(Line::Begin(3))),
            ("running 1 test\r\n", Some(Line::Begin(1))),
            ("running 3 things\n", None),
            ("running\n", None),
            ("test a::b ... ok\n", end(false)),
            (
                "test a - should panic ... \u{1b}[32mok\u{1b}[m\n",
                end(false),
            ),
            ("test a ... ignored, too slow\n", end(false)),
            ("test a ... FAILED\n", end(true)),
            ("test a ... FAILED (time limit exceeded)\n", end(true)),
            ("test a ... \n", None),
            ("test a has been running for over 60 seconds\n", None),
            ("a test ... ok\n", None),
        ] {
            assert_eq!(one_test(line.as_bytes()), expected, "{line:?}");
        }
        let mut scanner = Scanner::default();
        scanner.scan(b"running 3 tests\ntest a ... ok\ntest b ... FAILED\n");
        let counts = scanner.counts();
        assert_eq!(
            (counts.announced, counts.done, counts.done_failed),
            (3, 2, 1)
        );
        // It died; the next binary says all that it can.
        scanner.scan(b"running 2 tests\ntest a ... ok\n");
        assert_eq!((scanner.counts().announced, scanner.counts().done), (5, 4));
        scanner.scan(OK.as_bytes());
        assert_eq!(scanner.counts().done, 5);
    }

    #[test]
    fn pieces_are_put_together() {
        let output = format!(
            "running 5 tests\n\n{}\n{OK}\u{1b}{OK}{OK}",
            "x".repeat(9000)
        );
        for size in [1, 7, 64, output.len()] {
            let mut scanner = Scanner::default();
            for piece in output.as_bytes().chunks(size) {
                scanner.scan(piece);
            }
            let counts = scanner.counts();
            assert_eq!((counts.passed, counts.failed, counts.ignored), (6, 0, 4));
            assert_eq!(counts.binaries, 2);
        }
    }
}
