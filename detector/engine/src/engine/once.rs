//! Accesses that are recorded at once: those of which one look at the granule, or at its chain, tells that nothing races, and
//! where the record goes. They are nearly all, and so what is done for them is written out, with as few steps as there can be;
//! everything else is left to the rules ([`super::path`]).

use super::{Engine, Race};
use crate::access::{AccessKind, ByteRange};
use crate::clock::Epoch;
use crate::context::NodeId;
use crate::granule::{self, Granule, Seat};
use crate::primitive::Words;
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
    /// There is no seat for it, or more to look at before.
    No,
}

impl AtOnce {
    #[inline(always)]
    pub(crate) fn done_if(is_done: bool) -> Self {
        if is_done { Self::Done } else { Self::Begun }
    }
}

impl Engine {
    /// Records an access of `len` bytes from `start` by `thread`, whose call stack is `node`, if that can be done
    /// at once. It is one that neither [`Self::is_repeated`] nor [`Self::is_repeated_beside`] tells to have been
    /// made before. Where it is not done, [`Self::access_after`] does it.
    #[inline(always)]
    pub fn access_at_once(
        &self,
        thread: &ThreadClock,
        kind: AccessKind,
        start: usize,
        len: usize,
        node: NodeId,
    ) -> AtOnce {
        let Some((granule, mask)) = self.only_granule(start, len) else {
            return AtOnce::No;
        };
        let seen = granule.main().load();
        let new = record_of(thread, Meta::new(kind, mask, node));
        self.at_once(thread, granule, seen, new)
    }

    /// As [`Self::access_at_once`], where the access may have been made before.
    #[inline(always)]
    pub fn access_or_repeat(
        &self,
        thread: &ThreadClock,
        kind: AccessKind,
        start: usize,
        len: usize,
        node: NodeId,
    ) -> AtOnce {
        let Some((granule, mask)) = self.only_granule(start, len) else {
            return AtOnce::No;
        };
        let seen = granule.main().load();
        let made = self.made(thread.epoch(), granule, seen, (kind, mask));
        made.unwrap_or_else(|| {
            let new = record_of(thread, Meta::new(kind, mask, node));
            self.at_once(thread, granule, seen, new)
        })
    }

    /// The granule that has all of the `len` bytes from `start`, if there is one and it has shadow, and which of its
    /// bytes they are.
    #[inline(always)]
    pub(super) fn only_granule(&self, start: usize, len: usize) -> Option<(Granule<'_>, ByteMask)> {
        let offset = start % BYTES;
        if len > BYTES - offset {
            return None;
        }
        let granule = self.shadow.granule(start)?;
        Some((granule, ByteMask::span(offset, offset + len)))
    }

    /// Both looks: [`Self::is_repeated`] and [`Self::is_repeated_beside`].
    #[inline(always)]
    #[must_use]
    pub fn has_made(&self, epoch: Epoch, kind: AccessKind, start: usize, len: usize) -> bool {
        self.is_repeated(epoch, kind, start, len)
            || self.is_repeated_beside(epoch, kind, start, len)
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
        let (start, len) = (bytes.start(), bytes.len_as_given());
        if self.has_made(thread.epoch(), kind, start, len) {
            return;
        }
        let node = node();
        let attempt = self.access_at_once(thread, kind, start, len, node);
        if attempt != AtOnce::Done {
            self.access_after(attempt, thread, kind, bytes, node, found);
        }
    }

