//! A part of the shadow: the granules of one aligned part of the address space, and which of their pages were touched.
//!
//! One array has it all, so that one pointer leads there: the main halves of all granules, all sides, and then *notes*, a
//! bit for each page of either. The operating system provides it page by page, when they are touched.
//!
//! A page is noted before anything is recorded in it, one of sides as well as one of main halves, so that whoever finds a
//! record finds the page noted. A side whose page is not noted is not looked at.

use crate::granule::Granule;
use crate::notes::Notes;
use crate::pair::{Pair, TwoPairs, Words};
use crate::pool::{ensure, free};
use crate::primitive::{AtomicPtr, Ordering};
use crate::record::BYTES as GRANULE_BYTES;
use crate::source::{PAGE, Source};
use core::marker::PhantomData;
use core::ops::Range;

/// The bits of an address within a region.
pub(crate) const REGION_BITS: u32 = 26;
const GRANULES: usize = 1 << (REGION_BITS - GRANULE_BYTES.ilog2());
/// The granules of a page of main halves, or of sides.
pub(crate) const PAGE_GRANULES: usize = 2 * PAGE / size_of::<TwoPairs>();
/// The pages of main halves; there are as many of sides.
const PAGES: usize = GRANULES / PAGE_GRANULES;
/// The words of notes for each half.
const WORDS: usize = PAGES / 64;
/// So many pages are brought ahead of their use, at most.
const AHEAD: usize = 16;
/// All halves, and the notes.
const LEN: usize = GRANULES + (2 * size_of::<Notes<WORDS>>()).div_ceil(size_of::<TwoPairs>());

/// One of the two parts of a granule.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Half {
    Main,
    Side,
}

impl Half {
    pub(crate) const BOTH: [Self; 2] = [Self::Main, Self::Side];
}

/// The number of the granule of `address` in its region.
#[inline(always)]
pub(crate) fn index_of(address: usize) -> usize {
    (address & ((1 << REGION_BITS) - 1)) / GRANULE_BYTES
}

/// The page that has the halves of the granule of `address`, among those of its region.
pub(crate) fn page_of(address: usize) -> usize {
    index_of(address) / PAGE_GRANULES
}

/// The numbers of the granules whose halves are in this page.
fn granules_in(page: usize) -> Range<usize> {
    page * PAGE_GRANULES..(page + 1) * PAGE_GRANULES
}

/// The granules and notes of a region that is there.
#[derive(Clone, Copy)]
pub(crate) struct Region<'a> {
    start: *const TwoPairs,
    pairs: PhantomData<&'a TwoPairs>,
}

impl<'a> Region<'a> {
    /// The region that `place` leads to; `None` where it is not made yet.
    #[inline(always)]
    pub(crate) fn at(place: &'a AtomicPtr<TwoPairs>) -> Option<Self> {
        let start = place.load(Ordering::Acquire).cast_const();
        (!start.is_null()).then_some(Self {
            start,
            pairs: PhantomData,
        })
    }

    /// Makes sure that `place` leads to a region; whether this call made it, `None` where there is no memory.
    pub(crate) fn make(place: &AtomicPtr<TwoPairs>, source: &Source) -> Option<bool> {
        ensure(place, LEN, source)
    }

    /// Frees the region that `place` leads to, if any.
    ///
    /// # Safety
    ///
    /// It was made with this source, and is not used any more.
    pub(crate) unsafe fn free(place: &AtomicPtr<TwoPairs>, source: &Source) {
        // SAFETY: as the caller says.
        unsafe { free(place, LEN, source) };
    }

