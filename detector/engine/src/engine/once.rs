//! Accesses that are recorded at once: those of which one look at the granule, or at its chain, tells that nothing races, and
//! where the record goes. They are nearly all, and so what is done for them is written out, with as few steps as there can be;
//! everything else is left to the rules ([`super::path`]).

use super::{Engine, Race};
use crate::access::{AccessKind, ByteRange};
use crate::clock::Epoch;
use crate::context::NodeId;
use crate::granule::{self, Granule, Seat};
use crate::pair::Words;
use crate::record::{BYTES, ByteMask, Meta, Record};
use crate::region::Half;
use crate::sync::ThreadClock;

/// What came of an attempt to record an access at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AtOnce {
    /// It is recorded: nothing races.
    Done,
    /// It was put in its seat, but there is more to look at: it is to be recorded by all the rules, and what
    /// is there now does not tell that it was made before.
    Begun,
    /// The same of both of two words: neither tells that it was accessed before.
    BothBegun,
    /// There is no seat for it, or more to look at before.
    No,
}

impl AtOnce {
    /// How many words of the access, the first ones, are to be recorded by all the rules whatever is there.
    #[inline]
    pub(super) fn tried(self) -> usize {
        1 + usize::from(self == Self::BothBegun)
    }

    #[inline(always)]
    pub(crate) fn done_if(is_done: bool) -> Self {
        if is_done { Self::Done } else { Self::Begun }
    }
}

/// Up to eight bytes of an access: those that one granule has.
#[derive(Clone, Copy)]
pub struct Word<'a> {
    pub(super) granule: Granule<'a>,
    pub(super) mask: ByteMask,
}

impl Word<'_> {
    /// The number of bytes.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a word is never empty")]
    pub fn len(self) -> usize {
        self.mask.bits().count_ones() as usize
    }
}

