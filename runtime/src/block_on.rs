//! Awaiting a future in a goroutine.
//!
//! The future's waker is a [`Signal`], which remembers that it was woken, with the clocks of those
//! who did it. Between two polls the goroutine waits for the signal as for anything else.
//!
//! Executors keep what they are at in thread-locals while they poll, so a goroutine must not leave
//! its thread in the middle of a poll: safepoints do nothing there.

use crate::current;
use crate::detect;
use crate::goroutine::G;
use crate::waiter::{Wait, WaitReason, Waiter};
use deadheat_detector::sync::SyncVar;
use deadheat_detector::thread::SyncOp;
use parking_lot::Mutex;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// Polls `future` to its end, and gives what it came to. Between polls the goroutine is blocked,
/// not its OS thread; outside a run the thread is.
///
/// **Happens-before:** a call of the future's waker comes before the poll that follows it.
///
/// A poll is one step: others of its thread do not run in between, so channels are to be awaited in
/// a future ([`recv_async`](crate::chan::Receiver::recv_async),
/// [`send_async`](crate::chan::Sender::send_async), [`JoinHandle`](crate::JoinHandle)), not waited for.
///
/// On the parallel scheduler a goroutine goes on on any thread after it was blocked. A future that
/// must stay on one, such as tokio's `LocalSet`, is for the controlled scheduler.
///
/// The future may be woken by a thread that is no goroutine, a timer of an executor, say. So where
/// every goroutine is blocked and one is so here, the run waits for ten seconds before it reports a
/// deadlock; for longer, see [`foreign_threads`](crate::foreign_threads). What such threads order
/// among themselves the detector does not see.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::{block_on, chan, go};
///
/// let (tx, rx) = chan::unbuffered();
/// let doubler = go(move || block_on(async move { 2 * rx.recv_async().await.unwrap() }));
/// let doubled = block_on(async {
///     tx.send_async(21).await.unwrap();
///     doubler.await.unwrap()
/// });
/// assert_eq!(doubled, 42);
/// # }).result.unwrap();
/// ```
#[track_caller]
pub fn block_on<F: IntoFuture>(future: F) -> F::Output {
    let at = Location::caller();
    let signal = Arc::new(Signal::new(at));
    let waker = Waker::from(Arc::clone(&signal));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future.into_future());
    loop {
        current::safepoint();
        if let Poll::Ready(output) = poll(future.as_mut(), &mut context) {
            return output;
        }
        signal.wait();
    }
}

/// Polls once, without a switch at safepoints.
fn poll<F: Future>(future: Pin<&mut F>, context: &mut Context<'_>) -> Poll<F::Output> {
    let _polling = current::get().map(Polling::new);
    future.poll(context)
}

/// While it lives its goroutine polls.
struct Polling {
    g: G,
    before: bool,
}

impl Polling {
    fn new(g: G) -> Self {
        let before = g.set_polling(true);
        Self { g, before }
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        self.g.set_polling(self.before);
    }
}

/// What wakes a future that a goroutine, or a thread, polls.
struct Signal {
    at: &'static Location<'static>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Since the last poll began.
    woken: bool,
    /// From those who wake to the poll.
    edge: SyncVar,
    waiter: Option<Waiter>,
}

impl Signal {
    fn new(at: &'static Location<'static>) -> Self {
        Self {
            at,
            state: Mutex::default(),
        }
    }

    fn op(&self, what: &'static str) -> SyncOp {
        SyncOp { what, at: self.at }
    }

    /// Blocks the goroutine until the signal was given since the last wait.
    fn wait(self: &Arc<Self>) {
        if let Some(wait) = self.begin_wait() {
            // Somebody else than this function's caller has the waker, and may be any thread.
            let wakeable = Arc::strong_count(self) > 2;
            let run = current::with(|g| Arc::clone(&g.run)).filter(|_| wakeable);
            let _outside = run.map(|run| run.outside());
            wait.wait(WaitReason::new("future", self.at));
        }
        let mut state = self.state.lock();
        state.woken = false;
        state.waiter = None;
        detect::with(|_, thread| thread.acquire(&state.edge, self.op("poll of a future")));
    }

    /// An operation that the signal completes; `None` where it was given already.
    fn begin_wait(&self) -> Option<Wait> {
        let mut state = self.state.lock();
        if state.woken {
            return None;
        }
        let wait = current::wait();
        state.waiter = Some(wait.waiter());
        Some(wait)
    }
}

/// No safepoint here: whoever wakes may have a lock.
impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut state = self.state.lock();
        state.woken = true;
        let op = self.op("wake of a future");
        detect::with(|_, thread| thread.release_merge(&mut state.edge, op));
        let waiter = state.waiter.take();
        drop(state);
        if let Some(waiter) = waiter.filter(|waiter| waiter.claim(0)) {
            waiter.wake();
        }
    }
}
