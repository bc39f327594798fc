//! A thread of execution as the detector knows it: its clocks, and what reports say of it.

use crate::context::{HeldLock, NodeId};
use crate::event::{Action, Event, ThreadId};
use crate::last_release::LastRelease;
use crate::sync::{SyncId, SyncVar, ThreadClock};
use crate::trace::Recorder;
use crate::twin::{Place, Twin};
use parking_lot::RwLock;
use smallvec::SmallVec;
use std::ops::Range;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
    /// The locks that it holds, in the order in which it took them.
    pub(crate) locks: SmallVec<[HeldLock; 2]>,
    /// Where the thread's stack lies: frames elsewhere belong to whoever runs it.
    pub(crate) stack: Range<usize>,
    /// Where its events are recorded, if they are.
    pub(crate) recorder: Option<Arc<Recorder>>,
    /// The same thread to the detector of instrumented code, where that is there.
    twin: Option<Twin>,
}

impl Thread {
    pub(crate) fn new(
        clock: ThreadClock,
        info: Arc<ThreadInfo>,
        recorder: Option<Arc<Recorder>>,
    ) -> Self {
        let twin = Twin::new(info.number());
        Self {
            twin,
            clock,
            info,
            last_acquire: None,
            locks: SmallVec::new(),
            stack: 0..usize::MAX,
            recorder,
        }
    }

    /// What a trace calls this thread.
    pub(crate) fn id(&self) -> ThreadId {
        ThreadId(self.info.number() - 1)
    }

    /// Records an event of this thread, at `at`.
    #[inline]
    pub(crate) fn record(&self, at: &'static Location<'static>, action: impl FnOnce() -> Action) {
        if self.is_told() {
            self.tell(at, &action());
        }
    }

    /// Whether others are told of its events.
    #[inline]
    pub(crate) fn is_told(&self) -> bool {
        self.recorder.is_some() || self.twin.is_some()
    }

    #[cold]
    fn tell(&self, at: &'static Location<'static>, action: &Action) {
        if let Some(twin) = &self.twin {
            twin.place().note(action);
        }
        if let Some(recorder) = &self.recorder {
            recorder.record(&Event {
                thread: self.id(),
                action: *action,
                site: recorder.site(at),
            });
        }
    }

    /// The same thread to the detector of instrumented code, where that is there.
    #[must_use]
    pub fn twin(&self) -> Option<Place> {
        self.twin.as_ref().map(Twin::place)
    }

    /// Records an event of this thread on `var`.
    fn record_release(&self, var: &mut SyncVar, op: SyncOp, action: fn(SyncId) -> Action) {
        self.record(op.at, || action(var.named()));
    }

