//! Synchronisation: the clocks of threads and of sync objects, and the edges between them.
//!
//! A thread's clock says what happens-before its next step. A sync object's clock is what a
//! thread left there on a release, for others to take with them on an acquire. Atomics follow
//! C++20: a relaxed load keeps what it read for a later acquire fence, a release fence lends
//! its clock to later relaxed stores, a read-modify-write continues the release sequence that
//! it read from, a plain atomic store ends it.
//!
//! Every function takes the thread's state explicitly; nothing here is thread-local or global.

mod named;

use crate::access::AccessKind;
use crate::chain;
use crate::clock::{Clock, Epoch, Exhausted, Tid, Time};
use crate::pool::{Need, Node, Pool};
use crate::primitive::AtomicBool;
use crate::slots::{Slot, Slots};
use crate::source::Source;
use crate::trie::Maker;
use alloc::sync::Arc;
use core::cell::Cell;
use core::mem::ManuallyDrop;
use core::sync::atomic::Ordering;

pub(crate) use named::SyncTable;
pub use named::{Acquired, Loaded};

/// What the threads and sync objects of an engine have in common.
pub(crate) struct Shared {
    pub(crate) pool: Pool,
    pub(crate) slots: Slots,
    pub(crate) source: Source,
    /// The engine is gone: none of its threads acts any more.
    pub(crate) is_over: AtomicBool,
}

impl Shared {
    pub(crate) fn new(source: &Source, nodes: u32) -> Option<Self> {
        Some(Self {
            pool: Pool::new(source, nodes)?,
            slots: Slots::new(source)?,
            source: *source,
            is_over: AtomicBool::new(false),
        })
    }
}

/// The clock of a sync object that lives where its owner keeps it: in a channel's slot, say.
///
/// The owner serialises access. A clock left by another engine counts as empty, so that an
/// object that outlives one run carries nothing into the next.
#[derive(Default)]
pub struct SyncVar {
    owner: Option<Arc<Shared>>,
    clock: Clock,
    /// What a trace calls it; 0 while it has no name.
    name: u64,
}

impl core::fmt::Debug for SyncVar {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("SyncVar").field(&self.clock).finish()
    }
}

impl SyncVar {
    /// A sync object that nobody has released to.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            owner: None,
            clock: Clock::EMPTY,
            name: 0,
        }
    }

    /// What a trace calls this object, if it was named.
    #[must_use]
    pub fn name(&self) -> Option<SyncId> {
        (self.name != 0).then_some(SyncId(self.name))
    }

    /// What a trace calls this object. An object that the engine does not keep gets a name that no
    /// other has, and that front ends must not give: its top bit is set.
    pub fn named(&mut self) -> SyncId {
        static NEXT: core::sync::atomic::AtomicU64 = core::sync::atomic::AtomicU64::new(1);
        if self.name == 0 {
            self.name = 1 << 63 | NEXT.fetch_add(1, Ordering::Relaxed);
        }
        SyncId(self.name)
    }

    /// Adds what was left at `other`, so that whoever acquires this one acquires both.
    pub fn add(&mut self, other: &Self) {
        if let Some(owner) = &other.owner {
            self.merge(owner, &other.clock, 0);
        }
    }

    /// Forgets what was left here.
    pub fn clear(&mut self) {
        if let Some(owner) = &self.owner {
            self.clock.clear(&owner.pool, 0);
        }
    }

    pub(crate) fn clock_of(&self, engine: &Arc<Shared>) -> Option<&Clock> {
        let mine = self
            .owner
            .as_ref()
            .is_some_and(|owner| Arc::ptr_eq(owner, engine));
        (mine && !self.clock.is_empty()).then_some(&self.clock)
    }

    /// Whether it orders nothing any more: there is nothing, or the engine whose it was is gone.
    pub(crate) fn is_over(&self) -> bool {
        let is_over = |owner: &Arc<Shared>| owner.is_over.load(Ordering::Relaxed);
        self.clock.is_empty() || self.owner.as_ref().is_some_and(is_over)
    }

    /// Makes this an empty object of `engine`.
    fn adopt(&mut self, engine: &Arc<Shared>) {
        self.clear();
        if !self
            .owner
            .as_ref()
            .is_some_and(|owner| Arc::ptr_eq(owner, engine))
        {
            self.owner = Some(Arc::clone(engine));
        }
    }

    fn merge(&mut self, engine: &Arc<Shared>, with: &Clock, shard: usize) {
        if self.clock_of(engine).is_none() {
            self.adopt(engine);
        }
        self.clock.merge(&engine.pool, shard, with);
    }
}

