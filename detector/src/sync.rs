//! Synchronisation: the clocks of threads and of sync objects, and the edges between them.
//!
//! A thread's clock says what happens-before its next step. A sync object's clock is what a
//! thread left there on a release, for others to take with them on an acquire. Atomics follow
//! C++20: a relaxed load keeps what it read for a later acquire fence, a release fence lends
//! its clock to later relaxed stores, a read-modify-write continues the release sequence that
//! it read from, a plain atomic store ends it.
//!
//! Every function takes the thread's state explicitly; nothing here is thread-local or global.

use crate::access::AccessKind;
use crate::clock::{Epoch, Tid, Time, VectorClock};
use dashmap::DashMap;
use std::sync::atomic::Ordering;

/// Tells one engine's clocks from those of every other engine in the process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct EngineId(pub(crate) u64);

/// The clock of a sync object that lives where its owner keeps it: in a channel's slot, say.
///
/// The owner serialises access. A clock left by another engine counts as empty, so that an
/// object that outlives one run carries nothing into the next.
#[derive(Default, Debug)]
pub struct SyncVar {
    held: Option<(EngineId, VectorClock)>,
}

impl SyncVar {
    /// A sync object that nobody has released to.
    #[must_use]
    pub const fn new() -> Self {
        Self { held: None }
    }

    /// Adds what was left at `other`, so that whoever acquires this one acquires both.
    pub fn add(&mut self, other: &Self) {
        if let Some((engine, clock)) = &other.held {
            self.merge(*engine, clock);
        }
    }

    fn clock(&self, engine: EngineId) -> Option<&VectorClock> {
        match &self.held {
            Some((owner, clock)) if *owner == engine => Some(clock),
            _ => None,
        }
    }

    fn replace(&mut self, engine: EngineId, with: &VectorClock) {
        match &mut self.held {
            Some((owner, clock)) => {
                *owner = engine;
                clock.clone_from(with);
            }
            None => self.held = Some((engine, with.clone())),
        }
    }

    fn merge(&mut self, engine: EngineId, with: &VectorClock) {
        match &mut self.held {
            Some((owner, clock)) if *owner == engine => clock.join(with),
            _ => self.replace(engine, with),
        }
    }

    fn clear(&mut self) {
        self.held = None;
    }
}

/// The name of a sync object that the engine keeps for its owner.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SyncId(pub u64);

/// The sync objects that are known to one engine by name only.
#[derive(Default)]
pub(crate) struct SyncTable {
    vars: DashMap<SyncId, SyncVar>,
}

impl SyncTable {
    pub(crate) fn with<R>(&self, id: SyncId, f: impl FnOnce(&mut SyncVar) -> R) -> R {
        f(&mut self.vars.entry(id).or_default())
    }

    pub(crate) fn forget(&self, id: SyncId) {
        self.vars.remove(&id);
    }
}

/// What an atomic operation turned out to do, with the ordering that it did it with.
///
/// A compare-exchange that fails is a load.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AtomicEffect {
    /// It read.
    Load(Ordering),
    /// It wrote without reading.
    Store(Ordering),
    /// It read and wrote as one step.
    ReadModifyWrite(Ordering),
}

impl AtomicEffect {
    /// The kind of memory access that the operation is.
    #[must_use]
    pub fn access(self) -> AccessKind {
        match self {
            Self::Load(_) => AccessKind::AtomicRead,
            Self::Store(_) | Self::ReadModifyWrite(_) => AccessKind::AtomicWrite,
        }
    }

    /// Whether it can order its thread after another.
    #[must_use]
    pub fn acquires(self) -> bool {
        matches!(self, Self::Load(o) | Self::ReadModifyWrite(o) if acquires(o))
    }

    /// Whether it can order another thread after its own.
    #[must_use]
    pub fn releases(self) -> bool {
        matches!(self, Self::Store(o) | Self::ReadModifyWrite(o) if releases(o))
    }
}

fn acquires(ordering: Ordering) -> bool {
    matches!(
        ordering,
        Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst
    )
}

fn releases(ordering: Ordering) -> bool {
    matches!(
        ordering,
        Ordering::Release | Ordering::AcqRel | Ordering::SeqCst
    )
}

