//! What all threads of one address space share: the engine, its call stacks, its memory.

use crate::access::bytes_at;
use crate::source::RawSource;
use core::ffi::c_void;
use core::ptr::null_mut;
use deadheat_engine::Source;
use deadheat_engine::context::{ContextTree, DEFAULT_LIMIT};
use deadheat_engine::engine::{Engine as Events, Limits as EventLimits};
use deadheat_engine::sync::SyncId;

/// `dh_engine`: an engine and the call stacks of its accesses.
pub struct Engine {
    pub(crate) events: Events,
    pub(crate) contexts: ContextTree,
    source: Source,
}

/// What a [`Source`] promises of the memory that it gives.
const SOURCE_ALIGN: usize = 64;
const _: () = assert!(align_of::<Engine>() <= SOURCE_ALIGN);

/// `dh_limits`: how much of what an engine keeps, at most. Zero stands for the default.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Limits {
    /// Nodes of 80 bytes: clocks, histories of more than one record, sync objects.
    pub nodes: u32,
    /// Nodes of 16 bytes: distinct call stacks.
    pub contexts: u32,
}

/// `dh_footprint`: what an engine has in memory.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Footprint {
    /// Bytes of shadow pages in use.
    pub shadow: u64,
    /// Bytes of nodes that were ever in use at once.
    pub nodes: u64,
    /// Nodes in use now.
    pub nodes_in_use: u64,
    /// Bytes of the slots of threads.
    pub threads: u64,
    /// Threads that run.
    pub running: u64,
    /// Indices of threads that ended, and whose accesses may still race.
    pub ended: u64,
    /// Indices that any new thread may have.
    pub free: u64,
    /// Accesses that could not be recorded, for want of memory.
    pub lost: u64,
    /// Distinct call stacks, the empty one included.
    pub contexts: u64,
    /// How often a frame was left out because there were too many call stacks.
    pub shortened: u64,
}

/// `dh_forgotten`: called with the label of a thread that no race can be with any more.
pub type Forgotten = Option<unsafe extern "C" fn(context: *mut c_void, label: u64)>;

impl Engine {
    fn new(source: Source, limits: Limits) -> Option<Self> {
        let EventLimits { nodes } = EventLimits::default();
        let or = |limit, default| if limit == 0 { default } else { limit };
        let nodes = or(limits.nodes, nodes);
        Some(Self {
            events: Events::with(&source, EventLimits { nodes })?,
            contexts: ContextTree::new(&source, or(limits.contexts, DEFAULT_LIMIT))?,
            source,
        })
    }

    /// Puts an engine into memory of its own source.
    fn place(source: Source, limits: Limits) -> *mut Self {
        let start: *mut Self = (source.map)(size_of::<Self>()).cast();
        if start.is_null() {
            return start;
        }
        match Self::new(source, limits) {
            Some(engine) => {
                // SAFETY: the source gave this many bytes, aligned well enough, to nobody else.
                unsafe { start.write(engine) };
                start
            }
            None => {
                // SAFETY: the source gave these bytes, and nobody knows of them.
                unsafe { (source.unmap)(start.cast(), size_of::<Self>()) };
                null_mut()
            }
        }
    }
}

fn forget(forgotten: Forgotten, context: *mut c_void) -> impl FnMut(u64) {
    move |label| {
        if let Some(forgotten) = forgotten {
            // SAFETY: whoever passed the two said that they go together.
            unsafe { forgotten(context, label) };
        }
    }
}

/// Makes an engine that has seen no event; null where there is no memory for its tables, or where
/// a function of `source` is missing. Null for `source` means the operating system's memory,
/// null for `limits` the defaults.
///
/// # Safety
///
/// `source` and `limits` are null or point to a value, which is copied. The functions of `source`
/// do what [`Source`] says, may be called by any thread until the engine is freed, and call no
/// function of this library. Any thread may call this, at any time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_engine_new(
    source: *const RawSource,
    limits: *const Limits,
) -> *mut Engine {
    // SAFETY: null or a value, as the caller says.
    let (source, limits) = unsafe { (source.as_ref(), limits.as_ref()) };
    let source = source.map_or_else(|| Some(Source::default()), RawSource::complete);
    match source {
        Some(source) => Engine::place(source, limits.copied().unwrap_or_default()),
        None => null_mut(),
    }
}

