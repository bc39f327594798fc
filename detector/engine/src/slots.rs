//! A slot for every thread index: the clock of the thread that has it, and who had it before.
//!
//! Only its thread changes a slot's clock. Others may copy it: housekeeping, to find what all
//! threads know, and the schedulable-happens-before order, to take over what a racing writer knew.
//! They do so under a sequence lock, and take references to nodes only with
//! `Pool::try_retain`, so that what was freed meanwhile is noticed.
//! Of a thread whose index another one has, the clock that it ended with is kept beside its name.
//!
//! # When an index is used again
//!
//! An ended thread's accesses are remembered by its index and their time. The index is given to
//! a new thread, which goes on with later times, in two cases, and neither loses a race:
//!
//! - The new thread's parent knows the ended one's last release, and the ended thread did nothing
//!   after it. Then whoever knows a time of the new thread knows all of the ended one's by
//!   happens-before as well, so comparing with either gives the same answer.
//! - Every running thread knows the last time at which the ended one, or any that had the index before, recorded an
//!   access. Then none that is still to come can race with those, and whoever asks for an index may have it.
//!   Where they do not all know its end, the new thread begins a generation of times: what the ended
//!   one learned and released in the end, who knows the new one's times need not know. So
//!   those that nobody joins, and that do no more than to wait in the end, are not kept forever.

mod census;

use crate::array::{Array, Zeroable};
use crate::clock::{CLOCK_WORDS, Clock, Epoch, Tid, Time};
use crate::known::KnownToAll;
use crate::pool::{self, Index, Kind, Need, Node, Pool};
use crate::primitive::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering, fence};
use crate::source::Source;
use crate::spin::Spin;
use crate::trie::{self, Maker};
pub(crate) use census::Census;
use census::Censuses;
use core::mem::ManuallyDrop;

const CHUNK_BITS: u32 = if cfg!(loom) { 2 } else { 14 };
const CHUNK: usize = 1 << CHUNK_BITS;
const CHUNKS: usize = if cfg!(loom) {
    4
} else {
    Tid::LIMIT >> CHUNK_BITS
};

/// How many ended threads a fork looks at, at most, for an index that its parent may use again.
const CANDIDATES: usize = 8;

const FREE: u8 = 0;
const RUNNING: u8 = 1;
const ENDED: u8 = 2;

/// Something was learned since the last release, or since the thread last asked whether it had.
const SINCE_RELEASE: u8 = 1;
const SINCE_ASKED: u8 = 2;

/// The thread goes on under another index.
const GOES_ON: u8 = 1;
/// The thread had another index before.
const WENT_ON: u8 = 2;
/// One that had the index before.
const FORMER: u8 = 4;
/// No more than so many are remembered: one that has a record left keeps all the others.
const MOST_FORMERS: u8 = 63 * FORMER;

/// What belongs to one thread index: on cache lines of its own, for its thread changes it with every release.
#[repr(C, align(64))]
#[derive(Default)]
pub(crate) struct Slot {
    /// Odd while the clock changes.
    sequence: AtomicU32,
    state: AtomicU8,
    /// [`SINCE_RELEASE`] and [`SINCE_ASKED`], as far as something was learned since then.
    learned: AtomicU8,
    /// Whether the thread may ask who made a record that it has seen, or what that one knew; see [`census`].
    asks: AtomicU8,
    /// [`GOES_ON`], [`WENT_ON`], and how many had the index before, each of them a [`FORMER`]; under the lock of the lives.
    line: AtomicU8,
    clock: [AtomicU64; CLOCK_WORDS],
    /// A clock node: what relaxed loads have read and no acquire fence has taken yet.
    pub(crate) unfenced: AtomicU32,
    /// A clock node: the clock at the last release fence, which relaxed stores release.
    pub(crate) fenced: AtomicU32,
    /// The next slot in the list that this one is in, plus one.
    next: AtomicU32,
    /// Who had the index before: a chain of nodes, the latest first, each with the thread's name,
    /// the clock that it ended with, and, as its origin, the time at which it or one before it last recorded
    /// anything that is still there.
    former: AtomicU32,
    /// The thread's first time.
    start: AtomicU64,
    /// The number of the fork that the thread came of, from 1.
    fork: AtomicU64,
    /// What the front end calls the thread.
    label: AtomicU64,
    /// How often the thread has put a granule's history elsewhere; see `history`.
    versions: AtomicU64,
    /// The time up to which a census has seen no record of this index, whose threads of that time have ended; see [`census`].
    unseen: AtomicU64,
    /// The time at which anything was last recorded under this index that may still be there.
    recorded: AtomicU64,
}

