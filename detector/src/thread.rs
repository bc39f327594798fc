//! A thread of execution as the detector knows it: its clocks, and what reports say of it.

use crate::clock::{Tid, Time};
use crate::context::NodeId;
use crate::sync::{SyncVar, ThreadClock};
use parking_lot::{Mutex, RwLock};
use std::ops::Range;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// A synchronisation in the program's source.
#[derive(Clone, Copy, Debug)]
pub struct SyncOp {
    /// What it does, such as `mutex unlock`.
    pub what: &'static str,
    /// Where.
    pub at: &'static Location<'static>,
}

impl SyncOp {
    /// The operation `what`, at the caller's place in the source.
    #[must_use]
    #[track_caller]
    pub fn here(what: &'static str) -> Self {
        Self {
            what,
            at: Location::caller(),
        }
    }
}

/// The state of one thread. Whoever runs the thread owns it and passes it to every event.
#[derive(Debug)]
pub struct Thread {
    pub(crate) clock: ThreadClock,
    pub(crate) info: Arc<ThreadInfo>,
    pub(crate) last_acquire: Option<SyncOp>,
    /// Where the thread's stack lies: frames elsewhere belong to whoever runs it.
    pub(crate) stack: Range<usize>,
}

impl Thread {
    pub(crate) fn new(clock: ThreadClock, info: Arc<ThreadInfo>) -> Self {
        Self {
            clock,
            info,
            last_acquire: None,
            stack: 0..usize::MAX,
        }
    }

    /// The number that reports show: 1 for the first thread.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.info.number()
    }

    /// Says where the thread's stack lies, so that captured stacks do not reach into the frames
    /// of whoever switched to it.
    pub fn set_stack(&mut self, addresses: Range<usize>) {
        self.stack = addresses;
    }

    /// Gives the thread a name; the first one given stays.
    pub fn set_name(&self, name: &str) {
        let _ = self.info.name.set(name.to_owned());
    }

    /// Orders this thread after what was released to `var`.
    pub fn acquire(&mut self, var: &SyncVar, op: SyncOp) {
        self.clock.acquire(var);
        self.last_acquire = Some(op);
    }

    /// Leaves this thread's clock at `var`, in place of what was there.
    pub fn release(&mut self, var: &mut SyncVar, op: SyncOp) {
        self.note_release(op);
        self.clock.release(var);
    }

    /// Adds this thread's clock to what is at `var`.
    pub fn release_merge(&mut self, var: &mut SyncVar, op: SyncOp) {
        self.note_release(op);
        self.clock.release_merge(var);
    }

    /// Acquires from `var`, then releases to it.
    pub fn release_acquire(&mut self, var: &mut SyncVar, op: SyncOp) {
        self.acquire(var, op);
        self.release(var, op);
    }

    /// A memory fence.
    pub fn fence(&mut self, ordering: Ordering, op: SyncOp) {
        if !matches!(ordering, Ordering::Acquire) {
            self.note_release(op);
        }
        if !matches!(ordering, Ordering::Release) {
            self.last_acquire = Some(op);
        }
        self.clock.fence(ordering);
    }

    /// Event *end*: the thread does nothing more; `var` is what a join acquires.
    pub fn end(&mut self, var: &mut SyncVar, op: SyncOp) {
        self.release(var, op);
        self.info.finished.store(true, Ordering::Relaxed);
    }

    pub(crate) fn note_release(&self, op: SyncOp) {
        let time = self.clock.epoch().time();
        *self.info.last_release.lock() = Some((time, op));
    }
}

/// What reports say of a thread; shared, because the other side of a race may ask.
#[derive(Debug)]
pub(crate) struct ThreadInfo {
    pub(crate) tid: Tid,
    pub(crate) creator: Option<u64>,
    pub(crate) created_at: NodeId,
    pub(crate) name: OnceLock<String>,
    pub(crate) finished: AtomicBool,
    pub(crate) last_release: Mutex<Option<(Time, SyncOp)>>,
}

impl ThreadInfo {
    pub(crate) fn new(tid: Tid, creator: Option<u64>, created_at: NodeId) -> Arc<Self> {
        Arc::new(Self {
            tid,
            creator,
            created_at,
            name: OnceLock::new(),
            finished: AtomicBool::new(false),
            last_release: Mutex::new(None),
        })
    }

    pub(crate) fn number(&self) -> u64 {
        self.tid.index() as u64 + 1
    }
}

/// All threads of a detector, ended ones included.
#[derive(Default)]
pub(crate) struct Registry {
    threads: RwLock<Vec<Option<Arc<ThreadInfo>>>>,
}

impl Registry {
    pub(crate) fn add(&self, info: &Arc<ThreadInfo>) {
        let mut threads = self.threads.write();
        let index = info.tid.index();
        if threads.len() <= index {
            threads.resize(index + 1, None);
        }
        threads[index] = Some(Arc::clone(info));
    }

    /// The thread `tid`, which has been added.
    pub(crate) fn get(&self, tid: Tid) -> Arc<ThreadInfo> {
        let threads = self.threads.read();
        let info = threads.get(tid.index()).and_then(Option::as_ref);
        Arc::clone(info.expect("a thread is registered before its first access"))
    }

    pub(crate) fn count(&self) -> usize {
        self.threads.read().len()
    }

    pub(crate) fn unfinished(&self) -> usize {
        let threads = self.threads.read();
        let unfinished = |info: &&Arc<ThreadInfo>| !info.finished.load(Ordering::Relaxed);
        threads.iter().flatten().filter(unfinished).count()
    }
}
