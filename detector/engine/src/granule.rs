//! Eight bytes of memory, as far as their history is kept in place: two records.
//!
//! # The states
//!
//! A [`Granule`] is two [`Pair`]s of words; every change is one exchange of one of them from what was expected (see `pair`).
//! *Main* has any history, *side* has one access that is no plain write, or nothing:
//!
//! | low word | high word | main | side |
//! |---|---|---|---|
//! | 0 | 0 | no access | no access |
//! | epoch | kind, mask, node | one record | one record, no plain write |
//! | top bit, perhaps *frozen*, node of the pool | version | several: *spilled* to a chain (see `chain`) | never |
//!
//! The history is what both have. An access that supersedes the one record in main takes its place, as far as a quick look tells.
//! Any other that is no plain write goes to the side where that is free, or where what is there is superseded by
//! it; otherwise, and where it is a plain write, to main. So a
//! word that is written, then read in a later epoch, stays in place; so does a lock's word, which one thread
//! changes while another looks at it again and again, and one that two threads count in. No record ever moves from one
//! to the other, so that none can come back from a copy after it was taken away.
//!
//! # Two that come at once
//!
//! Where both go to main, or both to the side, the one whose exchange comes second sees
//! that the words are not those that it looked at, and looks again. Where one goes to main and the
//! other to the side, nothing makes either fail, and the bad interleaving is
//!
//! ```text
//! A looks at main: no conflict            B looks at the side: no conflict
//! A records its read in the side          B records its write in main: the race is lost
//! ```
//!
//! It cannot happen, because each looks at the other half *after* it has recorded, not before:
//!
//! - whatever was put in the side looks at main;
//! - whatever was put in main looks at the side. (An atomic read need not: it conflicts with plain
//!   writes only, and the side has none.)
//!
//! Both record, then look, with a full barrier between: at least one sees the other. If both do,
//! both report the race: the accesses are the same two, and so is the fingerprint.
//!
//! A side whose page is not noted is taken for empty ([`Granule::may_have_side`]): whoever puts something there notes that
//! first. So who has recorded in main, and then sees no note, did so before the other had noted; and that one, which looks
//! at main after it has recorded, sees the newcomer. It does not matter who noted the page: where it was seen to be noted,
//! that was after somebody did. Where a sweep takes the note back, what is put in the side meanwhile is recorded again (see
//! `shadow`).
//!
//! What is seen may be a later access that stands for the one that came in between. Let `a` be in
//! one half when `b`, which races with it, is put in the other, and let `c` take `a`'s place before
//! `b` looks. While `b` is being recorded nobody has an edge from it, so `b` is not before `c`;
//! and where `a` is before `c`, `c` is not before `b`, or `a` would be. So `b` races with `c`,
//! which conflicts with all that `a` does; where `c` came before `b`, `b` finds it,
//! otherwise `c`, which looked after `b` was there, has found `b`. And where `a` raced with
//! `c`, the byte has been reported.
//!
//! An access that covers the side's, which is ordered before it or has raced with it, takes that away when it is
//! itself in main: until then, the side's stands for itself. (Two atomic accesses that nothing orders do not race,
//! and both stay. A plain write leaves what its own thread has read there: that says nothing that the write does
//! not, and the thread, which writes and reads its memory in turns, will have its next read there.) It does so by
//! an exchange from the words that it saw. If that fails, the side has changed after the newcomer looked, and
//! so after it was in main: whoever put something there looks at main since, and sees the newcomer. (Or another was
//! about to change it, and did not: then it stays.) For the same reason it does no harm if the very same record is there
//! again: the thread that made it again in the same epoch has found the newcomer in main.
//!
//! A record that everybody knows (see `settled`) gives its place to any other: no access to come is
//! unordered with it.
//!
//! Where records come and go while one half is looked at, what was taken away in between was
//! covered by an access that is seen, or forgotten by a reset or a sweep: those come before or
//! after the access as a whole, for the bytes that they are about.
//!
//! # The same again
//!
//! Where main's one record is to give its place to one of the same kind, bytes and call stack, only the
//! epoch is exchanged ([`Pair::renew`]): that is cheaper. While the epoch is what was seen, and it is one
//! that the newcomer knows, its thread is past it, and what that thread recorded then was there before the
//! newcomer looked. So of the other word only the bytes can have changed, by a reset that came in between and took
//! some away. The newcomer looks at that word once more, and where it has changed, is recorded as any other
//! access: that is its place after the reset. Until then its record is of fewer bytes, and tells nothing that is
//! not so; whoever was recorded meanwhile is looked at then. In the side this would not do: what an access in main
//! takes away there must not be taken from one that comes after.
//!
//! # Torn reads
//!
//! The two words of a pair are read one after the other, and may belong to different records.
//! What is decided from both is followed by an exchange from both, or by a second look
//! ([`Pair::is_still`]). The low word alone says whether there is a record, and whether its
//! access is ordered: where it is, no other word matters.

