//! Walking by the system's unwinder, through the `backtrace` crate.

use super::{Bounds, Visitor};
use crate::context::{self, NodeId};
use crate::stack::Operation;

/// Where there are no rules, no walk is remembered.
#[derive(Default)]
#[allow(dead_code, reason = "for platforms that have no rules")]
pub(super) struct LastWalk;

#[allow(dead_code, reason = "for platforms that have no rules")]
impl LastWalk {
    /// `None`, always.
    pub(super) fn node(
        &mut self,
        _: Bounds<'_>,
        _: Operation,
        _: impl Fn(NodeId, context::Frame) -> NodeId,
    ) -> Option<NodeId> {
        None
    }
}

/// Visits the current stack; `true`, because it always does.
pub(super) fn walk(visitor: &mut Visitor<'_>) -> bool {
    let visit = |frame: &backtrace::Frame| visitor.visit(frame.ip() as usize, frame.sp() as usize);
    // SAFETY: the crate's lock, which this call leaves out, serialises `dbghelp` on Windows
    // only; elsewhere walking a stack shares nothing with other threads. It is left out
    // because a thread can be switched away while it waits for a lock, not while it walks.
    #[cfg(not(windows))]
    unsafe {
        backtrace::trace_unsynchronized(visit);
    }
    #[cfg(windows)]
    backtrace::trace(visit);
    true
}