// SAFETY: zero bytes are numbers and `false`.
unsafe impl Zeroable for Slot {}

/// A million goroutines have a million of them.
#[cfg(not(loom))]
const _: () = assert!(size_of::<Slot>() == 128);

impl Slot {
    /// This thread's clock, to look at; for its thread only.
    #[inline]
    pub(crate) fn peek(&self) -> ManuallyDrop<Clock> {
        let words = core::array::from_fn(|i| self.clock[i].load(Ordering::Relaxed));
        ManuallyDrop::new(Clock::from_words(words))
    }

    /// Whether this thread knows `epoch`; for its thread only.
    #[inline(always)]
    pub(crate) fn knows(&self, pool: &Pool, epoch: Epoch) -> bool {
        self.knows_inline(epoch) || self.knows_otherwise(pool, epoch)
    }

    /// The same, as far as it stands inline.
    #[inline(always)]
    pub(crate) fn knows_inline(&self, epoch: Epoch) -> bool {
        let (first, rest) = self.clock[2..].split_at(2);
        first.iter().any(|known| reaches(known, epoch)) || any_reaches(rest, epoch)
    }

    /// The same, for what does not stand inline.
    #[inline(never)]
    fn knows_otherwise(&self, pool: &Pool, epoch: Epoch) -> bool {
        reaches(&self.clock[1], epoch) || {
            let root = self.clock[0].load(Ordering::Relaxed) as Index;
            trie::get(pool, root, epoch.tid().key()) >= epoch.time().get()
        }
    }

    /// Whether this thread knows all that was released at `epoch`; for its thread only.
    #[inline]
    pub(crate) fn knows_all_of(&self, pool: &Pool, epoch: Epoch) -> bool {
        self.peek().knows_all_of(pool, epoch)
    }

