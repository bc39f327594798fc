//! Walking the current stack into the context tree.

use crate::context::{ContextTree, Frame, NodeId, Site};
use crate::unwind;
use std::ops::Range;
use std::panic::Location;

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
    let node = unwind::walk(stack)
        .iter()
        .rev()
        .fold(NodeId::ROOT, |node, &ip| {
            tree.child(node, Frame::Return(ip))
        });
    tree.child(node, Frame::Site(Site(site)))
}
