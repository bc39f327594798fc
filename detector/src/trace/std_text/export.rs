//! From a trace to STD.

use super::alphabet::Alphabet;
use super::cells::{Borders, Cells};
use super::line::{is_argument, is_location, is_thread};
use crate::access::ByteRange;
use crate::event::{Action, Event, SiteId, ThreadId};
use crate::sync::SyncId;
use crate::trace::{Ended, Names, Reader, TraceError};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::io::{self, BufWriter, Read, Seek, Write};

/// What happens to events that RAPID cannot say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unsayable {
    /// The first one is an error.
    Refuse,
    /// They are left out and counted. RAPID then sees fewer orders than there were, and memory
    /// that is used again as the same as before: it may report races that are none. And it does
    /// not see atomic accesses: it may miss races of those with plain ones.
    LeaveOut,
}

/// What was exported.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exported {
    /// How many lines were written.
    pub lines: u64,
    /// How many events of each unsayable kind were left out, by the name of the kind.
    pub left_out: BTreeMap<&'static str, u64>,
    /// Whether the trace was whole.
    pub ended: Ended,
}

/// Why a trace was not exported.
#[derive(Debug)]
pub enum ExportError {
    /// The trace cannot be read.
    Trace(TraceError),
    /// The file cannot be written.
    Write(io::Error),
    /// RAPID cannot say an event.
    Unsayable {
        /// The event's number, from 1; `None` where this crate does not know the event either.
        event: Option<u64>,
        /// The kind of the event.
        what: &'static str,
    },
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trace(error) => error.fmt(f),
            Self::Write(error) => error.fmt(f),
            Self::Unsayable { event, what } => {
                match event {
                    Some(event) => write!(f, "event {event} is of the kind `{what}`")?,
                    None => write!(f, "it has events of the kind `{what}`")?,
                }
                f.write_str(", which RAPID's format cannot say")
            }
        }
    }
}

impl std::error::Error for ExportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Trace(error) => Some(error),
            Self::Write(error) => Some(error),
            Self::Unsayable { .. } => None,
        }
    }
}

impl From<TraceError> for ExportError {
    fn from(error: TraceError) -> Self {
        Self::Trace(error)
    }
}

/// Reads a trace, twice, and writes it as an STD file. Nothing is written before all of it has
/// been read once. What is kept is one entry for each distinct name, and two for each distinct
/// piece of memory, however long the trace is.
///
/// Threads, locks and memory have the names that the trace gives them, as far as RAPID can read
/// and tell apart those; otherwise similar names, or their numbers. A location that is no
/// integer becomes its number in the trace.
///
/// # Errors
///
/// Where the trace cannot be read, holds what is to be refused, or `out` cannot be written.
///
/// # Example
///
/// ```
/// use deadheat_detector::trace::std_text::{Unsayable, export, import};
///
/// let (mut trace, mut text) = (Vec::new(), Vec::new());
/// import(&b"T0|w(x)|1\nT1|w(x)|2\n"[..], &mut trace).unwrap();
/// export(std::io::Cursor::new(trace), &mut text, Unsayable::Refuse).unwrap();
/// assert_eq!(text, b"T0|w(x)|1\nT1|w(x)|2\n");
/// ```
pub fn export(
    input: impl Read + Seek,
    out: impl Write,
    unsayable: Unsayable,
) -> Result<Exported, ExportError> {
    let (survey, mut input) = Survey::of(input, unsayable)?;
    input.rewind().map_err(TraceError::Read)?;
    let mut reader = Reader::new(input)?;
    let mut lines = Lines::new(&survey, BufWriter::with_capacity(1 << 16, out));
    // A trace that is still written may have grown since.
    for _ in 0..survey.events {
        let Some(event) = reader.next_event()? else {
            break;
        };
        lines.event(&event).map_err(ExportError::Write)?;
    }
    lines.out.flush().map_err(ExportError::Write)?;
    Ok(Exported {
        lines: lines.written,
        left_out: survey.left_out,
        ended: survey.ended,
    })
}

/// The kind of an event that RAPID cannot say.
fn unsayable_kind(action: &Action) -> Option<&'static str> {
    match action {
        Action::ReleaseMerge(_) => Some("release_merge"),
        Action::Transfer { .. } => Some("transfer"),
        Action::AtomicLoad(_) => Some("atomic_load"),
        Action::AtomicStore(_) => Some("atomic_store"),
        Action::AtomicRmw(_) => Some("atomic_rmw"),
        Action::Fence(_) => Some("fence"),
        Action::Alloc(_) => Some("alloc"),
        Action::Free(_) => Some("free"),
        Action::Fork(_)
        | Action::End
        | Action::Join(_)
        | Action::Acquire(_)
        | Action::Release(_)
        | Action::ReleaseAcquire(_)
        | Action::Read(_)
        | Action::Write(_)
        | Action::Call
        | Action::Return => None,
    }
}