    /// Changes this thread's clock; for its thread only.
    pub(crate) fn change<R>(&self, f: impl FnOnce(&mut Clock) -> R) -> R {
        let sequence = self.sequence.load(Ordering::Relaxed);
        self.sequence
            .store(sequence.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        let mut clock = self.peek();
        let result = f(&mut clock);
        for (place, word) in self.clock.iter().zip(clock.words()) {
            place.store(word, Ordering::Relaxed);
        }
        self.sequence
            .store(sequence.wrapping_add(2), Ordering::Release);
        result
    }

    /// A copy of the clock as it was at one moment, by anyone; `None` where it changed meanwhile.
    fn try_copy(&self, pool: &Pool, shard: usize) -> Option<Clock> {
        let before = self.sequence.load(Ordering::Acquire);
        let clock = self.peek();
        let mut retained = [0; 2];
        let mut whole = before.is_multiple_of(2);
        for (retained, root) in retained.iter_mut().zip(clock.roots()) {
            if whole && root != 0 {
                whole = pool.try_retain(root);
                *retained = if whole { root } else { 0 };
            }
        }
        fence(Ordering::Acquire);
        if whole && self.sequence.load(Ordering::Relaxed) == before {
            return Some(ManuallyDrop::into_inner(clock));
        }
        retained
            .into_iter()
            .for_each(|root| pool.release(root, shard));
        None
    }

    /// A copy of the clock as it is at some moment from now on, by anyone.
    pub(crate) fn copy(&self, pool: &Pool, source: &Source, shard: usize) -> Clock {
        let mut tries = 0u32;
        loop {
            if let Some(clock) = self.try_copy(pool, shard) {
                return clock;
            }
            tries += 1;
            if tries.is_multiple_of(64) {
                (source.relax)();
            } else {
                core::hint::spin_loop();
            }
        }
    }

    /// Whether a thread that is at `own` has learned and recorded nothing since its last release: the next may
    /// repeat it.
    #[inline]
    pub(crate) fn is_clean(&self, own: Epoch) -> bool {
        self.learned.load(Ordering::Relaxed) & SINCE_RELEASE == 0 && self.recorded() < own.time()
    }

    /// The thread has learned something, or has released what it learned; for its thread only.
    #[inline]
    pub(crate) fn set_learned(&self, learned: bool) {
        let before = self.learned.load(Ordering::Relaxed);
        let now = if learned {
            SINCE_RELEASE | SINCE_ASKED
        } else {
            before & !SINCE_RELEASE
        };
        self.learned.store(now, Ordering::Relaxed);
    }

    /// Whether the thread has learned something since this was last called; for its thread only.
    #[inline]
    pub(crate) fn take_learned(&self) -> bool {
        let before = self.learned.load(Ordering::Relaxed);
        if before & SINCE_ASKED != 0 {
            self.learned.store(before & !SINCE_ASKED, Ordering::Relaxed);
        }
        before & SINCE_ASKED != 0
    }

    /// The time at which anything was last recorded under this index.
    pub(crate) fn recorded(&self) -> Time {
        Time::from_bits(self.recorded.load(Ordering::Relaxed))
    }

    #[inline(always)]
    pub(crate) fn set_recorded(&self, time: Time) {
        self.recorded.store(time.get(), Ordering::Relaxed);
    }

    pub(crate) fn label(&self) -> u64 {
        self.label.load(Ordering::Relaxed)
    }

    pub(crate) fn set_label(&self, label: u64) {
        self.label.store(label, Ordering::Relaxed);
    }

    /// The number of the fork that the thread came of.
    pub(crate) fn fork(&self) -> u64 {
        self.fork.load(Ordering::Relaxed)
    }

    /// The first time of the thread that has the index now.
    pub(crate) fn start(&self) -> Time {
        Time::from_bits(self.start.load(Ordering::Relaxed))
    }

    /// Changes [`Self::line`]. The lock of the lives is held.
    fn change_line(&self, f: impl FnOnce(u8) -> u8) {
        let line = self.line.load(Ordering::Relaxed);
        self.line.store(f(line), Ordering::Relaxed);
    }

    fn has_in_line(&self, flag: u8) -> bool {
        self.line.load(Ordering::Relaxed) & flag != 0
    }

    /// Whether another thread may take the index over, and this one be remembered as one that had it before.
    fn may_be_taken_over(&self) -> bool {
        !self.has_in_line(GOES_ON | WENT_ON) && self.line.load(Ordering::Relaxed) < MOST_FORMERS
    }

    /// A number that this index never gave before.
    pub(crate) fn next_version(&self) -> u64 {
        let version = self.versions.load(Ordering::Relaxed) + 1;
        self.versions.store(version, Ordering::Relaxed);
        version
    }

    /// Takes the clock that `place`, a field of this slot, has a node for.
    pub(crate) fn take_clock(&self, pool: &Pool, place: &AtomicU32) -> Clock {
        match place.swap(0, Ordering::Relaxed) {
            0 => Clock::EMPTY,
            index => {
                let clock = Clock::in_node(pool.node(index));
                // The references are the caller's now.
                Clock::EMPTY.into_node(pool.node(index));
                pool.release(index, index as usize);
                clock
            }
        }
    }

    /// Keeps `clock` in a node that `place`, a field of this slot, leads to.
    pub(crate) fn keep_clock(
        &self,
        pool: &Pool,
        place: &AtomicU32,
        mut clock: Clock,
        shard: usize,
    ) {
        self.take_clock(pool, place).clear(pool, shard);
        if clock.is_empty() {
            return clock.clear(pool, shard);
        }
        match pool.take(Kind::Clock, 0, shard) {
            Some((index, node)) => {
                clock.into_node(node);
                place.store(index, Ordering::Relaxed);
            }
            None => clock.clear(pool, shard),
        }
    }
}

/// Slots in the order they were put in, linked through [`Slot::next`].
#[derive(Default)]
struct Queue {
    head: u32,
    tail: u32,
    len: usize,
}

/// Which indices can be given away.
struct Lives {
    used: u32,
    running: usize,
    free: Queue,
    /// Ended threads.
    ended: usize,
    /// Those whose index may be taken over.
    left: Queue,
    /// Threads whose index another one has, and that can still be named.
    former: usize,
    /// How many ended threads the next fork looks at: half as many after each that found none.
    candidates: usize,
    censuses: Censuses,
}

/// All slots of an engine.
pub(crate) struct Slots {
    chunks: Array<AtomicPtr<Slot>>,
    lives: Spin<Lives>,
    /// How many threads were forked: whoever looks at all threads can tell who came meanwhile. Changed
    /// under the lock of `lives`.
    forks: AtomicU64,
    source: Source,
}

/// What all of some threads know, in parts that are put together one by one.
struct Known<'a> {
    pool: &'a Pool,
    /// `None` before the first.
    trie: Option<Index>,
}

