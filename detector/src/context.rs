//! The calling-context tree: every distinct call stack, as one small number.
//!
//! A node is a frame under its caller's node, so stacks that begin alike share their
//! beginnings, and an access record can afford to keep the stack it was made with
//! (Ammons, Ball and Larus, PLDI 1997). Frames are stored raw; see `symbolize`.

use dashmap::DashMap;
use parking_lot::RwLock;
use std::hash::{Hash, Hasher};
use std::panic::Location;

/// A node of a [`ContextTree`]: a call stack.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(u32);

impl NodeId {
    /// The empty stack.
    pub const ROOT: Self = Self(0);
}

/// One step of a calling context.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Frame {
    /// A return address.
    Return(usize),
    /// The place in the source that an operation was written at.
    Site(Site),
    /// The number of bytes that an access was made with.
    Size(usize),
}

/// A place in the source, compared by identity.
#[derive(Clone, Copy, Debug)]
pub struct Site(pub &'static Location<'static>);

impl PartialEq for Site {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Site {}

impl Hash for Site {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::ptr::from_ref(self.0).hash(state);
    }
}

/// All call stacks that a detector has seen.
pub struct ContextTree {
    nodes: RwLock<Vec<(NodeId, Frame)>>,
    children: DashMap<(NodeId, Frame), NodeId>,
}

impl Default for ContextTree {
    fn default() -> Self {
        Self {
            nodes: RwLock::new(vec![(NodeId::ROOT, Frame::Return(0))]),
            children: DashMap::new(),
        }
    }
}

impl ContextTree {
    /// The node of `frame` called from `caller`.
    ///
    /// # Panics
    ///
    /// Where the tree would grow beyond 2^32 nodes.
    pub fn child(&self, caller: NodeId, frame: Frame) -> NodeId {
        if let Some(node) = self.children.get(&(caller, frame)) {
            return *node;
        }
        *self.children.entry((caller, frame)).or_insert_with(|| {
            let mut nodes = self.nodes.write();
            let node = NodeId(u32::try_from(nodes.len()).expect("fewer than 2^32 contexts"));
            nodes.push((caller, frame));
            node
        })
    }

    /// The frames of `node`, innermost first.
    #[must_use]
    pub fn frames(&self, mut node: NodeId) -> Vec<Frame> {
        let nodes = self.nodes.read();
        let mut frames = Vec::new();
        while node != NodeId::ROOT {
            let (caller, frame) = nodes[node.0 as usize];
            frames.push(frame);
            node = caller;
        }
        frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_stacks_share_a_node_and_give_their_frames_back() {
        let tree = ContextTree::default();
        let main = tree.child(NodeId::ROOT, Frame::Return(1));
        let left = tree.child(main, Frame::Return(2));
        let right = tree.child(main, Frame::Return(3));
        assert_ne!(left, right);
        assert_eq!(left, tree.child(main, Frame::Return(2)));
        assert_eq!(tree.frames(right), [Frame::Return(3), Frame::Return(1)]);
        assert_eq!(tree.frames(NodeId::ROOT), []);
    }
}
