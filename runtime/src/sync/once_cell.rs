//! A value that is made once.

use super::raw::RawLock;
use crate::current;
use crate::detect::SyncName;
use deadheat_detector::thread::SyncOp;
use std::cell::UnsafeCell;
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};

/// A place for a value that is made once, by whoever needs it first.
///
/// [`Once`](super::Once) with a value: what Go writes as a `sync.Once` beside a variable.
///
/// **Happens-before:** the making of the value comes before every return of a call that finds
/// it: [`get`](Self::get), [`get_or_init`](Self::get_or_init), and a [`set`](Self::set) that
/// fails. A `get` that finds nothing orders nothing.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::{go, sync::OnceCell};
///
/// static LIMIT: OnceCell<u32> = OnceCell::new();
/// let other = go(|| *LIMIT.get_or_init(|| 10));
/// assert_eq!(*LIMIT.get_or_init(|| 10), 10);
/// assert_eq!(other.join().unwrap(), 10);
/// assert_eq!(LIMIT.set(20), Err(20));
/// # }).result.unwrap();
/// ```
pub struct OnceCell<T> {
    made: AtomicBool,
    lock: RawLock,
    name: SyncName,
    /// Written under the lock while `made` is false; after that only read.
    value: UnsafeCell<Option<T>>,
}

// SAFETY: a shared cell gives out shared references to the value, and takes one made on another
// thread, which may also be the one to drop it.
unsafe impl<T: Send + Sync> Sync for OnceCell<T> {}

// The value is whole or not there, whatever panicked.
impl<T: RefUnwindSafe + UnwindSafe> RefUnwindSafe for OnceCell<T> {}

impl<T> OnceCell<T> {
    /// An empty cell.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            made: AtomicBool::new(false),
            lock: RawLock::new(),
            name: SyncName::new(),
            value: UnsafeCell::new(None),
        }
    }

    /// The value, if it was made.
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        let at = Location::caller();
        current::safepoint();
        self.found(at)
    }

    /// The value; made by `f` if nobody has made it. Blocks the goroutine while another makes
    /// it. If `f` panics, nothing was made, and the next call tries again.
    ///
    /// A call from within `f` never returns; the run reports the deadlock.
    #[track_caller]
    pub fn get_or_init(&self, f: impl FnOnce() -> T) -> &T {
        self.get_or_init_at(f, Location::caller())
    }

    pub(super) fn get_or_init_at(
        &self,
        f: impl FnOnce() -> T,
        at: &'static Location<'static>,
    ) -> &T {
        current::safepoint();
        if !self.made.load(Ordering::Acquire) {
            let making = Making::new(self, at);
            if !self.made.load(Ordering::Acquire) {
                making.put(f());
            }
        }
        self.found(at).expect("made above, or by another")
    }

    /// Puts `value` in, if there is none.
    ///
    /// # Errors
    ///
    /// The value, where there is one already.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.get_or_init(|| value.take().expect("called once"));
        value.map_or(Ok(()), Err)
    }

    /// The value, if it was made, which nobody else can use now.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut().as_mut()
    }

    /// The value, if it was made.
    #[must_use]
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    fn found(&self, at: &'static Location<'static>) -> Option<&T> {
        if !self.made.load(Ordering::Acquire) {
            return None;
        }
        self.name.acquire(SyncOp {
            what: "OnceCell get",
            at,
        });
        // SAFETY: once it was seen made, by an acquire load, nobody writes the value while the
        // cell is shared.
        unsafe { (*self.value.get()).as_ref() }
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    fn from(value: T) -> Self {
        Self {
            made: AtomicBool::new(true),
            value: UnsafeCell::new(Some(value)),
            ..Self::new()
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnceCell { .. }")
    }
}

/// The right to make a cell's value; dropping it lets others see whether it was made.
struct Making<'a, T> {
    cell: &'a OnceCell<T>,
    at: &'static Location<'static>,
}

impl<'a, T> Making<'a, T> {
    fn new(cell: &'a OnceCell<T>, at: &'static Location<'static>) -> Self {
        cell.lock.lock("OnceCell get", at);
        Self { cell, at }
    }

    /// To be called where nothing was made yet.
    fn put(&self, value: T) {
        let cell = self.cell;
        // SAFETY: this value holds the lock, so nobody else writes; nothing was made, so nobody
        // has a reference.
        unsafe { *cell.value.get() = Some(value) };
        cell.name.release(SyncOp {
            what: "making of the OnceCell's value",
            at: self.at,
        });
        cell.made.store(true, Ordering::Release);
    }
}

impl<T> Drop for Making<'_, T> {
    fn drop(&mut self) {
        // SAFETY: `new` locked it.
        unsafe { self.cell.lock.unlock() };
    }
}
