//! Which pages of a large array were touched.
//!
//! To read a page that was never written has the operating system lend one page of zeros that is everybody's. The first
//! write then takes that back, and from every processor that the program runs on: of all that is ever done for an access
//! this takes longest. So what is mostly empty is asked here first, and a page is written to before it is read.

use crate::primitive::{AtomicU32, AtomicU64, Ordering};

/// A bit for each of 64 * `WORDS` pages: whether anything may be in it.
#[repr(transparent)]
pub(crate) struct Notes<const WORDS: usize>([AtomicU64; WORDS]);

impl<const WORDS: usize> Notes<WORDS> {
    pub(crate) fn new() -> Self {
        Self(core::array::from_fn(|_| AtomicU64::new(0)))
    }

    /// 64 pages each.
    pub(crate) fn words(&self) -> &[AtomicU64; WORDS] {
        &self.0
    }

    /// The word of a page, and its bit. Pages beyond the last share theirs with others.
    #[inline(always)]
    fn note(&self, page: usize) -> (&AtomicU64, u64) {
        (&self.0[page / 64 % WORDS], 1 << (page % 64))
    }

    #[inline(always)]
    pub(crate) fn has(&self, page: usize) -> bool {
        let (word, bit) = self.note(page);
        word.load(Ordering::Relaxed) & bit != 0
    }

    /// Notes a page; whether it was not noted.
    #[inline(always)]
    pub(crate) fn add(&self, page: usize) -> bool {
        let (word, bit) = self.note(page);
        word.load(Ordering::Relaxed) & bit == 0 && word.fetch_or(bit, Ordering::Relaxed) & bit == 0
    }

    /// Writes to a page before it is read: `word` is in it, and is zero where it was never written.
    #[inline]
    pub(crate) fn bring(&self, page: usize, word: &AtomicU32) {
        if !self.has(page) {
            self.bring_new(page, word);
        }
    }

    #[cold]
    fn bring_new(&self, page: usize, word: &AtomicU32) {
        // Changes nothing, but is a write; and nobody reads what is not noted yet.
        let _ = word.compare_exchange(0, 0, Ordering::Relaxed, Ordering::Relaxed);
        self.add(page);
    }

    /// Takes the note of a page back; whether it was noted.
    pub(crate) fn remove(&self, page: usize) -> bool {
        let (word, bit) = self.note(page);
        word.load(Ordering::Relaxed) & bit != 0
            && word.fetch_and(!bit, Ordering::Relaxed) & bit != 0
    }

    /// How many pages in front of this one are noted without a gap, as far as one word has them.
    pub(crate) fn run_before(&self, page: usize) -> usize {
        let (word, _) = self.note(page);
        let in_front = word.load(Ordering::Relaxed) << 1 << (63 - page % 64);
        in_front.leading_ones() as usize
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_noted_once() {
        let notes = Notes::<2>::new();
        for page in [0, 63, 64, 127] {
            assert!(!notes.has(page) && !notes.remove(page));
            assert!(notes.add(page) && !notes.add(page));
            assert!(notes.has(page));
        }
        assert!(notes.remove(64) && !notes.has(64) && notes.has(63));
    }

    #[test]
    fn a_run_ends_at_a_gap_and_at_a_word() {
        let notes = Notes::<2>::new();
        for page in [0, 1, 2, 4, 5, 62, 63, 64] {
            notes.add(page);
        }
        let runs = [0, 1, 2, 3, 4, 5, 6, 63, 64, 65].map(|page| notes.run_before(page));
        assert_eq!(runs, [0, 1, 2, 3, 0, 1, 2, 1, 0, 1]);
    }
}
