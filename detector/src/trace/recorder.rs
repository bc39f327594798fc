//! Recording a program while it runs.

use super::format::LONGEST_TEXT;
use super::writer::Writer;
use crate::access::ByteRange;
use crate::event::{Event, SiteId, ThreadId};
use crate::once::Complaint;
use crate::sync::SyncId;
use dashmap::DashMap;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::panic::Location;
use std::path::Path;

/// A trace that many OS threads write.
///
/// The order of events in the trace is the order in which [`Self::record`] is entered: a caller
/// records an event while it still holds what orders it (the lock that is released, the word
/// that is written), or just after it has got it.
///
/// What cannot be written (a full disk) is said once on the standard error stream, and kept for
/// [`Self::finish`]; recording stops there, and the program goes on. The file then holds a trace
/// that is cut short. So it does where the process ends without `finish` or a drop: up to 64 KiB
/// of records are lost, what was written before can be read.
///
/// # Example
///
/// ```
/// use deadheat_detector::event::{Action, Event, ThreadId};
/// use deadheat_detector::trace::Recorder;
/// use std::panic::Location;
///
/// let recorder = Recorder::new(Vec::new())?;
/// let site = recorder.site(Location::caller());
/// recorder.record(&Event { thread: ThreadId(1), action: Action::End, site });
/// assert_eq!(recorder.finish()?, 1);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Recorder<W: Write = File> {
    state: Mutex<State<W>>,
    /// The sites of places, by the address of the place.
    sites: DashMap<usize, SiteId>,
    /// What is recorded to, for messages.
    name: String,
    complaint: Complaint,
}

struct State<W> {
    phase: Phase<W>,
    /// The sites of places, by their text: the compiler may keep one place at two addresses.
    sites: HashMap<Box<str>, SiteId>,
}

enum Phase<W> {
    Recording(Writer<W>),
    /// It has ended with so many events.
    Finished(u64),
    /// It could not be written.
    Failed(io::ErrorKind, String),
}

impl Recorder<File> {
    /// Records to a new file at `path`, in place of what is there.
    ///
    /// # Errors
    ///
    /// Where the file cannot be made or written.
    pub fn create(path: &Path) -> io::Result<Self> {
        Self::named(File::create(path)?, path.display().to_string())
    }
}

impl<W: Write> Recorder<W> {
    /// Records to `out`, which needs no buffer of its own.
    ///
    /// # Errors
    ///
    /// Where the beginning cannot be written.
    pub fn new(out: W) -> io::Result<Self> {
        Self::named(out, "the trace".to_owned())
    }

    fn named(out: W, name: String) -> io::Result<Self> {
        let state = State {
            phase: Phase::Recording(Writer::new(out)?),
            sites: HashMap::new(),
        };
        Ok(Self {
            state: Mutex::new(state),
            sites: DashMap::new(),
            name,
            complaint: Complaint::new(),
        })
    }

    /// Records an event. After [`Self::finish`] it does nothing.
    pub fn record(&self, event: &Event) {
        self.write(&mut self.state.lock(), |writer| writer.event(event));
    }

    /// The number of a place in the source; its text is recorded the first time.
    pub fn site(&self, place: &'static Location<'static>) -> SiteId {
        let address = std::ptr::from_ref(place).addr();
        if let Some(site) = self.sites.get(&address) {
            return *site;
        }
        let site = self.site_of_text(&place.to_string());
        self.sites.insert(address, site);
        site
    }

    /// The number of a place in the source that is known by its text, such as
    /// `src/lib.rs:3:5`; the text is recorded the first time.
    pub fn site_of_text(&self, place: &str) -> SiteId {
        let place = shortened(place);
        let mut state = self.state.lock();
        if let Some(site) = state.sites.get(place) {
            return *site;
        }
        let Ok(number) = u32::try_from(state.sites.len() + 1) else {
            return SiteId::default();
        };
        let site = SiteId(number);
        state.sites.insert(place.into(), site);
        self.write(&mut state, |writer| writer.define_site(site, place));
        site
    }

    /// Names a thread.
    pub fn define_thread(&self, thread: ThreadId, name: &str) {
        let name = shortened(name);
        self.write(&mut self.state.lock(), |writer| {
            writer.define_thread(thread, name)
        });
    }

    /// Names a synchronisation object.
    pub fn define_object(&self, object: SyncId, name: &str) {
        let name = shortened(name);
        self.write(&mut self.state.lock(), |writer| {
            writer.define_object(object, name)
        });
    }

    /// Says what lies in `bytes` from here on, until they are freed or named anew.
    pub fn define_memory(&self, bytes: ByteRange, name: &str) {
        let name = shortened(name);
        self.write(&mut self.state.lock(), |writer| {
            writer.define_memory(bytes, name)
        });
    }

    /// Writes what has been recorded so far, so that it outlives the process whatever comes.
    pub fn flush(&self) {
        self.write(&mut self.state.lock(), Writer::flush);
    }