use crate::access::AccessKind;
use crate::chain::VERSION;
use crate::clock::Epoch;
use crate::pair::{Pair, TwoPairs, Words};
use crate::pool::CROWD;
#[cfg(loom)]
use crate::primitive::AtomicBool;
use crate::primitive::{Ordering, fence};
use crate::record::{ByteMask, Meta, Record};
use crate::region::{Half, PAGE_GRANULES, Region};

/// The history of eight bytes: where its halves are.
///
/// They lie apart, all main halves of a part of memory behind each other, and all sides as far behind them. Most
/// words need no side: then its page is never touched, and what is looked at for each access is half as much.
#[derive(Clone, Copy)]
pub(crate) struct Granule<'a> {
    place: Place<'a>,
}

#[derive(Clone, Copy)]
enum Place<'a> {
    /// The number of the granule in its region.
    In(Region<'a>, usize),
    /// Anywhere: both halves, and whether there may be anything in the side.
    #[cfg(loom)]
    Alone(Pair<'a>, Pair<'a>, &'a AtomicBool),
}

/// Where an access can be recorded without a look at more than the two records in place: the words
/// that were seen there.
#[derive(Clone, Copy)]
pub(crate) enum Seat {
    /// A record that the access supersedes.
    Main(Words),
    /// Nothing, or what the access, which is no plain write, supersedes.
    Side(Words),
}

/// The same-epoch check on the inline record alone: whether the thread has, in this epoch, already
/// made an access to all of `mask` that covers `kind`.
///
/// The words were read one after the other, the epoch last. It is one that only this thread
/// writes: so the other word is of its writing, too, or a version.
#[inline]
pub(crate) fn is_covered_inline(
    words: Words,
    kind: AccessKind,
    mask: ByteMask,
    epoch: Epoch,
) -> bool {
    let lacks = Meta(words.high).lacks(kind, mask);
    (words.low ^ epoch.bits()) | lacks | (words.high & VERSION) == 0
}

/// Whether `words` are one record.
#[inline(always)]
pub(crate) fn is_single(words: Words) -> bool {
    words.low != 0 && !is_crowded(words)
}

/// Whether `words` lead to several records.
#[inline]
pub(crate) fn is_crowded(words: Words) -> bool {
    words.low & CROWD != 0
}

/// Whether an access by one who knows the single record that `words` are takes its place: nothing
/// races, and nothing else is left to remember.
#[inline(always)]
pub(crate) fn is_superseded(
    words: Words,
    kind: AccessKind,
    mask: ByteMask,
    knows: impl FnOnce(Epoch) -> bool,
) -> bool {
    is_single(words)
        && Meta(words.high).outlasts(kind, mask) == 0
        && knows(Epoch::from_bits(words.low))
}

impl<'a> Granule<'a> {
    /// The half that has any history. Whoever puts something there has to look at the side.
    #[inline(always)]
    pub(crate) fn main(self) -> Pair<'a> {
        self.half(Half::Main)
    }

    /// The half that has no plain write. Whoever puts something there notes it first, and has to look at main.
    #[inline(always)]
    pub(crate) fn side(self) -> Pair<'a> {
        self.half(Half::Side)
    }

    /// The words of the side, read one after the other.
    #[inline(always)]
    pub(crate) fn look_beside(self) -> Words {
        if self.may_have_side() {
            self.side().load()
        } else {
            Words::ZERO
        }
    }

    /// The same-epoch check on the side. Main may have another's write of the same bytes that races
    /// with the read in the side, and from which the same read, made again, may read.
    #[inline]
    pub(crate) fn is_covered_by_side(self, kind: AccessKind, mask: ByteMask, epoch: Epoch) -> bool {
        may_stand_beside(kind)
            && self.may_have_side()
            && self.side().glance_low() == epoch.bits()
            && is_covered_inline(self.side().load(), kind, mask, epoch)
    }

    /// The bytes for which the side covers an access of `kind` at `epoch`, by the thread that is
    /// at it.
    pub(crate) fn covered_by_side(self, kind: AccessKind, epoch: Epoch) -> ByteMask {
        let words = self.look_beside();
        let meta = Meta(words.high);
        if words.low == epoch.bits() && meta.kind().covers(kind) {
            return meta.mask();
        }
        ByteMask::NONE
    }

    /// Where an access can take a seat, when main was `seen` before; none where the granule is
    /// empty. A record that `is_old`, because everybody knows it, gives its seat to any other.
    #[inline]
    pub(crate) fn seat(
        self,
        seen: Words,
        kind: AccessKind,
        mask: ByteMask,
        knows: impl Fn(Epoch) -> bool,
        is_old: impl Fn(Epoch) -> bool,
    ) -> Option<Seat> {
        if is_superseded(seen, kind, mask, &knows) {
            return Some(Seat::Main(seen));
        }
        if let Some(side) = self.seat_beside(kind, mask, knows) {
            return Some(Seat::Side(side));
        }
        let is_old = |words: Words| is_single(words) && is_old(Epoch::from_bits(words.low));
        if may_stand_beside(kind) {
            let side = self.look_beside();
            if is_old(side) && self.main().low() & CROWD == 0 {
                return Some(Seat::Side(side));
            }
        }
        is_old(seen).then_some(Seat::Main(seen))
    }

    /// The words of the side, where an access can take its seat there.
    #[inline]
    pub(crate) fn seat_beside(
        self,
        kind: AccessKind,
        mask: ByteMask,
        knows: impl Fn(Epoch) -> bool,
    ) -> Option<Words> {
        if !may_stand_beside(kind) {
            return None;
        }
        let (side, main) = (self.look_beside(), self.main().low());
        let free = side.low == 0 && main != 0 || is_superseded(side, kind, mask, knows);
        (free && main & CROWD == 0).then_some(side)
    }

    /// Puts `new` in its seat. `false` where somebody else has, or where there is more to look at:
    /// it then has to be recorded as any other access.
    pub(crate) fn take(self, seat: Seat, new: Words, knows: impl Fn(Epoch) -> bool) -> bool {
        match seat {
            Seat::Main(seen) => self.take_main(seen, new, knows),
            Seat::Side(seen) => self.take_side(seen, new, knows),
        }
    }

    /// The same, of a seat in main.
    #[inline(always)]
    pub(crate) fn take_main(self, seen: Words, new: Words, knows: impl Fn(Epoch) -> bool) -> bool {
        let recorded = self.exchange(seen, new);
        recorded && (!may_conflict_beside(Meta(new.high).kind()) || self.settle(new, knows))
    }

    /// Puts `new` in main in place of what was `seen` there. Where that fails, another may have looked at what was
    /// recorded.
    #[inline(always)]
    pub(crate) fn exchange(self, seen: Words, new: Words) -> bool {
        if is_single(seen) && seen.high == new.high {
            self.main().renew(seen, new.low)
        } else {
            self.main().replace(seen, new)
        }
    }

    /// The same in main of this one and of its neighbour, which is behind it, and had the same there.
    #[inline(always)]
    pub(crate) fn exchange_both(self, seen: Words, new: Words) -> bool {
        let both = self.with_neighbour();
        if is_single(seen) && seen.high == new.high {
            both.renew_both(seen, new.low)
        } else {
            both.replace_both(seen, new)
        }
    }

    /// The same, of a seat in the side.
    #[inline(always)]
    pub(crate) fn take_side(self, seen: Words, new: Words, knows: impl Fn(Epoch) -> bool) -> bool {
        self.side().replace(seen, new) && self.is_main_ordered(Meta(new.high), knows)
    }

    /// Whether main, for a thread at `epoch` that has just recorded in the side, has one record, of that thread.
    #[inline(always)]
    pub(crate) fn is_main_ordered_at(self, epoch: Epoch) -> bool {
        look_after_recording();
        let low = self.main().glance_low();
        low & CROWD == 0 && epoch.reaches(Epoch::from_bits(low))
    }

    /// Whether main, for one who has just recorded `new` in the side, has at most one record, and that
    /// is ordered, or does not conflict.
    #[inline(always)]
    pub(crate) fn is_main_ordered(self, new: Meta, knows: impl Fn(Epoch) -> bool) -> bool {
        look_after_recording();
        let words = self.main().load();
        words.low == 0
            || !is_crowded(words)
                && (knows(Epoch::from_bits(words.low)) || is_apart(self.main(), words, new))
    }

    /// Whether there is nothing in the side, for one who has just recorded in main.
    #[inline(always)]
    pub(crate) fn is_alone(self) -> bool {
        look_after_recording();
        !self.may_have_side() || self.side().glance_low() == 0
    }

    /// Whether there is a read in the side that a thread at `epoch` has made, for one who has just recorded a write of
    /// that thread in main: it may stay.
    #[inline(always)]
    pub(crate) fn has_read_beside(self, epoch: Epoch) -> bool {
        is_read_by(self.side().load(), epoch)
    }

    /// Looks at the side for what was just recorded in main, and takes away what that covers;
    /// `false` where what is there may race with it.
    #[inline(always)]
    pub(crate) fn settle(self, new: Words, knows: impl Fn(Epoch) -> bool) -> bool {
        self.is_alone() || self.settle_with(new, knows)
    }

    /// The same, where there is something.
    #[inline(always)]
    fn settle_with(self, new: Words, knows: impl Fn(Epoch) -> bool) -> bool {
        let words = self.side().load();
        let (epoch, meta) = (Epoch::from_bits(words.low), Meta(new.high));
        if words.low == 0 {
            return true;
        }
        if !knows(epoch) {
            return is_apart(self.side(), words, meta);
        }
        let is_write = meta.kind() == AccessKind::Write;
        if !(is_write && is_read_by(words, Epoch::from_bits(new.low))) {
            self.cover(words, meta);
        }
        true
    }

    /// The words of the side, at one moment.
    pub(crate) fn load_side(self) -> Words {
        loop {
            let words = self.look_beside();
            if words.low == 0 {
                return Words::ZERO;
            }
            if self.side().is_still(words) {
                return words;
            }
        }
    }

    /// Takes away what `new`, which is in main, stands for of the side, which was `words`, and ordered
    /// before it, unless it has raced with it.
    #[inline]
    pub(crate) fn cover(self, words: Words, new: Meta) {
        let old = Meta(words.high);
        let kept = old.mask().without(new.mask());
        if kept == old.mask() || !new.kind().covers(old.kind()) {
            return;
        }
        // If that fails, whoever put something else there looks at main since.
        self.side().replace(words, Record::cut(words, kept));
    }
}

