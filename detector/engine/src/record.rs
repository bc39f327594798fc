//! What is remembered of an access: when, by whom, what kind, and which bytes of eight.
//!
//! A [`Record`] fits two words: the epoch, then kind, bytes and call stack. The first is never
//! zero, and the top bit of neither is set: what has one there is something else (see `chain`).

use crate::access::{AccessKind, ByteRange};
use crate::clock::Epoch;
use crate::context::NodeId;
use crate::pair::Words;

/// The number of bytes of a granule.
pub(crate) const BYTES: usize = 8;

/// A set of bytes of one granule; bit `i` stands for the byte at offset `i`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ByteMask(u8);

impl ByteMask {
    pub(crate) const NONE: Self = Self(0);

    /// All eight.
    pub(crate) const ALL: Self = Self(u8::MAX);

    /// The bytes from offset `from` up to, not including, `to`.
    #[inline]
    pub(crate) fn span(from: usize, to: usize) -> Self {
        debug_assert!(from < to && to <= BYTES);
        Self((((1u32 << (to - from)) - 1) << from) as u8)
    }

    /// The bytes of a span, which begins at `start`.
    pub(crate) fn bytes_from(self, start: usize) -> ByteRange {
        debug_assert_eq!(self.0.trailing_zeros() as usize, start % BYTES);
        ByteRange::new(start, self.0.count_ones() as usize).expect("a span has bytes")
    }

    pub(crate) fn bits(self) -> u8 {
        self.0
    }

    pub(crate) fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The maximal runs of adjacent bytes, as offsets `(from, to)`.
    pub(crate) fn runs(self) -> impl Iterator<Item = (usize, usize)> {
        let mut offset = 0;
        core::iter::from_fn(move || {
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

/// What an entry is about: kind, bytes, and for a single record the call stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Meta(pub(crate) u64);

const KIND_SHIFT: u32 = NodeId::BITS;
const MASK_SHIFT: u32 = 32;

impl Meta {
    #[inline]
    pub(crate) fn new(kind: AccessKind, mask: ByteMask, node: NodeId) -> Self {
        Self(u64::from(mask.0) << MASK_SHIFT | (kind as u64) << KIND_SHIFT | node.bits())
    }

    #[inline]
    pub(crate) fn kind(self) -> AccessKind {
        match self.0 >> KIND_SHIFT & 3 {
            0 => AccessKind::Read,
            1 => AccessKind::Write,
            2 => AccessKind::AtomicRead,
            _ => AccessKind::AtomicWrite,
        }
    }

    #[inline]
    pub(crate) fn mask(self) -> ByteMask {
        ByteMask((self.0 >> MASK_SHIFT) as u8)
    }

    /// What keeps a record from covering an access of `kind` to `mask` at the same epoch: zero where it
    /// covers it. One word, so that the access path has one branch.
    #[inline]
    pub(crate) fn lacks(self, kind: AccessKind, mask: ByteMask) -> u64 {
        // The bits of the kinds that cover it, and which of the two bits matter.
        let (kinds, matter) = match kind {
            AccessKind::Read => (0b00, 0b10),
            AccessKind::Write => (0b01, 0b11),
            AccessKind::AtomicRead => (0b00, 0b00),
            AccessKind::AtomicWrite => (0b01, 0b01),
        };
        let bytes = u64::from(mask.0) << MASK_SHIFT & !self.0;
        let kind = (self.0 ^ kinds << KIND_SHIFT) & matter << KIND_SHIFT;
        bytes | kind
    }

    /// What of a record is left beside a later, ordered access of `kind` to `mask`: zero where that
    /// stands for it. One word, as [`Self::lacks`].
    #[inline]
    pub(crate) fn outlasts(self, kind: AccessKind, mask: ByteMask) -> u64 {
        let bytes = self.0 >> MASK_SHIFT & u64::from(!mask.0);
        bytes | kind.leaves(self.0 >> KIND_SHIFT)
    }

    pub(crate) fn node(self) -> NodeId {
        NodeId::from_bits(self.0)
    }

    /// Whether both are of one kind, and about the same bytes.
    #[inline]
    pub(crate) fn is_like(self, other: Self) -> bool {
        (self.0 ^ other.0) >> KIND_SHIFT == 0
    }
}

/// One remembered access to some bytes of a granule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Record {
    pub(crate) epoch: Epoch,
    pub(crate) kind: AccessKind,
    pub(crate) mask: ByteMask,
    pub(crate) node: NodeId,
}

impl Record {
    #[inline]
    pub(crate) fn words(self) -> Words {
        Words {
            low: self.epoch.bits(),
            high: Meta::new(self.kind, self.mask, self.node).0,
        }
    }

    /// The record that `words` are.
    pub(crate) fn from_words(words: Words) -> Self {
        let meta = Meta(words.high);
        Self {
            epoch: Epoch::from_bits(words.low),
            kind: meta.kind(),
            mask: meta.mask(),
            node: meta.node(),
        }
    }

    /// The words of a record that is about no other bytes than `kept`: zero where there are none.
    pub(crate) fn cut(words: Words, kept: ByteMask) -> Words {
        if kept.is_empty() {
            return Words::ZERO;
        }
        Self {
            mask: kept,
            ..Self::from_words(words)
        }
        .words()
    }

    /// Whether `later`, which may be none, is an access by the same thread that stands for this one: it came no earlier,
    /// and conflicts with all that this one does.
    pub(crate) fn is_stood_for_by(self, later: Self) -> bool {
        later.epoch.reaches(self.epoch)
            && later.kind.covers(self.kind)
            && self.mask.without(later.mask).is_empty()
    }

    pub(crate) fn is_same_access(self, other: Self) -> bool {
        self.epoch == other.epoch && self.kind == other.kind && self.node == other.node
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_record_lacks_nothing_where_it_covers_and_leaves_nothing_where_it_is_covered() {
        let kinds = [
            AccessKind::Read,
            AccessKind::Write,
            AccessKind::AtomicRead,
            AccessKind::AtomicWrite,
        ];
        let node = NodeId::from_bits((1 << NodeId::BITS) - 1);
        for earlier in kinds {
            for later in kinds {
                for (had, wants) in [(0xff, 0x0f), (0x0f, 0x0f), (0x0f, 0x1f), (0xf0, 0x01)] {
                    let meta = Meta::new(earlier, ByteMask(had), node);
                    let covers = earlier.covers(later) && had & wants == wants;
                    let lacks = meta.lacks(later, ByteMask(wants));
                    assert_eq!(lacks == 0, covers, "{earlier} {had:x}, {later} {wants:x}");
                    let stands = later.covers(earlier) && had & !wants == 0;
                    let outlasts = meta.outlasts(later, ByteMask(wants));
                    assert_eq!(
                        outlasts == 0,
                        stands,
                        "{earlier} {had:x}, {later} {wants:x}"
                    );
                }
            }
        }
    }

    #[test]
    fn spans_and_runs_are_inverse() {
        for from in 0..BYTES {
            for to in from + 1..=BYTES {
                assert!(ByteMask::span(from, to).runs().eq([(from, to)]));
            }
        }
        let holes = ByteMask(0b1011_0010);
        assert!(holes.runs().eq([(1, 2), (4, 6), (7, 8)]));
    }
}
