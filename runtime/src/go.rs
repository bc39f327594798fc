//! Starting goroutines, and waiting for them.

use crate::current;
use crate::detect;
use crate::goroutine::{self, About, G};
use crate::run::{self, Run};
use crate::stack;
use crate::task::{self, Ending};
use crate::waiter::{WaitReason, Waiter};
use deadheat_detector::thread::{SyncOp, Thread};
use std::any::Any;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Starts a goroutine: a light thread of execution that the current run schedules.
///
/// **Happens-before:** the call comes before the goroutine's first step. The goroutine's end
/// comes before nothing, except the return of [`JoinHandle::join`].
///
/// A panic ends the goroutine, not the process: it surfaces at `join`, and fails the run where
/// nobody joins.
///
/// # Panics
///
/// Outside a run: under `#[deadheat::test]`, `#[deadheat::main]` or [`Run::go`](crate::Builder::go) there is one.
#[track_caller]
pub fn go<T, F>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Goroutine::new().go(f)
}

/// A goroutine to come, with a name or a stack of its own.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::Goroutine;
///
/// let deep = Goroutine::new().name("parser").stack_size(64 << 20).go(|| 42);
/// assert_eq!(deep.join().unwrap(), 42);
/// # }).result.unwrap();
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "nothing starts before `go` is called"]
pub struct Goroutine {
    name: Option<String>,
    stack_size: Option<usize>,
}

impl Goroutine {
    /// A goroutine like those that [`go()`] starts.
    pub fn new() -> Self {
        Self::default()
    }

    /// The name that reports and dumps show.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The bytes of its stack: the next power of two is taken, at least 16 KiB and at most 1 GiB.
    /// It is address space: memory is taken for what is touched only. A goroutine that needs more
    /// than it has ends the process with a message that names it.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Starts the goroutine, as [`go()`] does.
    ///
    /// # Panics
    ///
    /// Outside a run.
    #[track_caller]
    pub fn go<T, F>(self, f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let at = Location::caller();
        let op = SyncOp {
            what: "go statement",
            at,
        };
        let started = current::with(|parent| {
            current::safepoint();
            let run = &parent.run;
            let mut thread = fork(op);
            if let (Some(thread), Some(name)) = (&mut thread, &self.name) {
                thread.set_name(name);
            }
            let bytes = self.stack_size.map(stack::size_for);
            let bytes = bytes.unwrap_or_else(|| run.stack_size(false));
            let (g, handle) = spawn(run, thread, Some(parent.id()), at, bytes, f);
            if let Some(name) = &self.name {
                g.set_name(name);
            }
            run.scheduler.ready(g);
            current::safepoint();
            handle
        });
        started.unwrap_or_else(|| {
            panic!(
                "go() needs a run to start a goroutine in: call it under #[deadheat::test], \
                 #[deadheat::main] or deadheat::run"
            )
        })
    }
}

/// Lets other goroutines run. Orders nothing. Outside a run it yields the OS thread.
pub fn yield_now() {
    if current::with(goroutine::Goroutine::yield_now).is_none() {
        std::thread::yield_now();
    }
}

/// The number of the running goroutine; 1 is the run's main one. `None` outside a run.
#[must_use]
pub fn goroutine_id() -> Option<u64> {
    current::with(goroutine::Goroutine::id)
}

/// Gives the running goroutine a name, which reports and dumps show. The first one given stays.
pub fn set_goroutine_name(name: &str) {
    current::with(|g| g.set_name(name));
    detect::with(|_, thread| thread.set_name(name));
}

/// The main goroutine of `run`, not yet handed to the scheduler.
pub(crate) fn main_goroutine<T: Send + 'static>(
    run: &Arc<Run>,
    f: impl FnOnce() -> T + Send + 'static,
) -> (G, JoinHandle<T>) {
    let thread = run
        .detector
        .as_ref()
        .map(deadheat_detector::Detector::main_thread);
    spawn(run, thread, None, run::here(), run.stack_size(true), f)
}

/// The detector's side of a goroutine that the caller starts by `op`.
pub(crate) fn fork(op: SyncOp) -> Option<Thread> {
    detect::with(|detector, thread| {
        let child = detector.fork(thread, op);
        child.expect("a run has fewer than 2^24 goroutines where detection is on")
    })
}