    /// The number that reports show: 1 for the first thread.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.info.number()
    }

    /// From now on, the thread runs on the processor of this number, or on the thread of the operating system: see
    /// [`ThreadClock::run_on`].
    #[inline]
    pub fn run_on(&mut self, processor: usize) {
        self.clock.run_on(processor);
    }

    /// Says where the thread's stack lies, so that captured stacks do not reach into the frames
    /// of whoever switched to it.
    pub fn set_stack(&mut self, addresses: Range<usize>) {
        if let Some(twin) = &self.twin {
            twin.set_stack(&addresses);
        }
        self.stack = addresses;
    }

    /// Gives the thread a name; the first one given stays.
    pub fn set_name(&self, name: &str) {
        if self.info.name.set(name.to_owned()).is_err() {
            return;
        }
        if let Some(twin) = &self.twin {
            twin.set_name(name);
        }
        if let Some(recorder) = &self.recorder {
            recorder.define_thread(self.id(), name);
        }
    }

    /// Orders this thread after what was released to `var`.
    pub fn acquire(&mut self, var: &SyncVar, op: SyncOp) {
        if let Some(name) = var.name() {
            self.record(op.at, || Action::Acquire(name));
        }
        self.clock.acquire(var);
        self.last_acquire = Some(op);
    }

    /// Leaves this thread's clock at `var`, in place of what was there.
    pub fn release(&mut self, var: &mut SyncVar, op: SyncOp) {
        self.record_release(var, op, Action::Release);
        self.note_release(op);
        self.clock.release(var);
    }

    /// Adds this thread's clock to what is at `var`.
    pub fn release_merge(&mut self, var: &mut SyncVar, op: SyncOp) {
        self.record_release(var, op, Action::ReleaseMerge);
        self.note_release(op);
        self.clock.release_merge(var);
    }

    /// Adds what was left at `from` to what is at `into`, for others to acquire.
    pub fn transfer(&self, from: &SyncVar, into: &mut SyncVar, op: SyncOp) {
        if let Some(from) = from.name() {
            self.record(op.at, || Action::Transfer {
                from,
                into: into.named(),
            });
        }
        into.add(from);
    }

    /// Acquires from `var`, then releases to it.
    pub fn release_acquire(&mut self, var: &mut SyncVar, op: SyncOp) {
        self.acquire(var, op);
        self.release(var, op);
    }

    /// Says that this thread has taken a lock, for reports: it orders nothing, and is no event.
    pub fn hold(&mut self, lock: HeldLock) {
        self.locks.push(lock);
    }

    /// Says that this thread has let go of a lock that it held.
    pub fn let_go(&mut self, lock: HeldLock) {
        // Of several that were taken at one place, any will do.
        if let Some(place) = self.locks.iter().rposition(|held| *held == lock) {
            self.locks.remove(place);
        }
    }

    /// A memory fence.
    pub fn fence(&mut self, ordering: Ordering, op: SyncOp) {
        if !matches!(ordering, Ordering::Acquire) {
            self.note_release(op);
        }
        if !matches!(ordering, Ordering::Release) {
            self.last_acquire = Some(op);
        }
        self.record(op.at, || Action::Fence(ordering));
        self.clock.fence(ordering);
    }

    pub(crate) fn note_release(&self, op: SyncOp) {
        let time = self.clock.epoch().time();
        self.info.last_release.set(time, op);
    }
}

/// What reports say of a thread; shared, because the other side of a race may ask.
#[derive(Debug)]
pub(crate) struct ThreadInfo {
    number: u64,
    pub(crate) creator: Option<u64>,
    pub(crate) created_at: NodeId,
    pub(crate) name: OnceLock<String>,
    pub(crate) finished: AtomicBool,
    pub(crate) last_release: LastRelease,
}

impl ThreadInfo {
    /// The number that reports show: 1 for the first thread.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

/// The threads of a detector whose accesses may still race, and how many there were in all.
///
/// A thread's place here is its label in the engine.
#[derive(Default)]
pub(crate) struct Registry {
    threads: RwLock<Threads>,
    finished: AtomicU64,
}

#[derive(Default)]
struct Threads {
    places: Vec<Option<Arc<ThreadInfo>>>,
    free: Vec<usize>,
    count: u64,
}

impl Registry {
    /// Registers a new thread; gives what is known of it, and its label.
    pub(crate) fn add(&self, creator: Option<u64>, created_at: NodeId) -> (Arc<ThreadInfo>, u64) {
        let mut threads = self.threads.write();
        threads.count += 1;
        let info = Arc::new(ThreadInfo {
            number: threads.count,
            creator,
            created_at,
            name: OnceLock::new(),
            finished: AtomicBool::new(false),
            last_release: LastRelease::default(),
        });
        let place = threads.free.pop().unwrap_or(threads.places.len());
        if place == threads.places.len() {
            threads.places.push(None);
        }
        threads.places[place] = Some(Arc::clone(&info));
        (info, place as u64)
    }

    /// Forgets a thread that no race can be with any more.
    pub(crate) fn forget(&self, label: u64) {
        let mut threads = self.threads.write();
        let place = label as usize;
        if threads.places[place].take().is_some() {
            threads.free.push(place);
        }
    }

    /// The thread of this label, which was not forgotten.
    pub(crate) fn get(&self, label: u64) -> Arc<ThreadInfo> {
        let threads = self.threads.read();
        let info = threads.places.get(label as usize).and_then(Option::as_ref);
        Arc::clone(info.expect("a thread that can race is registered"))
    }

    /// Notes that a thread has ended.
    pub(crate) fn note_finished(&self, info: &ThreadInfo) {
        if !info.finished.swap(true, Ordering::Relaxed) {
            self.finished.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.threads.read().count
    }

    pub(crate) fn unfinished(&self) -> u64 {
        self.count() - self.finished.load(Ordering::Relaxed)
    }
}
