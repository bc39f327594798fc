//! Text with the source beside it, in colours where the terminal has any.
//!
//! The lines quoted are those of the run, which the report carries; that they have changed since
//! is said. All text of the program's is made printable before it is laid out.

use super::{End, Format, text};
use crate::known::Standing;
use crate::look::Look;
use crate::source::Sources;
use crate::words;
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use deadheat_detector::report::text::{At, Printable, Who, frames, locks, unordered};
use deadheat_detector::report::{
    Access, Distinct, Excerpt, Failure, Goroutine, RaceReport, Record, Scheduler,
};
use std::io::{self, Write};
use std::ops::Range;

/// How far notes are indented: by a number of three digits, and `= warning: `.
const NOTE: usize = 14;

pub(super) struct Terminal {
    renderer: Renderer,
    /// How wide the text of a note may be.
    width: usize,
    sources: Sources,
    distinct: Distinct,
}

impl Terminal {
    pub(super) fn new(look: Look) -> Self {
        let renderer = if look.colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        Self {
            renderer: renderer
                .term_width(look.width)
                .decor_style(DecorStyle::Ascii),
            width: look.width.saturating_sub(NOTE).max(20),
            sources: Sources::here(),
            distinct: Distinct::default(),
        }
    }

    fn race(&mut self, report: &RaceReport) -> String {
        let title = words::title(report);
        let level = if report.dependent {
            Level::WARNING
        } else {
            Level::ERROR
        };
        let mut group = Group::with_title(level.primary_title(&title));
        for (access, which, kind) in [
            (&report.current, "", AnnotationKind::Primary),
            (&report.previous, "previous ", AnnotationKind::Context),
        ] {
            let label = format!(
                "{which}{} by {}",
                words::kind(access),
                words::who(report, access.goroutine)
            );
            group = self.access(group, access, label, kind);
        }
        for note in notes(report) {
            group = group.element(Level::NOTE.message(self.wrapped(&note)));
        }
        if let Some(replay) = &report.run.replay {
            let replay = format!("replay: {}", Printable(replay));
            group = group.element(Level::HELP.message(replay));
        }
        let explain = format!(
            "explain: deadheat explain {}",
            Printable(&report.fingerprint)
        );
        group = group.element(Level::HELP.message(explain));
        format!("{}\n\n", self.renderer.render(&[group]))
    }

