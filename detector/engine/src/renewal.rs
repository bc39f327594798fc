//! An access to a granule whose history is a chain, recorded without a new chain: in the side, or in place of its thread's record
//! of the like that was made in an earlier epoch.
//!
//! What the side has, and the access supersedes, gives its place to it: then the chain stays as it is, and who does so looks at
//! it afterwards, as whoever puts something in the side looks at main (see `granule`).
//!
//! No other thread writes where a record is renewed: to the word of a crowd's member, or the two of a single record. The bad
//! interleaving is
//!
//! ```text
//! A makes a new chain, and copies B's earlier record
//! B renews its record in the old chain
//! A puts the new chain in the old one's place: B's record is lost
//! ```
//!
//! It cannot happen, because whoever makes a new chain of an old one *freezes* that first, by a bit in the granule's first
//! word, and copies then; and whoever renews a record looks afterwards whether the granule still leads to what it led to
//! before, not frozen. Both write, then look, with a full barrier between: A copies what B wrote, or B sees that it has to
//! record its access by all the rules. A chain that was frozen for nothing stays so until the next change.
//!
//! Nothing makes two who renew their records in a chain at once see each other. So of two records that conflict, one at least is never
//! renewed while the other is in the chain: the write's. Whoever makes that access makes a new chain.
//!
//! Of a single record, the call stack is written before the epoch. Who sees the new stack beside the earlier epoch, and does
//! not know that, races with both accesses; who does know it does not look at the stack. Both are the same thread's: a
//! record of one that had its index before is not renewed.
//!
//! The same holds where A looks for what races with it, and puts itself in the chain's place. What is in the side is looked
//! at after the record is renewed, as by whoever puts something in main (see `granule`).
//!
//! Only what all the rules would do, too, is done here: nothing else in the chain races with the access. What would give its
//! place to it stays where it will be renewed itself, and where both are atomic: such never race. Now and then a chain in which
//! all would is not renewed, and so comes to its end.

use crate::access::AccessKind;
use crate::chain::{
    Entry, Place, Stop, is_open, member, member_epoch, placed_entries, while_alive,
};
use crate::clock::{Epoch, Tid, Time};
use crate::engine::AtOnce;
use crate::granule::{
    Granule, is_crowded, is_single, is_superseded, look_after_recording, may_conflict_beside,
    may_stand_beside,
};
use crate::history::{self, Context};
use crate::pair::Words;
use crate::pool::{CROWD, INDEX_MASK, Index, Pool};
use crate::primitive::{AtomicU64, Ordering};
use crate::record::{Meta, Record};
use crate::trie;

/// So many times of its thread ago a record is one that will be renewed.
const LATELY: u64 = 8;

/// Where a thread has a record of an earlier access in a chain, of the same kind and to the same bytes.
#[derive(Clone, Copy)]
enum Own<'a> {
    Single(Place<'a>),
    /// In the crowd with this root, or nothing, if it has no record there.
    Member(Index, &'a AtomicU64),
}

impl Own<'_> {
    /// The epoch of that record, by the thread `tid`; none where there is nothing.
    #[inline]
    fn epoch(self, tid: Tid) -> Epoch {
        match self {
            Self::Single([low, _]) => Epoch::from_bits(low.load(Ordering::Relaxed)),
            Self::Member(_, word) => match word.load(Ordering::Relaxed) {
                0 => Epoch::NONE,
                word => member_epoch(tid.key(), word),
            },
        }
    }

    /// Puts the new record in its place.
    #[inline]
    fn put(self, new: Words) {
        let (word, value) = match self {
            Self::Single([low, high]) => {
                high.store(new.high, Ordering::Relaxed);
                (low, new.low)
            }
            Self::Member(_, word) => (
                word,
                member(Epoch::from_bits(new.low), Meta(new.high).node()),
            ),
        };
        word.store(value, Ordering::Release);
    }
}

/// Who makes the new access, and what it needs besides the granule.
pub(crate) struct By<'a, K> {
    pub(crate) context: Context<'a, K>,
    /// The first time of the thread.
    pub(crate) start: Time,
    /// Where the access stands for all that is in the chain, that is not renewed, but makes an end of the chain.
    pub(crate) ends: bool,
}

/// Records an access, which is the record `new`, where main leads to a chain: in the side, in place of what it supersedes there;
/// or in the record that its thread has of an earlier one like it in the chain; if that is all there is to do, or nothing.
#[inline(always)]
pub(crate) fn renew<K: Fn(Epoch) -> bool>(
    granule: Granule<'_>,
    by: &By<'_, K>,
    new: Words,
) -> AtOnce {
    match renew_beside(granule, by, new) {
        AtOnce::No => renew_in_chain(granule, by, new),
        attempt => attempt,
    }
}

#[inline(always)]
fn renew_beside<K: Fn(Epoch) -> bool>(granule: Granule<'_>, by: &By<'_, K>, new: Words) -> AtOnce {
    let meta = Meta(new.high);
    let (kind, mask) = (meta.kind(), meta.mask());
    if !may_stand_beside(kind) || !granule.may_have_side() {
        return AtOnce::No;
    }
    let side = granule.side().load();
    let gives_way = side.low == 0 || is_superseded(side, kind, mask, &by.context.knows);
    if !gives_way || !granule.side().replace(side, new) {
        return AtOnce::No;
    }
    look_after_recording();
    let main = granule.main();
    let seen = main.load();
    let looked = placed_entries(by.context.pool, seen, |words, _| {
        let old = Meta(words.high);
        let is_apart = old.mask().and(mask).is_empty() || !old.kind().conflicts_with(kind);
        if is_apart || is_single(words) && (by.context.knows)(Epoch::from_bits(words.low)) {
            Ok(())
        } else {
            Err(Stop::Changed)
        }
    });
    let is_ordered = is_crowded(seen) && looked.is_ok() && main.is_still(seen);
    AtOnce::done_if(is_ordered || is_repeated_in_main(granule, by, new))
}

