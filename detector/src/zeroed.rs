//! Large arrays of zero bytes that cost only what is touched.

use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;

/// `len` values of zero bytes.
///
/// Mapped rather than allocated where that is possible: an allocator may hand out memory that
/// was used before, and then has to clear all of it.
pub(crate) struct Zeroed<T> {
    start: NonNull<T>,
    len: usize,
    values: PhantomData<T>,
}

// SAFETY: the values are owned, and reached by reference only.
unsafe impl<T: Send> Send for Zeroed<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Zeroed<T> {}

impl<T> Zeroed<T> {
    const NO_DROP: () = assert!(
        !std::mem::needs_drop::<T>(),
        "values are freed without dropping"
    );

    /// # Safety
    ///
    /// Zero bytes must be a valid `T`.
    ///
    /// # Panics
    ///
    /// Where there is no memory.
    pub(crate) unsafe fn new(len: usize) -> Self {
        let () = Self::NO_DROP;
        let bytes = len.checked_mul(size_of::<T>()).filter(|&bytes| bytes > 0);
        let start = bytes.and_then(|bytes| memory::zeroed(bytes, align_of::<T>()));
        let start = start.expect("memory for the detector's tables");
        Self {
            start: start.cast(),
            len,
            values: PhantomData,
        }
    }
}

impl<T> Deref for Zeroed<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the memory holds `len` values, valid by the caller of `new`, and lives as
        // long as `self`.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl<T> Drop for Zeroed<T> {
    fn drop(&mut self) {
        let size = self.len * size_of::<T>();
        // SAFETY: the memory came from `zeroed` with this size and alignment, and nobody can
        // reach it any more.
        unsafe { memory::free(self.start.cast(), size, align_of::<T>()) };
    }
}

#[cfg(unix)]
mod memory {
    //! Pages from the operating system.

    use std::ptr::{NonNull, null_mut};

    /// `size` zero bytes at the start of a page, which suffices for any alignment asked for here.
    pub(super) fn zeroed(size: usize, align: usize) -> Option<NonNull<u8>> {
        debug_assert!(align <= 4096);
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a new anonymous mapping touches no existing memory.
        let start = unsafe { libc::mmap(null_mut(), size, protection, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            None
        } else {
            NonNull::new(start.cast())
        }
    }

    /// # Safety
    ///
    /// `start` must come from [`zeroed`] with this size, and not be used any more.
    pub(super) unsafe fn free(start: NonNull<u8>, size: usize, _: usize) {
        // SAFETY: the caller hands a whole mapping over.
        let result = unsafe { libc::munmap(start.as_ptr().cast(), size) };
        debug_assert_eq!(result, 0);
    }
}

#[cfg(not(unix))]
mod memory {
    //! Memory from the allocator.

    use std::alloc::{Layout, alloc_zeroed, dealloc};
    use std::ptr::NonNull;

    /// `size` zero bytes.
    pub(super) fn zeroed(size: usize, align: usize) -> Option<NonNull<u8>> {
        let layout = Layout::from_size_align(size, align).ok()?;
        // SAFETY: the caller asks for at least one byte.
        NonNull::new(unsafe { alloc_zeroed(layout) })
    }

    /// # Safety
    ///
    /// `start` must come from [`zeroed`] with this size and alignment, and not be used any more.
    pub(super) unsafe fn free(start: NonNull<u8>, size: usize, align: usize) {
        let layout = Layout::from_size_align(size, align).expect("it was one before");
        // SAFETY: the caller hands the allocation over.
        unsafe { dealloc(start.as_ptr(), layout) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn values_are_zero_and_can_be_changed() {
        for _ in 0..3 {
            // SAFETY: zero bytes are the number 0.
            let values: Zeroed<AtomicU64> = unsafe { Zeroed::new(1 << 16) };
            assert!(
                values
                    .iter()
                    .all(|value| value.load(Ordering::Relaxed) == 0)
            );
            values[12_345].store(7, Ordering::Relaxed);
        }
    }
}
