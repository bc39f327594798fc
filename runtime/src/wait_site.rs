//! What a goroutine waits for, as others may see it at any time.
//!
//! A goroutine says it whenever it parks, and is rarely asked; so saying it takes no lock. It is a
//! sequence lock: the goroutine makes the number odd, changes the rest, and makes the number even; who
//! reads looks whether the number is even and stays the same. Only the goroutine itself writes.
//!
//! Who has the lock that is waited for is told apart, under a lock: whoever asks follows the pointer,
//! which must lead somewhere.

use crate::waiter::{HolderRef, WaitReason};
use parking_lot::Mutex;
use std::panic::Location;
use std::ptr;
use std::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
use std::time::Duration;

/// What a goroutine waits for, and since when, in the run's time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    pub(crate) what: &'static str,
    pub(crate) at: &'static Location<'static>,
    pub(crate) since: Duration,
}

/// The place where a goroutine says it.
#[derive(Default)]
pub(crate) struct WaitSite {
    /// Odd while the rest changes.
    sequence: AtomicU32,
    what: AtomicPtr<u8>,
    what_len: AtomicUsize,
    /// Null where it waits for nothing.
    at: AtomicPtr<Location<'static>>,
    /// Nanoseconds.
    since: AtomicU64,
    /// Whether the next is filled; only the goroutine itself looks.
    has_holder: AtomicBool,
    holder: Mutex<Option<HolderRef>>,
}

impl WaitSite {
    /// The goroutine waits from now on, so many nanoseconds after the run's start. Only the goroutine
    /// itself calls this.
    #[inline]
    pub(crate) fn set(&self, reason: WaitReason, since: u64) {
        if reason.holder.is_some() {
            self.has_holder.store(true, Ordering::Relaxed);
            *self.holder.lock() = reason.holder;
        }
        self.change(|| {
            let what = reason.what.as_ptr().cast_mut();
            self.what.store(what, Ordering::Relaxed);
            self.what_len.store(reason.what.len(), Ordering::Relaxed);
            self.since.store(since, Ordering::Relaxed);
            let at = ptr::from_ref(reason.at).cast_mut();
            self.at.store(at, Ordering::Relaxed);
        });
    }

    /// The goroutine does not wait any more. Only the goroutine itself calls this.
    #[inline]
    pub(crate) fn clear(&self) {
        if self.has_holder.load(Ordering::Relaxed) {
            self.has_holder.store(false, Ordering::Relaxed);
            *self.holder.lock() = None;
        }
        // One word, which nothing else is told by once it is null.
        self.at.store(ptr::null_mut(), Ordering::Release);
    }

    fn change(&self, f: impl FnOnce()) {
        let sequence = self.sequence.load(Ordering::Relaxed);
        self.sequence
            .store(sequence.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        f();
        self.sequence
            .store(sequence.wrapping_add(2), Ordering::Release);
    }

    /// What the goroutine waits for.
    pub(crate) fn get(&self) -> Option<Waiting> {
        loop {
            let sequence = self.sequence.load(Ordering::Acquire);
            let at = self.at.load(Ordering::Relaxed);
            let what = self.what.load(Ordering::Relaxed);
            let what_len = self.what_len.load(Ordering::Relaxed);
            let since = self.since.load(Ordering::Relaxed);
            fence(Ordering::Acquire);
            if sequence.is_multiple_of(2) && self.sequence.load(Ordering::Relaxed) == sequence {
                // SAFETY: null, or a reference that lives for ever, from `set`.
                let at: &'static Location<'static> = unsafe { at.as_ref() }?;
                // SAFETY: as the sequence number says, the two belong together; they are those of a text
                // that lives for ever.
                let what = unsafe {
                    let bytes = std::slice::from_raw_parts(what, what_len);
                    std::str::from_utf8_unchecked(bytes)
                };
                let since = Duration::from_nanos(since);
                return Some(Waiting { what, at, since });
            }
            std::thread::yield_now();
        }
    }

    /// Whether it waits for what somebody outside the run `run`, its own, has.
    ///
    /// To be called only while the goroutine does not run.
    pub(crate) fn is_held_outside(&self, run: u64) -> bool {
        let holder = self.holder.lock();
        // SAFETY: the holder is there while the goroutine is suspended in its wait, and taken away, under
        // this lock, before it returns from it.
        holder.is_some_and(|holder| unsafe { holder.is_outside(run) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two waits take turns; whoever looks sees one of them whole, or none.
    #[test]
    fn what_is_seen_is_one_of_those_that_were_said() {
        let at = Location::caller();
        let said = [("nap", 1), ("a wait of some length", 2)];
        let site = WaitSite::default();
        std::thread::scope(|scope| {
            let looks = scope.spawn(|| {
                let seen = std::iter::repeat_with(|| site.get()).flatten().take(10_000);
                for waiting in seen {
                    let since = waiting.since.as_nanos();
                    assert!(said.contains(&(waiting.what, since)), "{waiting:?}");
                    assert_eq!(waiting.at, at);
                }
            });
            while !looks.is_finished() {
                for (what, since) in said {
                    site.set(WaitReason::new(what, at), since as u64);
                    std::thread::yield_now();
                    site.clear();
                }
            }
        });
    }
}
