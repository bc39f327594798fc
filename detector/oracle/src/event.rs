//! An event as the call that makes it.
//!
//! Threads and sync objects are small numbers, memory is addresses. An event prints as the call
//! that makes it, so that a sequence found by a property test can be pasted into a rule.

use deadheat_detector::access::ByteRange;
use deadheat_detector::event::{Action, Atomic, Event, SiteId, ThreadId};
use deadheat_detector::sync::SyncId;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::Ordering;

/// The memory of an atomic, and the object that stands for its modification order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// The address of its first byte.
    pub start: usize,
    /// The number of its bytes.
    pub len: usize,
    /// The number of its object.
    pub object: u64,
}

impl Word {
    /// Its bytes.
    #[must_use]
    pub fn bytes(self) -> Range<usize> {
        self.start..self.start + self.len
    }

    fn with(self, ordering: Ordering) -> Atomic {
        Atomic {
            bytes: range(self.start, self.len),
            object: SyncId(self.object),
            ordering,
        }
    }
}

impl From<Atomic> for Word {
    fn from(atomic: Atomic) -> Self {
        Self {
            start: atomic.bytes.start(),
            len: atomic.bytes.len(),
            object: atomic.object.0,
        }
    }
}

/// An atomic whose object is named by its address.
#[must_use]
pub const fn word(start: usize, len: usize) -> Word {
    named_word(start, len, start as u64)
}

/// An atomic and its object.
#[must_use]
pub const fn named_word(start: usize, len: usize, object: u64) -> Word {
    Word { start, len, object }
}

fn range(start: usize, len: usize) -> ByteRange {
    ByteRange::new(start, len).expect("memory has bytes")
}

/// What `thread` does; the site is for [`at`] to give.
#[must_use]
pub fn event(thread: u64, action: Action) -> Event {
    Event {
        thread: ThreadId(thread),
        action,
        site: SiteId::default(),
    }
}

/// The same event at the site `site`.
#[must_use]
pub fn at(site: usize, event: &Event) -> Event {
    let site = SiteId(u32::try_from(site).expect("fewer than 2^32 sites"));
    Event { site, ..*event }
}

/// The same event, its memory `offset` bytes further up. Objects keep their names.
#[must_use]
pub fn moved(offset: usize, event: &Event) -> Event {
    let mut event = *event;
    match &mut event.action {
        Action::Read(bytes)
        | Action::Write(bytes)
        | Action::Alloc(bytes)
        | Action::Free(bytes)
        | Action::AtomicLoad(Atomic { bytes, .. })
        | Action::AtomicStore(Atomic { bytes, .. })
        | Action::AtomicRmw(Atomic { bytes, .. }) => {
            *bytes = range(bytes.start() + offset, bytes.len());
        }
        _ => {}
    }
    event
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) = $action:expr;)*) => {
        $(
            $(#[$doc])*
            #[must_use]
            pub fn $name(thread: u64 $(, $argument: $type)*) -> Event {
                event(thread, $action)
            }
        )*
    };
}

constructors! {
    /// `thread` starts `child`.
    fork(child: u64) = Action::Fork(ThreadId(child));
    /// `thread` does nothing more.
    end() = Action::End;
    /// `thread` waits for `other`.
    join(other: u64) = Action::Join(ThreadId(other));
    /// `thread` takes over what was left at `object`.
    acquire(object: u64) = Action::Acquire(SyncId(object));
    /// `thread` leaves what it knows at `object`, in place of what was there.
    release(object: u64) = Action::Release(SyncId(object));
    /// `thread` adds what it knows to what is at `object`.
    release_merge(object: u64) = Action::ReleaseMerge(SyncId(object));
    /// `thread` acquires from `object`, then releases to it.
    release_acquire(object: u64) = Action::ReleaseAcquire(SyncId(object));
    /// `thread` adds what is at `from` to what is at `into`.
    transfer(from: u64, into: u64) = Action::Transfer { from: SyncId(from), into: SyncId(into) };
    /// `thread` reads plainly.
    read(start: usize, len: usize) = Action::Read(range(start, len));
    /// `thread` writes plainly.
    write(start: usize, len: usize) = Action::Write(range(start, len));
    /// `thread` reads `word`.
    load(word: Word, ordering: Ordering) = Action::AtomicLoad(word.with(ordering));
    /// `thread` writes `word` without reading it.
    store(word: Word, ordering: Ordering) = Action::AtomicStore(word.with(ordering));
    /// `thread` reads and writes `word` in one step.
    rmw(word: Word, ordering: Ordering) = Action::AtomicRmw(word.with(ordering));
    /// `thread` fails to exchange `word`, with the ordering that it has in that case: a load.
    failed_exchange(word: Word, ordering: Ordering) = Action::AtomicLoad(word.with(ordering));
    /// `thread` executes a fence.
    fence(ordering: Ordering) = Action::Fence(ordering);
    /// `thread` gets memory.
    alloc(start: usize, len: usize) = Action::Alloc(range(start, len));
    /// `thread` gives memory back.
    free(start: usize, len: usize) = Action::Free(range(start, len));
    /// `thread` calls a function.
    call() = Action::Call;
    /// `thread` returns from a function.
    ret() = Action::Return;
}

