//! Accesses to sixteen bytes whose two words have the same history: so it is where programs fill an array, and where they read it
//! again. What is looked up for one word then does for both.

use super::Engine;
use super::once::{AtOnce, record_of};
use crate::access::AccessKind;
use crate::context::NodeId;
use crate::granule::{self, Granule};
use crate::pair::Words;
use crate::record::{BYTES, ByteMask, Meta};
use crate::region::Half;
use crate::sync::ThreadClock;

/// Two words behind each other that had the same in main: nothing, or one record; or others are just about to change both.
#[derive(Clone, Copy)]
pub struct TwoWords<'a> {
    granules: [Granule<'a>; 2],
    seen: Words,
}

impl TwoWords<'_> {
    /// Whether both have a record in main that gives its place to an access of `kind` by `thread`, as far as the inline part of its
    /// clock tells.
    #[inline(always)]
    fn give_way(self, thread: &ThreadClock, kind: AccessKind) -> bool {
        granule::is_superseded(self.seen, kind, ByteMask::ALL, |epoch| {
            thread.knows_inline(epoch)
        })
    }
}

impl Engine {
    /// The sixteen bytes from `address` on, if they are two words with the same in main.
    #[inline(always)]
    #[must_use]
    pub fn two_words(&self, address: usize) -> Option<TwoWords<'_>> {
        let granules = self.shadow.two_granules(address)?;
        let [seen, next] = granules.map(|granule| granule.main().glance());
        (seen == next).then_some(TwoWords { granules, seen })
    }

    /// Records an access by `thread`, whose call stack is `node`, to both `words`, if they have nothing in main, or a record that
    /// gives its place: what came of it, and at which byte of the sixteen, if there is more to look at.
    /// [`Self::access_after`] does what is left; where that is [`AtOnce::No`], there may be a quicker way, word by word.
    #[inline(always)]
    pub fn two_words_at_once(
        &self,
        thread: &ThreadClock,
        kind: AccessKind,
        words: TwoWords<'_>,
        node: NodeId,
    ) -> (AtOnce, usize) {
        if !words.give_way(thread, kind) {
            return self.two_words_anew(thread, kind, words, node);
        }
        // What was `seen` is not taken away unnoticed: if it is still there, its page is.
        let sweeps = self.shadow.sweeps();
        self.two_records(thread, kind, words, node, sweeps)
    }

    /// The same, where what they have does not tell by itself that it gives its place.
    #[inline(never)]
    fn two_words_anew(
        &self,
        thread: &ThreadClock,
        kind: AccessKind,
        words: TwoWords<'_>,
        node: NodeId,
    ) -> (AtOnce, usize) {
        let sweeps = self.shadow.sweeps();
        if words.seen.low == 0 {
            for granule in words.granules {
                self.shadow.touch(granule, Half::Main);
            }
        } else if !self.is_worthless(words.seen, thread.epoch()) {
            return (AtOnce::No, 0);
        }
        self.two_records(thread, kind, words, node, sweeps)
    }

    /// Puts the record of the access in the place of what both words had in main, after so many `sweeps`.
    #[inline(always)]
    fn two_records(
        &self,
        thread: &ThreadClock,
        kind: AccessKind,
        words: TwoWords<'_>,
        node: NodeId,
        sweeps: u32,
    ) -> (AtOnce, usize) {
        let TwoWords { granules, seen } = words;
        let [first, second] = granules;
        let new = record_of(thread, Meta::new(kind, ByteMask::ALL, node));
        let is_first_done = first.exchange_both(seen, new)
            && self.is_settled(thread, kind, first, new)
            && self.shadow.is_undisturbed_since(sweeps);
        if !is_first_done {
            return (AtOnce::BothBegun, 0);
        }
        if !self.is_settled(thread, kind, second, new) {
            return (AtOnce::Begun, BYTES);
        }
        (AtOnce::Done, 0)
    }
}
