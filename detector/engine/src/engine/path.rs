//! The path of an access: from the look that finds it made before, over the exchange of one record, to all the
//! rules.
//!
//! Each function does what few accesses lack, and passes on those that need more: so the first ones stay small, and
//! what they use stays in registers.

use super::once::{AtOnce, Word, record_of, unrepeat};
use super::{Engine, Race};
use crate::access::{AccessKind, ByteRange};
use crate::clock::{Clock, Epoch};
use crate::context::NodeId;
use crate::granule::{self, Granule};
use crate::history::{self, Conflict, Conflicts, Context};
use crate::pair::Words;
use crate::parts;
use crate::pool::Need;
use crate::primitive::{Ordering, fence};
use crate::record::{BYTES, ByteMask, Meta, Record};
use crate::renewal::{self, By};
use crate::shadow::granules_of;
use crate::sync::{Shared, ThreadClock};
use crate::trie::Maker;

impl Engine {
    /// Whether the thread that is at `epoch` has, at this epoch, already made an access that covers
    /// `kind` on the `len` bytes from `start`, as far as one look tells: then [`Self::access`] would
    /// do nothing. For callers that have the time for one look only; two are [`Self::has_made`].
    #[inline(always)]
    #[must_use]
    pub fn is_repeated(&self, epoch: Epoch, kind: AccessKind, start: usize, len: usize) -> bool {
        self.word(start, len).is_some_and(|Word { granule, mask }| {
            granule::is_covered_inline(granule.main().glance(), kind, mask, epoch)
        })
    }

    /// Events *read* and *write*: an access by `thread`, whose call stack `node` gives. Calls
    /// `found` with each race: one for each earlier access and run of bytes.
    ///
    /// `node` is called only where no record in place tells that the same thread has, in the same epoch,
    /// made an access that covers this one.
    ///
    /// # Panics
    ///
    /// Where the thread is another engine's.
    #[inline]
    pub fn access(
        &self,
        thread: &ThreadClock,
        kind: AccessKind,
        bytes: ByteRange,
        node: impl FnOnce() -> NodeId,
        found: impl FnMut(&Race),
    ) {
        if let Some(Word { granule, mask }) = self.word(bytes.start(), bytes.len_as_given()) {
            let seen = granule.main().glance();
            if granule::is_covered_inline(seen, kind, mask, thread.epoch()) {
                return;
            }
            if granule.is_covered_by_side(kind, mask, thread.epoch()) {
                return self.covered(thread, kind, bytes);
            }
            let new = Meta::new(kind, mask, node());
            return self.access_seated(thread, granule, new, bytes.start(), found);
        }
        self.access_wide(thread, kind, bytes, node, found);
    }

    /// An access that several granules have a part of: each is looked at as for one of its own, up to
    /// the first that has more to it.
    #[inline(never)]
    fn access_wide(
        &self,
        thread: &ThreadClock,
        kind: AccessKind,
        bytes: ByteRange,
        node: impl FnOnce() -> NodeId,
        found: impl FnMut(&Race),
    ) {
        thread.assert_of(&self.shared);
        if self.shared.pool.is_exhausted() {
            return self.access_each(AtOnce::No, thread, kind, bytes, node, found);
        }
        let mut known = None;
        let mut node = Some(node);
        let mut get =
            || *known.get_or_insert_with(|| node.take().map_or(NodeId::ROOT, |node| node()));
        let (attempt, next) = self.range_at_once(thread, kind, bytes, &mut get);
        match attempt {
            AtOnce::Done => {}
            AtOnce::Begun | AtOnce::BothBegun => {
                self.access_each(attempt, thread, kind, bytes.from(next), get, found);
            }
            AtOnce::No => self.access_new(thread, kind, bytes.from(next), get, found),
        }
    }

