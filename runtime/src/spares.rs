//! What was used, and can be used again: each worker keeps some for itself, the rest lies with the run.
//!
//! A worker takes from the run's, and gives back there, many at a time: so what one makes and another
//! ends with goes round at the price of a lock for each batch.

use parking_lot::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many a worker keeps for itself, and how many it gives or takes at a time.
const OWN: usize = 128;
const BATCH: usize = OWN / 2;

/// What any worker of a run may use again.
pub(crate) struct Spares<T> {
    shared: Mutex<Vec<T>>,
    /// The length of `shared`, for those who only look.
    len: AtomicUsize,
}

/// What is one worker's to use again.
pub(crate) struct Own<T>(Vec<T>);

impl<T> Default for Spares<T> {
    fn default() -> Self {
        Self {
            shared: Mutex::default(),
            len: AtomicUsize::new(0),
        }
    }
}

impl<T> Default for Own<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

#[cfg(all(test, not(loom)))]
impl<T> Own<T> {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl<T> Spares<T> {
    /// One of the worker's `own`, which are filled up first where there are none.
    #[inline]
    pub(crate) fn take(&self, own: &mut Own<T>) -> Option<T> {
        if own.0.is_empty() {
            self.take_shared(BATCH, &mut own.0);
        }
        own.0.pop()
    }

    /// One of those of all.
    pub(crate) fn take_one(&self) -> Option<T> {
        let mut one = Vec::new();
        self.take_shared(1, &mut one);
        one.pop()
    }

    #[inline]
    fn take_shared(&self, most: usize, into: &mut Vec<T>) {
        if self.len.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut shared = self.shared.lock();
        let keep = shared.len().saturating_sub(most);
        into.extend(shared.drain(keep..));
        self.len.store(keep, Ordering::Relaxed);
    }

    /// Takes one back, for the worker's `own`.
    #[inline]
    pub(crate) fn put(&self, Own(own): &mut Own<T>, one: T) {
        own.push(one);
        if own.len() >= OWN {
            self.put_all(own.drain(..BATCH));
        }
    }

    /// Takes one back, for all.
    pub(crate) fn put_one(&self, one: T) {
        self.put_all(std::iter::once(one));
    }

    fn put_all(&self, some: impl Iterator<Item = T>) {
        let mut shared = self.shared.lock();
        shared.extend(some);
        self.len.store(shared.len(), Ordering::Relaxed);
    }

    /// Takes one back, for all, to be used after all others.
    #[cold]
    pub(crate) fn put_last(&self, one: T) {
        let mut shared = self.shared.lock();
        shared.push(one);
        let first_out = shared.len() - 1;
        shared.swap(0, first_out);
        self.len.store(shared.len(), Ordering::Relaxed);
    }

    /// Lets go of those of all.
    pub(crate) fn clear(&self) {
        let shared = std::mem::take(&mut *self.shared.lock());
        self.len.store(0, Ordering::Relaxed);
        drop(shared);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_worker_takes_and_gives_back_many_at_a_time() {
        let spares = Spares::default();
        let (mut a, mut b) = (Own::default(), Own::default());
        for i in 0..OWN {
            spares.put(&mut a, i);
        }
        assert_eq!((a.0.len(), spares.shared.lock().len()), (BATCH, BATCH));
        assert!(spares.take(&mut b).is_some());
        assert_eq!((b.0.len(), spares.shared.lock().len()), (BATCH - 1, 0));
        assert_eq!(spares.take_one(), None);
    }

    #[test]
    fn what_is_put_last_is_taken_after_all_others() {
        let spares = Spares::default();
        (0..3).for_each(|i| spares.put_one(i));
        spares.put_last(9);
        let taken: Vec<_> = std::iter::from_fn(|| spares.take_one()).collect();
        assert_eq!(taken.len(), 4);
        assert_eq!(taken[3], 9);
    }
}
