//! The vocabulary: everything that the engine decides follows from a sequence of these.
//!
//! A trace is such a sequence, in an order that every thread's steps and every object's
//! synchronisations agree with. Threads, objects and sites are numbers that whoever observes
//! the program gives; memory is addresses.

use crate::access::ByteRange;
use crate::sync::SyncId;
use std::sync::atomic::Ordering;

/// The number of a thread of execution, never reused. One that acts without having been forked
/// runs from the start.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ThreadId(pub u64);

/// The number of a place in the source; 0 where none is known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SiteId(pub u32);

/// What one thread of execution does in one step.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// Starts the thread `child`: what this thread did so far happens-before it.
    Fork(ThreadId),
    /// Does nothing more.
    End,
    /// Waits for the thread, which has ended: what it did happens-before what follows.
    Join(ThreadId),
    /// Takes over what was left at an object.
    Acquire(SyncId),
    /// Leaves what it knows at an object, in place of what was there.
    Release(SyncId),
    /// Adds what it knows to what is at an object.
    ReleaseMerge(SyncId),
    /// Acquires, then releases.
    ReleaseAcquire(SyncId),
    /// Adds what is at the object `from` to what is at `into`.
    Transfer {
        /// The object that keeps what it has.
        from: SyncId,
        /// The object that learns.
        into: SyncId,
    },
    /// Reads plainly.
    Read(ByteRange),
    /// Writes plainly.
    Write(ByteRange),
    /// Reads atomically; also a compare-exchange that fails.
    AtomicLoad(Atomic),
    /// Writes atomically without reading.
    AtomicStore(Atomic),
    /// Reads and writes atomically in one step.
    AtomicRmw(Atomic),
    /// Executes a memory fence.
    Fence(Ordering),
    /// Gets memory: what comes to lie there has no history.
    Alloc(ByteRange),
    /// Gives memory back.
    Free(ByteRange),
    /// Calls a function, from the step's site.
    Call,
    /// Returns from a function.
    Return,
}

/// An operation on an atomic.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Atomic {
    /// Its bytes.
    pub bytes: ByteRange,
    /// The object that stands for its modification order.
    pub object: SyncId,
    /// How it is ordered.
    pub ordering: Ordering,
}

/// One step of one thread.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Event {
    /// Who acts.
    pub thread: ThreadId,
    /// What it does.
    pub action: Action,
    /// Where in the source.
    pub site: SiteId,
}