    /// An access, or what is left of it, for which an attempt at once, such as [`Self::word_at_once`], has told `attempt`: nothing,
    /// where it is done.
    ///
    /// # Panics
    ///
    /// Where the thread is another engine's.
    pub fn access_after(
        &self,
        attempt: AtOnce,
        thread: &ThreadClock,
        kind: AccessKind,
        bytes: ByteRange,
        node: NodeId,
        found: impl FnMut(&Race),
    ) {
        match attempt {
            AtOnce::Done => {}
            AtOnce::Begun | AtOnce::BothBegun => {
                self.access_each(attempt, thread, kind, bytes, || node, found);
            }
            AtOnce::No => match self.word(bytes.start(), bytes.len_as_given()) {
                Some(_) => self.access_new(thread, kind, bytes, || node, found),
                None => self.access_wide(thread, kind, bytes, || node, found),
            },
        }
    }

    /// An access to one granule: where what it has in main is one record, which the access knows, of the same
    /// kind, bytes and call stack, here, and otherwise passed on. It calls hardly anybody, and has few arguments, and so
    /// needs few registers: what is saved of those would have to be in memory before the exchange.
    #[inline(never)]
    fn access_seated(
        &self,
        thread: &ThreadClock,
        granule: Granule<'_>,
        new: Meta,
        start: usize,
        found: impl FnMut(&Race),
    ) {
        let seen = granule.main().glance();
        let is_same = seen.high == new.0 && granule::is_single(seen);
        if !is_same || !thread.knows_inline(Epoch::from_bits(seen.low)) {
            return self.access_replacing(thread, granule, new, start, found);
        }
        let sweeps = self.shadow.sweeps();
        unrepeat(thread);
        let is_done = granule.main().renew(seen, thread.epoch().bits())
            && granule.is_alone()
            && self.shadow.is_undisturbed_since(sweeps);
        if !is_done {
            self.access_renewed(thread, granule, new, start, found);
        }
    }

    /// The same, where its record may stand in main, and there is more to look at.
    #[inline(never)]
    fn access_renewed(
        &self,
        thread: &ThreadClock,
        granule: Granule<'_>,
        new: Meta,
        start: usize,
        found: impl FnMut(&Race),
    ) {
        let sweeps = self.shadow.sweeps();
        let words = record_of(thread, new);
        let settled = granule.main().load() == words
            && granule.settle(words, |epoch| thread.knows(epoch))
            && self.shadow.has_recorded(sweeps);
        if !settled {
            self.access_again(thread, start, Record::from_words(words), found);
        }
    }

    /// An access to one granule, where main has not just the record that it makes again.
    #[inline(never)]
    fn access_replacing(
        &self,
        thread: &ThreadClock,
        granule: Granule<'_>,
        wanted: Meta,
        start: usize,
        found: impl FnMut(&Race),
    ) {
        let sweeps = self.shadow.sweeps();
        let seen = granule.main().glance();
        let new = record_of(thread, wanted);
        let attempt = self.at_once(thread, wanted.kind(), granule, (seen, new), sweeps);
        let new = Record::from_words(new);
        match attempt {
            AtOnce::Done => {}
            AtOnce::Begun | AtOnce::BothBegun => self.access_again(thread, start, new, found),
            AtOnce::No => {
                let bytes = new.mask.bytes_from(start);
                self.access_new(thread, new.kind, bytes, || new.node, found);
            }
        }
    }

    /// An access to one granule that could not be recorded in a seat.
    #[inline(never)]
    fn access_again(
        &self,
        thread: &ThreadClock,
        start: usize,
        new: Record,
        found: impl FnMut(&Race),
    ) {
        let bytes = new.mask.bytes_from(start);
        self.access_each(AtOnce::Begun, thread, new.kind, bytes, || new.node, found);
    }

    /// An access that the inline same-epoch check did not cover.
    #[inline(never)]
    fn access_new(
        &self,
        thread: &ThreadClock,
        kind: AccessKind,
        bytes: ByteRange,
        node: impl FnOnce() -> NodeId,
        found: impl FnMut(&Race),
    ) {
        thread.assert_of(&self.shared);
        let node = node();
        let is_done = self.is_covered(thread.epoch(), kind, bytes)
            || self.may_read_again(kind) && self.renew_read(thread, bytes, node);
        if is_done {
            self.covered(thread, kind, bytes);
        } else {
            self.access_each(AtOnce::No, thread, kind, bytes, || node, found);
        }
    }

