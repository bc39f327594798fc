//! What is cancelled together: the tree that cancelling follows, and its edges.
//!
//! A scope knows its parent, and keeps it; the parent knows its children, and does not keep them. A
//! scope that is gone takes itself off its parent.
//!
//! Cancelling says so in the scope first, then closes its channel, then goes on with its children:
//! whoever finds the channel closed finds the error too. No lock is held while the channel is closed,
//! a goroutine started, or anything dropped.

use super::error::{Cause, ContextError};
use crate::chan::{self, Receiver, Sender};
use crate::detect;
use crate::later::Call;
use crate::time::{AfterFunc, clock};
use deadheat_detector::sync::SyncVar;
use deadheat_detector::thread::SyncOp;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// Why a scope was cancelled.
#[derive(Clone)]
pub(super) struct Ended {
    pub(super) error: ContextError,
    pub(super) cause: Cause,
}

impl Ended {
    pub(super) fn cancelled() -> Self {
        Self::because(Arc::new(ContextError::Cancelled))
    }

    pub(super) fn because(cause: Cause) -> Self {
        Self {
            error: ContextError::Cancelled,
            cause,
        }
    }

    fn time_is_up() -> Self {
        let error = ContextError::DeadlineExceeded;
        Self {
            error,
            cause: Arc::new(error),
        }
    }
}

/// What is told when a scope is cancelled.
enum Dependent {
    Child(Weak<Scope>),
    Call(Arc<Call>),
}

/// What is cancelled together.
pub(super) struct Scope {
    /// The scope with which this one is cancelled, and what it knows this one by.
    parent: Option<(Arc<Scope>, u64)>,
    /// Nobody can cancel a root.
    is_root: bool,
    deadline: Option<Duration>,
    close: Sender<()>,
    done: Receiver<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ended: Option<Ended>,
    /// From the cancelling to whoever sees it.
    edge: SyncVar,
    dependents: BTreeMap<u64, Dependent>,
    /// The number of the next dependent.
    next: u64,
    timer: Option<AfterFunc>,
}

impl Scope {
    /// A scope that is never cancelled.
    #[track_caller]
    pub(super) fn root() -> Arc<Self> {
        Arc::new(Self::new(None, true, None))
    }

    #[track_caller]
    fn new(parent: Option<(Arc<Self>, u64)>, is_root: bool, deadline: Option<Duration>) -> Self {
        let (close, done) = chan::unbuffered();
        Self {
            parent,
            is_root,
            deadline,
            close,
            done,
            state: Mutex::default(),
        }
    }

    /// A scope that is cancelled with `parent`, and at `deadline`, if that comes before the parent's.
    #[track_caller]
    pub(super) fn child(parent: &Arc<Self>, deadline: Option<Duration>, op: SyncOp) -> Arc<Self> {
        let own = deadline.filter(|own| parent.deadline.is_none_or(|theirs| *own < theirs));
        let link = (!parent.is_root).then(|| (Arc::clone(parent), parent.number()));
        let scope = Arc::new(Self::new(link, false, own.or(parent.deadline)));
        if let Some((parent, id)) = &scope.parent
            && let Some(ended) = parent.add(*id, Dependent::Child(Arc::downgrade(&scope)), op)
        {
            scope.cancel(&ended, op);
        }
        if let Some(deadline) = own {
            scope.end_at(deadline, op);
        }
        scope
    }

    /// Has the scope cancelled at `deadline`.
    fn end_at(self: &Arc<Self>, deadline: Duration, op: SyncOp) {
        let left = deadline.saturating_sub(clock::now());
        if left.is_zero() {
            return self.cancel(&Ended::time_is_up(), op);
        }
        let scope = Arc::downgrade(self);
        let timer = AfterFunc::new(left, op, move || {
            if let Some(scope) = scope.upgrade() {
                scope.cancel(&Ended::time_is_up(), op);
            }
        });
        let mut state = self.state.lock();
        if state.ended.is_none() {
            state.timer = Some(timer);
        } else {
            drop(state);
            timer.cancel();
        }
    }

