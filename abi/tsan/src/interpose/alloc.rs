//! Memory is allocated and freed.
//!
//! What is allocated has no history. What is freed is written by whoever frees it, as far as its
//! first kilobyte: so an access that nothing orders before the call is found. The real allocator
//! runs while the thread is inside: a handler of the program that allocates waits until it is done.

use super::{blocks, enter, objects, standard, with_site};
use crate::alone;
use crate::current;
use crate::runtime;
use crate::thread::{Class, Inside, Place};
use deadheat_detector::access::AccessKind;
use std::alloc::{GlobalAlloc, Layout};
use std::ffi::{c_int, c_void};
use std::ptr::null_mut;

/// How much of freed memory is written.
const FREED: usize = 1024;

/// A block so large that the C library gives it back to the system when it is freed, or soon.
const LARGE: usize = 128 << 10;

unsafe extern "C" {
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
    fn __libc_realloc(block: *mut c_void, size: usize) -> *mut c_void;
    fn __libc_memalign(alignment: usize, size: usize) -> *mut c_void;
    fn __libc_free(block: *mut c_void);
    fn malloc_usable_size(block: *mut c_void) -> usize;
}

/// Of small blocks, one in so many bytes of addresses has the library look whether memory can be freed.
const SAMPLE: usize = 4096;

/// Parts of that work which are done at a time, at most.
const MOST_PARTS: usize = 64;

/// The allocator that lies behind the interposed one.
pub(crate) struct Behind;

/// What `malloc` aligns to.
const ALIGNMENT: usize = 16;

/// What `valloc` aligns to.
const PAGE: usize = 4096;

// SAFETY: the C library's allocator does what the trait asks.
unsafe impl GlobalAlloc for Behind {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the calls have no preconditions.
        unsafe {
            match layout.align() {
                ..=ALIGNMENT => __libc_malloc(layout.size()).cast(),
                alignment => __libc_memalign(alignment, layout.size()).cast(),
            }
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: the block came from `alloc`.
        unsafe { __libc_free(block.cast()) };
    }
}

/// The C library has given `block` to whoever asked for it at `site`: also to itself, while the thread is
/// inside, as it does for a new thread's variables, which somebody who is not inside frees.
fn allocated(inside: Option<&Inside>, block: *mut c_void, site: usize) -> *mut c_void {
    if current::get().is_some() && !block.is_null() {
        // SAFETY: a block of the allocator's.
        let size = unsafe { malloc_usable_size(block) };
        // While there is one thread, whatever has a history there is known to all to come. But that of a large block may
        // be given back.
        if size >= LARGE || !alone::is_alone() {
            objects::reset(block.addr(), size);
        }
        // New memory is at new addresses: where all blocks were there before, there is nothing to do.
        if size >= LARGE || block.addr() % SAMPLE < ALIGNMENT {
            runtime::get().keep_house(1 + (size / LARGE).min(MOST_PARTS));
        }
        if let Some(inside) = inside {
            blocks::note(inside, block.addr(), size, site);
        }
    }
    block
}

/// `block` is about to be given back, at `site`; by the C library itself, where the thread is inside already.
fn freed(inside: Option<&Inside>, block: *mut c_void, site: usize) {
    if current::get().is_none() || block.is_null() {
        return;
    }
    // SAFETY: a block of the allocator's.
    let size = unsafe { malloc_usable_size(block) };
    if let Some(inside) = inside {
        let place = Place::new(site, 0, Class::Free);
        let written = if standard::is_wrapped() {
            0
        } else {
            size.min(FREED)
        };
        inside.access(AccessKind::Write, block.addr(), written, place);
        if size >= LARGE {
            objects::reset(block.addr() + written, size - written);
        }
    }
    runtime::get().blocks.forget(block.addr(), size);
}

fn set_errno(number: c_int) {
    // SAFETY: the thread's own.
    unsafe { *libc::__errno_location() = number };
}

