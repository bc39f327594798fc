//! From the runtime's operations to the detector's events.
//!
//! Everything here does nothing where the caller is no goroutine or its run is not watched.

use crate::current;
use deadheat_detector::Detector;
use deadheat_detector::access::{AccessKind, ByteRange};
use deadheat_detector::context::{HeldLock, LockMode, Site};
use deadheat_detector::memory::{CellId, Declaration};
use deadheat_detector::sync::{SyncId, SyncVar};
use deadheat_detector::thread::{SyncOp, Thread};
use std::panic::Location;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Calls `f` with the detector and the running goroutine's state in it.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&Detector, &mut Thread) -> R) -> Option<R> {
    if any() { with_detector(f) } else { None }
}

/// Kept out of line: while nobody detects, a look at whether anybody does is all.
#[inline(never)]
fn with_detector<R>(f: impl FnOnce(&Detector, &mut Thread) -> R) -> Option<R> {
    current::with(|g| {
        let detector = g.run.detector.as_ref()?;
        g.with_thread(|thread| f(detector, thread))
    })
    .flatten()
}

/// Whether any run in the process has a detector.
#[inline]
pub(crate) fn any() -> bool {
    current::any_detected()
}

/// Adds what was left at `from` to what is at `into`, on behalf of whoever calls.
pub(crate) fn transfer(from: &SyncVar, into: &mut SyncVar, op: SyncOp) {
    if with(|_, thread| thread.transfer(from, into, op)).is_none() {
        into.add(from);
    }
}

fn fresh_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// An identity that an object gets when it is first needed, so that it can be made in a `const`.
#[derive(Debug)]
struct LazyId(AtomicU64);

impl LazyId {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    fn get(&self) -> u64 {
        let id = self.0.load(Ordering::Relaxed);
        if id != 0 {
            return id;
        }
        match self
            .0
            .compare_exchange(0, fresh_id(), Ordering::Relaxed, Ordering::Relaxed)
        {
            Ok(_) => self.0.load(Ordering::Relaxed),
            Err(other) => other,
        }
    }

    fn known(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|&id| id != 0)
    }
}

/// The clock of a sync object that may live in a `static` and serve several runs at once: each
/// run's detector keeps its own, under this name.
#[derive(Debug)]
pub(crate) struct SyncName {
    id: LazyId,
}

impl SyncName {
    pub(crate) const fn new() -> Self {
        Self { id: LazyId::new() }
    }

    pub(crate) fn id(&self) -> SyncId {
        SyncId(self.id.get())
    }

    #[inline]
    pub(crate) fn acquire(&self, op: SyncOp) {
        with(|detector, thread| detector.acquire(thread, self.id(), op));
    }

    #[inline]
    pub(crate) fn release(&self, op: SyncOp) {
        with(|detector, thread| detector.release(thread, self.id(), op));
    }

    /// Acquires, as the taking of a lock does, which the goroutine then holds in this mode.
    ///
    /// What the detector is told is got ready out of line, as for an unlock: only where one is there.
    #[inline]
    pub(crate) fn lock(&self, what: &'static str, at: &'static Location<'static>, mode: LockMode) {
        if any() {
            self.note_lock(what, at, mode);
        }
    }

    #[inline(never)]
    fn note_lock(&self, what: &'static str, at: &'static Location<'static>, mode: LockMode) {
        with(|detector, thread| {
            detector.acquire(thread, self.id(), SyncOp { what, at });
            thread.hold(held(mode, at));
        });
    }

    /// Releases a lock that was taken at `taken`.
    #[inline]
    pub(crate) fn unlock(
        &self,
        what: &'static str,
        taken: &'static Location<'static>,
        mode: LockMode,
    ) {
        if any() {
            self.note_unlock(what, taken, mode);
        }
    }

    #[inline(never)]
    fn note_unlock(&self, what: &'static str, taken: &'static Location<'static>, mode: LockMode) {
        let op = SyncOp { what, at: taken };
        with(|detector, thread| {
            thread.let_go(held(mode, taken));
            match mode {
                LockMode::Read => detector.release_merge(thread, self.id(), op),
                LockMode::Mutex | LockMode::Write => detector.release(thread, self.id(), op),
            }
        });
    }

