//! From STD to a trace.

use super::line::{Line, Malformed, Op};
use crate::access::ByteRange;
use crate::event::{Action, Event, SiteId, ThreadId};
use crate::report::text::Printable;
use crate::sync::SyncId;
use crate::trace::{LONGEST_TEXT, Writer};
use std::collections::HashMap;
use std::fmt;
use std::io::{self, BufRead, Read, Write};

/// The address of the first variable.
const FIRST: usize = 0x1_0000;

/// How many bytes a variable has: a granule of the engine's shadow memory.
const SIZE: usize = 8;

/// The longest line that is read, so that every name fits into a trace.
const LONGEST_LINE: usize = LONGEST_TEXT;

/// How many characters of a line a message shows.
const SHOWN: usize = 60;

/// Why a file was not imported.
#[derive(Debug)]
pub enum ImportError {
    /// The file cannot be read.
    Read(io::Error),
    /// The trace cannot be written.
    Write(io::Error),
    /// A line is not an event.
    Line {
        /// The line's number, from 1.
        number: u64,
        /// The beginning of the line, printable.
        shown: String,
        /// What is wrong with it.
        why: Malformed,
    },
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) | Self::Write(error) => error.fmt(f),
            Self::Line { number, shown, why } => write!(
                f,
                "line {number} is malformed: `{shown}`: {why}; a line is thread|op(arg)|location, where op is r, w, acq, rel, fork or join, and location an integer"
            ),
        }
    }
}

impl std::error::Error for ImportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read(error) | Self::Write(error) => Some(error),
            Self::Line { .. } => None,
        }
    }
}

/// Reads an STD file and writes it as a trace; gives the number of events. What is kept is one
/// entry for each distinct name, however long the file is.
///
/// Lines end in a line feed, with or without a carriage return. The file may end in empty lines.
/// Whether the events could have happened in their order is not asked.
///
/// # Errors
///
/// Where a line is malformed. `out` then holds the events before it, in a trace that is cut short.
///
/// # Example
///
/// ```
/// use deadheat_detector::trace::std_text::import;
///
/// let mut trace = Vec::new();
/// assert_eq!(import(&b"T0|w(x)|1\nT1|w(x)|2\n"[..], &mut trace).unwrap(), 2);
/// let error = import(&b"T0|w(x)|1\nT1|x|2\n"[..], &mut trace).unwrap_err();
/// assert!(error.to_string().starts_with("line 2 is malformed"));
/// ```
pub fn import(mut input: impl BufRead, out: impl Write) -> Result<u64, ImportError> {
    let writer = Writer::new(out).map_err(ImportError::Write)?;
    let mut import = Import::new(writer);
    let mut line = Vec::new();
    let mut blank = None;
    for number in 1.. {
        line.clear();
        let mut limited = (&mut input).take(LONGEST_LINE as u64 + 1);
        let read = limited.read_until(b'\n', &mut line);
        if read.map_err(ImportError::Read)? == 0 {
            break;
        }
        let text = without_ending(&line);
        if text.is_empty() {
            blank.get_or_insert(number);
            continue;
        }
        let malformed = |number, text: &[u8], why| {
            let text = String::from_utf8_lossy(text);
            let shown = shortened(&text);
            ImportError::Line { number, shown, why }
        };
        if let Some(blank) = blank {
            return Err(malformed(blank, b"", Malformed::Blank));
        }
        if line.len() > LONGEST_LINE && !line.ends_with(b"\n") {
            return Err(malformed(number, text, Malformed::TooLong));
        }
        let line = parse(number, text).map_err(|why| malformed(number, text, why))?;
        import.line(line).map_err(ImportError::Write)?;
    }
    let events = import.writer.events();
    import.writer.finish().map_err(ImportError::Write)?;
    Ok(events)
}