impl Engine {
    /// The `len` bytes from `start`, if one granule has them all, and there is shadow for it.
    #[inline(always)]
    #[must_use]
    pub fn word(&self, start: usize, len: usize) -> Option<Word<'_>> {
        let offset = start % BYTES;
        if len > BYTES - offset {
            return None;
        }
        let granule = self.shadow.granule(start)?;
        let mask = ByteMask::span(offset, offset + len);
        Some(Word { granule, mask })
    }

    /// Whether the thread that is at `epoch` has, at this epoch, already made an access that covers `kind` on all of
    /// `word`, as far as a look at each half of its history tells.
    #[inline(always)]
    #[must_use]
    pub fn has_made(&self, epoch: Epoch, kind: AccessKind, word: Word<'_>) -> bool {
        let Word { granule, mask } = word;
        let seen = granule.main().glance();
        self.made(epoch, granule, seen, (kind, mask)) == Some(AtOnce::Done)
    }

    /// Records an access by `thread`, whose call stack is `node`, to all of `word`, if that can be done at once. It is one
    /// that [`Self::has_made`] does not tell to have been made before. Where it is not done, [`Self::access_after`] does it.
    #[inline(always)]
    pub fn word_at_once(
        &self,
        thread: &ThreadClock,
        kind: AccessKind,
        word: Word<'_>,
        node: NodeId,
    ) -> AtOnce {
        let Word { granule, mask } = word;
        let sweeps = self.shadow.sweeps();
        let seen = granule.main().glance();
        let new = record_of(thread, Meta::new(kind, mask, node));
        self.at_once(thread, kind, granule, (seen, new), sweeps)
    }

    /// As [`Self::access`], where most that come have not been made before in their epoch.
    #[inline]
    pub(super) fn access_soon(
        &self,
        thread: &ThreadClock,
        kind: AccessKind,
        bytes: ByteRange,
        node: impl FnOnce() -> NodeId,
        found: impl FnMut(&Race),
    ) {
        let Some(word) = self.word(bytes.start(), bytes.len_as_given()) else {
            return self.access_after(AtOnce::No, thread, kind, bytes, node(), found);
        };
        if self.has_made(thread.epoch(), kind, word) {
            return;
        }
        let node = node();
        let attempt = self.word_at_once(thread, kind, word, node);
        if attempt != AtOnce::Done {
            self.access_after(attempt, thread, kind, bytes, node, found);
        }
    }

    /// The part of an access that one granule has, in which `seen` was in main, after so many `sweeps`: the record `new`,
    /// which is one of `kind`.
    #[inline(always)]
    pub(super) fn at_once(
        &self,
        thread: &ThreadClock,
        kind: AccessKind,
        granule: Granule<'_>,
        (seen, new): (Words, Words),
        sweeps: u32,
    ) -> AtOnce {
        let recorded = if seen.low == 0 {
            self.shadow.touch(granule, Half::Main);
            granule.main().replace(seen, new)
        } else if gives_way(thread, kind, seen, new) {
            granule.exchange(seen, new)
        } else {
            return self.at_once_beside(thread, granule, seen, new);
        };
        let is_settled = recorded && self.is_settled(thread, kind, granule, new);
        AtOnce::done_if(is_settled && self.shadow.has_recorded(sweeps))
    }

    /// Whether nothing in the side conflicts with the record `new`, of `kind`, that `thread` has just put in main.
    #[inline(always)]
    pub(super) fn is_settled(
        &self,
        thread: &ThreadClock,
        kind: AccessKind,
        granule: Granule<'_>,
        new: Words,
    ) -> bool {
        !granule::may_conflict_beside(kind)
            || granule.is_alone()
            || kind == AccessKind::Write && granule.has_read_beside(thread.epoch())
            || self.settle(thread, granule, new)
    }

    /// Records an access by `thread` to all of `bytes`, up to the first granule in which that cannot be done at once: what
    /// came of the attempt there, and where it begins. [`Self::access_after`] does what is left.
    ///
    /// `node` gives the call stack, the same each time; it is not asked where all was made before.
    #[inline(always)]
    pub fn range_at_once(
        &self,
        thread: &ThreadClock,
        kind: AccessKind,
        bytes: ByteRange,
        mut node: impl FnMut() -> NodeId,
    ) -> (AtOnce, usize) {
        let (mut at, end) = (bytes.start(), bytes.end());
        while at < end {
            let (offset, left) = (at % BYTES, end - at);
            let (len, attempt) = if offset == 0 && left >= BYTES {
                self.words_at_once(thread, kind, at, left / BYTES, &mut node)
            } else {
                let len = left.min(BYTES - offset);
                let mask = ByteMask::span(offset, offset + len);
                match self.in_granule(thread, kind, at, mask, &mut node) {
                    AtOnce::Done => (len, AtOnce::Done),
                    attempt => (0, attempt),
                }
            };
            at += len;
            if attempt != AtOnce::Done {
                return (attempt, at);
            }
        }
        (AtOnce::Done, at)
    }

    /// Records an access by `thread` to `count` whole words from `address` on, as far as it can be done at once, and the shadow
    /// goes on without a gap: how many bytes are done, and what came of the attempt at the next word, if there was one.
    ///
    /// `node` gives the call stack; it is not asked where all was made before.
    #[inline(always)]
    fn words_at_once(
        &self,
        thread: &ThreadClock,
        kind: AccessKind,
        address: usize,
        count: usize,
        mut node: impl FnMut() -> NodeId,
    ) -> (usize, AtOnce) {
        let Some(granules) = self.shadow.granules(address, count) else {
            return (0, AtOnce::No);
        };
        let sweeps = self.shadow.sweeps();
        let mut new = Words::ZERO;
        let mut len = 0;
        for granule in granules {
            let seen = granule.main().glance();
            let made = self.made(thread.epoch(), granule, seen, (kind, ByteMask::ALL));
            // No closure: this is what the compiler keeps inline.
            let attempt = if let Some(made) = made {
                made
            } else {
                if new == Words::ZERO {
                    new = record_of(thread, Meta::new(kind, ByteMask::ALL, node()));
                }
                self.at_once(thread, kind, granule, (seen, new), sweeps)
            };
            if attempt != AtOnce::Done {
                return (len, attempt);
            }
            len += BYTES;
        }
        (len, AtOnce::Done)
    }

    /// The part of an access that one granule has, if no more has to be looked at than its two records in place.
    #[inline(always)]
    pub(super) fn in_granule(
        &self,
        thread: &ThreadClock,
        kind: AccessKind,
        address: usize,
        mask: ByteMask,
        node: impl FnOnce() -> NodeId,
    ) -> AtOnce {
        let Some(granule) = self.shadow.granule(address) else {
            return AtOnce::No;
        };
        self.word_or_repeat(thread, kind, Word { granule, mask }, node)
    }

    /// As [`Self::word_at_once`], where the access may have been made before: then `node` is not asked for the call stack.
    #[inline(always)]
    pub fn word_or_repeat(
        &self,
        thread: &ThreadClock,
        kind: AccessKind,
        word: Word<'_>,
        node: impl FnOnce() -> NodeId,
    ) -> AtOnce {
        let Word { granule, mask } = word;
        let sweeps = self.shadow.sweeps();
        let seen = granule.main().glance();
        if let Some(made) = self.made(thread.epoch(), granule, seen, (kind, mask)) {
            return made;
        }
        let new = record_of(thread, Meta::new(kind, mask, node()));
        self.at_once(thread, kind, granule, (seen, new), sweeps)
    }

    /// What comes of the part of an access that a granule has, in which `seen` was in main, if one look at each half
    /// tells that it was made before at this `epoch`.
    #[inline(always)]
    pub(super) fn made(
        &self,
        epoch: Epoch,
        granule: Granule<'_>,
        seen: Words,
        (kind, mask): (AccessKind, ByteMask),
    ) -> Option<AtOnce> {
        if seen.low == epoch.bits() && granule::is_covered_inline(seen, kind, mask, epoch) {
            return Some(AtOnce::Done);
        }
        if !granule.is_covered_by_side(kind, mask, epoch) {
            return None;
        }
        let is_done = !self.may_read_again(kind);
        Some(if is_done { AtOnce::Done } else { AtOnce::No })
    }

    /// Looks at what is in the side, for who has just recorded in main.
    #[inline(never)]
    fn settle(&self, thread: &ThreadClock, granule: Granule<'_>, new: Words) -> bool {
        granule.settle(new, |epoch| thread.knows(epoch))
    }

    /// As [`Self::at_once`], where the record does not supersede what was seen in main, as far as a look inline tells: mostly it
    /// is a read of what was written, and has its seat beside that.
    #[inline(never)]
    fn at_once_beside(
        &self,
        thread: &ThreadClock,
        granule: Granule<'_>,
        seen: Words,
        new: Words,
    ) -> AtOnce {
        let meta = Meta(new.high);
        if granule::is_crowded(seen) {
            // Perhaps the words were just being exchanged.
            let now = granule.main().load();
            if !granule::is_crowded(now) {
                return self.at_once_now(thread, granule, now, new);
            }
            if self.may_read_again(meta.kind()) {
                return AtOnce::No;
            }
            return self.renew(thread, granule, new);
        }
        let may_stand = granule::may_stand_beside(meta.kind()) && seen.low != 0;
        // Read before the note of the side's page: a sweep that takes it back afterwards is counted.
        let sweeps = self.shadow.sweeps();
        // What the thread has made in this epoch itself may be widened.
        if may_stand && seen.low != new.low && granule.may_have_side() {
            let side = granule.side().load();
            // What everybody knows in main gives its place rather than that the side is used.
            let is_free = side.low == 0 && !self.settled.has(Epoch::from_bits(seen.low));
            if is_free || gives_way(thread, meta.kind(), side, new) {
                self.note_unsettled(thread);
                let taken = granule.side().replace(side, new)
                    && (granule.is_main_ordered_at(thread.epoch())
                        || granule.is_main_ordered(meta, |epoch| thread.knows(epoch)));
                return AtOnce::done_if(taken && self.shadow.has_recorded(sweeps));
            }
        }
        self.at_once_otherwise(thread, granule, seen, new)
    }

    /// As [`Self::at_once`], by a later look than the first.
    #[cold]
    fn at_once_now(
        &self,
        thread: &ThreadClock,
        granule: Granule<'_>,
        seen: Words,
        new: Words,
    ) -> AtOnce {
        let sweeps = self.shadow.sweeps();
        self.at_once(thread, Meta(new.high).kind(), granule, (seen, new), sweeps)
    }

    /// As [`Self::at_once`], for all other cases but a chain.
    #[inline(never)]
    fn at_once_otherwise(
        &self,
        thread: &ThreadClock,
        granule: Granule<'_>,
        seen: Words,
        new: Words,
    ) -> AtOnce {
        let meta = Meta(new.high);
        // Read before the side: where something is there or in main, the page is touched, and a sweep that gives it
        // back afterwards is counted. What was `seen` is not taken away unnoticed: if it is still there, its page is.
        let sweeps = self.shadow.sweeps();
        let knows = |epoch| thread.knows(epoch);
        // What the thread has made in this epoch itself may be widened.
        let is_own = seen.low == new.low;
        let gives_way = !is_own && granule::is_superseded(seen, meta.kind(), meta.mask(), knows)
            || self.is_worthless(seen, thread.epoch());
        let taken = if gives_way {
            // What is in main is found by the first look.
            granule.take_main(seen, new, knows)
        } else if !is_own && let Some(side) = granule.seat_beside(meta.kind(), meta.mask(), knows) {
            self.shadow.touch(granule, Half::Side);
            self.note_unsettled(thread);
            granule.take_side(side, new, knows)
        } else {
            let new = Record::from_words(new);
            let Some((seat, new)) = self.seat(thread, granule, seen, new) else {
                return self.begin_chain(thread, granule, seen, new.words());
            };
            granule.take(seat, new.words(), knows)
        };
        AtOnce::done_if(taken && self.shadow.has_recorded(sweeps))
    }

    /// Whether `seen` is one record that everybody knows, for a thread that is at `epoch`, and not made then: any other
    /// takes its place. (What the thread has made in this epoch itself may be widened.)
    #[inline]
    pub(super) fn is_worthless(&self, seen: Words, epoch: Epoch) -> bool {
        seen.low != epoch.bits()
            && granule::is_single(seen)
            && self.settled.has(Epoch::from_bits(seen.low))
    }

    /// The seat of an access, also in a granule that is empty, and what it records there: where the
    /// thread has made the same in this epoch on other bytes, one record is of all of them.
    #[inline(never)]
    fn seat(
        &self,
        thread: &ThreadClock,
        granule: Granule<'_>,
        seen: Words,
        new: Record,
    ) -> Option<(Seat, Record)> {
        if seen.low == 0 {
            self.shadow.touch(granule, Half::Main);
            return Some((Seat::Main(seen), new));
        }
        let wider = |words: Words| {
            let old = Record::from_words(words);
            (words.low == new.epoch.bits() && old.is_same_access(new)).then(|| Record {
                mask: old.mask.or(new.mask),
                ..new
            })
        };
        if let Some(record) = wider(seen) {
            return Some((Seat::Main(seen), record));
        }
        let knows = |epoch| thread.knows(epoch);
        let is_old = |epoch| self.settled.has(epoch);
        if let Some(seat) = granule.seat(seen, new.kind, new.mask, knows, is_old) {
            // The page of main is noted, where something is there.
            if matches!(seat, Seat::Side(_)) {
                self.shadow.touch(granule, Half::Side);
            }
            return Some((seat, new));
        }
        if !granule::may_stand_beside(new.kind) {
            return None;
        }
        let side = granule.look_beside();
        wider(side).map(|record| (Seat::Side(side), record))
    }
}

/// Whether what is `seen` gives its place to the record `new` of `thread`, an access of `kind`: nothing races, and nothing else
/// is left to remember, as far as the inline part of its clock tells. (What is the same but for the epoch leaves nothing.)
#[inline(always)]
fn gives_way(thread: &ThreadClock, kind: AccessKind, seen: Words, new: Words) -> bool {
    granule::is_single(seen)
        && (seen.high == new.high || Meta(seen.high).outlasts(kind, Meta(new.high).mask()) == 0)
        && thread.knows_inline(Epoch::from_bits(seen.low))
}

/// The record that `thread` is about to make of an access, as words. See [`unrepeat`].
#[inline(always)]
pub(super) fn record_of(thread: &ThreadClock, access: Meta) -> Words {
    unrepeat(thread);
    Words {
        low: thread.epoch().bits(),
        high: access.0,
    }
}

/// What `thread` is about to record is not in its last release: the next one does not repeat that. Said before anybody
/// can see the record, and ask what its thread knew; and before it ends, for its index is not given away while somebody
/// does not know of its last record.
#[inline(always)]
pub(super) fn unrepeat(thread: &ThreadClock) {
    thread.slot().set_recorded(thread.epoch().time());
}
