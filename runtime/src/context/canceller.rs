//! Who says that a context's work is not wanted any more.

use super::Ended;
use super::scope::Scope;
use crate::current;
use deadheat_detector::thread::SyncOp;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// Cancels a context; see [`Context::with_cancel`](super::Context::with_cancel). Clones cancel the
/// same one.
///
/// Dropping it does not cancel. A context whose work is done is cancelled, or dropped with all its
/// clones; either releases what it has.
#[derive(Clone)]
pub struct Canceller {
    scope: Arc<Scope>,
}

impl Canceller {
    pub(super) fn new(scope: Arc<Scope>) -> Self {
        Self { scope }
    }

    /// Cancels the context and all derived from it. Does nothing where it was cancelled already.
    #[track_caller]
    pub fn cancel(&self) {
        let op = SyncOp::here("context cancel");
        current::safepoint();
        self.scope.cancel(&Ended::cancelled(), op);
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Canceller { .. }")
    }
}

/// Cancels a context and says what led to it; see
/// [`Context::with_cancel_cause`](super::Context::with_cancel_cause). Otherwise it is a [`Canceller`].
///
/// ```
/// use deadheat_runtime::context::{Context, ContextError};
///
/// let (context, canceller) = Context::background().with_cancel_cause();
/// canceller.cancel("no more coffee");
/// assert_eq!(context.err(), Some(ContextError::Cancelled));
/// assert_eq!(context.cause().unwrap().to_string(), "no more coffee");
/// ```
#[derive(Clone)]
pub struct CauseCanceller {
    scope: Arc<Scope>,
}

impl CauseCanceller {
    pub(super) fn new(scope: Arc<Scope>) -> Self {
        Self { scope }
    }

    /// Cancels the context and all derived from it, with an error, or a text, as cause. Does nothing
    /// where it was cancelled already: the first cause stays.
    #[track_caller]
    pub fn cancel(&self, cause: impl Into<Box<dyn Error + Send + Sync>>) {
        let op = SyncOp::here("context cancel");
        current::safepoint();
        self.scope.cancel(&Ended::because(cause.into().into()), op);
    }
}

impl fmt::Debug for CauseCanceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CauseCanceller { .. }")
    }
}