    #[inline]
    pub(crate) fn release_merge(&self, op: SyncOp) {
        with(|detector, thread| detector.release_merge(thread, self.id(), op));
    }

    /// Adds what was released here so far to what is at `into`.
    #[inline]
    pub(crate) fn copy_to(&self, into: &mut SyncVar, op: SyncOp) {
        with(|detector, thread| detector.sync(self.id(), |var| thread.transfer(var, into, op)));
    }
}

fn held(mode: LockMode, taken: &'static Location<'static>) -> HeldLock {
    HeldLock {
        mode,
        taken: Site(taken),
    }
}

impl Drop for SyncName {
    fn drop(&mut self) {
        if let Some(id) = self.id.known() {
            with(|detector, _| detector.forget_sync(SyncId(id)));
        }
    }
}

/// The identity of an annotated cell: keeps its accesses apart from those of whatever lay at
/// the same address before.
///
/// The cell may move: where it lies when it is accessed is where it is.
#[doc(hidden)]
#[derive(Debug)]
pub struct Anchor {
    id: LazyId,
    address: AtomicUsize,
    detector: AtomicU64,
}

impl Default for Anchor {
    fn default() -> Self {
        Self::new()
    }
}

impl Anchor {
    /// The identity of a cell that was not accessed yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            id: LazyId::new(),
            address: AtomicUsize::new(0),
            detector: AtomicU64::new(0),
        }
    }

    /// Makes sure that `bytes` are known to `detector` as this cell's memory.
    pub(crate) fn claim(
        &self,
        detector: &Detector,
        thread: &Thread,
        bytes: ByteRange,
        declaration: impl FnOnce() -> Declaration,
    ) {
        // The claim is made before the address and the detector are noted, and noting them
        // anew only repeats it: a stale pair costs a look-up, never a history.
        if self.detector.load(Ordering::Acquire) == detector.id()
            && self.address.load(Ordering::Acquire) == bytes.start()
        {
            return;
        }
        detector.claim(thread, bytes, CellId(self.id.get()), declaration());
        self.address.store(bytes.start(), Ordering::Release);
        self.detector.store(detector.id(), Ordering::Release);
    }
}

impl Drop for Anchor {
    fn drop(&mut self) {
        if let Some(id) = self.id.known() {
            let start = *self.address.get_mut();
            let op = SyncOp::here("drop");
            with(|detector, thread| detector.release_memory(thread, start, CellId(id), op));
        }
    }
}

/// The bytes of a value at `address`; those of a value without any count as one.
#[doc(hidden)]
#[must_use]
pub fn bytes_at(address: usize, len: usize) -> ByteRange {
    ByteRange::new(address, len.max(1)).expect("at least one byte")
}

/// Records an access to `bytes` of the cell that `anchor` identifies and `whole` are the
/// memory of.
#[doc(hidden)]
#[inline]
pub fn access_cell(
    anchor: &Anchor,
    whole: ByteRange,
    declaration: impl FnOnce() -> Declaration,
    kind: AccessKind,
    bytes: ByteRange,
    at: &'static Location<'static>,
) {
    with(|detector, thread| {
        anchor.claim(detector, thread, whole, declaration);
        detector.access(thread, kind, bytes, at);
    });
}

/// Makes `whole` known to the caller's run as the memory of the cell that `anchor` identifies.
#[doc(hidden)]
pub fn claim_cell(anchor: &Anchor, whole: ByteRange, declaration: impl FnOnce() -> Declaration) {
    with(|detector, thread| anchor.claim(detector, thread, whole, declaration));
}

/// Records an access to memory that no cell owns.
#[doc(hidden)]
pub fn access_memory(kind: AccessKind, bytes: ByteRange, at: &'static Location<'static>) {
    with(|detector, thread| detector.access(thread, kind, bytes, at));
}

/// Forgets the accesses to memory that was allocated or is to be freed.
#[doc(hidden)]
pub fn reset_memory(bytes: ByteRange) {
    let op = SyncOp::here("reset");
    with(|detector, thread| detector.reset(thread, bytes, op));
}
