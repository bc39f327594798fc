//! A lock for a few dozen instructions, which nobody holds across a switch or a call of the user's.
//!
//! It is taken by one exchange and given back by one store, where a lock that can put threads to sleep needs
//! an exchange for both. The price is paid by who finds it taken: it tries for a while, then lets other
//! threads run, since the holder may have lost its core, and sleeps where that does not help.
//!
//! Whoever finds it taken stands back for a moment before each try. The holder, whose cache the value is
//! in, then has it many times in that moment; where both are after it all the time, it goes to and
//! fro between the caches at each turn, and nobody gets on.

use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often a thread looks before it lets others run, and until it sleeps.
const LOOKS: u32 = 64;
const YIELDS: u32 = LOOKS + 64;
const SLEEP: Duration = Duration::from_micros(100);

/// Lets a moment pass, for whoever has a lock: about a microsecond, of which the processor makes the other
/// thread of the core a present where there is one.
#[cold]
pub(crate) fn stand_back() {
    for _ in 0..30 {
        std::hint::spin_loop();
    }
}

/// A value under such a lock.
pub(crate) struct SpinLock<T> {
    taken: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: one at a time has the value, on whatever thread.
unsafe impl<T: Send> Sync for SpinLock<T> {}

/// The right to use the value.
pub(crate) struct SpinGuard<'a, T>(&'a SpinLock<T>);

// SAFETY: a shared guard gives out shared references to the value only.
unsafe impl<T: Sync> Sync for SpinGuard<'_, T> {}

impl<T> SpinLock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self {
            taken: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// Takes the lock.
    #[inline]
    pub(crate) fn lock(&self) -> SpinGuard<'_, T> {
        if !self.try_take() {
            self.wait();
        }
        SpinGuard(self)
    }

    #[inline]
    fn try_take(&self) -> bool {
        self.taken
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    #[cold]
    fn wait(&self) {
        for tries in 0_u32.. {
            match tries {
                0..LOOKS => stand_back(),
                LOOKS..YIELDS => std::thread::yield_now(),
                _ => std::thread::sleep(SLEEP),
            }
            if !self.taken.load(Ordering::Relaxed) && self.try_take() {
                return;
            }
        }
    }
}

impl<T> Deref for SpinGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard is the right to use it.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for SpinGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard is the right to use it, and is borrowed mutably.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for SpinGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.0.taken.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::SpinLock;

    #[test]
    fn one_at_a_time_has_the_value() {
        let count = SpinLock::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        *count.lock() += 1;
                    }
                });
            }
        });
        assert_eq!(*count.lock(), 40_000);
    }
}