/// Prints an event as the call that makes it, but for its site.
#[derive(Clone, Copy)]
pub struct AsCall<'a>(pub &'a Event);

#[rustfmt::skip]
impl fmt::Debug for AsCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = self.0.thread.0;
        let memory = |f: &mut fmt::Formatter<'_>, name, bytes: ByteRange| {
            write!(f, "{name}({t}, {:#x}, {})", bytes.start(), bytes.len())
        };
        let atomic = |f: &mut fmt::Formatter<'_>, name, atomic: Atomic| {
            write!(f, "{name}({t}, {:?}, {:?})", Word::from(atomic), atomic.ordering)
        };
        match self.0.action {
            Action::Fork(child) => write!(f, "fork({t}, {})", child.0),
            Action::End => write!(f, "end({t})"),
            Action::Join(other) => write!(f, "join({t}, {})", other.0),
            Action::Acquire(object) => write!(f, "acquire({t}, {})", object.0),
            Action::Release(object) => write!(f, "release({t}, {})", object.0),
            Action::ReleaseMerge(object) => write!(f, "release_merge({t}, {})", object.0),
            Action::ReleaseAcquire(object) => write!(f, "release_acquire({t}, {})", object.0),
            Action::Transfer { from, into } => write!(f, "transfer({t}, {}, {})", from.0, into.0),
            Action::Read(bytes) => memory(f, "read", bytes),
            Action::Write(bytes) => memory(f, "write", bytes),
            Action::AtomicLoad(word) => atomic(f, "load", word),
            Action::AtomicStore(word) => atomic(f, "store", word),
            Action::AtomicRmw(word) => atomic(f, "rmw", word),
            Action::Fence(ordering) => write!(f, "fence({t}, {ordering:?})"),
            Action::Alloc(bytes) => memory(f, "alloc", bytes),
            Action::Free(bytes) => memory(f, "free", bytes),
            Action::Call => write!(f, "call({t})"),
            Action::Return => write!(f, "ret({t})"),
        }
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { start, len, object } = *self;
        if object == start as u64 {
            write!(f, "word({start:#x}, {len})")
        } else {
            write!(f, "named_word({start:#x}, {len}, {object})")
        }
    }
}

/// A sequence of events; prints as the calls that make it, one a line.
#[derive(Clone, PartialEq, Eq)]
pub struct Sequence(pub Vec<Event>);

impl fmt::Debug for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        self.0
            .iter()
            .try_for_each(|event| writeln!(f, "{:?},", AsCall(event)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering::{Relaxed, SeqCst};

    #[test]
    fn an_event_prints_as_the_call_that_makes_it() {
        for (event, expected) in [
            (fork(0, 1), "fork(0, 1)"),
            (read(2, 0x1000, 8), "read(2, 0x1000, 8)"),
            (
                store(3, word(0x40, 4), Relaxed),
                "store(3, word(0x40, 4), Relaxed)",
            ),
            (
                load(3, named_word(0x40, 4, 7), SeqCst),
                "load(3, named_word(0x40, 4, 7), SeqCst)",
            ),
            (ret(4), "ret(4)"),
        ] {
            assert_eq!(format!("{:?}", AsCall(&event)), expected);
        }
    }

    #[test]
    fn a_moved_event_keeps_its_object() {
        let event = moved(0x100, &rmw(1, word(0x40, 4), SeqCst));
        assert_eq!(event, rmw(1, named_word(0x140, 4, 0x40), SeqCst));
        assert_eq!(moved(0x100, &call(1)), call(1));
    }
}
