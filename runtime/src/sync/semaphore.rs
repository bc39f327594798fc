//! A number of places, of which each holder takes some.

use crate::current;
use crate::detect::{self, SyncName};
use crate::waiter::{WaitReason, Waiter};
use deadheat_detector::sync::SyncVar;
use deadheat_detector::thread::SyncOp;
use parking_lot::Mutex as PlainMutex;
use std::collections::VecDeque;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// A number of places; whoever acquires takes as many as it asks for, and blocks until that
/// many are free.
///
/// First come, first served, as in [`golang.org/x/sync/semaphore`][go]: who waits for many
/// places is not overtaken by others who want few.
///
/// **Happens-before:** each release comes before every acquire that takes place after it. Two
/// acquires that no release lies between are unordered, and so is what their holders do. A
/// [`try_acquire`](Self::try_acquire) that fails orders nothing.
///
/// Reports do not count its places among the locks that a goroutine held, not even those of a semaphore of one
/// place, which works as a mutex: a place may be given back by another goroutine than took it. They name its
/// acquires and releases as the edges that they are.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::{go, sync::Semaphore};
/// use std::sync::Arc;
///
/// let places = Arc::new(Semaphore::new(2));
/// let workers: Vec<_> = (0..4)
///     .map(|_| {
///         let places = places.clone();
///         go(move || {
///             let _place = places.acquire(1); // two work at once
///         })
///     })
///     .collect();
/// for worker in workers {
///     worker.join().unwrap();
/// }
/// let _all = places.acquire(2);
/// assert!(places.try_acquire(1).is_none());
/// # }).result.unwrap();
/// ```
///
/// [go]: https://pkg.go.dev/golang.org/x/sync/semaphore
pub struct Semaphore {
    size: usize,
    state: PlainMutex<State>,
    name: SyncName,
}

struct State {
    free: usize,
    waiting: VecDeque<Waiting>,
}

/// Somebody who waits for places.
struct Waiting {
    waiter: Waiter,
    places: usize,
    /// The run it belongs to: the clocks of others mean nothing to it.
    run: u64,
    edge: Arc<PlainMutex<Option<SyncVar>>>,
}

impl State {
    /// Takes places if they are free and nobody came before.
    fn take(&mut self, places: usize) -> bool {
        while self.waiting.front().is_some_and(Waiting::is_over) {
            self.waiting.pop_front();
        }
        let takes = self.waiting.is_empty() && places <= self.free;
        if takes {
            self.free -= places;
        }
        takes
    }

    /// Gives the first that waits its places, where they are free.
    fn grant(&mut self) -> Option<Waiting> {
        loop {
            let first = self.waiting.front()?;
            if first.places > self.free && !first.is_over() {
                return None;
            }
            let first = self.waiting.pop_front()?;
            if first.waiter.claim(0) {
                self.free -= first.places;
                return Some(first);
            }
        }
    }
}

impl Waiting {
    fn new(waiter: Waiter, places: usize) -> Self {
        Self {
            waiter,
            places,
            run: current::run_id(),
            edge: Arc::default(),
        }
    }

    /// Whether its goroutine was unwound while it waited.
    fn is_over(&self) -> bool {
        self.waiter.is_claimed()
    }
}

impl Semaphore {
    /// A semaphore of `size` places, all free.
    #[must_use]
    pub const fn new(size: usize) -> Self {
        Self {
            size,
            state: PlainMutex::new(State {
                free: size,
                waiting: VecDeque::new(),
            }),
            name: SyncName::new(),
        }
    }

