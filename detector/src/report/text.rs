//! Reports as text, in the form that Go's users know.
//!
//! Strings that come from the program (names, functions, files) may hold anything; control
//! characters in them are shown escaped, so that a report cannot drive a terminal.

use super::model::{
    Access, Allocation, Failure, Goroutine, Position, RaceReport, Record, RunInfo, StackFrame,
    SyncEvent,
};
use super::sink::Distinct;
use super::{Scheduler, Sink};
use crate::once::Complaint;
use parking_lot::Mutex;
use std::fmt::{self, Display, Formatter, Write as _};
use std::io::Write;

const RULE: &str = "==================";

/// The words that begin every race report; Go's.
pub const WARNING: &str = "WARNING: DATA RACE";

/// A report as text, several lines that end in a line feed.
#[must_use]
pub fn race(report: &RaceReport) -> String {
    Race(report).to_string()
}

/// A failure as text, several lines that end in a line feed.
#[must_use]
pub fn failure(failure: &Failure) -> String {
    let message = Lines(&failure.message);
    let run = Run(&failure.run);
    format!("{RULE}\n{message}\n{run}{RULE}\n")
}

/// A stack as text: two lines a frame, indented.
#[must_use]
pub fn frames(frames: &[StackFrame]) -> String {
    struct Frames<'a>(&'a [StackFrame]);
    impl Display for Frames<'_> {
        fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
            stack(f, self.0)
        }
    }
    Frames(frames).to_string()
}

/// Why nothing orders the two accesses, as one sentence without a line feed.
#[must_use]
pub fn unordered(report: &RaceReport) -> String {
    struct Why<'a>(&'a RaceReport);
    impl Display for Why<'_> {
        fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
            Race(self.0).why(f)
        }
    }
    Why(report).to_string()
}

/// Which locks each side held, as one sentence without a line feed; `None` where neither held any,
/// or that is not known.
#[must_use]
pub fn locks(report: &RaceReport) -> Option<String> {
    let [current, previous] = [&report.current, &report.previous].map(|access| {
        let locks = access.locks.as_deref()?;
        let who = Who(access.goroutine, None, report.run.scheduler);
        let locks: Vec<_> = locks.iter().map(|lock| Sync(lock).to_string()).collect();
        Some(if locks.is_empty() {
            (format!("{who} held none"), false)
        } else {
            (format!("{who} held {}", locks.join(", ")), true)
        })
    });
    let ((current, any), (previous, other)) = (current?, previous?);
    (any || other).then(|| format!("{current}; {previous}."))
}

struct Race<'a>(&'a RaceReport);

impl Display for Race<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self.0;
        writeln!(f, "{RULE}\n{WARNING}")?;
        self.access(f, "", &report.current)?;
        writeln!(f)?;
        self.access(f, "previous ", &report.previous)?;
        for (i, goroutine) in report.goroutines.iter().enumerate() {
            let repeated = i == 1 && goroutine.id == report.goroutines[0].id;
            if goroutine.creator.is_some() && !repeated {
                writeln!(f)?;
                creation(f, goroutine, report.run.scheduler)?;
            }
        }
        writeln!(f)?;
        self.location(f)?;
        if let Some(allocated) = &report.location.allocated {
            allocation(f, allocated, report.run.scheduler)?;
        }
        write!(f, "Unordered: ")?;
        self.why(f)?;
        writeln!(f)?;
        if let Some(locks) = locks(report) {
            writeln!(f, "Locks: {locks}")?;
        }
        if report.dependent {
            writeln!(
                f,
                "An earlier race in this run comes between these accesses; this one may follow from it."
            )?;
        }
        let fingerprint = Printable(&report.fingerprint);
        write!(f, "{}", Run(&report.run))?;
        writeln!(f, "Explain: deadheat explain {fingerprint}\n{RULE}")
    }
}

