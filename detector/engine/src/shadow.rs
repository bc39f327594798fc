//! Shadow memory: the access history of every byte that was accessed, found by address.
//!
//! A table, indexed by the upper bits of the address, leads to *regions* ([`crate::region`]): two halves of 16 bytes for each
//! eight of memory, mapped when the first is touched and provided by the operating system page by page. That is two
//! bytes for each byte of touched memory, four where the sides are used, too, plus what is spilled.
//! No address-space layout is assumed: 48 bits are table, the rare region beyond is in a list.
//!
//! # How pages are given back
//!
//! What is freed by the program is reset. Where it fills pages, they are given back with the records that are there: only what
//! leads to a chain is reset before, for the chain's sake. (One that another thread makes at that moment, in memory that is being
//! freed, is never freed itself.) Whoever else is about to record there races with the free.
//!
//! Pages that have become empty otherwise are given back by [`Shadow::sweep`], while others may be recording. There are two bad
//! interleavings: a page is seen to be empty, an access is recorded there, the page is discarded; and an access notes its page, the
//! note is taken back, the access is recorded in a page that is not noted. So what is to be discarded is claimed before
//! ([`TwoPairs::claim`]): it is empty then, and who comes there waits. And a sweep is counted before it claims and when it is
//! over, and whoever records an access looks at the count before and afterwards: where it has changed, or a sweep goes on, the
//! access is recorded again, once that is over. Both sides write, then read, with a full barrier between: at least one sees
//! the other.
//!
//! A sweep writes what it has read, so no freed pages are given back while it cleans a page.

use crate::access::ByteRange;
use crate::array::{Array, Zeroable};
use crate::granule::Granule;
use crate::pair::TwoPairs;
use crate::pool::CROWD;
use crate::primitive::{AtomicPtr, AtomicU32, AtomicU64, Ordering, fence};
use crate::record::{BYTES as GRANULE_BYTES, ByteMask};
use crate::region::{Half, PAGE_GRANULES, REGION_BITS, Region, index_of, page_of};
use crate::source::{PAGE, Source};
use crate::spin::Spin;
use core::ops::Range;

const ADDRESS_BITS: u32 = 48;
const REGIONS: usize = 1 << (ADDRESS_BITS - REGION_BITS);
/// The bytes of memory whose halves of one kind fill a page.
const COVERED: usize = PAGE_GRANULES * GRANULE_BYTES;
/// Freed memory gives pages back where it fills this many: fewer are not worth the call.
const WORTHWHILE: usize = 16;
/// So often a sweep lets those go first who do so.
const GIVING_WAY: u32 = 16;
/// Regions beyond 48 bits.
const FAR: usize = 64;

/// A region beyond the table.
#[derive(Default)]
struct Far {
    region: AtomicPtr<TwoPairs>,
    /// Its number, plus one.
    number: AtomicU64,
}

// SAFETY: zero bytes are a null pointer and the number zero.
unsafe impl Zeroable for Far {}

/// How far a sweep has come.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Position {
    region: usize,
    /// Of the pages that were touched.
    word: usize,
}

/// The shadow of an address space.
pub(crate) struct Shadow {
    near: Array<AtomicPtr<TwoPairs>>,
    far: Array<Far>,
    /// The numbers, plus one, of the regions of `near` that are there.
    made: Array<AtomicU32>,
    made_len: AtomicU32,
    /// Threads that are making a region, which [`Self::made`] may not have yet.
    makers: AtomicU32,
    pages: AtomicU64,
    /// Odd while pages are being given back.
    sweeps: AtomicU32,
    sweep: Spin<()>,
    /// Threads that give freed pages back, or wait for that.
    freeing: AtomicU32,
    source: Source,
}

