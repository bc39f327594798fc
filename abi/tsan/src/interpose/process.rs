//! A process is forked, comes to its end, loses an object; control jumps.
//!
//! # Fork
//!
//! The child has only the thread that forked. A lock of the library that another one held would
//! be held forever, so all others are made to stand outside: `before` says that the process is being
//! forked, and waits until nobody is inside. Whoever wants to come in waits. The bad interleaving is
//!
//! ```text
//! A says that it forks, and sees that B is outside     B sees that nobody forks, and comes in
//! ```
//!
//! It cannot happen: B says that it is inside, then looks whether somebody forks; A says that it forks,
//! then looks who is inside; and A has the kernel put a barrier between the two in every thread
//! (`membarrier`), so that B needs none.
//!
//! The program's own handlers of `pthread_atfork` run before the library's, whose was registered
//! first: they may wait for locks that others hold.

use super::objects::{self, acquire, release};
use super::with_site;
use crate::alone;
use crate::current;
use crate::interpose::real::real;
use crate::runtime;
use crate::thread::{Operation, State};
use deadheat_detector::sync::SyncVar;
use parking_lot::MutexGuard;
use std::cell::UnsafeCell;
use std::collections::BTreeSet;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicBool, Ordering};

static FORKING: AtomicBool = AtomicBool::new(false);

