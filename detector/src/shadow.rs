//! Shadow memory: the access history of every byte that was accessed, found by address.
//!
//! A table of two levels, indexed by bits of the address, leads to *leaves*: the granules of
//! 256 bytes of memory, under one lock. Tables and leaves come into being when first touched;
//! untouched parts of a table are mapped pages that the operating system never provides. No
//! address-space layout is assumed: 48 bits are table, the rare address beyond is looked up
//! in a map.

use crate::access::ByteRange;
use crate::granule::{BYTES as GRANULE_BYTES, ByteMask, Granule};
use crate::zeroed::Zeroed;
use dashmap::DashMap;
use parking_lot::{Mutex, MutexGuard};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

const LEAF_BITS: u32 = 8;
const TABLE_BITS: u32 = 20;
const LEAF_GRANULES: usize = (1 << LEAF_BITS) / GRANULE_BYTES;
const SLOTS: usize = 1 << TABLE_BITS;

/// The granules of one aligned block of memory.
#[derive(Default)]
struct Leaf {
    granules: Mutex<[Granule; LEAF_GRANULES]>,
}

/// A part of a byte range that lies within one leaf.
#[derive(Clone, Copy)]
struct Piece {
    leaf: usize,
    start: usize,
    end: usize,
}

impl Piece {
    fn of(range: ByteRange) -> impl Iterator<Item = Self> {
        let (mut start, end) = (range.start(), range.end());
        std::iter::from_fn(move || {
            let leaf = start >> LEAF_BITS;
            let stop = end.min((leaf + 1).saturating_mul(1 << LEAF_BITS));
            let piece = Self {
                leaf,
                start,
                end: stop,
            };
            let more = start < stop;
            start = stop;
            more.then_some(piece)
        })
    }

    /// The granules of this piece: index within the leaf, address, bytes touched.
    fn granules(self) -> impl Iterator<Item = (usize, usize, ByteMask)> {
        let first = self.start / GRANULE_BYTES;
        let last = (self.end - 1) / GRANULE_BYTES;
        (first..=last).map(move |granule| {
            let address = granule * GRANULE_BYTES;
            let from = self.start.max(address) - address;
            let to = (self.end - address).min(GRANULE_BYTES);
            (granule % LEAF_GRANULES, address, ByteMask::span(from, to))
        })
    }
}

/// The shadow of an address space.
pub(crate) struct Shadow {
    root: Table<Table<Leaf>>,
    far: DashMap<usize, &'static Leaf>,
}

impl Shadow {
    pub(crate) fn new() -> Self {
        Self {
            root: Table::new(),
            far: DashMap::new(),
        }
    }

    /// Calls `f` with each granule of `range`, in order of address, with the granule's
    /// address and the bytes of it that are in the range.
    ///
    /// Granules of one leaf are visited under one lock; `f` must not call back here.
    pub(crate) fn for_each(
        &self,
        range: ByteRange,
        mut f: impl FnMut(&mut Granule, usize, ByteMask),
    ) {
        for piece in Piece::of(range) {
            let mut granules = self.leaf(piece.leaf);
            for (index, address, mask) in piece.granules() {
                f(&mut granules[index], address, mask);
            }
        }
    }

    /// Whether `f` holds for every granule of `range`; stops at the first where it does not.
    pub(crate) fn all(
        &self,
        range: ByteRange,
        mut f: impl FnMut(&Granule, ByteMask) -> bool,
    ) -> bool {
        Piece::of(range).all(|piece| {
            let granules = self.leaf(piece.leaf);
            piece
                .granules()
                .all(|(index, _, mask)| f(&granules[index], mask))
        })
    }

    /// Forgets all accesses to `range`.
    pub(crate) fn reset(&self, range: ByteRange) {
        for piece in Piece::of(range) {
            if let Some(leaf) = self.existing_leaf(piece.leaf) {
                let mut granules = leaf.granules.lock();
                for (index, _, mask) in piece.granules() {
                    granules[index].reset(mask);
                }
            }
        }
    }

