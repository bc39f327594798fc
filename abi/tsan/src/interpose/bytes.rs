//! Bytes and strings are moved, compared, searched.
//!
//! The functions of the `memcpy` family have other names here; they get theirs when the library is put
//! together, after its own calls of them have been given to functions of its own: those must not come
//! here. What a function that compares or searches has read is what it has to look at to know: up to
//! the first difference, up to what was found.

use super::with_site;
use crate::entry::range::{self, access};
use crate::interpose::real::real;
use crate::thread::Class;
use deadheat_detector::access::AccessKind::{Read, Write};
use std::ffi::{c_char, c_int, c_void};

/// What the library itself calls for `memcpy` and its kind.
mod own {
    use super::range;
    use std::ffi::{c_int, c_void};

    #[unsafe(no_mangle)]
    unsafe extern "C" fn __deadheat_own_memcpy(
        to: *mut c_void,
        from: *const c_void,
        size: usize,
    ) -> *mut c_void {
        // SAFETY: as the caller says.
        unsafe { range::copy(to, from, size) };
        to
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn __deadheat_own_memmove(
        to: *mut c_void,
        from: *const c_void,
        size: usize,
    ) -> *mut c_void {
        // SAFETY: as the caller says.
        unsafe { range::shift(to, from, size) };
        to
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn __deadheat_own_memset(
        to: *mut c_void,
        byte: c_int,
        size: usize,
    ) -> *mut c_void {
        // SAFETY: as the caller says.
        unsafe { range::fill(to, byte, size) };
        to
    }
}

fn read(start: *const c_void, size: usize, site: usize) {
    access(Read, start.addr(), size, site, Class::Library);
}

fn write(start: *const c_void, size: usize, site: usize) {
    access(Write, start.addr(), size, site, Class::Library);
}

fn read_text(start: *const c_char, size: usize, site: usize) {
    read(start.cast(), size, site);
}

fn write_text(start: *const c_char, size: usize, site: usize) {
    write(start.cast(), size, site);
}

/// The length of a string, without its zero.
///
/// # Safety
///
/// `text` is a string of C.
unsafe fn length(text: *const c_char) -> usize {
    // SAFETY: as the caller says.
    unsafe { real!(strlen: fn(*const c_char) -> usize)(text) }
}

/// The same, of a string that need not end within `most` bytes.
///
/// # Safety
///
/// `text` is a string of C, or has `most` bytes.
unsafe fn length_within(text: *const c_char, most: usize) -> usize {
    // SAFETY: as the caller says.
    unsafe { real!(strnlen: fn(*const c_char, usize) -> usize)(text, most) }
}

/// How many bytes of both strings a comparison up to `most` bytes looks at.
///
/// # Safety
///
/// Both are strings of C, or have `most` bytes.
unsafe fn compared(one: *const c_char, other: *const c_char, most: usize, fold: bool) -> usize {
    let lower = |letter: u8| {
        if fold {
            letter.to_ascii_lowercase()
        } else {
            letter
        }
    };
    for at in 0..most {
        // SAFETY: neither string has ended, and neither has been read further than `most`.
        let (a, b) = unsafe { (*one.add(at) as u8, *other.add(at) as u8) };
        if lower(a) != lower(b) || a == 0 {
            return at + 1;
        }
    }
    most
}

with_site! {
    #[unsafe(no_mangle)]
    fn __deadheat_interpose_memcpy["rcx"](to: *mut c_void, from: *const c_void, size: usize; site)
        -> *mut c_void {
        read(from, size, site);
        write(to, size, site);
        // SAFETY: as the caller says.
        unsafe { range::shift(to, from, size) };
        to
    }

    #[unsafe(no_mangle)]
    fn __deadheat_interpose_mempcpy["rcx"](to: *mut c_void, from: *const c_void, size: usize; site)
        -> *mut c_void {
        read(from, size, site);
        write(to, size, site);
        // SAFETY: as the caller says.
        unsafe { range::copy(to, from, size) };
        to.wrapping_byte_add(size)
    }

    #[unsafe(no_mangle)]
    fn __deadheat_interpose_memmove["rcx"](to: *mut c_void, from: *const c_void, size: usize; site)
        -> *mut c_void {
        read(from, size, site);
        write(to, size, site);
        // SAFETY: as the caller says.
        unsafe { range::shift(to, from, size) };
        to
    }

    #[unsafe(no_mangle)]
    fn __deadheat_interpose_memset["rcx"](to: *mut c_void, byte: c_int, size: usize; site)
        -> *mut c_void {
        write(to, size, site);
        // SAFETY: as the caller says.
        unsafe { range::fill(to, byte, size) };
        to
    }

    #[unsafe(no_mangle)]
    fn __deadheat_interpose_memcmp["rcx"](one: *const c_void, other: *const c_void, size: usize; site)
        -> c_int {
        read(one, size, site);
        read(other, size, site);
        // SAFETY: as the caller says.
        unsafe { real!(memcmp: fn(*const c_void, *const c_void, usize) -> c_int)(one, other, size) }
    }

    #[unsafe(no_mangle)]
    fn __deadheat_interpose_bcmp["rcx"](one: *const c_void, other: *const c_void, size: usize; site)
        -> c_int {
        read(one, size, site);
        read(other, size, site);
        // SAFETY: as the caller says.
        unsafe { real!(memcmp: fn(*const c_void, *const c_void, usize) -> c_int)(one, other, size) }
    }

    #[unsafe(no_mangle)]
    fn memchr["rcx"](start: *const c_void, byte: c_int, size: usize; site) -> *mut c_void {
        // SAFETY: as the caller says.
        let found = unsafe {
            real!(memchr: fn(*const c_void, c_int, usize) -> *mut c_void)(start, byte, size)
        };
        let seen = if found.is_null() { size } else { found.addr() - start.addr() + 1 };
        read(start, seen, site);
        found
    }

    #[unsafe(no_mangle)]
    fn memrchr["rcx"](start: *const c_void, byte: c_int, size: usize; site) -> *mut c_void {
        // SAFETY: as the caller says.
        let found = unsafe {
            real!(memrchr: fn(*const c_void, c_int, usize) -> *mut c_void)(start, byte, size)
        };
        let from = if found.is_null() { start.addr() } else { found.addr() };
        read(start.with_addr(from), start.addr() + size - from, site);
        found
    }

    #[unsafe(no_mangle)]
    fn __deadheat_interpose_strlen["rsi"](text: *const c_char; site) -> usize {
        // SAFETY: as the caller says.
        let length = unsafe { length(text) };
        read_text(text, length + 1, site);
        length
    }

    #[unsafe(no_mangle)]
    fn strnlen["rdx"](text: *const c_char, most: usize; site) -> usize {
        // SAFETY: as the caller says.
        let length = unsafe { length_within(text, most) };
        read_text(text, most.min(length + 1), site);
        length
    }

    #[unsafe(no_mangle)]
    fn strcpy["rdx"](to: *mut c_char, from: *const c_char; site) -> *mut c_char {
        // SAFETY: as the caller says.
        let size = unsafe { length(from) } + 1;
        read_text(from, size, site);
        write_text(to, size, site);
        // SAFETY: as the caller says.
        unsafe { range::copy(to.cast(), from.cast(), size) };
        to
    }

    #[unsafe(no_mangle)]
    fn stpcpy["rdx"](to: *mut c_char, from: *const c_char; site) -> *mut c_char {
        // SAFETY: as the caller says.
        let length = unsafe { length(from) };
        read_text(from, length + 1, site);
        write_text(to, length + 1, site);
        // SAFETY: as the caller says.
        unsafe { range::copy(to.cast(), from.cast(), length + 1) };
        to.wrapping_add(length)
    }

    #[unsafe(no_mangle)]
    fn strncpy["rcx"](to: *mut c_char, from: *const c_char, size: usize; site) -> *mut c_char {
        // SAFETY: as the caller says.
        let length = unsafe { length_within(from, size) };
        read_text(from, size.min(length + 1), site);
        write_text(to, size, site);
        // SAFETY: as the caller says.
        unsafe { real!(strncpy: fn(*mut c_char, *const c_char, usize) -> *mut c_char)(to, from, size) }
    }

    #[unsafe(no_mangle)]
    fn strcat["rdx"](to: *mut c_char, from: *const c_char; site) -> *mut c_char {
        // SAFETY: as the caller says.
        let (before, size) = unsafe { (length(to), length(from) + 1) };
        read_text(to, before + 1, site);
        read_text(from, size, site);
        write_text(to.wrapping_add(before), size, site);
        // SAFETY: as the caller says.
        unsafe { range::copy(to.add(before).cast(), from.cast(), size) };
        to
    }

    #[unsafe(no_mangle)]
    fn strncat["rcx"](to: *mut c_char, from: *const c_char, most: usize; site) -> *mut c_char {
        // SAFETY: as the caller says.
        let (before, length) = unsafe { (length(to), length_within(from, most)) };
        read_text(to, before + 1, site);
        read_text(from, most.min(length + 1), site);
        write_text(to.wrapping_add(before), length + 1, site);
        // SAFETY: as the caller says.
        unsafe { real!(strncat: fn(*mut c_char, *const c_char, usize) -> *mut c_char)(to, from, most) }
    }

    #[unsafe(no_mangle)]
    fn strcmp["rdx"](one: *const c_char, other: *const c_char; site) -> c_int {
        // SAFETY: as the caller says.
        let size = unsafe { compared(one, other, usize::MAX, false) };
        read_text(one, size, site);
        read_text(other, size, site);
        // SAFETY: as the caller says.
        unsafe { real!(strcmp: fn(*const c_char, *const c_char) -> c_int)(one, other) }
    }

    #[unsafe(no_mangle)]
    fn strncmp["rcx"](one: *const c_char, other: *const c_char, most: usize; site) -> c_int {
        // SAFETY: as the caller says.
        let size = unsafe { compared(one, other, most, false) };
        read_text(one, size, site);
        read_text(other, size, site);
        // SAFETY: as the caller says.
        unsafe { real!(strncmp: fn(*const c_char, *const c_char, usize) -> c_int)(one, other, most) }
    }

    #[unsafe(no_mangle)]
    fn strcasecmp["rdx"](one: *const c_char, other: *const c_char; site) -> c_int {
        // SAFETY: as the caller says.
        let size = unsafe { compared(one, other, usize::MAX, true) };
        read_text(one, size, site);
        read_text(other, size, site);
        // SAFETY: as the caller says.
        unsafe { real!(strcasecmp: fn(*const c_char, *const c_char) -> c_int)(one, other) }
    }

    #[unsafe(no_mangle)]
    fn strncasecmp["rcx"](one: *const c_char, other: *const c_char, most: usize; site) -> c_int {
        // SAFETY: as the caller says.
        let size = unsafe { compared(one, other, most, true) };
        read_text(one, size, site);
        read_text(other, size, site);
        // SAFETY: as the caller says.
        unsafe { real!(strncasecmp: fn(*const c_char, *const c_char, usize) -> c_int)(one, other, most) }
    }

    #[unsafe(no_mangle)]
    fn strchr["rdx"](text: *const c_char, letter: c_int; site) -> *mut c_char {
        // SAFETY: as the caller says.
        let found = unsafe { real!(strchr: fn(*const c_char, c_int) -> *mut c_char)(text, letter) };
        let seen = if found.is_null() {
            // SAFETY: as the caller says.
            unsafe { length(text) }
        } else {
            found.addr() - text.addr()
        };
        read_text(text, seen + 1, site);
        found
    }

    #[unsafe(no_mangle)]
    fn strrchr["rdx"](text: *const c_char, letter: c_int; site) -> *mut c_char {
        // SAFETY: as the caller says.
        read_text(text, unsafe { length(text) } + 1, site);
        // SAFETY: as the caller says.
        unsafe { real!(strrchr: fn(*const c_char, c_int) -> *mut c_char)(text, letter) }
    }

    #[unsafe(no_mangle)]
    fn strstr["rdx"](text: *const c_char, part: *const c_char; site) -> *mut c_char {
        // SAFETY: as the caller says.
        let found = unsafe { real!(strstr: fn(*const c_char, *const c_char) -> *mut c_char)(text, part) };
        // SAFETY: as the caller says.
        let size = unsafe { length(part) };
        let seen = if found.is_null() {
            // SAFETY: as the caller says.
            unsafe { length(text) + 1 }
        } else {
            found.addr() - text.addr() + size
        };
        read_text(text, seen, site);
        read_text(part, size + 1, site);
        found
    }

    #[unsafe(no_mangle)]
    fn strdup["rsi"](text: *const c_char; site) -> *mut c_char {
        // SAFETY: as the caller says.
        let size = unsafe { length(text) } + 1;
        read_text(text, size, site);
        // SAFETY: as the caller says; the real one calls the interposed `malloc`.
        let copy = unsafe { real!(strdup: fn(*const c_char) -> *mut c_char)(text) };
        if !copy.is_null() {
            write_text(copy, size, site);
        }
        copy
    }

    #[unsafe(no_mangle)]
    fn strndup["rdx"](text: *const c_char, most: usize; site) -> *mut c_char {
        // SAFETY: as the caller says.
        let length = unsafe { length_within(text, most) };
        read_text(text, most.min(length + 1), site);
        // SAFETY: as the caller says; the real one calls the interposed `malloc`.
        let copy = unsafe { real!(strndup: fn(*const c_char, usize) -> *mut c_char)(text, most) };
        if !copy.is_null() {
            write_text(copy, length + 1, site);
        }
        copy
    }
}
