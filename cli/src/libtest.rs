//! The numbers in a test binary's output.
//!
//! The standard test harness ends the output of each binary with a line such as
//! `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s`,
//! with a coloured word where it writes to a terminal or is told to.

use crate::pump::Scan;

/// How many tests of each fate there were.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
    /// How many binaries gave these numbers.
    pub(crate) binaries: u64,
}

impl Counts {
    /// Takes those of a further run.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.binaries += other.binaries;
    }
}

/// No line of numbers is longer; of a longer line only this much is kept.
const LONGEST: usize = 512;

/// Finds the lines of numbers in an output that comes in pieces.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    line: Vec<u8>,
    counts: Counts,
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
        piece
    }

    fn counts(&self) -> Counts {
        self.counts
    }
}

impl Scanner {
    fn end_line(&mut self) {
        if let Some([passed, failed, ignored]) = numbers(&self.line) {
            self.counts.passed += passed;
            self.counts.failed += failed;
            self.counts.ignored += ignored;
            self.counts.binaries += 1;
        }
        self.line.clear();
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