/// What has to be known of the whole trace before the first line.
struct Survey {
    events: u64,
    cells: Cells,
    /// The threads that stand in parentheses.
    arguments: HashSet<ThreadId>,
    names: Names,
    left_out: BTreeMap<&'static str, u64>,
    ended: Ended,
}

impl Survey {
    fn of<R: Read>(input: R, unsayable: Unsayable) -> Result<(Self, R), ExportError> {
        let mut reader = Reader::new(input)?;
        let mut borders = Borders::default();
        let mut arguments = HashSet::new();
        let mut left_out = BTreeMap::new();
        while let Some(event) = reader.next_event()? {
            match event.action {
                Action::Read(bytes) | Action::Write(bytes) => borders.add(bytes),
                Action::Fork(thread) | Action::Join(thread) => {
                    arguments.insert(thread);
                }
                _ => {}
            }
            if let Some(what) = unsayable_kind(&event.action) {
                if unsayable == Unsayable::Refuse {
                    let event = Some(reader.events());
                    return Err(ExportError::Unsayable { event, what });
                }
                *left_out.entry(what).or_default() += 1;
            }
        }
        if reader.unknown_events() > 0 {
            let what = "unknown";
            if unsayable == Unsayable::Refuse {
                return Err(ExportError::Unsayable { event: None, what });
            }
            left_out.insert(what, reader.unknown_events());
        }
        let survey = Self {
            events: reader.events(),
            cells: Cells::new(borders),
            arguments,
            ended: reader.ended().expect("all of it was read"),
            names: reader.names().clone(),
            left_out,
        };
        Ok((survey, reader.into_inner()))
    }

    /// Whether a thread can be written by this name.
    fn can_be_thread(&self, thread: ThreadId, name: &str) -> bool {
        is_argument(name) || is_thread(name) && !self.arguments.contains(&thread)
    }
}

/// Writes lines, and gives out the names in them.
struct Lines<'a, W> {
    survey: &'a Survey,
    out: W,
    written: u64,
    threads: HashMap<ThreadId, Box<str>>,
    thread_names: Alphabet,
    locks: HashMap<SyncId, Box<str>>,
    lock_names: Alphabet,
    /// By the number of the cell; empty where none has been given out.
    variables: Vec<Box<str>>,
    variable_names: Alphabet,
    locations: HashMap<SiteId, Box<str>>,
}

impl<'a, W: Write> Lines<'a, W> {
    fn new(survey: &'a Survey, out: W) -> Self {
        let mut lines = Self {
            survey,
            out,
            written: 0,
            threads: HashMap::new(),
            thread_names: Alphabet::default(),
            locks: HashMap::new(),
            lock_names: Alphabet::default(),
            variables: vec![Box::default(); survey.cells.len()],
            variable_names: Alphabet::default(),
            locations: HashMap::new(),
        };
        lines.take_good_names();
        lines
    }

    /// Names that can be written as they are go to their owners before anyone else gets one
    /// like them.
    fn take_good_names(&mut self) {
        let survey = self.survey;
        for (thread, name) in survey.names.threads() {
            if survey.can_be_thread(thread, name)
                && let Some(name) = self.thread_names.take(name)
            {
                self.threads.insert(thread, name);
            }
        }
        for (lock, name) in survey.names.objects() {
            if is_argument(name)
                && let Some(name) = self.lock_names.take(name)
            {
                self.locks.insert(lock, name);
            }
        }
        for (bytes, name) in survey.names.memories() {
            if is_argument(name)
                && let Some(cell) = survey.cells.exactly(bytes)
                && let Some(name) = self.variable_names.take(name)
            {
                self.variables[cell] = name;
            }
        }
    }

    fn event(&mut self, event: &Event) -> io::Result<()> {
        let Event { thread, site, .. } = *event;
        match event.action {
            Action::Read(bytes) => self.access(thread, "r", bytes, site),
            Action::Write(bytes) => self.access(thread, "w", bytes, site),
            Action::Acquire(lock) => self.lock(thread, "acq", lock, site),
            Action::Release(lock) => self.lock(thread, "rel", lock, site),
            Action::ReleaseAcquire(lock) => {
                self.lock(thread, "acq", lock, site)?;
                self.lock(thread, "rel", lock, site)
            }
            Action::Fork(other) => self.thread(thread, "fork", other, site),
            Action::Join(other) => self.thread(thread, "join", other, site),
            _ => Ok(()),
        }
    }