    /// Takes `places`; blocks the goroutine until that many are free, and all who came before
    /// have theirs. Dropping the guard releases them.
    ///
    /// # Panics
    ///
    /// Where the semaphore has fewer places: they could never be had.
    #[track_caller]
    pub fn acquire(&self, places: usize) -> SemaphoreGuard<'_> {
        let op = SyncOp::here("semaphore acquire");
        assert!(
            places <= self.size,
            "acquiring {places} places of a semaphore that has {}",
            self.size
        );
        current::safepoint();
        let edge = {
            let mut state = self.state.lock();
            if state.take(places) {
                self.name.acquire(op);
                return self.guard(places, op.at);
            }
            let wait = current::wait();
            let waiting = Waiting::new(wait.waiter(), places);
            let edge = waiting.edge.clone();
            state.waiting.push_back(waiting);
            drop(state);
            // Unwound, it stands in nobody's way any more.
            let _grant = Grant(self, op);
            wait.wait(WaitReason::new(op.what, op.at));
            edge
        };
        match edge.lock().take() {
            Some(edge) => {
                detect::with(|_, thread| thread.acquire(&edge, op));
            }
            None => self.name.acquire(op),
        }
        self.guard(places, op.at)
    }

    /// Takes `places` if that many are free and nobody waits.
    #[track_caller]
    pub fn try_acquire(&self, places: usize) -> Option<SemaphoreGuard<'_>> {
        let op = SyncOp::here("semaphore acquire");
        current::safepoint();
        let mut state = self.state.lock();
        if !state.take(places) {
            return None;
        }
        self.name.acquire(op);
        Some(self.guard(places, op.at))
    }

    /// Gives `places` back that a guard let go of by [`SemaphoreGuard::forget`], in this
    /// goroutine or in another.
    ///
    /// # Panics
    ///
    /// Where fewer are taken.
    #[track_caller]
    pub fn release(&self, places: usize) {
        let op = SyncOp::here("semaphore release");
        current::safepoint();
        assert!(
            self.give_back(places, op),
            "releasing {places} places of a semaphore, more than are taken"
        );
    }

    /// How many places are free. Orders nothing.
    #[must_use]
    pub fn available(&self) -> usize {
        current::safepoint();
        self.state.lock().free
    }

    fn guard(&self, places: usize, at: &'static Location<'static>) -> SemaphoreGuard<'_> {
        SemaphoreGuard {
            semaphore: self,
            places,
            acquired_at: at,
        }
    }

    /// `false` where fewer are taken.
    fn give_back(&self, places: usize, op: SyncOp) -> bool {
        let mut state = self.state.lock();
        if places > self.size - state.free {
            return false;
        }
        self.name.release_merge(op);
        state.free += places;
        drop(state);
        self.grant_all(op);
        true
    }

    /// Gives those who wait their places, as far as they go.
    fn grant_all(&self, op: SyncOp) {
        loop {
            let mut state = self.state.lock();
            let Some(granted) = state.grant() else { return };
            // The clock as it is now: a release that comes later is not before this acquire.
            if granted.run == current::run_id() {
                let mut edge = SyncVar::new();
                self.name.copy_to(&mut edge, op);
                *granted.edge.lock() = Some(edge);
            }
            drop(state);
            granted.waiter.wake();
        }
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let free = self.state.lock().free;
        write!(f, "Semaphore {{ size: {}, free: {free} }}", self.size)
    }
}

/// Lets those behind a waiter go on, however its wait ended.
struct Grant<'a>(&'a Semaphore, SyncOp);

impl Drop for Grant<'_> {
    fn drop(&mut self) {
        self.0.grant_all(self.1);
    }
}

/// Places of a [`Semaphore`]; dropping it releases them. It may be dropped by another goroutine
/// than the one that acquired.
#[must_use = "the places are released as soon as the guard is dropped"]
pub struct SemaphoreGuard<'a> {
    semaphore: &'a Semaphore,
    places: usize,
    acquired_at: &'static Location<'static>,
}

impl SemaphoreGuard<'_> {
    /// Keeps the places taken, until somebody calls [`Semaphore::release`].
    pub fn forget(self) {
        std::mem::forget(self);
    }

    /// How many places it stands for.
    #[must_use]
    pub fn places(&self) -> usize {
        self.places
    }
}

impl Drop for SemaphoreGuard<'_> {
    fn drop(&mut self) {
        let op = SyncOp {
            what: "release of the semaphore acquired",
            at: self.acquired_at,
        };
        let held = self.semaphore.give_back(self.places, op);
        // A second panic would abort the process.
        assert!(
            held || current::is_panicking(),
            "releasing {} places of a semaphore, more than are taken",
            self.places
        );
        current::safepoint();
    }
}

impl fmt::Debug for SemaphoreGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SemaphoreGuard {{ places: {} }}", self.places)
    }
}