/// Frees an engine with all that it keeps. Null is left alone.
///
/// # Safety
///
/// `engine` is null or came from [`dh_engine_new`] and was not freed. All its threads have ended,
/// and nobody uses it, concurrently or later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_engine_free(engine: *mut Engine) {
    if engine.is_null() {
        return;
    }
    // SAFETY: the caller hands the engine over; the memory is not used as one again.
    let owned = unsafe { engine.read() };
    let source = owned.source;
    drop(owned);
    // SAFETY: the memory came whole from this source, in `Engine::place`.
    unsafe { (source.unmap)(engine.cast(), size_of::<Engine>()) };
}

/// Forgets the sync object `object`, whose owner is gone.
///
/// # Safety
///
/// `engine` is one that was not freed. Any number of threads may call this concurrently; not from
/// a callback of [`crate::sync::dh_atomic`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_forget(engine: *const Engine, object: u64) {
    // SAFETY: an engine, as the caller says.
    let engine = unsafe { &*engine };
    engine.events.forget_sync(SyncId(object));
}

/// Events *alloc* and *free*: what comes to lie in these bytes has no history. Clocks of atomics
/// are known by name: see [`dh_forget`].
///
/// # Safety
///
/// `engine` is one that was not freed. Any number of threads may call this concurrently, from
/// callbacks too. The bytes are not touched. It takes the time of what it covers: one allocation
/// is meant, not an address space.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_reset(engine: *const Engine, address: *const c_void, size: usize) {
    // SAFETY: an engine, as the caller says.
    let engine = unsafe { &*engine };
    if let Some(bytes) = bytes_at(address, size) {
        engine.events.reset(bytes);
    }
}

/// Frees the indices of ended threads whose accesses no race can be with any more, and calls
/// `forgotten`, unless it is null, with the label of each. Does nothing where threads are being
/// forked meanwhile.
///
/// # Safety
///
/// `engine` is one that was not freed; `forgotten` may be called with `context`. Any number of
/// threads may call this concurrently, not from a callback. `forgotten` runs under a lock: it
/// calls no function of this library, and comes back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_reclaim(
    engine: *const Engine,
    forgotten: Forgotten,
    context: *mut c_void,
) {
    // SAFETY: an engine, as the caller says.
    let engine = unsafe { &*engine };
    engine.events.reclaim(forget(forgotten, context));
}

/// As [`dh_reclaim`], and frees shadow memory and sync objects that say only what every running
/// thread knows. It looks at all shadow memory: call it when idle.
///
/// # Safety
///
/// As for [`dh_reclaim`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_sweep(
    engine: *const Engine,
    forgotten: Forgotten,
    context: *mut c_void,
) {
    // SAFETY: an engine, as the caller says.
    let engine = unsafe { &*engine };
    engine.events.sweep(forget(forgotten, context));
}

/// Whether memory ran out. From then on no race is reported, because what would be found might be
/// none.
///
/// # Safety
///
/// `engine` is one that was not freed. Any number of threads may call this concurrently, from
/// callbacks too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_is_exhausted(engine: *const Engine) -> bool {
    // SAFETY: an engine, as the caller says.
    let engine = unsafe { &*engine };
    engine.events.is_exhausted()
}

/// Writes what the engine has in memory to `footprint`.
///
/// # Safety
///
/// `engine` is one that was not freed; `footprint` is the caller's to write. Any number of threads
/// may call this concurrently, from callbacks too but for [`Forgotten`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_engine_footprint(engine: *const Engine, footprint: *mut Footprint) {
    // SAFETY: an engine, as the caller says.
    let engine = unsafe { &*engine };
    let events = engine.events.footprint();
    let counted = Footprint {
        shadow: events.shadow,
        nodes: events.nodes,
        nodes_in_use: events.nodes_in_use,
        threads: events.threads,
        running: events.indices.running as u64,
        ended: events.indices.ended as u64,
        free: events.indices.free as u64,
        lost: events.lost,
        contexts: engine.contexts.len() as u64,
        shortened: engine.contexts.shortened(),
    };
    // SAFETY: the caller's to write, as it says.
    unsafe { footprint.write(counted) };
}
