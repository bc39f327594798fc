//! The sync objects that are known by name only, each under its bucket's lock, and how a load gets by without it.

use super::{AtomicEffect, AtomicWord, Foreseen, Shared, SyncId, SyncVar, ThreadClock};
use crate::chain;
use crate::clock::Clock;
use crate::known::KnownToAll;
use crate::pool::{Kind, Node};
use crate::primitive::{AtomicU64, fence};
use crate::table::{Bucket, Table, hash};
use alloc::sync::Arc;
use core::mem::ManuallyDrop;
use core::sync::atomic::Ordering;

/// Few objects share a bucket, and so a lock, from the start; more than these, and it grows.
const BUCKET_BITS: u32 = 18;

/// The sync objects that are known to one engine by name only.
pub(crate) struct SyncTable {
    shared: Arc<Shared>,
    /// The version of a bucket is what was last left at one of its objects: see [`Acquired`].
    table: Table,
    /// For versions that no thread in particular gives.
    given: AtomicU64,
}

/// The objects that a thread has read from last, and in which version: while nothing is left at one
/// that changes it, there is nothing to be learned there. It belongs to one thread, like its clock.
///
/// Whoever leaves something at an object says so first, under the object's lock, by a number that nobody ever gave before,
/// and only then performs the operation by which others see it. So whoever sees the operation, and looks at the
/// number afterwards, sees that one, or a later one; and what was learned at the same number, under the lock or at a glance, has what the
/// operation left. The objects of a bucket share such a number, and so it may be another object's: that is
/// no harm, for no number comes back. While the bucket has none, nothing is kept of it.
#[derive(Clone, Debug)]
pub struct Acquired {
    entries: [Version; ACQUIRED],
}

const ACQUIRED: usize = 8;

#[derive(Clone, Copy, Debug)]
struct Version {
    id: SyncId,
    version: u64,
    /// Whether it was acquired, and not only kept for an acquire fence.
    whole: bool,
}

impl Acquired {
    /// Nothing was read from.
    #[must_use]
    pub const fn new() -> Self {
        // No bucket ever has this version.
        let nothing = Version {
            id: SyncId(u64::MAX),
            version: u64::MAX,
            whole: false,
        };
        Self {
            entries: [nothing; ACQUIRED],
        }
    }

    fn entry(&mut self, id: SyncId) -> &mut Version {
        &mut self.entries[(hash(id.0) >> 32) as usize % ACQUIRED]
    }
}

/// What an atomic load has read, and what it has found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Loaded<R> {
    /// What was read.
    pub value: R,
    /// Whether, since the thread read from the object last, somebody else left something in its bucket, or might have.
    pub has_changed: bool,
}

impl Default for Acquired {
    fn default() -> Self {
        Self::new()
    }
}

impl SyncTable {
    pub(crate) fn new(shared: &Arc<Shared>) -> Option<Self> {
        Some(Self {
            shared: Arc::clone(shared),
            table: Table::new(&shared.source, BUCKET_BITS)?,
            given: AtomicU64::new(0),
        })
    }

    pub(crate) fn with<R>(&self, id: SyncId, f: impl FnOnce(&mut SyncVar) -> R) -> R {
        let pool = &self.shared.pool;
        let mut bucket = self.table.lock(pool, id.0);
        renew(&bucket, self.next_version());
        let known = bucket.find(id.0);
        let mut var = SyncVar {
            owner: Some(Arc::clone(&self.shared)),
            clock: known.map_or(Clock::EMPTY, Clock::in_node),
            name: id.0,
        };
        // The references are the object's, also where `f` panics.
        if let Some(node) = known {
            Clock::EMPTY.into_node(node);
        }
        let result = f(&mut var);
        let clock = match var.clock_of(&self.shared) {
            Some(_) => core::mem::take(&mut var.clock),
            None => Clock::EMPTY,
        };
        if let Some(node) = known {
            clock.into_node(node);
        } else if !clock.is_empty() {
            self.insert(&mut bucket, id, clock, 0);
        }
        result
    }

