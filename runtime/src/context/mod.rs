//! What is to be given up, and when, as in Go's [`context`](https://pkg.go.dev/context).
//!
//! - [`Context`]: says whether its work is still wanted, until when, and carries values;
//! - [`canceller`]: [`Canceller`] and [`CauseCanceller`], who say that it is not wanted any more;
//! - [`error`]: [`ContextError`] and [`Cause`], why it is not;
//! - `after_func`: what is to be done then;
//! - `scope`: the tree that cancelling follows, and its edges.

mod after_func;
pub mod canceller;
pub mod error;
mod scope;

pub use after_func::AfterFunc;
pub use canceller::{Canceller, CauseCanceller};
pub use error::{Cause, ContextError};

use self::scope::{Ended, Scope};
use crate::chan::Receiver;
use crate::current;
use crate::time::clock::now;
use deadheat_detector::thread::SyncOp;
use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Says whether a piece of work is still wanted, until when, and carries values for it.
///
/// Contexts form a tree: each `with_…` derives a child. Cancelling a context cancels all that were
/// derived from it, and no other. Clones are the same context.
///
/// **Happens-before:** the cancelling comes before a receive that finds [`done`](Self::done) closed,
/// before a call of [`err`](Self::err) or [`cause`](Self::cause) that says so, and before the first
/// step of what [`after_func`](Self::after_func) has set, of the context itself and of all derived
/// from it. Where the time of a context is up, that orders only what came before the context was
/// made. A call that finds the context not cancelled orders nothing.
///
/// A context that nobody has a clone, a child or a canceller of is gone: its parent keeps nothing of
/// it, its timer is stopped, and its `done` counts as closed for those who still have a clone of that.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::context::{Context, ContextError};
/// use deadheat_runtime::{chan, go, select};
/// use std::time::Duration;
///
/// let (all, canceller) = Context::background().with_cancel();
/// let (one, _) = all.with_timeout(Duration::from_secs(1));
/// let worker = go(move || {
///     let (_quiet, never) = chan::unbuffered::<()>();
///     select! {
///         recv(one.done()) -> _ => one.err(),
///         recv(never) -> _ => None,
///     }
/// });
/// canceller.cancel();
/// assert_eq!(worker.join().unwrap(), Some(ContextError::Cancelled));
/// # }).result.unwrap();
/// ```
#[derive(Clone)]
pub struct Context(Arc<Node>);

/// A node of the tree: what a derived context adds to its parent.
struct Node {
    parent: Option<Context>,
    /// Its own, or its parent's.
    scope: Arc<Scope>,
    value: Option<Arc<dyn Any + Send + Sync>>,
}

impl Context {
    /// The root of a tree: never cancelled, without a deadline or values.
    #[must_use]
    #[track_caller]
    pub fn background() -> Self {
        Self(Arc::new(Node {
            parent: None,
            scope: Scope::root(),
            value: None,
        }))
    }

    /// A child that can be cancelled.
    ///
    /// Dropping the canceller does not cancel: the child lives on until its parent is cancelled.
    #[must_use]
    #[track_caller]
    pub fn with_cancel(&self) -> (Self, Canceller) {
        let child = self.derive(None, SyncOp::here("Context::with_cancel"));
        let canceller = Canceller::new(Arc::clone(&child.0.scope));
        (child, canceller)
    }

    /// A child that can be cancelled with a cause.
    #[must_use]
    #[track_caller]
    pub fn with_cancel_cause(&self) -> (Self, CauseCanceller) {
        let child = self.derive(None, SyncOp::here("Context::with_cancel_cause"));
        let canceller = CauseCanceller::new(Arc::clone(&child.0.scope));
        (child, canceller)
    }

    /// A child that can be cancelled, and is when `timeout` has passed: virtual time on the
    /// controlled scheduler.
    ///
    /// # Panics
    ///
    /// Outside a run: it takes a goroutine to cancel it.
    #[must_use]
    #[track_caller]
    pub fn with_timeout(&self, timeout: Duration) -> (Self, Canceller) {
        let op = SyncOp::here("Context::with_timeout");
        self.until(now().saturating_add(timeout), op)
    }

    /// A child that can be cancelled, and is at the time `deadline` since the run's start
    /// ([`since_start`](crate::time::since_start)), at once if that has come.
    ///
    /// # Panics
    ///
    /// Outside a run: it takes a goroutine to cancel it.
    #[must_use]
    #[track_caller]
    pub fn with_deadline(&self, deadline: Duration) -> (Self, Canceller) {
        self.until(deadline, SyncOp::here("Context::with_deadline"))
    }

