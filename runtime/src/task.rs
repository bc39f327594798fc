//! What a goroutine runs, and what it leaves behind at its end, in one allocation.
//!
//! The goroutine has the task as a [`Body`], whoever waits for its end as an [`Ending`].
//!
//! # The end
//!
//! A word says *runs*, *runs, and somebody waits*, or *ended*. Who waits says so, and leaves its waiter,
//! under a lock; the goroutine leaves what it has to leave, then exchanges the word for *ended*, and
//! takes the lock only where somebody waits. Either it finds that, or the other finds *ended*.

use crate::detect;
use crate::goroutine::{Cancelled, Goroutine};
use crate::local;
use crate::run::PanicNote;
use crate::waiter::Waiter;
use deadheat_detector::sync::SyncVar;
use deadheat_detector::thread::SyncOp;
use parking_lot::Mutex;
use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// What a goroutine runs.
pub(crate) trait Body: Send + Sync {
    /// Runs it, as the goroutine `g`.
    ///
    /// # Safety
    ///
    /// Nobody else calls this, or [`Self::discard`], before or after.
    unsafe fn run(&self, g: &Goroutine);

    /// Drops what it would have run.
    ///
    /// # Safety
    ///
    /// As for [`Self::run`].
    unsafe fn discard(&self);
}

/// What a goroutine leaves behind.
pub(crate) trait Ending<T>: Send + Sync {
    fn ended(&self) -> &Ended<T>;
}

/// Something to run, and what it leaves behind.
pub(crate) struct Task<T, F> {
    f: UnsafeCell<Option<F>>,
    ended: Ended<T>,
}

// SAFETY: `f` is touched by the one caller of `run` or `discard` only, on whatever thread; all else may
// be shared.
unsafe impl<T: Send, F: Send> Sync for Task<T, F> {}

impl<T, F> Task<T, F> {
    pub(crate) fn new(f: F) -> Arc<Self> {
        Arc::new(Self {
            f: UnsafeCell::new(Some(f)),
            ended: Ended::new(),
        })
    }

    /// # Safety
    ///
    /// As for [`Body::run`].
    unsafe fn take(&self) -> Option<F> {
        // SAFETY: by the caller, nobody else is here.
        unsafe { (*self.f.get()).take() }
    }
}

impl<T: Send, F: FnOnce() -> T + Send> Body for Task<T, F> {
    unsafe fn run(&self, g: &Goroutine) {
        // SAFETY: by the caller.
        let f = unsafe { self.take() }.expect("a body runs once");
        let result = catch_unwind(AssertUnwindSafe(f));
        self.ended.end(g, result);
    }

    unsafe fn discard(&self) {
        // SAFETY: by the caller.
        drop(unsafe { self.take() });
    }
}

impl<T: Send, F: Send> Ending<T> for Task<T, F> {
    fn ended(&self) -> &Ended<T> {
        &self.ended
    }
}

const RUNS: u8 = 0;
/// It runs, and somebody waits for the end.
const AWAITED: u8 = 1;
const ENDED: u8 = 2;

/// What a goroutine leaves behind at its end.
pub(crate) struct Ended<T> {
    state: AtomicU8,
    /// The goroutine's until `ENDED`, then the joiner's.
    left: UnsafeCell<Left<T>>,
    waiters: Mutex<Vec<Waiter>>,
}

// SAFETY: `left` is the goroutine's, and then, after an acquiring look at the state, the joiner's alone,
// who may be on another thread: the result must be `Send`. All else may be shared.
unsafe impl<T: Send> Sync for Ended<T> {}

struct Left<T> {
    result: Option<std::thread::Result<T>>,
    note: Option<PanicNote>,
    /// Made where a detector needs it.
    edge: Option<Box<SyncVar>>,
}

impl<T> Ended<T> {
    fn new() -> Self {
        Self {
            state: AtomicU8::new(RUNS),
            left: UnsafeCell::new(Left {
                result: None,
                note: None,
                edge: None,
            }),
            waiters: Mutex::default(),
        }
    }

    /// The goroutine `g` has come to its end, with `result`. One that is unwound because its run is over
    /// leaves nothing.
    fn end(&self, g: &Goroutine, result: std::thread::Result<T>) {
        // The first panic is the goroutine's.
        let result = match (result, local::drop_all(g)) {
            (Ok(_), Err(payload)) => Err(payload),
            (result, _) => result,
        };
        let note = match &result {
            Err(payload) if payload.is::<Cancelled>() => return,
            Err(payload) if !g.is_main() => Some(g.run.note_panic(g, &**payload)),
            _ => None,
        };
        // SAFETY: nobody else looks before the state is `ENDED`.
        let left = unsafe { &mut *self.left.get() };
        let op = SyncOp {
            what: "goroutine end",
            at: g.created(),
        };
        detect::with(|detector, thread| {
            let edge = left.edge.get_or_insert_default();
            detector.end(thread, edge, op);
        });
        left.result = Some(result);
        left.note = note;
        if self.state.swap(ENDED, Ordering::AcqRel) == AWAITED {
            self.wake_all();
        }
    }

    #[cold]
    fn wake_all(&self) {
        let waiters = std::mem::take(&mut *self.waiters.lock());
        let claimed = waiters.into_iter().filter(|waiter| waiter.claim(0));
        claimed.for_each(Waiter::wake);
    }

    /// Has the end wake a waiter; `false` where it has come.
    pub(crate) fn add_waiter(&self, waiter: impl FnOnce() -> Waiter) -> bool {
        let mut waiters = self.waiters.lock();
        let announced =
            self.state
                .compare_exchange(RUNS, AWAITED, Ordering::AcqRel, Ordering::Acquire);
        if announced == Err(ENDED) {
            return false;
        }
        waiters.push(waiter());
        true
    }

    pub(crate) fn has_come(&self) -> bool {
        self.state.load(Ordering::Acquire) == ENDED
    }

    /// The result, with the edge to whoever joins by `op`; `None` before the end.
    ///
    /// # Safety
    ///
    /// One at a time calls this, and [`Self::take_result`].
    pub(crate) unsafe fn join(&self, op: SyncOp) -> Option<std::thread::Result<T>> {
        if !self.has_come() {
            return None;
        }
        // SAFETY: after the end it is the caller's, who is the only one.
        let left = unsafe { &mut *self.left.get() };
        assert!(
            left.result.is_some(),
            "a join was polled after it had ended"
        );
        if let Some(edge) = &left.edge {
            detect::with(|_, thread| thread.acquire(edge, op));
        }
        if let Some(note) = &left.note {
            note.joined();
        }
        left.result.take()
    }

    /// The result, without an edge.
    ///
    /// # Safety
    ///
    /// As for [`Self::join`].
    pub(crate) unsafe fn take_result(&self) -> Option<std::thread::Result<T>> {
        // SAFETY: as there.
        self.has_come()
            .then(|| unsafe { &mut *self.left.get() }.result.take())
            .flatten()
    }
}
