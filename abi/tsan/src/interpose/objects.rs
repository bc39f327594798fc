//! Sync objects, known by their addresses, and where in memory they are.
//!
//! The engine keeps the clock of an object under its name, which is its address. When the memory is
//! freed, the clock must go, or what comes to lie there would be ordered by it. So a bit is kept for each
//! four bytes that have held such an object (a lock, and not the flag beside it): 1/32 of the memory of those parts of the
//! address space.

use super::enter;
use super::words::Words;
use crate::runtime;
use crate::thread::Operation;
use deadheat_detector::sync::SyncId;
use std::sync::atomic::{AtomicU64, Ordering};

const GRANULE: usize = 4;
/// The bytes of memory that a word of bits stands for.
const SPAN: usize = GRANULE * u64::BITS as usize;

/// Which memory may hold sync objects.
pub(crate) struct Objects(Words<SPAN>);

/// The bit of an address in its word.
fn bit(address: usize) -> u64 {
    1 << (address / GRANULE % u64::BITS as usize)
}

impl Objects {
    /// `None` where there is no memory for the table.
    pub(crate) fn new() -> Option<Self> {
        Words::new().map(Self)
    }

    /// There is a sync object at `address`.
    #[inline]
    pub(crate) fn note(&self, address: usize) {
        let Some(word) = self.0.get_or_make(address) else {
            return;
        };
        let bit = bit(address);
        if word.load(Ordering::Relaxed) & bit == 0 {
            word.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Whether there may be a sync object at `address`.
    #[inline]
    pub(crate) fn has(&self, address: usize) -> bool {
        let word = self.0.get(address);
        word.is_some_and(|word| word.load(Ordering::Acquire) & bit(address) != 0)
    }

    /// Forgets the objects from `start` up to `end`.
    pub(crate) fn forget(&self, start: usize, end: usize, mut forget: impl FnMut(SyncId)) {
        self.0.each(start, end, |base, word| {
            if word.load(Ordering::Relaxed) != 0 {
                forget_in(word, base, (start, end), &mut forget);
            }
        });
    }
}

/// Forgets the objects in `range` that have a bit in the word of the addresses from `base`.
fn forget_in(
    word: &AtomicU64,
    base: usize,
    range: (usize, usize),
    forget: &mut impl FnMut(SyncId),
) {
    let first = range.0.saturating_sub(base) / GRANULE;
    let behind = (range.1 - base).min(SPAN).div_ceil(GRANULE);
    let mut left = word.load(Ordering::Relaxed) & u64::MAX << first & u64::MAX >> (64 - behind);
    if left == 0 {
        return;
    }
    word.fetch_and(!left, Ordering::Relaxed);
    while left != 0 {
        let address = base + left.trailing_zeros() as usize * GRANULE;
        left &= left - 1;
        for object in address..address + GRANULE {
            forget(SyncId(object as u64));
        }
    }
}

/// What was released to `object` happens-before what follows.
pub(crate) fn acquire(object: usize, operation: Operation, site: usize) {
    if let Some(inside) = enter() {
        inside.note_acquire(operation, site);
        let engine = &inside.runtime().engine;
        engine.acquire(inside.clock(), SyncId(object as u64));
    }
}

/// What was done happens-before what follows an acquire of `object`.
pub(crate) fn release(object: usize, operation: Operation, site: usize) {
    if let Some(inside) = enter() {
        inside.note_release(operation, site);
        let runtime = inside.runtime();
        runtime.objects.note(object);
        let id = SyncId(object as u64);
        runtime.engine.release(inside.clock(), id);
    }
}

/// As [`release`], in addition to what others released there.
pub(crate) fn release_merge(object: usize, operation: Operation, site: usize) {
    if let Some(inside) = enter() {
        inside.note_release(operation, site);
        let runtime = inside.runtime();
        runtime.objects.note(object);
        let id = SyncId(object as u64);
        runtime.engine.release_merge(inside.clock(), id);
    }
}

/// What lies in these bytes from now on has no history: they are new.
pub(crate) fn reset(start: usize, size: usize) {
    let runtime = runtime::get();
    if let Some(bytes) = crate::report::bytes_at(start, size) {
        runtime.engine.reset(bytes);
        runtime
            .objects
            .forget(bytes.start(), bytes.end(), |object| {
                runtime.engine.forget_sync(object);
            });
    }
}