    fn access(
        &mut self,
        thread: ThreadId,
        op: &str,
        bytes: ByteRange,
        site: SiteId,
    ) -> io::Result<()> {
        for cell in self.survey.cells.of(bytes) {
            if self.variables[cell].is_empty() {
                self.variables[cell] = self.new_variable(self.survey.cells.cell(cell));
            }
            self.prepare(thread, site);
            let name = &self.variables[cell];
            let (thread, location) = (&self.threads[&thread], &self.locations[&site]);
            writeln!(self.out, "{thread}|{op}({name})|{location}")?;
            self.written += 1;
        }
        Ok(())
    }

    fn lock(&mut self, thread: ThreadId, op: &str, lock: SyncId, site: SiteId) -> io::Result<()> {
        let (names, known) = (&mut self.lock_names, &self.survey.names);
        let name = self.locks.entry(lock).or_insert_with(|| {
            let mark = format!("L{}", lock.0);
            names.take_like(known.object(lock).unwrap_or_default(), &mark)
        });
        let name = name.clone();
        self.line(thread, op, &name, site)
    }

    fn thread(
        &mut self,
        thread: ThreadId,
        op: &str,
        other: ThreadId,
        site: SiteId,
    ) -> io::Result<()> {
        let name = self.name_thread(other).to_owned();
        self.line(thread, op, &name, site)
    }

    fn line(&mut self, thread: ThreadId, op: &str, arg: &str, site: SiteId) -> io::Result<()> {
        self.prepare(thread, site);
        let (thread, location) = (&self.threads[&thread], &self.locations[&site]);
        self.written += 1;
        writeln!(self.out, "{thread}|{op}({arg})|{location}")
    }

    /// Sees to it that the thread and the site have names.
    fn prepare(&mut self, thread: ThreadId, site: SiteId) {
        self.name_thread(thread);
        let known = &self.survey.names;
        self.locations.entry(site).or_insert_with(|| {
            match known.site(site).filter(|text| is_location(text)) {
                Some(text) => text.into(),
                None => site.0.to_string().into(),
            }
        });
    }

    fn name_thread(&mut self, thread: ThreadId) -> &str {
        let (names, known) = (&mut self.thread_names, &self.survey.names);
        self.threads.entry(thread).or_insert_with(|| {
            let mark = format!("T{}", thread.0);
            names.take_like(known.thread(thread).unwrap_or_default(), &mark)
        })
    }

    fn new_variable(&mut self, cell: ByteRange) -> Box<str> {
        let address = format!("{:#x}", cell.start());
        let wish = match self.survey.names.memory(cell) {
            Some((memory, name)) if memory == cell => name.to_owned(),
            Some((memory, name)) => format!("{name}+{}", cell.start() - memory.start()),
            None => String::new(),
        };
        self.variable_names.take_like(&wish, &address)
    }
}

#[cfg(test)]
mod tests {
    use super::super::import;
    use super::*;
    use crate::event::Atomic;
    use crate::trace::{Writer, sample};
    use proptest::prelude::*;
    use std::io::Cursor;
    use std::sync::atomic::Ordering;

    fn exported(trace: Vec<u8>, unsayable: Unsayable) -> Result<(String, Exported), ExportError> {
        let mut text = Vec::new();
        let exported = export(Cursor::new(trace), &mut text, unsayable)?;
        Ok((String::from_utf8(text).unwrap(), exported))
    }

    fn range(start: usize, len: usize) -> ByteRange {
        ByteRange::new(start, len).unwrap()
    }

    fn event(thread: u64, action: Action, site: u32) -> Event {
        Event {
            thread: ThreadId(thread),
            action,
            site: SiteId(site),
        }
    }

    #[track_caller]
    fn comes_back(text: &str) {
        let mut trace = Vec::new();
        import(text.as_bytes(), &mut trace).unwrap();
        let (back, exported) = exported(trace, Unsayable::Refuse).unwrap();
        assert_eq!(back, text);
        assert_eq!(exported.lines, text.lines().count() as u64);
        assert_eq!(exported.ended, Ended::Whole);
    }

    #[test]
    fn what_was_imported_comes_back() {
        comes_back("");
        comes_back("T0|w(V123)|17\nT0|acq(L1)|3\nT0|fork(T1)|5\nT1|join(T2)|6\n");
        comes_back("main thread|r(0x10000)|-1\nx|w(x)|+1\nx|acq(x)|007\nx|rel(L0)|1\n");
        comes_back("a b|fork(a_b)|1\na_b|r(a(b))|2\na_b|w(()|2\n");
    }