    /// Cancels the scope and all below it, unless it was.
    pub(super) fn cancel(&self, ended: &Ended, op: SyncOp) {
        let mut below = self.end(ended, op);
        // No recursion: a goroutine's stack is small, and the tree may be deep.
        while let Some(scope) = below.pop() {
            below.extend(scope.end(ended, op));
        }
    }

    /// Cancels the scope alone; gives its children.
    fn end(&self, ended: &Ended, op: SyncOp) -> Vec<Arc<Self>> {
        let mut state = self.state.lock();
        if state.ended.is_some() {
            return Vec::new();
        }
        state.ended = Some(ended.clone());
        detect::with(|_, thread| thread.release(&mut state.edge, op));
        let dependents = std::mem::take(&mut state.dependents);
        let timer = state.timer.take();
        drop(state);
        self.close.close();
        if let Some(timer) = timer {
            timer.cancel();
        }
        let mut children = Vec::new();
        for dependent in dependents.into_values() {
            match dependent {
                Dependent::Child(child) => children.extend(child.upgrade()),
                Dependent::Call(call) => start(&call, op),
            }
        }
        children
    }

    fn number(&self) -> u64 {
        let mut state = self.state.lock();
        state.next += 1;
        state.next
    }

    /// Has `dependent` told when the scope is cancelled. Where it was already, says how, and the
    /// caller is after that.
    fn add(&self, id: u64, dependent: Dependent, op: SyncOp) -> Option<Ended> {
        let mut state = self.state.lock();
        let Some(ended) = state.ended.clone() else {
            state.dependents.insert(id, dependent);
            return None;
        };
        detect::with(|_, thread| thread.acquire(&state.edge, op));
        drop(state);
        drop(dependent);
        Some(ended)
    }

    /// Has `call` start when the scope is cancelled; gives what [`Self::remove`] knows it by.
    pub(super) fn add_call(&self, call: &Arc<Call>, op: SyncOp) -> u64 {
        let id = self.number();
        if self
            .add(id, Dependent::Call(Arc::clone(call)), op)
            .is_some()
        {
            start(call, op);
        }
        id
    }

    /// Forgets a dependent.
    pub(super) fn remove(&self, id: u64) {
        let removed = self.state.lock().dependents.remove(&id);
        drop(removed);
    }

    pub(super) fn done(&self) -> &Receiver<()> {
        &self.done
    }

    /// Why the scope was cancelled; the caller is after that then.
    pub(super) fn ended(&self, op: SyncOp) -> Option<Ended> {
        let state = self.state.lock();
        let ended = state.ended.clone()?;
        detect::with(|_, thread| thread.acquire(&state.edge, op));
        Some(ended)
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.deadline
    }
}

/// Starts a goroutine that is to be after what the caller did.
fn start(call: &Call, op: SyncOp) {
    if let Some(later) = call.take() {
        let mut edge = SyncVar::new();
        detect::with(|_, thread| thread.release(&mut edge, op));
        later.start(Some(edge));
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        if let Some((parent, id)) = &self.parent {
            parent.remove(*id);
        }
        if let Some(timer) = self.state.get_mut().timer.take() {
            timer.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_keeps_nothing_of_a_child_that_is_gone() {
        let root = Scope::root();
        let op = SyncOp::here("test");
        let parent = Scope::child(&root, None, op);
        let kept = Scope::child(&parent, None, op);
        let cancelled = Scope::child(&parent, None, op);
        drop(Scope::child(&parent, None, op));
        cancelled.cancel(&Ended::cancelled(), op);
        drop(cancelled);
        assert_eq!(parent.state.lock().dependents.len(), 1);
        assert_eq!(Arc::strong_count(&parent), 2);
        // Nobody cancels a root: it need not know of anybody.
        assert_eq!(root.state.lock().dependents.len(), 0);
        parent.cancel(&Ended::cancelled(), op);
        assert!(kept.ended(op).is_some());
        assert_eq!(parent.state.lock().dependents.len(), 0);
    }
}
