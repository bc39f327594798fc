//! Threads are started, joined and detached, and end.
//!
//! A thread ends for the engine when its last key destructor has run: destructors of thread-local
//! variables run before those, and are part of the thread. So the library's own key is set again in
//! each round of destructors but the last.

use super::{enter, objects, with_site};
use crate::alone;
use crate::current;
use crate::interpose::real::real;
use crate::runtime::{self, forget, label};
use crate::thread::{Class, Operation, Place, State};
use deadheat_detector::sync::SyncVar;
use libc::{pthread_attr_t, pthread_key_t, pthread_t, timespec};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The threads that can be joined, by what the program knows them by.
#[derive(Default)]
pub(crate) struct Table {
    threads: Mutex<HashMap<pthread_t, Known>>,
}

struct Known {
    end: Arc<Mutex<SyncVar>>,
    info: Arc<crate::thread::Info>,
    detached: bool,
}

type Routine = unsafe extern "C" fn(*mut c_void) -> *mut c_void;

/// What a new thread is to do.
struct Start {
    routine: Routine,
    argument: *mut c_void,
    state: *const State,
}

unsafe extern "C" {
    fn pthread_attr_getdetachstate(attributes: *const pthread_attr_t, state: *mut c_int) -> c_int;
}

static KEY: AtomicU32 = AtomicU32::new(0);

/// The rounds of key destructors that the C library makes.
const ROUNDS: u32 = 4;

/// Makes the key whose destructor ends threads.
pub(crate) fn prepare() {
    let mut key: pthread_key_t = 0;
    // SAFETY: `at_end` gets the values that the library sets, which are states.
    if unsafe { libc::pthread_key_create(&raw mut key, Some(at_end)) } == 0 {
        KEY.store(key, Ordering::Relaxed);
    }
}

unsafe extern "C" fn at_end(value: *mut c_void) {
    let state = value.cast::<State>().cast_const();
    // SAFETY: the value is the thread's state, which ends here only.
    let rounds = unsafe { &(*state).rounds };
    if rounds.get() > 1 {
        rounds.set(rounds.get() - 1);
        // SAFETY: the key is the library's.
        unsafe { libc::pthread_setspecific(KEY.load(Ordering::Relaxed), value) };
        return;
    }
    // SAFETY: the thread runs it, and no more of the program.
    unsafe { end(state) };
}

/// Ends the thread that runs.
///
/// # Safety
///
/// `state` is the caller's own.
unsafe fn end(state: *const State) {
    // SAFETY: as the caller says.
    let own = unsafe { &*state };
    if let Some(inside) = own.enter() {
        let runtime = inside.runtime();
        inside.note_release(Operation::ThreadEnd, 0);
        inside.clock().release(&mut own.end.lock());
        // SAFETY: the call has no preconditions.
        let me = unsafe { libc::pthread_self() };
        let mut threads = runtime.threads.threads.lock();
        if threads.get(&me).is_some_and(|known| known.detached) {
            threads.remove(&me);
        }
        drop(threads);
        std::mem::forget(inside);
        // Signals find no state from now on.
        // SAFETY: a thread without a state makes no events.
        unsafe { current::set(null_mut()) };
        // SAFETY: nobody runs it any more.
        unsafe { runtime.end(state) };
    }
}

unsafe extern "C" fn run(start: *mut c_void) -> *mut c_void {
    // SAFETY: `create` passes a start, which is this thread's.
    let start = unsafe { Box::from_raw(start.cast::<Start>()) };
    let Start {
        routine,
        argument,
        state,
    } = *start;
    // SAFETY: the state was made for this thread.
    unsafe {
        (*state).rounds.set(ROUNDS);
        current::set(state);
        libc::pthread_setspecific(KEY.load(Ordering::Relaxed), state.cast());
    }
    if let Some(_inside) = enter()
        && let Some((bottom, size)) = stack()
    {
        // What lay on this stack, and in the thread-local variables beside it, is another thread's.
        objects::reset(bottom, size);
    }
    // SAFETY: as whoever started the thread says.
    unsafe { routine(argument) }
}

