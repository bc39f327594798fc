//! Many readers or one writer.

use super::wait_queue::WaitQueue;
use crate::current;
use crate::detect::SyncName;
use crate::waiter::{Holder, WaitReason, Waiter};
use deadheat_detector::context::LockMode;
use deadheat_detector::thread::SyncOp;
use parking_lot::Mutex as PlainMutex;
use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

/// A value that many goroutines may read at a time, or one may write.
///
/// A writer that waits keeps new readers out, as in Go, so a reader that holds the lock must
/// not ask for it again.
///
/// **Happens-before:** a write unlock comes before every later lock of either kind, a read
/// unlock before every later write lock. Readers are not ordered among themselves. A try that
/// fails orders nothing.
pub struct RwMutex<T: ?Sized> {
    state: PlainMutex<State>,
    holder: Holder,
    /// Left by writers.
    written: SyncName,
    /// Left by readers.
    read: SyncName,
    value: UnsafeCell<T>,
}

#[derive(Default)]
struct State {
    readers: usize,
    writer: bool,
    waiting_readers: WaitQueue,
    waiting_writers: WaitQueue,
    /// Writers between their first attempt and their lock.
    writers_coming: usize,
}

// SAFETY: the value is reached by one writer or by readers, on any thread.
unsafe impl<T: ?Sized + Send> Send for RwMutex<T> {}
// SAFETY: as above; readers on several threads share the value.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwMutex<T> {}

impl<T> RwMutex<T> {
    /// An unlocked lock.
    #[must_use]
    pub const fn new(value: T) -> Self {
        let state = State {
            readers: 0,
            writer: false,
            waiting_readers: WaitQueue::new(),
            waiting_writers: WaitQueue::new(),
            writers_coming: 0,
        };
        Self {
            state: PlainMutex::new(state),
            holder: Holder::new(),
            written: SyncName::new(),
            read: SyncName::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> RwMutex<T> {
    /// Locks for reading; blocks the goroutine while a writer holds the lock or waits for it.
    #[track_caller]
    pub fn read(&self) -> RwMutexReadGuard<'_, T> {
        let at = Location::caller();
        current::safepoint();
        loop {
            let wait = {
                let mut state = self.state.lock();
                if state.try_read(&self.holder) {
                    break;
                }
                let wait = current::wait();
                state.waiting_readers.push(wait.waiter());
                wait
            };
            wait.wait(WaitReason::lock("read lock", at, &self.holder));
        }
        self.reading(at)
    }

    /// Locks for reading if no writer holds the lock or waits for it.
    #[track_caller]
    pub fn try_read(&self) -> Option<RwMutexReadGuard<'_, T>> {
        let at = Location::caller();
        current::safepoint();
        let locked = self.state.lock().try_read(&self.holder);
        locked.then(|| self.reading(at))
    }

    /// Locks for writing; blocks the goroutine while anybody holds the lock.
    #[track_caller]
    pub fn write(&self) -> RwMutexWriteGuard<'_, T> {
        let at = Location::caller();
        current::safepoint();
        if !self.try_write_now() {
            self.write_slow(at);
        }
        self.writing(at)
    }

    /// Locks for writing if nobody holds the lock.
    #[track_caller]
    pub fn try_write(&self) -> Option<RwMutexWriteGuard<'_, T>> {
        let at = Location::caller();
        current::safepoint();
        self.try_write_now().then(|| self.writing(at))
    }

    /// The value, which nobody else can use now.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    fn try_write_now(&self) -> bool {
        self.state.lock().try_write(&self.holder)
    }

    fn write_slow(&self, at: &'static Location<'static>) {
        let coming = WriterComing::new(&self.state);
        loop {
            let wait = {
                let mut state = self.state.lock();
                if state.try_write(&self.holder) {
                    break;
                }
                let wait = current::wait();
                state.waiting_writers.push(wait.waiter());
                wait
            };
            wait.wait(WaitReason::lock("write lock", at, &self.holder));
        }
        drop(coming);
    }

    fn reading(&self, at: &'static Location<'static>) -> RwMutexReadGuard<'_, T> {
        self.written.lock("read lock", at, LockMode::Read);
        RwMutexReadGuard {
            lock: self,
            locked_at: at,
            not_send: PhantomData,
        }
    }

    fn writing(&self, at: &'static Location<'static>) -> RwMutexWriteGuard<'_, T> {
        let what = "write lock";
        self.written.acquire(SyncOp { what, at });
        self.read.lock(what, at, LockMode::Write);
        RwMutexWriteGuard {
            lock: self,
            locked_at: at,
            not_send: PhantomData,
        }
    }

    fn unlock(&self, change: impl FnOnce(&mut State)) {
        let woken = {
            let mut state = self.state.lock();
            change(&mut state);
            if !state.writer && state.readers == 0 {
                self.holder.clear();
            }
            state.next()
        };
        woken.into_iter().for_each(Waiter::wake);
        current::safepoint();
    }
}