impl Drop for SyncVar {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The name of a sync object that the engine keeps for its owner.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SyncId(pub u64);

/// The word of an atomic operation, and what is known of the operation before it is performed.
#[derive(Clone, Copy, Debug)]
pub struct AtomicWord {
    /// What the word's clock is known by.
    pub id: SyncId,
    /// What the operation will turn out to be.
    pub foreseen: Foreseen,
}

/// What is known of what an atomic operation does before it is performed.
#[derive(Clone, Copy, Debug)]
pub enum Foreseen {
    /// Everything. All that belongs to the operation is done before it, and so it is seen the later, and what waits for it
    /// is held up the less.
    All(AtomicEffect),
    /// It may turn out to be a release, as a compare-exchange may that releases where it succeeds.
    Release,
    /// It will be no release, and no store: an exchange that may fail, or a load.
    NoRelease,
}

impl Foreseen {
    /// Whether the operation may turn out to be a release.
    #[must_use]
    pub fn may_release(self) -> bool {
        match self {
            Self::All(effect) => effect.releases(),
            Self::Release => true,
            Self::NoRelease => false,
        }
    }

    /// Whether it may change what is at the object, even where no fence lends it anything to leave there: a store ends what was
    /// there.
    fn may_change(self) -> bool {
        self.may_release() || matches!(self, Self::All(AtomicEffect::Store(_)))
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
///
/// Dropping it ends the thread.
pub struct ThreadClock {
    shared: Arc<Shared>,
    slot: core::ptr::NonNull<Slot>,
    own: Epoch,
    /// Which of the pool's free nodes it takes; see [`Self::run_on`].
    shard: u32,
    /// How many of the thread's records had no room. Threads that make few begin with different numbers.
    unsettled: Cell<u32>,
}

// SAFETY: the slot is one of the table in `shared`, which lives as long, and its fields are
// atomics. Only the holder of this changes it, wherever that is; it is not `Sync`, because a
// shared reference lets accesses change the slot.
unsafe impl Send for ThreadClock {}

impl core::fmt::Debug for ThreadClock {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("ThreadClock").field(&self.own).finish()
    }
}

impl ThreadClock {
    /// The clock of a thread that nothing precedes; `None` where there are too many.
    pub(crate) fn first(shared: &Arc<Shared>, label: u64) -> Option<Self> {
        Self::start(shared, Clock::EMPTY, label, 0)
    }

    fn start(shared: &Arc<Shared>, clock: Clock, label: u64, shard: usize) -> Option<Self> {
        let own = shared.slots.start(&shared.pool, clock, label, shard)?;
        let slot = shared.slots.slot(own.tid());
        Some(Self {
            shared: Arc::clone(shared),
            slot: core::ptr::NonNull::from(slot),
            own,
            shard: own.tid().key(),
            // Multiples of the golden ratio lie apart from each other (Knuth, volume 3, 6.4).
            unsettled: Cell::new((slot.fork() as u32).wrapping_mul(0x9e37_79b9)),
        })
    }

    /// Starts a thread: whatever this thread did so far happens-before it.
    pub(crate) fn fork(&mut self, label: u64) -> Option<Self> {
        let mut clock = self.snapshot();
        let parent = clock.own();
        clock.set_own(Epoch::NONE);
        if clock.add(self.maker(), parent).is_err() {
            clock.clear(&self.shared.pool, self.shard());
            return None;
        }
        self.tick();
        Self::start(&self.shared, clock, label, self.shard())
    }

    /// From now on, the thread runs on the processor of this number, or on the thread of the operating system: it takes
    /// nodes that were freed there, which are in that one's cache. Until then, threads are spread over the free nodes.
    /// Any number will do.
    #[inline]
    pub fn run_on(&mut self, processor: usize) {
        self.shard = processor as u32;
    }

