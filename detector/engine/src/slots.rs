//! A slot for every thread index: the thread that has it (`slots/slot.rs`), and who had it before.
//!
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
mod slot;

use crate::array::Array;
use crate::clock::{Clock, Epoch, Tid, Time};
use crate::known::KnownToAll;
use crate::pool::{self, Index, Kind, Need, Node, Pool};
use crate::primitive::{AtomicPtr, AtomicU64, Ordering};
use crate::source::Source;
use crate::spin::Spin;
use crate::trie::Maker;
pub(crate) use census::Census;
use census::Censuses;
use core::mem::ManuallyDrop;
pub(crate) use slot::Slot;
use slot::{ENDED, FORMER, FREE, GOES_ON, RUNNING, WENT_ON};

const CHUNK_BITS: u32 = if cfg!(loom) { 2 } else { 14 };
const CHUNK: usize = 1 << CHUNK_BITS;
const CHUNKS: usize = if cfg!(loom) {
    4
} else {
    Tid::LIMIT >> CHUNK_BITS
};

/// How many ended threads a fork looks at, at most, for an index that its parent may use again.
const CANDIDATES: usize = 8;

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
        self.slot(tid).own()
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
        slot.set_label(label);
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
            return Some((tid, self.slot(tid).own().time()));
        }
        for _ in 0..lives.candidates.min(lives.left.len) {
            let tid = self.pop(&mut lives.left)?;
            let slot = self.slot(tid);
            let own = slot.own();
            if own.time().next() < Time::LAST
                && clock.knows(pool, slot.last())
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
            slot.own().time()
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
                let is_end_known = known.has(slot.last());
                self.free(pool, tid, is_end_known, &mut forgotten);
            }
            match slot.state.load(Ordering::Relaxed) {
                FREE if slot.own().time() < Time::LAST => self.push(&mut lives.free, tid),
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
        let own = slot.own().time();
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

impl Drop for Slots {
    fn drop(&mut self) {
        for chunk in self.chunks.iter() {
            // SAFETY: chunks are made by `ensure` with this length and source.
            unsafe { pool::free(chunk, CHUNK, &self.source) };
        }
    }
}