    /// Keeps the clock of an object that had none.
    fn insert(&self, bucket: &mut Bucket<'_>, id: SyncId, mut clock: Clock, shard: usize) {
        let pool = &self.shared.pool;
        match pool.take(Kind::Clock, 0, shard) {
            Some((index, node)) => {
                node.set_word(0, id.0);
                clock.into_node(node);
                bucket.insert(index, node);
            }
            None => clock.clear(pool, shard),
        }
    }

    /// The bucket of the object that `thread` is about to use.
    #[inline]
    fn lock(&self, thread: &ThreadClock, id: SyncId) -> Bucket<'_> {
        thread.assert_of(&self.shared);
        self.table.lock(&self.shared.pool, id.0)
    }

    pub(crate) fn acquire(&self, thread: &mut ThreadClock, id: SyncId) {
        let bucket = self.lock(thread, id);
        if let Some(node) = bucket.find(id.0) {
            thread.learn(&ManuallyDrop::new(Clock::in_node(node)));
        }
    }

    pub(crate) fn release(&self, thread: &mut ThreadClock, id: SyncId) {
        let shard = thread.shard();
        self.leave(thread, id, |clock, left| {
            clock.assign(&self.shared.pool, shard, left);
        });
    }

    pub(crate) fn release_merge(&self, thread: &mut ThreadClock, id: SyncId) {
        let shard = thread.shard();
        self.leave(thread, id, |clock, left| {
            clock.merge(&self.shared.pool, shard, left);
        });
    }

    /// What `thread` releases now is left at the object, as `put` does it.
    fn leave(&self, thread: &mut ThreadClock, id: SyncId, put: impl FnOnce(&mut Clock, &Clock)) {
        let mut bucket = self.lock(thread, id);
        renew(&bucket, thread.next_version());
        let left = thread.released();
        match bucket.find(id.0) {
            Some(node) => {
                let mut clock = Clock::in_node(node);
                put(&mut clock, &left);
                clock.into_node(node);
            }
            None => {
                let clock = left.copy(&self.shared.pool);
                self.insert(&mut bucket, id, clock, thread.shard());
            }
        }
        drop(bucket);
        thread.tick();
    }

    /// An atomic operation of `thread` on the `word`; `access` records it as the access that it turned out to be. One that
    /// may be no release leaves nothing, but for what a fence has released before.
    pub(crate) fn atomic<R>(
        &self,
        thread: &mut ThreadClock,
        word: AtomicWord,
        operation: impl FnOnce() -> (R, AtomicEffect),
        access: impl FnOnce(&ThreadClock, AtomicEffect),
    ) -> (R, AtomicEffect) {
        let AtomicWord { id, foreseen } = word;
        let mut bucket = self.lock(thread, id);
        bucket.expect();
        if foreseen.may_change() || thread.has_release_fence() {
            renew(&bucket, thread.next_version());
        }
        let mut access = Some(access);
        let mut pass = |effect: AtomicEffect| {
            let known = bucket.find(id.0);
            if let Some(node) = known {
                thread.read_in(node, effect);
            }
            // What is released is recorded before anybody can acquire it.
            if effect.releases()
                && let Some(access) = access.take()
            {
                access(thread, effect);
            }
            match known {
                _ if matches!(effect, AtomicEffect::Load(_)) => {}
                Some(node) => thread.write_in(node, effect),
                None => self.leave_first(&mut bucket, thread, id, effect),
            }
        };
        let (result, effect) = match foreseen {
            Foreseen::All(effect) => {
                pass(effect);
                operation()
            }
            Foreseen::Release | Foreseen::NoRelease => {
                let performed = operation();
                pass(performed.1);
                performed
            }
        };
        debug_assert!(
            foreseen.may_change()
                || !effect.releases() && !matches!(effect, AtomicEffect::Store(_)),
            "{effect:?}"
        );
        drop(bucket);
        match access {
            Some(access) => access(thread, effect),
            None => thread.tick(),
        }
        (result, effect)
    }

    /// What an atomic operation of `thread` lends, at an object where nothing is yet.
    fn leave_first(
        &self,
        bucket: &mut Bucket<'_>,
        thread: &ThreadClock,
        id: SyncId,
        effect: AtomicEffect,
    ) {
        let mut clock = Clock::EMPTY;
        thread.write(&mut clock, effect);
        if !clock.is_empty() {
            self.insert(bucket, id, clock, thread.shard());
        }
    }

    /// An atomic load by `thread`, which `load` performs, perhaps several times, of the word whose clock is `id`. Takes no
    /// lock where what can be read there was `acquired` already.
    pub(crate) fn load<R>(
        &self,
        thread: &mut ThreadClock,
        acquired: &mut Acquired,
        id: SyncId,
        ordering: Ordering,
        load: impl Fn() -> R,
    ) -> Loaded<R> {
        let effect = AtomicEffect::Load(ordering);
        let entry = acquired.entry(id);
        if entry.id == id && (entry.whole || !effect.acquires()) {
            let value = load();
            // The version is looked at after what was read.
            fence(Ordering::Acquire);
            if self.table.version(id.0) == entry.version {
                return Loaded {
                    value,
                    has_changed: false,
                };
            }
        }
        let (value, version) = self
            .load_at_a_glance(thread, id, effect, &load)
            .unwrap_or_else(|| {
                let bucket = self.lock(thread, id);
                let value = load();
                if let Some(node) = bucket.find(id.0) {
                    thread.read_in(node, effect);
                }
                (value, bucket.version())
            });
        let has_changed = entry.id == id
            && entry.version != version
            && !chain::is_given_by(version, thread.tid());
        if version != 0 {
            *entry = Version {
                id,
                version,
                whole: effect.acquires(),
            };
        }
        Loaded { value, has_changed }
    }

    /// What an atomic load has read, and the version of its bucket, if all can be done without that one's lock. Whoever waits
    /// for somebody looks again and again, and must not hold him up.
    fn load_at_a_glance<R>(
        &self,
        thread: &ThreadClock,
        id: SyncId,
        effect: AtomicEffect,
        load: impl Fn() -> R,
    ) -> Option<(R, u64)> {
        thread.assert_of(&self.shared);
        let glance = self.table.glance(&self.shared.pool, id.0)?;
        let found = glance.find(id.0)?;
        let result = load();
        let is_still = || glance.is_still();
        let is_done = match found {
            None => is_still(),
            Some(node) => thread.read_at_a_glance(node, effect, is_still),
        };
        is_done.then_some((result, glance.version()))
    }

    pub(crate) fn forget(&self, id: SyncId) {
        let mut bucket = self.table.lock(&self.shared.pool, id.0);
        self.forget_in(&mut bucket, |node| node.word(0) == id.0);
    }

    /// Forgets clocks that say only what is `known`.
    pub(crate) fn sweep(&self, known: &KnownToAll) {
        self.table.for_each_bucket(&self.shared.pool, |bucket| {
            self.forget_in(bucket, |node| {
                known.has_clock(&ManuallyDrop::new(Clock::in_node(node)))
            });
        });
    }

    /// Forgets the objects in a bucket of which `goes` says so.
    fn forget_in(&self, bucket: &mut Bucket<'_>, goes: impl Fn(&Node) -> bool) {
        if bucket.any(&goes) {
            renew(bucket, self.next_version());
            bucket.retain(|node| !goes(node));
        }
    }

    /// A version that no thread gives.
    fn next_version(&self) -> u64 {
        chain::version(None, self.given.fetch_add(1, Ordering::Relaxed))
    }
}

/// Something may be left at an object of the `bucket`, or end there: `version` was never given before.
#[inline]
fn renew(bucket: &Bucket<'_>, version: u64) {
    bucket.set_version(version);
    // Before the operation by which others see what is left.
    fence(Ordering::Release);
}