/// The running thread's stack: where it begins, and its size in bytes.
fn stack() -> Option<(usize, usize)> {
    let mut attributes = MaybeUninit::<pthread_attr_t>::uninit();
    let (mut bottom, mut size) = (null_mut(), 0);
    // SAFETY: attributes are read after the call has made them.
    unsafe {
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return None;
        }
        libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut bottom, &raw mut size);
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
    }
    Some((bottom.addr(), size))
}

/// Starts a thread.
///
/// # Safety
///
/// As for `pthread_create`.
pub(super) unsafe fn create(
    thread: *mut pthread_t,
    attributes: *const pthread_attr_t,
    routine: Routine,
    argument: *mut c_void,
    site: usize,
) -> c_int {
    let real = real!(pthread_create: fn(*mut pthread_t, *const pthread_attr_t, Routine, *mut c_void) -> c_int);
    let Some(inside) = enter() else {
        // SAFETY: as the caller says.
        return unsafe { real(thread, attributes, routine, argument) };
    };
    alone::expect_another();
    let runtime = inside.runtime();
    runtime.housekeeping.on_fork(&runtime.engine, forget);
    inside.note_release(Operation::ThreadStart, site);
    let created_at = inside
        .state
        .node_at(runtime, Place::new(site, 0, Class::Ordinary));
    let info = runtime.register(Some(inside.state.info.number), created_at);
    let label = label(&info);
    let Some(clock) = runtime.engine.fork(inside.clock(), label) else {
        forget(label);
        alone::lose_another();
        return libc::EAGAIN;
    };
    let state = runtime.adopt(clock, Arc::clone(&info));
    let start = Box::into_raw(Box::new(Start {
        routine,
        argument,
        state,
    }));
    let mut detach_state = 0;
    if !attributes.is_null() {
        // SAFETY: the caller's attributes.
        unsafe { pthread_attr_getdetachstate(attributes, &raw mut detach_state) };
    }
    // SAFETY: a state lives until its thread ends, which has not begun.
    let end = unsafe { Arc::clone(&(*state).end) };
    // Whoever wants to join the thread waits for this lock.
    let mut threads = runtime.threads.threads.lock();
    // SAFETY: `run` takes the start; otherwise as the caller says.
    let result = unsafe { real(thread, attributes, run, start.cast()) };
    if result != 0 {
        drop(threads);
        // SAFETY: no thread was started that could use them.
        unsafe {
            drop(Box::from_raw(start));
            runtime.end(state);
        }
        alone::lose_another();
        return result;
    }
    let known = Known {
        end,
        info,
        detached: detach_state == libc::PTHREAD_CREATE_DETACHED,
    };
    // SAFETY: the call has written it; only the thread itself could have changed it since.
    threads.insert(unsafe { *thread }, known);
    result
}

/// What a join of `thread` acquires.
fn end_of(thread: pthread_t) -> Option<Arc<Mutex<SyncVar>>> {
    let inside = enter()?;
    let threads = inside.runtime().threads.threads.lock();
    threads.get(&thread).map(|known| Arc::clone(&known.end))
}

/// The thread was joined.
fn joined(thread: pthread_t, end: Option<Arc<Mutex<SyncVar>>>, site: usize) {
    if let Some(end) = end
        && let Some(inside) = enter()
    {
        let mut threads = inside.runtime().threads.threads.lock();
        let is_first = threads
            .get(&thread)
            .is_some_and(|known| Arc::ptr_eq(&known.end, &end));
        if is_first {
            threads.remove(&thread);
        }
        drop(threads);
        inside.note_acquire(Operation::ThreadJoin, site);
        inside.clock().acquire(&end.lock());
        if is_first {
            alone::lose_another();
        }
    }
}

