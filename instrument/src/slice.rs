//! Elements of a shared backing array.

use crate::lock::CellLock;
use crate::watch::{Extent, Watch};
use deadheat_runtime::detect::bytes_at;
use deadheat_runtime::detector::access::{AccessKind, ByteRange};
use std::any::type_name;
use std::cell::UnsafeCell;
use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::panic::Location;
use std::sync::Arc;

/// A slice as Go has it: a view of a backing array, which clones and sub-slices share.
///
/// Each element is a location of its own. [`append`](Self::append) writes into the backing
/// array where it has room behind this view, so two appends to clones of one slice race.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_instrument::SharedSlice;
///
/// let all = SharedSlice::new(vec![1, 2, 3, 4]);
/// let tail = all.slice(2..);
/// tail.set(0, 30);
/// assert_eq!(all.to_vec(), [1, 2, 30, 4]);
/// # }).result.unwrap();
/// ```
pub struct SharedSlice<T> {
    backing: Arc<Backing<T>>,
    start: usize,
    len: usize,
    capacity: usize,
}

struct Backing<T> {
    watch: Watch,
    slots: Box<[Slot<T>]>,
}

struct Slot<T> {
    lock: CellLock,
    /// `None` where nothing was appended yet.
    value: UnsafeCell<Option<T>>,
}

// SAFETY: each slot's lock lets one thread at a time at its value.
unsafe impl<T: Send> Sync for Slot<T> {}

impl<T> Slot<T> {
    fn new(value: Option<T>) -> Self {
        Self {
            lock: CellLock::new(),
            value: UnsafeCell::new(value),
        }
    }

    fn address(&self) -> usize {
        self.value.get() as usize
    }

    fn bytes(&self) -> usize {
        size_of::<T>().max(1)
    }

    fn inside<R>(&self, at: &'static Location<'static>, f: impl FnOnce(&mut Option<T>) -> R) -> R {
        // SAFETY: the lock lets nobody else at the value while `f` runs.
        self.lock
            .inside(at, || f(unsafe { &mut *self.value.get() }))
    }
}

impl<T> Backing<T> {
    fn extent(&self) -> Extent {
        Extent {
            cell: "SharedSlice",
            holds: type_name::<T>(),
            start: self.slots.as_ptr() as usize,
            len: size_of_val(&*self.slots),
            stride: Some(size_of::<Slot<T>>()),
        }
    }

    fn access_one(&self, index: usize, kind: AccessKind, at: &'static Location<'static>) {
        let slot = &self.slots[index];
        let bytes = || (self.extent(), bytes_at(slot.address(), slot.bytes()));
        self.watch.access(kind, at, bytes);
    }

    fn access_many(
        &self,
        from: usize,
        to: usize,
        kind: AccessKind,
        at: &'static Location<'static>,
    ) {
        if from < to {
            let (first, last) = (&self.slots[from], &self.slots[to - 1]);
            let start = first.address();
            let bytes = || -> (Extent, ByteRange) {
                (
                    self.extent(),
                    bytes_at(start, last.address() + last.bytes() - start),
                )
            };
            self.watch.access(kind, at, bytes);
        }
    }
}

impl<T> SharedSlice<T> {
    /// A slice of all of `values`, with no room behind them.
    #[must_use]
    #[track_caller]
    pub fn new(values: Vec<T>) -> Self {
        let capacity = values.len();
        Self::build(Watch::new(None), values, capacity)
    }

    /// A slice of all of `values`. Reports name it `name`.
    #[must_use]
    #[track_caller]
    pub fn named(name: &'static str, values: Vec<T>) -> Self {
        let capacity = values.len();
        Self::build(Watch::new(Some(name)), values, capacity)
    }

    /// A slice of all of `values`, with room for `capacity` elements in all.
    #[must_use]
    #[track_caller]
    pub fn with_capacity(values: Vec<T>, capacity: usize) -> Self {
        Self::build(Watch::new(None), values, capacity)
    }

    fn build(watch: Watch, values: Vec<T>, capacity: usize) -> Self {
        let len = values.len();
        let capacity = capacity.max(len);
        let filled = values.into_iter().map(Some);
        let room = std::iter::repeat_with(|| None).take(capacity - len);
        let slots = filled.chain(room).map(Slot::new).collect();
        Self {
            backing: Arc::new(Backing { watch, slots }),
            start: 0,
            len,
            capacity,
        }
    }