/// The clocks of one thread of execution. Only that thread's steps change them.
#[derive(Debug)]
pub struct ThreadClock {
    engine: EngineId,
    tid: Tid,
    clock: VectorClock,
    /// What relaxed loads have read and no acquire fence has taken yet.
    unfenced: VectorClock,
    /// The clock at the last release fence: what relaxed stores release.
    fenced: VectorClock,
}

impl ThreadClock {
    /// The clock of a thread that nothing precedes.
    pub(crate) fn first(engine: EngineId, tid: Tid) -> Self {
        Self::started(engine, tid, VectorClock::new())
    }

    fn started(engine: EngineId, tid: Tid, mut clock: VectorClock) -> Self {
        clock.set(tid, Time::START);
        Self {
            engine,
            tid,
            clock,
            unfenced: VectorClock::new(),
            fenced: VectorClock::new(),
        }
    }

    /// Starts the thread `tid`: whatever this thread did so far happens-before it.
    pub(crate) fn fork(&mut self, tid: Tid) -> Self {
        let child = Self::started(self.engine, tid, self.clock.clone());
        self.tick();
        child
    }

    /// This thread's index.
    #[must_use]
    pub fn tid(&self) -> Tid {
        self.tid
    }

    /// The epoch of this thread's next access.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        Epoch::new(self.tid, self.clock.get(self.tid))
    }

    /// What happens-before this thread's next step.
    #[must_use]
    pub fn clock(&self) -> &VectorClock {
        &self.clock
    }

    /// Orders this thread after what was released to `var`.
    pub fn acquire(&mut self, var: &SyncVar) {
        if let Some(clock) = var.clock(self.engine) {
            self.clock.join(clock);
        }
    }

    /// Leaves this thread's clock at `var`, in place of what was there.
    pub fn release(&mut self, var: &mut SyncVar) {
        var.replace(self.engine, &self.clock);
        self.tick();
    }

    /// Adds this thread's clock to what is at `var`.
    pub fn release_merge(&mut self, var: &mut SyncVar) {
        var.merge(self.engine, &self.clock);
        self.tick();
    }

    /// Acquires from `var`, then releases to it.
    pub fn release_acquire(&mut self, var: &mut SyncVar) {
        self.acquire(var);
        self.release(var);
    }

    /// The first half of an atomic operation on the word whose clock is `var`: what it reads.
    ///
    /// An edge into an atomic operation comes before the operation itself, so this precedes the
    /// operation's own access, and [`Self::atomic_release`] follows it.
    pub fn atomic_acquire(&mut self, var: &SyncVar, effect: AtomicEffect) {
        match effect {
            AtomicEffect::Store(_) => {}
            AtomicEffect::Load(ordering) | AtomicEffect::ReadModifyWrite(ordering) => {
                if acquires(ordering) {
                    self.acquire(var);
                } else if let Some(clock) = var.clock(self.engine) {
                    self.unfenced.join(clock);
                }
            }
        }
    }

    /// The second half of an atomic operation: what it writes.
    pub fn atomic_release(&mut self, var: &mut SyncVar, effect: AtomicEffect) {
        match effect {
            AtomicEffect::Load(_) => {}
            AtomicEffect::Store(ordering) if releases(ordering) => self.release(var),
            AtomicEffect::Store(_) if self.fenced.is_empty() => var.clear(),
            AtomicEffect::Store(_) => var.replace(self.engine, &self.fenced),
            AtomicEffect::ReadModifyWrite(ordering) if releases(ordering) => {
                self.release_merge(var);
            }
            AtomicEffect::ReadModifyWrite(_) if self.fenced.is_empty() => {}
            AtomicEffect::ReadModifyWrite(_) => var.merge(self.engine, &self.fenced),
        }
    }

    /// A memory fence (C++20 [atomics.fences]).
    pub fn fence(&mut self, ordering: Ordering) {
        if acquires(ordering) {
            self.clock.join(&self.unfenced);
            self.unfenced = VectorClock::new();
        }
        if releases(ordering) {
            self.fenced = self.clock.clone();
            self.tick();
        }
    }

    fn tick(&mut self) {
        self.clock.set(self.tid, self.clock.get(self.tid).next());
    }
}
