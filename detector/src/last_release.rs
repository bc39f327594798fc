//! What a thread last released, and when: noted at each release, and asked for by reports only.

use crate::clock::Time;
use crate::thread::SyncOp;
use std::panic::Location;
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};

/// A sequence lock (Boehm, *Can Seqlocks Get Along With Programming Language Memory Models?*, MSPC 2012): the
/// thread itself stores a few words and waits for nobody; whoever reads meanwhile reads again.
#[derive(Debug, Default)]
pub(crate) struct LastRelease {
    /// Odd while the words change, 0 before the first release.
    sequence: AtomicU64,
    time: AtomicU64,
    what: AtomicPtr<u8>,
    what_len: AtomicUsize,
    at: AtomicPtr<Location<'static>>,
}

impl LastRelease {
    /// Notes a release; for its thread only.
    #[inline]
    pub(crate) fn set(&self, time: Time, op: SyncOp) {
        let sequence = self.sequence.load(Ordering::Relaxed);
        self.sequence.store(sequence + 1, Ordering::Relaxed);
        fence(Ordering::Release);
        self.time.store(time.get(), Ordering::Relaxed);
        let what = op.what.as_ptr().cast_mut();
        self.what.store(what, Ordering::Relaxed);
        self.what_len.store(op.what.len(), Ordering::Relaxed);
        let at = std::ptr::from_ref(op.at).cast_mut();
        self.at.store(at, Ordering::Relaxed);
        self.sequence.store(sequence + 2, Ordering::Release);
    }

    /// The last release, and the time that it ended, as a number; `None` before the first.
    pub(crate) fn get(&self) -> Option<(u64, SyncOp)> {
        loop {
            let before = self.sequence.load(Ordering::Acquire);
            if before == 0 {
                return None;
            }
            let time = self.time.load(Ordering::Relaxed);
            let what = self.what.load(Ordering::Relaxed).cast_const();
            let what_len = self.what_len.load(Ordering::Relaxed);
            let at = self.at.load(Ordering::Relaxed).cast_const();
            fence(Ordering::Acquire);
            if before.is_multiple_of(2) && self.sequence.load(Ordering::Relaxed) == before {
                // SAFETY: the words are of one release, by the sequence, which made them of two static
                // references; its `Release` store comes before the `Acquire` load here.
                let (what, at) = unsafe { (std::slice::from_raw_parts(what, what_len), &*at) };
                // SAFETY: as above; it was a string.
                let what = unsafe { std::str::from_utf8_unchecked(what) };
                return Some((time, SyncOp { what, at }));
            }
            std::thread::yield_now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn a_reader_sees_whole_releases() {
        let ops = [
            SyncOp::here("one"),
            SyncOp::here("another one"),
            SyncOp::here(""),
        ];
        let last = LastRelease::default();
        assert!(last.get().is_none());
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut time = Time::ZERO;
                for i in 0..30_000 {
                    time = time.next();
                    last.set(time, ops[i % 3]);
                }
                over.store(true, Ordering::Relaxed);
            });
            let mut seen = 0;
            while !over.load(Ordering::Relaxed) {
                let Some((time, op)) = last.get() else {
                    continue;
                };
                let expected = ops[(time as usize - 1) % 3];
                assert_eq!((op.what, op.at), (expected.what, expected.at));
                assert!(time >= seen, "never an earlier one");
                seen = time;
            }
        });
        assert_eq!(last.get().map(|(time, _)| time), Some(30_000));
    }
}
