//! Calls and returns, and call stacks as small numbers.
//!
//! Where calls and returns are observed, [`dh_call`] and [`dh_return`] keep a thread's node. Where
//! they are not, a stack is captured, folded into a node by [`dh_context_child`], and set. An
//! access's own place is a frame below: see `site` in [`crate::access`].

use crate::engine::Engine;
use crate::thread::Thread;
use deadheat_engine::context::{Frame, NodeId};

/// A thread's calling context.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct Context {
    node: NodeId,
    /// Calls that were not entered because there was no node for them, or for one before.
    skipped: u32,
}

impl Context {
    /// The call stack of a step at `site`: the context's own where that is zero.
    pub(crate) fn node_at(self, engine: &Engine, site: usize) -> NodeId {
        match site {
            0 => self.node,
            _ if self.skipped > 0 => self.node,
            _ => engine.contexts.child(self.node, Frame::Return(site)),
        }
    }

    fn call(self, engine: &Engine, site: usize) -> Self {
        if self.skipped == 0 {
            let node = engine.contexts.child(self.node, Frame::Return(site));
            if node != self.node {
                return Self { node, ..self };
            }
        }
        let skipped = self.skipped.saturating_add(1);
        Self { skipped, ..self }
    }

    fn leave(self, engine: &Engine) -> Self {
        match self.skipped {
            0 => Self {
                node: engine.contexts.caller(self.node),
                ..self
            },
            skipped => Self {
                skipped: skipped - 1,
                ..self
            },
        }
    }
}

/// The thread makes a call at `site`: a return address, or another number of at most 62 bits.
///
/// Where there are too many call stacks, the stack ends at the innermost caller that there is a
/// node for, until that one returns.
///
/// # Safety
///
/// `thread` is a thread that has not ended, and nobody else uses it meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_call(thread: *mut Thread, site: usize) {
    // SAFETY: a thread of the caller's own, as it says.
    let thread = unsafe { &mut *thread };
    thread.context = thread.context.call(thread.engine(), site);
}

/// The thread returns from its latest call. Without one, nothing happens.
///
/// # Safety
///
/// `thread` is a thread that has not ended, and nobody else uses it meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_return(thread: *mut Thread) {
    // SAFETY: a thread of the caller's own, as it says.
    let thread = unsafe { &mut *thread };
    thread.context = thread.context.leave(thread.engine());
}

/// The thread's call stack.
///
/// # Safety
///
/// `thread` is a thread that has not ended, and nobody changes it meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_thread_node(thread: *const Thread) -> u32 {
    // SAFETY: a thread, as the caller says.
    let thread = unsafe { &*thread };
    thread.context.node.number()
}

/// Sets the thread's call stack: one that was captured, or, after a non-local jump, an earlier one.
///
/// # Safety
///
/// `thread` is a thread that has not ended, and nobody else uses it meanwhile. `node` is one of
/// its engine's, or the process ends at the next return.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_thread_set_node(thread: *mut Thread, node: u32) {
    // SAFETY: a thread of the caller's own, as it says.
    let thread = unsafe { &mut *thread };
    thread.context = Context {
        node: NodeId::from_number(node),
        skipped: 0,
    };
}

/// The call stack of a call at `site` from `caller`; `caller` itself where there are too many.
///
/// # Safety
///
/// `engine` is one that was not freed, `caller` is zero or a node of it. Any number of threads may
/// call this concurrently, from callbacks too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_context_child(engine: *const Engine, caller: u32, site: usize) -> u32 {
    // SAFETY: an engine, as the caller says.
    let engine = unsafe { &*engine };
    let caller = NodeId::from_number(caller);
    engine.contexts.child(caller, Frame::Return(site)).number()
}

/// The call stack that `node` was called from; the empty stack's is the empty stack.
///
/// # Safety
///
/// `engine` is one that was not freed, `node` is zero or a node of it; another number may end the
/// process. Any number of threads may call this concurrently, from callbacks too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_context_caller(engine: *const Engine, node: u32) -> u32 {
    // SAFETY: an engine, as the caller says.
    let engine = unsafe { &*engine };
    let node = NodeId::from_number(node);
    engine.contexts.caller(node).number()
}

/// Writes the sites of `node`'s frames to `sites`, innermost first, at most `capacity` of them, and
/// returns how many there are in all.
///
/// # Safety
///
/// As for [`dh_context_caller`]; `sites` is room for `capacity` numbers, and may be null for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dh_context_frames(
    engine: *const Engine,
    node: u32,
    sites: *mut usize,
    capacity: usize,
) -> usize {
    // SAFETY: an engine, as the caller says.
    let engine = unsafe { &*engine };
    let mut node = NodeId::from_number(node);
    let mut depth = 0;
    while let Some(frame) = engine.contexts.frame(node) {
        if let Frame::Return(site) = frame
            && depth < capacity
        {
            // SAFETY: there is room for so many, as the caller says.
            unsafe { sites.add(depth).write(site) };
        }
        depth += 1;
        node = engine.contexts.caller(node);
    }
    depth
}
