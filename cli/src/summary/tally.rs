//! The sums over all records.

use super::failure::{FailureId, FoundFailure};
use super::race::UniqueRace;
use crate::known::{Judge, Standing};
use deadheat_detector::report::Record;
use deadheat_detector::report::text::Printable;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What records add up to. It grows with the number of unique races, not of records.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    records: u64,
    runs: u64,
    race_records: u64,
    /// The races that ended runs counted, repetitions of a reported race included.
    counted_races: u64,
    /// By fingerprint.
    races: HashMap<String, UniqueRace>,
    /// The tests of which there is a report of a race, and those whose runs counted one.
    reported: HashSet<String>,
    counted: HashSet<String>,
    judge: Judge,
    failures: BTreeMap<FailureId, FoundFailure>,
}

impl Summary {
    /// One that judges races.
    pub(crate) fn new(judge: Judge) -> Self {
        Self {
            judge,
            ..Self::default()
        }
    }

    /// What a race of a standing is no news for.
    pub(crate) fn judge(&self) -> &Judge {
        &self.judge
    }

    /// Takes a record, and tells what it is to its reader; all but races are news.
    pub(crate) fn add(&mut self, record: &Record) -> Standing {
        self.records += 1;
        let mut standing = Standing::New;
        match record {
            Record::Race(report) => {
                self.race_records += 1;
                standing = self.judge.judge(report);
                if !self.reported.contains(&report.run.name) {
                    self.reported.insert(report.run.name.clone());
                }
                if let Some(race) = self.races.get_mut(&report.fingerprint) {
                    race.add(report, standing);
                } else {
                    let race = UniqueRace::new(report, standing);
                    self.races.insert(report.fingerprint.clone(), race);
                }
            }
            Record::Failure(failure) => {
                self.failures
                    .entry(FailureId::new(failure))
                    .or_insert_with(|| FoundFailure::new(failure))
                    .count();
            }
            Record::Outcome(outcome) => {
                self.runs += 1;
                self.counted_races = self.counted_races.saturating_add(outcome.races);
                if outcome.races > 0 && !self.counted.contains(&outcome.run.name) {
                    self.counted.insert(outcome.run.name.clone());
                }
            }
        }
        standing
    }

    /// Whether there was no record at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// How many runs came to their end.
    pub(crate) fn runs(&self) -> u64 {
        self.runs
    }

    /// How often a race was found. A process that is killed counts only what it reported.
    pub(crate) fn races(&self) -> u64 {
        self.counted_races.max(self.race_records)
    }

    /// Whether anything was found.
    pub(crate) fn found(&self) -> bool {
        self.races() > 0 || !self.failures.is_empty()
    }

    /// Whether a race was found that is news, or one whose report is lost.
    pub(crate) fn has_new(&self) -> bool {
        let mut races = self.races.values();
        races.any(|race| race.standing() == Standing::New) || !self.lost().is_empty()
    }

    /// The tests whose runs counted races of which there is no report.
    fn lost(&self) -> Vec<&String> {
        let mut lost: Vec<_> = self.counted.difference(&self.reported).collect();
        lost.sort_unstable();
        lost
    }

    /// The unique races of one standing, those first that follow from no other.
    fn race_lines(&self, standing: Standing) -> Vec<String> {
        let races = self.races.values();
        let lines = races
            .filter(|race| race.standing() == standing)
            .map(|race| (race.is_dependent(), race.to_string()));
        let mut lines: Vec<_> = lines.collect();
        lines.sort_unstable();
        counted(lines.into_iter().map(|(_, line)| line))
    }

    /// Several lines that end in a line feed; `prefix` stands before each heading.
    pub(crate) fn text(&self, prefix: &str) -> String {
        let mut text = section(prefix, &self.heading(), self.race_lines(Standing::New));
        let mut old: Vec<_> = self.races.values().map(UniqueRace::standing).collect();
        old.sort_unstable();
        old.dedup();
        for standing in old.into_iter().filter(|found| *found != Standing::New) {
            let lines = self.race_lines(standing);
            let word = match standing {
                Standing::Suppressed(_) => "suppressed",
                Standing::New | Standing::Known => "known",
            };
            let unique = self.races.values();
            let unique = unique.filter(|race| race.standing() == standing).count();
            let why = Printable(&self.judge.why(standing)).to_string();
            let races = number(unique as u64, "race");
            text += &section(prefix, &format!("{races} {word}, {why}:"), lines);
        }
        if !self.failures.is_empty() {
            let lines: Vec<_> = self
                .failures
                .iter()
                .map(|(id, failure)| failure.line(id))
                .collect();
            let failures = number(lines.len() as u64, "failure");
            text += &section(prefix, &format!("{failures} without a race:"), lines);
        }
        text
    }

    fn heading(&self) -> String {
        let found = number(self.races(), "data race");
        let unique = self.races.len();
        let races = self.races.values();
        let new = races
            .filter(|race| race.standing() == Standing::New)
            .count();
        let mut heading = match (self.races(), unique) {
            (0, _) => return "no data race found".to_owned(),
            (_, 0) => return format!("{found} found, whose reports are lost"),
            _ if new == unique => format!("{found} found, {unique} unique:"),
            _ if new == 0 => format!("{found} found, {unique} unique, none of them new"),
            _ => format!("{found} found, {unique} unique, {new} of them new:"),
        };
        let lost = self.lost().len() as u64;
        if new < unique && lost > 0 {
            let tests = number(lost, "test");
            heading += &format!(" (the reports of {tests} are lost, and count as new)");
        }
        heading
    }
}

