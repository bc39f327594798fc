//! The goroutine that runs on this OS thread.
//!
//! A goroutine may go on on another thread after any switch, and a compiler that has computed
//! the address of a thread-local before a switch may use it after. So every access to one is
//! in a function of this module that is never inlined and spans no switch.

use crate::goroutine::{G, Goroutine};
use crate::waiter::Wait;
use std::cell::Cell;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

thread_local! {
    static CURRENT: Cell<*const Goroutine> = const { Cell::new(ptr::null()) };
    /// The number of its run; 0 where there is none.
    static RUN: Cell<u64> = const { Cell::new(0) };
}

/// The number of runs in the process: while there is none, no thread runs a goroutine, and a
/// cell need not ask.
static RUNS: AtomicUsize = AtomicUsize::new(0);

/// The number of runs that want to know of each access to a cell.
static WATCHED: AtomicUsize = AtomicUsize::new(0);

/// The number of runs that have a detector.
static DETECTED: AtomicUsize = AtomicUsize::new(0);

/// The number of reasons for some goroutine in the process to do more than pass at a safepoint. Which
/// one it is that is asked, and for what, is said elsewhere, and looked up only where this is not zero.
static ASKING: AtomicUsize = AtomicUsize::new(0);

/// A reason for some goroutine to do more than pass at a safepoint, as long as it lives. Where it was made
/// before, and what it stands for was said first, safepoints see to it, as soon as memory is
/// coherent.
#[derive(Debug)]
pub(crate) struct Asking(());

impl Asking {
    pub(crate) fn new() -> Self {
        ask();
        Self(())
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        ask_no_more();
    }
}

/// Begins an [`Asking`] that [`ask_no_more`] ends.
pub(crate) fn ask() {
    ASKING.fetch_add(1, Ordering::Release);
}

/// Ends what [`ask`] began.
pub(crate) fn ask_no_more() {
    ASKING.fetch_sub(1, Ordering::Relaxed);
}

/// Counts a run in; dropping it counts it out.
pub(crate) struct Counted {
    watched: usize,
    detected: usize,
    _asking: Option<Asking>,
}

impl Counted {
    /// A run that wants to know of each access to a cell (`watched`), has a detector (`detected`), and draws
    /// who runs next at every safepoint (`draws`).
    pub(crate) fn new(watched: bool, detected: bool, draws: bool) -> Self {
        let (watched, detected) = (usize::from(watched), usize::from(detected));
        RUNS.fetch_add(1, Ordering::Relaxed);
        WATCHED.fetch_add(watched, Ordering::Relaxed);
        DETECTED.fetch_add(detected, Ordering::Relaxed);
        Self {
            watched,
            detected,
            _asking: draws.then(Asking::new),
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        RUNS.fetch_sub(1, Ordering::Relaxed);
        WATCHED.fetch_sub(self.watched, Ordering::Relaxed);
        DETECTED.fetch_sub(self.detected, Ordering::Relaxed);
    }
}

/// Makes `g` the thread's goroutine and returns what was before.
#[inline(never)]
pub(crate) fn enter(g: &G) -> *const Goroutine {
    RUN.set(g.run.id);
    CURRENT.replace(Arc::as_ptr(g))
}

/// Undoes [`enter`].
#[inline(never)]
pub(crate) fn leave(previous: *const Goroutine) {
    CURRENT.set(previous);
    // SAFETY: as in `with`; what this thread was running goes on.
    let previous = unsafe { previous.as_ref() };
    RUN.set(previous.map_or(0, |g| g.run.id));
}

/// Calls `f`, which must not switch, as if no goroutine ran on this thread.
pub(crate) fn as_nobody<R>(f: impl FnOnce() -> R) -> R {
    struct Back(*const Goroutine);
    impl Drop for Back {
        fn drop(&mut self) {
            leave(self.0);
        }
    }
    let _back = Back(current());
    leave(ptr::null());
    f()
}

#[inline(never)]
fn current() -> *const Goroutine {
    CURRENT.try_with(Cell::get).unwrap_or(ptr::null())
}

/// Calls `f` with the running goroutine, if there is one.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&Goroutine) -> R) -> Option<R> {
    if RUNS.load(Ordering::Relaxed) == 0 {
        return None;
    }
    // SAFETY: the pointer is null or that of a goroutine that this thread is running; its run
    // keeps it alive until it has finished, so beyond this call, which is part of its body.
    unsafe { current().as_ref() }.map(f)
}

/// The running goroutine, to keep.
pub(crate) fn get() -> Option<G> {
    with(Goroutine::counted)
}

/// [`std::thread::panicking`], kept out of line.
#[inline(never)]
pub(crate) fn is_panicking() -> bool {
    std::thread::panicking()
}

/// Lets the scheduler run somebody else here, if it wants to. Every operation that others can
/// observe begins with one.
#[inline]
pub fn safepoint() {
    if ASKING.load(Ordering::Relaxed) != 0 {
        ask_goroutine();
    }
}

/// Kept out of line: while nobody asks, a look at whether anybody does is all.
#[inline(never)]
fn ask_goroutine() {
    with(Goroutine::safepoint);
}

/// [`safepoint`], where somebody draws schedules or detects races: for operations that follow another one
/// closely, as an unlock follows a lock.
#[inline]
pub(crate) fn safepoint_if_watched() {
    if any_watched() {
        safepoint();
    }
}

/// [`safepoint`], and the number of the caller's run; 0 outside one.
#[inline]
pub(crate) fn safepoint_in_run() -> u64 {
    safepoint();
    run_id()
}

/// A point at which a goroutine that computes for long lets others run: the scheduler may run somebody
/// else here, if it wants to. Cheap enough for a loop: one load where nobody in the process is asked. Orders
/// nothing; outside a run it does nothing.
///
/// Every operation of this crate and every recorded access is such a point. A goroutine that passes none
/// for 20 ms loses its processor on the parallel scheduler; on the controlled one, nobody else runs at
/// all. So a loop that waits for what another goroutine does, and has no such operation in it, needs one
/// of these.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::{go, preempt_point};
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// let stop = Arc::new(AtomicBool::new(false));
/// let stopped = stop.clone();
/// let spinner = go(move || {
///     while !stopped.load(Ordering::Relaxed) {
///         preempt_point();
///     }
/// });
/// stop.store(true, Ordering::Relaxed);
/// spinner.join().unwrap();
/// # }).result.unwrap();
/// ```
#[inline]
pub fn preempt_point() {
    safepoint();
}

/// An operation of the caller's that can block: its goroutine's, or its OS thread's where it is none.
#[inline]
pub(crate) fn wait() -> Wait {
    with(|g| Wait::new(Some(g))).unwrap_or_else(|| Wait::new(None))
}

/// Whether any run in the process wants to know of each access to a cell: it detects races, or
/// draws schedules.
#[doc(hidden)]
#[inline]
#[must_use]
pub fn any_watched() -> bool {
    WATCHED.load(Ordering::Relaxed) != 0
}

/// Whether any run in the process has a detector. While none has, nothing needs to be recorded.
#[inline]
pub(crate) fn any_detected() -> bool {
    DETECTED.load(Ordering::Relaxed) != 0
}

/// The number of the caller's run; 0 outside one.
#[inline(never)]
pub(crate) fn run_id() -> u64 {
    RUN.try_with(Cell::get).unwrap_or(0)
}

/// What tells the running goroutine from all others that live; 0 outside a run.
#[doc(hidden)]
#[inline]
#[must_use]
pub fn goroutine_key() -> usize {
    with(|g| ptr::from_ref(g) as usize).unwrap_or(0)
}
