//! Acquire and release on objects known by name, atomic operations, fences.
//!
//! A name is any number of 64 bits that the front end gives an object: its address, or one that
//! is not used again. The engine keeps a clock for each that was released to.

use crate::access::{FoundFn, bytes_at, report};
use crate::thread::Thread;
use core::ffi::c_void;
use core::sync::atomic::Ordering;
use deadheat_engine::sync::{AtomicEffect, AtomicWord, Foreseen, SyncId, SyncVar, ThreadClock};

/// The number of [`Effect::action`] for an operation that read.
pub const LOADED: u32 = 0;
/// The number of [`Effect::action`] for an operation that wrote without reading.
pub const STORED: u32 = 1;
/// The number of [`Effect::action`] for an operation that read and wrote as one step.
pub const UPDATED: u32 = 2;

/// The numbers of orderings, which are those of C's `memory_order` and of `__ATOMIC_…`.
pub const ORDERINGS: [(u32, Ordering); 6] = [
    (0, Ordering::Relaxed),
    // Consume is treated as acquire, as compilers do.
    (1, Ordering::Acquire),
    (2, Ordering::Acquire),
    (3, Ordering::Release),
    (4, Ordering::AcqRel),
    (5, Ordering::SeqCst),
];

/// `dh_effect`: what an atomic operation turned out to do, with the ordering that it did it with.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Effect {
    /// [`LOADED`], [`STORED`] or [`UPDATED`]; any other number counts as the last.
    pub action: u32,
    /// One of [`ORDERINGS`]; any other number counts as the strongest.
    pub ordering: u32,
}

/// `dh_operation`: performs an atomic operation, and says what it did.
pub type Operation = Option<unsafe extern "C" fn(context: *mut c_void) -> Effect>;

fn ordering(number: u32) -> Ordering {
    let known = ORDERINGS.get(number as usize);
    known.map_or(Ordering::SeqCst, |&(_, ordering)| ordering)
}

impl Effect {
    fn meaning(self) -> AtomicEffect {
        let ordering = ordering(self.ordering);
        match self.action {
            LOADED => AtomicEffect::Load(ordering),
            STORED => AtomicEffect::Store(ordering),
            _ => AtomicEffect::ReadModifyWrite(ordering),
        }
    }
}

/// # Safety
///
/// As for [`dh_acquire`].
unsafe fn with_object(
    thread: *mut Thread,
    object: u64,
    event: impl FnOnce(&mut ThreadClock, &mut SyncVar),
) {
    // SAFETY: a thread of the caller's own, as it says.
    let thread = unsafe { &mut *thread };
    // SAFETY: its engine outlives it; the thread's clock is no part of it.
    let engine = unsafe { &*core::ptr::from_ref(thread.engine()) };
    let clock = &mut thread.clock;
    engine
        .events
        .sync(SyncId(object), |object| event(clock, object));
}

/// Event *acquire*: orders the thread after what was released to the object.
///
/// # Safety
///
/// `thread` is a thread that has not ended, and nobody else uses it meanwhile. Different threads
/// may call this concurrently, for one object too; not from a callback of [`dh_atomic`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_acquire(thread: *mut Thread, object: u64) {
    // SAFETY: as the caller says.
    unsafe { with_object(thread, object, |clock, object| clock.acquire(object)) };
}

/// Event *release*: leaves what the thread knows at the object, in place of what was there.
///
/// # Safety
///
/// As for [`dh_acquire`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_release(thread: *mut Thread, object: u64) {
    // SAFETY: as the caller says.
    unsafe { with_object(thread, object, ThreadClock::release) };
}

/// Event *release-merge*: adds what the thread knows to what is at the object.
///
/// # Safety
///
/// As for [`dh_acquire`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_release_merge(thread: *mut Thread, object: u64) {
    // SAFETY: as the caller says.
    unsafe { with_object(thread, object, ThreadClock::release_merge) };
}

/// Event *release-acquire*: acquires from the object, then releases to it.
///
/// # Safety
///
/// As for [`dh_acquire`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_release_acquire(thread: *mut Thread, object: u64) {
    // SAFETY: as the caller says.
    unsafe { with_object(thread, object, ThreadClock::release_acquire) };
}

/// Events *atomic load*, *store*, *read-modify-write* on `size` bytes, whose clock is `object`.
///
/// Performs `operation`, and its edges and its access as one step with it, under a lock of the
/// object, so that edges follow the word's modification order. Then calls `found`, unless it is
/// null, as [`crate::access::dh_access`] does, under the same lock. Where `operation` is null,
/// nothing happens.
///
/// # Safety
///
/// `thread` is a thread that has not ended, and nobody else uses it meanwhile; `operation` and
/// `found` may be called with `context`. Different threads may call this concurrently, for one
/// object too. The bytes are touched by `operation` only. The callbacks run under a lock: they do
/// not use `thread`, name no object ([`dh_acquire`] and its kind, this function,
/// [`crate::engine::dh_forget`], [`crate::engine::dh_sweep`]), wait for nobody who does, and come
/// back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_atomic(
    thread: *mut Thread,
    object: u64,
    address: *const c_void,
    size: usize,
    site: usize,
    operation: Operation,
    found: FoundFn,
    context: *mut c_void,
) {
    let Some(operation) = operation else { return };
    let perform = || {
        // SAFETY: the caller says that the two go together.
        let effect = unsafe { operation(context) };
        ((), effect.meaning())
    };
    let Some(bytes) = bytes_at(address, size) else {
        let edges = |clock: &mut ThreadClock, object: &mut SyncVar| {
            let ((), effect) = perform();
            clock.atomic_acquire(object, effect);
            clock.atomic_release(object, effect);
        };
        // SAFETY: as the caller says.
        return unsafe { with_object(thread, object, edges) };
    };
    // SAFETY: a thread of the caller's own, as it says.
    let thread = unsafe { &mut *thread };
    // SAFETY: its engine outlives it; the thread's clock is no part of it.
    let engine = unsafe { &*core::ptr::from_ref(thread.engine()) };
    let here = thread.context;
    let node = || here.node_at(engine, site);
    let found = report(engine, found, context);
    let word = AtomicWord {
        id: SyncId(object),
        foreseen: Foreseen::Release,
    };
    engine
        .events
        .atomic(&mut thread.clock, word, bytes, perform, node, found);
}

/// A memory fence (C++20 [atomics.fences]), with the number of an ordering.
///
/// # Safety
///
/// `thread` is a thread that has not ended, and nobody else uses it meanwhile. Different threads
/// may call this concurrently, from callbacks too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_fence(thread: *mut Thread, number: u32) {
    // SAFETY: a thread of the caller's own, as it says.
    let thread = unsafe { &mut *thread };
    thread.clock.fence(ordering(number));
}
