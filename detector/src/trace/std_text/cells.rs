//! Memory, cut wherever an access begins or ends.

use crate::access::ByteRange;
use std::collections::HashSet;

/// The borders of accesses, while they are gathered.
#[derive(Default)]
pub(super) struct Borders(HashSet<usize>);

impl Borders {
    /// Adds where an access begins and ends.
    pub(super) fn add(&mut self, bytes: ByteRange) {
        self.0.insert(bytes.start());
        self.0.insert(bytes.end());
    }
}

/// The pieces between neighbouring borders. Each access consists of whole ones.
pub(super) struct Cells {
    borders: Vec<usize>,
}

impl Cells {
    pub(super) fn new(borders: Borders) -> Self {
        let mut borders: Vec<_> = borders.0.into_iter().collect();
        borders.sort_unstable();
        Self { borders }
    }

    /// How many pieces there are, those between accesses included.
    pub(super) fn len(&self) -> usize {
        self.borders.len().saturating_sub(1)
    }

    /// The piece of this number.
    pub(super) fn cell(&self, number: usize) -> ByteRange {
        let (start, end) = (self.borders[number], self.borders[number + 1]);
        ByteRange::new(start, end - start).expect("borders are distinct")
    }

    /// The numbers of the pieces of an access whose borders were added.
    pub(super) fn of(&self, bytes: ByteRange) -> std::ops::Range<usize> {
        let number = |border| self.borders.partition_point(|&other| other < border);
        let first = number(bytes.start());
        // Most accesses are one piece.
        let last = match self.borders.get(first + 1) {
            Some(&next) if next == bytes.end() => first + 1,
            _ => number(bytes.end()),
        };
        first..last
    }

    /// The number of the piece that is exactly `bytes`.
    pub(super) fn exactly(&self, bytes: ByteRange) -> Option<usize> {
        let first = self.borders.binary_search(&bytes.start()).ok()?;
        (self.borders.get(first + 1) == Some(&bytes.end())).then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: usize, end: usize) -> ByteRange {
        ByteRange::new(start, end - start).unwrap()
    }

    #[test]
    fn accesses_are_cut_where_others_begin_or_end() {
        let mut borders = Borders::default();
        let accesses = [range(8, 16), range(12, 20), range(30, 31), range(8, 16)];
        accesses.iter().for_each(|&bytes| borders.add(bytes));
        let cells = Cells::new(borders);
        assert_eq!(cells.len(), 5);
        let of = |bytes| cells.of(bytes).map(|n| cells.cell(n)).collect::<Vec<_>>();
        assert_eq!(of(accesses[0]), [range(8, 12), range(12, 16)]);
        assert_eq!(of(accesses[1]), [range(12, 16), range(16, 20)]);
        assert_eq!(of(accesses[2]), [range(30, 31)]);
        assert_eq!(cells.exactly(range(12, 16)), Some(1));
        assert_eq!(cells.exactly(range(8, 16)), None);
        assert_eq!(cells.exactly(range(9, 16)), None);
    }

    #[test]
    fn no_access_has_no_piece() {
        assert_eq!(Cells::new(Borders::default()).len(), 0);
    }
}