/// Whether the thread has made the like at the same epoch, and it is in main: then what races with it was found.
#[cold]
#[inline(never)]
fn is_repeated_in_main<K>(granule: Granule<'_>, by: &By<'_, K>, new: Words) -> bool {
    let Record {
        epoch, kind, mask, ..
    } = Record::from_words(new);
    history::is_covered_in_main(granule, by.context.pool, kind, mask, epoch)
}

#[inline(always)]
fn renew_in_chain<K: Fn(Epoch) -> bool>(
    granule: Granule<'_>,
    by: &By<'_, K>,
    new: Words,
) -> AtOnce {
    let (main, pool, meta) = (granule.main(), by.context.pool, Meta(new.high));
    let seen = main.load();
    if !is_open(seen) {
        return AtOnce::No;
    }
    let (kind, mask) = (meta.kind(), meta.mask());
    let epoch = Epoch::from_bits(new.low);
    let (mut own, mut ends) = (None, by.ends);
    let looked = placed_entries(pool, seen, |words, place| {
        if Meta(words.high).is_like(meta)
            && let Some(found) = own_record(pool, (words, place), (epoch.tid(), kind))
        {
            own = Some(found);
            return Ok(());
        }
        ends = ends && is_superseded(words, kind, mask, &by.context.knows);
        // Two atomic accesses never race; what can go of them goes when the chain is next made anew.
        let both_atomic = kind.is_atomic() && Meta(words.high).kind().is_atomic();
        if both_atomic || stays_as_it_is(Entry::read(words), by, new) {
            Ok(())
        } else {
            Err(Stop::Changed)
        }
    });
    let (Ok(()), Some(own), false) = (looked, own, ends) else {
        return AtOnce::No;
    };
    match own.epoch(epoch.tid()) {
        before if before == epoch && main.is_still(seen) => AtOnce::Done,
        before if before == epoch || before.is_none() || before.time() < by.start => AtOnce::No,
        _ => renew_own(granule, by, seen, own, new),
    }
}

/// The same, where the chain that main led to when it was `seen` has the earlier record, and nothing stands against it.
#[inline(always)]
fn renew_own<K: Fn(Epoch) -> bool>(
    granule: Granule<'_>,
    by: &By<'_, K>,
    seen: Words,
    own: Own<'_>,
    new: Words,
) -> AtOnce {
    let main = granule.main();
    let kept = match own {
        Own::Single(_) => seen.low as u32 & INDEX_MASK,
        Own::Member(root, _) => root,
    };
    if while_alive(by.context.pool, main, seen, kept, by.context.shard, || {
        own.put(new);
    })
    .is_err()
    {
        return AtOnce::No;
    }
    // On x86-64, giving the reference back was the full barrier: without one, this would need another.
    look_after_recording();
    AtOnce::done_if(
        main.is_still(seen)
            && (!may_conflict_beside(Meta(new.high).kind())
                || granule.settle(new, &by.context.knows)),
    )
}

/// What an entry has of an earlier access by the thread `tid`, of this `kind`, which the entry's is, and to its bytes.
#[inline(always)]
fn own_record<'a>(
    pool: &'a Pool,
    (words, place): (Words, Place<'a>),
    (tid, kind): (Tid, AccessKind),
) -> Option<Own<'a>> {
    if words.low & CROWD == 0 {
        return (Epoch::from_bits(words.low).tid() == tid).then_some(Own::Single(place));
    }
    // What members of a crowd of writes race with are each other.
    if kind == AccessKind::Write {
        return None;
    }
    let root = words.low as u32 & INDEX_MASK;
    let word = trie::place(pool, root, tid.key())?;
    Some(Own::Member(root, word))
}

/// Whether the new access, if it renews a record, may leave `entry` as it is: it does not race with it, and taking its
/// place would not make room.
#[inline(never)]
fn stays_as_it_is<K: Fn(Epoch) -> bool>(entry: Entry, by: &By<'_, K>, new: Words) -> bool {
    let new = Record::from_words(new);
    let kind = entry.kind();
    let is_peer = kind == new.kind && entry.mask() == new.mask;
    match entry {
        Entry::Single(record) if (by.context.is_old)(record.epoch) => false,
        _ if entry.mask().and(new.mask).is_empty() => true,
        // Any access conflicts with a plain write; and the last one of a byte has no other beside it.
        Entry::Single(record) if kind == AccessKind::Write => {
            new.kind != AccessKind::Write && (by.context.knows)(record.epoch)
        }
        // It will be renewed: by its own thread, or soon.
        Entry::Single(record) if is_peer || is_recent(record, new) => true,
        Entry::Single(record) if (by.context.knows)(record.epoch) => {
            let meets = new.kind.is_write() && kind.conflicts_with(new.kind);
            !(meets || new.kind.covers(kind))
        }
        Entry::Single(_) | Entry::Crowd(_) => !kind.conflicts_with(new.kind),
    }
}

/// Whether the thread of the new access has made that of `record` only lately.
fn is_recent(record: Record, new: Record) -> bool {
    let since = Time::from_bits(new.epoch.time().get().saturating_sub(LATELY));
    record.epoch.reaches(Epoch::new(new.epoch.tid(), since))
}