impl Race<'_> {
    fn access(&self, f: &mut Formatter<'_>, which: &str, access: &Access) -> fmt::Result {
        let bytes = Bytes(access.size);
        let what = match &access.operation {
            None => format!("{which}{} of {bytes}", access.kind),
            Some(operation) => {
                format!(
                    "{which}{} (counts as {})",
                    Printable(operation),
                    access.kind
                )
            }
        };
        let mut letters = what.chars();
        let first = letters.next().map(|c| c.to_ascii_uppercase());
        let what: String = first.into_iter().chain(letters).collect();
        let address = self.0.location.address;
        let who = Who(
            access.goroutine,
            self.name_of(access.goroutine),
            self.0.run.scheduler,
        );
        writeln!(f, "{what} at {address:#014x} by {who}:")?;
        stack(f, &access.stack)
    }

    fn name_of(&self, id: u64) -> Option<&str> {
        let named = self.0.goroutines.iter().find(|g| g.id == id)?;
        named.name.as_deref()
    }

    fn location(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let location = &self.0.location;
        write!(
            f,
            "Location: {} at {:#014x}",
            Bytes(location.size),
            location.address
        )?;
        if let Some(cell) = &location.cell {
            write!(f, " of ")?;
            if let Some(index) = location.index {
                write!(f, "element {index} of ")?;
            }
            write!(f, "{}", Printable(cell))?;
        }
        if let Some(name) = &location.name {
            write!(f, " \"{}\"", Printable(name))?;
        }
        if let Some(declared) = &location.declared {
            write!(f, " declared at {}", At(declared))?;
        }
        writeln!(f)
    }

    fn why(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let why = &self.0.unordered;
        let previous = &self.0.previous;
        let scheduler = self.0.run.scheduler;
        let earlier = Who(previous.goroutine, None, scheduler);
        let later = Who(self.0.current.goroutine, None, scheduler);
        let kind = previous.kind;
        match &why.previous_release {
            None => write!(f, "{earlier} has released nothing since its {kind}")?,
            Some(last) if why.released_after_access => {
                write!(f, "{earlier} released after its {kind} ({})", Sync(last))?;
            }
            Some(last) => write!(
                f,
                "{earlier} has released nothing since its {kind} (its last release: {})",
                Sync(last)
            )?,
        }
        let after = why.previous_release.is_some() && why.released_after_access;
        match &why.current_acquire {
            None => write!(f, "; {later} has acquired nothing."),
            Some(last) if after => write!(
                f,
                ", but {later} has not acquired that (its last acquire: {}).",
                Sync(last)
            ),
            Some(last) => write!(f, "; {later}'s last acquire: {}.", Sync(last)),
        }
    }
}

fn allocation(f: &mut Formatter<'_>, block: &Allocation, scheduler: Scheduler) -> fmt::Result {
    match block.goroutine {
        Some(goroutine) => writeln!(f, "Allocated by {} at:", Who(goroutine, None, scheduler))?,
        None => writeln!(f, "Allocated at:")?,
    }
    stack(f, &block.stack)
}

struct Sync<'a>(&'a SyncEvent);

impl Display for Sync<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", Printable(&self.0.operation), At(&self.0.at))
    }
}

fn creation(f: &mut Formatter<'_>, goroutine: &Goroutine, scheduler: Scheduler) -> fmt::Result {
    let state = if goroutine.finished {
        "finished"
    } else {
        "running"
    };
    let name = match &goroutine.name {
        Some(name) => format!(" \"{}\"", Printable(name)),
        None => String::new(),
    };
    let what = match scheduler {
        Scheduler::Controlled | Scheduler::Parallel => "Goroutine",
        Scheduler::System => "Thread",
    };
    write!(f, "{what} {}{name} ({state}) created", goroutine.id)?;
    match goroutine.creator {
        Some(creator) => writeln!(f, " by {} at:", Who(creator, None, scheduler))?,
        None => writeln!(f, " at:")?,
    }
    stack(f, &goroutine.created_at)
}

fn stack(f: &mut Formatter<'_>, frames: &[StackFrame]) -> fmt::Result {
    if frames.is_empty() {
        return writeln!(f, "  (no stack)");
    }
    for frame in frames {
        let call = if frame.is_named() { "()" } else { "" };
        writeln!(f, "  {}{call}", Printable(&frame.function))?;
        if let Some(at) = &frame.at {
            writeln!(f, "      {}", At(at))?;
        }
    }
    Ok(())
}

