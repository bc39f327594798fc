//! Waiting for a number of things to be done.

use super::wait_queue::WaitQueue;
use crate::current;
use crate::detect::{self, Anchor, SyncName};
use crate::waiter::{Wait, WaitReason, Waiter};
use deadheat_detector::access::AccessKind;
use deadheat_detector::memory::Declaration;
use deadheat_detector::thread::SyncOp;
use parking_lot::Mutex as PlainMutex;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts things to do; waits until all are done.
///
/// **Happens-before:** each [`done`](Self::done) comes before the return of every
/// [`wait`](Self::wait) that it lets go on.
///
/// An [`add`](Self::add) that finds the counter at zero must be ordered with every `wait`: it
/// must come before the waits that are to see it, and after the return of earlier ones. Where
/// it is not, that is a race, and reported as one: such an `add` counts as a read of the
/// group, a `wait` as an atomic write, so that waits do not race with each other.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::{go, sync::WaitGroup};
/// use std::sync::Arc;
///
/// let group = Arc::new(WaitGroup::new());
/// for _ in 0..3 {
///     group.add(1);
///     let group = group.clone();
///     let _ = go(move || group.done());
/// }
/// group.wait();
/// # }).result.unwrap();
/// ```
pub struct WaitGroup {
    /// How many things are left to be done, and how many wait for that, in the high and the low half.
    ///
    /// Whoever counts down to zero has found those that wait for it in the same step, and wakes them all;
    /// who comes to wait counts itself in only where something is left. So who finds nobody looks at
    /// nothing more, and the next use of the group is none of its business.
    state: AtomicU64,
    /// Locked by who counts itself in, and by who wakes.
    waiting: PlainMutex<WaitQueue>,
    done: SyncName,
    anchor: Anchor,
    declared: &'static Location<'static>,
}

/// One thing to do, in the state.
const ONE: u64 = 1 << 32;

/// The number of those that wait.
fn waiting(state: u64) -> u64 {
    state % ONE
}

impl WaitGroup {
    /// A group with nothing to wait for.
    #[must_use]
    #[track_caller]
    pub const fn new() -> Self {
        Self {
            state: AtomicU64::new(0),
            waiting: PlainMutex::new(WaitQueue::new()),
            done: SyncName::new(),
            anchor: Anchor::new(),
            declared: Location::caller(),
        }
    }

