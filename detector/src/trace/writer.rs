//! Writing a trace.

use super::block::{self, Head};
use super::encoder::Encoder;
use super::format::{self, LONGEST_TEXT};
use super::varint;
use crate::access::ByteRange;
use crate::event::{Event, SiteId, ThreadId};
use crate::sync::SyncId;
use std::io::{self, Write};

/// How many bytes of records make a block.
const FULL: usize = 64 << 10;

/// Writes events and names to `out`, a block at a time.
///
/// Each block is one call of [`Write::write_all`], so that `out` needs no buffer of its own. A writer
/// that is dropped without [`Writer::finish`] leaves a trace that is cut short: without the
/// records of its last block, and without the mark that it is whole.
pub struct Writer<W> {
    out: W,
    encoder: Encoder,
    /// A block as it is written; kept for its room.
    block: Vec<u8>,
    events: u64,
    broken: bool,
}

impl<W: Write> Writer<W> {
    /// Begins a trace.
    ///
    /// # Errors
    ///
    /// Where the header cannot be written.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(&format::header(format::rows()))?;
        out.flush()?;
        Ok(Self {
            out,
            encoder: Encoder::default(),
            block: Vec::new(),
            events: 0,
            broken: false,
        })
    }

    /// How many events there are so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Adds an event.
    ///
    /// # Errors
    ///
    /// Where a block is full and cannot be written. What `out` holds is then a trace that is
    /// cut short, and every later call fails too.
    #[inline]
    pub fn event(&mut self, event: &Event) -> io::Result<()> {
        self.encoder.event(event);
        self.events += 1;
        self.after_record()
    }

    /// Says which place in the source a site stands for, such as `src/lib.rs:3:5`.
    ///
    /// # Errors
    ///
    /// Where the text is longer than [`LONGEST_TEXT`], and as [`Self::event`].
    pub fn define_site(&mut self, site: SiteId, place: &str) -> io::Result<()> {
        check(place)?;
        self.encoder.define_site(site, place);
        self.after_record()
    }

    /// Names a thread.
    ///
    /// # Errors
    ///
    /// As [`Self::define_site`].
    pub fn define_thread(&mut self, thread: ThreadId, name: &str) -> io::Result<()> {
        check(name)?;
        self.encoder.define_thread(thread, name);
        self.after_record()
    }

    /// Names a synchronisation object.
    ///
    /// # Errors
    ///
    /// As [`Self::define_site`].
    pub fn define_object(&mut self, object: SyncId, name: &str) -> io::Result<()> {
        check(name)?;
        self.encoder.define_object(object, name);
        self.after_record()
    }

    /// Says what lies in `bytes` from here on, until they are freed or named anew.
    ///
    /// # Errors
    ///
    /// As [`Self::define_site`].
    pub fn define_memory(&mut self, bytes: ByteRange, name: &str) -> io::Result<()> {
        check(name)?;
        self.encoder.define_memory(bytes, name);
        self.after_record()
    }

    /// Writes what has been gathered as a block, however small.
    ///
    /// # Errors
    ///
    /// As [`Self::event`].
    pub fn flush(&mut self) -> io::Result<()> {
        if !self.encoder.payload().is_empty() {
            self.write_records()?;
        }
        self.unbroken(|writer| writer.out.flush())
    }

    /// Writes what has been gathered and the mark that the trace is whole; gives `out` back.
    ///
    /// # Errors
    ///
    /// As [`Self::event`].
    pub fn finish(mut self) -> io::Result<W> {
        self.flush()?;
        let mut payload = Vec::new();
        varint::put(&mut payload, self.events);
        self.write_block(block::END, &payload)?;
        self.out.flush()?;
        Ok(self.out)
    }

    #[inline]
    fn after_record(&mut self) -> io::Result<()> {
        if self.encoder.payload().len() < FULL {
            return Ok(());
        }
        self.write_records()
    }

    #[cold]
    fn write_records(&mut self) -> io::Result<()> {
        let encoder = std::mem::take(&mut self.encoder);
        let written = self.write_block(block::RECORDS, encoder.payload());
        self.encoder = encoder;
        self.encoder.clear();
        written
    }

    fn write_block(&mut self, kind: u8, payload: &[u8]) -> io::Result<()> {
        self.block.clear();
        self.block.extend(Head::new(kind, payload).to_bytes());
        self.block.extend_from_slice(payload);
        self.unbroken(|writer| writer.out.write_all(&writer.block))
    }

    /// Writes, unless a part of a block may stand there: nothing behind it could be read.
    fn unbroken(&mut self, write: impl FnOnce(&mut Self) -> io::Result<()>) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("an earlier part could not be written"));
        }
        let written = write(self);
        self.broken = written.is_err();
        written
    }
}

fn check(text: &str) -> io::Result<()> {
    if text.len() <= LONGEST_TEXT {
        return Ok(());
    }
    let why = format!("a name in a trace has at most {LONGEST_TEXT} bytes");
    Err(io::Error::new(io::ErrorKind::InvalidInput, why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::sample;
    use crate::trace::{Ended, Reader};

    /// Takes so many bytes, then none.
    struct Full(Vec<u8>, usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let len = bytes.len().min(self.1 - self.0.len());
            self.0.extend_from_slice(&bytes[..len]);
            if len == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            Ok(len)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn nothing_follows_a_block_that_was_not_written_whole() {
        let event = sample::events()[0];
        let mut out = Full(Vec::new(), 100_000);
        let mut writer = Writer::new(&mut out).unwrap();
        while writer.event(&event).is_ok() {}
        assert!(writer.flush().is_err());
        assert!(writer.finish().is_err());
        out.1 = usize::MAX;
        let mut reader = Reader::new(&out.0[..]).unwrap();
        let mut events = 0;
        while reader.next_event().unwrap().is_some() {
            events += 1;
        }
        assert!(events > 10_000, "{events}");
        assert_eq!(reader.ended(), Some(Ended::CutShort));
    }

    #[test]
    fn every_flush_leaves_all_events_in_the_file() {
        let mut writer = Writer::new(Vec::new()).unwrap();
        for (i, event) in sample::events().iter().enumerate() {
            writer.event(event).unwrap();
            writer.flush().unwrap();
            writer.flush().unwrap();
            let (events, ended) = sample::read(&writer.out);
            assert_eq!((events.len(), ended), (i + 1, Some(Ended::CutShort)));
        }
    }

    #[test]
    fn a_text_that_no_reader_takes_is_not_written() {
        let mut writer = Writer::new(Vec::new()).unwrap();
        let text = "x".repeat(LONGEST_TEXT + 1);
        let error = writer.define_site(SiteId(1), &text).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        writer.define_site(SiteId(1), &text[1..]).unwrap();
        let file = writer.finish().unwrap();
        let mut reader = Reader::new(&file[..]).unwrap();
        assert_eq!(reader.next_event().unwrap(), None);
        assert_eq!(reader.names().site(SiteId(1)), Some(&text[1..]));
    }
}
