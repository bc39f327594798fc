//! Walking the current stack into the context tree.

use crate::context::{ContextTree, Frame, NodeId, Site};
use smallvec::SmallVec;
use std::ops::Range;
use std::panic::Location;

/// The deepest stack that is kept whole; of a deeper one the innermost frames are kept.
const MAX_FRAMES: usize = 256;

/// The current call stack, up to the first frame that does not lie within `stack`, as a node of
/// `tree`. `site` becomes the innermost frame: it names the line and column exactly, also
/// where there is no debug information.
///
/// Frames are found by unwinding, so the program needs unwind tables (the default).
pub(crate) fn capture(
    tree: &ContextTree,
    stack: &Range<usize>,
    site: &'static Location<'static>,
) -> NodeId {
    let node = walk(stack).iter().rev().fold(NodeId::ROOT, |node, &ip| {
        tree.child(node, Frame::Return(ip))
    });
    tree.child(node, Frame::Site(Site(site)))
}

/// The return addresses of the current call stack, innermost first, up to the first frame that
/// does not lie within `stack`.
pub(crate) fn walk(stack: &Range<usize>) -> SmallVec<[usize; 48]> {
    let mut addresses = SmallVec::new();
    let visit = |frame: &backtrace::Frame| {
        if !stack.contains(&(frame.sp() as usize)) || addresses.len() >= MAX_FRAMES {
            return false;
        }
        addresses.push(frame.ip() as usize);
        true
    };
    // SAFETY: the crate's lock, which this call leaves out, serialises `dbghelp` on Windows
    // only; elsewhere walking a stack shares nothing with other threads. It is left out
    // because a thread can be switched away while it waits for a lock, not while it walks.
    #[cfg(not(windows))]
    unsafe {
        backtrace::trace_unsynchronized(visit);
    }
    #[cfg(windows)]
    backtrace::trace(visit);
    addresses
}