struct Run<'a>(&'a RunInfo);

impl Display for Run<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let RunInfo {
            name,
            scheduler,
            seed,
            replay,
        } = self.0;
        writeln!(f, "Found in: {}", Printable(name))?;
        if *scheduler == Scheduler::System {
            return Ok(());
        }
        writeln!(f, "Seed: {seed} ({scheduler} scheduler)")?;
        match (replay, scheduler) {
            (Some(replay), _) => writeln!(f, "Replay: {}", Printable(replay)),
            (None, Scheduler::Controlled | Scheduler::System) => Ok(()),
            (None, Scheduler::Parallel) => writeln!(
                f,
                "Replay: not exactly; the parallel scheduler's choices are the machine's"
            ),
        }
    }
}

struct Bytes(u64);

impl Display for Bytes {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} byte{}", self.0, if self.0 == 1 { "" } else { "s" })
    }
}

/// A goroutine or thread by its number, with the name that it was given, and by who runs it.
pub struct Who<'a>(pub u64, pub Option<&'a str>, pub Scheduler);

impl Display for Who<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let what = self.2.runs();
        match (self.0, self.1) {
            (1, _) => write!(f, "main {what}"),
            (id, None) => write!(f, "{what} {id}"),
            (id, Some(name)) => write!(f, "{what} {id} \"{}\"", Printable(name)),
        }
    }
}

/// A place in the source as `file:line:column`, printable.
pub struct At<'a>(pub &'a Position);

impl Display for At<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Position { file, line, column } = self.0;
        write!(f, "{}:{line}", Printable(file))?;
        if *column > 0 {
            write!(f, ":{column}")?;
        }
        Ok(())
    }
}

/// A string from the program, shown with its control characters escaped, and those that
/// reorder the text around them: whatever it holds, it cannot drive a terminal.
///
/// ```
/// use deadheat_detector::report::text::Printable;
///
/// assert_eq!(Printable("red \u{1b}[31m").to_string(), "red \\u{1b}[31m");
/// ```
pub struct Printable<'a>(pub &'a str);

impl Display for Printable<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            if is_hostile(c) {
                write!(f, "{}", c.escape_default())?;
            } else {
                f.write_char(c)?;
            }
        }
        Ok(())
    }
}

/// Whether a character does not stand for itself: control characters, those that reorder the text
/// around them, and those that are none.
#[must_use]
pub fn is_hostile(c: char) -> bool {
    let reorders = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || reorders || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// A text of several lines, each printable.
struct Lines<'a>(&'a str);

impl Display for Lines<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (i, line) in self.0.lines().enumerate() {
            let feed = if i == 0 { "" } else { "\n" };
            write!(f, "{feed}{}", Printable(line))?;
        }
        Ok(())
    }
}

/// A sink that writes reports as text, each race once however many runs find it.
pub struct TextSink<W> {
    out: Mutex<W>,
    distinct: Distinct,
    complaint: Complaint,
}

impl<W: Write + Send> TextSink<W> {
    /// A sink that writes to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out: Mutex::new(out),
            distinct: Distinct::default(),
            complaint: Complaint::new(),
        }
    }
}

/// A record as text; `None` for the end of a run, which text does not show.
#[must_use]
pub fn record(record: &Record) -> Option<String> {
    match record {
        Record::Race(report) => Some(race(report)),
        Record::Failure(found) => Some(failure(found)),
        Record::Outcome(_) => None,
    }
}

impl<W: Write + Send> Sink for TextSink<W> {
    fn record(&self, record: &Record) {
        if !self.distinct.is_new(record) {
            return;
        }
        let Some(text) = self::record(record) else {
            return;
        };
        let mut out = self.out.lock();
        if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            self.complaint
                .say(&format!("a report could not be written: {error}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        let hostile = "a\u{1b}[31m\r\nb\u{202e}c é";
        assert_eq!(
            Printable(hostile).to_string(),
            "a\\u{1b}[31m\\r\\nb\\u{202e}c é"
        );
    }
}
