//! The bytes on which a race was found.

use crate::access::ByteRange;
use crate::pool::{Kind, Pool};
use crate::record::{BYTES, ByteMask};
use crate::shadow::granules_of;
use crate::source::Source;
use crate::table::Table;
use alloc::vec::Vec;

/// A set of bytes, by granule.
pub(crate) struct RacyBytes {
    granules: Table,
}

impl RacyBytes {
    pub(crate) fn new(source: &Source) -> Option<Self> {
        Some(Self {
            granules: Table::new(source, 16)?,
        })
    }

    /// Whether there is none: mostly so, and then nobody has to look. An access that races is added
    /// before it is made: whoever has read what it wrote is told so.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.granules.len() == 0
    }

    /// Adds bytes of the granule at `address`.
    pub(crate) fn insert(&self, pool: &Pool, address: usize, mask: ByteMask) {
        let key = (address / BYTES) as u64;
        let mut bucket = self.granules.lock(pool, key);
        if let Some(node) = bucket.find(key) {
            return node.set_word(1, node.word(1) | u64::from(mask.bits()));
        }
        if let Some((index, node)) = pool.take(Kind::Leaf, 0, key as usize) {
            node.set_word(0, key);
            node.set_word(1, u64::from(mask.bits()));
            bucket.insert(index, node);
        }
    }

    /// Takes the bytes of `range` out.
    pub(crate) fn remove(&self, pool: &Pool, range: ByteRange) {
        let granules = (range.end() - 1) / BYTES - range.start() / BYTES + 1;
        if self.is_empty() {
            return;
        }
        let remove = |bucket: &mut crate::table::Bucket<'_>| {
            bucket.retain(|node| {
                let address = node.word(0) as usize * BYTES;
                let (start, end) = (
                    range.start().max(address),
                    range.end().min(address.saturating_add(BYTES)),
                );
                if start >= end {
                    return true;
                }
                let gone = u64::from(ByteMask::span(start - address, end - address).bits());
                node.set_word(1, node.word(1) & !gone);
                node.word(1) != 0
            });
        };
        if granules as u64 > self.granules.len().max(1 << 12) {
            return self.granules.for_each_bucket(pool, remove);
        }
        for (address, _) in granules_of(range.start(), range.end()) {
            remove(&mut self.granules.lock(pool, (address / BYTES) as u64));
        }
    }

    /// The maximal ranges, in order.
    pub(crate) fn ranges(&self, pool: &Pool) -> Vec<ByteRange> {
        // Nothing is allocated under a bucket's lock.
        let mut found = Vec::with_capacity(self.granules.len() as usize + 64);
        self.granules.for_each_bucket(pool, |bucket| {
            bucket.retain(|node| {
                if found.len() < found.capacity() {
                    found.push((node.word(0), node.word(1) as u8));
                }
                true
            });
        });
        found.sort_unstable();
        // What came to another bucket meanwhile was seen twice.
        found.dedup_by(|again, first| {
            let same = again.0 == first.0;
            first.1 |= if same { again.1 } else { 0 };
            same
        });
        let mut ranges: Vec<ByteRange> = Vec::new();
        for (granule, mask) in found {
            for (from, to) in ByteMask::from_bits(mask).runs() {
                let start = granule as usize * BYTES + from;
                let (start, len) = match ranges.last() {
                    Some(last) if last.end() == start => {
                        let start = last.start();
                        let len = last.len() + to - from;
                        ranges.pop();
                        (start, len)
                    }
                    _ => (start, to - from),
                };
                ranges.extend(ByteRange::new(start, len));
            }
        }
        ranges
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn agrees_with_a_set_of_bytes(steps in prop::collection::vec((any::<bool>(), 0usize..80, 1usize..20), 0..40)) {
            let pool = Pool::new(&Source::default(), 1 << 20).unwrap();
            let racy = RacyBytes::new(&Source::default()).unwrap();
            let mut bytes = BTreeSet::new();
            for (insert, start, len) in steps {
                if insert {
                    for (address, mask) in granules_of(start, start + len) {
                        racy.insert(&pool, address, mask);
                    }
                    bytes.extend(start..start + len);
                } else {
                    racy.remove(&pool, ByteRange::new(start, len).unwrap());
                    bytes.retain(|byte| !(start..start + len).contains(byte));
                }
                let ranges = racy.ranges(&pool);
                prop_assert!(ranges.iter().zip(ranges.iter().skip(1)).all(|(a, b)| a.end() < b.start()));
                let listed: BTreeSet<_> = ranges.iter().flat_map(|range| range.start()..range.end()).collect();
                prop_assert_eq!(&listed, &bytes);
            }
        }
    }
}
