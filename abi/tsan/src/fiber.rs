//! Stacks that the program switches itself: fibers, green threads, goroutines.
//!
//! A fiber is a thread to the engine: it has a clock and a call stack of its own. Whoever switches
//! stacks says so *before* it does: from then on events are the other fiber's. Switching orders
//! nothing; a scheduler that does release and acquire what it means to order. A fiber may go on upon
//! another thread of the operating system.
//!
//! The interface of ThreadSanitizer's own runtime (`__tsan_create_fiber` and so on) is the same thing
//! under names that exist, but for its rule that a switch orders unless a flag says otherwise.

use crate::alone;
use crate::current;
use crate::entry::with_site;
use crate::interpose::objects;
use crate::runtime::{forget, label};
use crate::thread::{Class, Operation, Place, State};
use deadheat_detector::sync::{AtomicEffect, SyncId, SyncVar};
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::Ordering;

/// What switches without the flag release to and acquire: no address of the program's.
const SWITCHES: usize = 1 << 58;

/// A new fiber, which what the caller did so far happens-before; null where nothing is detected.
fn create(site: usize) -> *mut c_void {
    let Some(inside) = current::get().and_then(State::enter) else {
        return null_mut();
    };
    alone::expect_another();
    let runtime = inside.runtime();
    runtime.housekeeping.on_fork(&runtime.engine, forget);
    inside.note_release(Operation::ThreadStart, site);
    let place = Place::new(site, 0, Class::Ordinary);
    let created_at = inside.state.node_at(runtime, place);
    let info = runtime.register(Some(inside.state.info.number), created_at);
    let label = label(&info);
    match runtime.engine.fork(inside.clock(), label) {
        Some(clock) => {
            runtime.switches.store(true, Ordering::Relaxed);
            runtime.adopt(clock, info).cast_mut().cast()
        }
        None => {
            forget(label);
            alone::lose_another();
            null_mut()
        }
    }
}

/// The fiber that runs: that of the thread itself, as long as it has not switched.
fn running() -> *mut c_void {
    let state = current::get().map_or(null(), std::ptr::from_ref);
    state.cast_mut().cast()
}

/// # Safety
///
/// `fiber` is null, or a fiber that has not ended and that nobody else runs.
unsafe fn switch_to(fiber: *mut c_void) {
    if !fiber.is_null() && current::get().is_some() {
        // SAFETY: as the caller says.
        unsafe { current::set(fiber.cast::<State>()) };
    }
}

/// # Safety
///
/// `fiber` is null, or a fiber that has not ended, and that nobody runs now or later.
unsafe fn end(fiber: *mut c_void) {
    if let Some(inside) = current::get().and_then(State::enter)
        && !fiber.is_null()
    {
        // SAFETY: as the caller says.
        unsafe { inside.runtime().end(fiber.cast()) };
    }
}

/// # Safety
///
/// `fiber` is null, or a fiber that has not ended; `name` is a string of C.
unsafe fn set_name(fiber: *mut c_void, name: *const c_char) {
    if let Some(_inside) = current::get().and_then(State::enter)
        && !fiber.is_null()
    {
        // SAFETY: as the caller says.
        let (name, state) = unsafe { (CStr::from_ptr(name), &*fiber.cast::<State>()) };
        *state.info.name.lock() = Some(name.to_string_lossy().into_owned());
    }
}