/// A goroutine, not yet handed to the scheduler.
pub(crate) fn spawn<T: Send + 'static>(
    run: &Arc<Run>,
    thread: Option<Thread>,
    creator: Option<u64>,
    at: &'static Location<'static>,
    stack_size: usize,
    f: impl FnOnce() -> T + Send + 'static,
) -> (G, JoinHandle<T>) {
    let (body, task) = task::new(run, f);
    let id = run.number(thread.as_ref());
    let about = About {
        id,
        creator,
        created: at,
        stack_size,
        body,
    };
    let g = run.start(about);
    if let Some(thread) = thread {
        // SAFETY: it is in no queue yet.
        unsafe { g.set_thread(thread) };
    }
    (g, JoinHandle { task, id })
}

/// The right to wait for a goroutine's end. Dropping it lets the goroutine run on.
///
/// It can be awaited too: that is a [`join`](Self::join), with the same edge, to whoever polls.
#[must_use = "a panic of the goroutine fails the run unless somebody joins it"]
pub struct JoinHandle<T> {
    task: Ending<T>,
    id: u64,
}

impl<T> JoinHandle<T> {
    /// Waits for the goroutine's end and gives what it returned.
    ///
    /// **Happens-before:** everything the goroutine did comes before the return of `join`.
    ///
    /// # Errors
    ///
    /// The payload of the panic that ended the goroutine.
    #[track_caller]
    pub fn join(self) -> Result<T, Box<dyn Any + Send + 'static>> {
        let at = Location::caller();
        current::safepoint();
        loop {
            if let Some(result) = self.take_result_at(at) {
                return result;
            }
            let wait = current::wait();
            // SAFETY: this is the handle; it goes on when the end has come, and does not get here again.
            if unsafe { self.task.ended().wait(wait.waiter()) } {
                wait.wait(WaitReason::new("goroutine join", at));
            }
        }
    }

    /// Whether the goroutine has ended. Orders nothing.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        current::safepoint();
        self.task.ended().has_come()
    }

    /// The number of the goroutine.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    fn take_result_at(&self, at: &'static Location<'static>) -> Option<std::thread::Result<T>> {
        let op = SyncOp {
            what: "goroutine join",
            at,
        };
        // SAFETY: there is one handle, and whoever has it is the only one to call this: `join` takes it, a
        // future that has it is polled by one at a time.
        unsafe { self.task.ended().join(op) }
    }

    /// The result of a main goroutine, when its run is over.
    pub(crate) fn take_result(&self) -> Option<std::thread::Result<T>> {
        // SAFETY: the handle of a main goroutine is the run's own, which does not join it.
        unsafe { self.task.ended().take_result() }
    }
}

impl<T> IntoFuture for JoinHandle<T> {
    type Output = Result<T, Box<dyn Any + Send + 'static>>;
    type IntoFuture = JoinFuture<T>;

    #[track_caller]
    fn into_future(self) -> JoinFuture<T> {
        JoinFuture {
            handle: self,
            at: Location::caller(),
            waiter: None,
        }
    }
}

/// A [`JoinHandle`] that is awaited. Dropping it lets the goroutine run on.
#[must_use = "futures do nothing unless they are polled"]
pub struct JoinFuture<T> {
    handle: JoinHandle<T>,
    at: &'static Location<'static>,
    /// Since the first poll, if that did not find the end.
    waiter: Option<Waiter>,
}

impl<T> Future for JoinFuture<T> {
    type Output = Result<T, Box<dyn Any + Send + 'static>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &self.waiter {
            Some(waiter) if !waiter.is_done(context) => return Poll::Pending,
            Some(_) => {}
            None => current::safepoint(),
        }
        loop {
            if let Some(result) = self.handle.take_result_at(self.at) {
                return Poll::Ready(result);
            }
            let waiter = Waiter::task(context.waker().clone());
            // SAFETY: this is the handle; the waiter is done when the end has come, and not before.
            if unsafe { self.handle.task.ended().wait(waiter.clone()) } {
                self.waiter = Some(waiter);
                return Poll::Pending;
            }
        }
    }
}
