//! JUnit's XML: a suite for each crate, a case for each test; what was found fails it.
//!
//! Control characters cannot stand in XML, and are shown escaped.

use crate::collected::{Collected, Found};
use crate::known::Standing;
use crate::words;
use deadheat_detector::report::text::{self, Printable};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;
use std::io::{self, Write};

pub(super) fn write(collected: &Collected, out: &mut dyn Write) -> io::Result<()> {
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    let found = Findings::of(collected);
    for test in &collected.tests {
        let (suite, name) = test.split_once("::").unwrap_or((test, test));
        let mut case = TestCase::new(Printable(name).to_string(), found.status(test));
        case.set_classname(Printable(suite).to_string());
        let new = || TestSuite::new(Printable(suite).to_string());
        suites.entry(suite).or_insert_with(new).add_test_case(case);
    }
    let mut report = Report::new("deadheat");
    report.add_test_suites(suites.into_values());
    report.serialize(out).map_err(io::Error::other)
}

/// What each test found, as a heading and a text.
struct Findings<'a>(BTreeMap<&'a str, Vec<(String, String)>>);

impl<'a> Findings<'a> {
    fn of(collected: &'a Collected) -> Self {
        let mut by_test: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        let new = |race: &&Found| race.standing == Standing::New;
        for race in collected.races.iter().filter(new) {
            for (test, run) in &race.tests {
                let mut report = race.report.clone();
                report.run = run.clone();
                let mut text = text::race(&report);
                for places in race.other_places() {
                    text += &format!("The same race was found at {}.\n", words::also(places));
                }
                let finding = (words::title(&report), text);
                by_test.entry(test).or_default().push(finding);
            }
        }
        for failure in &collected.failures {
            let title = words::failure(failure.kind).to_owned();
            let finding = (title, text::failure(failure));
            by_test.entry(&failure.run.name).or_default().push(finding);
        }
        Self(by_test)
    }

    fn status(&self, test: &str) -> TestCaseStatus {
        let Some(found) = self.0.get(test) else {
            return TestCaseStatus::success();
        };
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let message = match &found[..] {
            [(title, _)] => title.clone(),
            more => format!("{} and {} more", more[0].0, more.len() - 1),
        };
        let texts: String = found.iter().map(|(_, text)| text.as_str()).collect();
        status
            .set_type("deadheat")
            .set_message(message)
            .set_description(texts);
        status
    }
}
