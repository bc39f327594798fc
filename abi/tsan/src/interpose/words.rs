//! Words that belong to addresses: a table in two steps, of which there is what somebody wrote.

use deadheat_detector::source::Source;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

const ADDRESS_BITS: u32 = 47;
const REGION_BITS: u32 = 26;
const REGION: usize = 1 << REGION_BITS;
const REGIONS: usize = 1 << (ADDRESS_BITS - REGION_BITS);

/// A word for each `SPAN` bytes of the address space, zero at first.
pub(super) struct Words<const SPAN: usize> {
    regions: *const AtomicPtr<AtomicU64>,
    source: Source,
}

// SAFETY: the table is an array of atomics that lives as long as the process.
unsafe impl<const SPAN: usize> Send for Words<SPAN> {}
// SAFETY: as above.
unsafe impl<const SPAN: usize> Sync for Words<SPAN> {}

impl<const SPAN: usize> Words<SPAN> {
    /// The words of a region.
    const COUNT: usize = REGION / SPAN;

    /// `None` where there is no memory for the table.
    pub(super) fn new() -> Option<Self> {
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
        (!start.is_null()).then(|| unsafe { std::slice::from_raw_parts(start, Self::COUNT) })
    }

    #[cold]
    fn make(&self, number: usize) -> Option<&[AtomicU64]> {
        let place = self.region(number)?;
        let bytes = Self::COUNT * size_of::<AtomicU64>();
        let made = (self.source.map)(bytes);
        if made.is_null() {
            return None;
        }
        let order = (Ordering::AcqRel, Ordering::Acquire);
        if place
            .compare_exchange(null_mut(), made.cast(), order.0, order.1)
            .is_err()
        {
            // SAFETY: it was made above, and nobody else knows of it.
            unsafe { (self.source.unmap)(made, bytes) };
        }
        self.words(number)
    }

    /// The word of an address; none where there was never one in this part of the address space.
    #[inline]
    pub(super) fn get(&self, address: usize) -> Option<&AtomicU64> {
        Some(&self.words(address >> REGION_BITS)?[address % REGION / SPAN])
    }

    /// The word of an address; none where there is no memory for it.
    #[inline]
    pub(super) fn get_or_make(&self, address: usize) -> Option<&AtomicU64> {
        let number = address >> REGION_BITS;
        let words = self.words(number).or_else(|| self.make(number))?;
        Some(&words[address % REGION / SPAN])
    }

    /// Calls `each` for the words of the addresses from `start` up to `end`, as far as there are any, with the
    /// first address of each.
    pub(super) fn each(&self, start: usize, end: usize, mut each: impl FnMut(usize, &AtomicU64)) {
        let mut at = start - start % SPAN;
        while at < end {
            let number = at >> REGION_BITS;
            let to = end.min((number + 1) << REGION_BITS);
            if let Some(words) = self.words(number) {
                for address in (at..to).step_by(SPAN) {
                    each(address, &words[address % REGION / SPAN]);
                }
            }
            at = to;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_there_where_they_were_asked_for() {
        let words = Words::<32>::new().unwrap();
        let end = 3 * REGION;
        assert!(words.get(end - 1).is_none());
        words
            .get_or_make(end - 1)
            .unwrap()
            .store(1, Ordering::Relaxed);
        words.get_or_make(end).unwrap().store(2, Ordering::Relaxed);
        assert_eq!(words.get(end - 32).unwrap().load(Ordering::Relaxed), 1);
        assert_eq!(words.get(end + 31).unwrap().load(Ordering::Relaxed), 2);
        assert!(words.get(1 << ADDRESS_BITS).is_none());
        assert!(words.get_or_make(1 << ADDRESS_BITS).is_none());
        let mut seen = Vec::new();
        words.each(end - 33, end + 1, |address, word| {
            seen.push((address, word.load(Ordering::Relaxed)));
        });
        assert_eq!(seen, [(end - 64, 0), (end - 32, 1), (end, 2)]);
    }
}