    /// Whether an access of this kind may find an edge where one of the same thread and epoch was before.
    #[inline]
    pub(super) fn may_read_again(&self, kind: AccessKind) -> bool {
        kind == AccessKind::Read && !self.racy.is_empty()
    }

    /// A read of one granule that may be renewed, but not at once: it is looked at once more afterwards.
    #[cold]
    fn renew_read(&self, thread: &ThreadClock, bytes: ByteRange, node: NodeId) -> bool {
        let word = self.word(bytes.start(), bytes.len_as_given());
        word.is_some_and(|Word { granule, mask }| {
            let new = record_of(thread, Meta::new(AccessKind::Read, mask, node));
            self.renew(thread, granule, new) == AtOnce::Done
        })
    }

    /// The same-epoch check on whole histories.
    #[inline(never)]
    fn is_covered(&self, epoch: Epoch, kind: AccessKind, bytes: ByteRange) -> bool {
        let pool = &self.shared.pool;
        granules_of(bytes.start(), bytes.end()).all(|(address, mask)| {
            let granule = self.shadow.granule(address);
            granule.is_some_and(|granule| history::is_covered(granule, pool, kind, mask, epoch))
        })
    }

    /// An access to one granule, whose history is a chain, if that has the like of it by the same thread, or the side has
    /// what it supersedes.
    #[inline(never)]
    pub(super) fn renew(&self, thread: &ThreadClock, granule: Granule<'_>, new: Words) -> AtOnce {
        if self.shared.pool.is_exhausted() {
            return AtOnce::No;
        }
        let sweeps = self.shadow.sweeps();
        let (is_old, version) = (self.is_old(), self.version_of(thread));
        let by = By {
            context: context(thread, &is_old, &version),
            start: thread.slot().start(),
            ends: is_turn(thread.unsettled()),
        };
        match self.kept_from(sweeps, renewal::renew(granule, &by, new)) {
            AtOnce::Done => {
                self.tidy_up(thread, granule);
                AtOnce::Done
            }
            AtOnce::No => self.kept_from(sweeps, parts::end_chain(granule, &by.context, new)),
            attempt => attempt,
        }
    }

    /// Records an access that has no seat, and the one record that was `seen` in main is ordered before, as a chain of both.
    #[inline(never)]
    pub(super) fn begin_chain(
        &self,
        thread: &ThreadClock,
        granule: Granule<'_>,
        seen: Words,
        new: Words,
    ) -> AtOnce {
        if self.shared.pool.is_exhausted() {
            return AtOnce::No;
        }
        let sweeps = self.shadow.sweeps();
        let (is_old, version) = (self.is_old(), self.version_of(thread));
        let context = context(thread, &is_old, &version);
        self.kept_from(sweeps, parts::begin_chain(granule, &context, seen, new))
    }

    /// What is to be said of an attempt, when there were so many `sweeps` before it.
    #[inline]
    fn kept_from(&self, sweeps: u32, attempt: AtOnce) -> AtOnce {
        match attempt {
            AtOnce::Done => AtOnce::done_if(self.shadow.has_recorded(sweeps)),
            attempt => attempt,
        }
    }

    /// The history of a granule is longer than fits in place, and keeps being looked at: now and then,
    /// what everybody knows of it is dropped.
    #[inline]
    fn tidy_up(&self, thread: &ThreadClock, granule: Granule<'_>) {
        if self.note_unsettled(thread) {
            self.sweep_granule(thread, granule);
        }
    }

    #[cold]
    fn sweep_granule(&self, thread: &ThreadClock, granule: Granule<'_>) {
        let pool = &self.shared.pool;
        let version = || thread.next_version();
        let (shard, beside) = (thread.shard(), granule.may_have_side());
        // Where there is no memory for it, it stays as it is.
        let _ = history::sweep(
            granule,
            beside,
            pool,
            shard,
            &version,
            self.is_old(),
            |_| {},
        );
    }

