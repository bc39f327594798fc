//! Walking the current stack: from return address to return address, innermost first.
//!
//! What the unwind tables say of a return address never changes while its code is loaded: how far
//! away the caller's frame is, and where the frame pointer is kept. So it is read from the tables
//! once for each address, and kept; [`rules`] walks by what is kept. A step is then a look-up and two
//! loads.
//!
//! The addresses are those that the system's unwinder gives, always. A walk by rules uses nothing
//! but the unwind tables, and gives up where they say what a rule cannot: of a signal handler's
//! caller, of code that was made at run time, of objects that can be unloaded, whose addresses may
//! get another meaning. Then [`library`] walks the whole stack, as it does on platforms that have no
//! rules.

mod library;
#[cfg(all(
    target_os = "linux",
    target_arch = "x86_64",
    target_pointer_width = "64",
    not(miri)
))]
mod rules;

#[cfg(not(all(
    target_os = "linux",
    target_arch = "x86_64",
    target_pointer_width = "64",
    not(miri)
)))]
use library as rules;

use crate::context::{Frame, NodeId};
use crate::stack::Operation;
use parking_lot::Mutex;
use smallvec::SmallVec;
use std::ops::Range;

/// The deepest stack that is kept whole; of a deeper one the innermost frames are kept.
const MAX_FRAMES: usize = 256;

/// The return addresses of a stack, innermost first. The innermost few may be this module's own.
pub(crate) type Addresses = SmallVec<[usize; 48]>;

/// What of the current stack is wanted.
#[derive(Clone, Copy)]
pub(crate) struct Bounds<'a> {
    /// Where the stack lies: the walk ends before the first frame that does not lie within.
    pub(crate) stack: &'a Range<usize>,
    /// An address in the frame that asks: it and the frames that it has called are left out.
    pub(crate) from: usize,
}

impl Bounds<'_> {
    /// Whether the frame whose stack pointer is `sp` is outside of the one that asks.
    #[inline]
    fn has_outside(&self, sp: usize) -> bool {
        sp > self.from
    }
}

/// The current stack within `stack`. The innermost few frames may be this module's own.
pub(crate) fn walk(stack: &Range<usize>) -> Addresses {
    walk_in(Bounds { stack, from: 0 })
}

fn walk_in(bounds: Bounds<'_>) -> Addresses {
    let mut visitor = Visitor {
        bounds,
        addresses: Addresses::new(),
    };
    if !rules::walk(&mut visitor) {
        visitor.addresses.clear();
        library::walk(&mut visitor);
    }
    visitor.addresses
}

/// Operations whose last walks are remembered at a time, as long as no two are in one place.
const PLACES: usize = 128;
/// Walks of one operation: so many threads can make them at the same time.
const WALKS: usize = 4;

/// The last walks from some operations: the next one from the same is mostly the same, but for a few frames.
pub(crate) struct Walks(Box<[[Mutex<rules::LastWalk>; WALKS]]>);

impl Default for Walks {
    fn default() -> Self {
        Self((0..PLACES).map(|_| Default::default()).collect())
    }
}

impl Walks {
    /// The node of `operation` on the current stack. `child` makes nodes, and must always give the same
    /// for the same.
    pub(crate) fn node(
        &self,
        bounds: Bounds<'_>,
        operation: Operation,
        child: impl Fn(NodeId, Frame) -> NodeId,
    ) -> NodeId {
        let Self(places) = self;
        // Where all are being used there is no need to wait.
        let walks = &places[operation.hash() as usize % PLACES];
        let last = walks.iter().find_map(Mutex::try_lock);
        let node = last.and_then(|mut last| last.node(bounds, operation, &child));
        node.unwrap_or_else(|| {
            let returns = walk_in(bounds).into_iter().rev().map(Frame::Return);
            let node = returns.fold(NodeId::ROOT, &child);
            operation.on(node, child)
        })
    }
}

/// What a walk has seen, and how far it goes.
struct Visitor<'a> {
    bounds: Bounds<'a>,
    addresses: Addresses,
}

impl Visitor<'_> {
    /// A frame, and where its stack pointer is; whether to go on.
    #[inline]
    fn visit(&mut self, ip: usize, sp: usize) -> bool {
        // The system's unwinder tells of the end by a frame that is none.
        let goes_on =
            ip != 0 && self.bounds.stack.contains(&sp) && self.addresses.len() < MAX_FRAMES;
        if goes_on && self.bounds.has_outside(sp) {
            self.addresses.push(ip);
        }
        goes_on
    }
}
