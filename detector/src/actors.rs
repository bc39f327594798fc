//! What an analysis keeps of each thread, by the thread's number.

use crate::event::ThreadId;
use std::collections::HashMap;

/// Numbers below this one are found without hashing.
const DENSE: u64 = 1 << 16;

/// A map from threads. Numbers that are small, as those of most traces are, index a vector.
pub(crate) struct Actors<T> {
    dense: Vec<Option<T>>,
    sparse: HashMap<ThreadId, T>,
}

impl<T> Default for Actors<T> {
    fn default() -> Self {
        Self {
            dense: Vec::new(),
            sparse: HashMap::new(),
        }
    }
}

impl<T> Actors<T> {
    #[inline]
    pub(crate) fn get(&self, thread: ThreadId) -> Option<&T> {
        match dense(thread) {
            Some(index) => self.dense.get(index)?.as_ref(),
            None => self.sparse.get(&thread),
        }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, thread: ThreadId) -> Option<&mut T> {
        match dense(thread) {
            Some(index) => self.dense.get_mut(index)?.as_mut(),
            None => self.sparse.get_mut(&thread),
        }
    }

    pub(crate) fn insert(&mut self, thread: ThreadId, value: T) -> Option<T> {
        let Some(index) = dense(thread) else {
            return self.sparse.insert(thread, value);
        };
        if self.dense.len() <= index {
            self.dense.resize_with(index + 1, || None);
        }
        self.dense[index].replace(value)
    }
}

fn dense(thread: ThreadId) -> Option<usize> {
    (thread.0 < DENSE).then_some(thread.0 as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_numbers_are_kept_alike() {
        let mut actors = Actors::default();
        let threads = [0, 5, DENSE - 1, DENSE, u64::MAX].map(ThreadId);
        for (i, &thread) in threads.iter().enumerate() {
            assert_eq!(actors.get(thread), None);
            assert_eq!(actors.insert(thread, i), None);
            assert_eq!(actors.insert(thread, i + 10), Some(i));
        }
        for (i, &thread) in threads.iter().enumerate() {
            assert_eq!(actors.get_mut(thread), Some(&mut (i + 10)));
            assert_eq!(actors.get(thread), Some(&(i + 10)));
        }
        assert_eq!(actors.get(ThreadId(4)), None);
    }
}