/// Where it is.
impl<'a> Granule<'a> {
    /// The granule of the number `index` in `region`.
    #[inline(always)]
    pub(crate) fn at(region: Region<'a>, index: usize) -> Self {
        let place = Place::In(region, index);
        Self { place }
    }

    /// One whose halves lie anywhere.
    #[cfg(loom)]
    pub(crate) fn alone(main: Pair<'a>, side: Pair<'a>, has_side: &'a AtomicBool) -> Self {
        let place = Place::Alone(main, side, has_side);
        Self { place }
    }

    #[inline(always)]
    fn half(self, half: Half) -> Pair<'a> {
        match self.place {
            Place::In(region, index) => region.half(half, index),
            #[cfg(loom)]
            Place::Alone(main, side, _) => match half {
                Half::Main => main,
                Half::Side => side,
            },
        }
    }

    /// Main of this one, whose number is even, and of its neighbour.
    #[inline(always)]
    pub(crate) fn with_neighbour(self) -> &'a TwoPairs {
        match self.place {
            Place::In(region, index) => region.two(Half::Main, index),
            #[cfg(loom)]
            Place::Alone(..) => unreachable!("alone it has no neighbour"),
        }
    }

    /// Whether there may be anything in the side: mostly not, and then its page is not looked at.
    #[inline(always)]
    pub(crate) fn may_have_side(self) -> bool {
        match self.place {
            Place::In(region, index) => region.notes(Half::Side).has(index / PAGE_GRANULES),
            #[cfg(loom)]
            Place::Alone(.., has_side) => has_side.load(Ordering::Relaxed),
        }
    }

    /// Notes that something is about to be put in this half; whether that is news for its page.
    #[inline(always)]
    pub(crate) fn take_note(self, half: Half) -> bool {
        match self.place {
            Place::In(region, index) => region.notes(half).add(index / PAGE_GRANULES),
            #[cfg(loom)]
            Place::Alone(.., has_side) => {
                half == Half::Side
                    && !has_side.load(Ordering::Relaxed)
                    && !has_side.swap(true, Ordering::Relaxed)
            }
        }
    }

    /// Touches pages of main halves behind this granule's, where memory seems to be used in the order of addresses; how
    /// many.
    pub(crate) fn touch_ahead(self) -> u64 {
        match self.place {
            Place::In(region, index) => region.touch_ahead(index / PAGE_GRANULES),
            #[cfg(loom)]
            Place::Alone(..) => 0,
        }
    }
}

