//! What a goroutine runs, and what it leaves behind at its end, in one block of memory.
//!
//! The goroutine has the task as a [`Body`], whoever waits for its end as an [`Ending`]. The last of the
//! two frees it: `parting.rs` says how they find out.

use crate::blocks::{self, Home};
use crate::detect;
use crate::goroutine::{Cancelled, Goroutine};
use crate::local;
use crate::parting::{Parting, Side};
use crate::run::{PanicNote, Run};
use crate::waiter::Waiter;
use deadheat_detector::sync::SyncVar;
use deadheat_detector::thread::SyncOp;
use std::alloc::Layout;
use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};
use std::sync::Arc;

/// What either side needs of a task whose types it does not know.
#[repr(C)]
struct Head {
    of_type: &'static OfType,
    home: Home,
    parting: Parting,
}

/// What differs from one type of task to the other.
struct OfType {
    /// Takes out what there is to run, and runs it as this goroutine; without one, drops it.
    run: unsafe fn(NonNull<Head>, Option<&Goroutine>),
    /// Frees the task.
    free: unsafe fn(NonNull<Head>),
}

/// Something to run, and what it leaves behind.
#[repr(C)]
struct Task<T, F> {
    ended: Ended<T>,
    /// Until it has run.
    f: ManuallyDrop<F>,
}

/// A task, with something to run, and the right to wait for its end.
pub(crate) fn new<T, F>(run: &Arc<Run>, f: F) -> (Body, Ending<T>)
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let (block, home) = blocks::take(run, Layout::new::<Task<T, F>>());
    let task: NonNull<Task<T, F>> = block.cast();
    let head = Head {
        of_type: Task::<T, F>::TYPE,
        home,
        parting: Parting::new(),
    };
    let (ended, f) = (Ended::new(head), ManuallyDrop::new(f));
    // SAFETY: the block is of this layout, and nobody else has it.
    unsafe { task.write(Task { ended, f }) };
    let ending = Ending {
        ended: task.cast(),
        _result: PhantomData,
    };
    (Body(task.cast()), ending)
}

impl<T, F: FnOnce() -> T> Task<T, F> {
    const TYPE: &'static OfType = &OfType {
        run: Self::run,
        free: Self::free,
    };

    /// # Safety
    ///
    /// `head` is that of such a task, which the caller shares as its goroutine's side, and lets go of
    /// hereby. It has not been called before.
    unsafe fn run(head: NonNull<Head>, g: Option<&Goroutine>) {
        let task = head.cast::<Self>().as_ptr();
        // SAFETY: by the caller, nobody else touches `f`, and it is there.
        let f = unsafe { ManuallyDrop::take(&mut (*task).f) };
        let going = Going(head);
        let Some(g) = g else {
            return drop(f);
        };
        let result = catch_unwind(AssertUnwindSafe(f));
        // SAFETY: the caller's side has not let go.
        match unsafe { Ended::end(&raw const (*task).ended, g, result) } {
            AtEnd::Cancelled => drop(going),
            AtEnd::Shared(waiter) => {
                std::mem::forget(going);
                if let Some(waiter) = waiter
                    && waiter.claim(0)
                {
                    waiter.wake();
                }
            }
            AtEnd::Alone => {
                std::mem::forget(going);
                // SAFETY: nobody else has it.
                unsafe { Self::free(head) };
            }
        }
    }

    /// # Safety
    ///
    /// `head` is that of such a task, which the caller alone has, and whose `f` is gone.
    unsafe fn free(head: NonNull<Head>) {
        struct Block(NonNull<u8>, Home, Layout);
        impl Drop for Block {
            fn drop(&mut self) {
                // SAFETY: `new` took it, of this layout, and nobody has it any more.
                unsafe { blocks::put(self.0, self.1, self.2) };
            }
        }
        let task = head.cast::<Self>();
        // SAFETY: by the caller.
        let home = unsafe { (*head.as_ptr()).home };
        // Also where what is dropped panics.
        let _block = Block(task.cast(), home, Layout::new::<Self>());
        // SAFETY: by the caller.
        unsafe { ptr::drop_in_place(task.as_ptr()) };
    }
}

/// The goroutine's side, which is to let go.
struct Going(NonNull<Head>);

impl Drop for Going {
    fn drop(&mut self) {
        // SAFETY: who made this has not let go of the goroutine's side.
        unsafe { let_go(self.0, Side::Goroutine) };
    }
}

/// # Safety
///
/// The caller is this side of the task, and lets go of it hereby.
unsafe fn let_go(head: NonNull<Head>, side: Side) {
    // SAFETY: by the caller, it is there; where both have let go, it is the caller's to free, and what
    // was to run has been taken out.
    unsafe {
        if (*head.as_ptr()).parting.let_go(side) {
            ((*head.as_ptr()).of_type.free)(head);
        }
    }
}