/// The list of all states, as long as the process is being forked.
struct Held(UnsafeCell<Option<MutexGuard<'static, Vec<*const State>>>>);

// SAFETY: only the thread that forks uses it, and one does at a time.
unsafe impl Sync for Held {}

static HELD: Held = Held(UnsafeCell::new(None));

const MEMBARRIER_PRIVATE_EXPEDITED: c_int = 1 << 3;
const MEMBARRIER_REGISTER_PRIVATE_EXPEDITED: c_int = 1 << 4;

/// Whether the process is being forked.
#[inline(always)]
pub(crate) fn is_forking() -> bool {
    FORKING.load(Ordering::Relaxed)
}

fn membarrier(command: c_int) -> bool {
    // SAFETY: the call touches no memory of the program.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}

/// Makes the process ready to be forked.
pub(crate) fn prepare() {
    membarrier(MEMBARRIER_REGISTER_PRIVATE_EXPEDITED);
    // SAFETY: the three may be called at any fork.
    unsafe { libc::pthread_atfork(Some(before), Some(after_in_parent), Some(after_in_child)) };
}

unsafe extern "C" fn before() {
    let Some(state) = current::get() else { return };
    let inside = loop {
        let Some(inside) = state.enter() else { return };
        let order = (Ordering::SeqCst, Ordering::Relaxed);
        if FORKING
            .compare_exchange(false, true, order.0, order.1)
            .is_ok()
        {
            break inside;
        }
        // Two that wait for each other would wait forever.
        drop(inside);
    };
    if !membarrier(MEMBARRIER_PRIVATE_EXPEDITED) {
        // Then time has to do.
        // SAFETY: the call has no preconditions.
        unsafe { libc::usleep(1000) };
    }
    loop {
        let living = runtime::get().living.lock();
        let is_me = |other: *const State| std::ptr::eq(other, state);
        // SAFETY: states in the list have not ended, and stay in it while the lock is held.
        let outside = |other: &*const State| is_me(*other) || unsafe { !(**other).is_inside() };
        if living.iter().all(outside) {
            // SAFETY: it is this thread that forks.
            unsafe { *HELD.0.get() = Some(living) };
            break;
        }
        drop(living);
        // SAFETY: the call has no preconditions.
        unsafe { libc::sched_yield() };
    }
    std::mem::forget(inside);
}

/// Whether `before` has made all stand outside.
fn is_mine() -> Option<&'static State> {
    current::get().filter(|state| state.is_inside() && is_forking())
}

unsafe extern "C" fn after_in_parent() {
    if let Some(state) = is_mine() {
        // SAFETY: it is this thread that has forked.
        drop(unsafe { (*HELD.0.get()).take() });
        FORKING.store(false, Ordering::SeqCst);
        drop(crate::thread::Inside { state });
    }
}

/// The other threads are not here: all that they did happened-before.
unsafe extern "C" fn after_in_child() {
    let Some(state) = is_mine() else { return };
    let inside = crate::thread::Inside { state };
    let runtime = runtime::get();
    // SAFETY: it is this thread that has forked, and the only one.
    if let Some(mut living) = unsafe { (*HELD.0.get()).take() } {
        for other in living
            .drain(..)
            .filter(|other| !std::ptr::eq(*other, state))
        {
            let mut end = SyncVar::new();
            // SAFETY: the state has not ended, and nobody runs it.
            unsafe { (*(*other).clock.get()).release(&mut end) };
            inside.clock().acquire(&end);
        }
        living.push(state);
    }
    super::threads::forget_others();
    // Fibers of other threads may go on here.
    if !runtime.switches.load(Ordering::Relaxed) {
        alone::lose_all();
    }
    runtime.reporter.begin_again();
    membarrier(MEMBARRIER_REGISTER_PRIVATE_EXPEDITED);
    FORKING.store(false, Ordering::SeqCst);
}

/// A child that shares the parent's memory would share the library's: it gets a copy.
#[unsafe(no_mangle)]
unsafe extern "C" fn vfork() -> c_int {
    // SAFETY: as the caller says.
    unsafe { libc::fork() }
}

type Handler = unsafe extern "C" fn(*mut c_void);

struct AtExit {
    handler: Handler,
    argument: *mut c_void,
}

/// A handler at the end, of the process or of an object, comes after its registration.
#[unsafe(no_mangle)]
unsafe extern "C" fn __cxa_atexit(
    handler: Handler,
    argument: *mut c_void,
    object: *mut c_void,
) -> c_int {
    unsafe extern "C" fn run(registered: *mut c_void) {
        acquire(registered.addr(), Operation::AtExit, 0);
        // SAFETY: `__cxa_atexit` passes one, which is called once.
        let AtExit { handler, argument } = *unsafe { Box::from_raw(registered.cast::<AtExit>()) };
        // SAFETY: as whoever registered it says.
        unsafe { handler(argument) };
    }
    let real = real!(__cxa_atexit: fn(Handler, *mut c_void, *mut c_void) -> c_int);
    if current::get().is_none() {
        // SAFETY: as the caller says.
        return unsafe { real(handler, argument, object) };
    }
    let registered: *mut c_void = Box::into_raw(Box::new(AtExit { handler, argument })).cast();
    release(registered.addr(), Operation::AtExit, 0);
    // SAFETY: as the caller says; `run` takes what is registered.
    unsafe { real(run, registered, object) }
}

/// The stack pointer that a jump to `buffer` restores: the C library keeps it mangled.
///
/// # Safety
///
/// `buffer` was filled by `setjmp`.
unsafe fn target(buffer: *const usize) -> usize {
    const STACK_POINTER: usize = 6;
    let guard: usize;
    // SAFETY: the word of the thread's own that the C library mangles with.
    unsafe { std::arch::asm!("mov {}, fs:[0x30]", out(reg) guard, options(nostack, readonly)) };
    // SAFETY: as the caller says.
    unsafe { (*buffer.add(STACK_POINTER)).rotate_right(0x11) ^ guard }
}

/// Functions that jump to where `setjmp` was called: the calls in between are left.
macro_rules! jumps {
    ($($name:ident;)*) => {$(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name(buffer: *mut usize, value: c_int) -> ! {
            if let Some(state) = current::get() {
                // SAFETY: as the caller says.
                state.unwind_to(unsafe { target(buffer) });
            }
            // SAFETY: as the caller says.
            unsafe { real!($name: fn(*mut usize, c_int) -> !)(buffer, value) }
        }
    )*};
}

jumps! { longjmp; _longjmp; siglongjmp; __longjmp_chk; }

/// Where the objects of the process are.
fn segments() -> BTreeSet<(usize, usize)> {
    unsafe extern "C" fn visit(
        object: *mut libc::dl_phdr_info,
        _: usize,
        segments: *mut c_void,
    ) -> c_int {
        // SAFETY: the C library passes an object, and `segments` what is passed below.
        unsafe {
            let segments = &mut *segments.cast::<BTreeSet<(usize, usize)>>();
            let object = &*object;
            for at in 0..object.dlpi_phnum as usize {
                let header = &*object.dlpi_phdr.add(at);
                if header.p_type == libc::PT_LOAD {
                    let start = (object.dlpi_addr + header.p_vaddr) as usize;
                    segments.insert((start, header.p_memsz as usize));
                }
            }
        }
        0
    }
    let mut segments = BTreeSet::new();
    // SAFETY: `visit` gets what it expects.
    unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut segments).cast()) };
    segments
}

with_site! {
    /// What lay in an object that is gone has no history.
    #[unsafe(no_mangle)]
    fn dlclose["rsi"](object: *mut c_void; _site) -> c_int {
        let before = super::enter().map(|_inside| segments());
        // SAFETY: as the caller says.
        let result = unsafe { real!(dlclose: fn(*mut c_void) -> c_int)(object) };
        if let Some(before) = before
            && let Some(_inside) = super::enter()
        {
            for (start, size) in before.difference(&segments()) {
                objects::reset(*start, *size);
            }
        }
        result
    }
}
