//! The module's constructor, functions entered and left, annotations of the program's own.

use crate::current;
use crate::runtime;
use std::arch::naked_asm;
use std::ffi::c_void;

/// Called by each instrumented object before anything else of it.
#[unsafe(no_mangle)]
extern "C" fn __tsan_init() {
    runtime::begin();
}

/// A function was called from `site`.
///
/// # Safety
///
/// Only instrumented functions call it, in pairs with [`__tsan_func_exit`].
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn __tsan_func_entry(site: usize) {
    naked_asm!("lea rsi, [rsp + 8]", "jmp {}", sym enter)
}

extern "C" fn enter(site: usize, stack: usize) {
    if let Some(state) = current::get() {
        state.call(site, stack);
    }
}

/// The function that was called last returns, or is unwound.
#[unsafe(no_mangle)]
extern "C" fn __tsan_func_exit() {
    if let Some(state) = current::get() {
        state.leave();
    }
}

/// Plain accesses of this thread are not recorded until the matching end.
#[unsafe(no_mangle)]
extern "C" fn __tsan_ignore_thread_begin() {
    if let Some(state) = current::get() {
        state.ignoring.set(state.ignoring.get() + 1);
    }
}

/// See [`__tsan_ignore_thread_begin`].
#[unsafe(no_mangle)]
extern "C" fn __tsan_ignore_thread_end() {
    if let Some(state) = current::get() {
        state.ignoring.set(state.ignoring.get().saturating_sub(1));
    }
}

super::with_site! {
    /// What was released to `object` happens-before what follows: for code that the pass does not see.
    #[unsafe(no_mangle)]
    fn __tsan_acquire["rsi"](object: *mut c_void; site) {
        crate::interpose::objects::acquire(object.addr(), crate::thread::Operation::Annotated, site);
    }

    /// What was done happens-before what follows an acquire of `object`.
    #[unsafe(no_mangle)]
    fn __tsan_release["rsi"](object: *mut c_void; site) {
        crate::interpose::objects::release_merge(object.addr(), crate::thread::Operation::Annotated, site);
    }
}