/// What a goroutine runs.
pub(crate) struct Body(NonNull<Head>);

// SAFETY: what it runs, and what that returns, is `Send`, as `new` demands; what it shares with the other side
// is changed as `Parting` says.
unsafe impl Send for Body {}

impl Body {
    /// Runs it, as the goroutine `g`.
    pub(crate) fn run(self, g: &Goroutine) {
        self.take(Some(g));
    }

    /// Drops what it would have run.
    pub(crate) fn discard(self) {
        self.take(None);
    }

    fn take(self, g: Option<&Goroutine>) {
        let body = ManuallyDrop::new(self);
        // SAFETY: this is the goroutine's side, which has not run it, and is gone afterwards.
        unsafe { ((*body.0.as_ptr()).of_type.run)(body.0, g) };
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        // SAFETY: as in `take`; this does not happen after it.
        unsafe { ((*self.0.as_ptr()).of_type.run)(self.0, None) };
    }
}

/// What a goroutine leaves behind.
pub(crate) struct Ending<T> {
    ended: NonNull<Ended<T>>,
    _result: PhantomData<fn() -> T>,
}

// SAFETY: it gives the result, which is `Send` then, to who has it; a shared one lets wait for the end only.
unsafe impl<T: Send> Send for Ending<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Ending<T> {}

impl<T> Ending<T> {
    pub(crate) fn ended(&self) -> &Ended<T> {
        // SAFETY: this side has not let go.
        unsafe { self.ended.as_ref() }
    }
}

impl<T> Drop for Ending<T> {
    fn drop(&mut self) {
        // SAFETY: this is the handle's side, which is gone afterwards.
        unsafe { let_go(self.ended.cast(), Side::Handle) };
    }
}

/// What a goroutine leaves behind at its end.
#[repr(C)]
pub(crate) struct Ended<T> {
    head: Head,
    /// The goroutine's until the end, then the joiner's.
    left: UnsafeCell<Left<T>>,
    /// Whom to wake: the handle's until it says that it waits, then the goroutine's.
    waiter: UnsafeCell<Option<Waiter>>,
}

/// Who has the task when the goroutine has ended.
enum AtEnd {
    /// Both still, for the goroutine was unwound because its run is over.
    Cancelled,
    /// The handle, and this one is to be woken.
    Shared(Option<Waiter>),
    /// The goroutine.
    Alone,
}

// SAFETY: `waiter` is the handle's, and then, after a look that finds it announced, the goroutine's. `left` is the goroutine's, and then, after a look that finds the end, the joiner's alone,
// who may be on another thread: the result must be `Send`. All else may be shared.
unsafe impl<T: Send> Sync for Ended<T> {}

struct Left<T> {
    result: Option<std::thread::Result<T>>,
    note: Option<PanicNote>,
    /// Made where a detector needs it.
    edge: Option<Box<SyncVar>>,
}

impl<T> Ended<T> {
    fn new(head: Head) -> Self {
        Self {
            head,
            left: UnsafeCell::new(Left {
                result: None,
                note: None,
                edge: None,
            }),
            waiter: UnsafeCell::new(None),
        }
    }

    /// The goroutine `g` has come to its end, with `result`. One that is unwound because its run is over
    /// leaves nothing.
    ///
    /// # Safety
    ///
    /// The caller has the goroutine's side, and lets go of it hereby, unless it was cancelled.
    unsafe fn end(this: *const Self, g: &Goroutine, result: std::thread::Result<T>) -> AtEnd {
        // The first panic is the goroutine's.
        let result = match (result, local::drop_all(g)) {
            (Ok(_), Err(payload)) => Err(payload),
            (result, _) => result,
        };
        let note = match &result {
            Err(payload) if payload.is::<Cancelled>() => return AtEnd::Cancelled,
            Err(payload) if !g.is_main() => Some(g.run.note_panic(g, &**payload)),
            _ => None,
        };
        // SAFETY: the caller's side has it, and nobody else looks before the end.
        let left = unsafe { &mut *(*this).left.get() };
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
        let mut waiter = None;
        // SAFETY: as above; who waits has left the waiter for the goroutine, which has not let go yet.
        let alone = unsafe {
            let take = || waiter = (*(*this).waiter.get()).take();
            (*this).head.parting.end(take)
        };
        if alone {
            AtEnd::Alone
        } else {
            AtEnd::Shared(waiter)
        }
    }

    /// Has the end wake a waiter; `false` where it has come.
    ///
    /// # Safety
    ///
    /// The handle calls this, and where it gave `true`, not again.
    pub(crate) unsafe fn wait(&self, waiter: Waiter) -> bool {
        // SAFETY: until it is announced, the goroutine does not look; by the caller nobody else is here.
        unsafe { *self.waiter.get() = Some(waiter) };
        self.head.parting.await_end()
    }

    pub(crate) fn has_come(&self) -> bool {
        self.head.parting.has_ended()
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