impl Known<'_> {
    /// Leaves what `clock` knows as well; `None`, and nothing, where there is no memory.
    fn meet(&mut self, mut clock: Clock) -> Option<()> {
        let pool = self.pool;
        let maker = Maker {
            pool,
            origin: 0,
            shard: 0,
            need: Need::Tidiness,
        };
        let theirs = clock.as_trie(maker);
        clock.clear(pool, 0);
        let theirs = theirs.ok()?;
        self.trie = Some(match self.take() {
            None => theirs,
            Some(known) => {
                let met = maker.meet(known, theirs);
                pool.release(known, 0);
                pool.release(theirs, 0);
                met?
            }
        });
        Some(())
    }

    fn take(&mut self) -> Option<Index> {
        self.trie.take()
    }
}

impl Drop for Known<'_> {
    fn drop(&mut self) {
        self.pool.release(self.take().unwrap_or(0), 0);
    }
}

/// How many thread indices are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Indices {
    /// Of threads that run.
    pub running: usize,
    /// Of threads that ended, and whose accesses may still race.
    pub ended: usize,
    /// That any new thread may have.
    pub free: usize,
    /// Ended threads whose index another thread has by now, and whose accesses may still race.
    pub former: usize,
}

impl Slots {
    pub(crate) fn new(source: &Source) -> Option<Self> {
        let lives = Lives {
            used: 0,
            running: 0,
            free: Queue::default(),
            ended: 0,
            left: Queue::default(),
            former: 0,
            candidates: CANDIDATES,
            censuses: Censuses::default(),
        };
        Some(Self {
            chunks: Array::new(CHUNKS, source)?,
            lives: Spin::new(lives, source),
            forks: AtomicU64::new(0),
            source: *source,
        })
    }

    /// The slot of an index that was given away.
    #[inline]
    pub(crate) fn slot(&self, tid: Tid) -> &Slot {
        self.find(tid).expect("the index was given away")
    }

    /// The same, where any index will do; `None` where the slots of that are not there.
    #[inline]
    fn find(&self, tid: Tid) -> Option<&Slot> {
        let chunk = self.chunks.get(tid.index() >> CHUNK_BITS)?;
        let chunk = chunk.load(Ordering::Acquire);
        // SAFETY: the chunk has this many slots and lives as long as this table.
        (!chunk.is_null()).then(|| unsafe { &*chunk.add(tid.index() & (CHUNK - 1)) })
    }

    /// The present time of an index that was given away, for anybody.
    pub(crate) fn own(&self, tid: Tid) -> Epoch {
        Epoch::from_bits(self.slot(tid).clock[1].load(Ordering::Relaxed))
    }

    pub(crate) fn indices(&self) -> Indices {
        let lives = self.lives.lock();
        Indices {
            running: lives.running,
            ended: lives.ended,
            free: lives.free.len,
            former: lives.former,
        }
    }

    /// The bytes of all slots ever used.
    pub(crate) fn bytes(&self) -> u64 {
        u64::from(self.lives.lock().used) * size_of::<Slot>() as u64
    }

    /// Gives an index to a new thread that starts with `clock`, and the epoch that it starts at.
    /// `None`, with the clock cleared, where there is none left.
    pub(crate) fn start(
        &self,
        pool: &Pool,
        mut clock: Clock,
        label: u64,
        shard: usize,
    ) -> Option<Epoch> {
        let mut lives = self.lives.lock();
        let Some((tid, time)) = self.choose(&mut lives, pool, &clock, shard) else {
            drop(lives);
            clock.clear(pool, shard);
            pool.note_exhausted();
            return None;
        };
        let slot = self.slot(tid);
        let epoch = Epoch::new(tid, time);
        slot.label.store(label, Ordering::Relaxed);
        slot.start.store(time.get(), Ordering::Relaxed);
        slot.set_learned(true);
        slot.set_asks(false);
        slot.change(|place| {
            place.clear(pool, shard);
            *place = clock;
            place.set_own(epoch);
        });
        slot.change_line(|line| line & !(GOES_ON | WENT_ON));
        let fork = self.forks.load(Ordering::Relaxed) + 1;
        slot.fork.store(fork, Ordering::Relaxed);
        slot.state.store(RUNNING, Ordering::Release);
        lives.running += 1;
        self.forks.store(fork, Ordering::Release);
        Some(epoch)
    }

