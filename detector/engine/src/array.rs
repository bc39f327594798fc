//! Large arrays of zero values that cost only what is touched.

use crate::source::Source;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;

/// A type of which zero bytes are a value.
///
/// # Safety
///
/// They must be, and the value must not need dropping.
pub(crate) unsafe trait Zeroable: Sync {}

// SAFETY: zero bytes are the number zero.
unsafe impl Zeroable for crate::primitive::AtomicU32 {}
// SAFETY: zero bytes are the number zero.
unsafe impl Zeroable for crate::primitive::AtomicU64 {}
// SAFETY: zero bytes are a null pointer.
unsafe impl<T: Sync> Zeroable for crate::primitive::AtomicPtr<T> {}
// SAFETY: zero bytes are numbers zero.
unsafe impl Zeroable for crate::pair::TwoPairs {}

/// `len` values, all zero at first, from a [`Source`].
pub(crate) struct Array<T: Zeroable> {
    start: NonNull<T>,
    len: usize,
    source: Source,
    values: PhantomData<T>,
}

// SAFETY: the values are owned, and reached by reference only.
unsafe impl<T: Zeroable + Send> Send for Array<T> {}
// SAFETY: as above; `Zeroable` values are `Sync`.
unsafe impl<T: Zeroable> Sync for Array<T> {}

impl<T: Zeroable> Array<T> {
    /// `None` where there is no memory.
    #[cfg(not(loom))]
    pub(crate) fn new(len: usize, source: &Source) -> Option<Self> {
        const { assert!(!core::mem::needs_drop::<T>() && align_of::<T>() <= 64 && size_of::<T>() > 0) };
        let bytes = len.checked_mul(size_of::<T>())?;
        let start = source.get(bytes)?.cast();
        Some(Self {
            start,
            len,
            source: *source,
            values: PhantomData,
        })
    }

    /// The values as one pointer, for whoever keeps it in an atomic; see [`Self::from_raw`].
    pub(crate) fn into_raw(self) -> *mut T {
        core::mem::ManuallyDrop::new(self).start.as_ptr()
    }

    /// # Safety
    ///
    /// `start` must come from [`Self::into_raw`] of an array of this length and source, once.
    pub(crate) unsafe fn from_raw(start: NonNull<T>, len: usize, source: &Source) -> Self {
        Self {
            start,
            len,
            source: *source,
            values: PhantomData,
        }
    }
}

#[cfg(loom)]
impl<T: Zeroable + Default> Array<T> {
    pub(crate) fn new(len: usize, source: &Source) -> Option<Self> {
        let values: alloc::boxed::Box<[T]> = (0..len).map(|_| T::default()).collect();
        let start = NonNull::from(alloc::boxed::Box::leak(values)).cast();
        // SAFETY: as `from_raw` asks.
        Some(unsafe { Self::from_raw(start, len, source) })
    }
}

impl<T: Zeroable> Deref for Array<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: the memory holds `len` values, zero or written since, as long as `self` lives.
        unsafe { core::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl<T: Zeroable> Drop for Array<T> {
    fn drop(&mut self) {
        #[cfg(not(loom))]
        // SAFETY: the memory came from this source with this size, and nobody reaches it any more.
        unsafe {
            (self.source.unmap)(self.start.as_ptr().cast(), self.len * size_of::<T>());
        }
        #[cfg(loom)]
        // SAFETY: the values were leaked from a box of this length, and nobody reaches them any more.
        drop(unsafe {
            alloc::boxed::Box::from_raw(core::ptr::slice_from_raw_parts_mut(
                self.start.as_ptr(),
                self.len,
            ))
        });
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::primitive::{AtomicU64, Ordering};

    #[test]
    fn values_are_zero_and_can_be_changed() {
        for source in [Source::default(), Source::global()] {
            let values: Array<AtomicU64> = Array::new(1 << 12, &source).unwrap();
            assert!(
                values
                    .iter()
                    .all(|value| value.load(Ordering::Relaxed) == 0)
            );
            values[1234].store(7, Ordering::Relaxed);
            assert_eq!(values[1234].load(Ordering::Relaxed), 7);
        }
    }
}