    #[track_caller]
    fn until(&self, deadline: Duration, op: SyncOp) -> (Self, Canceller) {
        let child = self.derive(Some(deadline), op);
        let canceller = Canceller::new(Arc::clone(&child.0.scope));
        (child, canceller)
    }

    #[track_caller]
    fn derive(&self, deadline: Option<Duration>, op: SyncOp) -> Self {
        current::safepoint();
        self.child(Scope::child(&self.0.scope, deadline, op), None)
    }

    /// A child that carries `value`. The type is the key: a child's value hides its parents' of the
    /// same type, so a type of one's own (`struct RequestId(u64)`) keeps it apart from others'.
    ///
    /// ```
    /// # use deadheat_runtime::context::Context;
    /// struct RequestId(u64);
    ///
    /// let context = Context::background().with_value(RequestId(7));
    /// assert_eq!(context.value::<RequestId>().map(|id| id.0), Some(7));
    /// assert!(context.value::<u64>().is_none());
    /// ```
    #[must_use]
    pub fn with_value<T: Send + Sync + 'static>(&self, value: T) -> Self {
        self.child(Arc::clone(&self.0.scope), Some(Arc::new(value)))
    }

    /// A child with the same values that is not cancelled when its parent is, and has no deadline.
    #[must_use]
    #[track_caller]
    pub fn without_cancel(&self) -> Self {
        self.child(Scope::root(), None)
    }

    fn child(&self, scope: Arc<Scope>, value: Option<Arc<dyn Any + Send + Sync>>) -> Self {
        Self(Arc::new(Node {
            parent: Some(self.clone()),
            scope,
            value,
        }))
    }

    /// The value of type `T`: the context's own, or that of the nearest parent which has one.
    #[must_use]
    pub fn value<T: Send + Sync + 'static>(&self) -> Option<&T> {
        let mut node = &self.0;
        loop {
            let value = node.value.as_deref();
            if let Some(value) = value.and_then(<dyn Any + Send + Sync>::downcast_ref) {
                return Some(value);
            }
            node = &node.parent.as_ref()?.0;
        }
    }

    /// A channel that is closed when the context is cancelled, and that nobody sends to. For a
    /// context that is never cancelled it blocks for ever.
    #[must_use]
    pub fn done(&self) -> &Receiver<()> {
        self.0.scope.done()
    }

    /// Why the context was cancelled; `None` where it was not.
    #[must_use]
    #[track_caller]
    pub fn err(&self) -> Option<ContextError> {
        let op = SyncOp::here("Context::err");
        current::safepoint();
        self.0.scope.ended(op).map(|ended| ended.error)
    }

    /// What the [`CauseCanceller`] gave as cause, of this context or the parent by which it was
    /// cancelled; the error that [`err`](Self::err) gives where there was none. `None` where the
    /// context was not cancelled.
    #[must_use]
    #[track_caller]
    pub fn cause(&self) -> Option<Cause> {
        let op = SyncOp::here("Context::cause");
        current::safepoint();
        self.0.scope.ended(op).map(|ended| ended.cause)
    }

    /// When the context will be cancelled at the latest: a time since the run's start. `None` where
    /// neither it nor a parent has a deadline.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.0.scope.deadline()
    }

    /// Starts a goroutine that calls `f` when the context is cancelled, at once if it was already;
    /// see [`AfterFunc`].
    ///
    /// **Happens-before:** the call, and the cancelling, come before the first step of `f`.
    ///
    /// # Panics
    ///
    /// Outside a run: there is none to start a goroutine in.
    ///
    /// ```
    /// # deadheat_runtime::Run::new("doc").go(|| {
    /// use deadheat_runtime::{chan, context::Context};
    ///
    /// let (tx, rx) = chan::bounded(1);
    /// let (context, canceller) = Context::background().with_cancel();
    /// let _cleanup = context.after_func(move || tx.send("cleaned up").unwrap());
    /// canceller.cancel();
    /// assert_eq!(rx.recv(), Ok("cleaned up"));
    /// # }).result.unwrap();
    /// ```
    #[track_caller]
    pub fn after_func(&self, f: impl FnOnce() + Send + 'static) -> AfterFunc {
        let op = SyncOp::here("Context::after_func");
        current::safepoint();
        AfterFunc::new(&self.0.scope, op, f)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("deadline", &self.deadline())
            .finish_non_exhaustive()
    }
}
