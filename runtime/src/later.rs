//! A goroutine that is to start later, or never.
//!
//! It is known to the detector from the moment that it is set, so that what came before that comes
//! before its first step, and nothing else does: not what the goroutine did on whose stack its time
//! happens to come. It owns no stack, and its run does not know it, before it starts.

use crate::current;
use crate::detect;
use crate::go::{fork, spawn};
use crate::goroutine::G;
use crate::run::Run;
use deadheat_detector::sync::SyncVar;
use deadheat_detector::thread::{SyncOp, Thread};
use parking_lot::Mutex;
use std::sync::{Arc, Weak};

/// A goroutine that is to start later.
pub(crate) struct Later {
    run: Weak<Run>,
    thread: Option<Thread>,
    creator: u64,
    op: SyncOp,
    body: Option<Box<dyn FnOnce() + Send>>,
}

impl Later {
    /// A goroutine of the caller's run that is to call `f`.
    ///
    /// # Panics
    ///
    /// Outside a run.
    pub(crate) fn new(op: SyncOp, f: impl FnOnce() + Send + 'static) -> Self {
        let Some(creator) = current::get() else {
            panic!(
                "{} needs a run to start a goroutine in: call it under #[deadheat::test], \
                 #[deadheat::main] or deadheat::run",
                op.what
            )
        };
        Self {
            run: Arc::downgrade(&creator.run),
            thread: fork(op),
            creator: creator.id(),
            op,
            body: Some(Box::new(f)),
        }
    }

    /// Starts it: after what was released to `edge`, too. Does nothing where its run is over.
    pub(crate) fn start(mut self, edge: Option<SyncVar>) {
        let thread = self.thread.take();
        let Some((run, g)) = self.spawn(thread, edge) else {
            return;
        };
        run.scheduler.ready(g);
    }

    /// Its run is over: it is among those that are unwound. What `f` has captured is dropped as part
    /// of a goroutine, since destructors may block.
    pub(crate) fn abandon(mut self) {
        self.spawn(None, None);
    }

    fn spawn(&mut self, thread: Option<Thread>, edge: Option<SyncVar>) -> Option<(Arc<Run>, G)> {
        let run = self.run.upgrade()?;
        let (op, f) = (self.op, self.body.take()?);
        let body = move || {
            if let Some(edge) = edge {
                detect::with(|_, thread| thread.acquire(&edge, op));
            }
            f();
        };
        let stack = run.stack_size(false);
        let (g, _) = spawn(&run, thread, Some(self.creator), op.at, stack, body);
        Some((run, g))
    }
}

impl Drop for Later {
    fn drop(&mut self) {
        let Some(mut thread) = self.thread.take() else {
            return;
        };
        if let Some(run) = self.run.upgrade()
            && let Some(detector) = &run.detector
        {
            detector.end(&mut thread, &mut SyncVar::new(), self.op);
        }
    }
}

/// A goroutine that is to start unless somebody takes it first.
pub(crate) struct Call(Mutex<Option<Later>>);

impl Call {
    pub(crate) fn new(later: Later) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Some(later))))
    }

    /// Takes it; `None` where it has started, or was taken. The caller drops it without any lock.
    pub(crate) fn take(&self) -> Option<Later> {
        self.0.lock().take()
    }

    /// Starts it, unless it was taken.
    pub(crate) fn start(&self) {
        if let Some(later) = self.take() {
            later.start(None);
        }
    }
}
