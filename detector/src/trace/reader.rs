//! Reading a trace.

use super::block::{self, HEAD, Head};
use super::decoder::Decoder;
use super::error::TraceError;
use super::format::{LONGEST_DESCRIPTION, MAGIC, PREAMBLE, VERSION, foreign_rows};
use super::names::Names;
use super::varint;
use crate::event::Event;
use std::io::{self, ErrorKind, Read};

/// How a trace ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// With its end mark.
    Whole,
    /// Without it: all up to the last whole block was read.
    CutShort,
}

/// Reads events from `input`, a block at a time. What is kept besides is the names.
///
/// `input` needs no buffer of its own.
pub struct Reader<R> {
    input: R,
    decoder: Decoder,
    names: Names,
    events: u64,
    /// How many bytes of `input` were read.
    position: u64,
    /// The number of the block that is read, from 1, and where it begins.
    block: u64,
    offset: u64,
    ended: Option<Ended>,
    /// Whether the trace has been found damaged, so that nothing more is read.
    stopped: bool,
}

impl<R: Read> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    ///
    /// Where it is not the header of a trace that this crate can read. A header that is cut
    /// short is no error: then there are no events, and the trace [has ended](Self::ended).
    pub fn new(input: R) -> Result<Self, TraceError> {
        let mut reader = Self {
            input,
            decoder: Decoder::default(),
            names: Names::default(),
            events: 0,
            position: 0,
            block: 0,
            offset: 0,
            ended: None,
            stopped: false,
        };
        match reader.header()? {
            Some(decoder) => reader.decoder = decoder,
            None => reader.ended = Some(Ended::CutShort),
        }
        Ok(reader)
    }

    /// The next event; `None` where there is no more.
    ///
    /// # Errors
    ///
    /// Where a block is damaged, or the input cannot be read. No event of a damaged block is
    /// given, and no block after it is read.
    #[inline]
    pub fn next_event(&mut self) -> Result<Option<Event>, TraceError> {
        loop {
            if self.decoder.is_done() {
                if !self.next_block()? {
                    return Ok(None);
                }
                continue;
            }
            match self.decoder.record(&mut self.names) {
                Ok(Some(event)) => {
                    self.events += 1;
                    return Ok(Some(event));
                }
                Ok(None) => {}
                Err(what) => return Err(self.damaged(what)),
            }
        }
    }

    /// What has been given names so far.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// How many events have been given out: the number of the last one, from 1.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// How many events were passed over because the trace's writer knew them and this crate does
    /// not. Where they ordered anything, that order is missing.
    #[must_use]
    pub fn unknown_events(&self) -> u64 {
        self.decoder.unknown()
    }

    /// How the trace ended; `None` before [`Self::next_event`] has given `None`, or an error.
    #[must_use]
    pub fn ended(&self) -> Option<Ended> {
        self.ended
    }

    /// What the trace is read from.
    pub fn into_inner(self) -> R {
        self.input
    }

    fn header(&mut self) -> Result<Option<Decoder>, TraceError> {
        let mut header = [0; PREAMBLE];
        let there = self.fill(&mut header)?;
        if there == 0 {
            return Err(TraceError::Empty);
        }
        let magic = there.min(MAGIC.len());
        if header[..magic] != MAGIC[..magic] {
            return Err(TraceError::NotATrace);
        }
        let word = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().expect("four"));
        if there >= 12 && word(8) != VERSION {
            return Err(TraceError::Version(word(8)));
        }
        if there < PREAMBLE {
            return Ok(None);
        }
        let len = word(12) as usize;
        if crc32fast::hash(&header[..16]) != word(16) || len > LONGEST_DESCRIPTION {
            return Err(TraceError::Header("its first 20 bytes are damaged".into()));
        }
        let mut description = vec![0; len + 4];
        if self.fill(&mut description)? < len + 4 {
            return Ok(None);
        }
        let (description, checksum) = description.split_last_chunk().expect("four at least");
        if crc32fast::hash(description) != u32::from_le_bytes(*checksum) {
            return Err(TraceError::Header(
                "its description of records does not match its checksum".into(),
            ));
        }
        foreign_rows(description).map(|rows| Some(Decoder::new(rows)))
    }

    /// Reads up to the next records; says whether there are any.
    #[cold]
    fn next_block(&mut self) -> Result<bool, TraceError> {
        if self.stopped || self.ended.is_some() {
            return Ok(false);
        }
        let found = self.read_block();
        self.stopped = found.is_err();
        found
    }

    fn read_block(&mut self) -> Result<bool, TraceError> {
        loop {
            self.block += 1;
            self.offset = self.position;
            let mut head = [0; HEAD];
            if self.fill(&mut head)? < HEAD {
                return Ok(self.end(Ended::CutShort));
            }
            let head = match Head::from_bytes(&head) {
                Ok(head) => head,
                Err(_) if head == [0; HEAD] && self.rest_is(0)? => {
                    return Ok(self.end(Ended::CutShort));
                }
                Err(what) => return Err(self.damaged(what)),
            };
            let mut decoder = std::mem::take(&mut self.decoder);
            let there = self.fill(decoder.room(head.len));
            self.decoder = decoder;
            if there? < head.len {
                self.decoder.room(0);
                return Ok(self.end(Ended::CutShort));
            }
            if !head.fits(self.decoder.payload()) {
                return Err(self.damaged("it does not match its checksum"));
            }
            match head.kind {
                block::RECORDS if head.len > 0 => return Ok(true),
                block::END => return self.end_mark(),
                _ => self.decoder.pass_all(),
            }
        }
    }

    fn end_mark(&mut self) -> Result<bool, TraceError> {
        let mut payload = self.decoder.payload().to_vec();
        self.decoder.pass_all();
        let len = payload.len();
        payload.extend([0; varint::WINDOW]);
        let (events, end) = varint::get(&payload, 0);
        if end != len {
            return Err(self.damaged("it is an end mark without the number of events"));
        }
        let read = self.events + self.unknown_events();
        if events != read {
            let what = format!("the trace should have {events} events, but {read} were read");
            return Err(self.damaged(&what));
        }
        if self.fill(&mut [0])? > 0 {
            return Err(self.damaged("it is the end mark, but something follows it"));
        }
        Ok(self.end(Ended::Whole))
    }

    /// Whether nothing but `byte` follows.
    fn rest_is(&mut self, byte: u8) -> io::Result<bool> {
        let mut buffer = [0; 4096];
        loop {
            let there = self.fill(&mut buffer)?;
            if buffer[..there].iter().any(|&found| found != byte) {
                return Ok(false);
            }
            if there < buffer.len() {
                return Ok(true);
            }
        }
    }

    fn end(&mut self, how: Ended) -> bool {
        self.ended = Some(how);
        false
    }

    #[cold]
    fn damaged(&mut self, what: &str) -> TraceError {
        self.decoder.pass_all();
        self.stopped = true;
        TraceError::Damaged {
            block: self.block,
            offset: self.offset,
            what: what.to_owned(),
        }
    }

    /// Reads until `buffer` is full or the input ends; says how much was read.
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut there = 0;
        while there < buffer.len() {
            match self.input.read(&mut buffer[there..]) {
                Ok(0) => break,
                Ok(more) => there += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.position += there as u64;
        Ok(there)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{SiteId, ThreadId};
    use crate::sync::SyncId;
    use crate::trace::format::{self, Class, Operand, Row};
    use crate::trace::{Writer, sample};
    use proptest::prelude::*;

    #[test]
    fn events_and_names_come_back() {
        let (file, events) = sample::trace();
        assert_eq!(sample::read(&file), (events, Some(Ended::Whole)));
        let mut reader = Reader::new(&file[..]).unwrap();
        assert_eq!(reader.ended(), None);
        while reader.next_event().unwrap().is_some() {}
        let names = reader.names();
        assert_eq!(names.site(SiteId(3)), Some("src/lib.rs:3:5"));
        assert_eq!(names.site(SiteId(1)), None);
        assert_eq!(names.thread(ThreadId(2)), Some("worker"));
        assert_eq!(names.object(SyncId(1)), Some("lock é"));
    }

    #[test]
    fn what_is_freed_has_no_name() {
        let bytes = crate::access::ByteRange::new(0x1000, 8).unwrap();
        let mut writer = Writer::new(Vec::new()).unwrap();
        writer.define_memory(bytes, "hits").unwrap();
        let free = crate::event::Action::Free(bytes);
        for action in [crate::event::Action::Read(bytes), free] {
            let (thread, site) = (ThreadId(0), SiteId(0));
            writer
                .event(&Event {
                    thread,
                    action,
                    site,
                })
                .unwrap();
        }
        let file = writer.finish().unwrap();
        let mut reader = Reader::new(&file[..]).unwrap();
        reader.next_event().unwrap();
        assert_eq!(reader.names().memory(bytes), Some((bytes, "hits")));
        reader.next_event().unwrap();
        assert_eq!(reader.names().memory(bytes), None);
    }

    #[test]
    fn wherever_it_is_cut_its_whole_blocks_are_read() {
        let (file, events) = sample::trace();
        assert!(matches!(Reader::new(&[][..]), Err(TraceError::Empty)));
        let mut read = 0;
        for end in 1..file.len() {
            let (some, ended) = sample::read(&file[..end]);
            assert_eq!(ended, Some(Ended::CutShort), "{end}");
            assert_eq!(some, events[..some.len()], "{end}");
            assert!(some.len() >= read, "{end}");
            read = some.len();

            let mut zeros = file[..end].to_vec();
            zeros.resize(end + 10_000, 0);
            let (some, ended) = sample::try_read(&zeros);
            assert_eq!(some, events[..some.len()], "{end}");
            assert!(!matches!(ended, Ok(Some(Ended::Whole))), "{end}");
        }
        assert_eq!(read, events.len());
    }

    #[test]
    fn a_tail_of_zeros_is_a_cut() {
        let (file, events) = sample::trace();
        let end_mark = HEAD + 1;
        let mut zeros = file[..file.len() - end_mark].to_vec();
        zeros.resize(zeros.len() + 5000, 0);
        assert_eq!(sample::read(&zeros), (events, Some(Ended::CutShort)));
        zeros.push(1);
        assert!(sample::try_read(&zeros).1.is_err());
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let (file, events) = sample::trace();
        for at in 0..file.len() {
            for change in [1, 0x80, 0xff, file[at]] {
                let mut changed = file.clone();
                changed[at] ^= change;
                if changed == file {
                    continue;
                }
                let (some, ended) = sample::try_read(&changed);
                assert_eq!(some, events[..some.len()], "{at} {change}");
                assert!(ended.is_err(), "{at} {change}: {ended:?}");
            }
        }
    }

    #[test]
    fn damage_is_named_with_its_place() {
        let (file, _) = sample::trace();
        let header = format::header(format::rows()).len();
        let first = u32::from_le_bytes(file[header..header + 4].try_into().unwrap()) as usize;
        let second = header + HEAD + first;
        let mut changed = file.clone();
        changed[second + HEAD] ^= 1;
        let (some, error) = sample::try_read(&changed);
        assert_eq!(some.len(), 5);
        let error = error.unwrap_err().to_string();
        let place = format!("block 2, at byte {second}, is damaged");
        assert!(error.starts_with(&place), "{error}");
    }

    #[test]
    fn blocks_that_are_missing_or_too_many_are_noticed() {
        let (file, _) = sample::trace();
        let header = format::header(format::rows()).len();
        let first = u32::from_le_bytes(file[header..header + 4].try_into().unwrap()) as usize;
        let mut missing = file.clone();
        missing.drain(header..header + HEAD + first);
        let error = sample::try_read(&missing).1.unwrap_err().to_string();
        assert!(error.contains("18 events, but 13"), "{error}");
        let twice = [&file[..], &file[..]].concat();
        let error = sample::try_read(&twice).1.unwrap_err().to_string();
        assert!(error.contains("something follows it"), "{error}");
    }

    #[test]
    fn strangers_and_later_versions_are_refused() {
        let refused = |file: &[u8]| sample::try_read(file).1.unwrap_err();
        assert!(matches!(refused(b"T0|w(x)|1\n"), TraceError::NotATrace));
        assert!(matches!(refused(b"x"), TraceError::NotATrace));
        let (mut file, _) = sample::trace();
        file[8] = 2;
        for end in [12, file.len()] {
            let error = refused(&file[..end]);
            assert!(matches!(error, TraceError::Version(2)), "{error}");
            assert!(error.to_string().contains("use a newer one"), "{error}");
        }
    }

    #[test]
    fn records_of_a_later_writer_are_passed_over_and_counted() {
        let mut rows = format::rows();
        let row = |code, name: &str, class, operands: &[Operand]| Row {
            code,
            name: name.into(),
            class,
            operands: operands.into(),
        };
        let (object, bytes, text) = (Operand::Object, Operand::Bytes, Operand::Text);
        let all = [object, bytes, Operand::Thread, Operand::Ordering, text];
        rows.push(row(30, "wait", Class::Event, &all));
        rows.push(row(
            60,
            "define_colour",
            Class::Definition,
            &[Operand::Number],
        ));
        let mut file = format::header(rows);
        // A write by thread 5, the wait that moves the bases, a colour, and a write relative to it.
        let write = |distance: u8| [distance << 5 | 3 << 1 | 1];
        let mut payload = vec![10 | 0x40, 5 << 1 | 1];
        payload.extend(write(3));
        payload.extend([30, 3 << 1 | 1]);
        payload.extend([7 << 1 | 1, 4 << 1 | 1, 5 << 1 | 1]);
        payload.extend([7 << 1 | 1, 4, 1 << 1 | 1, b'x']);
        payload.extend([60, 9 << 1 | 1]);
        payload.push(10);
        payload.extend(write(1));
        for (kind, payload) in [
            (block::RECORDS, &payload[..]),
            (77, b"?"),
            (block::END, &[7]),
        ] {
            file.extend(Head::new(kind, payload).to_bytes());
            file.extend_from_slice(payload);
        }
        let mut reader = Reader::new(&file[..]).unwrap();
        let mut starts = Vec::new();
        while let Some(event) = reader.next_event().unwrap() {
            match event.action {
                crate::event::Action::Write(bytes) => starts.push(bytes.start()),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(starts, [3, 6]);
        assert_eq!(reader.unknown_events(), 1);
        assert_eq!(reader.ended(), Some(Ended::Whole));
    }

    #[test]
    fn an_input_that_breaks_off_is_told() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the disk is gone"))
            }
        }
        let (file, events) = sample::trace();
        let mut reader = Reader::new(file[..file.len() - 3].chain(Broken)).unwrap();
        for event in events {
            assert_eq!(reader.next_event().unwrap(), Some(event));
        }
        let error = reader.next_event().unwrap_err();
        assert!(matches!(error, TraceError::Read(_)), "{error}");
        assert_eq!(reader.ended(), None);
    }

    proptest! {
        #[test]
        fn any_events_come_back(
            events in prop::collection::vec(sample::any_event(), 0..60),
            flushes in prop::collection::vec(any::<bool>(), 60),
        ) {
            let mut writer = Writer::new(Vec::new()).unwrap();
            for (event, flush) in events.iter().zip(flushes) {
                writer.event(event).unwrap();
                if flush {
                    writer.flush().unwrap();
                }
            }
            let file = writer.finish().unwrap();
            prop_assert_eq!(sample::read(&file), (events, Some(Ended::Whole)));
        }

        /// A payload of anything, with a checksum that fits: nothing panics, and what is read
        /// ends.
        #[test]
        fn any_payload_is_read_or_refused(payload in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut file = format::header(format::rows());
            file.extend(Head::new(block::RECORDS, &payload).to_bytes());
            file.extend(&payload);
            let (events, _) = sample::try_read(&file);
            prop_assert!(events.len() <= payload.len());
        }

        #[test]
        fn names_come_back(site: u32, thread: u64, object: u64, name in ".{0,40}") {
            let mut writer = Writer::new(Vec::new()).unwrap();
            writer.define_site(SiteId(site), &name).unwrap();
            writer.define_thread(ThreadId(thread), &name).unwrap();
            writer.define_object(SyncId(object), &name).unwrap();
            let file = writer.finish().unwrap();
            let mut reader = Reader::new(&file[..]).unwrap();
            prop_assert_eq!(reader.next_event().unwrap(), None);
            let names = reader.names();
            prop_assert_eq!(names.site(SiteId(site)), Some(&*name));
            prop_assert_eq!(names.thread(ThreadId(thread)), Some(&*name));
            prop_assert_eq!(names.object(SyncId(object)), Some(&*name));
        }
    }
}