    #[inline]
    pub(crate) fn slot(&self) -> &Slot {
        // SAFETY: the slot is one of the table in `shared`, which keeps it in place.
        unsafe { self.slot.as_ref() }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// # Panics
    ///
    /// Where the thread is another engine's than the one whose `shared` this is.
    #[inline]
    pub(crate) fn assert_of(&self, shared: &Arc<Shared>) {
        assert!(
            Arc::ptr_eq(&self.shared, shared),
            "the thread is another engine's"
        );
    }

    #[inline]
    pub(crate) fn shard(&self) -> usize {
        self.shard as usize
    }

    /// A version of an object, or of a history, that nobody ever gave before.
    pub(crate) fn next_version(&self) -> u64 {
        chain::version(Some(self.tid()), self.slot().next_version())
    }

    /// The number of the thread's last record that had no room.
    #[inline]
    pub(crate) fn unsettled(&self) -> u32 {
        self.unsettled.get()
    }

    /// Counts a record that had no room.
    pub(crate) fn next_unsettled(&self) -> u32 {
        let number = self.unsettled.get().wrapping_add(1);
        self.unsettled.set(number);
        number
    }

    fn maker(&self) -> Maker<'_> {
        Maker {
            pool: &self.shared.pool,
            origin: self.own.bits(),
            shard: self.shard(),
            need: Need::Knowledge,
        }
    }

    /// This thread's index.
    #[must_use]
    pub fn tid(&self) -> Tid {
        self.own.tid()
    }

    /// The epoch of this thread's next access.
    #[must_use]
    #[inline]
    pub fn epoch(&self) -> Epoch {
        self.own
    }

    /// What the front end calls this thread.
    #[must_use]
    pub fn label(&self) -> u64 {
        self.slot().label()
    }

    /// Changes what the front end calls this thread.
    pub fn set_label(&self, label: u64) {
        self.slot().set_label(label);
    }

    /// Whether what happened at `epoch` happens-before this thread's next step.
    #[must_use]
    #[inline]
    pub fn knows(&self, epoch: Epoch) -> bool {
        self.own.reaches(epoch) || self.slot().knows(&self.shared.pool, epoch)
    }

    /// The same, as far as the inline part of its clock tells.
    #[inline(always)]
    pub(crate) fn knows_inline(&self, epoch: Epoch) -> bool {
        self.own.reaches(epoch) || self.slot().knows_inline(epoch)
    }

    /// Whether all that was released at `epoch` is known to this thread, as far as its clock tells.
    #[must_use]
    pub fn knows_all_of(&self, epoch: Epoch) -> bool {
        self.slot().knows_all_of(&self.shared.pool, epoch)
    }

    /// The latest time of `tid` that happens-before this thread's next step.
    #[must_use]
    pub fn time_of(&self, tid: Tid) -> Time {
        self.slot().peek().get(&self.shared.pool, tid)
    }

    /// Whether this thread has learned anything of others since this was last called: where not, what it has read of
    /// atomics since then told it nothing new.
    #[inline]
    pub fn has_learned(&self) -> bool {
        self.slot().take_learned()
    }

    /// This thread asks no more about the races that it was told of ([`crate::engine::Engine::label`]): without this,
    /// it may until it learns something, or records something by all the rules, and what it could ask about is kept meanwhile.
    pub fn has_asked(&self) {
        self.slot().set_asks(false);
    }

    /// Whether a clock of this owner brings nothing new. One that several threads have left has none.
    #[inline]
    fn has_all_of(&self, own: Epoch) -> bool {
        !own.is_none() && self.knows_all_of(own)
    }

    /// Orders this thread after what was released to `var`.
    pub fn acquire(&mut self, var: &SyncVar) {
        if let Some(clock) = var.clock_of(&self.shared) {
            self.learn(clock);
        }
    }

    fn learn(&self, clock: &Clock) {
        let maker = self.maker();
        let slot = self.slot();
        if self.has_all_of(clock.own()) {
            return;
        }
        slot.set_asks(false);
        // Where there is no memory, the pool has noted it, and the engine stops reporting.
        if slot.change(|mine| mine.learn(maker, clock)) != Ok(false) {
            slot.set_learned(true);
        }
    }

