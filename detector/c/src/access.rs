//! Reads, writes, and the races that they are part of.
//!
//! `site` says where an access is: the number of a frame below the thread's present call stack, as
//! for [`crate::context::dh_call`]; zero for that stack itself. It is looked up only where the
//! access is recorded, which a repeated one is not.

use crate::engine::Engine;
use crate::thread::Thread;
use core::ffi::c_void;
use deadheat_engine::access::{AccessKind, ByteRange};
use deadheat_engine::engine::Race as Found;

/// `dh_race`: two conflicting accesses that happens-before leaves unordered. The later one is the
/// access during which it is passed.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Race {
    /// The first byte that both touched.
    pub address: usize,
    /// The number of bytes that both touched, as far as they adjoin.
    pub size: usize,
    /// What the thread of the earlier access is called.
    pub previous_label: u64,
    /// The time of the earlier access, on its thread's own clock.
    pub previous_time: u64,
    /// The index of the thread of the earlier access.
    pub previous_index: u32,
    /// The call stack of the earlier access.
    pub previous_node: u32,
    /// The [`AccessKind`] of the earlier access.
    pub previous_kind: u32,
    /// Whether it may follow from an earlier race; see [`Found::dependent`].
    pub dependent: bool,
}

/// `dh_found`: called with each race that an access is found to be part of.
pub type FoundFn = Option<unsafe extern "C" fn(context: *mut c_void, race: *const Race)>;

/// The last bytes of the address space are nobody's: so no sum of addresses overflows.
const LAST: usize = usize::MAX & !0xfff;

/// The bytes of an access, if it has any.
#[inline]
pub(crate) fn bytes_at(address: *const c_void, size: usize) -> Option<ByteRange> {
    let start = address.addr();
    ByteRange::new(start, size.min(LAST.saturating_sub(start)))
}

/// Passes races on.
pub(crate) fn report(engine: &Engine, found: FoundFn, context: *mut c_void) -> impl FnMut(&Found) {
    move |race| {
        let Some(found) = found else { return };
        let epoch = race.previous_epoch;
        let race = Race {
            address: race.bytes.start(),
            size: race.bytes.len(),
            previous_label: engine.events.label(epoch),
            previous_time: epoch.time().get(),
            previous_index: epoch.tid().index() as u32,
            previous_node: race.previous_node.number(),
            previous_kind: race.previous_kind as u32,
            dependent: race.dependent,
        };
        // SAFETY: whoever passed the two said that they go together.
        unsafe { found(context, &raw const race) };
    }
}

/// # Safety
///
/// As for [`dh_access`].
#[inline]
unsafe fn access(
    thread: *const Thread,
    kind: AccessKind,
    address: *const c_void,
    size: usize,
    site: usize,
    found: FoundFn,
    context: *mut c_void,
) {
    let Some(bytes) = bytes_at(address, size) else {
        return;
    };
    // SAFETY: a thread, as the caller says.
    let thread = unsafe { &*thread };
    let engine = thread.engine();
    let node = || thread.context.node_at(engine, site);
    let found = report(engine, found, context);
    engine
        .events
        .access(&thread.clock, kind, bytes, node, found);
}

/// Event *read*: a plain load of `size` bytes.
///
/// # Safety
///
/// As for [`dh_access`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_read(
    thread: *mut Thread,
    address: *const c_void,
    size: usize,
    site: usize,
    found: FoundFn,
    context: *mut c_void,
) {
    // SAFETY: as the caller says.
    unsafe {
        access(
            thread,
            AccessKind::Read,
            address,
            size,
            site,
            found,
            context,
        );
    };
}

/// Event *write*: a plain store of `size` bytes.
///
/// # Safety
///
/// As for [`dh_access`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_write(
    thread: *mut Thread,
    address: *const c_void,
    size: usize,
    site: usize,
    found: FoundFn,
    context: *mut c_void,
) {
    // SAFETY: as the caller says.
    unsafe {
        access(
            thread,
            AccessKind::Write,
            address,
            size,
            site,
            found,
            context,
        );
    };
}

/// An access of any kind, as the number of an [`AccessKind`]; another number is no access. An
/// atomic one is the access alone, without an edge: see [`crate::sync::dh_atomic`].
///
/// Calls `found`, unless it is null, once for each earlier access that it races with and each run
/// of bytes. Of two accesses that raced, and of two that are ordered, the later one may stand for
/// both.
///
/// # Safety
///
/// `thread` is a thread that has not ended, and nobody else uses it meanwhile; `found` may be
/// called with `context`. Different threads may call this concurrently. The bytes are not touched.
/// `found` runs under no lock, but within this call: it does not use `thread`, and comes back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_access(
    thread: *mut Thread,
    kind: u32,
    address: *const c_void,
    size: usize,
    site: usize,
    found: FoundFn,
    context: *mut c_void,
) {
    const KINDS: [AccessKind; 4] = [
        AccessKind::Read,
        AccessKind::Write,
        AccessKind::AtomicRead,
        AccessKind::AtomicWrite,
    ];
    let Some(&kind) = KINDS.get(kind as usize) else {
        return;
    };
    // SAFETY: as the caller says.
    unsafe { access(thread, kind, address, size, site, found, context) };
}
