//! Shadow memory: the access history of every byte that was accessed, found by address.
//!
//! A table, indexed by the upper bits of the address, leads to *regions*: two halves of 16 bytes for each
//! eight of memory, all main halves in front of all sides, mapped when the first is touched and provided by
//! the operating system page by page. That is two bytes for each byte of touched memory, four where the
//! sides are used, too, plus what is spilled.
//! No address-space layout is assumed: 48 bits are table, the rare region beyond is in a list.
//!
//! # How pages are given back
//!
//! What is freed by the program is reset, and whole pages of it are given back. Pages that have
//! become empty otherwise are given back by [`Shadow::sweep`], while others may be recording. The
//! bad interleaving is: a page is seen to be empty, an access is recorded there, the page is
//! discarded. So a sweep is counted before it looks and when it is over, and whoever records an
//! access looks at the count before and afterwards: where it has changed, or a sweep goes on, the
//! access is recorded again, once that is over. Both sides write, then read, with a full barrier
//! between: at least one sees the other.
//!
//! A page is noted as touched before anything is recorded in it, one of sides as well as one of main halves,
//! so that whoever finds a record finds the page noted. What was not touched is not looked at: that would
//! bring it.

use crate::access::ByteRange;
use crate::array::Array;
use crate::granule::{APART, Granule};
use crate::pool::{ensure, free};
use crate::primitive::{AtomicPtr, AtomicU32, AtomicU64, Ordering, Pair, fence};
use crate::record::{BYTES as GRANULE_BYTES, ByteMask};
use crate::source::{PAGE, Source};
use crate::spin::Spin;
use core::ops::Range;

const ADDRESS_BITS: u32 = 48;
const REGION_BITS: u32 = 26;
const REGIONS: usize = 1 << (ADDRESS_BITS - REGION_BITS);
const REGION_GRANULES: usize = 1 << (REGION_BITS - GRANULE_BYTES.ilog2());
const _: () = assert!(REGION_GRANULES == APART);
/// The granules of a page of main halves, or of sides.
const PAGE_GRANULES: usize = PAGE / size_of::<Pair>();
/// The pages of a region's main halves; there are as many of sides.
const REGION_PAGES: usize = REGION_GRANULES / PAGE_GRANULES;
/// The words that have a bit for each of them.
const REGION_WORDS: usize = REGION_PAGES / 64;
/// Freed memory gives pages back where it fills this many: fewer are not worth the call.
const WORTHWHILE: usize = 16;
/// Regions beyond 48 bits.
const FAR: usize = 64;

/// One of the two parts of a granule.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Half {
    Main,
    Side,
}

/// The granules of one aligned part of the address space.
struct Region {
    /// The main halves, then the sides.
    pairs: AtomicPtr<Pair>,
    /// A bit for each page that was touched and not given back, in the same order.
    touched: AtomicPtr<AtomicU64>,
    /// Beyond the table: the number of the region, plus one.
    number: AtomicU64,
}

// SAFETY: zero bytes are null pointers and the number zero.
unsafe impl crate::array::Zeroable for Region {}

impl Default for Region {
    fn default() -> Self {
        Self {
            pairs: AtomicPtr::new(core::ptr::null_mut()),
            touched: AtomicPtr::new(core::ptr::null_mut()),
            number: AtomicU64::new(0),
        }
    }
}

impl Region {
    /// A bit for each page of this half.
    fn touched(&self, half: Half) -> Option<&[AtomicU64]> {
        let start = self.touched.load(Ordering::Acquire);
        let first = REGION_WORDS * half as usize;
        // SAFETY: the array has so many words for each half, and lives as long as the region.
        let words = || unsafe { core::slice::from_raw_parts(start.add(first), REGION_WORDS) };
        (!start.is_null()).then(words)
    }

    fn is_touched(&self, half: Half, page: usize) -> bool {
        let word = self
            .touched(half)
            .map_or(0, |touched| touched[page / 64].load(Ordering::Relaxed));
        word >> (page % 64) & 1 == 1
    }

    /// The granule of this number.
    fn granule(&self, index: usize) -> Option<Granule<'_>> {
        let start = self.pairs.load(Ordering::Acquire);
        // SAFETY: as the caller of `granule_at` says.
        (!start.is_null() && index < REGION_GRANULES).then(|| unsafe { granule_at(start, index) })
    }
}

