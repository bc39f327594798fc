//! A set of bytes, kept as maximal ranges.

use crate::access::ByteRange;
use std::collections::BTreeMap;

/// Disjoint byte ranges that do not adjoin, by start.
#[derive(Default, Debug)]
pub(crate) struct RangeSet {
    ends: BTreeMap<usize, usize>,
}

impl RangeSet {
    /// Adds the bytes of `range`.
    pub(crate) fn insert(&mut self, range: ByteRange) {
        let (mut start, mut end) = (range.start(), range.end());
        while let Some((&s, &e)) = self.ends.range(..=end).next_back() {
            if e < start {
                break;
            }
            self.ends.remove(&s);
            start = start.min(s);
            end = end.max(e);
        }
        self.ends.insert(start, end);
    }

    /// Takes the bytes of `range` out.
    pub(crate) fn remove(&mut self, range: ByteRange) {
        while let Some((&s, &e)) = self.ends.range(..range.end()).next_back() {
            if e <= range.start() {
                break;
            }
            self.ends.remove(&s);
            if range.end() < e {
                self.ends.insert(range.end(), e);
            }
            if s < range.start() {
                self.ends.insert(s, range.start());
            }
        }
    }

    /// The parts of `range`, in order, each with whether its bytes are in the set.
    pub(crate) fn split(&self, range: ByteRange) -> Vec<(ByteRange, bool)> {
        let mut parts = Vec::new();
        let mut push = |from: usize, to: usize, inside| {
            parts.extend(ByteRange::new(from, to.saturating_sub(from)).map(|part| (part, inside)));
        };
        let before = self.ends.range(..=range.start()).next_back();
        let after = self
            .ends
            .range(range.start().saturating_add(1)..range.end());
        let mut from = range.start();
        for (&start, &end) in before.into_iter().chain(after) {
            let (start, end) = (start.max(from), end.min(range.end()));
            if start < end {
                push(from, start, false);
                push(start, end, true);
                from = end;
            }
        }
        push(from, range.end(), false);
        parts
    }

    /// The maximal ranges, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = ByteRange> {
        self.ends
            .iter()
            .filter_map(|(&start, &end)| ByteRange::new(start, end - start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn agrees_with_a_set_of_bytes(steps in prop::collection::vec((any::<bool>(), 0usize..40, 1usize..9), 0..40)) {
            let mut ranges = RangeSet::default();
            let mut bytes = BTreeSet::new();
            for (insert, start, len) in steps {
                let range = ByteRange::new(start, len).unwrap();
                let parts = ranges.split(range);
                let split: Vec<_> = parts.iter().flat_map(|(part, inside)| (part.start()..part.end()).map(|b| (b, *inside))).collect();
                prop_assert_eq!(split, (start..start + len).map(|b| (b, bytes.contains(&b))).collect::<Vec<_>>());
                if insert {
                    ranges.insert(range);
                    bytes.extend(start..start + len);
                } else {
                    ranges.remove(range);
                    bytes.retain(|b| !(start..start + len).contains(b));
                }
                let listed: Vec<_> = ranges.iter().flat_map(|r| r.start()..r.end()).collect();
                prop_assert_eq!(&listed, &bytes.iter().copied().collect::<Vec<_>>());
                let maximal = ranges.iter().zip(ranges.iter().skip(1)).all(|(a, b)| a.end() < b.start());
                prop_assert!(maximal);
            }
        }
    }
}
