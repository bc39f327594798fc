//! The atomics that the rest is built from, in one place so that `loom` can stand in for them.

#[cfg(not(loom))]
pub(crate) use core::hint::spin_loop;
#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
#[cfg(loom)]
pub(crate) use loom::hint::spin_loop;
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};

/// Has the processor fetch what lies at `place`, to write there, while it does other things. That is no access: `place` may
/// lead anywhere.
///
/// What several threads change comes from another core's cache, one line after the other where each is waited for, and
/// a locked instruction waits for all before it.
#[inline(always)]
pub(crate) fn fetch_to_write<T>(place: *const T) {
    #[cfg(all(not(loom), target_arch = "x86_64"))]
    // SAFETY: a prefetch accesses nothing, and faults nowhere; processors that do not have this one do nothing.
    unsafe {
        core::arch::asm!("prefetchw [{}]", in(reg) place, options(nostack, preserves_flags, readonly));
    }
    #[cfg(not(all(not(loom), target_arch = "x86_64")))]
    let _ = place;
}
