//! `deadheat baseline`: the races of saved reports become known ones.

use crate::args::BaselineArgs;
use crate::config;
use crate::console;
use crate::error::UserError;
use crate::exit::Exit;
use crate::input::Input;
use crate::known::{Baseline, DEFAULT_BASELINE, Entry, Judge, Standing};
use crate::output::{Output, refuse_same};
use crate::records::{Verdict, records};
use crate::saved;
use crate::summary::number;
use deadheat_detector::report::Record;
use std::io::{self, BufReader, Write};
use std::path::Path;

pub(crate) fn execute(args: &BaselineArgs) -> Result<Exit, UserError> {
    let config = config::load_here()?;
    let to = args.output.as_deref().or(config.baseline.as_deref());
    let to = to.unwrap_or(Path::new(DEFAULT_BASELINE));
    let before = if to.exists() {
        Baseline::read(to)?
    } else {
        Baseline::default()
    };
    // What is suppressed has its reason where the suppression stands.
    let mut judge = Judge::new(None, config.suppressions)?;
    let mut found = Baseline::default();
    for file in &saved::files(&args.files)? {
        refuse_same(file, to)?;
        read(file, &mut judge, &mut found)?;
    }
    let difference = merge(&mut found, &before, args.keep);
    let output = Output::create(to)?;
    let name = output.name().to_owned();
    let written = (&output).write_all(found.text().as_bytes());
    written
        .and_then(|()| (&output).flush())
        .map_err(|error| UserError::new(format!("{name} cannot be written: {error}")))?;
    output.commit()?;
    let races = number(found.races.len() as u64, "race");
    console::note(format_args!("{name} holds {races}: {difference}"));
    judge.notes().iter().for_each(console::note);
    Ok(Exit::Clean)
}

/// Adds the races of a file, all lines of which must be readable: what is missing from a baseline
/// would be called new.
fn read(file: &Path, judge: &mut Judge, found: &mut Baseline) -> Result<(), UserError> {
    let Input { name, bytes, .. } = Input::open(file)?;
    let cannot = |error| UserError::new(format!("{name} cannot be read: {error}"));
    let mut records = records(
        BufReader::with_capacity(1 << 18, bytes),
        &name,
        io::stderr(),
    );
    while let Some(record) = records.next().map_err(cannot)? {
        if let Record::Race(report) = record
            && judge.judge(&report) == Standing::New
            && !found.races.contains_key(&report.fingerprint)
        {
            let entry = Entry::of(&report);
            found.races.insert(report.fingerprint, entry);
        }
    }
    match records.verdict() {
        Verdict::Whole | Verdict::Empty => Ok(()),
        Verdict::Foreign(why) => Err(UserError::new(why)),
        Verdict::Damaged => Err(UserError::new(format!(
            "{name} has lines that cannot be read, so races may be missing: nothing is written; run the tests again, or take those lines out"
        ))),
    }
}

/// Takes over what is to stay of the file that was there, and tells what has changed.
fn merge(found: &mut Baseline, before: &Baseline, keep: bool) -> String {
    let races = found.races.keys();
    let added = races
        .filter(|race| !before.races.contains_key(*race))
        .count();
    let mut gone = 0;
    for (fingerprint, old) in &before.races {
        match found.races.get_mut(fingerprint) {
            Some(entry) => entry.note.clone_from(&old.note),
            None if keep => {
                found.races.insert(fingerprint.clone(), old.clone());
            }
            None => gone += 1,
        }
    }
    let stayed = found.races.len() - added;
    format!("{added} added, {stayed} as before, {gone} gone")
}
