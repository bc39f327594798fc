//! One shared value.

use crate::lock::CellLock;
use crate::watch::{Extent, Watch};
use deadheat_runtime::any_watched;
use deadheat_runtime::detect::bytes_at;
use deadheat_runtime::detector::access::AccessKind;
use std::any::type_name;
use std::cell::UnsafeCell;
use std::fmt;
use std::panic::Location;

/// A variable that goroutines share without protection of its own, as in Go.
///
/// Every access is told to the detector, as an access to the whole value: copying a struct
/// reads all of it. A race is reported and harms nothing: the cell serialises what happens to
/// the memory.
///
/// A cell is for plain data. An atomic, a lock or a channel is safe to share by itself and goes
/// beside the cell: inside it, looking at the cell would count as a plain read of it.
///
/// While detection is off an access costs no more than one of a `parking_lot::Mutex`; on the
/// controlled scheduler, which may switch at each access, it costs that as well.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_instrument::Shared;
/// use deadheat_runtime::{go, sync::WaitGroup};
/// use std::sync::Arc;
///
/// let hits = Arc::new((Shared::named("hits", 0), WaitGroup::new()));
/// hits.1.add(1);
/// let other = hits.clone();
/// let _ = go(move || {
///     other.0.update(|n| *n += 1); // a race, if the wait below were left out
///     other.1.done();
/// });
/// hits.1.wait();
/// assert_eq!(hits.0.get(), 1);
/// # }).result.unwrap();
/// ```
pub struct Shared<T: ?Sized> {
    watch: Watch,
    lock: CellLock,
    value: UnsafeCell<T>,
}

// SAFETY: the value moves with the cell.
unsafe impl<T: ?Sized + Send> Send for Shared<T> {}
// SAFETY: the lock lets one thread at a time at the value, so it need not be `Sync` itself.
unsafe impl<T: ?Sized + Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// A variable that holds `value`. Reports name it by this place in the source.
    #[must_use]
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self {
            watch: Watch::new(None),
            lock: CellLock::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// A variable that holds `value`. Reports name it `name`.
    #[must_use]
    #[track_caller]
    pub const fn named(name: &'static str, value: T) -> Self {
        Self {
            watch: Watch::new(Some(name)),
            lock: CellLock::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// A copy of the value: a read.
    #[inline]
    #[must_use]
    #[track_caller]
    pub fn get(&self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    /// Replaces the value: a write.
    #[inline]
    #[track_caller]
    pub fn set(&self, value: T) {
        // The old value is dropped outside the lock: its destructor may do anything.
        drop(self.replace(value));
    }

    /// Replaces the value and returns the old one: a write.
    #[inline]
    #[track_caller]
    pub fn replace(&self, value: T) -> T {
        self.with_mut(|old| std::mem::replace(old, value))
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }

    /// The address of the value. What one does with it is not recorded, but for what
    /// [`crate::raw`] is told: that counts as an access to this cell.
    #[must_use]
    pub fn as_ptr(&self) -> *mut T {
        self.watch.claim(|| self.extent());
        self.value.get()
    }
}

impl<T: ?Sized> Shared<T> {
    /// Changes the value in place: a write.
    ///
    /// The change is one step for other users of the cell. To have another goroutine come
    /// between reading and writing, as it may with `x += 1` in Go, use [`get`](Self::get) and
    /// [`set`](Self::set).
    #[inline]
    #[track_caller]
    pub fn update(&self, f: impl FnOnce(&mut T)) {
        self.with_mut(f);
    }

    /// Looks at the value: a read.
    ///
    /// Other users of the cell wait while `f` runs, so `f` should not wait for them.
    ///
    /// # Panics
    ///
    /// Where `f` uses the same cell, under detection or on the controlled scheduler; elsewhere
    /// that blocks for good, as with a mutex.
    #[inline]
    #[track_caller]
    pub fn with<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        // SAFETY: `inside` lets nobody else at the value while `f` runs.
        self.inside(AccessKind::Read, |value| f(unsafe { &*value }))
    }

    /// Uses the value: a write.
    ///
    /// Other users of the cell wait while `f` runs, so `f` should not wait for them.
    ///
    /// # Panics
    ///
    /// Where `f` uses the same cell, under detection or on the controlled scheduler; elsewhere
    /// that blocks for good, as with a mutex.
    #[inline]
    #[track_caller]
    pub fn with_mut<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: `inside` lets nobody else at the value while `f` runs.
        self.inside(AccessKind::Write, |value| f(unsafe { &mut *value }))
    }

    /// The value, which nobody else can use now: not an access.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    #[inline]
    #[track_caller]
    fn inside<R>(&self, kind: AccessKind, f: impl FnOnce(*mut T) -> R) -> R {
        let at = Location::caller();
        if any_watched() {
            return self.inside_watched(kind, at, f);
        }
        self.lock.inside_unwatched(at, || f(self.value.get()))
    }

    #[cold]
    fn inside_watched<R>(
        &self,
        kind: AccessKind,
        at: &'static Location<'static>,
        f: impl FnOnce(*mut T) -> R,
    ) -> R {
        self.watch.access(kind, at, || {
            let extent = self.extent();
            (extent, bytes_at(extent.start, extent.len))
        });
        self.lock.inside(at, || f(self.value.get()))
    }

    fn extent(&self) -> Extent {
        let len = size_of_val(&self.value);
        // A value without bytes has no address of its own; the cell's lock stands for it.
        let start = if len == 0 {
            std::ptr::from_ref(&self.lock) as usize
        } else {
            self.value.get().cast::<u8>() as usize
        };
        Extent {
            cell: "Shared",
            holds: type_name::<T>(),
            start,
            len,
            stride: None,
        }
    }
}

impl<T: Default> Default for Shared<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Shared<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// Does not show the value: looking at it would be an access.
impl<T: ?Sized> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.watch.name() {
            Some(name) => write!(f, "Shared {{ name: {name:?}, .. }}"),
            None => f.write_str("Shared { .. }"),
        }
    }
}