    /// The number of elements. Not an access: the view belongs to its holder.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many elements fit without a new backing array.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// A view of some of the elements, with the room behind them. Not an access.
    ///
    /// # Panics
    ///
    /// Where the range does not lie within the slice.
    #[must_use]
    #[track_caller]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        let from = match range.start_bound() {
            Bound::Included(&from) => from,
            Bound::Excluded(&before) => before + 1,
            Bound::Unbounded => 0,
        };
        let to = match range.end_bound() {
            Bound::Included(&last) => last + 1,
            Bound::Excluded(&to) => to,
            Bound::Unbounded => self.len,
        };
        assert!(
            from <= to && to <= self.len,
            "range {from}..{to} is out of a slice of length {}",
            self.len
        );
        Self {
            backing: Arc::clone(&self.backing),
            start: self.start + from,
            len: to - from,
            capacity: self.capacity - from,
        }
    }

    /// A copy of element `index`: a read of it.
    ///
    /// # Panics
    ///
    /// Where there is no such element; the same holds for all that take an index.
    #[must_use]
    #[track_caller]
    pub fn get(&self, index: usize) -> T
    where
        T: Clone,
    {
        self.with(index, T::clone)
    }

    /// Replaces element `index`: a write of it.
    #[track_caller]
    pub fn set(&self, index: usize, value: T) {
        drop(self.replace(index, value));
    }

    /// Replaces element `index` and returns the old one: a write of it.
    #[track_caller]
    pub fn replace(&self, index: usize, value: T) -> T {
        self.with_mut(index, |old| std::mem::replace(old, value))
    }

    /// Changes element `index` in place: a write of it.
    #[track_caller]
    pub fn update(&self, index: usize, f: impl FnOnce(&mut T)) {
        self.with_mut(index, f);
    }

    /// Looks at element `index`: a read of it.
    #[track_caller]
    pub fn with<R>(&self, index: usize, f: impl FnOnce(&T) -> R) -> R {
        let at = Location::caller();
        self.element(index, AccessKind::Read, at, |value| f(value))
    }

    /// Uses element `index`: a write of it.
    #[track_caller]
    pub fn with_mut<R>(&self, index: usize, f: impl FnOnce(&mut T) -> R) -> R {
        let at = Location::caller();
        self.element(index, AccessKind::Write, at, f)
    }

    #[track_caller]
    fn element<R>(
        &self,
        index: usize,
        kind: AccessKind,
        at: &'static Location<'static>,
        f: impl FnOnce(&mut T) -> R,
    ) -> R {
        assert!(
            index < self.len,
            "index {index} is out of a slice of length {}",
            self.len
        );
        let index = self.start + index;
        self.backing.access_one(index, kind, at);
        self.backing.slots[index].inside(at, |value| f(filled(value)))
    }

    /// A copy of all elements: a read of all.
    #[must_use]
    #[track_caller]
    pub fn to_vec(&self) -> Vec<T>
    where
        T: Clone,
    {
        let at = Location::caller();
        let (from, to) = (self.start, self.start + self.len);
        self.backing.access_many(from, to, AccessKind::Read, at);
        let slots = self.backing.slots[from..to].iter();
        slots
            .map(|slot| slot.inside(at, |value| filled(value).clone()))
            .collect()
    }

    /// Copies the elements of `source` over those of this slice, as many as both have: a read
    /// of the ones, a write of the others. Returns how many.
    #[track_caller]
    pub fn copy_from(&self, source: &Self) -> usize
    where
        T: Clone,
    {
        let at = Location::caller();
        let n = self.len.min(source.len);
        let values = source.slice(..n).to_vec();
        self.backing
            .access_many(self.start, self.start + n, AccessKind::Write, at);
        for (slot, value) in self.backing.slots[self.start..].iter().zip(values) {
            drop(slot.inside(at, |old| old.replace(value)));
        }
        n
    }

    /// The slice with `value` behind it, as Go's `append`: written into the backing array where
    /// it has room, which a clone of this slice may be using; else into a new one, with all
    /// elements read and copied.
    #[must_use = "append returns the longer slice; this one keeps its length"]
    #[track_caller]
    pub fn append(&self, value: T) -> Self
    where
        T: Clone,
    {
        let at = Location::caller();
        if self.len < self.capacity {
            let index = self.start + self.len;
            self.backing.access_one(index, AccessKind::Write, at);
            drop(self.backing.slots[index].inside(at, |slot| slot.replace(value)));
            return Self {
                len: self.len + 1,
                ..self.clone()
            };
        }
        let mut values = self.to_vec();
        values.push(value);
        let capacity = (2 * self.len).max(4);
        Self::build(Watch::new(self.backing.watch.name()), values, capacity)
    }
}

/// Slots within a view's length hold a value: they were built with one, or appended.
fn filled<T>(slot: &mut Option<T>) -> &mut T {
    slot.as_mut()
        .expect("a slot within a slice's length is filled")
}

impl<T> Clone for SharedSlice<T> {
    /// Another view of the same elements. Not an access.
    fn clone(&self) -> Self {
        Self {
            backing: Arc::clone(&self.backing),
            start: self.start,
            len: self.len,
            capacity: self.capacity,
        }
    }
}

impl<T> From<Vec<T>> for SharedSlice<T> {
    #[track_caller]
    fn from(values: Vec<T>) -> Self {
        Self::new(values)
    }
}

/// Does not show the elements: looking at them would be an access.
impl<T> fmt::Debug for SharedSlice<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedSlice {{ len: {}, .. }}", self.len)
    }
}