    fn access<'a>(
        &mut self,
        group: Group<'a>,
        access: &Access,
        label: String,
        kind: AnnotationKind,
    ) -> Group<'a> {
        let Some(at) = access.place() else {
            return group.element(Level::NOTE.message(format!("{label}, at an unknown place")));
        };
        let path = Printable(&at.file).to_string();
        let Some(Quoted {
            first_line,
            text,
            span,
        }) = access
            .source
            .as_ref()
            .and_then(|lines| quote(lines, at.line, at.column))
        else {
            let mut origin = Origin::path(path).line(at.line as usize);
            if at.column > 0 {
                origin = origin.char_column(at.column as usize);
            }
            return group.element(origin).element(Level::NOTE.message(label));
        };
        let snippet = Snippet::source(text)
            .line_start(first_line)
            .path(path)
            .fold(false);
        let group = group.element(snippet.annotation(kind.span(span).label(label)));
        let callers = access.stack.len() - 1;
        let group = if callers > 0 {
            let stack = frames(&access.stack[1..]);
            group.element(Level::NOTE.message(format!("called by\n{}", stack.trim_end())))
        } else {
            group
        };
        if !self.sources.has_changed(access) {
            return group;
        }
        let changed = format!(
            "{} has changed since the run; these lines are those of the run",
            At(at)
        );
        group.element(Level::WARNING.message(changed))
    }

    /// A note of several lines, none of them wider than the terminal, as far as they can be broken.
    fn wrapped(&self, note: &str) -> String {
        let lines = note.lines().map(|line| match line.strip_prefix("  ") {
            // A frame of a stack is one line, however long.
            Some(_) => line.to_owned(),
            None => textwrap::fill(line, self.width),
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn failure(&self, failure: &Failure) -> String {
        let test = Printable(&failure.run.name);
        let title = format!(
            "{} in {test} (seed {})",
            words::failure(failure.kind),
            failure.run.seed
        );
        let lines = failure
            .message
            .trim()
            .lines()
            .map(|line| Printable(line).to_string());
        let message = lines.collect::<Vec<_>>().join("\n");
        let title = Level::ERROR.primary_title(title);
        let group = Group::with_title(title).element(Level::NOTE.no_name().message(message));
        format!("{}\n\n", self.renderer.render(&[group]))
    }
}

impl Format for Terminal {
    fn record(
        &mut self,
        record: &Record,
        standing: Standing,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if standing != Standing::New || !self.distinct.is_new(record) {
            return Ok(());
        }
        let text = match record {
            Record::Race(report) => self.race(report),
            Record::Failure(failure) => self.failure(failure),
            Record::Outcome(_) => return Ok(()),
        };
        out.write_all(text.as_bytes())
    }

    fn finish(&mut self, end: &End<'_>, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(text::summary(end).as_bytes())
    }
}

/// What stands beneath the two accesses.
fn notes(report: &RaceReport) -> Vec<String> {
    let mut notes = vec![
        format!("memory: {}", words::memory(&report.location)),
        format!("unordered: {}", unordered(report)),
    ];
    notes.extend(locks(report).map(|locks| format!("locks: {locks}")));
    let [current, previous] = &report.goroutines;
    let both = [
        Some(current),
        (previous.id != current.id).then_some(previous),
    ];
    let scheduler = report.run.scheduler;
    let created = |goroutine| creation(goroutine, scheduler);
    notes.extend(both.into_iter().flatten().filter_map(created));
    if report.dependent {
        notes.push("this race may follow from an earlier one of the same run".to_owned());
    }
    let run = &report.run;
    let exactly = match run.scheduler {
        Scheduler::Controlled => format!(" (seed {})", run.seed),
        Scheduler::Parallel => format!(
            " (seed {}; the parallel scheduler's choices are the machine's)",
            run.seed
        ),
        Scheduler::System => String::new(),
    };
    notes.push(format!("found in {}{exactly}", Printable(&run.name)));
    notes
}

fn creation(goroutine: &Goroutine, scheduler: Scheduler) -> Option<String> {
    let creator = Who(goroutine.creator?, None, scheduler);
    let who = Who(goroutine.id, goroutine.name.as_deref(), scheduler);
    let stack = frames(&goroutine.created_at);
    Some(format!(
        "{who} was created by {creator} at\n{}",
        stack.trim_end()
    ))
}

/// Lines to show, and the part of them that is marked.
struct Quoted {
    first_line: usize,
    text: String,
    span: Range<usize>,
}

/// The lines of `excerpt`, with a mark at a place in them; `None` where it lies elsewhere.
fn quote(excerpt: &Excerpt, line: u32, column: u32) -> Option<Quoted> {
    let marked = line.checked_sub(excerpt.first_line)? as usize;
    let source = excerpt.lines.get(marked)?;
    let mut text = String::new();
    for earlier in &excerpt.lines[..marked] {
        text += &printable(earlier);
        text.push('\n');
    }
    let before: String = source
        .chars()
        .take((column as usize).saturating_sub(1))
        .collect();
    let rest = &source[before.len()..];
    let (word, after) = rest.split_at(word_length(rest));
    text += &printable(&before);
    let start = text.len();
    text += &printable(word);
    let span = start..text.len();
    text += &printable(after);
    for later in &excerpt.lines[marked + 1..] {
        text.push('\n');
        text += &printable(later);
    }
    let first_line = excerpt.first_line as usize;
    Some(Quoted {
        first_line,
        text,
        span,
    })
}

/// The length of the name that a text begins with, or of its first letter.
fn word_length(text: &str) -> usize {
    let name = |c: char| c.is_alphanumeric() || c == '_';
    match text.find(|c| !name(c)) {
        Some(0) => text.chars().next().map_or(0, char::len_utf8),
        Some(end) => end,
        None => text.len(),
    }
}

/// A line of source: tabs are as wide as four columns.
fn printable(line: &str) -> String {
    Printable(&line.replace('\t', "    ")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(lines: &[&str], line: u32, column: u32) -> Option<String> {
        let lines = lines.iter().map(ToString::to_string).collect();
        let excerpt = Excerpt {
            first_line: 10,
            lines,
        };
        quote(&excerpt, line, column).map(|q| q.text[q.span].to_owned())
    }

    #[test]
    fn the_name_at_the_place_is_marked() {
        let lines = ["a", "\tx.set(\u{1b}é_1)"];
        assert_eq!(marked(&lines, 11, 4).unwrap(), "set");
        assert_eq!(marked(&lines, 11, 9).unwrap(), "é_1");
        assert_eq!(marked(&lines, 11, 8).unwrap(), r"\u{1b}");
        assert_eq!(marked(&lines, 11, 500).unwrap(), "");
        assert_eq!(marked(&lines, 10, 0).unwrap(), "a");
    }

    #[test]
    fn a_place_elsewhere_is_not_marked() {
        assert_eq!(marked(&["a"], 9, 1), None);
        assert_eq!(marked(&["a"], 11, 1), None);
    }
}