    /// An index for a thread that starts with `clock`, and its first time.
    fn choose(
        &self,
        lives: &mut Lives,
        pool: &Pool,
        clock: &Clock,
        shard: usize,
    ) -> Option<(Tid, Time)> {
        if let Some(tid) = self.pop(&mut lives.free) {
            return Some((tid, self.slot(tid).peek().own().time()));
        }
        for _ in 0..lives.candidates.min(lives.left.len) {
            let tid = self.pop(&mut lives.left)?;
            let slot = self.slot(tid);
            let own = slot.peek().own();
            if own.time().next() < Time::LAST
                && clock.knows(pool, last(slot))
                && self.remember(pool, slot, shard)
            {
                lives.ended -= 1;
                lives.former += 1;
                lives.candidates = CANDIDATES;
                return Some((tid, own.time().next()));
            }
            self.push(&mut lives.left, tid);
        }
        lives.candidates = lives.candidates.div_ceil(2);
        let tid = Tid::new(lives.used as usize)?;
        pool::ensure(&self.chunks[tid.index() >> CHUNK_BITS], CHUNK, &self.source)?;
        lives.used += 1;
        Some((tid, Time::START))
    }

    /// Notes who has had the index of `slot` until now; `false` where there is no memory.
    fn remember(&self, pool: &Pool, slot: &Slot, shard: usize) -> bool {
        let former = slot.former.load(Ordering::Relaxed);
        // Without it, another index is taken.
        let taken = pool.take_for(Need::Tidiness, Kind::Clock, former, shard);
        let Some((index, node)) = taken else {
            return false;
        };
        node.set_word(0, slot.label());
        node.set_origin(slot.recorded().get());
        slot.peek().copy(pool).into_node(node);
        slot.former.store(index, Ordering::Relaxed);
        slot.change_line(|line| line + FORMER);
        true
    }