    /// The part of an access that one granule has, in which `seen` was in main: the record `new`.
    #[inline(always)]
    pub(super) fn at_once(
        &self,
        thread: &ThreadClock,
        granule: Granule<'_>,
        seen: Words,
        new: Words,
    ) -> AtOnce {
        let sweeps = self.shadow.sweeps();
        let meta = Meta(new.high);
        let (kind, mask) = (meta.kind(), meta.mask());
        let recorded = if seen.low == 0 {
            self.shadow.touch(granule, Half::Main);
            unrepeat(thread);
            granule.main().replace(seen, new)
        } else if granule::is_superseded(seen, kind, mask, |epoch| thread.knows_inline(epoch)) {
            unrepeat(thread);
            granule.exchange(seen, new)
        } else {
            return self.at_once_beside(thread, granule, seen, new);
        };
        let is_settled = recorded
            && (!granule::may_conflict_beside(kind)
                || granule.is_alone()
                || self.settle(thread, granule, new));
        AtOnce::done_if(is_settled && self.shadow.has_recorded(sweeps))
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
                self.whole_at_once(thread, kind, at, left / BYTES, &mut node)
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

    /// The part of it that `count` whole granules have, from that of `address` on: how many bytes are done, and what came of
    /// the attempt at the next granule, if any.
    #[inline(always)]
    fn whole_at_once(
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
        let mut new = Words::ZERO;
        let mut len = 0;
        for granule in granules {
            let seen = granule.main().load();
            let made = self.made(thread.epoch(), granule, seen, (kind, ByteMask::ALL));
            let attempt = made.unwrap_or_else(|| {
                if new == Words::ZERO {
                    new = record_of(thread, Meta::new(kind, ByteMask::ALL, node()));
                }
                self.at_once(thread, granule, seen, new)
            });
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
        let seen = granule.main().load();
        self.made(thread.epoch(), granule, seen, (kind, mask))
            .unwrap_or_else(|| {
                let new = record_of(thread, Meta::new(kind, mask, node()));
                self.at_once(thread, granule, seen, new)
            })
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

    /// The same, where it does not supersede what was seen in main by a look inline: mostly it is a read of what was
    /// written, and has its seat beside that.
    #[inline(never)]
    pub(super) fn at_once_beside(
        &self,
        thread: &ThreadClock,
        granule: Granule<'_>,
        seen: Words,
        new: Words,
    ) -> AtOnce {
        let meta = Meta(new.high);
        let may_stand = granule::may_stand_beside(meta.kind()) && granule::is_single(seen);
        // What the thread has made in this epoch itself may be widened.
        if may_stand && seen.low != new.low && granule.may_have_side() {
            // Read before the side, whose page is noted: a sweep that takes the note back afterwards is counted.
            let sweeps = self.shadow.sweeps();
            let side = granule.side().load();
            let knows = |epoch| thread.knows_inline(epoch);
            if side.low == 0 || granule::is_superseded(side, meta.kind(), meta.mask(), knows) {
                unrepeat(thread);
                self.note_unsettled(thread);
                let taken = granule.take_side(side, new, |epoch| thread.knows(epoch));
                return AtOnce::done_if(taken && self.shadow.has_recorded(sweeps));
            }
        }
        self.at_once_otherwise(thread, granule, seen, new)
    }

    /// The same, for all other cases.
    #[inline(never)]
    pub(super) fn at_once_otherwise(
        &self,
        thread: &ThreadClock,
        granule: Granule<'_>,
        seen: Words,
        new: Words,
    ) -> AtOnce {
        let meta = Meta(new.high);
        if granule::is_crowded(seen) {
            if self.may_read_again(meta.kind()) {
                return AtOnce::No;
            }
            return self.renew(thread, granule, new);
        }
        // Read before the side: where something is there or in main, the page is touched, and a sweep that gives it
        // back afterwards is counted. What was `seen` is not taken away unnoticed: if it is still there, its page is.
        let sweeps = self.shadow.sweeps();
        let knows = |epoch| thread.knows(epoch);
        // What the thread has made in this epoch itself may be widened.
        let is_own = seen.low == new.low;
        let gives_way = !is_own
            && (granule::is_superseded(seen, meta.kind(), meta.mask(), knows)
                || granule::is_single(seen) && self.settled.has(Epoch::from_bits(seen.low)));
        unrepeat(thread);
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
                return AtOnce::No;
            };
            granule.take(seat, new.words(), knows)
        };
        AtOnce::done_if(taken && self.shadow.has_recorded(sweeps))
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

/// The record of an access that `thread` makes now, as words.
#[inline(always)]
pub(super) fn record_of(thread: &ThreadClock, access: Meta) -> Words {
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