fn parse(number: u64, text: &[u8]) -> Result<Line<'_>, Malformed> {
    let text = std::str::from_utf8(text).map_err(|_| Malformed::NotUtf8)?;
    if number == 1 && text.starts_with('\u{feff}') {
        return Err(Malformed::ByteOrderMark);
    }
    Line::parse(text)
}

fn without_ending(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", Printable(&text[..end])),
        None => Printable(text).to_string(),
    }
}

/// Numbers for names, in the order in which they come.
#[derive(Default)]
struct Numbers(HashMap<Box<str>, usize>);

impl Numbers {
    /// The number of `name`, and whether it is a new one.
    fn number(&mut self, name: &str) -> (usize, bool) {
        if let Some(&number) = self.0.get(name) {
            return (number, false);
        }
        let number = self.0.len();
        self.0.insert(name.into(), number);
        (number, true)
    }
}

struct Import<W> {
    writer: Writer<W>,
    threads: Numbers,
    variables: Numbers,
    locks: Numbers,
    locations: Numbers,
}

impl<W: Write> Import<W> {
    fn new(writer: Writer<W>) -> Self {
        Self {
            writer,
            threads: Numbers::default(),
            variables: Numbers::default(),
            locks: Numbers::default(),
            locations: Numbers::default(),
        }
    }

    fn line(&mut self, line: Line<'_>) -> io::Result<()> {
        let thread = self.thread(line.thread)?;
        let action = match line.op {
            Op::Read => Action::Read(self.variable(line.arg)?),
            Op::Write => Action::Write(self.variable(line.arg)?),
            Op::Acquire => Action::Acquire(self.lock(line.arg)?),
            Op::Release => Action::Release(self.lock(line.arg)?),
            Op::Fork => Action::Fork(self.thread(line.arg)?),
            Op::Join => Action::Join(self.thread(line.arg)?),
        };
        let site = self.location(line.location)?;
        self.writer.event(&Event {
            thread,
            action,
            site,
        })
    }

    fn thread(&mut self, name: &str) -> io::Result<ThreadId> {
        let (number, new) = self.threads.number(name);
        let thread = ThreadId(number as u64);
        if new {
            self.writer.define_thread(thread, name)?;
        }
        Ok(thread)
    }

    fn variable(&mut self, name: &str) -> io::Result<ByteRange> {
        let (number, new) = self.variables.number(name);
        let bytes = ByteRange::new(FIRST + SIZE * number, SIZE).expect("names are fewer than that");
        if new {
            self.writer.define_memory(bytes, name)?;
        }
        Ok(bytes)
    }

    fn lock(&mut self, name: &str) -> io::Result<SyncId> {
        let (number, new) = self.locks.number(name);
        let lock = SyncId(number as u64);
        if new {
            self.writer.define_object(lock, name)?;
        }
        Ok(lock)
    }

    fn location(&mut self, text: &str) -> io::Result<SiteId> {
        let (number, new) = self.locations.number(text);
        let number = u32::try_from(number + 1);
        let site = SiteId(number.map_err(|_| io::Error::other("there are 2^32 locations"))?);
        if new {
            self.writer.define_site(site, text)?;
        }
        Ok(site)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Ended, Reader, sample};

    fn imported(text: &str) -> Vec<u8> {
        let mut trace = Vec::new();
        import(text.as_bytes(), &mut trace).unwrap();
        trace
    }

    #[track_caller]
    fn refused(text: &[u8], number: u64, why: Malformed) -> String {
        let mut trace = Vec::new();
        let error = import(text, &mut trace).unwrap_err();
        match &error {
            ImportError::Line {
                number: n, why: w, ..
            } => {
                assert_eq!((*n, *w), (number, why), "{error}");
            }
            other => panic!("{other}"),
        }
        let (events, ended) = sample::read(&trace);
        assert_eq!((events.len(), ended), (0, Some(Ended::CutShort)));
        error.to_string()
    }

