//! `deadheat merge`: the reports of a suite's parts in one file.
//!
//! Lines are taken over as they are, so that nothing is lost that a later version has added.

use crate::args::MergeArgs;
use crate::console;
use crate::error::UserError;
use crate::exit::Exit;
use crate::input::Input;
use crate::output::{Output, refuse_same};
use crate::saved;
use crate::shown::Shown;
use crate::summary::number;
use deadheat_detector::report::jsonl;
use deadheat_detector::report::text::Printable;
use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

/// What was joined so far.
#[derive(Default)]
struct Joined {
    lines: u64,
    /// Lines that cannot be read, which are left out.
    damaged: u64,
}

pub(crate) fn execute(args: &MergeArgs) -> Result<Exit, UserError> {
    let files = saved::files(&args.files)?;
    let mut known = HashSet::new();
    for file in &files {
        refuse_same(file, &args.output)?;
        let place = fs::canonicalize(file).unwrap_or_else(|_| file.clone());
        if !known.insert(place) {
            let file = Shown::path(file);
            return Err(UserError::new(format!(
                "{file} is named twice, so its reports would count twice: name each part once"
            )));
        }
    }
    let output = Output::create(&args.output)?;
    let mut out = BufWriter::new(&output);
    let mut joined = Joined::default();
    for file in &files {
        match add(file, &mut out, output.name(), &mut joined)? {
            Reader::Reads => {}
            Reader::Gone => return Ok(Exit::Clean),
        }
    }
    if let Err(error) = out.flush() {
        if console::is_closed(&error) {
            return Ok(Exit::Clean);
        }
        return Err(unwritten(output.name(), &error));
    }
    drop(out);
    let name = output.name().to_owned();
    output.commit()?;
    let lines = number(joined.lines, "record");
    let parts = number(files.len() as u64, "file");
    console::note(format_args!("{lines} of {parts} are in {name}"));
    if joined.damaged > 0 {
        let left_out = number(joined.damaged, "line");
        console::note(format_args!(
            "{left_out} that cannot be read left out, and named above"
        ));
        return Ok(Exit::Usage);
    }
    Ok(Exit::Clean)
}

/// Whether somebody still reads what is written.
enum Reader {
    Reads,
    Gone,
}

fn add(
    file: &Path,
    out: &mut impl Write,
    out_name: &str,
    joined: &mut Joined,
) -> Result<Reader, UserError> {
    let Input { name, bytes, .. } = Input::open(file)?;
    let mut bytes = BufReader::with_capacity(1 << 18, bytes);
    let before = joined.lines;
    let mut line = Vec::new();
    let mut damaged = Vec::new();
    for place in 1.. {
        line.clear();
        let read = bytes.read_until(b'\n', &mut line);
        let read =
            read.map_err(|error| UserError::new(format!("{name} cannot be read: {error}")))?;
        if read == 0 {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        if let Err(error) = jsonl::from_line(text) {
            let why = error.to_string();
            damaged.push(format!("{name}:{place}: {}", Printable(&why)));
            continue;
        }
        joined.lines += 1;
        match out.write_all(text).and_then(|()| out.write_all(b"\n")) {
            Ok(()) => {}
            Err(error) if console::is_closed(&error) => return Ok(Reader::Gone),
            Err(error) => return Err(unwritten(out_name, &error)),
        }
    }
    if let Some(first) = damaged.first()
        && joined.lines == before
    {
        return Err(UserError::new(format!(
            "{first}; no line of {name} is a report, so nothing is written: leave it out"
        )));
    }
    damaged.iter().for_each(console::say);
    joined.damaged += damaged.len() as u64;
    Ok(Reader::Reads)
}

fn unwritten(name: &str, error: &std::io::Error) -> UserError {
    UserError::new(format!(
        "{name} cannot be written: {error}; the reports are still where they were read from"
    ))
}