/// Whether `words` are a read that a thread at `epoch` has made.
#[inline(always)]
fn is_read_by(words: Words, epoch: Epoch) -> bool {
    words.low != 0
        && epoch.reaches(Epoch::from_bits(words.low))
        && Meta(words.high).kind() == AccessKind::Read
}

/// Whether an access of this kind may be in the side.
#[inline(always)]
pub(crate) fn may_stand_beside(kind: AccessKind) -> bool {
    kind != AccessKind::Write
}

/// Whether an access of this kind can conflict with what may be in the side.
#[inline(always)]
pub(crate) fn may_conflict_beside(kind: AccessKind) -> bool {
    kind != AccessKind::AtomicRead
}

/// What follows is read after what was recorded can be seen.
#[inline]
pub(crate) fn look_after_recording() {
    // On x86-64, the compare-exchange that recorded was a full barrier, or what followed it (see `renewal`).
    if !cfg!(target_arch = "x86_64") {
        fence(Ordering::SeqCst);
    }
}

/// Whether the record that `words` are, which were read from `pair`, does not conflict with `new`.
fn is_apart(pair: Pair<'_>, words: Words, new: Meta) -> bool {
    let old = Meta(words.high);
    let meet = !old.mask().and(new.mask()).is_empty() && old.kind().conflicts_with(new.kind());
    !meet && pair.is_still(words)
}