/// The granule of this number of those whose pairs begin at `start`.
///
/// # Safety
///
/// `start` leads to a region's pairs, which live as long as the result, and of which so many are main halves.
#[inline(always)]
unsafe fn granule_at<'a>(start: *const Pair, index: usize) -> Granule<'a> {
    // SAFETY: the side lies `APART` pairs behind, which is as many as there are main halves.
    unsafe { Granule::at(start.add(index)) }
}

/// A granule, and where it is.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) granule: Granule<'a>,
    region: &'a Region,
    page: usize,
}

/// How far a sweep has come.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Position {
    region: usize,
    /// Of the pages that were touched.
    word: usize,
}

/// The shadow of an address space.
pub(crate) struct Shadow {
    /// The pairs of each region, for the access path: the regions own them.
    hot: Array<AtomicPtr<Pair>>,
    near: Array<Region>,
    far: Array<Region>,
    /// The numbers, plus one, of the regions of `near` that are there.
    made: Array<AtomicU32>,
    made_len: AtomicU32,
    /// Threads that are making a region, which [`Self::made`] may not have yet.
    makers: AtomicU32,
    pages: AtomicU64,
    /// Odd while pages are being given back.
    sweeps: AtomicU32,
    sweep: Spin<()>,
    source: Source,
}

impl Shadow {
    pub(crate) fn new(source: &Source) -> Option<Self> {
        Some(Self {
            hot: Array::new(REGIONS, source)?,
            near: Array::new(REGIONS, source)?,
            far: Array::new(FAR, source)?,
            made: Array::new(REGIONS, source)?,
            made_len: AtomicU32::new(0),
            makers: AtomicU32::new(0),
            pages: AtomicU64::new(0),
            sweeps: AtomicU32::new(0),
            sweep: Spin::new((), source),
            source: *source,
        })
    }

    /// The bytes of all pages that were touched and not given back.
    pub(crate) fn bytes(&self) -> u64 {
        self.pages.load(Ordering::Relaxed) * PAGE as u64
    }