impl State {
    fn try_read(&mut self, holder: &Holder) -> bool {
        if self.writer || self.writers_coming > 0 {
            return false;
        }
        self.readers += 1;
        if self.readers == 1 {
            holder.set();
        } else {
            holder.add();
        }
        true
    }

    fn try_write(&mut self, holder: &Holder) -> bool {
        if self.writer || self.readers > 0 {
            return false;
        }
        self.writer = true;
        holder.set();
        true
    }

    /// Whom to wake now that the lock is freer: a writer if one waits and nobody is in the way,
    /// else all readers.
    fn next(&mut self) -> Vec<Waiter> {
        if self.writer || self.readers > 0 {
            return Vec::new();
        }
        match self.waiting_writers.pop() {
            Some(writer) => vec![writer],
            None => self.waiting_readers.pop_all(),
        }
    }
}

/// Keeps new readers out while a writer waits. Where the writer gives up (its run is over), or
/// has the lock, the readers that it kept out are looked after.
struct WriterComing<'a>(&'a PlainMutex<State>);

impl<'a> WriterComing<'a> {
    fn new(state: &'a PlainMutex<State>) -> Self {
        state.lock().writers_coming += 1;
        Self(state)
    }
}

impl Drop for WriterComing<'_> {
    fn drop(&mut self) {
        let woken = {
            let mut state = self.0.lock();
            state.writers_coming -= 1;
            state.next()
        };
        woken.into_iter().for_each(Waiter::wake);
    }
}

impl<T: Default> Default for RwMutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized> fmt::Debug for RwMutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RwMutex { .. }")
    }
}

/// The right to read an [`RwMutex`]'s value; dropping it unlocks.
#[must_use = "the lock is released as soon as the guard is dropped"]
pub struct RwMutexReadGuard<'a, T: ?Sized> {
    lock: &'a RwMutex<T>,
    locked_at: &'static Location<'static>,
    not_send: PhantomData<*const ()>,
}

/// The right to write an [`RwMutex`]'s value; dropping it unlocks.
#[must_use = "the lock is released as soon as the guard is dropped"]
pub struct RwMutexWriteGuard<'a, T: ?Sized> {
    lock: &'a RwMutex<T>,
    locked_at: &'static Location<'static>,
    not_send: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives out shared references to the value only.
unsafe impl<T: ?Sized + Sync> Sync for RwMutexReadGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Sync> Sync for RwMutexWriteGuard<'_, T> {}

impl<T: ?Sized> Deref for RwMutexReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock for reading, so nobody writes.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> Deref for RwMutexWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock for writing, so nobody else uses the value.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> DerefMut for RwMutexWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and the guard is borrowed mutably.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized> Drop for RwMutexReadGuard<'_, T> {
    fn drop(&mut self) {
        let (name, what) = (&self.lock.read, "read unlock of the lock taken");
        name.unlock(what, self.locked_at, LockMode::Read);
        self.lock.unlock(|state| state.readers -= 1);
    }
}

impl<T: ?Sized> Drop for RwMutexWriteGuard<'_, T> {
    fn drop(&mut self) {
        let (name, what) = (&self.lock.written, "write unlock of the lock taken");
        name.unlock(what, self.locked_at, LockMode::Write);
        self.lock.unlock(|state| state.writer = false);
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwMutexReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwMutexWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
