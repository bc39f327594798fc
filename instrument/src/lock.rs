//! What keeps a raced-on cell memory-safe.

use deadheat_runtime::goroutine_key;
use deadheat_runtime::sync::raw::RawLock;
use std::panic::Location;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A lock that orders nothing, and notices a goroutine that waits for itself.
#[derive(Debug, Default)]
pub(crate) struct CellLock {
    raw: RawLock,
    /// The goroutine inside; 0 for none, or a plain thread.
    holder: AtomicUsize,
}

impl CellLock {
    pub(crate) const fn new() -> Self {
        Self {
            raw: RawLock::new(),
            holder: AtomicUsize::new(0),
        }
    }

    /// Calls `f` while nobody else is inside; for callers that may be goroutines.
    ///
    /// # Panics
    ///
    /// Where the calling goroutine is inside already.
    pub(crate) fn inside<R>(&self, at: &'static Location<'static>, f: impl FnOnce() -> R) -> R {
        let me = goroutine_key();
        if !self.raw.try_lock() {
            self.wait(me, at);
        }
        let _inside = Inside(self);
        self.holder.store(me, Ordering::Relaxed);
        let _held = Held(self);
        f()
    }

    /// Calls `f` while nobody else is inside; for callers that no run watches.
    #[inline]
    pub(crate) fn inside_unwatched<R>(
        &self,
        at: &'static Location<'static>,
        f: impl FnOnce() -> R,
    ) -> R {
        self.raw.lock("access to a cell", at);
        let _inside = InsideUnwatched(self);
        f()
    }

    #[cold]
    fn wait(&self, me: usize, at: &'static Location<'static>) {
        assert!(
            me == 0 || self.holder.load(Ordering::Relaxed) != me,
            "a cell is accessed at {at} from within its own `with`, `with_mut` or `update`"
        );
        self.raw.lock("access to a cell", at);
    }
}

/// Says who holds the lock, while somebody does.
struct Held<'a>(&'a CellLock);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.holder.store(0, Ordering::Relaxed);
    }
}

/// The lock, taken.
struct Inside<'a>(&'a CellLock);

impl Drop for Inside<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the lock was taken before this value was made.
        unsafe { self.0.raw.unlock() };
    }
}

/// The lock, taken by a caller that no run watches.
struct InsideUnwatched<'a>(&'a CellLock);

impl Drop for InsideUnwatched<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the lock was taken before this value was made.
        unsafe { self.0.raw.unlock() };
    }
}