impl Shadow {
    pub(crate) fn new(source: &Source) -> Option<Self> {
        Some(Self {
            near: Array::new(REGIONS, source)?,
            far: Array::new(FAR, source)?,
            made: Array::new(REGIONS, source)?,
            made_len: AtomicU32::new(0),
            makers: AtomicU32::new(0),
            pages: AtomicU64::new(0),
            sweeps: AtomicU32::new(0),
            sweep: Spin::new((), source),
            freeing: AtomicU32::new(0),
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
        Some(self.region(address)?.granule(index_of(address)))
    }

    /// The granules of sixteen bytes from `address` on, if they are aligned to as much and their region is there.
    #[inline(always)]
    pub(crate) fn two_granules(&self, address: usize) -> Option<[Granule<'_>; 2]> {
        if !address.is_multiple_of(2 * GRANULE_BYTES) {
            return None;
        }
        let (region, first) = (self.region(address)?, index_of(address));
        Some([region.granule(first), region.granule(first + 1)])
    }

    /// The granules from that of `address` on, so many of them or as many as its region has, if that is there.
    #[inline(always)]
    pub(crate) fn granules(
        &self,
        address: usize,
        count: usize,
    ) -> Option<impl Iterator<Item = Granule<'_>>> {
        let first = index_of(address);
        Some(self.region(address)?.granules(first..first + count))
    }

    /// The region of `address`, if it is there and not beyond the table.
    #[inline(always)]
    fn region(&self, address: usize) -> Option<Region<'_>> {
        let number = address >> REGION_BITS;
        if number >= REGIONS {
            return None;
        }
        // SAFETY: `near` was made with so many entries.
        Region::at(unsafe { self.near.get_unchecked(number) })
    }

