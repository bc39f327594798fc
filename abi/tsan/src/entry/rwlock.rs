//! `std`'s lock for readers and writers, which is made of atomics: two readers are not ordered.
//!
//! A reader takes it by an acquire and gives it back by a release of one word. By the word's
//! modification order that release happens-before the next reader's acquire, and what both write under
//! the lock would be ordered. The lock does not promise that, and with another schedule it would not be
//! so. So what readers release goes to an object of its own, beside the word, which only writers
//! acquire.
//!
//! The word has four bytes, counts readers in ones, and has all of [`MASK`] set for a writer. That a
//! writer takes the lock is told by that. A subtraction of one may be anything: so the functions
//! are looked at, once for each call stack.

use crate::interpose::objects;
use crate::thread::{Inside, Operation, Place};
use dashmap::DashMap;
use deadheat_detector::context::{Frame, NodeId};
use deadheat_detector::describe;
use std::sync::LazyLock;

/// The object that readers of the lock at `word` release to.
pub(crate) fn beside(word: usize) -> usize {
    word + 1
}

/// Callers that are looked at: without optimisation, an operation is some calls below the lock's own.
const CALLERS: usize = 6;

/// The bits that count readers, or are set for a writer.
const MASK: u64 = (1 << 30) - 1;

/// Whether the operation at `place` gives a lock back that a reader has held.
pub(super) fn is_read_unlock(inside: &Inside, place: Place) -> bool {
    static KNOWN: LazyLock<DashMap<NodeId, bool>> = LazyLock::new(DashMap::new);
    let runtime = inside.runtime();
    let node = inside.state.node_at(runtime, place);
    if let Some(known) = KNOWN.get(&node) {
        return *known;
    }
    let sites = runtime.contexts.frames(node).into_iter().take(CALLERS);
    let mut functions = sites.flat_map(|frame| match frame {
        Frame::Return(site) => describe::functions(Place(site).site()),
        _ => Vec::new(),
    });
    let found = functions
        .any(|function| function.contains("sys::sync::rwlock") && function.contains("read_unlock"));
    KNOWN.insert(node, found);
    found
}

/// A reader is about to give the lock at `word` back.
pub(super) fn read_unlocking(word: usize, site: usize) {
    objects::release_merge(beside(word), Operation::ReadUnlock, site);
}

/// Whether a change of a word of `size` bytes is a writer's who takes a lock.
#[inline(always)]
pub(super) fn is_write_lock(size: usize, old: u64, new: u64) -> bool {
    size == 4 && old & MASK == 0 && new & MASK == MASK
}

/// A writer has taken the lock at `word`.
pub(super) fn write_locked(word: usize, site: usize) {
    objects::acquire(beside(word), Operation::WriteLock, site);
}
