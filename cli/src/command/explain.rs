//! `deadheat explain`: a race in plain words.

use crate::args::{ColourChoice, ExplainArgs};
use crate::collected::add_others;
use crate::console;
use crate::error::UserError;
use crate::exit::Exit;
use crate::explain::explain;
use crate::input::Input;
use crate::look::Look;
use crate::records::{Verdict, records};
use crate::saved;
use crate::words;
use deadheat_detector::report::text::Printable;
use deadheat_detector::report::{RaceReport, Record};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{self, BufReader, IsTerminal, Write};
use std::path::Path;

pub(crate) fn execute(args: &ExplainArgs) -> Result<Exit, UserError> {
    let files = saved::files(&args.files)?;
    let mut found = BTreeMap::new();
    for file in &files {
        find(file, &args.race, &mut found)?;
    }
    let report = choose(&args.race, found)?;
    let look = Look::new(ColourChoice::Never, io::stdout().is_terminal());
    let mut text = format!("{}\n", words::title(&report));
    for part in explain(&report) {
        text += &format!("\n{}\n", part.heading);
        for line in part.text.lines() {
            text += &line_of(line, look.width);
        }
    }
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if !console::is_closed(&error) => Err(UserError::new(format!(
            "the standard output cannot be written: {error}"
        ))),
        _ => Ok(Exit::Clean),
    }
}

/// A line, indented. A frame of a stack is one line, however long; the rest is wrapped.
fn line_of(line: &str, width: usize) -> String {
    if line.starts_with("  ") {
        return format!("  {line}\n");
    }
    let options = textwrap::Options::new(width)
        .initial_indent("  ")
        .subsequent_indent("  ");
    format!("{}\n", textwrap::fill(line, options))
}

/// Adds the races of a file whose fingerprints begin with `wanted`.
fn find(
    file: &Path,
    wanted: &str,
    found: &mut BTreeMap<String, RaceReport>,
) -> Result<(), UserError> {
    let Input { name, bytes, .. } = Input::open(file)?;
    let cannot = |error| UserError::new(format!("{name} cannot be read: {error}"));
    let mut records = records(BufReader::new(bytes), &name, io::stderr());
    while let Some(record) = records.next().map_err(cannot)? {
        if let Record::Race(report) = record
            && report.fingerprint.starts_with(wanted)
        {
            match found.entry(report.fingerprint.clone()) {
                Entry::Vacant(place) => {
                    place.insert(*report);
                }
                Entry::Occupied(mut kept) => add_others(kept.get_mut(), &report),
            }
        }
    }
    match records.verdict() {
        Verdict::Foreign(why) => Err(UserError::new(why)),
        Verdict::Whole | Verdict::Damaged | Verdict::Empty => Ok(()),
    }
}

/// The one race that is meant.
fn choose(wanted: &str, found: BTreeMap<String, RaceReport>) -> Result<RaceReport, UserError> {
    let wanted = Printable(wanted);
    let all: Vec<_> = found
        .keys()
        .map(|known| Printable(known).to_string())
        .collect();
    if all.len() > 1 {
        let all = all.join(", ");
        return Err(UserError::new(format!(
            "{wanted} is the beginning of several races: {all}; write one of them"
        )));
    }
    found.into_values().next().ok_or_else(|| {
        UserError::new(format!(
            "no report has the fingerprint {wanted}; name the report file that has it, or see what `deadheat report` prints"
        ))
    })
}