with_site! {
    /// A new fiber, after all that the caller has done; null where nothing is detected.
    #[unsafe(no_mangle)]
    fn __deadheat_fiber_create["rdi"](; site) -> *mut c_void {
        create(site)
    }

    #[unsafe(no_mangle)]
    fn __tsan_create_fiber["rsi"](_flags: c_uint; site) -> *mut c_void {
        create(site)
    }

    /// What was released to `object` happens-before what follows.
    #[unsafe(no_mangle)]
    fn __deadheat_acquire["rsi"](object: *mut c_void; site) {
        objects::acquire(object.addr(), Operation::Annotated, site);
    }

    /// What was done happens-before what follows an acquire of `object`, as that of others who have
    /// released there.
    #[unsafe(no_mangle)]
    fn __deadheat_release["rsi"](object: *mut c_void; site) {
        objects::release_merge(object.addr(), Operation::Annotated, site);
    }

    /// Orders the two, unless the lowest bit of `flags` is set.
    #[unsafe(no_mangle)]
    fn __tsan_switch_to_fiber["rdx"](fiber: *mut c_void, flags: c_uint; site) {
        let orders = flags & 1 == 0;
        let object = SWITCHES + fiber.addr() % (1 << 48);
        if orders {
            objects::release(object, Operation::Annotated, site);
        }
        // SAFETY: as the caller says.
        unsafe { switch_to(fiber) };
        if orders {
            objects::acquire(object, Operation::Annotated, site);
        }
    }
}

/// The fiber that runs.
#[unsafe(no_mangle)]
extern "C" fn __deadheat_fiber_current() -> *mut c_void {
    running()
}

#[unsafe(no_mangle)]
extern "C" fn __tsan_get_current_fiber() -> *mut c_void {
    running()
}

/// Events are `fiber`'s from now on. Orders nothing.
#[unsafe(no_mangle)]
unsafe extern "C" fn __deadheat_fiber_switch_to(fiber: *mut c_void) {
    // SAFETY: as the caller says.
    unsafe { switch_to(fiber) };
}

/// The fiber does nothing more, and is not running. Orders nothing.
#[unsafe(no_mangle)]
unsafe extern "C" fn __deadheat_fiber_end(fiber: *mut c_void) {
    // SAFETY: as the caller says.
    unsafe { end(fiber) };
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __tsan_destroy_fiber(fiber: *mut c_void) {
    // SAFETY: as the caller says.
    unsafe { end(fiber) };
}

/// The bytes are the stack of a fiber from now on: what others did there has no part in it.
#[unsafe(no_mangle)]
extern "C" fn __deadheat_fiber_set_stack(start: *mut c_void, size: usize) {
    if let Some(_inside) = current::get().and_then(State::enter) {
        objects::reset(start.addr(), size);
    }
}

/// What an operation on an object, whose name is no address of the program's, orders, without an
/// access: `what` is 0 for a load, 1 for a store, 2 for a read-modify-write, 3 for a fence.
#[unsafe(no_mangle)]
extern "C" fn __deadheat_fiber_edge(object: u64, what: c_int, ordering: c_int) {
    let ordering = crate::entry::ordering(ordering);
    let Some(inside) = current::get().and_then(State::enter) else {
        return;
    };
    let effect = match what {
        0 => AtomicEffect::Load(ordering),
        1 => AtomicEffect::Store(ordering),
        2 => AtomicEffect::ReadModifyWrite(ordering),
        _ => return inside.clock().fence(ordering),
    };
    inside.runtime().engine.sync(SyncId(object), |var| {
        inside.clock().atomic_acquire(var, effect);
        inside.clock().atomic_release(var, effect);
    });
}

/// Adds what was released to the object `from` to what is at `into`.
#[unsafe(no_mangle)]
extern "C" fn __deadheat_fiber_transfer(from: u64, into: u64) {
    if let Some(inside) = current::get().and_then(State::enter) {
        let engine = &inside.runtime().engine;
        let mut copy = SyncVar::new();
        engine.sync(SyncId(from), |var| copy.add(var));
        engine.sync(SyncId(into), |var| var.add(&copy));
    }
}

/// Reports call the fiber so.
#[unsafe(no_mangle)]
unsafe extern "C" fn __deadheat_fiber_set_name(fiber: *mut c_void, name: *const c_char) {
    // SAFETY: as the caller says.
    unsafe { set_name(fiber, name) };
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __tsan_set_fiber_name(fiber: *mut c_void, name: *const c_char) {
    // SAFETY: as the caller says.
    unsafe { set_name(fiber, name) };
}
