//! What reports are printed as. Every format is a reader of the same records.
//!
//! Written record by record, as they are read:
//! - `text`: what Go's users know; `terminal`: with the source, in colours;
//! - `jsonl`: records again, each race once for each test;
//! - `github`: annotations of a pull request.
//!
//! Written when all records are known:
//! - `sarif`, `junit`: what other tools read;
//! - `html`: a page; `perfetto`: a timeline.
//!
//! `json` is what those that are JSON share.

mod github;
mod html;
mod json;
mod jsonl;
mod junit;
mod perfetto;
mod sarif;
mod terminal;
mod text;

use crate::collected::Collected;
use crate::known::Standing;
use crate::look::Look;
use crate::summary::Summary;
use clap::ValueEnum;
use deadheat_detector::report::Record;
use std::io::{self, Write};

/// A format by name.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub(crate) enum FormatName {
    /// Plain text, in the form that Go's users know.
    Text,
    /// Text with the source beside it, in colours where the terminal has any.
    Terminal,
    /// JSON lines: the records, each race once for each test.
    Jsonl,
    /// SARIF 2.1.0, which code scanners read.
    Sarif,
    /// JUnit's XML, which test dashboards read.
    Junit,
    /// Annotations that GitHub shows beside the source.
    Github,
    /// One page for a browser, which needs nothing else.
    Html,
    /// A timeline for Perfetto or Chrome's tracing page.
    Perfetto,
}

/// What is known when all records have been given.
pub(crate) struct End<'a> {
    pub(crate) summary: &'a Summary,
    /// Whether something could not be read, and may be missing.
    pub(crate) damaged: bool,
}

/// A way to print records.
pub(crate) trait Format {
    /// Takes a record, as it is read, and what it is to its reader.
    fn record(
        &mut self,
        record: &Record,
        standing: Standing,
        out: &mut dyn Write,
    ) -> io::Result<()>;

    /// Takes the end.
    fn finish(&mut self, end: &End<'_>, out: &mut dyn Write) -> io::Result<()>;
}

/// The format of this name.
pub(crate) fn format(name: FormatName, look: Look) -> Box<dyn Format> {
    match name {
        FormatName::Text => Box::new(text::Text::default()),
        FormatName::Terminal => Box::new(terminal::Terminal::new(look)),
        FormatName::Jsonl => Box::new(jsonl::JsonLines::default()),
        FormatName::Github => Box::new(github::Github::default()),
        FormatName::Sarif => Whole::boxed(sarif::write),
        FormatName::Junit => Whole::boxed(junit::write),
        FormatName::Html => Whole::boxed(html::write),
        FormatName::Perfetto => Whole::boxed(perfetto::write),
    }
}

/// A format that is written when all records are known.
struct Whole {
    collected: Collected,
    write: fn(&Collected, &mut dyn Write) -> io::Result<()>,
}

impl Whole {
    fn boxed(write: fn(&Collected, &mut dyn Write) -> io::Result<()>) -> Box<dyn Format> {
        let collected = Collected::default();
        Box::new(Self { collected, write })
    }
}

impl Format for Whole {
    fn record(&mut self, record: &Record, standing: Standing, _: &mut dyn Write) -> io::Result<()> {
        self.collected.add(record, standing);
        Ok(())
    }

    fn finish(&mut self, end: &End<'_>, out: &mut dyn Write) -> io::Result<()> {
        self.collected.damaged = end.damaged;
        (self.write)(&self.collected, out)
    }
}
