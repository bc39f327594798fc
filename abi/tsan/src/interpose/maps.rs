//! Mappings come and go: what is mapped anew has no history.

use super::{enter, objects};
use crate::interpose::real::real;
use std::ffi::{c_int, c_void};

fn mapped(start: *mut c_void, size: usize) -> *mut c_void {
    if start != libc::MAP_FAILED
        && let Some(_inside) = enter()
    {
        objects::reset(start.addr(), size);
    }
    start
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mmap(
    address: *mut c_void,
    size: usize,
    protection: c_int,
    flags: c_int,
    file: c_int,
    offset: i64,
) -> *mut c_void {
    let real = real!(mmap: fn(*mut c_void, usize, c_int, c_int, c_int, i64) -> *mut c_void);
    // SAFETY: as the caller says.
    mapped(
        unsafe { real(address, size, protection, flags, file, offset) },
        size,
    )
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mmap64(
    address: *mut c_void,
    size: usize,
    protection: c_int,
    flags: c_int,
    file: c_int,
    offset: i64,
) -> *mut c_void {
    // SAFETY: as the caller says.
    unsafe { mmap(address, size, protection, flags, file, offset) }
}

/// The history ends before the addresses can be given to another.
#[unsafe(no_mangle)]
unsafe extern "C" fn munmap(start: *mut c_void, size: usize) -> c_int {
    if let Some(_inside) = enter() {
        objects::reset(start.addr(), size);
    }
    // SAFETY: as the caller says.
    unsafe { real!(munmap: fn(*mut c_void, usize) -> c_int)(start, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mremap(
    start: *mut c_void,
    old_size: usize,
    size: usize,
    flags: c_int,
    address: *mut c_void,
) -> *mut c_void {
    if let Some(_inside) = enter() {
        objects::reset(start.addr(), old_size);
    }
    let real = real!(mremap: fn(*mut c_void, usize, usize, c_int, *mut c_void) -> *mut c_void);
    // SAFETY: as the caller says.
    mapped(unsafe { real(start, old_size, size, flags, address) }, size)
}
