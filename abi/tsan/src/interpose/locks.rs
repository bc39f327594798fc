//! Locks and what else orders threads in the C library.
//!
//! An unlock happens-before later locks. A lock for readers and writers has two clocks: readers
//! acquire what writers have released, and release to the other one, which writers acquire. So what
//! two readers do under the lock is not ordered by it. A barrier has one for even rounds and one for
//! odd: whoever comes late out of a round does not know of the next.

use super::objects::{acquire, release, release_merge};
use super::{enter, with_site};
use crate::current;
use crate::interpose::real::real;
use crate::thread::Operation;
use libc::timespec;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::ffi::{c_int, c_uint, c_void};
use std::sync::LazyLock;

type Lock = *mut c_void;

/// The previous owner of a robust mutex died: the lock is taken all the same.
fn is_taken(result: c_int) -> bool {
    result == 0 || result == libc::EOWNERDEAD
}

/// Forgets a lock that is made or destroyed.
fn forget(object: Lock) {
    if let Some(inside) = enter() {
        let engine = &inside.runtime().engine;
        for object in [object.addr(), readers(object)] {
            engine.forget_sync(deadheat_detector::sync::SyncId(object as u64));
        }
    }
}

macro_rules! forgotten {
    ($($name:ident($($argument:ident: $type:ty),*);)*) => {$(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name(object: Lock $(, $argument: $type)*) -> c_int {
            forget(object);
            // SAFETY: as the caller says.
            unsafe { real!($name: fn(Lock $(, $type)*) -> c_int)(object $(, $argument)*) }
        }
    )*};
}

forgotten! {
    pthread_mutex_init(attributes: *const c_void);
    pthread_mutex_destroy();
    pthread_rwlock_init(attributes: *const c_void);
    pthread_rwlock_destroy();
    pthread_spin_init(shared: c_int);
    pthread_spin_destroy();
    sem_destroy();
}

#[unsafe(no_mangle)]
unsafe extern "C" fn sem_init(object: Lock, shared: c_int, value: c_uint) -> c_int {
    forget(object);
    // SAFETY: as the caller says.
    unsafe { real!(sem_init: fn(Lock, c_int, c_uint) -> c_int)(object, shared, value) }
}

/// The clock that readers release to.
fn readers(lock: Lock) -> usize {
    lock.addr() + 1
}

fn read_locked(lock: Lock, site: usize) {
    acquire(lock.addr(), Operation::ReadLock, site);
}

fn write_locked(lock: Lock, site: usize) {
    acquire(lock.addr(), Operation::WriteLock, site);
    acquire(readers(lock), Operation::WriteLock, site);
    if let Some(inside) = enter() {
        // SAFETY: only this thread uses its list, and it is inside.
        unsafe { (*inside.state.write_locks.get()).push(lock.addr()) };
    }
}

/// Before the lock is given back: it may be another's at once.
fn unlocking(lock: Lock, site: usize) {
    let Some(inside) = enter() else { return };
    // SAFETY: only this thread uses its list, and it is inside.
    let held = unsafe { &mut *inside.state.write_locks.get() };
    let writing = held.iter().rposition(|held| *held == lock.addr());
    if let Some(place) = writing {
        held.remove(place);
    }
    drop(inside);
    match writing {
        Some(_) => release(lock.addr(), Operation::WriteUnlock, site),
        None => release_merge(readers(lock), Operation::ReadUnlock, site),
    }
}

/// Functions that take a lock and give a number that says whether they have: `locked` is called then.
macro_rules! locking {
    ($($name:ident[$register:literal]($($argument:ident: $type:ty),*) => $locked:expr;)*) => {
        with_site! {$(
            #[unsafe(no_mangle)]
            fn $name[$register](lock: Lock $(, $argument: $type)*; site) -> c_int {
                // SAFETY: as the caller says.
                let result = unsafe {
                    real!($name: fn(Lock $(, $type)*) -> c_int)(lock $(, $argument)*)
                };
                if is_taken(result) {
                    ($locked)(lock, site);
                }
                result
            }
        )*}
    };
}

/// Functions that give a lock back: `unlocking` is called before.
macro_rules! unlocking {
    ($($name:ident => $unlocking:expr;)*) => {
        with_site! {$(
            #[unsafe(no_mangle)]
            fn $name["rsi"](lock: Lock; site) -> c_int {
                ($unlocking)(lock, site);
                // SAFETY: as the caller says.
                unsafe { real!($name: fn(Lock) -> c_int)(lock) }
            }
        )*}
    };
}

