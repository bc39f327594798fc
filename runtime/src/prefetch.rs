//! Asking for memory before it is needed.

/// A line of the cache, as processors fetch it.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64;

/// Has the processor fetch what `place` leads to, while the caller does something else. Changes nothing that
/// a program can see, and `place` may lead anywhere.
#[inline]
pub(crate) fn prefetch<T>(place: *const T) {
    #[cfg(target_arch = "x86_64")]
    for offset in (0..size_of::<T>()).step_by(LINE) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch faults nowhere, wherever it points to.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(place.cast::<i8>().wrapping_add(offset)) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}