    #[test]
    fn what_has_no_name_is_called_by_its_number() {
        let mut writer = Writer::new(Vec::new()).unwrap();
        writer.define_site(SiteId(9), "src/lib.rs:3:5").unwrap();
        for event in [
            event(7, Action::Fork(ThreadId(8)), 9),
            event(8, Action::ReleaseAcquire(SyncId(4)), 9),
            event(8, Action::Call, 9),
            event(8, Action::Read(range(16, 8)), 9),
            event(8, Action::Write(range(20, 8)), 0),
            event(8, Action::End, 9),
        ] {
            writer.event(&event).unwrap();
        }
        let trace = writer.finish().unwrap();
        let (text, _) = exported(trace, Unsayable::Refuse).unwrap();
        let expected = "T7|fork(T8)|9\nT8|acq(L4)|9\nT8|rel(L4)|9\n\
            T8|r(0x10)|9\nT8|r(0x14)|9\nT8|w(0x14)|0\nT8|w(0x18)|0\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn names_that_rapid_cannot_tell_apart_are_made_different() {
        let mut writer = Writer::new(Vec::new()).unwrap();
        for (address, name) in [
            (16, "my hits"),
            (32, "my_hits"),
            (48, "my_hits"),
            (64, "all"),
        ] {
            writer.define_memory(range(address, 8), name).unwrap();
        }
        writer.define_thread(ThreadId(0), "a b").unwrap();
        writer.define_thread(ThreadId(1), "a|b").unwrap();
        writer.define_thread(ThreadId(2), "T3").unwrap();
        writer
            .event(&event(0, Action::Fork(ThreadId(1)), 0))
            .unwrap();
        for (thread, address, len) in [(1, 16, 8), (2, 32, 8), (3, 48, 8), (3, 64, 4), (3, 68, 4)] {
            let write = Action::Write(range(address, len));
            writer.event(&event(thread, write, 0)).unwrap();
        }
        let trace = writer.finish().unwrap();
        let (text, _) = exported(trace, Unsayable::Refuse).unwrap();
        let expected = "a b|fork(a_b)|0\na_b|w(my_hits@0x10)|0\nT3|w(my_hits)|0\n\
            T3'|w(my_hits@0x30)|0\nT3'|w(all+0)|0\nT3'|w(all+4)|0\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_rapid_cannot_say_is_refused_or_counted() {
        let (trace, events) = sample::trace();
        let error = exported(trace.clone(), Unsayable::Refuse).unwrap_err();
        let expected = "event 4 is of the kind `release_merge`, which RAPID's format cannot say";
        assert_eq!(error.to_string(), expected);
        let (text, exported) = exported(trace, Unsayable::LeaveOut).unwrap();
        assert_eq!(exported.lines, 8, "{text}");
        assert_eq!(exported.left_out.values().sum::<u64>(), 8);
        assert_eq!(exported.left_out["alloc"], 1);
        assert_eq!(events.len(), 18);
    }

    #[test]
    fn an_atomic_cuts_nothing() {
        let atomic = Atomic {
            bytes: range(4, 2),
            object: SyncId(1),
            ordering: Ordering::SeqCst,
        };
        let mut writer = Writer::new(Vec::new()).unwrap();
        writer
            .event(&event(0, Action::AtomicLoad(atomic), 0))
            .unwrap();
        writer
            .event(&event(0, Action::Read(range(0, 8)), 0))
            .unwrap();
        let trace = writer.finish().unwrap();
        let (text, _) = exported(trace, Unsayable::LeaveOut).unwrap();
        assert_eq!(text, "T0|r(0x0)|0\n");
    }

    #[test]
    fn a_trace_that_was_cut_short_is_exported_up_to_there() {
        let mut trace = Vec::new();
        import(&b"T0|w(x)|1\n"[..], &mut trace).unwrap();
        trace.pop();
        let (text, exported) = exported(trace, Unsayable::Refuse).unwrap();
        assert_eq!(text, "T0|w(x)|1\n");
        assert_eq!(exported.ended, Ended::CutShort);
    }

    proptest! {
        #[test]
        fn any_std_file_comes_back(
            lines in prop::collection::vec((0usize..3, 0usize..6, 0usize..3, any::<i64>()), 0..50),
            names in prop::collection::vec("[^|\\s]{1,5}", 9),
        ) {
            let ops = ["r", "w", "acq", "rel", "fork", "join"];
            let mut text = String::new();
            for (thread, op, arg, location) in lines {
                let kind = op / 2 * 3;
                let (thread, op, arg) = (&names[6 + thread], ops[op], &names[kind + arg]);
                text.push_str(&format!("{thread}|{op}({arg})|{location}\n"));
            }
            prop_assume!(!text.starts_with('\u{feff}'));
            comes_back(&text);
        }
    }
}
