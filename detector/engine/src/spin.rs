//! A lock for sections of a few instructions.
//!
//! `parking_lot` keeps a waiting thread's state in thread-local storage, which the core must do
//! without. No callback of the program runs under this lock.

use crate::primitive::{AtomicU32, Ordering, spin_loop};
use crate::source::Source;
use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};

/// A value behind a lock whose waiters spin, then give the processor away.
pub(crate) struct Spin<T> {
    locked: AtomicU32,
    relax: extern "C" fn(),
    value: UnsafeCell<T>,
}

// SAFETY: the lock gives one thread at a time access to the value, which may move between threads.
unsafe impl<T: Send> Sync for Spin<T> {}

impl<T> Spin<T> {
    pub(crate) fn new(value: T, source: &Source) -> Self {
        Self {
            locked: AtomicU32::new(0),
            relax: source.relax,
            value: UnsafeCell::new(value),
        }
    }

    pub(crate) fn lock(&self) -> Guard<'_, T> {
        acquire(&self.locked, 1, self.relax);
        Guard { lock: self }
    }
}

/// Sets `bit` of `word`, once nobody else has.
#[inline]
pub(crate) fn acquire(word: &AtomicU32, bit: u32, relax: extern "C" fn()) -> u32 {
    try_acquire(word, bit).unwrap_or_else(|| acquire_later(word, bit, relax))
}

/// Sets `bit` of `word`, if nobody else has; gives what the word was.
#[inline]
fn try_acquire(word: &AtomicU32, bit: u32) -> Option<u32> {
    let seen = word.load(Ordering::Relaxed);
    let is_free = seen & bit == 0
        && word
            .compare_exchange(seen, seen | bit, Ordering::Acquire, Ordering::Relaxed)
            .is_ok();
    is_free.then_some(seen)
}

/// So many looks at a lock are made before the processor is given away.
const LOOKS: u32 = if cfg!(loom) { 64 } else { 8 };
/// A look takes the lock's cache line from the one who holds it. So there are two pauses after the first, and twice as many after
/// each, up to two to this power.
const PAUSES: u32 = if cfg!(loom) { 0 } else { 6 };

/// As [`acquire`], where somebody else has, or was quicker.
#[cold]
fn acquire_later(word: &AtomicU32, bit: u32, relax: extern "C" fn()) -> u32 {
    let mut looks = 0u32;
    loop {
        if let Some(seen) = try_acquire(word, bit) {
            return seen;
        }
        looks += 1;
        match looks % LOOKS {
            0 => relax(),
            look => (0..1u32 << look.min(PAUSES)).for_each(|_| spin_loop()),
        }
    }
}

pub(crate) struct Guard<'a, T> {
    lock: &'a Spin<T>,
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard holds the lock, and is borrowed exclusively.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        self.lock.locked.store(0, Ordering::Release);
    }
}
