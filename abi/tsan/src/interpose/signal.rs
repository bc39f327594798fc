//! Handlers of signals.
//!
//! A handler of the program runs as part of the thread that it interrupts. While that is inside of the
//! library, it may hold a lock, so the signal is put off: the library's own handler keeps it, and
//! the thread sends it to itself again when it leaves. A fault is not put off. Setting a handler, and
//! sending the signal, happen-before the handler.

use super::objects::{acquire, release_merge};
use super::with_site;
use crate::current;
use crate::interpose::real::real;
use crate::thread::{Operation, State};
use libc::{pthread_t, sigaction as Action, siginfo_t, sigset_t, timespec};
use std::cell::UnsafeCell;
use std::ffi::{c_int, c_void};
use std::mem::{MaybeUninit, zeroed};

use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

/// Signals are below this.
const SIGNALS: usize = 65;
/// How many signals of one thread can be put off at once.
const KEPT: usize = 16;
/// The objects of signals: no addresses of the program's.
const OBJECTS: usize = 1 << 57;

/// Signals that a thread has put off.
pub(crate) struct Pending {
    signals: UnsafeCell<[MaybeUninit<siginfo_t>; KEPT]>,
    count: AtomicUsize,
}

impl Default for Pending {
    fn default() -> Self {
        Self {
            signals: UnsafeCell::new([MaybeUninit::uninit(); KEPT]),
            count: AtomicUsize::new(0),
        }
    }
}

/// The handler of a signal as the program has set it.
struct Set {
    handler: AtomicUsize,
    flags: AtomicI32,
}

static HANDLERS: [Set; SIGNALS] = [const {
    Set {
        handler: AtomicUsize::new(libc::SIG_DFL),
        flags: AtomicI32::new(0),
    }
}; SIGNALS];

fn object(signal: c_int) -> usize {
    OBJECTS | (signal as usize) << 4
}

/// Whether the thread cannot go on before the signal is handled.
fn is_fault(signal: c_int, info: *const siginfo_t) -> bool {
    // SAFETY: the kernel has passed it.
    let is_kernels = unsafe { (*info).si_code > 0 };
    let faults = [
        libc::SIGSEGV,
        libc::SIGBUS,
        libc::SIGFPE,
        libc::SIGILL,
        libc::SIGTRAP,
        libc::SIGSYS,
    ];
    is_kernels && faults.contains(&signal)
}

unsafe extern "C" fn on_signal(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    if let Some(state) = current::get()
        && state.is_inside()
        && !is_fault(signal, info)
    {
        let pending = &state.handlers;
        let at = pending.count.load(Ordering::Relaxed);
        if at < KEPT {
            // Another handler may come in between, and take the next place.
            pending.count.store(at + 1, Ordering::Relaxed);
            // SAFETY: the place is this call's own.
            unsafe { (*pending.signals.get())[at].write(*info) };
            state.signalled.store(true, Ordering::Relaxed);
            return;
        }
    }
    // SAFETY: as the kernel says.
    unsafe { handle(signal, info, context) };
}

/// Calls the program's handler.
///
/// # Safety
///
/// The arguments are what the kernel has passed.
unsafe fn handle(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let Set { handler, flags } = &HANDLERS[signal as usize];
    let (handler, flags) = (
        handler.load(Ordering::Acquire),
        flags.load(Ordering::Relaxed),
    );
    if handler == libc::SIG_DFL || handler == libc::SIG_IGN {
        return;
    }
    // SAFETY: the thread's own.
    let errno = unsafe { *libc::__errno_location() };
    acquire(object(signal), Operation::Signal, 0);
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
    // SAFETY: the program has set the handler, with flags that say which kind it is.
    unsafe {
        if flags & libc::SA_SIGINFO == 0 {
            std::mem::transmute::<usize, extern "C" fn(c_int)>(handler)(signal);
        } else {
            type Full = unsafe extern "C" fn(c_int, *mut siginfo_t, *mut c_void);
            std::mem::transmute::<usize, Full>(handler)(signal, info, context);
        }
    }
}

