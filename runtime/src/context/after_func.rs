//! What is to be done when a context is cancelled.

use super::scope::Scope;
use crate::current;
use crate::later::{Call, Later};
use deadheat_detector::thread::SyncOp;
use std::fmt;
use std::sync::Arc;

/// What [`Context::after_func`](super::Context::after_func) has set.
///
/// It keeps the context, which is not cancelled any more once it is gone. Dropping it changes
/// nothing else.
#[must_use = "`f` does not start where the context is dropped before it is cancelled; this keeps it"]
pub struct AfterFunc {
    scope: Arc<Scope>,
    call: Arc<Call>,
    /// What the scope knows it by.
    id: u64,
}

impl AfterFunc {
    pub(super) fn new(scope: &Arc<Scope>, op: SyncOp, f: impl FnOnce() + Send + 'static) -> Self {
        let call = Call::new(Later::new(op, f));
        Self {
            id: scope.add_call(&call, op),
            scope: Arc::clone(scope),
            call,
        }
    }

    /// Keeps the goroutine from starting. `false` where it has started, or was stopped before; it is
    /// not waited for. Orders nothing.
    pub fn stop(&self) -> bool {
        current::safepoint();
        let later = self.call.take();
        self.scope.remove(self.id);
        later.is_some()
    }
}

impl fmt::Debug for AfterFunc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AfterFunc { .. }")
    }
}
