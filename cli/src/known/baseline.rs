//! A file of known races: fingerprints, and beside each enough to review it by.
//!
//! Entries are sorted, and hold no lines, which move with every edit.

use crate::config::toml::Document;
use crate::error::UserError;
use crate::shown::Shown;
use crate::words;
use deadheat_detector::report::text::Printable;
use deadheat_detector::report::{Access, RaceReport};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The name of the file, unless another is asked for.
pub(crate) const DEFAULT: &str = "deadheat-baseline.toml";

/// The only form of the file so far.
const VERSION: u64 = 1;

const HEAD: &str = "\
# Races that were known when this was written: `deadheat test --baseline` does not fail because of them.
# `deadheat baseline` writes this file. A `note` of yours stays when it is written anew.
";

/// Known races, by fingerprint.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Baseline {
    pub(crate) races: BTreeMap<String, Entry>,
}

/// One of them, as people see it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Entry {
    cell: String,
    /// What each side did, in which function and file; sorted.
    accesses: Vec<String>,
    /// What somebody wrote beside it.
    pub(crate) note: Option<String>,
}

impl Entry {
    pub(crate) fn of(report: &RaceReport) -> Self {
        let mut accesses = [&report.current, &report.previous].map(access).to_vec();
        accesses.sort_unstable();
        Self {
            cell: words::cell(&report.location),
            accesses,
            note: None,
        }
    }

    /// In one line.
    pub(crate) fn line(&self) -> String {
        let text = format!("{} on {}", self.accesses.join(" races with "), self.cell);
        Printable(&text).to_string()
    }
}

fn access(access: &Access) -> String {
    let kind = words::kind(access);
    // The innermost place and its function, if there is one; else the innermost function.
    let placed = access.stack.iter().find(|frame| frame.at.is_some());
    let Some(frame) = placed.or(access.stack.first()) else {
        return format!("{kind} at an unknown place");
    };
    let name = frame.steady_name();
    let function = Printable(&name);
    match &frame.at {
        Some(at) if frame.is_named() => format!("{kind} in {function} ({})", Printable(&at.file)),
        Some(at) => format!("{kind} in {}", Printable(&at.file)),
        None => format!("{kind} in {function}"),
    }
}

impl Baseline {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self, UserError> {
        let name = Shown::path(path);
        let text = fs::read_to_string(path).map_err(|error| {
            UserError::new(format!(
                "the baseline {name} cannot be read: {error}; `deadheat baseline -o {name}` writes one"
            ))
        })?;
        let document = Document::new(path, text);
        let mut table = document.table()?;
        let version = table.need("version", "this is no baseline")?;
        version.parsed("1: a later form needs a newer deadheat", |text| {
            (text == VERSION.to_string()).then_some(())
        })?;
        let races = table
            .take("race")
            .map(super::super::config::toml::Item::tables)
            .transpose()?;
        table.finish()?;
        let mut baseline = Self::default();
        for mut race in races.unwrap_or_default() {
            let item = race.need("fingerprint", "each race has one")?;
            let fingerprint = item.text()?;
            let entry = Entry {
                cell: race
                    .get("cell", super::super::config::toml::Item::text)?
                    .unwrap_or_default(),
                accesses: race
                    .get("accesses", super::super::config::toml::Item::texts)?
                    .unwrap_or_default(),
                note: race.get("note", super::super::config::toml::Item::text)?,
            };
            if baseline.races.insert(fingerprint, entry).is_some() {
                return Err(
                    item.refused("a fingerprint that no race above has: take one of the two out")
                );
            }
            race.finish()?;
        }
        Ok(baseline)
    }

    /// The file's text.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{HEAD}version = {VERSION}\n");
        let mut races: Vec<_> = self.races.iter().map(|(id, entry)| (entry, id)).collect();
        races.sort_unstable();
        for (entry, fingerprint) in races {
            text += &format!("\n[[race]]\nfingerprint = {}\n", quoted(fingerprint));
            text += &format!("cell = {}\naccesses = [\n", quoted(&entry.cell));
            for access in &entry.accesses {
                text += &format!("    {},\n", quoted(access));
            }
            text += "]\n";
            if let Some(note) = &entry.note {
                text += &format!("note = {}\n", quoted(note));
            }
        }
        text
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn read(text: &str) -> Result<Baseline, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("b.toml");
        fs::write(&path, text).unwrap();
        let base = format!("{}/", folder.path().display());
        Baseline::read(&path).map_err(|error| error.to_string().replace(&base, ""))
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut baseline = Baseline::default();
        assert_eq!(read(&baseline.text()), Ok(baseline.clone()));
        for line in [42, 77] {
            let report = sample::race("t", line);
            let entry = Entry::of(&report);
            baseline.races.insert(report.fingerprint, entry);
        }
        let hostile = "'''\u{1b}\"\"\"\u{202e}\n]";
        let mut entry = Entry::of(&sample::race("t", 1));
        entry.note = Some(hostile.into());
        baseline.races.insert(hostile.into(), entry);
        let text = baseline.text();
        assert_eq!(read(&text), Ok(baseline), "{text}");
        assert!(!text.contains('\u{1b}'));
        let entry = "cell = '\"balance\", Shared<u64>'\naccesses = [\n    \"read in bank::transfer (src/bank.rs)\",\n    \"write in bank::transfer (src/bank.rs)\",\n]\n";
        assert!(text.contains(entry), "{text}");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, why) in [
            ("", "b.toml:1: \"version\" is missing"),
            ("version = 2", "takes 1: a later form"),
            (
                "version = 1\nraces = []",
                "b.toml:2: unknown key \"races\"; did you mean \"race\"?",
            ),
            (
                "version = 1\n[[race]]\ncell = 'x'",
                "b.toml:2: \"fingerprint\" is missing",
            ),
            (
                "version = 1\n[[race]]\nfingerprint = 'x'\nline = 3",
                "b.toml:4: unknown key",
            ),
            (
                "version = 1\n[[race]]\nfingerprint = 'x'\n[[race]]\nfingerprint = 'x'",
                "b.toml:5: ",
            ),
            (
                "version = 1\n[[race]]\nfingerprint = 3",
                "b.toml:3: fingerprint = 3 is",
            ),
            ("version = 1\nrace = [", "b.toml:2: "),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