    /// An access to any number of granules, by all the rules, after an `attempt` at once.
    #[inline(never)]
    fn access_each(
        &self,
        attempt: AtOnce,
        thread: &ThreadClock,
        kind: AccessKind,
        bytes: ByteRange,
        node: impl FnOnce() -> NodeId,
        mut found: impl FnMut(&Race),
    ) {
        let epoch = thread.epoch();
        let pool = &self.shared.pool;
        if pool.is_exhausted() {
            // An edge may be missing: what is found now may be no race.
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let node = node();
        unrepeat(thread);
        thread.slot().set_asks(true);
        let mut open = Adjoining::default();
        let mut tried = attempt.tried();
        // What was known before the access: edges into it are not.
        let mut before: Option<Clock> = None;
        let mut conflicts = Conflicts::new(ByteMask::NONE);
        for (address, mask) in granules_of(bytes.start(), bytes.end()) {
            let new = Record {
                epoch,
                kind,
                mask,
                node,
            };
            open.begin_granule(address, &mut found);
            // What was tried is here because it has more to it, and what was put in its seat may cover it by now.
            let is_tried = tried > 0;
            tried = tried.saturating_sub(1);
            if !is_tried && self.in_granule(thread, kind, address, mask, || node) == AtOnce::Done {
                continue;
            }
            conflicts.begin(mask);
            match self.record(thread, address, new, &mut conflicts) {
                None => {
                    self.lost.fetch_add(1, Ordering::Relaxed);
                }
                Some(()) if conflicts.is_empty() => {}
                Some(()) => {
                    let before = before.get_or_insert_with(|| thread.slot().peek().copy(pool));
                    self.note(address, &conflicts, before, |race| {
                        open.add(race, &mut found);
                    });
                    if kind == AccessKind::Read {
                        self.read_from(thread, &conflicts);
                    }
                }
            }
        }
        match before {
            // Whoever hears of the races may ask about them, until the thread goes on.
            Some(mut before) => before.clear(pool, thread.shard()),
            None => thread.slot().set_asks(false),
        }
        open.finish(&mut found);
    }

    fn record(
        &self,
        thread: &ThreadClock,
        address: usize,
        new: Record,
        conflicts: &mut Conflicts,
    ) -> Option<()> {
        let (is_old, version) = (self.is_old(), self.version_of(thread));
        let context = context(thread, &is_old, &version);
        let granule = self.shadow.place(address)?;
        loop {
            let sweeps = self
                .shadow
                .begin_recording(granule, granule::may_stand_beside(new.kind));
            history::record(granule, &context, new, conflicts)?;
            if self.shadow.has_recorded(sweeps) {
                return Some(());
            }
        }
    }

    /// A record of `thread` had no room: now and then, it is found out what everybody knows; whether it was now.
    #[inline]
    pub(super) fn note_unsettled(&self, thread: &ThreadClock) -> bool {
        let number = thread.next_unsettled();
        let Shared { pool, slots, .. } = &*self.shared;
        self.settled.note(number, pool, slots)
    }

    /// Whether every running thread knows an epoch.
    fn is_old(&self) -> impl Fn(Epoch) -> bool {
        |epoch| self.settled.has(epoch)
    }

    /// Gives a number that no granule had before, to a history by `thread` that has no room in place.
    fn version_of(&self, thread: &ThreadClock) -> impl Fn() -> u64 {
        move || {
            self.note_unsettled(thread);
            thread.next_version()
        }
    }

    /// Notes what raced in the granule at `address`, and gives the races.
    fn note(
        &self,
        address: usize,
        conflicts: &Conflicts,
        before: &Clock,
        mut race: impl FnMut(Race),
    ) {
        let pool = &self.shared.pool;
        for Conflict { previous, bytes } in conflicts.iter() {
            self.racy.insert(pool, address, bytes);
            let dependent = before.softly_knows(pool, previous.epoch);
            for (from, to) in bytes.runs() {
                race(Race {
                    bytes: ByteRange::new(address + from, to - from).expect("runs have bytes"),
                    previous_kind: previous.kind,
                    previous_epoch: previous.epoch,
                    previous_node: previous.node,
                    dependent,
                });
            }
        }
    }

    /// The schedulable-happens-before edges from racing writes.
    fn read_from(&self, thread: &ThreadClock, conflicts: &Conflicts) {
        let wrote = |conflict: &Conflict| conflict.previous.kind == AccessKind::Write;
        for conflict in conflicts.iter().filter(wrote) {
            self.read_from_write(thread, conflict.previous.epoch);
        }
    }

    /// An access of which the thread made the like in this epoch: it can find no new race, but a
    /// read may read what others have written since.
    #[inline]
    fn covered(&self, thread: &ThreadClock, kind: AccessKind, bytes: ByteRange) {
        if self.may_read_again(kind) {
            self.read_again(thread, bytes);
        }
    }

    /// The same edges into a read that repeats one of the same thread and epoch.
    #[cold]
    fn read_again(&self, thread: &ThreadClock, bytes: ByteRange) {
        let (pool, shard) = (&self.shared.pool, thread.shard());
        thread.slot().set_asks(true);
        fence(Ordering::SeqCst);
        for (address, mask) in granules_of(bytes.start(), bytes.end()) {
            let Some(granule) = self.shadow.granule(address) else {
                continue;
            };
            let knows = |epoch| thread.knows(epoch);
            for write in history::unknown_writes(granule, pool, shard, mask, knows) {
                self.read_from_write(thread, write);
            }
        }
        thread.slot().set_asks(false);
    }

    fn read_from_write(&self, thread: &ThreadClock, write: Epoch) {
        let Shared { pool, slots, .. } = thread.shared();
        let shard = thread.shard();
        let mut writer = slots.clock_of(pool, write, shard);
        let maker = Maker {
            pool,
            origin: thread.epoch().bits(),
            shard,
            need: Need::Knowledge,
        };
        // Where there is no memory, the pool has noted it, and the engine stops reporting.
        let _ = thread
            .slot()
            .change(|clock| clock.learn_softly(maker, &writer));
        writer.clear(pool, shard);
    }
}

/// Whether it is time, after so many records without room, to look whether a chain has come to its end: about every sixteenth
/// time, because those who fill it may be back at once; and whichever the times are at which a thread comes to one of its
/// chains (multiples of the golden ratio: Knuth, volume 3, 6.4).
fn is_turn(unsettled: u32) -> bool {
    unsettled.wrapping_mul(0x9e37_79b9) >> 28 == 0
}

/// What an access by `thread` needs besides the granule.
#[inline]
fn context<'a>(
    thread: &'a ThreadClock,
    is_old: &'a dyn Fn(Epoch) -> bool,
    version: &'a dyn Fn() -> u64,
) -> Context<'a, impl Fn(Epoch) -> bool> {
    Context {
        pool: &thread.shared().pool,
        knows: |epoch| thread.knows(epoch),
        is_old,
        version,
        shard: thread.shard(),
    }
}

/// Races of one access that may go on in the next granule: at most one ends at a byte.
#[derive(Default)]
struct Adjoining {
    races: [Option<Race>; BYTES],
}

impl Adjoining {
    /// What did not reach `address` is complete.
    fn begin_granule(&mut self, address: usize, found: &mut impl FnMut(&Race)) {
        for open in &mut self.races {
            if open.is_some_and(|race| race.bytes.end() != address)
                && let Some(race) = open.take()
            {
                found(&race);
            }
        }
    }

    fn add(&mut self, race: Race, found: &mut impl FnMut(&Race)) {
        for open in self.races.iter_mut().flatten() {
            if race.continues(open) {
                let len = open.bytes.len() + race.bytes.len();
                open.bytes =
                    ByteRange::new(open.bytes.start(), len).expect("two ranges have bytes");
                return;
            }
        }
        match self.races.iter_mut().find(|open| open.is_none()) {
            Some(free) => *free = Some(race),
            None => found(&race),
        }
    }

    fn finish(&mut self, found: &mut impl FnMut(&Race)) {
        self.races
            .iter_mut()
            .filter_map(Option::take)
            .for_each(|race| found(&race));
    }
}
