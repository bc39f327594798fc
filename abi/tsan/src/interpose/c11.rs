//! Threads and locks under their names in C11.
//!
//! Threads are those of `pthread_create`: a number that a thread returns fits into a pointer.

use super::locks::once;
use super::objects::{acquire, release};
use super::threads::{create, join, pthread_detach};
use super::with_site;
use crate::interpose::real::real;
use crate::thread::Operation;
use libc::{pthread_t, timespec};
use std::ffi::{c_int, c_void};
use std::ptr::{null, null_mut, without_provenance_mut};

const SUCCESS: c_int = 0;
const ERROR: c_int = 2;
const NO_MEMORY: c_int = 3;

type Lock = *mut c_void;
type Routine = unsafe extern "C" fn(*mut c_void) -> c_int;

struct Start {
    routine: Routine,
    argument: *mut c_void,
}

unsafe extern "C" fn run(start: *mut c_void) -> *mut c_void {
    // SAFETY: `thrd_create` passes a start, which is this thread's.
    let start = unsafe { Box::from_raw(start.cast::<Start>()) };
    let Start { routine, argument } = *start;
    // SAFETY: as whoever started the thread says.
    without_provenance_mut(unsafe { routine(argument) } as usize)
}

with_site! {
    #[unsafe(no_mangle)]
    fn thrd_create["rcx"](thread: *mut pthread_t, routine: Routine, argument: *mut c_void; site)
        -> c_int {
        let start = Box::into_raw(Box::new(Start { routine, argument }));
        // SAFETY: as the caller says; `run` takes the start.
        let result = unsafe { create(thread, null(), run, start.cast(), site) };
        if result == 0 {
            return SUCCESS;
        }
        // SAFETY: no thread has it.
        drop(unsafe { Box::from_raw(start) });
        if result == libc::ENOMEM { NO_MEMORY } else { ERROR }
    }

    #[unsafe(no_mangle)]
    fn thrd_join["rdx"](thread: pthread_t, value: *mut c_int; site) -> c_int {
        let mut result = null_mut();
        // SAFETY: as the caller says.
        if unsafe { join(thread, &raw mut result, site) } != 0 {
            return ERROR;
        }
        if !value.is_null() {
            // SAFETY: the caller's to write.
            unsafe { *value = result.addr() as c_int };
        }
        SUCCESS
    }

    #[unsafe(no_mangle)]
    fn mtx_lock["rsi"](lock: Lock; site) -> c_int {
        // SAFETY: as the caller says.
        let result = unsafe { real!(mtx_lock: fn(Lock) -> c_int)(lock) };
        if result == SUCCESS {
            acquire(lock.addr(), Operation::MutexLock, site);
        }
        result
    }

    #[unsafe(no_mangle)]
    fn mtx_trylock["rsi"](lock: Lock; site) -> c_int {
        // SAFETY: as the caller says.
        let result = unsafe { real!(mtx_trylock: fn(Lock) -> c_int)(lock) };
        if result == SUCCESS {
            acquire(lock.addr(), Operation::MutexLock, site);
        }
        result
    }

    #[unsafe(no_mangle)]
    fn mtx_timedlock["rdx"](lock: Lock, until: *const timespec; site) -> c_int {
        // SAFETY: as the caller says.
        let result = unsafe {
            real!(mtx_timedlock: fn(Lock, *const timespec) -> c_int)(lock, until)
        };
        if result == SUCCESS {
            acquire(lock.addr(), Operation::MutexLock, site);
        }
        result
    }

    #[unsafe(no_mangle)]
    fn mtx_unlock["rsi"](lock: Lock; site) -> c_int {
        release(lock.addr(), Operation::MutexUnlock, site);
        // SAFETY: as the caller says.
        unsafe { real!(mtx_unlock: fn(Lock) -> c_int)(lock) }
    }

    #[unsafe(no_mangle)]
    fn cnd_wait["rdx"](condition: Lock, lock: Lock; site) -> c_int {
        release(lock.addr(), Operation::MutexUnlock, site);
        // SAFETY: as the caller says.
        let result = unsafe { real!(cnd_wait: fn(Lock, Lock) -> c_int)(condition, lock) };
        acquire(lock.addr(), Operation::CondWait, site);
        result
    }

    #[unsafe(no_mangle)]
    fn cnd_timedwait["rcx"](condition: Lock, lock: Lock, until: *const timespec; site) -> c_int {
        release(lock.addr(), Operation::MutexUnlock, site);
        // SAFETY: as the caller says.
        let result = unsafe {
            real!(cnd_timedwait: fn(Lock, Lock, *const timespec) -> c_int)(condition, lock, until)
        };
        acquire(lock.addr(), Operation::CondWait, site);
        result
    }

    #[unsafe(no_mangle)]
    fn call_once["rdx"](control: Lock, routine: unsafe extern "C" fn(); site) {
        // SAFETY: as the caller says; a flag is what `pthread_once` takes.
        unsafe { once(control, routine, site) };
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn thrd_detach(thread: pthread_t) -> c_int {
    // SAFETY: as the caller says.
    if unsafe { pthread_detach(thread) } == 0 {
        SUCCESS
    } else {
        ERROR
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn thrd_exit(value: c_int) -> ! {
    // SAFETY: as the caller says.
    unsafe { libc::pthread_exit(without_provenance_mut(value as usize)) }
}