    #[test]
    fn each_line_is_an_event_and_each_name_a_definition() {
        let trace = imported("A|w(x)|7\nA|fork(B)|8\nB|acq(x)|9\nB|r(y)|7\nA|join(B)|9\n");
        let mut reader = Reader::new(&trace[..]).unwrap();
        let mut events = Vec::new();
        while let Some(event) = reader.next_event().unwrap() {
            events.push(event);
        }
        let range = |start| ByteRange::new(start, SIZE).unwrap();
        let (x, y) = (range(FIRST), range(FIRST + SIZE));
        let expected = [
            (0, Action::Write(x), 1),
            (0, Action::Fork(ThreadId(1)), 2),
            (1, Action::Acquire(SyncId(0)), 3),
            (1, Action::Read(y), 1),
            (0, Action::Join(ThreadId(1)), 3),
        ]
        .map(|(thread, action, site)| Event {
            thread: ThreadId(thread),
            action,
            site: SiteId(site),
        });
        assert_eq!(events, expected);
        let names = reader.names();
        assert_eq!(names.thread(ThreadId(1)), Some("B"));
        assert_eq!(names.memory(x), Some((x, "x")));
        assert_eq!(names.memory(y), Some((y, "y")));
        assert_eq!(names.object(SyncId(0)), Some("x"));
        assert_eq!(names.site(SiteId(3)), Some("9"));
        assert_eq!(reader.ended(), Some(Ended::Whole));
    }

    #[test]
    fn lines_may_end_in_any_usual_way() {
        let trace = imported("A|w(x)|7\nB|w(x)|8\n");
        for text in [
            "A|w(x)|7\nB|w(x)|8",
            "A|w(x)|7\r\nB|w(x)|8\r\n",
            "A|w(x)|7\r\nB|w(x)|8",
            "A|w(x)|7\nB|w(x)|8\n\n",
            "A|w(x)|7\nB|w(x)|8\r\n\r\n\n",
        ] {
            assert_eq!(imported(text), trace, "{text:?}");
        }
        assert_eq!(sample::read(&imported("")), (vec![], Some(Ended::Whole)));
    }

    #[test]
    fn a_malformed_line_is_named_and_shown() {
        let text = refused(b"A|w(x)|7\nA|x(x)|8\n", 2, Malformed::UnknownOperation);
        let expected = "line 2 is malformed: `A|x(x)|8`: its operation is not known; a line is";
        assert!(text.starts_with(expected), "{text}");
        refused(b"A|w(x)|7\n\nA|w(x)|7\n", 2, Malformed::Blank);
        refused(b"\n\nA|w(x)|7\n", 1, Malformed::Blank);
        refused(b"A|w(x)|7\n \n", 2, Malformed::Fields(1));
        refused(b"A|w(\xff)|7\n", 1, Malformed::NotUtf8);
        refused(b"\xef\xbb\xbfA|w(x)|7\n", 1, Malformed::ByteOrderMark);
        refused(b"A|w(x)|7\rA|w(x)|7\n", 1, Malformed::CarriageReturn);
    }

    #[test]
    fn what_is_shown_is_short_and_printable() {
        let text = refused(b"\x1b[2J", 1, Malformed::Fields(1));
        assert!(text.contains(r"`\u{1b}[2J`"), "{text}");
        let long = vec![b'x'; 3 * LONGEST_LINE];
        let text = refused(&long, 1, Malformed::TooLong);
        assert!(text.len() < 300, "{text}");
        let longest = format!("A|w({})|1", "x".repeat(LONGEST_LINE - 8));
        imported(&longest);
        imported(&format!("{longest}\n"));
    }

    #[test]
    fn a_disk_that_is_full_is_told_apart() {
        let mut room = [0; 10];
        let error = import(&b"A|w(x)|1"[..], &mut room[..]).unwrap_err();
        assert!(matches!(error, ImportError::Write(_)), "{error}");
    }
}
