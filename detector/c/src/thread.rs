//! The state of one thread, in storage that the caller provides.
//!
//! A thread is whatever runs one step after another: a thread of the operating system, or a fiber.
//! Its state lies where the caller wants it, in a stack frame or in its own record
//! of the thread, for as long as the thread runs. It may be moved between two calls, and may not
//! be used in two copies.

use crate::context::Context;
use crate::engine::Engine;
use core::ptr::NonNull;
use deadheat_engine::clock::Tid;
use deadheat_engine::sync::ThreadClock;

/// The storage that the header's `dh_thread` provides, in bytes.
pub const THREAD_BYTES: usize = 48;
/// The alignment that the header's `dh_thread` provides.
pub const THREAD_ALIGN: usize = 8;

/// `dh_thread`: what a thread knows, the engine that it belongs to, and its calling context.
#[repr(C)]
pub struct Thread {
    pub(crate) clock: ThreadClock,
    engine: NonNull<Engine>,
    pub(crate) context: Context,
}

const _: () = assert!(size_of::<Thread>() <= THREAD_BYTES && align_of::<Thread>() <= THREAD_ALIGN);
// What is left beside the clock is a pointer and the calling context.
const _: () = assert!(
    size_of::<ThreadClock>() + size_of::<usize>() + size_of::<Context>() <= THREAD_BYTES
        && align_of::<ThreadClock>() <= THREAD_ALIGN
);
// Fibers move: a thread's state may be used by one thread of the operating system after another.
const _: () = {
    const fn movable<T: Send>() {}
    movable::<ThreadClock>();
    const fn shared<T: Sync>() {}
    shared::<Engine>();
};

impl Thread {
    pub(crate) fn engine(&self) -> &Engine {
        // SAFETY: it was one when the thread began, and is not freed before the thread has ended.
        unsafe { self.engine.as_ref() }
    }

    /// Puts a thread at the start of its life into `storage`; `false` where there is none.
    ///
    /// # Safety
    ///
    /// `storage` is the caller's to write, and holds no thread. `engine` outlives the thread.
    unsafe fn begin(
        storage: *mut Self,
        engine: NonNull<Engine>,
        clock: Option<ThreadClock>,
    ) -> bool {
        let Some(clock) = clock else { return false };
        let thread = Self {
            clock,
            engine,
            context: Context::default(),
        };
        // SAFETY: as the caller says.
        unsafe { storage.write(thread) };
        true
    }
}

/// Begins a thread that nothing precedes, which reports call `label`; `false`, with `storage`
/// untouched, where there are too many threads, there is no memory, or
/// [`crate::engine::dh_reclaim`] or [`crate::engine::dh_sweep`] was called before: they count on all
/// threads to come to be forked by those that run.
///
/// # Safety
///
/// `engine` is one that is not freed before the thread has ended. `storage` is a `dh_thread`'s
/// worth of memory in which no thread lives. Any number of threads may call this concurrently,
/// with storage of their own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_thread_first(
    engine: *mut Engine,
    storage: *mut Thread,
    label: u64,
) -> bool {
    let Some(engine) = NonNull::new(engine) else {
        return false;
    };
    // SAFETY: an engine and free storage, as the caller says.
    unsafe {
        let clock = engine.as_ref().events.first_thread(label);
        Thread::begin(storage, engine, clock)
    }
}

/// Event *fork*: `parent` starts a thread that reports call `label`. What it did so far
/// happens-before the new thread. `false`, with `storage` untouched, where there are too many
/// threads or there is no memory.
///
/// # Safety
///
/// `parent` is a thread that has not ended, and nobody else uses it meanwhile. `storage` is a
/// `dh_thread`'s worth of other memory in which no thread lives. Different parents may fork
/// concurrently.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_thread_fork(
    parent: *mut Thread,
    storage: *mut Thread,
    label: u64,
) -> bool {
    // SAFETY: a thread of the caller's own, as it says.
    let parent = unsafe { &mut *parent };
    let engine = parent.engine;
    // SAFETY: the parent's engine lives; the parent's clock is no part of it.
    let clock = unsafe { engine.as_ref() }
        .events
        .fork(&mut parent.clock, label);
    // SAFETY: free storage, as the caller says; the engine outlives its threads.
    unsafe { Thread::begin(storage, engine, clock) }
}

/// Ends a thread. For others to come after it, it releases to an object first, which they acquire.
///
/// # Safety
///
/// `thread` is a thread that has not ended; nobody uses it concurrently or later. The storage is
/// the caller's again. Different threads may end concurrently.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_thread_end(thread: *mut Thread) {
    // SAFETY: the caller hands the thread over.
    unsafe { thread.drop_in_place() };
}

/// What reports call the thread.
///
/// # Safety
///
/// `thread` is a thread that has not ended, and nobody changes it meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_thread_label(thread: *const Thread) -> u64 {
    // SAFETY: a thread, as the caller says.
    let thread = unsafe { &*thread };
    thread.clock.label()
}

/// Changes what reports call the thread, for accesses that it made before too.
///
/// # Safety
///
/// `thread` is a thread that has not ended, and nobody else uses it meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_thread_set_label(thread: *mut Thread, label: u64) {
    // SAFETY: a thread, as the caller says.
    let thread = unsafe { &*thread };
    thread.clock.set_label(label);
}

/// The thread has asked all that it wants to know about the races that it was told of: the labels of those that they
/// were with may be forgotten from now on, not only when it has recorded or learned something more.
///
/// # Safety
///
/// `thread` is a thread that has not ended, and nobody else uses it meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_thread_has_asked(thread: *mut Thread) {
    // SAFETY: a thread, as the caller says.
    let thread = unsafe { &*thread };
    thread.clock.has_asked();
}

/// The thread's index: the one of a thread that has ended may be given to another.
///
/// # Safety
///
/// `thread` is a thread that has not ended, and nobody changes it meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_thread_index(thread: *const Thread) -> u32 {
    // SAFETY: a thread, as the caller says.
    let thread = unsafe { &*thread };
    thread.clock.tid().index() as u32
}

/// The thread's own time: that of its next access.
///
/// # Safety
///
/// `thread` is a thread that has not ended, and nobody changes it meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_thread_time(thread: *const Thread) -> u64 {
    // SAFETY: a thread, as the caller says.
    let thread = unsafe { &*thread };
    thread.clock.epoch().time().get()
}

/// The latest time of the thread with this index that happens-before this thread's next step;
/// zero where nothing does. What was done at that time or before is ordered.
///
/// # Safety
///
/// `thread` is a thread that has not ended, and nobody changes it meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_thread_time_of(thread: *const Thread, index: u32) -> u64 {
    // SAFETY: a thread, as the caller says.
    let thread = unsafe { &*thread };
    Tid::new(index as usize).map_or(0, |tid| thread.clock.time_of(tid).get())
}