    /// Ends the trace with the mark that it is whole, and gives the number of its events. What
    /// is recorded later is not in it. Further calls give the same answer.
    ///
    /// # Errors
    ///
    /// Where something could not be written, now or earlier.
    pub fn finish(&self) -> io::Result<u64> {
        let mut state = self.state.lock();
        if let Phase::Recording(writer) = &state.phase {
            let finished = Phase::Finished(writer.events());
            if let Phase::Recording(writer) = std::mem::replace(&mut state.phase, finished)
                && let Err(error) = writer.finish()
            {
                state.phase = self.failed(&error);
            }
        }
        match &state.phase {
            Phase::Failed(kind, what) => Err(io::Error::new(*kind, what.clone())),
            Phase::Finished(events) => Ok(*events),
            Phase::Recording(_) => unreachable!("it has just ended"),
        }
    }

    fn write(&self, state: &mut State<W>, f: impl FnOnce(&mut Writer<W>) -> io::Result<()>) {
        if let Phase::Recording(writer) = &mut state.phase
            && let Err(error) = f(writer)
        {
            state.phase = self.failed(&error);
        }
    }

    #[cold]
    fn failed(&self, error: &io::Error) -> Phase<W> {
        let what = format!("{} cannot be written: {error}", self.name);
        self.complaint.say(&format!(
            "{what}; recording stops here, the program goes on"
        ));
        Phase::Failed(error.kind(), what)
    }
}

impl<W: Write> Drop for Recorder<W> {
    fn drop(&mut self) {
        // What went wrong has been said.
        let _ = self.finish();
    }
}

/// The beginning of `text` that a trace can hold.
fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_TEXT)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Action;
    use crate::trace::{Ended, Reader, sample};
    use std::fs;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn event(thread: u64) -> Event {
        Event {
            thread: ThreadId(thread),
            action: Action::Acquire(SyncId(thread)),
            site: SiteId(0),
        }
    }

    #[test]
    fn many_threads_write_one_trace() {
        const EACH: usize = 20_000;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace");
        let recorder = Recorder::create(&path).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let recorder = &recorder;
                scope.spawn(move || {
                    recorder.define_thread(ThreadId(thread), &format!("t{thread}"));
                    for _ in 0..EACH {
                        recorder.record(&event(thread));
                    }
                });
            }
        });
        assert_eq!(recorder.finish().unwrap(), 4 * EACH as u64);
        recorder.record(&event(9));
        assert_eq!(recorder.finish().unwrap(), 4 * EACH as u64);

        let file = fs::read(&path).unwrap();
        let (events, ended) = sample::read(&file);
        assert_eq!(ended, Some(Ended::Whole));
        for thread in 0..4 {
            let own = events.iter().filter(|e| **e == event(thread)).count();
            assert_eq!(own, EACH);
        }
        let mut reader = Reader::new(&file[..]).unwrap();
        while reader.next_event().unwrap().is_some() {}
        assert_eq!(reader.names().thread(ThreadId(3)), Some("t3"));
    }

    #[test]
    fn a_place_has_one_number_wherever_its_text_is_kept() {
        let recorder = Recorder::new(io::sink()).unwrap();
        let here = Location::caller();
        let site = recorder.site(here);
        assert_eq!(recorder.site(here), site);
        assert_eq!(recorder.site_of_text(&here.to_string()), site);
        assert_ne!(recorder.site(Location::caller()), site);
        assert_ne!(site, SiteId(0));
    }

    #[test]
    fn a_dropped_recorder_leaves_a_whole_trace() {
        let mut file = Vec::new();
        let recorder = Recorder::new(&mut file).unwrap();
        recorder.record(&event(1));
        drop(recorder);
        assert_eq!(sample::read(&file), (vec![event(1)], Some(Ended::Whole)));
    }

    #[test]
    fn a_flush_leaves_what_was_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace");
        let recorder = Recorder::create(&path).unwrap();
        recorder.record(&event(1));
        recorder.flush();
        let (events, ended) = sample::read(&fs::read(&path).unwrap());
        assert_eq!((events.len(), ended), (1, Some(Ended::CutShort)));
    }

    #[test]
    fn a_full_disk_stops_the_recording_and_nothing_else() {
        struct Full<'a>(&'a AtomicUsize);
        impl Write for Full<'_> {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                if self.0.fetch_add(1, Ordering::Relaxed) == 0 {
                    return Ok(bytes.len());
                }
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let calls = AtomicUsize::new(0);
        let recorder = Recorder::new(Full(&calls)).unwrap();
        for _ in 0..100_000 {
            recorder.record(&event(1));
        }
        assert_eq!(recorder.site_of_text("a"), SiteId(1));
        for _ in 0..2 {
            let error = recorder.finish().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        }
        drop(recorder);
        assert_eq!(calls.into_inner(), 2, "the header, and the first block");
    }
}