    /// The node of the thread that was at `epoch`, if another one has its index by now. `lives` is
    /// held meanwhile.
    fn former_at<'a>(&self, pool: &'a Pool, epoch: Epoch) -> Option<&'a Node> {
        let slot = self.slot(epoch.tid());
        if epoch.time() >= slot.start() {
            return None;
        }
        let mut index = slot.former.load(Ordering::Relaxed);
        let mut found = None;
        while index != 0 {
            let node = pool.node(index);
            if ended_at(node) < epoch.time() {
                break;
            }
            found = Some(node);
            index = node.link();
        }
        found
    }

    /// What the thread that was at `epoch` knows: by now, with all that it does until it next
    /// releases, or when it ended.
    pub(crate) fn clock_of(&self, pool: &Pool, epoch: Epoch, shard: usize) -> Clock {
        let slot = self.slot(epoch.tid());
        let mut clock = slot.copy(pool, &self.source, shard);
        let own = clock.own();
        if slot.is_clean(own) {
            clock.set_own(Epoch::new(own.tid(), own.time().before()));
        }
        // Whoever got the index meanwhile said so before it changed the clock.
        if epoch.time() >= slot.start() {
            return clock;
        }
        let _lives = self.lives.lock();
        if let Some(node) = self.former_at(pool, epoch) {
            clock.clear(pool, shard);
            clock = ManuallyDrop::new(Clock::in_node(node)).copy(pool);
        }
        clock
    }

    /// The last time that the thread which was at `epoch` has released; `None` where it is forgotten. Where that one is, but
    /// not who had the index next, it may be that one's.
    pub(crate) fn released(&self, pool: &Pool, epoch: Epoch) -> Option<Time> {
        let _lives = self.lives.lock();
        let slot = self.slot(epoch.tid());
        let own = if slot.state.load(Ordering::Relaxed) == FREE {
            return None;
        } else if epoch.time() >= slot.start() {
            slot.peek().own().time()
        } else {
            ended_at(self.former_at(pool, epoch)?)
        };
        // Each release with news in it begins a time.
        Some(own.before())
    }

    /// The thread of the index `from` goes on under the index `to`. Whoever was told of a race by this very operation asks
    /// after it.
    pub(crate) fn note_renewed(&self, from: Tid, to: Tid) {
        let (from, to) = (self.slot(from), self.slot(to));
        // Held by whoever notes who asks, too.
        let _lives = self.lives.lock();
        from.change_line(|line| line | GOES_ON);
        to.change_line(|line| line | WENT_ON);
        to.asks
            .store(from.asks.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// The thread of `tid` does nothing more.
    pub(crate) fn end(&self, pool: &Pool, tid: Tid, shard: usize) {
        let slot = self.slot(tid);
        slot.take_clock(pool, &slot.unfenced).clear(pool, shard);
        slot.take_clock(pool, &slot.fenced).clear(pool, shard);
        let mut lives = self.lives.lock();
        slot.state.store(ENDED, Ordering::Release);
        lives.running -= 1;
        lives.ended += 1;
        if slot.may_be_taken_over() {
            self.push(&mut lives.left, tid);
        }
    }

    /// What the front end calls the thread of `epoch`.
    pub(crate) fn label(&self, pool: &Pool, epoch: Epoch) -> u64 {
        let _lives = self.lives.lock();
        let former = self.former_at(pool, epoch);
        former.map_or_else(|| self.slot(epoch.tid()).label(), |node| node.word(0))
    }

    /// What every running thread knows, as a trie that is the caller's; `None` where there is no
    /// memory.
    ///
    /// Threads are looked at one by one, and may fork meanwhile. A child need not know what its parent
    /// learned between the fork and the look at it, so children are looked at, too: those of the
    /// first, long look in a second one, and those of that while no thread can be forked.
    pub(crate) fn known_to_all(&self, pool: &Pool) -> Option<Index> {
        let mut known = Known { pool, trie: None };
        let mut seen = 0;
        for _ in 0..2 {
            let forks = self.forks.load(Ordering::Acquire);
            let used = self.lives.lock().used;
            self.meet(&mut known, used, seen)?;
            seen = forks;
        }
        let lives = self.lives.lock();
        self.meet(&mut known, lives.used, seen)?;
        Some(known.take().unwrap_or(0))
    }

    /// Leaves in `known` what those threads know, too, that run with one of the first `used` indices
    /// and were forked after the first `seen`.
    fn meet(&self, known: &mut Known<'_>, used: u32, seen: u64) -> Option<()> {
        for tid in (0..used as usize).filter_map(Tid::new) {
            let slot = self.slot(tid);
            if slot.state.load(Ordering::Acquire) != RUNNING || slot.fork() <= seen {
                continue;
            }
            let mut clock = slot.copy(known.pool, &self.source, 0);
            // What the thread did since its last release, those that it forks need not know.
            let own = clock.own();
            if !own.is_none() {
                clock.set_own(Epoch::new(own.tid(), own.time().before()));
            }
            known.meet(clock)?;
        }
        Some(())
    }

    /// Frees the indices of ended threads all of whose records `known` says that every running thread knows, and calls
    /// `forgotten` with what the front end called them.
    ///
    /// What is free is given away in the order of the numbers, so that threads of the same time
    /// share leaves of the clocks that know them.
    pub(crate) fn reclaim(&self, pool: &Pool, known: &KnownToAll, mut forgotten: impl FnMut(u64)) {
        let mut lives = self.lives.lock();
        lives.free = Queue::default();
        lives.left = Queue::default();
        lives.ended = 0;
        for tid in (0..lives.used as usize).filter_map(Tid::new) {
            let slot = self.slot(tid);
            lives.former -= self.forget_former(pool, tid, known, &mut forgotten);
            let ended = slot.state.load(Ordering::Relaxed) == ENDED;
            let is_known = ended && known.has(Epoch::new(tid, slot.recorded()));
            if is_known && !self.has_earlier_index(&lives, slot) {
                let is_end_known = known.has(last(slot));
                self.free(pool, tid, is_end_known, &mut forgotten);
            }
            match slot.state.load(Ordering::Relaxed) {
                FREE if slot.peek().own().time() < Time::LAST => self.push(&mut lives.free, tid),
                ENDED => {
                    lives.ended += 1;
                    if slot.may_be_taken_over() {
                        self.push(&mut lives.left, tid);
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether records that the ended thread of `slot` made under another index may still be there: then its label is
    /// asked for.
    fn has_earlier_index(&self, lives: &Lives, slot: &Slot) -> bool {
        let is_earlier = |other: &Slot| {
            other.has_in_line(GOES_ON)
                && other.state.load(Ordering::Relaxed) == ENDED
                && other.label() == slot.label()
        };
        // Of all its indices, the last one has it forgotten.
        let is_last = slot.has_in_line(WENT_ON) && !slot.has_in_line(GOES_ON);
        is_last && self.used(lives).any(is_earlier)
    }

    /// Nothing more is kept of the ended thread of `tid`, whose label `forgotten` gets.
    fn free(&self, pool: &Pool, tid: Tid, is_end_known: bool, forgotten: &mut impl FnMut(u64)) {
        let slot = self.slot(tid);
        if !slot.has_in_line(GOES_ON) {
            forgotten(slot.label());
        }
        let own = slot.peek().own().time();
        // What it released last may be learned yet, and not by everybody who knows what comes after it.
        let next = if is_end_known {
            own.next()
        } else {
            own.next_generation()
        };
        slot.change(|clock| {
            clock.clear(pool, tid.shard());
            clock.set_own(Epoch::new(tid, next));
        });
        slot.state.store(FREE, Ordering::Relaxed);
    }

    /// Forgets who had the index `tid` before, as far as all know what those recorded; how many.
    fn forget_former(
        &self,
        pool: &Pool,
        tid: Tid,
        known: &KnownToAll,
        forgotten: &mut impl FnMut(u64),
    ) -> usize {
        let slot = self.slot(tid);
        let mut index = slot.former.load(Ordering::Relaxed);
        let mut after = None;
        while index != 0 {
            let node = pool.node(index);
            if known.has(Epoch::new(tid, Time::from_bits(node.origin()))) {
                break;
            }
            after = Some(node);
            index = node.link();
        }
        // Those before it recorded earlier.
        match after {
            None => slot.former.store(0, Ordering::Relaxed),
            Some(after) => after.set_link(Kind::Clock, 0),
        }
        let mut count = 0;
        while index != 0 {
            let node = pool.node(index);
            let next = node.link();
            forgotten(node.word(0));
            pool.release(index, tid.shard());
            count += 1;
            index = next;
        }
        slot.change_line(|line| line - count as u8 * FORMER);
        count
    }

    fn pop(&self, queue: &mut Queue) -> Option<Tid> {
        let tid = Tid::new((queue.head as usize).checked_sub(1)?)?;
        queue.head = self.slot(tid).next.load(Ordering::Relaxed);
        if queue.head == 0 {
            queue.tail = 0;
        }
        queue.len -= 1;
        Some(tid)
    }

    fn push(&self, queue: &mut Queue, tid: Tid) {
        let number = tid.index() as u32 + 1;
        self.slot(tid).next.store(0, Ordering::Relaxed);
        match Tid::new((queue.tail as usize).wrapping_sub(1)) {
            Some(last) => self.slot(last).next.store(number, Ordering::Relaxed),
            None => queue.head = number,
        }
        queue.tail = number;
        queue.len += 1;
    }
}

/// The last time of the former thread that `node` is about.
fn ended_at(node: &Node) -> Time {
    ManuallyDrop::new(Clock::in_node(node)).own().time()
}

/// The last epoch at which the ended thread of `slot` did anything.
fn last(slot: &Slot) -> Epoch {
    let own = slot.peek().own();
    if slot.is_clean(own) {
        Epoch::new(own.tid(), own.time().before())
    } else {
        own
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        for chunk in self.chunks.iter() {
            // SAFETY: chunks are made by `ensure` with this length and source.
            unsafe { pool::free(chunk, CHUNK, &self.source) };
        }
    }
}

/// Whether the component of a clock that `known` is reaches `epoch`.
#[inline(always)]
fn reaches(known: &AtomicU64, epoch: Epoch) -> bool {
    Epoch::from_bits(known.load(Ordering::Relaxed)).reaches(epoch)
}

/// Whether one of these does: mostly the first ones have told.
#[inline(never)]
fn any_reaches(known: &[AtomicU64], epoch: Epoch) -> bool {
    known.iter().any(|known| reaches(known, epoch))
}