with_site! {
    #[unsafe(no_mangle)]
    fn malloc["rsi"](size: usize; site) -> *mut c_void {
        let inside = enter();
        // SAFETY: the call has no preconditions.
        allocated(inside.as_ref(), unsafe { __libc_malloc(size) }, site)
    }

    #[unsafe(no_mangle)]
    fn calloc["rdx"](count: usize, size: usize; site) -> *mut c_void {
        let inside = enter();
        // SAFETY: the call has no preconditions.
        allocated(inside.as_ref(), unsafe { __libc_calloc(count, size) }, site)
    }

    #[unsafe(no_mangle)]
    fn memalign["rdx"](alignment: usize, size: usize; site) -> *mut c_void {
        aligned(alignment, size, site)
    }

    #[unsafe(no_mangle)]
    fn aligned_alloc["rdx"](alignment: usize, size: usize; site) -> *mut c_void {
        aligned(alignment, size, site)
    }

    #[unsafe(no_mangle)]
    fn valloc["rsi"](size: usize; site) -> *mut c_void {
        aligned(PAGE, size, site)
    }

    #[unsafe(no_mangle)]
    fn pvalloc["rsi"](size: usize; site) -> *mut c_void {
        let pages = size.checked_next_multiple_of(PAGE);
        aligned(PAGE, pages.unwrap_or(usize::MAX), site)
    }

    #[unsafe(no_mangle)]
    fn posix_memalign["rcx"](place: *mut *mut c_void, alignment: usize, size: usize; site) -> c_int {
        if !alignment.is_power_of_two() || !alignment.is_multiple_of(size_of::<usize>()) {
            return libc::EINVAL;
        }
        let block = aligned(alignment, size, site);
        if block.is_null() {
            return libc::ENOMEM;
        }
        // SAFETY: `place` is the caller's to write.
        unsafe { *place = block };
        0
    }

    #[unsafe(no_mangle)]
    fn free["rsi"](block: *mut c_void; site) {
        let inside = enter();
        freed(inside.as_ref(), block, site);
        // SAFETY: the caller hands the block over.
        unsafe { __libc_free(block) };
    }

    #[unsafe(no_mangle)]
    fn cfree["rsi"](block: *mut c_void; site) {
        let inside = enter();
        freed(inside.as_ref(), block, site);
        // SAFETY: the caller hands the block over.
        unsafe { __libc_free(block) };
    }

    #[unsafe(no_mangle)]
    fn realloc["rdx"](block: *mut c_void, size: usize; site) -> *mut c_void {
        // SAFETY: the caller hands the block over.
        unsafe { resize(block, size, site) }
    }

    #[unsafe(no_mangle)]
    fn reallocarray["rcx"](block: *mut c_void, count: usize, size: usize; site) -> *mut c_void {
        let Some(size) = count.checked_mul(size) else {
            set_errno(libc::ENOMEM);
            return null_mut();
        };
        // SAFETY: the caller hands the block over.
        unsafe { resize(block, size, site) }
    }
}

fn aligned(alignment: usize, size: usize, site: usize) -> *mut c_void {
    let inside = enter();
    // SAFETY: the call has no preconditions.
    let block = unsafe { __libc_memalign(alignment, size) };
    allocated(inside.as_ref(), block, site)
}

/// # Safety
///
/// As for `realloc`.
unsafe fn resize(block: *mut c_void, size: usize, site: usize) -> *mut c_void {
    let Some(inside) = enter() else {
        freed(None, block, site);
        // SAFETY: as the caller says.
        return allocated(None, unsafe { __libc_realloc(block, size) }, site);
    };
    let inside = Some(&inside);
    if block.is_null() {
        // SAFETY: the call has no preconditions.
        return allocated(inside, unsafe { __libc_malloc(size) }, site);
    }
    if size == 0 {
        freed(inside, block, site);
        // SAFETY: as the caller says.
        return unsafe { __libc_realloc(block, 0) };
    }
    // A block that moves is another one: it is copied, so that the old one's history ends before
    // anybody else can be given it.
    // SAFETY: as the caller says; the old block is not used after it was freed.
    unsafe {
        let old = malloc_usable_size(block);
        if size <= old && size >= old / 2 {
            return block;
        }
        let new = allocated(inside, __libc_malloc(size), site);
        if new.is_null() {
            return new;
        }
        crate::entry::range::copy(new, block, old.min(size));
        freed(inside, block, site);
        __libc_free(block);
        new
    }
}
