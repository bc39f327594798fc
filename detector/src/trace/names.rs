//! What the numbers of a trace stand for.

use crate::access::ByteRange;
use crate::event::{SiteId, ThreadId};
use crate::sync::SyncId;
use std::collections::{BTreeMap, HashMap};

/// The names that a trace has defined up to where it has been read. Of two names for one thing
/// the later counts.
#[derive(Clone, Default, Debug)]
pub struct Names {
    sites: HashMap<SiteId, Box<str>>,
    threads: HashMap<ThreadId, Box<str>>,
    objects: HashMap<SyncId, Box<str>>,
    /// Disjoint ranges, by their start.
    memory: BTreeMap<usize, (ByteRange, Box<str>)>,
}

impl Names {
    /// The place in the source that a site stands for.
    #[must_use]
    pub fn site(&self, site: SiteId) -> Option<&str> {
        self.sites.get(&site).map(AsRef::as_ref)
    }

    /// The name of a thread.
    #[must_use]
    pub fn thread(&self, thread: ThreadId) -> Option<&str> {
        self.threads.get(&thread).map(AsRef::as_ref)
    }

    /// The name of a synchronisation object.
    #[must_use]
    pub fn object(&self, object: SyncId) -> Option<&str> {
        self.objects.get(&object).map(AsRef::as_ref)
    }

    /// What all of `bytes` lie in at present, with its name.
    #[must_use]
    pub fn memory(&self, bytes: ByteRange) -> Option<(ByteRange, &str)> {
        let (_, (range, name)) = self.memory.range(..=bytes.start()).next_back()?;
        (bytes.end() <= range.end()).then_some((*range, name))
    }

    /// All named threads, in order of their numbers.
    pub(super) fn threads(&self) -> Vec<(ThreadId, &str)> {
        let mut all: Vec<_> = self
            .threads
            .iter()
            .map(|(&id, name)| (id, &**name))
            .collect();
        all.sort_unstable();
        all
    }

    /// All named objects, in order of their numbers.
    pub(super) fn objects(&self) -> Vec<(SyncId, &str)> {
        let mut all: Vec<_> = self
            .objects
            .iter()
            .map(|(&id, name)| (id, &**name))
            .collect();
        all.sort_unstable_by_key(|(id, _)| id.0);
        all
    }

    /// All named memory, in order of addresses.
    pub(super) fn memories(&self) -> impl Iterator<Item = (ByteRange, &str)> {
        self.memory.values().map(|(range, name)| (*range, &**name))
    }

    pub(super) fn define_site(&mut self, site: SiteId, name: &str) {
        self.sites.insert(site, name.into());
    }

    pub(super) fn define_thread(&mut self, thread: ThreadId, name: &str) {
        self.threads.insert(thread, name.into());
    }

    pub(super) fn define_object(&mut self, object: SyncId, name: &str) {
        self.objects.insert(object, name.into());
    }

    pub(super) fn define_memory(&mut self, bytes: ByteRange, name: &str) {
        self.forget_memory(bytes);
        self.memory.insert(bytes.start(), (bytes, name.into()));
    }

    /// What had a byte in `bytes` is there no more.
    pub(super) fn forget_memory(&mut self, bytes: ByteRange) {
        while let Some((&start, (range, _))) = self.memory.range(..bytes.end()).next_back() {
            if !range.overlaps(bytes) {
                break;
            }
            self.memory.remove(&start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: usize, len: usize) -> ByteRange {
        ByteRange::new(start, len).unwrap()
    }

    #[test]
    fn memory_is_known_by_all_of_its_bytes() {
        let mut names = Names::default();
        names.define_memory(range(16, 16), "a");
        names.define_memory(range(32, 8), "b");
        assert_eq!(names.memory(range(20, 4)), Some((range(16, 16), "a")));
        assert_eq!(names.memory(range(32, 8)), Some((range(32, 8), "b")));
        assert_eq!(names.memory(range(30, 4)), None);
        assert_eq!(names.memory(range(8, 4)), None);
    }

    #[test]
    fn what_comes_to_lie_there_takes_the_place_of_all_it_touches() {
        let mut names = Names::default();
        for start in [16, 24, 32] {
            names.define_memory(range(start, 8), "old");
        }
        names.define_memory(range(23, 2), "new");
        assert_eq!(names.memory(range(16, 1)), None);
        assert_eq!(names.memory(range(24, 1)), Some((range(23, 2), "new")));
        assert_eq!(names.memory(range(32, 1)), Some((range(32, 8), "old")));
        names.forget_memory(range(0, 100));
        assert_eq!(names.memories().count(), 0);
    }
}
