//! The source around an access, as it was when the program was built.
//!
//! Reports carry these lines, so that whoever shows them later quotes what ran. A file that was
//! changed after the program was built is not quoted at all.

use crate::report::{Excerpt, Position};
use crate::symbolize;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::sync::OnceLock;
use std::time::SystemTime;

/// How many lines are quoted before the place, and how many after it.
const AROUND: u32 = 2;

/// The length in bytes of the longest line that is quoted. Longer ones are nobody's writing.
const LONGEST_LINE: usize = 512;

/// How many bytes of a file are looked through for the place.
const LARGEST_FILE: u64 = 8 << 20;

/// The lines around `at`; `None` where they are not there, or not those that were built.
pub(crate) fn around(at: &Position) -> Option<Excerpt> {
    let path = symbolize::source_path(&at.file);
    let about = fs::metadata(&path).ok()?;
    if !about.is_file() || about.len() > LARGEST_FILE || about.modified().ok()? > built()? {
        return None;
    }
    read(BufReader::new(File::open(path).ok()?), at.line)
}

/// When the running program was built.
fn built() -> Option<SystemTime> {
    static BUILT: OnceLock<Option<SystemTime>> = OnceLock::new();
    let modified = || {
        fs::metadata(std::env::current_exe().ok()?)
            .ok()?
            .modified()
            .ok()
    };
    *BUILT.get_or_init(modified)
}

fn read(file: impl BufRead, line: u32) -> Option<Excerpt> {
    let first_line = line.saturating_sub(AROUND).max(1);
    let count = line.checked_sub(first_line)? + 1 + AROUND;
    let mut lines = Vec::new();
    for text in file.split(b'\n').skip(first_line as usize - 1) {
        if lines.len() == count as usize {
            break;
        }
        let mut text = text.ok()?;
        if text.last() == Some(&b'\r') {
            text.pop();
        }
        if text.len() > LONGEST_LINE {
            return None;
        }
        lines.push(String::from_utf8(text).ok()?);
    }
    let whole = lines.len() as u32 > line - first_line;
    whole.then_some(Excerpt { first_line, lines })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8], line: u32) -> Option<(u32, Vec<String>)> {
        read(text, line).map(|excerpt| (excerpt.first_line, excerpt.lines))
    }

    #[test]
    fn lines_around_the_place_are_quoted_as_far_as_there_are_any() {
        let text = b"one\ntwo\r\nthree\nfour\nfive\nsix";
        let quoted = |line| lines(text, line).unwrap();
        assert_eq!(
            quoted(1),
            (1, ["one", "two", "three"].map(String::from).into())
        );
        assert_eq!(quoted(4).0, 2);
        assert_eq!(quoted(4).1, ["two", "three", "four", "five", "six"]);
        assert_eq!(
            quoted(6),
            (4, ["four", "five", "six"].map(String::from).into())
        );
    }

    #[test]
    fn what_is_not_there_or_no_text_is_not_quoted() {
        assert_eq!(lines(b"one\ntwo", 3), None);
        assert_eq!(lines(b"one", 0), None);
        assert_eq!(lines(b"\xff", 1), None);
        assert_eq!(lines(&[b'x'; LONGEST_LINE + 1], 1), None);
        assert_eq!(lines(b"", u32::MAX), None);
    }

    #[test]
    fn a_file_that_is_not_there_is_not_quoted() {
        let file = "no/such/file.rs".to_owned();
        let at = Position {
            file,
            line: 1,
            column: 1,
        };
        assert_eq!(around(&at), None);
    }
}
