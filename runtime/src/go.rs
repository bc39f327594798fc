//! Starting goroutines, and waiting for them.

use crate::current;
use crate::detect;
use crate::goroutine::{self, Body, Cancelled, G};
use crate::local;
use crate::run::{self, PanicNote, Run};
use crate::stack;
use crate::waiter::{WaitReason, Waiter};
use deadheat_detector::sync::SyncVar;
use deadheat_detector::thread::{SyncOp, Thread};
use parking_lot::Mutex;
use std::any::Any;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
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
        let Some(parent) = current::get() else {
            panic!(
                "go() needs a run to start a goroutine in: call it under #[deadheat::test], \
                 #[deadheat::main] or deadheat::run"
            )
        };
        current::safepoint();
        let run = Arc::clone(&parent.run);
        let mut thread = fork(op);
        if let (Some(thread), Some(name)) = (&mut thread, &self.name) {
            thread.set_name(name);
        }
        let bytes = self.stack_size.map(stack::size_for);
        let bytes = bytes.unwrap_or_else(|| run.stack_size(false));
        let (g, handle) = spawn(&run, thread, Some(parent.id), at, bytes, f);
        if let Some(name) = &self.name {
            g.set_name(name);
        }
        run.scheduler.ready(g);
        current::safepoint();
        handle
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
    current::with(|g| g.id)
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
    let ended = Arc::new(Ended::<T>::default());
    let body = body(f, Arc::clone(&ended));
    let id = run.number(thread.as_ref());
    let g = goroutine::Goroutine::new(id, Arc::clone(run), thread, creator, at, stack_size, body);
    run.keep(&g);
    (g, JoinHandle { ended, id })
}

fn body<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static, ended: Arc<Ended<T>>) -> Body {
    Box::new(move || {
        let result = catch_unwind(AssertUnwindSafe(f));
        let g = current::get().expect("a body runs as a goroutine");
        // The first panic is the goroutine's.
        let result = match (result, local::drop_all(&g)) {
            (Ok(_), Err(payload)) => Err(payload),
            (result, _) => result,
        };
        let result = match result {
            Err(payload) if payload.is::<Cancelled>() => return,
            result => result,
        };
        let note = match &result {
            Err(payload) if !g.is_main() => Some(g.run.note_panic(&g, &**payload)),
            _ => None,
        };
        let op = SyncOp {
            what: "goroutine end",
            at: g.created,
        };
        let waiters = {
            let mut state = ended.state.lock();
            detect::with(|detector, thread| detector.end(thread, &mut state.edge, op));
            state.result = Some(result);
            state.note = note;
            state.finished = true;
            std::mem::take(&mut state.waiters)
        };
        for waiter in waiters {
            if waiter.claim(0) {
                waiter.wake();
            }
        }
    })
}

struct Ended<T> {
    state: Mutex<EndedState<T>>,
}

struct EndedState<T> {
    finished: bool,
    result: Option<std::thread::Result<T>>,
    note: Option<PanicNote>,
    edge: SyncVar,
    waiters: Vec<Arc<Waiter>>,
}

impl<T> Default for Ended<T> {
    fn default() -> Self {
        let state = EndedState {
            finished: false,
            result: None,
            note: None,
            edge: SyncVar::new(),
            waiters: Vec::new(),
        };
        Self {
            state: Mutex::new(state),
        }
    }
}

/// The right to wait for a goroutine's end. Dropping it lets the goroutine run on.
#[must_use = "a panic of the goroutine fails the run unless somebody joins it"]
///
/// It can be awaited too: that is a [`join`](Self::join), with the same edge, to whoever polls.
pub struct JoinHandle<T> {
    ended: Arc<Ended<T>>,
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
            let Some(waiter) = self.wait_for_end(current::waiter) else {
                continue;
            };
            waiter.wait(WaitReason::new("goroutine join", at));
        }
    }

    /// Whether the goroutine has ended. Orders nothing.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        current::safepoint();
        self.ended.state.lock().finished
    }

    /// The number of the goroutine.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// A new `waiter` that the end wakes; `None` where it has come.
    fn wait_for_end(&self, waiter: impl FnOnce() -> Arc<Waiter>) -> Option<Arc<Waiter>> {
        let mut state = self.ended.state.lock();
        if state.finished {
            return None;
        }
        let waiter = waiter();
        state.waiters.push(Arc::clone(&waiter));
        Some(waiter)
    }

    fn take_result_at(&self, at: &'static Location<'static>) -> Option<std::thread::Result<T>> {
        let mut state = self.ended.state.lock();
        if !state.finished {
            return None;
        }
        assert!(
            state.result.is_some(),
            "a join was polled after it had ended"
        );
        let op = SyncOp {
            what: "goroutine join",
            at,
        };
        detect::with(|_, thread| thread.acquire(&state.edge, op));
        if let Some(note) = &state.note {
            note.joined();
        }
        state.result.take()
    }

    /// The result of a main goroutine, when its run is over.
    pub(crate) fn take_result(&self) -> Option<std::thread::Result<T>> {
        self.ended.state.lock().result.take()
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
    waiter: Option<Arc<Waiter>>,
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
            let waker = context.waker().clone();
            if let Some(waiter) = self.handle.wait_for_end(|| Waiter::task(waker)) {
                self.waiter = Some(waiter);
                return Poll::Pending;
            }
        }
    }
}
