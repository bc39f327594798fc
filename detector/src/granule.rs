//! The access history of eight adjacent bytes, and FastTrack's rules on it.
//!
//! FastTrack (Flanagan and Freund, PLDI 2009) keeps, for each variable, the last write and
//! either the last read or all concurrent ones. Here the variable is a byte, eight of them
//! share one short list of records, and a byte mask says which of them a record is about.
//! One rule serves reads, writes and atomics alike:
//!
//! > A new access takes the place of an earlier one where it happens after it and conflicts
//! > with everything that the earlier one conflicts with.
//!
//! **Nothing is missed:** for every access `a` to a byte there is a record `r` on that byte
//! with `a` = `r` or `a` happens-before `r`, and whatever conflicts with `a` conflicts with
//! `r`. An access `b` that races with `a` is not after `a`, so it is not after `r` either,
//! and races with `r`. **Nothing is invented:** every record is an access that happened.
//! After a byte's first race the loser's record is dropped where the new access covers its
//! kind: the byte has been reported, and the list stays short.

use crate::access::AccessKind;
use crate::clock::{Epoch, VectorClock};
use crate::context::NodeId;
use smallvec::SmallVec;

/// The number of bytes of a granule.
pub(crate) const BYTES: usize = 8;

/// A set of bytes of one granule; bit `i` stands for the byte at offset `i`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ByteMask(u8);

impl ByteMask {
    /// The bytes from offset `from` up to, not including, `to`.
    pub(crate) fn span(from: usize, to: usize) -> Self {
        debug_assert!(from < to && to <= BYTES);
        Self((((1u16 << to) - 1) & !((1u16 << from) - 1)) as u8)
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The maximal runs of adjacent bytes, as offsets `(from, to)`.
    pub(crate) fn runs(self) -> impl Iterator<Item = (usize, usize)> {
        let mut offset = 0;
        std::iter::from_fn(move || {
            while offset < BYTES && self.0 >> offset & 1 == 0 {
                offset += 1;
            }
            let from = offset;
            while offset < BYTES && self.0 >> offset & 1 == 1 {
                offset += 1;
            }
            (from < offset).then_some((from, offset))
        })
    }
}

/// One remembered access to some bytes of a granule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) epoch: Epoch,
    pub(crate) node: NodeId,
    pub(crate) kind: AccessKind,
    mask: ByteMask,
}

/// A race that an access found in a granule: the earlier access, and the bytes they share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conflict {
    pub(crate) previous: Record,
    pub(crate) bytes: ByteMask,
}

/// The access history of eight adjacent bytes.
#[derive(Default)]
pub(crate) struct Granule {
    records: SmallVec<[Record; 2]>,
}

impl Granule {
    /// The same-epoch check: whether the thread has, in this epoch, already made an access to
    /// all of `mask` that covers `kind`. Such an access can find no new race.
    pub(crate) fn is_covered(&self, kind: AccessKind, mask: ByteMask, epoch: Epoch) -> bool {
        let mut missing = mask;
        for record in &self.records {
            if record.epoch == epoch && record.kind.covers(kind) {
                missing = missing.without(record.mask);
            }
        }
        missing.is_empty()
    }

    /// Checks an access against the history, then makes it part of it. At most one conflict
    /// is given for each byte: the earliest one recorded.
    pub(crate) fn access(
        &mut self,
        kind: AccessKind,
        mask: ByteMask,
        epoch: Epoch,
        clock: &VectorClock,
        node: NodeId,
        mut on_conflict: impl FnMut(Conflict),
    ) {
        let mut unreported = mask;
        self.records.retain(|record| {
            let shared = record.mask.and(mask);
            if shared.is_empty() {
                return true;
            }
            let raced = record.kind.conflicts_with(kind) && !clock.contains(record.epoch);
            if raced {
                let bytes = shared.and(unreported);
                if !bytes.is_empty() {
                    unreported = unreported.without(bytes);
                    on_conflict(Conflict {
                        previous: *record,
                        bytes,
                    });
                }
            }
            if kind.covers(record.kind) && (raced || clock.contains(record.epoch)) {
                record.mask = record.mask.without(mask);
            }
            !record.mask.is_empty()
        });
        self.records.push(Record {
            epoch,
            node,
            kind,
            mask,
        });
    }

    /// Forgets all accesses to the bytes of `mask`.
    pub(crate) fn reset(&mut self, mask: ByteMask) {
        self.records.retain(|record| {
            record.mask = record.mask.without(mask);
            !record.mask.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_runs_are_inverse() {
        for from in 0..BYTES {
            for to in from + 1..=BYTES {
                let runs: Vec<_> = ByteMask::span(from, to).runs().collect();
                assert_eq!(runs, [(from, to)]);
            }
        }
        let holes = ByteMask(0b1011_0010);
        assert_eq!(holes.runs().collect::<Vec<_>>(), [(1, 2), (4, 6), (7, 8)]);
    }

    #[test]
    fn a_record_fits_sixteen_bytes() {
        assert_eq!(size_of::<Record>(), 16);
    }
}
