//! Races that are no news: those of a baseline, by their fingerprints, and those that a pattern
//! suppresses.
//!
//! A launcher writes them to a file and names it in the `DEADHEAT` variable (`known=FILE`). The
//! processes that it starts then neither print such races nor fail tests because of them; they still
//! add them to the report file, so that whoever reads it can count them.

use super::{Access, MemoryLocation, RaceReport};
use crate::fingerprint::without_hash;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use wildmatch::WildMatch;

/// Races that are no news.
///
/// # Example
///
/// ```
/// use deadheat_detector::report::known::{Known, Pattern};
///
/// let known = Known {
///     fingerprints: ["00c0ffee00c0ffee".to_owned()].into(),
///     patterns: vec![Pattern { file: Some("src/legacy/*".into()), ..Pattern::default() }],
/// };
/// assert!(!known.is_empty());
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Known {
    /// The fingerprints of a baseline.
    #[serde(default)]
    pub fingerprints: BTreeSet<String>,
    /// Patterns, each of which suppresses the races that it matches.
    #[serde(default)]
    pub patterns: Vec<Pattern>,
}

/// Why a race is no news.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// Its fingerprint is known.
    Fingerprint,
    /// It matches the pattern of this number.
    Pattern(usize),
}

/// What a race must look like: everything that is given must match.
///
/// In a pattern, `*` stands for any characters, also none and also separators, and `?` for one.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Pattern {
    /// A function of either stack, as reports name it; with or without `()` at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// A file of either stack, as reports name it, with `/` between folders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The cell's name or type, such as `hits` or `Shared<u64>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
}

impl Known {
    /// Reads what a launcher has written.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read, or is no such file.
    pub fn read(path: &Path) -> io::Result<Self> {
        let text = std::fs::read(path)?;
        serde_json::from_slice(&text).map_err(io::Error::from)
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fingerprints.is_empty() && self.patterns.is_empty()
    }

    /// Why a race is no news; `None` where it is. A fingerprint goes before patterns, and a pattern
    /// before those after it.
    #[must_use]
    pub fn reason(&self, report: &RaceReport) -> Option<Reason> {
        if self.fingerprints.contains(&report.fingerprint) {
            return Some(Reason::Fingerprint);
        }
        let mut patterns = self.patterns.iter();
        let place = patterns.position(|pattern| pattern.matches(report))?;
        Some(Reason::Pattern(place))
    }
}

impl Pattern {
    /// Whether a race looks like this. A pattern that says nothing matches none.
    #[must_use]
    pub fn matches(&self, report: &RaceReport) -> bool {
        if self.function.is_none() && self.file.is_none() && self.cell.is_none() {
            return false;
        }
        let accesses = [&report.current, &report.previous];
        let given = |pattern: &Option<String>, matches: &dyn Fn(&str) -> bool| {
            pattern.as_deref().is_none_or(matches)
        };
        given(&self.function, &|pattern| has_function(accesses, pattern))
            && given(&self.file, &|pattern| has_file(accesses, pattern))
            && given(&self.cell, &|pattern| is_cell(&report.location, pattern))
    }
}

fn has_function(accesses: [&Access; 2], pattern: &str) -> bool {
    let pattern = WildMatch::new(pattern.strip_suffix("()").unwrap_or(pattern));
    let mut frames = accesses.iter().flat_map(|access| &access.stack);
    frames.any(|frame| {
        frame.is_named()
            && (pattern.matches(without_hash(&frame.function))
                || pattern.matches(&frame.steady_name()))
    })
}

fn has_file(accesses: [&Access; 2], pattern: &str) -> bool {
    let pattern = WildMatch::new(pattern);
    let frames = accesses.iter().flat_map(|access| &access.stack);
    let mut places = frames.filter_map(|frame| frame.at.as_ref());
    places.any(|at| pattern.matches(&at.file.replace('\\', "/")))
}

fn is_cell(location: &MemoryLocation, pattern: &str) -> bool {
    let pattern = WildMatch::new(pattern);
    let names = [&location.name, &location.cell];
    let mut names = names.into_iter().flatten();
    names.any(|name| pattern.matches(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::AccessKind;
    use crate::report::{Goroutine, Position, RunInfo, StackFrame, Unordered};

    fn access(function: &str, file: &str) -> Access {
        Access {
            kind: AccessKind::Write,
            operation: None,
            size: 8,
            goroutine: 1,
            stack: vec![StackFrame {
                function: function.into(),
                at: Some(Position {
                    file: file.into(),
                    line: 3,
                    column: 9,
                }),
            }],
            locks: None,
            source: None,
        }
    }

    fn report() -> RaceReport {
        let goroutine = Goroutine {
            id: 1,
            name: None,
            finished: false,
            creator: None,
            created_at: Vec::new(),
        };
        RaceReport {
            fingerprint: "f".into(),
            run: RunInfo::default(),
            current: access(
                "bank::<[u8] as Pay>::put::{closure#0}::h0123456789abcdef",
                "src/bank/pay.rs",
            ),
            previous: access(StackFrame::UNNAMED, "src\\teller.rs"),
            location: MemoryLocation {
                address: 0,
                size: 8,
                cell: Some("Shared<u64>".into()),
                name: Some("balance".into()),
                index: None,
                declared: None,
                allocated: None,
            },
            goroutines: [goroutine.clone(), goroutine],
            unordered: Unordered {
                previous_release: None,
                released_after_access: false,
                current_acquire: None,
            },
            others: vec![],
            dependent: false,
        }
    }

    #[track_caller]
    fn check(function: &str, file: &str, cell: &str, expected: bool) {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let pattern = Pattern {
            function: given(function),
            file: given(file),
            cell: given(cell),
        };
        assert_eq!(pattern.matches(&report()), expected, "{pattern:?}");
    }

    #[test]
    fn each_part_of_a_pattern_must_match() {
        check("", "", "", false);
        check("bank::*", "", "", true);
        check("bank", "", "", false);
        check("bank::<[u8] as Pay>::put::{closure}", "", "", true);
        check("bank::<[u8] as Pay>::put::{closure#0}()", "", "", true);
        check("bank::<[u8] as Pay>::put::{closure#1}", "", "", false);
        check("<no debug*", "", "", false);
        check("", "src/*.rs", "", true);
        check("", "src/teller.rs", "", true);
        check("", "teller.rs", "", false);
        check("", "", "balance", true);
        check("", "", "Shared<*>", true);
        check("", "", "balanc", false);
        check("*put*", "*/bank/*", "balanc?", true);
        check("*put*", "*/bank/*", "other", false);
    }

    #[test]
    fn fingerprints_go_before_patterns() {
        let pattern = |cell: &str| Pattern {
            cell: Some(cell.into()),
            ..Pattern::default()
        };
        let mut known = Known {
            fingerprints: ["f".to_owned()].into(),
            patterns: vec![pattern("other"), pattern("bal*"), pattern("*")],
        };
        assert_eq!(known.reason(&report()), Some(Reason::Fingerprint));
        known.fingerprints.clear();
        assert_eq!(known.reason(&report()), Some(Reason::Pattern(1)));
        known.patterns.truncate(1);
        assert_eq!(known.reason(&report()), None);
    }
}
