//! Which accesses the cells of each declaration have had: what else touched the memory of a race, and under
//! which locks. For reports only.

use crate::access::AccessKind;
use crate::clock::Epoch;
use crate::context::NodeId;
use crate::memory::Declaration;
use crate::thread::ThreadInfo;
use dashmap::DashMap;
use smallvec::SmallVec;
use std::sync::Arc;

/// How many accesses of a declaration are remembered: more than a reader wants to see.
const MOST: usize = 64;

/// An access, by its stack and locks.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) node: NodeId,
    pub(crate) kind: AccessKind,
    /// The thread and the time of the first such access.
    pub(crate) first: Epoch,
    pub(crate) by: Arc<ThreadInfo>,
}

/// Every kind of access to the cells of each declaration, up to a bound, once.
#[derive(Default)]
pub(crate) struct SeenAccesses {
    /// By the address of the place of the declaration, which is what tells places apart.
    by_declaration: DashMap<usize, SmallVec<[Seen; 4]>>,
}

impl SeenAccesses {
    /// Notes an access to a cell of `declaration`. For whoever sees a stack for the first time: this
    /// takes a lock.
    pub(crate) fn note(&self, declaration: &Declaration, access: Seen) {
        let is_same = |seen: &Seen| (seen.node, seen.kind) == (access.node, access.kind);
        let mut seen = self
            .by_declaration
            .entry(std::ptr::from_ref(declaration.declared).addr())
            .or_default();
        if seen.len() < MOST && !seen.iter().any(is_same) {
            seen.push(access);
        }
    }

    /// The accesses of `declaration` so far, in the order in which they were first made.
    pub(crate) fn of(&self, declaration: &Declaration) -> SmallVec<[Seen; 4]> {
        let declared = std::ptr::from_ref(declaration.declared).addr();
        let seen = self.by_declaration.get(&declared);
        seen.map(|seen| seen.clone()).unwrap_or_default()
    }
}