    /// Adds `n` things to do.
    ///
    /// # Panics
    ///
    /// Where the counter would overflow.
    #[track_caller]
    pub fn add(&self, n: usize) {
        let at = Location::caller();
        current::safepoint();
        let more = |state: u64| {
            let n = u32::try_from(n).ok()?;
            state.checked_add(u64::from(n) * ONE)
        };
        let before = self
            .state
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, more);
        let before = before.unwrap_or_else(|_| panic!("WaitGroup counter overflow"));
        if before < ONE && n > 0 {
            self.access(AccessKind::Read, at);
        }
    }

    /// Says that one thing is done.
    ///
    /// # Panics
    ///
    /// Where nothing is left to be done, as in Go.
    #[track_caller]
    pub fn done(&self) {
        let op = SyncOp::here("WaitGroup done");
        current::safepoint();
        assert!(
            self.count_down(op),
            "negative WaitGroup counter (group made at {})",
            self.declared
        );
    }

    /// Adds one thing to do and starts a goroutine that does it, as Go's
    /// [`WaitGroup.Go`](https://pkg.go.dev/sync#WaitGroup.Go).
    ///
    /// **Happens-before:** the call comes before the first step of `f`, as with
    /// [`go`](crate::go()), and the end of `f` before the return of every `wait` that it lets
    /// go on. The `add` in it counts as any other.
    ///
    /// A panic of `f` counts as done, and fails the run, since nobody joins the goroutine.
    ///
    /// # Panics
    ///
    /// Outside a run, and where the counter would overflow.
    ///
    /// ```
    /// # deadheat_runtime::Run::new("doc").go(|| {
    /// use deadheat_runtime::sync::{Mutex, WaitGroup};
    /// use std::sync::Arc;
    ///
    /// let (group, total) = (Arc::new(WaitGroup::new()), Arc::new(Mutex::new(0)));
    /// for n in 1..=3 {
    ///     let total = total.clone();
    ///     group.go(move || *total.lock() += n);
    /// }
    /// group.wait();
    /// assert_eq!(*total.lock(), 6);
    /// # }).result.unwrap();
    /// ```
    #[track_caller]
    pub fn go(self: &Arc<Self>, f: impl FnOnce() + Send + 'static) {
        self.add(1);
        // Made here, so that it is dropped also where the goroutine never starts.
        let task = Task {
            group: Arc::clone(self),
            at: Location::caller(),
        };
        let body = move || {
            let _task = task;
            f();
        };
        drop(crate::go(body));
    }

    /// `false` where nothing is left to be done.
    fn count_down(&self, op: SyncOp) -> bool {
        self.done.release_merge(op);
        let less = |state: u64| state.checked_sub(ONE);
        let before = self
            .state
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, less);
        let Ok(before) = before else { return false };
        let now = before - ONE;
        if now < ONE && waiting(now) > 0 {
            self.wake_all(waiting(now));
        }
        true
    }

    /// Wakes the `count` that wait, now that nothing is left to be done.
    fn wake_all(&self, count: u64) {
        let woken = {
            let mut waiting = self.waiting.lock();
            self.state.fetch_sub(count, Ordering::AcqRel);
            waiting.pop_first(count)
        };
        woken.into_iter().for_each(Waiter::wake);
    }

    /// An operation that stands in the queue, if something is left to be done.
    fn begin_wait(&self) -> Option<Wait> {
        let count_in = |state| (state >= ONE).then_some(state + 1);
        if self.state.load(Ordering::Acquire) < ONE {
            return None;
        }
        let mut waiting = self.waiting.lock();
        self.state
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, count_in)
            .ok()?;
        let wait = current::wait();
        waiting.push(wait.waiter());
        Some(wait)
    }

    /// Blocks the goroutine until everything is done.
    #[track_caller]
    pub fn wait(&self) {
        let at = Location::caller();
        current::safepoint();
        self.access(AccessKind::AtomicWrite, at);
        if let Some(wait) = self.begin_wait() {
            wait.wait(WaitReason::new("WaitGroup wait", at));
        }
        self.done.acquire(SyncOp {
            what: "WaitGroup wait",
            at,
        });
    }

    fn access(&self, kind: AccessKind, at: &'static Location<'static>) {
        if !detect::any() {
            return;
        }
        let bytes = detect::bytes_at(std::ptr::from_ref(self) as usize, size_of::<usize>());
        let declaration = || Declaration {
            cell: "WaitGroup",
            holds: "",
            name: None,
            declared: self.declared,
            stride: None,
            operation,
        };
        detect::access_cell(&self.anchor, bytes, declaration, kind, bytes, at);
    }
}

/// A goroutine's part in the group's count; dropping it says that it is done.
struct Task {
    group: Arc<WaitGroup>,
    at: &'static Location<'static>,
}

impl Drop for Task {
    fn drop(&mut self) {
        current::safepoint();
        let counted = self.group.count_down(SyncOp {
            what: "end of the WaitGroup's goroutine",
            at: self.at,
        });
        // A second panic would abort the process.
        assert!(
            counted || current::is_panicking(),
            "negative WaitGroup counter (group made at {})",
            self.group.declared
        );
    }
}

/// What an access to a group is: see [`WaitGroup`].
fn operation(kind: AccessKind) -> Option<&'static str> {
    Some(if kind == AccessKind::Read {
        "WaitGroup add"
    } else {
        "WaitGroup wait"
    })
}

impl Default for WaitGroup {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WaitGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.state.load(Ordering::Relaxed) / ONE;
        write!(f, "WaitGroup {{ count: {count} }}")
    }
}
