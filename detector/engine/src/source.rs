//! Where an engine's memory comes from.

use core::ptr::NonNull;

/// Functions that provide memory, in a form that any language can fill in.
///
/// An engine asks for large pieces and touches them little by little; a source that maps pages
/// on demand serves it best. It must be callable from any thread, and never call the engine.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Source {
    /// Gives `bytes` zero bytes, aligned to at least 64, or null where there are none.
    pub map: extern "C" fn(bytes: usize) -> *mut u8,
    /// Takes back what `map` gave, whole.
    pub unmap: unsafe extern "C" fn(start: *mut u8, bytes: usize),
    /// Makes a part of what `map` gave zero again, and free if possible; start and length are
    /// multiples of [`PAGE`]. It must be zero when this returns: other threads may be waiting for that.
    pub discard: unsafe extern "C" fn(start: *mut u8, bytes: usize),
    /// Gives the processor to another thread for a moment. (Who comes to a record that is being written just then, by three
    /// instructions, does so by the default source's.)
    pub relax: extern "C" fn(),
}

/// The unit in which memory is given back, in bytes.
pub const PAGE: usize = 4096;

impl Default for Source {
    fn default() -> Self {
        #[cfg(all(feature = "os", unix))]
        return Self::system();
        #[cfg(not(all(feature = "os", unix)))]
        Self::global()
    }
}

impl Source {
    pub(crate) fn get(&self, bytes: usize) -> Option<NonNull<u8>> {
        NonNull::new((self.map)(bytes))
    }

    /// The operating system's mappings: pages come when touched.
    #[cfg(all(feature = "os", unix))]
    #[must_use]
    pub fn system() -> Self {
        Self {
            map: system::map,
            unmap: system::unmap,
            discard: system::discard,
            relax: system::relax,
        }
    }

    /// Rust's global allocator.
    #[must_use]
    pub fn global() -> Self {
        Self {
            map: global::map,
            unmap: global::unmap,
            discard: global::discard,
            relax: global::relax,
        }
    }
}

#[cfg(all(feature = "os", unix))]
mod system {
    use super::PAGE;
    use core::ptr::null_mut;

    pub(super) extern "C" fn map(bytes: usize) -> *mut u8 {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a new anonymous mapping touches no existing memory.
        let start = unsafe { libc::mmap(null_mut(), bytes, protection, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return null_mut();
        }
        // Tables are touched here and there: a huge page for each place would multiply them.
        #[cfg(target_os = "linux")]
        // SAFETY: the advice is about the mapping just made.
        unsafe {
            libc::madvise(start, bytes, libc::MADV_NOHUGEPAGE);
        }
        start.cast()
    }

    pub(super) unsafe extern "C" fn unmap(start: *mut u8, bytes: usize) {
        // SAFETY: the caller hands a whole mapping over.
        unsafe { libc::munmap(start.cast(), bytes) };
    }

    pub(super) unsafe extern "C" fn discard(start: *mut u8, bytes: usize) {
        // SAFETY: the call has no preconditions.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        let is_zero = cfg!(target_os = "linux")
            && usize::try_from(page) == Ok(PAGE)
            // SAFETY: the caller owns these pages; private anonymous ones read as zero afterwards.
            && unsafe { libc::madvise(start.cast(), bytes, libc::MADV_DONTNEED) } == 0;
        if !is_zero {
            // Of larger pages, others may have the rest; and those that the program has locked stay.
            // SAFETY: the caller owns these bytes.
            unsafe { core::ptr::write_bytes(start, 0, bytes) };
        }
    }

    pub(super) extern "C" fn relax() {
        // SAFETY: the call has no preconditions.
        unsafe { libc::sched_yield() };
    }
}

mod global {
    use super::PAGE;
    use alloc::alloc::{Layout, alloc_zeroed, dealloc};
    use core::ptr::null_mut;

    pub(super) extern "C" fn map(bytes: usize) -> *mut u8 {
        match Layout::from_size_align(bytes, PAGE) {
            // SAFETY: engines ask for at least one byte.
            Ok(layout) if bytes > 0 => unsafe { alloc_zeroed(layout) },
            _ => null_mut(),
        }
    }

    pub(super) unsafe extern "C" fn unmap(start: *mut u8, bytes: usize) {
        if let Ok(layout) = Layout::from_size_align(bytes, PAGE) {
            // SAFETY: the caller hands over what `map` allocated with this layout.
            unsafe { dealloc(start, layout) };
        }
    }

    pub(super) unsafe extern "C" fn discard(start: *mut u8, bytes: usize) {
        // SAFETY: the caller owns these bytes.
        unsafe { core::ptr::write_bytes(start, 0, bytes) };
    }

    pub(super) extern "C" fn relax() {
        core::hint::spin_loop();
    }
}

#[cfg(all(test, not(loom), feature = "os", unix))]
mod tests {
    use super::*;

    #[test]
    fn what_was_discarded_is_zero_though_the_program_has_locked_it() {
        let source = Source::system();
        for locks in [false, true] {
            let start = source.get(PAGE).unwrap().as_ptr();
            // SAFETY: the page is this test's own.
            unsafe {
                assert!(!locks || libc::mlock(start.cast(), PAGE) == 0);
                start.write_bytes(1, PAGE);
                (source.discard)(start, PAGE);
                let page = core::slice::from_raw_parts(start, PAGE);
                assert!(page.iter().all(|&byte| byte == 0), "{locks}");
                (source.unmap)(start, PAGE);
            }
        }
    }
}