    /// The granule of `address`, if its region is there.
    #[inline]
    pub(crate) fn granule(&self, address: usize) -> Option<Granule<'_>> {
        let start = self.pairs(address)?;
        // SAFETY: the pairs are this shadow's, and the index is below the number of granules of a region.
        Some(unsafe { granule_at(start, index_in_region(address)) })
    }

    /// The granules from that of `address` on, so many of them or as many as its region has; none where that is not there.
    #[inline]
    pub(crate) fn granules(
        &self,
        address: usize,
        count: usize,
    ) -> impl Iterator<Item = Granule<'_>> {
        let first = index_in_region(address);
        let pairs = self.pairs(address).map(|start| {
            let end = REGION_GRANULES.min(first + count);
            // SAFETY: as above.
            (first..end).map(move |index| unsafe { granule_at(start, index) })
        });
        pairs.into_iter().flatten()
    }

    /// The pairs of the region of `address`, if they are there.
    #[inline(always)]
    fn pairs(&self, address: usize) -> Option<*const Pair> {
        let number = address >> REGION_BITS;
        if number >= REGIONS {
            return None;
        }
        // SAFETY: `hot` was made with so many entries.
        let start = unsafe { self.hot.get_unchecked(number) }.load(Ordering::Acquire);
        (!start.is_null()).then_some(start.cast_const())
    }

    /// The granule of `address`; `None` where there is no memory for it.
    pub(crate) fn place(&self, address: usize) -> Option<Place<'_>> {
        let region = self.region(address)?;
        let index = index_in_region(address);
        Some(Place {
            granule: region.granule(index)?,
            region,
            page: index / PAGE_GRANULES,
        })
    }

    fn region(&self, address: usize) -> Option<&Region> {
        let region = self
            .known_region(address)
            .or_else(|| self.new_far(address))?;
        let number = address >> REGION_BITS;
        if region.pairs.load(Ordering::Acquire).is_null() {
            self.makers.fetch_add(1, Ordering::AcqRel);
            let made = self.make(region, number);
            self.makers.fetch_sub(1, Ordering::AcqRel);
            made?;
        }
        ensure(&region.touched, 2 * REGION_WORDS, &self.source)?;
        if let Some(hot) = self.hot.get(number) {
            let pairs = region.pairs.load(Ordering::Acquire);
            hot.store(pairs, Ordering::Release);
        }
        Some(region)
    }

    /// Makes the pairs of the region of this number, and lists it.
    fn make(&self, region: &Region, number: usize) -> Option<()> {
        let made = ensure(&region.pairs, 2 * REGION_GRANULES, &self.source)?;
        if made && number < REGIONS {
            let place = self.made_len.fetch_add(1, Ordering::Relaxed);
            self.made[place as usize].store(number as u32 + 1, Ordering::Release);
        }
        Some(())
    }

    /// Whether a sweep that begins now finds all that was recorded before.
    pub(crate) fn is_listed(&self) -> bool {
        self.makers.load(Ordering::Acquire) == 0
    }

    fn made(&self) -> &[AtomicU32] {
        &self.made[..self.made_len.load(Ordering::Relaxed) as usize]
    }

    /// All regions that are there.
    fn regions(&self) -> impl Iterator<Item = &Region> {
        let near = self.made().iter().filter_map(|number| {
            let number = number.load(Ordering::Acquire).checked_sub(1)?;
            Some(&self.near[number as usize])
        });
        near.chain(self.far.iter())
    }

    fn known_region(&self, address: usize) -> Option<&Region> {
        let number = address >> REGION_BITS;
        let far = |region: &&Region| region.number.load(Ordering::Acquire) == number as u64 + 1;
        self.near.get(number).or_else(|| self.far.iter().find(far))
    }

    fn new_far(&self, address: usize) -> Option<&Region> {
        let number = (address >> REGION_BITS) as u64 + 1;
        self.far.iter().find(|region| {
            let place = &region.number;
            let placed = place.compare_exchange(0, number, Ordering::AcqRel, Ordering::Acquire);
            placed.is_ok() || placed == Err(number)
        })
    }

    /// How many sweeps have begun and ended so far.
    #[inline]
    pub(crate) fn sweeps(&self) -> u32 {
        self.sweeps.load(Ordering::Acquire)
    }

    /// An access is to be recorded at `place`, perhaps `beside`, in its side. What this returns is for
    /// [`Self::has_recorded`].
    pub(crate) fn begin_recording(&self, place: Place<'_>, beside: bool) -> u32 {
        let sweeps = self.sweeps();
        let halves = [Some(Half::Main), beside.then_some(Half::Side)];
        for half in halves.into_iter().flatten() {
            if let Some(touched) = place.region.touched(half) {
                self.note_touched(&touched[place.page / 64], place.page);
            }
        }
        sweeps
    }

    /// Notes that the page of this half of the granule of `address` is touched; `false` where its region is not
    /// there, or beyond the table.
    #[inline]
    pub(crate) fn touch(&self, address: usize, half: Half) -> bool {
        let number = address >> REGION_BITS;
        if number >= REGIONS {
            return false;
        }
        // SAFETY: `near` was made with so many entries.
        let region = unsafe { self.near.get_unchecked(number) };
        let touched = region.touched.load(Ordering::Acquire);
        if touched.is_null() {
            return false;
        }
        let page = index_in_region(address) / PAGE_GRANULES;
        // SAFETY: the array has a bit for each page of either half of a region, and lives as long.
        let word = unsafe { &*touched.add(REGION_WORDS * half as usize + page / 64) };
        self.note_touched(word, page);
        true
    }

    #[inline]
    fn note_touched(&self, word: &AtomicU64, page: usize) {
        let bit = 1 << (page % 64);
        if word.load(Ordering::Relaxed) & bit == 0
            && word.fetch_or(bit, Ordering::Relaxed) & bit == 0
        {
            self.pages.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether an access was recorded that no sweep has taken away, since there were so many
    /// `sweeps`. Otherwise it has to be recorded again, and no sweep goes on now.
    #[inline]
    pub(crate) fn has_recorded(&self, sweeps: u32) -> bool {
        let undisturbed = self.is_undisturbed_since(sweeps);
        if !undisturbed {
            self.wait_for_sweep();
        }
        undisturbed
    }

    /// The same, for who does not wait for the sweep's end.
    #[inline]
    pub(crate) fn is_undisturbed_since(&self, sweeps: u32) -> bool {
        // The compare-exchange that recorded was a full barrier on x86-64 only.
        if !cfg!(target_arch = "x86_64") {
            fence(Ordering::SeqCst);
        }
        // Where a sweep went on already, `sweeps` was odd, and the even number before is gone.
        self.sweeps.load(Ordering::Relaxed) == sweeps & !1
    }

    /// Returns when no page is being given back.
    #[cold]
    fn wait_for_sweep(&self) {
        drop(self.sweep.lock());
    }

    /// Calls `reset` with each granule of `range` that may have a history, whether its side may have any, and the
    /// bytes of it that are in the range; then gives back the pages that are wholly in it.
    pub(crate) fn reset(
        &self,
        range: ByteRange,
        mut reset: impl FnMut(Granule<'_>, bool, ByteMask),
    ) {
        let mut reset_part = |region: &Region, number: usize| {
            let start = range.start().max(number << REGION_BITS);
            let end = range.end().min(next_region(number << REGION_BITS));
            if start < end {
                self.reset_in(region, start, end, &mut reset);
            }
        };
        let numbers = range.start() >> REGION_BITS..((range.end() - 1) >> REGION_BITS) + 1;
        if numbers.len() < self.made().len() {
            for number in numbers.start..numbers.end.min(REGIONS) {
                reset_part(&self.near[number], number);
            }
        } else {
            for number in self.made() {
                if let Some(number) = number.load(Ordering::Acquire).checked_sub(1) {
                    reset_part(&self.near[number as usize], number as usize);
                }
            }
        }
        for region in self.far.iter() {
            let number = region.number.load(Ordering::Acquire) as usize;
            if let Some(number) = number.checked_sub(1) {
                reset_part(region, number);
            }
        }
    }

    fn reset_in(
        &self,
        region: &Region,
        start: usize,
        end: usize,
        reset: &mut impl FnMut(Granule<'_>, bool, ByteMask),
    ) {
        let covered = PAGE_GRANULES * GRANULE_BYTES;
        let mut from = start;
        while from < end {
            let to = end.min((from & !(covered - 1)).saturating_add(covered));
            let page = index_in_region(from) / PAGE_GRANULES;
            let beside = region.is_touched(Half::Side, page);
            // As in a sweep, a side may be noted alone.
            if beside || region.is_touched(Half::Main, page) {
                for (address, mask) in granules_of(from, to) {
                    if let Some(granule) = region.granule(index_in_region(address)) {
                        reset(granule, beside, mask);
                    }
                }
            }
            from = to;
        }
        let (first, last) = (start.div_ceil(covered), end / covered);
        if last >= first + WORTHWHILE {
            let page = index_in_region(first * covered) / PAGE_GRANULES;
            self.give_back_if_empty(region, page..page + (last - first));
        }
    }

    /// Gives the pages of one half back that have no history.
    fn give_back(&self, region: &Region, half: Half, pages: Range<usize>) {
        let Some(touched) = region.touched(half) else {
            return;
        };
        let mut given = 0;
        for page in pages.clone() {
            let bit = 1 << (page % 64);
            if touched[page / 64].load(Ordering::Relaxed) & bit != 0 {
                given += touched[page / 64].fetch_and(!bit, Ordering::Relaxed) >> (page % 64) & 1;
            }
        }
        if given > 0 {
            let first = REGION_GRANULES * half as usize + pages.start * PAGE_GRANULES;
            let start = region.pairs.load(Ordering::Relaxed).wrapping_add(first);
            // SAFETY: the pages lie within the region's array, which came from this source; zero
            // bytes are pairs without history, and pairs are atomics.
            unsafe { (self.source.discard)(start.cast(), pages.len() * PAGE) };
            self.pages.fetch_sub(given, Ordering::Relaxed);
        }
    }

    /// Calls `clean` with every granule that may have a history, and whether its side may, and gives back the
    /// pages where it says of all that they are empty. Begins at `from`, and stops when `pages` have been looked
    /// at, or a few more: `from` is where to go on then. `false` where that was all.
    ///
    /// What was recorded before it began, it finds, if [`Self::is_listed`] said so then.
    pub(crate) fn sweep(
        &self,
        from: &mut Position,
        pages: usize,
        mut clean: impl FnMut(Granule<'_>, bool) -> bool,
    ) -> bool {
        let mut looked_at = 0;
        for region in self.regions().skip(from.region) {
            let Some(touched) = region.touched(Half::Main) else {
                from.region += 1;
                continue;
            };
            let sides = region.touched(Half::Side).unwrap_or(&[]);
            let words = touched.iter().zip(sides);
            for (number, (main, side)) in words.enumerate().skip(from.word) {
                // A page may be given back between the note of a main half and that of a side.
                if main.load(Ordering::Relaxed) | side.load(Ordering::Relaxed) == 0 {
                    continue;
                }
                if looked_at >= pages {
                    from.word = number;
                    return true;
                }
                let pages = number * 64..(number + 1) * 64;
                for page in pages {
                    let beside = region.is_touched(Half::Side, page);
                    if !beside && !region.is_touched(Half::Main, page) {
                        continue;
                    }
                    looked_at += 1;
                    let granules = granules_in(page).filter_map(|index| region.granule(index));
                    if granules.filter(|granule| !clean(*granule, beside)).count() == 0 {
                        self.give_back_if_empty(region, page..page + 1);
                    }
                }
            }
            *from = Position {
                region: from.region + 1,
                word: 0,
            };
        }
        false
    }

    /// Looks at pages that were touched only: to read another one would bring it.
    fn give_back_if_empty(&self, region: &Region, pages: Range<usize>) {
        let touched = |half| {
            let pages = pages.clone();
            pages.filter(move |&page| region.is_touched(half, page))
        };
        // Nothing is recorded in a side before its page of main halves is noted.
        if touched(Half::Main).next().is_none() {
            return;
        }
        let _sweep = self.sweep.lock();
        self.sweeps.fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        let is_empty = |half: Half, page| {
            let mut granules = granules_in(page).filter_map(|index| region.granule(index));
            granules.all(|granule| match half {
                Half::Main => granule.main().low() == 0,
                Half::Side => granule.side().low() == 0,
            })
        };
        let halves = [Half::Main, Half::Side];
        if halves
            .iter()
            .all(|&half| touched(half).all(|page| is_empty(half, page)))
        {
            halves
                .iter()
                .for_each(|&half| self.give_back(region, half, pages.clone()));
        }
        self.sweeps.fetch_add(1, Ordering::Release);
    }
}

/// The numbers of the granules whose halves are in this page.
fn granules_in(page: usize) -> Range<usize> {
    page * PAGE_GRANULES..(page + 1) * PAGE_GRANULES
}

fn next_region(address: usize) -> usize {
    let bytes = 1 << REGION_BITS;
    (address & !(bytes - 1)).saturating_add(bytes)
}

#[inline]
fn index_in_region(address: usize) -> usize {
    (address & ((1 << REGION_BITS) - 1)) / GRANULE_BYTES
}

/// The granules from `start` up to `end`: the address of each, and the bytes of it.
pub(crate) fn granules_of(start: usize, end: usize) -> impl Iterator<Item = (usize, ByteMask)> {
    let first = start / GRANULE_BYTES;
    let last = (end - 1) / GRANULE_BYTES;
    (first..=last).map(move |granule| {
        let address = granule * GRANULE_BYTES;
        let from = start.max(address) - address;
        let to = (end - address).min(GRANULE_BYTES);
        (address, ByteMask::span(from, to))
    })
}

impl Drop for Shadow {
    fn drop(&mut self) {
        for region in self.regions() {
            // SAFETY: both are made by `ensure` with these lengths and this source.
            unsafe {
                free(&region.pairs, 2 * REGION_GRANULES, &self.source);
                free(&region.touched, 2 * REGION_WORDS, &self.source);
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::primitive::Words;
    use std::vec::Vec;

    fn shadow() -> Shadow {
        Shadow::new(&Source::default()).unwrap()
    }

    #[test]
    fn a_range_is_split_at_granules() {
        let visited: Vec<_> = granules_of(0x10fd, 0x10fd + 14)
            .map(|(address, mask)| (address, mask.runs().collect::<Vec<_>>()))
            .collect();
        let expected = [(0x10f8, (5, 8)), (0x1100, (0, 8)), (0x1108, (0, 3))];
        assert_eq!(
            visited,
            expected.map(|(address, run)| (address, std::vec![run]))
        );
    }

    #[test]
    fn any_address_has_a_shadow_of_its_own() {
        let shadow = shadow();
        let addresses = [
            0,
            8,
            1 << 25,
            1 << 26,
            1 << 40,
            1 << 48,
            1 << 50,
            usize::MAX - 7,
        ];
        for (i, &address) in addresses.iter().enumerate() {
            let granule = shadow.place(address).unwrap().granule.main();
            let new = Words {
                low: i as u64 + 1,
                high: 0,
            };
            assert!(
                granule.replace(Words::ZERO, new),
                "{address:#x} is another's"
            );
        }
        for (i, &address) in addresses.iter().enumerate() {
            assert_eq!(
                shadow.place(address).unwrap().granule.main().low(),
                i as u64 + 1
            );
        }
    }

    #[test]
    fn pages_are_counted_and_given_back() {
        let shadow = shadow();
        let each = PAGE_GRANULES * GRANULE_BYTES;
        let record = |page: usize| {
            let place = shadow.place(0x4000_0000 + page * each).unwrap();
            let sweeps = shadow.begin_recording(place, false);
            let new = Words { low: 1, high: 0 };
            place.granule.main().replace(Words::ZERO, new);
            assert!(shadow.has_recorded(sweeps));
        };
        (0..40).for_each(record);
        (0..40).for_each(record);
        assert_eq!(shadow.bytes(), 40 * PAGE as u64);
        let forget = |granule: Granule<'_>, _, _| {
            granule.main().replace(granule.main().load(), Words::ZERO);
        };
        shadow.reset(ByteRange::new(0x4000_0000 + 1, 20 * each).unwrap(), forget);
        assert_eq!(
            shadow.bytes(),
            21 * PAGE as u64,
            "the first page is touched by another byte"
        );
        sweep_all(&shadow, |granule, _| {
            granule.main().replace(granule.main().load(), Words::ZERO)
        });
        assert_eq!(shadow.bytes(), 0);
        (0..40).for_each(record);
        assert_eq!(shadow.bytes(), 40 * PAGE as u64);
    }

    #[test]
    fn a_page_with_a_read_beside_main_is_kept() {
        let shadow = shadow();
        let place = shadow.place(0x4000_0000).unwrap();
        let sweeps = shadow.begin_recording(place, true);
        let read = Words { low: 1, high: 0 };
        assert!(place.granule.side().replace(Words::ZERO, read));
        assert!(shadow.has_recorded(sweeps));
        // Whoever cleaned it did not see the read.
        sweep_all(&shadow, |_, _| true);
        assert_eq!(place.granule.side().low(), 1);
        assert_eq!(shadow.bytes(), 2 * PAGE as u64);
    }

    #[test]
    fn a_side_that_is_noted_alone_is_reset_and_swept() {
        let shadow = shadow();
        let _ = shadow.place(0x4000_0000).unwrap();
        assert!(shadow.touch(0x4000_0000, Half::Side));
        let bytes = ByteRange::new(0x4000_0000, 8).unwrap();
        let mut sides = 0;
        shadow.reset(bytes, |_, beside, _| sides += usize::from(beside));
        assert_eq!(sides, 1);
        sweep_all(&shadow, |_, beside| {
            sides += usize::from(beside);
            true
        });
        assert_eq!(sides, 1 + PAGE_GRANULES);
    }

    fn sweep_all(shadow: &Shadow, clean: impl FnMut(Granule<'_>, bool) -> bool) {
        assert!(!shadow.sweep(&mut Position::default(), usize::MAX, clean));
    }

    /// What another thread records while a page is being discarded.
    mod overtaken {
        use super::*;
        use crate::primitive::AtomicPtr;

        static MAIN: AtomicPtr<Pair> = AtomicPtr::new(core::ptr::null_mut());

        unsafe extern "C" fn discard(start: *mut u8, bytes: usize) {
            // SAFETY: the test keeps the granule alive while this is not null.
            if let Some(main) = unsafe { MAIN.load(Ordering::Relaxed).as_ref() } {
                assert!(main.replace(Words::ZERO, Words { low: 2, high: 0 }));
            }
            // SAFETY: as the caller promises.
            unsafe { (Source::default().discard)(start, bytes) };
        }

        #[test]
        fn a_record_that_a_whole_sweep_overtakes_is_made_again() {
            let source = Source {
                discard,
                ..Source::default()
            };
            let shadow = Shadow::new(&source).unwrap();
            let place = shadow.place(0x4000_0000).unwrap();
            let sweeps = shadow.begin_recording(place, false);
            place
                .granule
                .main()
                .replace(Words::ZERO, Words { low: 1, high: 0 });
            assert!(shadow.has_recorded(sweeps));
            let sweeps = shadow.begin_recording(place, false);
            let main = core::ptr::from_ref(place.granule.main()).cast_mut();
            MAIN.store(main, Ordering::Relaxed);
            sweep_all(&shadow, |granule, _| {
                granule.main().replace(granule.main().load(), Words::ZERO)
            });
            assert_eq!(place.granule.main().low(), 0, "the record is lost");
            assert!(!shadow.has_recorded(sweeps), "and nobody is told");
        }
    }
}
