//! Where a chain begins, and where it ends, without all the rules: an access to a part of what was accessed before, and one to
//! the whole again.
//!
//! Programs use the same memory for one thing after the other, their stacks above all: a thread writes a word, then a byte of it,
//! then the word. All of that is ordered, and mostly its own. So there is no race to look for in main, and what comes of main is
//! known from one look; what is in the side is looked at afterwards, as by whoever puts something in main (see `granule`).
//!
//! Whoever makes something else of a chain freezes it before, because others renew their records in it (`renewal`). Where
//! it has nothing but the records of one thread, that thread need not: nobody else renews these.

use crate::chain::{Chain, Entry, Stop, is_open, placed_entries};
use crate::clock::Epoch;
use crate::engine::AtOnce;
use crate::granule::{
    Granule, is_single, is_superseded, look_after_recording, may_conflict_beside,
};
use crate::history::Context;
use crate::pair::Words;
use crate::pool::{INDEX_MASK, Need};
use crate::record::{Meta, Record};

/// Records an access that has no seat where main is one record, which was `seen` and is ordered before: as a chain of what is left
/// of that, and of the `new` one.
pub(crate) fn begin_chain<K: Fn(Epoch) -> bool>(
    granule: Granule<'_>,
    context: &Context<'_, K>,
    seen: Words,
    new: Words,
) -> AtOnce {
    if !is_single(seen) || !(context.knows)(Epoch::from_bits(seen.low)) {
        return AtOnce::No;
    }
    let (mut left, new) = (Record::from_words(seen), Record::from_words(new));
    if new.kind.covers(left.kind) {
        left.mask = left.mask.without(new.mask);
    }
    let mut chain = Chain::new(context.pool, context.shard, Need::Knowledge);
    let is_made = [left, new]
        .map(Entry::Single)
        .into_iter()
        .filter(|entry| !entry.mask().is_empty())
        .try_for_each(|entry| chain.push(entry));
    if is_made.is_err() || !chain.replace(granule.main(), seen, context.version) {
        return AtOnce::No;
    }
    settle(granule, context, new.words())
}

/// Records an access where main leads to a chain of nothing but records of its thread, all of which the `new` one supersedes: in
/// its place.
pub(crate) fn end_chain<K: Fn(Epoch) -> bool>(
    granule: Granule<'_>,
    context: &Context<'_, K>,
    new: Words,
) -> AtOnce {
    let (main, meta) = (granule.main(), Meta(new.high));
    let seen = main.load();
    if !is_open(seen) {
        return AtOnce::No;
    }
    let tid = Epoch::from_bits(new.low).tid();
    let looked = placed_entries(context.pool, seen, |words, _| {
        let is_own = Epoch::from_bits(words.low).tid() == tid;
        if is_own && is_superseded(words, meta.kind(), meta.mask(), &context.knows) {
            Ok(())
        } else {
            Err(Stop::Changed)
        }
    });
    if looked.is_err() || !main.replace(seen, new) {
        return AtOnce::No;
    }
    let first = seen.low as u32 & INDEX_MASK;
    context.pool.release(first, context.shard);
    settle(granule, context, new)
}

/// Looks at what is beside `new`, which was just put in main.
fn settle<K: Fn(Epoch) -> bool>(
    granule: Granule<'_>,
    context: &Context<'_, K>,
    new: Words,
) -> AtOnce {
    look_after_recording();
    let is_settled =
        !may_conflict_beside(Meta(new.high).kind()) || granule.settle(new, &context.knows);
    AtOnce::done_if(is_settled)
}
