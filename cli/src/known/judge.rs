//! What a race is by the baseline and the suppressions.

use super::baseline::Baseline;
use super::suppression::Suppression;
use crate::error::UserError;
use crate::shown::Shown;
use crate::summary::number;
use chrono::{NaiveDate, Utc};
use deadheat_detector::report::RaceReport;
use deadheat_detector::report::known::{Known, Reason};
use std::collections::HashSet;
use std::path::Path;

/// What a race is to its reader.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Standing {
    /// News.
    New,
    /// In the baseline.
    Known,
    /// Matched by the suppression of this number.
    Suppressed(usize),
}

/// Holds races against a baseline and suppressions, and notes which of these are of use.
#[derive(Default, Debug)]
pub(crate) struct Judge {
    /// The baseline and what messages call it.
    baseline: Option<(String, Baseline)>,
    /// Those that apply.
    suppressions: Vec<Suppression>,
    expired: Vec<Suppression>,
    known: Known,
    /// The fingerprints of the baseline that came up.
    found: HashSet<String>,
    /// Of each suppression, whether it matched a race.
    used: Vec<bool>,
}

impl Judge {
    /// One that goes by the baseline at a path, if any, and by suppressions.
    pub(crate) fn new(
        baseline: Option<&Path>,
        suppressions: Vec<Suppression>,
    ) -> Result<Self, UserError> {
        let read = |path: &Path| Ok((Shown::path(path).to_string(), Baseline::read(path)?));
        let baseline = baseline.map(read).transpose()?;
        Ok(Self::on(Utc::now().date_naive(), baseline, suppressions))
    }

    fn on(
        today: NaiveDate,
        baseline: Option<(String, Baseline)>,
        suppressions: Vec<Suppression>,
    ) -> Self {
        let (expired, suppressions): (Vec<_>, Vec<_>) = suppressions
            .into_iter()
            .partition(|suppression| suppression.is_expired(today));
        let fingerprints = baseline
            .iter()
            .flat_map(|(_, baseline)| baseline.races.keys());
        Self {
            known: Known {
                fingerprints: fingerprints.cloned().collect(),
                patterns: suppressions.iter().map(|s| s.pattern.clone()).collect(),
            },
            used: vec![false; suppressions.len()],
            baseline,
            suppressions,
            expired,
            found: HashSet::new(),
        }
    }

    /// What processes are to know.
    pub(crate) fn known(&self) -> &Known {
        &self.known
    }

    /// What a race is.
    pub(crate) fn judge(&mut self, report: &RaceReport) -> Standing {
        match self.known.reason(report) {
            None => Standing::New,
            Some(Reason::Fingerprint) => {
                if !self.found.contains(&report.fingerprint) {
                    self.found.insert(report.fingerprint.clone());
                }
                Standing::Known
            }
            Some(Reason::Pattern(number)) => {
                self.used[number] = true;
                Standing::Suppressed(number)
            }
        }
    }

    /// Why the races of a standing are no news.
    pub(crate) fn why(&self, standing: Standing) -> String {
        match (standing, &self.baseline) {
            (Standing::Known, Some((name, _))) => format!("in the baseline {name}"),
            (Standing::Suppressed(number), _) => self.suppressions[number].reason.clone(),
            _ => String::new(),
        }
    }

    /// What is to be said of the baseline and the suppressions once all races are judged.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes: Vec<_> = self.expired.iter().map(Suppression::expiry).collect();
        let unused = self.suppressions.iter().zip(&self.used);
        let unused = unused.filter(|(_, used)| !**used);
        notes.extend(unused.map(|(suppression, _)| {
            format!("{suppression} matched no race: take it out if the race is mended")
        }));
        if let Some((name, baseline)) = &self.baseline {
            let races = baseline.races.iter();
            let stale = races.filter(|(fingerprint, _)| !self.found.contains(*fingerprint));
            let lines: Vec<_> = stale
                .map(|(fingerprint, entry)| format!("\n  {fingerprint}: {}", entry.line()))
                .collect();
            if !lines.is_empty() {
                notes.push(format!(
                    "{} of the baseline {name} did not come up; `deadheat baseline` leaves out what is mended:{}",
                    number(lines.len() as u64, "race"),
                    lines.concat()
                ));
            }
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::super::Entry;
    use super::*;
    use crate::config::toml::Document;
    use crate::sample;

    fn suppressions(text: &str) -> Vec<Suppression> {
        let document = Document::new(Path::new("c.toml"), text.to_owned());
        let all = document
            .table()
            .unwrap()
            .take("s")
            .unwrap()
            .tables()
            .unwrap();
        all.into_iter()
            .map(|table| Suppression::read(table).unwrap())
            .collect()
    }

    fn judge(today: &str, text: &str, known: &[u32]) -> Judge {
        let mut baseline = Baseline::default();
        for line in known {
            let report = sample::race("t", *line);
            let entry = Entry::of(&report);
            baseline.races.insert(report.fingerprint, entry);
        }
        let baseline = Some(("b.toml".to_owned(), baseline));
        Judge::on(today.parse().unwrap(), baseline, suppressions(text))
    }

    const BOTH: &str = "[[s]]\nfile = 'src/bank.rs'\nreason = 'old'\nexpires = '2026-03-31'\n\
                        [[s]]\ncell = 'other'\nreason = 'x'\n";

    #[test]
    fn what_is_known_goes_before_what_is_suppressed() {
        let mut judge = judge("2026-03-31", BOTH, &[42, 43]);
        assert_eq!(judge.judge(&sample::race("t", 42)), Standing::Known);
        let suppressed = judge.judge(&sample::race("t", 50));
        assert_eq!(suppressed, Standing::Suppressed(0));
        assert_eq!(judge.why(suppressed), "old");
        assert_eq!(judge.why(Standing::Known), "in the baseline b.toml");
        let notes = judge.notes().join("\n");
        assert!(
            notes.contains("c.toml:5 (cell other) matched no race"),
            "{notes}"
        );
        assert!(
            notes.contains("1 race of the baseline b.toml did not come up"),
            "{notes}"
        );
        assert!(
            notes.contains("000000000000002b: read in bank::transfer"),
            "{notes}"
        );
        assert!(!notes.contains("expired"), "{notes}");
    }

    #[test]
    fn what_has_expired_is_not_applied() {
        let mut judge = judge("2026-04-01", BOTH, &[]);
        assert_eq!(judge.judge(&sample::race("t", 50)), Standing::New);
        assert!(judge.notes()[0].contains("c.toml:1 (file src/bank.rs) expired on 2026-03-31"));
    }

    #[test]
    fn half_a_suppression_is_refused() {
        let refused = |text: &str| {
            let document = Document::new(Path::new("c.toml"), text.to_owned());
            let table = document.table().unwrap();
            Suppression::read(table).unwrap_err().to_string()
        };
        assert!(refused("reason = 'x'").contains("needs a pattern"));
        assert!(refused("cell = 'x'").contains("\"reason\" is missing"));
        assert!(refused("cell = 'x'\nreason = ''").contains("reason takes a text"));
        assert!(refused("cell = 'x'\nreason = 'y'\nexpires = '31.3.26'").contains("YYYY-MM-DD"));
        assert!(
            refused("cell = 'x'\nreason = 'y'\nexpiry = 1").contains("did you mean \"expires\"?")
        );
    }
}
