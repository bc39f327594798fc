//! Accesses to any number of bytes: what the pass makes of `memcpy` and its kind, and ranges.
//!
//! The bytes are moved by a function of the library's own, so that those that it interposes itself are
//! not called.

use crate::current;
use crate::interpose::standard;
use crate::thread::{Class, Place, State};
use deadheat_detector::access::AccessKind::{self, Read, Write};
use std::arch::asm;
use std::ffi::{c_int, c_void};

/// Event: an access to `size` bytes.
#[inline]
pub(crate) fn access(kind: AccessKind, address: usize, size: usize, site: usize, class: Class) {
    if size > 0
        && !(class == Class::Library && standard::is_wrapped())
        && let Some(inside) = current::recording().and_then(State::enter)
    {
        inside.access(kind, address, size, Place::new(site, 0, class));
    }
}

/// Above this many bytes the processor's own instruction is worth its start.
const SMALL: usize = 128;

/// `memcpy`, upwards: `to` may lie below `from` within it.
///
/// # Safety
///
/// As for `memcpy`.
#[inline(always)]
pub(crate) unsafe fn copy(to: *mut c_void, from: *const c_void, size: usize) {
    if size > SMALL {
        // SAFETY: as the caller says; the direction flag is clear at every call.
        unsafe {
            asm!("rep movsb", inout("rcx") size => _, inout("rdi") to => _, inout("rsi") from => _,
                options(nostack, preserves_flags));
        }
        return;
    }
    let mut at = 0;
    // SAFETY: all lie within `size` bytes. Words are moved in assembly or volatile, so that the compiler
    // does not make a call of `memcpy` of the loop.
    unsafe {
        while at + 8 <= size {
            let word: u64;
            asm!("mov {0}, [{1}]", out(reg) word, in(reg) from.byte_add(at),
                options(nostack, preserves_flags, readonly));
            to.byte_add(at).cast::<u64>().write_unaligned(word);
            at += 8;
        }
        while at < size {
            let byte = from.byte_add(at).cast::<u8>().read_volatile();
            to.byte_add(at).cast::<u8>().write_volatile(byte);
            at += 1;
        }
    }
}

/// `memmove`.
///
/// # Safety
///
/// As for `memmove`.
#[inline(always)]
pub(crate) unsafe fn shift(to: *mut c_void, from: *const c_void, size: usize) {
    if to.addr().wrapping_sub(from.addr()) >= size {
        // SAFETY: as the caller says; no byte is written before it was read.
        return unsafe { copy(to, from, size) };
    }
    // SAFETY: as the caller says; backwards, because the end of `from` is the beginning of `to`. The
    // direction flag is set for that time only.
    unsafe {
        asm!("std", "rep movsb", "cld", inout("rcx") size => _,
            inout("rdi") to.byte_add(size).byte_sub(1) => _,
            inout("rsi") from.byte_add(size).byte_sub(1) => _, options(nostack));
    }
}

/// `memset`.
///
/// # Safety
///
/// As for `memset`.
#[inline(always)]
pub(crate) unsafe fn fill(to: *mut c_void, byte: c_int, size: usize) {
    if size <= SMALL {
        for at in 0..size {
            // SAFETY: within `size` bytes; volatile, so that it does not become a call of `memset`.
            unsafe { to.byte_add(at).cast::<u8>().write_volatile(byte as u8) };
        }
        return;
    }
    // SAFETY: as the caller says; the direction flag is clear at every call.
    unsafe {
        asm!("rep stosb", inout("rcx") size => _, inout("rdi") to => _, in("al") byte as u8,
            options(nostack, preserves_flags));
    }
}

super::with_site! {
    #[unsafe(no_mangle)]
    fn __tsan_memcpy["rcx"](to: *mut c_void, from: *const c_void, size: usize; site) -> *mut c_void {
        access(Read, from.addr(), size, site, Class::Ordinary);
        access(Write, to.addr(), size, site, Class::Ordinary);
        // The compiler makes such calls of assignments of an object to itself, too.
        // SAFETY: as the caller says.
        unsafe { shift(to, from, size) };
        to
    }

    #[unsafe(no_mangle)]
    fn __tsan_memmove["rcx"](to: *mut c_void, from: *const c_void, size: usize; site) -> *mut c_void {
        access(Read, from.addr(), size, site, Class::Ordinary);
        access(Write, to.addr(), size, site, Class::Ordinary);
        // SAFETY: as the caller says.
        unsafe { shift(to, from, size) };
        to
    }

    #[unsafe(no_mangle)]
    fn __tsan_memset["rcx"](to: *mut c_void, byte: c_int, size: usize; site) -> *mut c_void {
        access(Write, to.addr(), size, site, Class::Ordinary);
        // SAFETY: as the caller says.
        unsafe { fill(to, byte, size) };
        to
    }

    #[unsafe(no_mangle)]
    fn __tsan_read_range["rdx"](address: usize, size: usize; site) {
        access(Read, address, size, site, Class::Ordinary);
    }

    #[unsafe(no_mangle)]
    fn __tsan_write_range["rdx"](address: usize, size: usize; site) {
        access(Write, address, size, site, Class::Ordinary);
    }
}