    /// What this thread releases now, to look at. [`Self::tick`] has to follow.
    fn released(&self) -> ManuallyDrop<Clock> {
        let mut clock = self.slot().peek();
        if self.slot().is_clean(self.own) {
            // Nothing is new since the last release: it is repeated.
            clock.set_own(Epoch::new(self.own.tid(), self.own.time().before()));
        }
        clock
    }

    /// A copy of it.
    fn snapshot(&self) -> Clock {
        self.released().copy(&self.shared.pool)
    }

    /// Leaves this thread's clock at `var`, in place of what was there.
    pub fn release(&mut self, var: &mut SyncVar) {
        if var.clock_of(&self.shared).is_none() {
            var.adopt(&self.shared);
        }
        let (pool, shard) = (&self.shared.pool, self.shard());
        var.clock.assign(pool, shard, &self.released());
        self.tick();
    }

    /// Adds this thread's clock to what is at `var`.
    pub fn release_merge(&mut self, var: &mut SyncVar) {
        var.merge(&self.shared, &self.released(), self.shard());
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
        if let Some(clock) = var.clock_of(&self.shared) {
            self.read(clock, effect);
        }
    }

    /// An atomic operation has read what was left at `clock`.
    fn read(&self, clock: &Clock, effect: AtomicEffect) {
        match effect {
            AtomicEffect::Store(_) => {}
            _ if clock.is_empty() => {}
            _ if effect.acquires() => self.learn(clock),
            _ => self.read_unfenced(clock),
        }
    }

    /// The same, of the clock in a node.
    fn read_in(&self, node: &Node, effect: AtomicEffect) {
        if matches!(effect, AtomicEffect::Store(_)) {
            return;
        }
        // Mostly it is what this thread has left itself, or has read before.
        if !self.has_all_of(Clock::own_in_node(node)) {
            self.read(&ManuallyDrop::new(Clock::in_node(node)), effect);
        }
    }

    /// The same, of the clock that a node of a bucket has, at which it was only glanced: what it says counts if that `is_still`
    /// there. Whether it does, and the thread has read it.
    fn read_at_a_glance(
        &self,
        node: &Node,
        effect: AtomicEffect,
        is_still: impl FnOnce() -> bool,
    ) -> bool {
        if self.has_all_of(Clock::own_in_node(node)) {
            return is_still();
        }
        let clock = ManuallyDrop::new(Clock::in_node(node));
        // What a clock refers to may be gone.
        let is_read = clock.roots() == [0, 0] && is_still();
        if is_read {
            self.read(&clock, effect);
        }
        is_read
    }

    /// Keeps `clock` for the next acquire fence.
    fn read_unfenced(&self, clock: &Clock) {
        let own = clock.own();
        let (slot, pool) = (self.slot(), &self.shared.pool);
        if !own.is_none() && (slot.knows_all_of(pool, own) || self.unfenced_knows_all_of(own)) {
            return;
        }
        let mut unfenced = slot.take_clock(pool, &slot.unfenced);
        unfenced.set_own(Epoch::NONE);
        let maker = Maker {
            origin: 0,
            ..self.maker()
        };
        // Where there is no memory, the pool has noted it, and the engine stops reporting.
        let _: Result<bool, Exhausted> = unfenced.learn(maker, clock);
        slot.keep_clock(pool, &slot.unfenced, unfenced, self.shard());
    }

    /// Whether the next acquire fence will bring all that was released at `epoch`.
    fn unfenced_knows_all_of(&self, epoch: Epoch) -> bool {
        let index = self.slot().unfenced.load(Ordering::Relaxed);
        let pool = &self.shared.pool;
        index != 0 && ManuallyDrop::new(Clock::in_node(pool.node(index))).knows_all_of(pool, epoch)
    }

    /// Whether its relaxed stores release, too: because of a release fence.
    #[must_use]
    #[inline]
    pub fn has_release_fence(&self) -> bool {
        self.slot().fenced.load(Ordering::Relaxed) != 0
    }