fn locked(lock: Lock, site: usize) {
    acquire(lock.addr(), Operation::MutexLock, site);
}

fn unlock(lock: Lock, site: usize) {
    release(lock.addr(), Operation::MutexUnlock, site);
}

locking! {
    pthread_mutex_lock["rsi"]() => locked;
    pthread_mutex_trylock["rsi"]() => locked;
    pthread_mutex_timedlock["rdx"](until: *const timespec) => locked;
    pthread_mutex_clocklock["rcx"](clock: c_int, until: *const timespec) => locked;
    pthread_spin_lock["rsi"]() => locked;
    pthread_spin_trylock["rsi"]() => locked;
    pthread_rwlock_rdlock["rsi"]() => read_locked;
    pthread_rwlock_tryrdlock["rsi"]() => read_locked;
    pthread_rwlock_timedrdlock["rdx"](until: *const timespec) => read_locked;
    pthread_rwlock_clockrdlock["rcx"](clock: c_int, until: *const timespec) => read_locked;
    pthread_rwlock_wrlock["rsi"]() => write_locked;
    pthread_rwlock_trywrlock["rsi"]() => write_locked;
    pthread_rwlock_timedwrlock["rdx"](until: *const timespec) => write_locked;
    pthread_rwlock_clockwrlock["rcx"](clock: c_int, until: *const timespec) => write_locked;
    sem_wait["rsi"]() => |object: Lock, site| acquire(object.addr(), Operation::SemaphoreWait, site);
    sem_trywait["rsi"]() => |object: Lock, site| acquire(object.addr(), Operation::SemaphoreWait, site);
    sem_timedwait["rdx"](until: *const timespec) =>
        |object: Lock, site| acquire(object.addr(), Operation::SemaphoreWait, site);
    sem_clockwait["rcx"](clock: c_int, until: *const timespec) =>
        |object: Lock, site| acquire(object.addr(), Operation::SemaphoreWait, site);
}

unlocking! {
    pthread_mutex_unlock => unlock;
    pthread_spin_unlock => unlock;
    pthread_rwlock_unlock => unlocking;
    sem_post => |object: Lock, site| release_merge(object.addr(), Operation::SemaphorePost, site);
}

with_site! {
    #[unsafe(no_mangle)]
    fn pthread_cond_wait["rdx"](condition: Lock, lock: Lock; site) -> c_int {
        unlock(lock, site);
        // SAFETY: as the caller says.
        let result = unsafe {
            real!(pthread_cond_wait @ "GLIBC_2.3.2": fn(Lock, Lock) -> c_int)(condition, lock)
        };
        acquire(lock.addr(), Operation::CondWait, site);
        result
    }

    #[unsafe(no_mangle)]
    fn pthread_cond_timedwait["rcx"](condition: Lock, lock: Lock, until: *const timespec; site)
        -> c_int {
        unlock(lock, site);
        // SAFETY: as the caller says.
        let result = unsafe {
            real!(pthread_cond_timedwait @ "GLIBC_2.3.2": fn(Lock, Lock, *const timespec) -> c_int)(
                condition, lock, until)
        };
        acquire(lock.addr(), Operation::CondWait, site);
        result
    }

    #[unsafe(no_mangle)]
    fn pthread_cond_clockwait["r8"](condition: Lock, lock: Lock, clock: c_int,
        until: *const timespec; site) -> c_int {
        unlock(lock, site);
        // SAFETY: as the caller says.
        let result = unsafe {
            real!(pthread_cond_clockwait: fn(Lock, Lock, c_int, *const timespec) -> c_int)(
                condition, lock, clock, until)
        };
        acquire(lock.addr(), Operation::CondWait, site);
        result
    }

    #[unsafe(no_mangle)]
    fn pthread_once["rdx"](control: Lock, routine: unsafe extern "C" fn(); site) -> c_int {
        // SAFETY: as the caller says.
        unsafe { once(control, routine, site) }
    }
}

