//! Sync objects, known by their addresses, and where in memory they are.
//!
//! The engine keeps the clock of an object under its name, which is its address. When the memory is
//! freed, the clock must go, or what comes to lie there would be ordered by it. So a bit is kept for each
//! eight bytes that have held such an object: 1/64 of the memory of those parts of the address space.

use super::enter;
use crate::runtime;
use crate::thread::Operation;
use deadheat_detector::source::Source;
use deadheat_detector::sync::SyncId;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

const ADDRESS_BITS: u32 = 47;
const REGION_BITS: u32 = 26;
const REGIONS: usize = 1 << (ADDRESS_BITS - REGION_BITS);
const GRANULE: usize = 8;
/// The bytes of memory that a word of bits stands for.
const SPAN: usize = GRANULE * u64::BITS as usize;
const WORDS: usize = (1 << REGION_BITS) / SPAN;

/// Which memory may hold sync objects.
pub(crate) struct Objects {
    regions: *const AtomicPtr<AtomicU64>,
    source: Source,
}

// SAFETY: the table is an array of atomics that lives as long as the process.
unsafe impl Send for Objects {}
// SAFETY: as above.
unsafe impl Sync for Objects {}

impl Objects {
    /// `None` where there is no memory for the table.
    pub(crate) fn new() -> Option<Self> {
        let source = Source::system();
        let regions = (source.map)(REGIONS * size_of::<AtomicPtr<AtomicU64>>());
        (!regions.is_null()).then(|| Self {
            regions: regions.cast(),
            source,
        })
    }

    fn region(&self, number: usize) -> Option<&AtomicPtr<AtomicU64>> {
        // SAFETY: zero bytes are null pointers, and the array has so many.
        (number < REGIONS).then(|| unsafe { &*self.regions.add(number) })
    }

    fn words(&self, number: usize) -> Option<&[AtomicU64]> {
        let start = self.region(number)?.load(Ordering::Acquire);
        // SAFETY: `make` puts arrays of this length there.
        (!start.is_null()).then(|| unsafe { std::slice::from_raw_parts(start, WORDS) })
    }

    #[cold]
    fn make(&self, number: usize) -> Option<&[AtomicU64]> {
        let bytes = WORDS * size_of::<AtomicU64>();
        let made = (self.source.map)(bytes);
        if made.is_null() {
            return None;
        }
        let order = (Ordering::AcqRel, Ordering::Acquire);
        let place = self.region(number)?;
        if place
            .compare_exchange(null_mut(), made.cast(), order.0, order.1)
            .is_err()
        {
            // SAFETY: it was made above, and nobody else knows of it.
            unsafe { (self.source.unmap)(made, bytes) };
        }
        self.words(number)
    }

    /// There is a sync object at `address`.
    #[inline]
    pub(crate) fn note(&self, address: usize) {
        let number = address >> REGION_BITS;
        let Some(words) = self.words(number).or_else(|| self.make(number)) else {
            return;
        };
        let word = &words[(address % (1 << REGION_BITS)) / SPAN];
        let bit = 1 << (address / GRANULE % u64::BITS as usize);
        if word.load(Ordering::Relaxed) & bit == 0 {
            word.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Whether there may be a sync object at `address`.
    #[inline]
    pub(crate) fn has(&self, address: usize) -> bool {
        let Some(words) = self.words(address >> REGION_BITS) else {
            return false;
        };
        let word = &words[(address % (1 << REGION_BITS)) / SPAN];
        word.load(Ordering::Acquire) >> (address / GRANULE % u64::BITS as usize) & 1 == 1
    }

    /// Forgets the objects from `start` up to `end`.
    pub(crate) fn forget(&self, start: usize, end: usize, mut forget: impl FnMut(SyncId)) {
        let mut at = start & !(GRANULE - 1);
        while at < end {
            let region_end = ((at >> REGION_BITS) + 1) << REGION_BITS;
            let to = end.min(region_end);
            if let Some(words) = self.words(at >> REGION_BITS) {
                forget_in(words, at, to, &mut forget);
            }
            at = to;
        }
    }
}

fn forget_in(words: &[AtomicU64], start: usize, end: usize, forget: &mut impl FnMut(SyncId)) {
    let base = start & !((1 << REGION_BITS) - 1);
    let first = (start - base) / SPAN;
    let last = (end - 1 - base) / SPAN;
    for (number, word) in words.iter().enumerate().take(last + 1).skip(first) {
        if word.load(Ordering::Relaxed) == 0 {
            continue;
        }
        for bit in 0..u64::BITS as usize {
            let address = base + number * SPAN + bit * GRANULE;
            let mask = 1 << bit;
            if address + GRANULE <= start
                || address >= end
                || word.load(Ordering::Relaxed) & mask == 0
            {
                continue;
            }
            word.fetch_and(!mask, Ordering::Relaxed);
            for object in address..address + GRANULE {
                forget(SyncId(object as u64));
            }
        }
    }
}

/// What was released to `object` happens-before what follows.
pub(crate) fn acquire(object: usize, operation: Operation, site: usize) {
    if let Some(inside) = enter() {
        inside.note_acquire(operation, site);
        let engine = &inside.runtime().engine;
        engine.sync(SyncId(object as u64), |var| inside.clock().acquire(var));
    }
}

/// What was done happens-before what follows an acquire of `object`.
pub(crate) fn release(object: usize, operation: Operation, site: usize) {
    if let Some(inside) = enter() {
        inside.note_release(operation, site);
        let runtime = inside.runtime();
        runtime.objects.note(object);
        runtime
            .engine
            .sync(SyncId(object as u64), |var| inside.clock().release(var));
    }
}

/// As [`release`], in addition to what others released there.
pub(crate) fn release_merge(object: usize, operation: Operation, site: usize) {
    if let Some(inside) = enter() {
        inside.note_release(operation, site);
        let runtime = inside.runtime();
        runtime.objects.note(object);
        runtime.engine.sync(SyncId(object as u64), |var| {
            inside.clock().release_merge(var);
        });
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
