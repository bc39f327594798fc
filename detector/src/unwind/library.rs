//! Walking by the system's unwinder, through the `backtrace` crate.

use super::Visitor;

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
