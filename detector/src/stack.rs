//! Walking the current stack into the context tree.

use crate::context::{ContextTree, Frame, NodeId, Site};
use crate::unwind::{Bounds, Walks};
use std::panic::Location;

/// What a stack is captured for: its innermost frames.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Operation {
    /// It names the line and column exactly, also where there is no debug information.
    pub(crate) site: Site,
    /// The number of bytes that it accesses, if it is an access.
    pub(crate) size: Option<usize>,
}

impl Operation {
    pub(crate) fn at(site: &'static Location<'static>) -> Self {
        Self {
            site: Site(site),
            size: None,
        }
    }

    /// The node of the operation on the stack `node`.
    pub(crate) fn on(self, node: NodeId, child: impl Fn(NodeId, Frame) -> NodeId) -> NodeId {
        let node = child(node, Frame::Site(self.site));
        self.size
            .map_or(node, |size| child(node, Frame::Size(size)))
    }

    pub(crate) fn hash(self) -> u64 {
        let Site(site) = self.site;
        let address = std::ptr::from_ref(site).addr() as u64;
        address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
    }
}

/// `operation` on the current call stack within `bounds`, as a node of `tree`, for which `walks` are
/// remembered.
///
/// Frames are found by unwinding, so the program needs unwind tables (the default).
pub(crate) fn capture(
    tree: &ContextTree,
    walks: &Walks,
    bounds: Bounds<'_>,
    operation: Operation,
) -> NodeId {
    walks.node(bounds, operation, |node, frame| tree.child(node, frame))
}