/// Runs `routine` unless it has run for `control`; its end happens-before every return.
///
/// # Safety
///
/// As for `pthread_once`.
pub(super) unsafe fn once(control: Lock, routine: unsafe extern "C" fn(), site: usize) -> c_int {
    unsafe extern "C" fn run() {
        let state = current::get();
        if let Some((control, routine)) = state.and_then(|state| state.once.take()) {
            // SAFETY: as whoever called `once` says.
            unsafe { routine() };
            release(control, Operation::Once, 0);
        }
    }
    let real = real!(pthread_once: fn(Lock, unsafe extern "C" fn()) -> c_int);
    let Some(state) = current::get() else {
        // SAFETY: as the caller says.
        return unsafe { real(control, routine) };
    };
    state.once.set(Some((control.addr(), routine)));
    // SAFETY: as the caller says; where `run` is called, it is by this thread, and first.
    let result = unsafe { real(control, run) };
    state.once.set(None);
    acquire(control.addr(), Operation::Once, site);
    result
}

/// How many threads a barrier lets through at once, and how many have come in all.
struct Barrier {
    count: u64,
    arrived: u64,
}

static BARRIERS: LazyLock<Mutex<HashMap<usize, Barrier>>> = LazyLock::new(Mutex::default);

#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_barrier_init(
    barrier: Lock,
    attributes: *const c_void,
    count: c_uint,
) -> c_int {
    forget(barrier);
    if let Some(_inside) = enter() {
        let new = Barrier {
            count: u64::from(count.max(1)),
            arrived: 0,
        };
        BARRIERS.lock().insert(barrier.addr(), new);
    }
    let real = real!(pthread_barrier_init: fn(Lock, *const c_void, c_uint) -> c_int);
    // SAFETY: as the caller says.
    unsafe { real(barrier, attributes, count) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_barrier_destroy(barrier: Lock) -> c_int {
    forget(barrier);
    if let Some(_inside) = enter() {
        BARRIERS.lock().remove(&barrier.addr());
    }
    // SAFETY: as the caller says.
    unsafe { real!(pthread_barrier_destroy: fn(Lock) -> c_int)(barrier) }
}

/// The clock of the round that the caller comes to.
fn round(barrier: Lock, site: usize) -> usize {
    let Some(inside) = enter() else {
        return barrier.addr();
    };
    let mut barriers = BARRIERS.lock();
    let (number, is_first) = barriers
        .get_mut(&barrier.addr())
        .map_or((0, false), |known| {
            let before = known.arrived;
            known.arrived += 1;
            (before / known.count, before.is_multiple_of(known.count))
        });
    let object = barrier.addr() + (number % 2) as usize;
    // While the lock is held, so that nobody comes between the first of a round and its release.
    let runtime = inside.runtime();
    runtime.objects.note(object);
    inside.note_release(Operation::Barrier, site);
    runtime
        .engine
        .sync(deadheat_detector::sync::SyncId(object as u64), |var| {
            if is_first {
                inside.clock().release(var);
            } else {
                inside.clock().release_merge(var);
            }
        });
    object
}

with_site! {
    #[unsafe(no_mangle)]
    fn pthread_barrier_wait["rsi"](barrier: Lock; site) -> c_int {
        let object = round(barrier, site);
        // SAFETY: as the caller says.
        let result = unsafe { real!(pthread_barrier_wait: fn(Lock) -> c_int)(barrier) };
        acquire(object, Operation::Barrier, site);
        result
    }
}

// The guards of C++'s local variables: their first byte is what the program itself looks at.
with_site! {
    #[unsafe(no_mangle)]
    fn __cxa_guard_acquire["rsi"](guard: Lock; site) -> c_int {
        // SAFETY: as the caller says.
        let result = unsafe { real!(__cxa_guard_acquire: fn(Lock) -> c_int)(guard) };
        acquire(guard.addr(), Operation::Once, site);
        result
    }

    #[unsafe(no_mangle)]
    fn __cxa_guard_release["rsi"](guard: Lock; site) {
        release(guard.addr(), Operation::Once, site);
        // SAFETY: as the caller says.
        unsafe { real!(__cxa_guard_release: fn(Lock))(guard) };
    }

    #[unsafe(no_mangle)]
    fn __cxa_guard_abort["rsi"](guard: Lock; site) {
        release(guard.addr(), Operation::Once, site);
        // SAFETY: as the caller says.
        unsafe { real!(__cxa_guard_abort: fn(Lock))(guard) };
    }
}