/// Lines, each once, with how many call paths share it.
fn counted(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut counted: Vec<(String, u32)> = Vec::new();
    for line in lines {
        match counted.last_mut() {
            Some((last, count)) if *last == line => *count += 1,
            _ => counted.push((line, 1)),
        }
    }
    let shown = counted.into_iter().map(|(line, count)| match count {
        1 => line,
        paths => format!("{line}; by {paths} call paths"),
    });
    shown.collect()
}

fn section(prefix: &str, heading: &str, lines: Vec<String>) -> String {
    let mut text = format!("{prefix}{heading}\n");
    for line in lines {
        text += &format!("  {line}\n");
    }
    text
}

/// A number with the word for what it counts.
pub(crate) fn number(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use deadheat_detector::report::RaceReport;

    fn text(records: &[Record]) -> String {
        let mut summary = Summary::default();
        for record in records {
            summary.add(record);
        }
        summary.text("> ")
    }

    fn changed(change: impl FnOnce(&mut RaceReport)) -> String {
        let mut race = sample::race("t", 42);
        change(&mut race);
        let text = text(&[Record::Race(Box::new(race))]);
        text.lines().nth(1).unwrap_or_default().to_owned()
    }

    #[test]
    fn each_kind_of_record_has_its_words() {
        assert_eq!(
            text(&sample::records()),
            "> 3 data races found, 1 unique:\n  \
             write at src/bank.rs:42:9 races with read at src/bank.rs:41:9 on \"balance\", \
             Shared<u64> declared at src/bank.rs:1:9 in bank::transfer_races (seed 7)\n\
             > 1 failure without a race:\n  \
             deadlock in bank::audit_hangs (seed 7): all goroutines are asleep\n"
        );
        assert_eq!(text(&[]), "> no data race found\n");
    }

    #[test]
    fn first_races_come_first_and_equal_lines_once() {
        let race = |fingerprint: &str, line, dependent| {
            let mut race = sample::race("t", line);
            race.fingerprint = fingerprint.to_owned();
            race.dependent = dependent;
            Record::Race(Box::new(race))
        };
        let records = [
            race("a", 10, true),
            race("b", 20, false),
            race("c", 20, false),
        ];
        let text = text(&records);
        let lines: Vec<_> = text.lines().collect();
        assert!(
            lines[1].contains("bank.rs:20") && lines[1].ends_with("; by 2 call paths"),
            "{text}"
        );
        assert!(lines[2].contains("bank.rs:10"), "{text}");
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn a_race_of_several_tests_is_one() {
        let race = |test: &str, line| Record::Race(Box::new(sample::race(test, line)));
        let records = [
            race("b", 42),
            race("a", 42),
            race("b", 42),
            race("c", 42),
            race("d", 42),
            race("e", 42),
            race("a", 7),
        ];
        let text = text(&records);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "> 7 data races found, 2 unique:");
        assert!(lines[1].ends_with("in a (seed 7), b (seed 7), c (seed 7) and 2 more tests"));
        assert!(lines[2].starts_with("  write at src/bank.rs:7:9"), "{text}");
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn a_killed_process_counts_what_it_reported() {
        let mut records = sample::records();
        records.retain(|record| !matches!(record, Record::Outcome(_)));
        assert!(text(&records).starts_with("> 1 data race found, 1 unique:"));
        let outcome = Record::Outcome(sample::outcome("t", 2));
        assert_eq!(
            text(&[outcome]),
            "> 2 data races found, whose reports are lost\n"
        );
    }

    #[test]
    fn failures_are_told_once_for_a_test() {
        let failure = Record::Failure(sample::failure("t"));
        let text = text(&[failure.clone(), failure]);
        assert!(
            text.contains("> 1 failure without a race:\n  deadlock in t (seed 7, 2 times): all"),
            "{text}"
        );
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let line = changed(|race| {
            race.location.name = None;
            race.location.declared = None;
            race.location.index = Some(3);
            race.current.stack[0].at = None;
            race.previous.stack.clear();
            race.dependent = true;
        });
        assert_eq!(
            line,
            "  write in bank::transfer races with read at an unknown place on element 3 of \
             Shared<u64> in t (seed 7); may follow from an earlier race"
        );
        let line = changed(|race| {
            race.location.name = None;
            race.location.cell = None;
            race.location.declared = None;
        });
        assert!(line.contains(" on 8 bytes at 0x1000 in t"), "{line}");
    }

    #[test]
    fn strings_from_programs_cannot_drive_a_terminal() {
        let hostile = "\u{1b}]0;x\u{7}\r\n\u{202e}";
        let line = changed(|race| {
            race.run.name = hostile.into();
            race.location.name = Some(hostile.into());
            race.location.cell = Some(hostile.into());
            for place in [&mut race.current, &mut race.previous] {
                place.stack[0].at.as_mut().unwrap().file = hostile.into();
            }
            race.location.declared.as_mut().unwrap().file = hostile.into();
        });
        let mut failure = sample::failure(hostile);
        failure.message = hostile.into();
        let text = text(&[Record::Failure(failure)]) + &line;
        assert_eq!(line.matches(r"\u{1b}]0;x").count(), 6, "{line}");
        for c in ['\u{1b}', '\u{7}', '\r', '\u{202e}'] {
            assert!(!text.contains(c), "{text:?}");
        }
    }
}