    /// The second half of an atomic operation: what it writes.
    pub fn atomic_release(&mut self, var: &mut SyncVar, effect: AtomicEffect) {
        if matches!(effect, AtomicEffect::Load(_)) {
            return;
        }
        if var.clock_of(&self.shared).is_none() {
            var.adopt(&self.shared);
        }
        self.write(&mut var.clock, effect);
        if effect.releases() {
            self.tick();
        }
    }

    /// An atomic operation, which is no load, leaves what it lends at `clock`. Where it releases,
    /// [`Self::tick`] has to follow.
    fn write(&self, clock: &mut Clock, effect: AtomicEffect) {
        let (pool, shard) = (&self.shared.pool, self.shard());
        let left = if effect.releases() {
            self.released()
        } else {
            self.fenced()
        };
        match effect {
            AtomicEffect::Load(_) => {}
            AtomicEffect::Store(_) => clock.assign(pool, shard, &left),
            AtomicEffect::ReadModifyWrite(_) if left.is_empty() => {}
            AtomicEffect::ReadModifyWrite(_) => clock.merge(pool, shard, &left),
        }
    }

    /// The same, of the clock in a node.
    fn write_in(&self, node: &Node, effect: AtomicEffect) {
        let is_update = matches!(effect, AtomicEffect::ReadModifyWrite(_));
        if !effect.releases() && is_update && !self.has_release_fence() {
            return;
        }
        if effect.releases() {
            let left = self.released();
            let own = Clock::own_in_node(node);
            // Mostly it is all that is there; and all of its references are there already.
            let is_all = !is_update || !own.is_none() && left.knows_all_of(&self.shared.pool, own);
            if is_all && left.replace_in_node(node) {
                return;
            }
        }
        let mut clock = Clock::in_node(node);
        self.write(&mut clock, effect);
        clock.into_node(node);
    }

    /// The clock at the last release fence, to look at.
    fn fenced(&self) -> ManuallyDrop<Clock> {
        let index = self.slot().fenced.load(Ordering::Relaxed);
        ManuallyDrop::new(match index {
            0 => Clock::EMPTY,
            index => Clock::in_node(self.shared.pool.node(index)),
        })
    }

    /// A memory fence (C++20 [atomics.fences]).
    pub fn fence(&mut self, ordering: Ordering) {
        let shard = self.shard();
        if acquires(ordering) {
            let (slot, pool) = (self.slot(), &self.shared.pool);
            let mut unfenced = slot.take_clock(pool, &slot.unfenced);
            self.learn(&unfenced);
            unfenced.clear(pool, shard);
        }
        if releases(ordering) {
            let slot = self.slot();
            slot.keep_clock(&self.shared.pool, &slot.fenced, self.snapshot(), shard);
            self.tick();
        }
    }

    /// Begins the next time: what is done from now on was not released.
    fn tick(&mut self) {
        let slot = self.slot();
        if slot.is_clean(self.own) {
            return;
        }
        slot.set_learned(false);
        let next = Epoch::new(self.own.tid(), self.own.time().next());
        slot.change(|clock| clock.set_own(next));
        self.own = next;
        if next.time() == Time::LAST {
            self.renew();
        }
    }

