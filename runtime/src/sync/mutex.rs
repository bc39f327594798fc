//! Mutual exclusion.

use super::raw::RawLock;
use crate::current;
use crate::detect::SyncName;
use deadheat_detector::context::LockMode;
use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

/// A value that one goroutine at a time may use.
///
/// **Happens-before:** each unlock comes before every later lock. A `try_lock` that fails
/// orders nothing.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::{go, sync::Mutex};
/// use std::sync::Arc;
///
/// let total = Arc::new(Mutex::new(0));
/// let adders: Vec<_> = (0..4)
///     .map(|n| {
///         let total = total.clone();
///         go(move || *total.lock() += n)
///     })
///     .collect();
/// for adder in adders {
///     adder.join().unwrap();
/// }
/// assert_eq!(*total.lock(), 6);
/// # }).result.unwrap();
/// ```
pub struct Mutex<T: ?Sized> {
    raw: RawLock,
    name: SyncName,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached by one guard at a time, whose holder may be on any thread.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: as above; a shared mutex gives out the value, never a shared reference to it alone.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    /// An unlocked mutex.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self {
            raw: RawLock::new(),
            name: SyncName::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Locks the mutex; blocks the goroutine until it is unlocked.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let at = Location::caller();
        let run = current::safepoint_in_run();
        self.raw.lock_in_run(run, "mutex lock", at);
        self.locked(at)
    }

    /// Locks the mutex if nobody has it locked.
    #[track_caller]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let at = Location::caller();
        current::safepoint();
        self.raw.try_lock().then(|| self.locked(at))
    }

    /// The value, which nobody else can use now.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    pub(super) fn lock_again(&self, at: &'static Location<'static>) -> MutexGuard<'_, T> {
        self.raw.lock("mutex lock", at);
        self.locked(at)
    }

    #[inline]
    fn locked(&self, at: &'static Location<'static>) -> MutexGuard<'_, T> {
        self.name.lock("mutex lock", at, LockMode::Mutex);
        MutexGuard {
            mutex: self,
            locked_at: at,
            not_send: PhantomData,
        }
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mutex { .. }")
    }
}

/// The right to use a [`Mutex`]'s value; dropping it unlocks.
#[must_use = "the mutex is unlocked as soon as the guard is dropped"]
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    locked_at: &'static Location<'static>,
    /// A guard stays with the goroutine that locked, as Rust's users expect.
    not_send: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives out shared references to the value only.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    pub(super) fn mutex(&self) -> &'a Mutex<T> {
        self.mutex
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock, so nobody else uses the value.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard holds the lock and is borrowed mutably.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let (name, what) = (&self.mutex.name, "unlock of the mutex locked");
        name.unlock(what, self.locked_at, LockMode::Mutex);
        // SAFETY: the guard holds the lock.
        unsafe { self.mutex.raw.unlock() };
        current::safepoint_if_watched();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
