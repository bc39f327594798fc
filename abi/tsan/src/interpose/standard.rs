//! Functions of Rust's standard library that order threads, where they are compiled without calls: a standard
//! library that does not carry its bitcode cannot be instrumented.
//!
//! What of it is generic, or small, is compiled with the program and has calls: an uncontended lock, an
//! unlock, a channel. The rest are the functions here. Whoever links a program has its calls of them come to
//! a stub, which hands on its first four arguments, where it was called from, and the real function; on x86-64,
//! arguments of these types are passed as C passes them. What the function orders is told by the address of the
//! atomic that it does it with, which is the one that the program's own part uses.
//!
//! Calls from within the compiled standard library itself do not come here, and are not seen. So nothing is
//! made of what it does by way of the C library's functions either: not of the bytes that it has moved or compared
//! there, and not of memory that it gives back, which it may have counted out of use by an atomic of its own.

use super::objects::{acquire, release, release_merge};
use crate::entry::rwlock;
use crate::thread::Operation;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

static WRAPPED: AtomicBool = AtomicBool::new(false);

/// Whether the program's standard library has no calls.
#[inline]
pub(crate) fn is_wrapped() -> bool {
    WRAPPED.load(Ordering::Relaxed)
}

/// The stubs say that they are there, before the program begins.
#[unsafe(no_mangle)]
extern "C" fn __deadheat_std_is_wrapped() {
    WRAPPED.store(true, Ordering::Relaxed);
}

/// The real function.
type Real = extern "C-unwind" fn(usize, usize, usize, usize) -> usize;

/// Something that is done when the scope ends, also by a panic.
struct Then<F: FnMut()>(F);

impl<F: FnMut()> Drop for Then<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Functions in front of others: what they do before and after the real one, with its first two arguments and
/// where it was called from.
macro_rules! fronts {
    ($($(#[$doc:meta])* $name:ident($first:ident, $second:ident, $site:ident) {
        $($before:expr)? => $($after:expr),*
    })*) => {$(
        $(#[$doc])*
        #[unsafe(no_mangle)]
        extern "C-unwind" fn $name(
            $first: usize,
            $second: usize,
            c: usize,
            d: usize,
            $site: usize,
            real: Real,
        ) -> usize {
            $($before;)?
            let result = real($first, $second, c, d);
            $($after;)*
            result
        }
    )*};
}

fronts! {
    /// A lock that was contended: `lock_contended` and the like of a lock whose atomic it begins with.
    __deadheat_std_lock(lock, second, site) {
        => acquire(lock, Operation::MutexLock, site)
    }

    /// The same of a lock for readers and writers, by a reader.
    __deadheat_std_read(lock, second, site) {
        => acquire(lock, Operation::ReadLock, site)
    }

    /// The same by a writer.
    __deadheat_std_write(lock, second, site) {
        => acquire(lock, Operation::WriteLock, site),
           acquire(rwlock::beside(lock), Operation::WriteLock, site)
    }

    /// `Condvar::wait` and the like: gives the mutex back while it waits.
    __deadheat_std_condvar(condvar, mutex, site) {
        release(mutex, Operation::CondWait, site) => acquire(mutex, Operation::CondWait, site)
    }

    /// `Barrier::wait`. All that wait have their own lock in it, so one clock is enough.
    __deadheat_std_barrier(barrier, second, site) {
        release_merge(barrier, Operation::Barrier, site)
            => acquire(barrier, Operation::Barrier, site)
    }

    /// `Once::wait`: it was completed by another.
    __deadheat_std_once_wait(once, second, site) {
        => acquire(once, Operation::Once, site)
    }

    /// `Thread::park` of a handle, to which the argument leads: it was unparked, or not; then there is nothing
    /// to be known.
    __deadheat_std_park_handle(handle, second, site) {
        => unparked(pointed_to(handle), site)
    }

    /// A thread of a scope ends: it counts itself out by one of the words that the scope's data begins with.
    __deadheat_std_leave_scope(scope, second, site) {
        (0..3).for_each(|word| {
            release_merge(scope + word * size_of::<usize>(), Operation::ThreadEnd, site);
        }) =>
    }
}

/// What `Once::call` calls, with a state that only it looks at.
type Initializer<'a> = dyn FnMut(&u8) + 'a;
type Call = extern "C-unwind" fn(usize, usize, *mut (), *const ()) -> usize;

/// `Once::call`. Others may find it completed as soon as what it calls has returned, and before it does; so
/// that is called by way of something that releases.
#[unsafe(no_mangle)]
extern "C-unwind" fn __deadheat_std_once_call(
    once: usize,
    ignores_poisoning: usize,
    data: *mut (),
    vtable: *const (),
    site: usize,
    real: Call,
) -> usize {
    // SAFETY: the arguments are the two words of a reference to such a function; its one argument is a
    // reference, whatever to.
    let initialize: &mut Initializer<'_> = unsafe { std::mem::transmute((data, vtable)) };
    let mut initialize = |state: &u8| {
        let _released = Then(|| release(once, Operation::Once, site));
        initialize(state);
    };
    let initialize: &mut Initializer<'_> = &mut initialize;
    // SAFETY: a reference to a function of this type is two words, the data first: the compiler is the one
    // that the standard library is of.
    let (data, vtable): (*mut (), *const ()) = unsafe { std::mem::transmute(initialize) };
    let result = real(once, ignores_poisoning, data, vtable);
    acquire(once, Operation::Once, site);
    result
}

/// Where in what a `Thread` leads to the atomic may be that a thread parks by: behind the two counts of
/// references, and within what else it has. Nobody synchronises by the other words there.
const PARKER: std::ops::Range<usize> = 16..56;

fn unparked(thread: usize, site: usize) {
    for place in PARKER.step_by(4) {
        acquire(thread + place, Operation::Annotated, site);
    }
}

/// The handle, one pointer, that a reference to it leads to.
fn pointed_to(handle: usize) -> usize {
    // SAFETY: the argument is what the caller gave as a reference to a handle.
    unsafe { *std::ptr::with_exposed_provenance(handle) }
}

/// `thread::park`: the stub gives the function that gives the calling thread's handle in place of the
/// fourth argument, which it has not.
#[unsafe(no_mangle)]
extern "C-unwind" fn __deadheat_std_park(
    a: usize,
    b: usize,
    c: usize,
    current: extern "C-unwind" fn() -> *const AtomicUsize,
    site: usize,
    real: Real,
) -> usize {
    let result = real(a, b, c, 0);
    let thread = current();
    unparked(thread.addr(), site);
    // SAFETY: the handle leads to a count of references, of which one is the caller's; the thread itself has
    // another.
    unsafe { (*thread).fetch_sub(1, Ordering::Release) };
    result
}