    /// Goes on under another index: this one has no times left.
    fn renew(&mut self) {
        let mut clock = self.slot().peek().copy(&self.shared.pool);
        let last = Epoch::new(self.own.tid(), self.own.time().before());
        clock.set_own(Epoch::NONE);
        if clock.add(self.maker(), last).is_err() {
            return clock.clear(&self.shared.pool, self.shard());
        }
        // Without another index the thread stays at its last time, and the pool has noted that
        // the engine knows too little from now on.
        let started = Self::start(&self.shared, clock, self.label(), self.shard());
        let Some(mut renewed) = started else {
            return;
        };
        renewed.shard = self.shard;
        let (from, to) = (self.slot(), renewed.slot());
        for (from, to) in [(&from.unfenced, &to.unfenced), (&from.fenced, &to.fenced)] {
            to.store(from.swap(0, Ordering::Relaxed), Ordering::Relaxed);
        }
        self.shared.slots.note_renewed(self.tid(), renewed.tid());
        *self = renewed;
    }
}

#[cfg(test)]
impl ThreadClock {
    pub(crate) fn set_time(&mut self, time: Time) {
        let own = Epoch::new(self.own.tid(), time);
        self.slot().change(|clock| clock.set_own(own));
        self.own = own;
    }
}

impl Drop for ThreadClock {
    fn drop(&mut self) {
        let Shared { pool, slots, .. } = &*self.shared;
        slots.end(pool, self.own.tid(), self.shard());
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn shared() -> Arc<Shared> {
        Arc::new(Shared::new(&Source::default(), 1 << 20).unwrap())
    }

    #[test]
    fn a_release_of_nothing_new_repeats_the_last_one() {
        let shared = shared();
        let mut a = ThreadClock::first(&shared, 0).unwrap();
        let (mut one, mut two) = (SyncVar::new(), SyncVar::new());
        a.release(&mut one);
        let time = a.epoch().time();
        a.release(&mut two);
        assert_eq!(a.epoch().time(), time);
        assert_eq!(one.clock.own(), two.clock.own());
    }

    #[test]
    fn a_thread_without_times_left_goes_on_under_another_index() {
        let shared = shared();
        let mut a = ThreadClock::first(&shared, 7).unwrap();
        let first = a.tid();
        let almost = Epoch::new(first, Time::LAST.before());
        a.set_time(Time::LAST.before());
        let mut var = SyncVar::new();
        a.release(&mut var);
        assert_ne!(a.tid(), first);
        assert_eq!(a.label(), 7);
        assert!(a.knows(almost));
        let mut b = ThreadClock::first(&shared, 0).unwrap();
        assert!(!b.knows(almost));
        b.acquire(&var);
        assert!(b.knows(almost));
        assert!(!b.knows(a.epoch()));
    }

    #[test]
    fn what_several_left_gets_the_origin_of_who_takes_it_over() {
        const CHILDREN: usize = 300;
        let shared = shared();
        let mut main = ThreadClock::first(&shared, 0).unwrap();
        let mut group = SyncVar::new();
        let done = |main: &mut ThreadClock, group: &mut SyncVar| {
            for _ in 0..CHILDREN {
                main.fork(0).unwrap().release_merge(group);
            }
        };
        done(&mut main, &mut group);
        let pool = &shared.pool;
        let origin = |clock: &Clock| pool.node(clock.roots()[0]).origin();
        assert_eq!(origin(&group.clock), 0, "several threads'");
        main.acquire(&group);
        assert_eq!(origin(&main.slot().peek()), main.epoch().bits());
        assert!(
            crate::trie::origins(pool, main.slot().peek().roots()[0]).all(|origin| origin != 0)
        );
        // The children of the second round have all of that, and bring only themselves.
        let mut second = SyncVar::new();
        done(&mut main, &mut second);
        assert_eq!(origin(&second.clock), 0);
        let whole = Epoch::from_bits(origin(&main.slot().peek()));
        assert!(
            second.clock.knows_all_of(pool, whole),
            "which tells it at once"
        );
    }

    #[test]
    fn nodes_are_given_back() {
        let shared = shared();
        {
            let mut threads = alloc::vec![ThreadClock::first(&shared, 0).unwrap()];
            for i in 0..50 {
                let child = threads[i].fork(0).unwrap();
                threads.push(child);
            }
            let mut var = SyncVar::new();
            for thread in &mut threads {
                thread.release_merge(&mut var);
                thread.fence(Ordering::SeqCst);
            }
            for thread in &mut threads {
                thread.atomic_acquire(&var, AtomicEffect::Load(Ordering::Relaxed));
                thread.acquire(&var);
                thread.release(&mut var);
            }
            assert!(shared.pool.in_use() > 0);
        }
        let known = shared.slots.known_to_all(&shared.pool).unwrap();
        assert_eq!(known, 0, "nobody runs");
        assert_eq!(shared.slots.indices().ended, 51);
        // Only what ended threads knew is left.
        for i in 0..51 {
            let slot = shared.slots.slot(Tid::new(i).unwrap());
            slot.change(|clock| clock.clear(&shared.pool, 0));
        }
        assert_eq!(shared.pool.in_use(), 0);
    }
}
