//! Memory is allocated and freed.
//!
//! What is allocated has no history. What is freed is written by whoever frees it, as far as its
//! first kilobyte: so an access that nothing orders before the call is found. The real allocator
//! runs while the thread is inside: a handler of the program that allocates waits until it is done.

use super::{enter, objects, with_site};
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

/// The C library has given `block`: also to itself, while the thread is inside, as it does for a new
/// thread's variables, which somebody who is not inside frees.
fn allocated(block: *mut c_void) -> *mut c_void {
    if current::get().is_some() && !block.is_null() {
        // SAFETY: a block of the allocator's.
        let size = unsafe { malloc_usable_size(block) };
        objects::reset(block.addr(), size);
        // New memory is at new addresses: where all blocks were there before, there is nothing to do.
        if size >= LARGE || block.addr() % SAMPLE < ALIGNMENT {
            runtime::get().keep_house(1 + (size / LARGE).min(MOST_PARTS));
        }
    }
    block
}

/// `block` is about to be given back, at `site`.
fn freed(inside: Option<&Inside>, block: *mut c_void, site: usize) {
    if let Some(inside) = inside
        && !block.is_null()
    {
        // SAFETY: a block of the allocator's.
        let size = unsafe { malloc_usable_size(block) };
        let place = Place::new(site, 0, Class::Free);
        let written = size.min(FREED);
        inside.access(AccessKind::Write, block.addr(), written, place);
        if size >= LARGE {
            objects::reset(block.addr() + written, size - written);
        }
    }
}

fn set_errno(number: c_int) {
    // SAFETY: the thread's own.
    unsafe { *libc::__errno_location() = number };
}

#[unsafe(no_mangle)]
unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
    let _inside = enter();
    // SAFETY: the call has no preconditions.
    allocated(unsafe { __libc_malloc(size) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    let _inside = enter();
    // SAFETY: the call has no preconditions.
    allocated(unsafe { __libc_calloc(count, size) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memalign(alignment: usize, size: usize) -> *mut c_void {
    let _inside = enter();
    // SAFETY: the call has no preconditions.
    allocated(unsafe { __libc_memalign(alignment, size) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void {
    // SAFETY: the call has no preconditions.
    unsafe { memalign(alignment, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn valloc(size: usize) -> *mut c_void {
    // SAFETY: the call has no preconditions.
    unsafe { memalign(4096, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pvalloc(size: usize) -> *mut c_void {
    // SAFETY: the call has no preconditions.
    unsafe {
        memalign(
            4096,
            size.checked_next_multiple_of(4096).unwrap_or(usize::MAX),
        )
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn posix_memalign(
    place: *mut *mut c_void,
    alignment: usize,
    size: usize,
) -> c_int {
    if !alignment.is_power_of_two() || !alignment.is_multiple_of(size_of::<usize>()) {
        return libc::EINVAL;
    }
    // SAFETY: the call has no preconditions; `place` is the caller's to write.
    unsafe {
        let block = memalign(alignment, size);
        if block.is_null() {
            return libc::ENOMEM;
        }
        *place = block;
    }
    0
}

with_site! {
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

/// # Safety
///
/// As for `realloc`.
unsafe fn resize(block: *mut c_void, size: usize, site: usize) -> *mut c_void {
    let Some(inside) = enter() else {
        // SAFETY: as the caller says.
        return allocated(unsafe { __libc_realloc(block, size) });
    };
    if block.is_null() {
        // SAFETY: the call has no preconditions.
        return allocated(unsafe { __libc_malloc(size) });
    }
    if size == 0 {
        freed(Some(&inside), block, site);
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
        let new = allocated(__libc_malloc(size));
        if new.is_null() {
            return new;
        }
        crate::entry::range::copy(new, block, old.min(size));
        freed(Some(&inside), block, site);
        __libc_free(block);
        new
    }
}