/// Sends the thread the signals that it has put off.
#[cold]
#[inline(never)]
pub(crate) fn deliver(state: &State) {
    // SAFETY: the thread's own.
    let errno = unsafe { *libc::__errno_location() };
    state.signalled.store(false, Ordering::Relaxed);
    let pending = &state.handlers;
    while let Some(at) = pending.count.load(Ordering::Relaxed).checked_sub(1) {
        // SAFETY: `on_signal` has written it; only this thread's handlers write, and this one
        // takes a copy before it gives the place away.
        let mut info = unsafe { (*pending.signals.get())[at].assume_init() };
        pending.count.store(at, Ordering::Relaxed);
        // SAFETY: a thread may send itself a signal with any information.
        unsafe {
            libc::syscall(
                libc::SYS_rt_tgsigqueueinfo,
                libc::getpid(),
                libc::gettid(),
                info.si_signo,
                &raw mut info,
            );
        }
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

/// # Safety
///
/// As for `sigaction`.
unsafe fn set(signal: c_int, new: *const Action, old: *mut Action) -> c_int {
    let real = real!(sigaction: fn(c_int, *const Action, *mut Action) -> c_int);
    let Some(place) = usize::try_from(signal)
        .ok()
        .and_then(|signal| HANDLERS.get(signal))
    else {
        // SAFETY: as the caller says.
        return unsafe { real(signal, new, old) };
    };
    let (handler, flags) = (
        place.handler.load(Ordering::Acquire),
        place.flags.load(Ordering::Relaxed),
    );
    let ours = on_signal as *const () as usize;
    let mut wrapped;
    let mut passed = new;
    // SAFETY: null or an action, as the caller says.
    if let Some(new) = unsafe { new.as_ref() } {
        if new.sa_sigaction != libc::SIG_DFL && new.sa_sigaction != libc::SIG_IGN {
            place.flags.store(new.sa_flags, Ordering::Relaxed);
            place.handler.store(new.sa_sigaction, Ordering::Release);
            wrapped = *new;
            wrapped.sa_sigaction = ours;
            wrapped.sa_flags |= libc::SA_SIGINFO;
            passed = &raw const wrapped;
        }
        release_merge(object(signal), Operation::Signal, 0);
    }
    // SAFETY: as the caller says.
    let result = unsafe { real(signal, passed, old) };
    // SAFETY: null or the caller's to write.
    if let Some(old) = unsafe { old.as_mut() }
        && result == 0
        && old.sa_sigaction == ours
    {
        old.sa_sigaction = handler;
        old.sa_flags = old.sa_flags & !libc::SA_SIGINFO | flags & libc::SA_SIGINFO;
    }
    result
}

#[unsafe(no_mangle)]
unsafe extern "C" fn sigaction(signal: c_int, new: *const Action, old: *mut Action) -> c_int {
    // SAFETY: as the caller says.
    unsafe { set(signal, new, old) }
}

/// As `signal` of the C library is: calls that the signal interrupts go on, and the handler stays.
#[unsafe(no_mangle)]
unsafe extern "C" fn signal(number: c_int, handler: usize) -> usize {
    // SAFETY: zero bytes are an action; the masks are the caller's own.
    unsafe {
        let (mut new, mut old): (Action, Action) = (zeroed(), zeroed());
        new.sa_sigaction = handler;
        new.sa_flags = libc::SA_RESTART;
        libc::sigemptyset(&raw mut new.sa_mask);
        libc::sigaddset(&raw mut new.sa_mask, number);
        if set(number, &raw const new, &raw mut old) == 0 {
            old.sa_sigaction
        } else {
            libc::SIG_ERR
        }
    }
}

with_site! {
    #[unsafe(no_mangle)]
    fn raise["rsi"](signal: c_int; site) -> c_int {
        release_merge(object(signal), Operation::Signal, site);
        // SAFETY: as the caller says.
        unsafe { real!(raise: fn(c_int) -> c_int)(signal) }
    }

    #[unsafe(no_mangle)]
    fn kill["rdx"](process: c_int, signal: c_int; site) -> c_int {
        release_merge(object(signal), Operation::Signal, site);
        // SAFETY: as the caller says.
        unsafe { real!(kill: fn(c_int, c_int) -> c_int)(process, signal) }
    }

    #[unsafe(no_mangle)]
    fn pthread_kill["rdx"](thread: pthread_t, signal: c_int; site) -> c_int {
        release_merge(object(signal), Operation::Signal, site);
        // SAFETY: as the caller says.
        unsafe { real!(pthread_kill: fn(pthread_t, c_int) -> c_int)(thread, signal) }
    }

    #[unsafe(no_mangle)]
    fn sigqueue["rcx"](process: c_int, signal: c_int, value: *mut c_void; site) -> c_int {
        release_merge(object(signal), Operation::Signal, site);
        // SAFETY: as the caller says.
        unsafe { real!(sigqueue: fn(c_int, c_int, *mut c_void) -> c_int)(process, signal, value) }
    }

    #[unsafe(no_mangle)]
    fn sigwait["rdx"](signals: *const sigset_t, signal: *mut c_int; site) -> c_int {
        // SAFETY: as the caller says.
        let result = unsafe {
            real!(sigwait: fn(*const sigset_t, *mut c_int) -> c_int)(signals, signal)
        };
        if result == 0 {
            // SAFETY: the call has written it.
            acquire(object(unsafe { *signal }), Operation::Signal, site);
        }
        result
    }

    #[unsafe(no_mangle)]
    fn sigtimedwait["rcx"](signals: *const sigset_t, info: *mut siginfo_t, timeout: *const timespec;
        site) -> c_int {
        // SAFETY: as the caller says.
        let result = unsafe {
            real!(sigtimedwait: fn(*const sigset_t, *mut siginfo_t, *const timespec) -> c_int)(
                signals, info, timeout)
        };
        if result > 0 {
            acquire(object(result), Operation::Signal, site);
        }
        result
    }

    #[unsafe(no_mangle)]
    fn sigwaitinfo["rdx"](signals: *const sigset_t, info: *mut siginfo_t; site) -> c_int {
        // SAFETY: as the caller says.
        let result = unsafe {
            real!(sigwaitinfo: fn(*const sigset_t, *mut siginfo_t) -> c_int)(signals, info)
        };
        if result > 0 {
            acquire(object(result), Operation::Signal, site);
        }
        result
    }
}