    /// The granule of `address`; `None` where there is no memory for it.
    pub(crate) fn place(&self, address: usize) -> Option<Granule<'_>> {
        let number = address >> REGION_BITS;
        let place = match self.near.get(number) {
            Some(place) => place,
            None => self.far_place(number)?,
        };
        if Region::at(place).is_none() {
            self.makers.fetch_add(1, Ordering::AcqRel);
            let made = self.make(place, number);
            self.makers.fetch_sub(1, Ordering::AcqRel);
            made?;
        }
        Some(Region::at(place)?.granule(index_of(address)))
    }

    /// Makes the region of this number, and lists it.
    fn make(&self, place: &AtomicPtr<TwoPairs>, number: usize) -> Option<()> {
        let made = Region::make(place, &self.source)?;
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

    /// All regions of the table that are there, and their numbers.
    fn made(&self) -> impl ExactSizeIterator<Item = (usize, Option<Region<'_>>)> {
        let made = &self.made[..self.made_len.load(Ordering::Relaxed) as usize];
        made.iter().map(|number| {
            // Zero where it is just being listed.
            let number = (number.load(Ordering::Acquire) as usize).wrapping_sub(1);
            (number, self.near.get(number).and_then(Region::at))
        })
    }

    /// All regions that are there.
    fn regions(&self) -> impl Iterator<Item = Option<Region<'_>>> {
        let far = self.far.iter().map(|far| Region::at(&far.region));
        self.made().map(|(_, region)| region).chain(far)
    }

    /// Where the region of this number beyond the table is, or is to be.
    fn far_place(&self, number: usize) -> Option<&AtomicPtr<TwoPairs>> {
        let number = number as u64 + 1;
        let mut places = self.far.iter();
        let far = places.find(|far| {
            let place = &far.number;
            let placed = place.compare_exchange(0, number, Ordering::AcqRel, Ordering::Acquire);
            placed.is_ok() || placed == Err(number)
        });
        Some(&far?.region)
    }

    /// How many sweeps have begun and ended so far.
    #[inline]
    pub(crate) fn sweeps(&self) -> u32 {
        self.sweeps.load(Ordering::Acquire)
    }

    /// An access is to be recorded in `granule`, perhaps `beside`, in its side. What this returns is for
    /// [`Self::has_recorded`].
    pub(crate) fn begin_recording(&self, granule: Granule<'_>, beside: bool) -> u32 {
        let sweeps = self.sweeps();
        self.touch(granule, Half::Main);
        if beside {
            self.touch(granule, Half::Side);
        }
        sweeps
    }

    /// Notes that the page of this half of the granule is touched.
    #[inline]
    pub(crate) fn touch(&self, granule: Granule<'_>, half: Half) {
        if granule.take_note(half) {
            self.has_touched(granule, half);
        }
    }

    #[cold]
    fn has_touched(&self, granule: Granule<'_>, half: Half) {
        let ahead = match half {
            Half::Main => granule.touch_ahead(),
            Half::Side => 0,
        };
        self.pages.fetch_add(1 + ahead, Ordering::Relaxed);
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

    /// Returns when the pages have been given back that are just being.
    #[cold]
    fn wait_for_sweep(&self) {
        let now = self.sweeps();
        while now % 2 == 1 && self.sweeps() == now {
            (self.source.relax)();
        }
    }

    /// Lets those go first who give freed pages back: they need the same lock.
    fn give_way_to_free(&self) {
        for _ in 0..GIVING_WAY {
            if self.freeing.load(Ordering::Relaxed) == 0 {
                return;
            }
            (self.source.relax)();
        }
    }

    /// Forgets the history of `range`: calls `reset` with each granule that may have one, whether its side may have any, and the
    /// bytes of it that are in the range. Many pages that are wholly in it are given back, and of those it calls `reset` for
    /// chains only.
    pub(crate) fn reset(
        &self,
        range: ByteRange,
        mut reset: impl FnMut(Granule<'_>, bool, ByteMask),
    ) {
        let mut reset_part = |region: Option<Region<'_>>, number: usize| {
            let Some(region) = region else { return };
            let start = range.start().max(number << REGION_BITS);
            let end = range.end().min(next_region(number << REGION_BITS));
            if start < end {
                self.reset_in(region, start, end, &mut reset);
            }
        };
        let numbers = range.start() >> REGION_BITS..((range.end() - 1) >> REGION_BITS) + 1;
        if numbers.len() < self.made().len() {
            for number in numbers.start..numbers.end.min(REGIONS) {
                reset_part(Region::at(&self.near[number]), number);
            }
        } else {
            self.made()
                .for_each(|(number, region)| reset_part(region, number));
        }
        if numbers.end <= REGIONS {
            return;
        }
        for far in self.far.iter() {
            let number = far.number.load(Ordering::Acquire) as usize;
            if let Some(number) = number.checked_sub(1) {
                reset_part(Region::at(&far.region), number);
            }
        }
    }

    fn reset_in(
        &self,
        region: Region<'_>,
        start: usize,
        end: usize,
        reset: &mut impl FnMut(Granule<'_>, bool, ByteMask),
    ) {
        let (first, last) = (start.div_ceil(COVERED), end / COVERED);
        if last < first + WORTHWHILE {
            return self.reset_each(region, start, end, reset);
        }
        let (from, to) = (first * COVERED, last * COVERED);
        self.reset_each(region, start, from, reset);
        self.reset_pages(region, from, to, reset);
        self.reset_each(region, to, end, reset);
    }

    /// Whole pages: single records go with the page that they are in, and only what leads to more is reset before.
    fn reset_pages(
        &self,
        region: Region<'_>,
        start: usize,
        end: usize,
        reset: &mut impl FnMut(Granule<'_>, bool, ByteMask),
    ) {
        self.reset_each(region, start, end, &mut |granule, beside, mask| {
            if granule.main().low() & CROWD != 0 {
                reset(granule, beside, mask);
            }
        });
        let page = page_of(start);
        let pages = page..page + (end - start) / COVERED;
        if !self.give_back_freed(region, pages) {
            self.reset_each(region, start, end, reset);
        }
    }

    /// Calls `reset` with each granule from `start` up to `end` that may have a history.
    fn reset_each(
        &self,
        region: Region<'_>,
        start: usize,
        end: usize,
        reset: &mut impl FnMut(Granule<'_>, bool, ByteMask),
    ) {
        let mut from = start;
        while from < end {
            let to = end.min((from & !(COVERED - 1)).saturating_add(COVERED));
            let page = page_of(from);
            let beside = region.notes(Half::Side).has(page);
            // As in a sweep, a side may be noted alone.
            if beside || region.notes(Half::Main).has(page) {
                for (address, mask) in granules_of(from, to) {
                    reset(region.granule(index_of(address)), beside, mask);
                }
            }
            from = to;
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
            let Some(region) = region else {
                from.region += 1;
                continue;
            };
            let words = region.notes(Half::Main).words().iter();
            let words = words.zip(region.notes(Half::Side).words());
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
                    let beside = region.notes(Half::Side).has(page);
                    if !beside && !region.notes(Half::Main).has(page) {
                        continue;
                    }
                    looked_at += 1;
                    self.give_way_to_free();
                    // What is freed meanwhile is not given back: whoever cleans may be about to write there.
                    let _sweep = self.sweep.lock();
                    let granules = region.granules_in(page);
                    if granules.filter(|granule| !clean(*granule, beside)).count() == 0 {
                        self.give_back_empty(region, page);
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

    /// Gives freed `pages` back, both halves, if nothing in them leads to a chain; whether it did, or there was nothing. Looks at
    /// pages that were touched only: to read another one would bring it.
    fn give_back_freed(&self, region: Region<'_>, pages: Range<usize>) -> bool {
        let noted = |half| {
            let pages = pages.clone();
            pages.filter(move |&page| region.notes(half).has(page))
        };
        if Half::BOTH.iter().all(|&half| noted(half).next().is_none()) {
            return true;
        }
        self.freeing.fetch_add(1, Ordering::Relaxed);
        let sweep = self.sweep.lock();
        let is_done = self.counted(|| {
            let may_go = Half::BOTH.iter().all(|&half| {
                noted(half).all(|page| region.all(half, page, |low| low & CROWD == 0))
            });
            if may_go {
                for half in Half::BOTH {
                    self.discard(region, half, pages.clone());
                }
            }
            may_go
        });
        drop(sweep);
        self.freeing.fetch_sub(1, Ordering::Relaxed);
        is_done
    }

    /// Gives a page back, the halves that were touched, if it is empty. Nobody else does so meanwhile: the caller has the lock.
    fn give_back_empty(&self, region: Region<'_>, page: usize) {
        self.counted(|| {
            let noted = Half::BOTH.map(|half| region.notes(half).has(page));
            let [main, side] = noted;
            if main && !region.claim(Half::Main, page) {
                return;
            }
            if side && !region.claim(Half::Side, page) {
                if main {
                    region.unclaim_page(Half::Main, page);
                }
                return;
            }
            let claimed = Half::BOTH.into_iter().zip(noted);
            for (half, _) in claimed.filter(|(_, is_noted)| *is_noted) {
                self.discard(region, half, page..page + 1);
            }
        });
    }

    fn discard(&self, region: Region<'_>, half: Half, pages: Range<usize>) {
        // SAFETY: this shadow makes its regions with its source.
        let given = unsafe { region.discard(half, pages, &self.source) };
        self.pages.fetch_sub(given as u64, Ordering::Relaxed);
    }

    /// What `f` gives, which looks at pages and gives them back: for those who record there, it is counted before and afterwards.
    fn counted<R>(&self, f: impl FnOnce() -> R) -> R {
        self.sweeps.fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        let result = f();
        self.sweeps.fetch_add(1, Ordering::Release);
        result
    }
}

fn next_region(address: usize) -> usize {
    let bytes = 1 << REGION_BITS;
    (address & !(bytes - 1)).saturating_add(bytes)
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
        let made = self.made().filter_map(|(number, _)| self.near.get(number));
        for place in made.chain(self.far.iter().map(|far| &far.region)) {
            // SAFETY: it was made with this source.
            unsafe { Region::free(place, &self.source) };
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::pair::Words;
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
            let granule = shadow.place(address).unwrap().main();
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
            assert_eq!(shadow.place(address).unwrap().main().low(), i as u64 + 1);
        }
    }

    #[test]
    fn pages_are_counted_and_given_back() {
        let shadow = shadow();
        let each = 2 * PAGE_GRANULES * GRANULE_BYTES;
        // Every second page, so that none is touched ahead.
        let record = |page: usize| {
            let place = shadow.place(0x4000_0000 + page * each).unwrap();
            let sweeps = shadow.begin_recording(place, false);
            let new = Words { low: 1, high: 0 };
            place.main().replace(Words::ZERO, new);
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
    fn pages_are_touched_ahead_where_they_are_used_in_their_order() {
        let shadow = shadow();
        let each = PAGE_GRANULES * GRANULE_BYTES;
        let touched = |page: usize| {
            let granule = shadow.place(0x4000_0000 + page * each).unwrap();
            shadow.touch(granule, Half::Main);
            shadow.bytes() / PAGE as u64
        };
        assert_eq!([0, 2, 4].map(touched), [1, 2, 3], "there is a gap");
        assert_eq!([10, 11, 12].map(touched), [4, 6, 6], "as many as before");
        assert_eq!(touched(13), 10);
        assert_eq!(touched(62), 11);
        assert_eq!(touched(63), 12, "no further than notes of one word");
        sweep_all(&shadow, |_, _| true);
        assert_eq!(shadow.bytes(), 0);
    }

    #[test]
    fn a_page_with_a_read_beside_main_is_kept() {
        let shadow = shadow();
        let place = shadow.place(0x4000_0000).unwrap();
        let sweeps = shadow.begin_recording(place, true);
        let read = Words { low: 1, high: 0 };
        assert!(place.side().replace(Words::ZERO, read));
        assert!(shadow.has_recorded(sweeps));
        // Whoever cleaned it did not see the read.
        sweep_all(&shadow, |_, _| true);
        assert_eq!(place.side().low(), 1);
        assert_eq!(shadow.bytes(), 2 * PAGE as u64);
    }

    #[test]
    fn a_side_that_is_noted_alone_is_reset_and_swept() {
        let shadow = shadow();
        shadow.touch(shadow.place(0x4000_0000).unwrap(), Half::Side);
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

    #[test]
    fn a_page_that_is_not_empty_any_more_is_not_given_back() {
        let shadow = shadow();
        let place = |number| shadow.place(0x4000_0000 + GRANULE_BYTES * number).unwrap();
        let (first, last) = (place(0), place(PAGE_GRANULES - 1));
        let some = Words { low: 1, high: 0 };
        for half in Half::BOTH {
            shadow.touch(first, half);
        }
        for late in [first.main(), last.main(), first.side(), last.side()] {
            sweep_all(&shadow, |granule, _| {
                // The page was seen to be empty up to here.
                let is_last = granule.main().place() == last.main().place();
                assert!(!is_last || late.replace(Words::ZERO, some));
                true
            });
            assert_eq!(late.load(), some);
            assert!(late.replace(some, Words::ZERO));
            assert_eq!(shadow.bytes(), 2 * PAGE as u64);
        }
        assert!(first.main().replace(Words::ZERO, some), "nobody waits");
        assert!(first.main().replace(some, Words::ZERO));
        sweep_all(&shadow, |_, _| true);
        assert_eq!(shadow.bytes(), 0);
        assert!(last.side().replace(Words::ZERO, some), "nor now");
    }

    /// What another thread records while a page is being discarded.
    mod overtaken {
        use super::*;
        use crate::primitive::AtomicPtr;

        static MAIN: AtomicPtr<TwoPairs> = AtomicPtr::new(core::ptr::null_mut());
        static HAS_RECORDED: AtomicU32 = AtomicU32::new(2);

        unsafe extern "C" fn discard(start: *mut u8, bytes: usize) {
            // SAFETY: the test keeps the granule alive while this is not null.
            if let Some(main) = unsafe { MAIN.load(Ordering::Relaxed).as_ref() } {
                let new = Words { low: 2, high: 0 };
                let has_recorded = main.pair(0).replace(Words::ZERO, new);
                HAS_RECORDED.store(has_recorded.into(), Ordering::Relaxed);
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
            let some = Words { low: 1, high: 0 };
            let sweeps = shadow.begin_recording(place, false);
            assert!(place.main().replace(Words::ZERO, some));
            assert!(shadow.has_recorded(sweeps));
            let sweeps = shadow.begin_recording(place, false);
            let main = core::ptr::from_ref(place.with_neighbour()).cast_mut();
            MAIN.store(main, Ordering::Relaxed);
            sweep_all(&shadow, |granule, _| {
                granule.main().replace(granule.main().load(), Words::ZERO)
            });
            let has_recorded = HAS_RECORDED.load(Ordering::Relaxed);
            assert_eq!(has_recorded, cfg!(not(target_arch = "x86_64")).into());
            assert!(place.main().replace(Words::ZERO, some), "nobody waits");
            assert_eq!(shadow.bytes(), 0, "its page is not noted any more");
            assert!(!shadow.has_recorded(sweeps), "and nobody is told");
        }
    }
}