    /// The granule of this number.
    #[inline(always)]
    pub(crate) fn granule(self, index: usize) -> Granule<'a> {
        Granule::at(self, index % GRANULES)
    }

    /// The granules with these numbers, as far as there are so many.
    #[inline(always)]
    pub(crate) fn granules(self, indices: Range<usize>) -> impl Iterator<Item = Granule<'a>> {
        let indices = indices.start..indices.end.min(GRANULES);
        indices.map(move |index| self.granule(index))
    }

    /// The granules whose halves are in this page.
    pub(crate) fn granules_in(self, page: usize) -> impl Iterator<Item = Granule<'a>> {
        self.granules(granules_in(page))
    }

    /// A half of the granule of the number `index`, which is below [`GRANULES`].
    #[inline(always)]
    pub(crate) fn half(self, half: Half, index: usize) -> Pair<'a> {
        self.two(half, index).pair(index)
    }

    /// A half of the granule of the number `index`, which is below [`GRANULES`], and that of its neighbour.
    #[inline(always)]
    pub(crate) fn two(self, half: Half, index: usize) -> &'a TwoPairs {
        debug_assert!(index < GRANULES);
        // SAFETY: the array has so many pairs of each half, one behind the other, and lives as long as this says.
        unsafe { &*self.start.add((GRANULES * half as usize + index) / 2) }
    }

    /// Which pages of this half may have history.
    #[inline(always)]
    pub(crate) fn notes(self, half: Half) -> &'a Notes<WORDS> {
        // SAFETY: behind the pairs of both halves the array has such notes for each, which are zero bytes at first, and
        // are used as these only.
        unsafe {
            let notes = self.start.add(GRANULES).cast::<Notes<WORDS>>();
            &*notes.add(half as usize)
        }
    }

    /// Notes and brings pages of main halves behind this one: as many as are noted in front of it without a gap, up to
    /// [`AHEAD`], and no further than one word of notes has them. How many it has noted.
    ///
    /// Mostly they are about to be used, and a page that is written first comes at once, where others come twice.
    pub(crate) fn touch_ahead(self, page: usize) -> u64 {
        let notes = self.notes(Half::Main);
        let last = (page | 63).min(page + notes.run_before(page).min(AHEAD));
        let news = (page + 1..=last).take_while(|&next| notes.add(next));
        let touched = news.inspect(|&next| {
            // Changes nothing, but is a write; and one that is over at once, for nobody knows what the page is for.
            let first = self.half(Half::Main, next * PAGE_GRANULES);
            first.renew(Words::ZERO, 0);
        });
        touched.count() as u64
    }

    /// Has everybody wait who comes to this page of this half, if it is empty, until it is discarded, or
    /// [unclaimed](Self::unclaim_page).
    pub(crate) fn claim(self, half: Half, page: usize) -> bool {
        let Range { start, end } = granules_in(page);
        let taken = (start..end)
            .step_by(2)
            .find(|&index| !self.two(half, index).claim());
        if let Some(taken) = taken {
            self.unclaim(half, start..taken);
        }
        taken.is_none()
    }

    /// The end of that, for these granules.
    fn unclaim(self, half: Half, granules: Range<usize>) {
        for index in granules.step_by(2) {
            self.two(half, index).unclaim();
        }
    }

    /// The end of that, for a whole page.
    pub(crate) fn unclaim_page(self, half: Half, page: usize) {
        self.unclaim(half, granules_in(page));
    }

    /// Takes the notes of these pages back, and gives the pages to the `source`; how many were noted.
    ///
    /// # Safety
    ///
    /// The region was made with this source.
    pub(crate) unsafe fn discard(self, half: Half, pages: Range<usize>, source: &Source) -> usize {
        let notes = self.notes(half);
        let noted = pages.clone().filter(|&page| notes.remove(page)).count();
        if noted > 0 {
            let first = GRANULES * half as usize + pages.start * PAGE_GRANULES;
            // SAFETY: the pages lie within the array, which came from this source; zero bytes are pairs without
            // history, and pairs are atomics.
            unsafe {
                (source.discard)(
                    self.start.add(first / 2).cast_mut().cast(),
                    pages.len() * PAGE,
                );
            };
        }
        noted
    }

    /// Whether `is` says so of the first word of every granule in this page of this half.
    pub(crate) fn all(self, half: Half, page: usize, is: impl Fn(u64) -> bool) -> bool {
        granules_in(page).all(|index| is(self.half(half, index).low()))
    }
}
