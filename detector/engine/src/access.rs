//! What an access is: its kind, its bytes, and which kinds conflict.

use core::fmt;
use core::hash::{Hash, Hasher};

/// The kind of a memory access.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[repr(u8)]
pub enum AccessKind {
    /// A plain load.
    Read = 0,
    /// A plain store.
    Write = 1,
    /// An atomic load, or an atomic compare-exchange that failed.
    AtomicRead = 2,
    /// An atomic store or read-modify-write.
    AtomicWrite = 3,
}

impl AccessKind {
    /// Whether two unordered accesses of these kinds to the same byte are a data race:
    /// at least one writes and at least one is not atomic (C++20 [intro.races]).
    #[must_use]
    pub fn conflicts_with(self, other: Self) -> bool {
        (self.is_write() || other.is_write()) && !(self.is_atomic() && other.is_atomic())
    }

    /// Whether everything that conflicts with `other` also conflicts with `self`, so that a
    /// later access of kind `self` can stand for an earlier, ordered one of kind `other`.
    #[must_use]
    #[inline]
    pub fn covers(self, other: Self) -> bool {
        self.leaves(other as u64) == 0
    }

    /// What an access of this kind leaves uncovered of one whose kind's two bits, the lower ones of
    /// `bits`, are given: zero where it covers it.
    #[inline]
    pub(crate) fn leaves(self, bits: u64) -> u64 {
        // The lower bit says that it writes, the upper that it is atomic: where they differ, it must not
        // be the other that writes, nor this one that is atomic.
        let mine = self as u64;
        (mine ^ bits) & (bits & 0b01 | mine & 0b10)
    }

    /// Whether the access stores.
    #[must_use]
    #[inline]
    pub fn is_write(self) -> bool {
        matches!(self, Self::Write | Self::AtomicWrite)
    }

    /// Whether the access is atomic.
    #[must_use]
    #[inline]
    pub fn is_atomic(self) -> bool {
        matches!(self, Self::AtomicRead | Self::AtomicWrite)
    }
}

impl fmt::Display for AccessKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::AtomicRead => "atomic read",
            Self::AtomicWrite => "atomic write",
        })
    }
}

/// A non-empty run of bytes.
#[derive(Clone, Copy, Debug)]
pub struct ByteRange {
    start: usize,
    /// As it was given: the range ends with the address space, at the latest.
    len: usize,
}

impl ByteRange {
    /// `len` bytes from `start`, or `None` where `len` is zero.
    ///
    /// A range that would run past the end of the address space stops there.
    #[must_use]
    #[inline]
    pub fn new(start: usize, len: usize) -> Option<Self> {
        (len > 0 && start < usize::MAX).then_some(Self { start, len })
    }

    /// The address of the first byte.
    #[must_use]
    #[inline]
    pub fn start(self) -> usize {
        self.start
    }

    /// The address after the last byte.
    #[must_use]
    #[inline]
    pub fn end(self) -> usize {
        self.start.saturating_add(self.len)
    }

    /// The number of bytes, at least one.
    #[must_use]
    #[inline]
    #[allow(clippy::len_without_is_empty, reason = "a range is never empty")]
    pub fn len(self) -> usize {
        self.end() - self.start
    }

    /// The same, where the range does not run past the end of the address space; else more. It spares
    /// the access path a comparison.
    #[inline]
    pub(crate) fn len_as_given(self) -> usize {
        self.len
    }

    /// The part that does not lie below `address`, which lies below the end.
    #[inline]
    pub(crate) fn from(self, address: usize) -> Self {
        let start = self.start.max(address);
        Self {
            start,
            len: self.end() - start,
        }
    }

    /// Whether the two share a byte.
    #[must_use]
    #[inline]
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end() && other.start < self.end()
    }
}

impl PartialEq for ByteRange {
    fn eq(&self, other: &Self) -> bool {
        self.start == other.start && self.end() == other.end()
    }
}

impl Eq for ByteRange {}

impl Hash for ByteRange {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.start, self.end()).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::AccessKind::{AtomicRead, AtomicWrite, Read, Write};
    use super::*;

    const KINDS: [AccessKind; 4] = [Read, Write, AtomicRead, AtomicWrite];

    #[test]
    fn conflicts_need_a_write_and_a_plain_access() {
        for (a, b, expected) in [
            (Read, Read, false),
            (Read, Write, true),
            (Write, Write, true),
            (Read, AtomicRead, false),
            (Read, AtomicWrite, true),
            (Write, AtomicRead, true),
            (Write, AtomicWrite, true),
            (AtomicRead, AtomicWrite, false),
            (AtomicWrite, AtomicWrite, false),
        ] {
            assert_eq!(a.conflicts_with(b), expected, "{a} against {b}");
            assert_eq!(b.conflicts_with(a), expected, "{b} against {a}");
        }
    }

    #[test]
    fn covering_is_inclusion_of_conflicts() {
        for a in KINDS {
            for b in KINDS {
                let included = KINDS
                    .iter()
                    .all(|&k| !b.conflicts_with(k) || a.conflicts_with(k));
                assert_eq!(a.covers(b), included, "{a} covers {b}");
            }
        }
    }

    #[test]
    fn ranges_overlap_in_shared_bytes_only() {
        let range = |start, len| ByteRange::new(start, len).unwrap();
        assert!(range(8, 4).overlaps(range(11, 1)));
        assert!(!range(8, 4).overlaps(range(12, 1)));
        assert_eq!(ByteRange::new(8, 0), None);
        assert_eq!(range(usize::MAX - 2, 9).len(), 2);
        assert_eq!(range(usize::MAX - 2, 9), range(usize::MAX - 2, 2));
        assert_eq!(ByteRange::new(usize::MAX, 1), None);
    }
}