with_site! {
    #[unsafe(no_mangle)]
    fn pthread_create["r8"](thread: *mut pthread_t, attributes: *const pthread_attr_t,
        routine: Routine, argument: *mut c_void; site) -> c_int {
        // SAFETY: as the caller says.
        unsafe { create(thread, attributes, routine, argument, site) }
    }

    #[unsafe(no_mangle)]
    fn pthread_join["rdx"](thread: pthread_t, value: *mut *mut c_void; site) -> c_int {
        // SAFETY: as the caller says.
        unsafe { join(thread, value, site) }
    }

    #[unsafe(no_mangle)]
    fn pthread_tryjoin_np["rdx"](thread: pthread_t, value: *mut *mut c_void; site) -> c_int {
        let end = end_of(thread);
        // SAFETY: as the caller says.
        let result = unsafe {
            real!(pthread_tryjoin_np: fn(pthread_t, *mut *mut c_void) -> c_int)(thread, value)
        };
        if result == 0 {
            joined(thread, end, site);
        }
        result
    }

    #[unsafe(no_mangle)]
    fn pthread_timedjoin_np["rcx"](thread: pthread_t, value: *mut *mut c_void,
        until: *const timespec; site) -> c_int {
        let end = end_of(thread);
        // SAFETY: as the caller says.
        let result = unsafe {
            real!(pthread_timedjoin_np: fn(pthread_t, *mut *mut c_void, *const timespec) -> c_int)(
                thread, value, until)
        };
        if result == 0 {
            joined(thread, end, site);
        }
        result
    }

    #[unsafe(no_mangle)]
    fn pthread_clockjoin_np["r8"](thread: pthread_t, value: *mut *mut c_void, clock: c_int,
        until: *const timespec; site) -> c_int {
        let end = end_of(thread);
        // SAFETY: as the caller says.
        let result = unsafe {
            real!(pthread_clockjoin_np:
                fn(pthread_t, *mut *mut c_void, c_int, *const timespec) -> c_int)(
                thread, value, clock, until)
        };
        if result == 0 {
            joined(thread, end, site);
        }
        result
    }
}

/// # Safety
///
/// As for `pthread_join`.
pub(super) unsafe fn join(thread: pthread_t, value: *mut *mut c_void, site: usize) -> c_int {
    let end = end_of(thread);
    // SAFETY: as the caller says.
    let result =
        unsafe { real!(pthread_join: fn(pthread_t, *mut *mut c_void) -> c_int)(thread, value) };
    if result == 0 {
        joined(thread, end, site);
    }
    result
}

/// Nobody joins the thread.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn pthread_detach(thread: pthread_t) -> c_int {
    if let Some(inside) = enter() {
        let mut threads = inside.runtime().threads.threads.lock();
        if let Some(known) = threads.get_mut(&thread) {
            known.detached = true;
            if known.info.finished.load(Ordering::Relaxed) {
                threads.remove(&thread);
            }
        }
    }
    // SAFETY: as the caller says.
    unsafe { real!(pthread_detach: fn(pthread_t) -> c_int)(thread) }
}

/// Reports call the thread so.
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_setname_np(thread: pthread_t, name: *const c_char) -> c_int {
    if let Some(inside) = enter() {
        // SAFETY: a string of C, as the caller says.
        let text = unsafe { CStr::from_ptr(name) }
            .to_string_lossy()
            .into_owned();
        // SAFETY: the call has no preconditions.
        if thread == unsafe { libc::pthread_self() } {
            *inside.state.info.name.lock() = Some(text);
        } else if let Some(known) = inside.runtime().threads.threads.lock().get(&thread) {
            *known.info.name.lock() = Some(text);
        }
    }
    // SAFETY: as the caller says.
    unsafe { real!(pthread_setname_np: fn(pthread_t, *const c_char) -> c_int)(thread, name) }
}

/// Threads that are only in the parent process are not in this one.
pub(super) fn forget_others() {
    runtime::get().threads.threads.lock().clear();
}
