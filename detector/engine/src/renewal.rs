//! A record in a chain that is renewed in place, where its thread makes the same access again in a later epoch.
//!
//! No other thread writes there: to the word of a crowd's member, or the two of a single record. The bad interleaving is
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
//! Nothing makes two who renew their records at once see each other. So of two records that conflict, one at least is never
//! renewed while the other is in the chain: the write's. Whoever makes that access makes a new chain.
//!
//! Of a single record, the call stack is written before the epoch. Who sees the new stack beside the earlier epoch, and does
//! not know that, races with both accesses; who does know it does not look at the stack. Both are the same thread's: a
//! record of one that had its index before is not renewed.
//!
//! The same holds where A looks for what races with it, and puts itself in the chain's place. What is in the side is looked
//! at after the record is renewed, as by whoever puts something in main (see `granule`).
//!
//! Only what all the rules would do, too, is done here: nothing else in the chain races with the access, and nothing would
//! give its place to it but what will be renewed itself.

use crate::access::AccessKind;
use crate::chain::{
    Crowd, Entry, Place, Stop, is_open, member, member_epoch, placed_entries, while_alive,
};
use crate::clock::{Epoch, Tid, Time};
use crate::engine::AtOnce;
use crate::granule::{Granule, look_after_recording, may_conflict_beside};
use crate::history::Context;
use crate::pool::{INDEX_MASK, Index, Pool};
use crate::primitive::{AtomicU64, Ordering, Words};
use crate::record::Record;
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
    fn epoch(self, tid: Tid) -> Epoch {
        match self {
            Self::Single([low, _]) => Epoch::from_bits(low.load(Ordering::Relaxed)),
            Self::Member(_, word) => match word.load(Ordering::Relaxed) {
                0 => Epoch::NONE,
                word => member_epoch(tid.key(), word),
            },
        }
    }

    /// Puts the new record in its place. What the caller reads afterwards is read after this can be seen.
    fn put(self, new: Record) {
        let (word, value) = match self {
            Self::Single([low, high]) => {
                let words = new.words();
                high.store(words.high, Ordering::Relaxed);
                (low, words.low)
            }
            Self::Member(_, word) => (word, member(new.epoch, new.node)),
        };
        word.swap(value, Ordering::SeqCst);
        look_after_recording();
    }
}

/// Renews the record that the thread of the new access, whose first time is `start`, has of an earlier one like it in a
/// chain, if that is all there is to do, or nothing.
pub(crate) fn renew<K: Fn(Epoch) -> bool>(
    granule: Granule<'_>,
    context: &Context<'_, K>,
    start: Time,
    new: Record,
) -> AtOnce {
    let (main, pool) = (granule.main(), context.pool);
    let seen = main.load();
    if !is_open(seen) {
        return AtOnce::No;
    }
    let mut own = None;
    let looked = placed_entries(pool, seen, |entry, place| {
        match own_entry(pool, entry, place, new) {
            Some(found) => own = Some(found),
            None if stays_as_it_is(entry, context, new) => {}
            None => return Err(Stop::Changed),
        }
        Ok(())
    });
    let (Ok(()), Some(own)) = (looked, own) else {
        return AtOnce::No;
    };
    match own.epoch(new.epoch.tid()) {
        epoch if epoch == new.epoch && main.is_still(seen) => AtOnce::Done,
        epoch if epoch == new.epoch || epoch.is_none() || epoch.time() < start => AtOnce::No,
        _ => renew_own(granule, context, seen, own, new),
    }
}

/// The same, where the chain that main led to when it was `seen` has the earlier record, and nothing stands against it.
fn renew_own<K: Fn(Epoch) -> bool>(
    granule: Granule<'_>,
    context: &Context<'_, K>,
    seen: Words,
    own: Own<'_>,
    new: Record,
) -> AtOnce {
    let (main, pool) = (granule.main(), context.pool);
    let kept = match own {
        Own::Single(_) => seen.low as u32 & INDEX_MASK,
        Own::Member(root, _) => root,
    };
    let renewed = while_alive(pool, main, seen, kept, context.shard, || {
        own.put(new);
        main.is_still(seen)
    });
    let Ok(renewed) = renewed else {
        return AtOnce::No;
    };
    AtOnce::done_if(
        renewed && (!may_conflict_beside(new.kind) || granule.settle(new.words(), &context.knows)),
    )
}

/// What `entry`, which is at `place`, may have of an earlier access like the new one.
fn own_entry<'a>(pool: &'a Pool, entry: Entry, place: Place<'a>, new: Record) -> Option<Own<'a>> {
    if entry.kind() != new.kind || entry.mask() != new.mask {
        return None;
    }
    match entry {
        Entry::Single(record) if record.epoch.tid() != new.epoch.tid() => None,
        Entry::Single(_) => Some(Own::Single(place)),
        // What members of a crowd of writes race with are each other.
        Entry::Crowd(_) if new.kind == AccessKind::Write => None,
        Entry::Crowd(Crowd { root, .. }) => {
            let word = trie::place(pool, root, new.epoch.tid().key())?;
            Some(Own::Member(root, word))
        }
    }
}

/// Whether the new access, if it renews a record, may leave `entry` as it is: it does not race with it, and taking its
/// place would not make room.
fn stays_as_it_is<K: Fn(Epoch) -> bool>(
    entry: Entry,
    context: &Context<'_, K>,
    new: Record,
) -> bool {
    let kind = entry.kind();
    let is_peer = kind == new.kind && entry.mask() == new.mask;
    match entry {
        Entry::Single(record) if (context.is_old)(record.epoch) => false,
        _ if entry.mask().and(new.mask).is_empty() => true,
        // Any access conflicts with a plain write; and the last one of a byte has no other beside it.
        Entry::Single(record) if kind == AccessKind::Write => {
            new.kind != AccessKind::Write && (context.knows)(record.epoch)
        }
        // It will be renewed: by its own thread, or soon.
        Entry::Single(record) if is_peer || is_recent(record, new) => true,
        Entry::Single(record) if (context.knows)(record.epoch) => {
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
