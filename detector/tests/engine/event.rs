//! What threads of execution do, as data.
//!
//! Threads and sync objects are small numbers; thread 0 is there from the start. Memory is
//! addresses. The functions make an event each, and an event prints as the call that makes it,
//! so that a sequence found by a property test can be pasted into a rule.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::Ordering;

/// The memory of an atomic. Its clock belongs to the address of its first byte.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) start: usize,
    pub(crate) len: usize,
}

impl Word {
    pub(crate) fn bytes(self) -> Range<usize> {
        self.start..self.start + self.len
    }
}

/// One step of one thread, or of the allocator.
#[rustfmt::skip]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Fork { parent: usize, child: usize },
    End { thread: usize },
    Join { joiner: usize, ended: usize },
    Acquire { thread: usize, object: usize },
    Release { thread: usize, object: usize },
    ReleaseMerge { thread: usize, object: usize },
    ReleaseAcquire { thread: usize, object: usize },
    Read { thread: usize, start: usize, len: usize },
    Write { thread: usize, start: usize, len: usize },
    AtomicLoad { thread: usize, word: Word, ordering: Ordering },
    AtomicStore { thread: usize, word: Word, ordering: Ordering },
    AtomicRmw { thread: usize, word: Word, ordering: Ordering },
    Fence { thread: usize, ordering: Ordering },
    Reset { start: usize, len: usize },
}

pub(crate) const fn word(start: usize, len: usize) -> Word {
    Word { start, len }
}

pub(crate) fn fork(parent: usize, child: usize) -> Event {
    Event::Fork { parent, child }
}

pub(crate) fn end(thread: usize) -> Event {
    Event::End { thread }
}

pub(crate) fn join(joiner: usize, ended: usize) -> Event {
    Event::Join { joiner, ended }
}

pub(crate) fn acquire(thread: usize, object: usize) -> Event {
    Event::Acquire { thread, object }
}

pub(crate) fn release(thread: usize, object: usize) -> Event {
    Event::Release { thread, object }
}

pub(crate) fn release_merge(thread: usize, object: usize) -> Event {
    Event::ReleaseMerge { thread, object }
}

pub(crate) fn release_acquire(thread: usize, object: usize) -> Event {
    Event::ReleaseAcquire { thread, object }
}

pub(crate) fn read(thread: usize, start: usize, len: usize) -> Event {
    Event::Read { thread, start, len }
}

pub(crate) fn write(thread: usize, start: usize, len: usize) -> Event {
    Event::Write { thread, start, len }
}

#[rustfmt::skip]
pub(crate) fn load(thread: usize, word: Word, ordering: Ordering) -> Event {
    Event::AtomicLoad { thread, word, ordering }
}

#[rustfmt::skip]
pub(crate) fn store(thread: usize, word: Word, ordering: Ordering) -> Event {
    Event::AtomicStore { thread, word, ordering }
}

#[rustfmt::skip]
pub(crate) fn rmw(thread: usize, word: Word, ordering: Ordering) -> Event {
    Event::AtomicRmw { thread, word, ordering }
}

/// A compare-exchange that fails, with the ordering that it has in that case: a load.
pub(crate) fn failed_exchange(thread: usize, word: Word, ordering: Ordering) -> Event {
    load(thread, word, ordering)
}

pub(crate) fn fence(thread: usize, ordering: Ordering) -> Event {
    Event::Fence { thread, ordering }
}

pub(crate) fn reset(start: usize, len: usize) -> Event {
    Event::Reset { start, len }
}

impl Event {
    /// The thread that acts; memory is reset by nobody in particular.
    pub(crate) fn thread(self) -> Option<usize> {
        match self {
            Self::Fork { parent: thread, .. }
            | Self::Join { joiner: thread, .. }
            | Self::End { thread }
            | Self::Acquire { thread, .. }
            | Self::Release { thread, .. }
            | Self::ReleaseMerge { thread, .. }
            | Self::ReleaseAcquire { thread, .. }
            | Self::Read { thread, .. }
            | Self::Write { thread, .. }
            | Self::AtomicLoad { thread, .. }
            | Self::AtomicStore { thread, .. }
            | Self::AtomicRmw { thread, .. }
            | Self::Fence { thread, .. } => Some(thread),
            Self::Reset { .. } => None,
        }
    }

    /// The same event, its memory `offset` bytes further up.
    pub(crate) fn moved(mut self, offset: usize) -> Self {
        match &mut self {
            Self::Read { start, .. } | Self::Write { start, .. } | Self::Reset { start, .. } => {
                *start += offset;
            }
            Self::AtomicLoad { word, .. }
            | Self::AtomicStore { word, .. }
            | Self::AtomicRmw { word, .. } => word.start += offset,
            Self::Fork { .. }
            | Self::End { .. }
            | Self::Join { .. }
            | Self::Acquire { .. }
            | Self::Release { .. }
            | Self::ReleaseMerge { .. }
            | Self::ReleaseAcquire { .. }
            | Self::Fence { .. } => {}
        }
        self
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "word({:#x}, {})", self.start, self.len)
    }
}

#[rustfmt::skip]
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fork { parent, child } => write!(f, "fork({parent}, {child})"),
            Self::End { thread } => write!(f, "end({thread})"),
            Self::Join { joiner, ended } => write!(f, "join({joiner}, {ended})"),
            Self::Acquire { thread, object } => write!(f, "acquire({thread}, {object})"),
            Self::Release { thread, object } => write!(f, "release({thread}, {object})"),
            Self::ReleaseMerge { thread, object } => write!(f, "release_merge({thread}, {object})"),
            Self::ReleaseAcquire { thread, object } => write!(f, "release_acquire({thread}, {object})"),
            Self::Read { thread, start, len } => write!(f, "read({thread}, {start:#x}, {len})"),
            Self::Write { thread, start, len } => write!(f, "write({thread}, {start:#x}, {len})"),
            Self::AtomicLoad { thread, word, ordering } => write!(f, "load({thread}, {word:?}, {ordering:?})"),
            Self::AtomicStore { thread, word, ordering } => write!(f, "store({thread}, {word:?}, {ordering:?})"),
            Self::AtomicRmw { thread, word, ordering } => write!(f, "rmw({thread}, {word:?}, {ordering:?})"),
            Self::Fence { thread, ordering } => write!(f, "fence({thread}, {ordering:?})"),
            Self::Reset { start, len } => write!(f, "reset({start:#x}, {len})"),
        }
    }
}