    fn leaf(&self, number: usize) -> MutexGuard<'_, [Granule; LEAF_GRANULES]> {
        let leaf = match self.slots(number) {
            Some((high, low)) => self
                .root
                .get_or_insert(high, Table::new)
                .get_or_insert(low, Leaf::default),
            None => *self
                .far
                .entry(number)
                .or_insert_with(|| Box::leak(Box::default())),
        };
        leaf.granules.lock()
    }

    fn existing_leaf(&self, number: usize) -> Option<&Leaf> {
        match self.slots(number) {
            Some((high, low)) => self.root.get(high)?.get(low),
            None => self.far.get(&number).map(|leaf| *leaf),
        }
    }

    fn slots(&self, leaf: usize) -> Option<(usize, usize)> {
        let (high, low) = (leaf >> TABLE_BITS, leaf & (SLOTS - 1));
        (high < SLOTS).then_some((high, low))
    }
}

impl Drop for Shadow {
    fn drop(&mut self) {
        for entry in &self.far {
            let leaf: *const Leaf = *entry.value();
            // SAFETY: the leaf was leaked from a box by `leaf` above, is in this map once, and
            // `&mut self` shows that nobody borrows it through this shadow any more.
            drop(unsafe { Box::from_raw(leaf.cast_mut()) });
        }
    }
}

/// `SLOTS` pointers to lazily made children, which this table owns.
struct Table<T> {
    slots: Zeroed<AtomicPtr<T>>,
    /// The children, so that dropping a table need not look at every slot.
    made: Mutex<Vec<ptr::NonNull<T>>>,
}

// SAFETY: a table hands out shared references to its children only, from any thread that
// shares it, and drops them where it is dropped: both need `T: Send + Sync`.
unsafe impl<T: Send + Sync> Send for Table<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Table<T> {}

impl<T> Table<T> {
    fn new() -> Self {
        // SAFETY: an `AtomicPtr` of zero bytes is a null pointer.
        let slots = unsafe { Zeroed::new(SLOTS) };
        Self {
            slots,
            made: Mutex::new(Vec::new()),
        }
    }

    fn slot(&self, index: usize) -> &AtomicPtr<T> {
        &self.slots[index]
    }

    fn get(&self, index: usize) -> Option<&T> {
        // SAFETY: a slot is null or holds a child from `get_or_insert`, which lives until this
        // table is dropped; its initialisation happens-before through release and acquire.
        unsafe { self.slot(index).load(Ordering::Acquire).as_ref() }
    }

    fn get_or_insert(&self, index: usize, make: impl FnOnce() -> T) -> &T {
        if let Some(child) = self.get(index) {
            return child;
        }
        let mut made = self.made.lock();
        if let Some(child) = self.get(index) {
            return child;
        }
        let child = ptr::NonNull::from(Box::leak(Box::new(make())));
        made.push(child);
        self.slot(index).store(child.as_ptr(), Ordering::Release);
        // SAFETY: the child was just leaked; this table frees it only when dropped.
        unsafe { child.as_ref() }
    }
}

impl<T> Drop for Table<T> {
    fn drop(&mut self) {
        for child in self.made.get_mut().drain(..) {
            // SAFETY: the child came from a box, is listed once, and `&mut self` shows that
            // nobody borrows it through this table any more.
            drop(unsafe { Box::from_raw(child.as_ptr()) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visited(shadow: &Shadow, start: usize, len: usize) -> Vec<(usize, Vec<(usize, usize)>)> {
        let mut seen = Vec::new();
        shadow.for_each(ByteRange::new(start, len).unwrap(), |_, address, mask| {
            seen.push((address, mask.runs().collect()));
        });
        seen
    }

    #[test]
    fn a_range_is_split_at_granules_and_leaves() {
        let shadow = Shadow::new();
        assert_eq!(
            visited(&shadow, 0x10fd, 14),
            [
                (0x10f8, vec![(5, 8)]),
                (0x1100, vec![(0, 8)]),
                (0x1108, vec![(0, 3)])
            ]
        );
    }

    #[test]
    fn any_address_has_a_shadow() {
        let shadow = Shadow::new();
        assert_eq!(visited(&shadow, 1 << 50, 1), [(1 << 50, vec![(0, 1)])]);
        assert_eq!(
            visited(&shadow, usize::MAX - 1, 9),
            [(usize::MAX - 7, vec![(6, 7)])]
        );
        assert_eq!(visited(&shadow, 0, 1), [(0, vec![(0, 1)])]);
    }
}
