//! The racy locations of an analysis, each once.
//!
//! A *location* is a run of bytes on which one access completed a first race: a race where none of
//! the bytes had one before. It stays one when its memory is freed, and when another race is
//! first on the same bytes under the same name later, that is no further location. What is kept
//! for a location is its first race and the number of all, so that memory follows the number of
//! locations and not that of races.

use crate::access::ByteRange;
use crate::analysis::Finding;
use std::collections::{BTreeMap, HashMap};

/// A racy location.
#[derive(Clone, Debug)]
pub struct Location {
    /// Its bytes.
    pub bytes: ByteRange,
    /// What lay there at its first race, where that has a name.
    pub name: Option<Name>,
    /// Its first race.
    pub first: Finding,
    /// The number of the event that completed the first race.
    pub event: u64,
    /// How many races there were on its bytes.
    pub races: u64,
    /// How many of them came after another on the same bytes, and so may follow from it.
    pub dependent: u64,
}

/// The name of what lies around a location.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Name {
    /// The name.
    pub text: Box<str>,
    /// How far the location's first byte is from the first byte of what is named.
    pub offset: usize,
}

/// Racy locations in the order in which they were found.
///
/// # Example
///
/// ```
/// use deadheat_detector::access::ByteRange;
/// use deadheat_detector::analysis::Analysis;
/// use deadheat_detector::event::{Action, Event, SiteId, ThreadId};
/// use deadheat_detector::locations::Locations;
///
/// let bytes = ByteRange::new(0x1000, 8).unwrap();
/// let (mut analysis, mut locations) = (Analysis::new(), Locations::default());
/// for (number, thread) in (1..).zip([0, 1, 0]) {
///     let (thread, action, site) = (ThreadId(thread), Action::Write(bytes), SiteId(0));
///     let event = Event { thread, action, site };
///     analysis.step(&event, |race| locations.note(race, number, None)).unwrap();
/// }
/// assert_eq!(locations.len(), 1);
/// let location = locations.iter().next().unwrap();
/// assert_eq!((location.event, location.races, location.dependent), (2, 2, 1));
/// ```
#[derive(Default, Debug)]
pub struct Locations {
    all: Vec<Location>,
    /// Locations by what tells them apart.
    known: HashMap<(ByteRange, Option<Name>), usize>,
    /// What is racy at present: disjoint ranges by their start, with their ends and locations.
    present: BTreeMap<usize, (usize, usize)>,
}

impl Locations {
    /// Takes note of a race that the event of this number completed. `memory` is what the race's
    /// bytes lie in, with its name.
    pub fn note(&mut self, found: &Finding, event: u64, memory: Option<(ByteRange, &str)>) {
        let bytes = found.race.bytes;
        if found.race.dependent {
            for location in self.present_at(bytes) {
                let location = &mut self.all[location];
                location.races += 1;
                location.dependent += 1;
            }
            return;
        }
        let name = memory.map(|(memory, name)| Name {
            text: name.into(),
            offset: bytes.start() - memory.start(),
        });
        let next = self.all.len();
        let index = *self.known.entry((bytes, name.clone())).or_insert(next);
        if index == next {
            self.all.push(Location {
                bytes,
                name,
                first: found.clone(),
                event,
                races: 0,
                dependent: 0,
            });
        }
        self.all[index].races += 1;
        self.put(bytes, index);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// All of them, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Location> {
        self.all.iter()
    }

    /// The locations with a byte in `bytes`, each once.
    fn present_at(&self, bytes: ByteRange) -> Vec<usize> {
        let touched = self.present.range(..bytes.end()).rev();
        let mut found: Vec<_> = touched
            .take_while(|(_, (end, _))| *end > bytes.start())
            .map(|(_, (_, location))| *location)
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Makes `bytes` belong to a location, and to no other any more.
    fn put(&mut self, bytes: ByteRange, location: usize) {
        while let Some((&start, &(end, other))) = self.present.range(..bytes.end()).next_back() {
            if end <= bytes.start() {
                break;
            }
            self.present.remove(&start);
            if bytes.end() < end {
                self.present.insert(bytes.end(), (end, other));
            }
            if start < bytes.start() {
                self.present.insert(start, (bytes.start(), other));
            }
        }
        self.present.insert(bytes.start(), (bytes.end(), location));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Analysis;
    use crate::event::{Action, Event, SiteId, ThreadId};

    fn range(start: usize, len: usize) -> ByteRange {
        ByteRange::new(start, len).unwrap()
    }

    type Memory<'a> = Option<(ByteRange, &'a str)>;

    fn locations(steps: &[(u64, Action, Memory<'_>)]) -> Vec<Location> {
        let (mut analysis, mut locations) = (Analysis::new(), Locations::default());
        for (number, &(thread, action, memory)) in (1..).zip(steps) {
            let (thread, site) = (ThreadId(thread), SiteId(0));
            let event = Event {
                thread,
                action,
                site,
            };
            let note = |found: &Finding| locations.note(found, number, memory);
            analysis.step(&event, note).unwrap();
        }
        locations.all
    }

    #[track_caller]
    fn check(steps: &[(u64, Action, Memory<'_>)], expected: &[(usize, usize, u64, u64)]) {
        let found = locations(steps);
        let found: Vec<_> = found
            .iter()
            .map(|l| (l.bytes.start(), l.bytes.len(), l.races, l.dependent))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn neighbours_are_told_apart() {
        let (a, b) = (Action::Write(range(8, 8)), Action::Write(range(16, 8)));
        let steps = [(0, a, None), (1, a, None), (0, b, None), (1, b, None)];
        check(&steps, &[(8, 8, 1, 0), (16, 8, 1, 0)]);
    }

    #[test]
    fn a_wide_race_counts_on_all_that_it_touches() {
        let (a, b) = (Action::Write(range(8, 8)), Action::Write(range(16, 8)));
        let wide = Action::Write(range(8, 16));
        let steps = [
            (0, a, None),
            (1, a, None),
            (0, b, None),
            (1, b, None),
            (2, wide, None),
        ];
        check(&steps, &[(8, 8, 2, 1), (16, 8, 2, 1)]);
    }

    #[test]
    fn memory_that_is_used_again_is_known_by_its_name() {
        let bytes = range(8, 8);
        let (write, free) = (Action::Write(bytes), Action::Free(bytes));
        let (one, two) = (Some((bytes, "one")), Some((range(0, 32), "two")));
        let steps = [
            (0, write, one),
            (1, write, one),
            (0, free, one),
            (0, write, one),
            (1, write, one),
            (0, free, two),
            (0, write, two),
            (1, write, two),
            (2, write, two),
        ];
        check(&steps, &[(8, 8, 2, 0), (8, 8, 2, 1)]);
        let names: Vec<_> = locations(&steps).iter().map(|l| l.name.clone()).collect();
        let name = |text: &str, offset| {
            let text = text.into();
            Some(Name { text, offset })
        };
        assert_eq!(names, [name("one", 0), name("two", 8)]);
    }

    #[test]
    fn what_is_put_over_a_part_leaves_the_rest() {
        let mut locations = Locations::default();
        locations.put(range(0, 30), 0);
        locations.put(range(10, 10), 1);
        assert_eq!(locations.present_at(range(0, 30)), [0, 1]);
        assert_eq!(locations.present_at(range(10, 10)), [1]);
        assert_eq!(locations.present_at(range(20, 1)), [0]);
        assert_eq!(locations.present_at(range(30, 1)), [0_usize; 0]);
    }
}
