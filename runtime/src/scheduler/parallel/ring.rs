//! A processor's run queue: a ring that its owner fills and empties, and from which others steal.
//!
//! # States and transitions
//!
//! `head` and `tail` count up for ever; the entries are those from `head` to `tail`, in the slots
//! that these numbers name modulo the ring's size.
//!
//! - *push* (owner): writes the slot at `tail`, then moves `tail` on, with release;
//! - *pop* (owner): moves `head` on by one, with a compare-exchange;
//! - *pop half* (owner): the same for half of the entries at once, which are copied first;
//! - *steal* (anybody, into a ring of its own): copies half of the entries, then moves `head` on by
//!   as many, with a compare-exchange. What was copied is the thief's only if that succeeds.
//!
//! # The bad interleaving
//!
//! A thief copies slots; meanwhile the owner pops the same entries, and its pushes come round to the
//! same slots. The copies are then stale, or not even entries of one moment. That does no harm: the
//! owner can come round only after `head` has moved, so the thief's compare-exchange fails, and
//! the copies are forgotten. Slots are atomics, so that reading one meanwhile is no data race.
//!
//! A thief that has read `head`, is held up, and then reads a much later `tail` would see more
//! entries than fit; it looks again.

use crate::line::Line;
use crate::prefetch::prefetch;
use crate::primitive::{AtomicPtr, AtomicU32, Ordering, spin_loop};
use std::array;
use std::ptr;
use std::sync::Arc;

/// The number of slots; Go's.
pub(crate) const SLOTS: u32 = if cfg!(loom) { 4 } else { 256 };

/// A bounded queue, of goroutines but for the models.
pub(crate) struct Ring<T> {
    /// Apart from what the owner writes as it pushes: thieves write it, too.
    head: Line<AtomicU32>,
    tail: AtomicU32,
    slots: [AtomicPtr<T>; SLOTS as usize],
}

/// A goroutine as a pointer that owns a count.
pub(super) fn into_raw<T>(g: Arc<T>) -> *mut T {
    Arc::into_raw(g).cast_mut()
}

/// Undoes [`into_raw`].
///
/// # Safety
///
/// `g` must come from `into_raw`, and be turned back once only.
pub(super) unsafe fn from_raw<T>(g: *mut T) -> Arc<T> {
    // SAFETY: by the caller.
    unsafe { Arc::from_raw(g) }
}

impl<T> Ring<T> {
    pub(crate) fn new() -> Self {
        Self {
            head: Line(AtomicU32::new(0)),
            tail: AtomicU32::new(0),
            slots: array::from_fn(|_| AtomicPtr::new(ptr::null_mut())),
        }
    }

    fn slot(&self, number: u32) -> &AtomicPtr<T> {
        &self.slots[(number % SLOTS) as usize]
    }

    /// How many entries there were a moment ago.
    pub(crate) fn len(&self) -> u32 {
        let head = self.head.load(Ordering::Acquire);
        let len = self.tail.load(Ordering::Acquire).wrapping_sub(head);
        len.min(SLOTS)
    }

    /// Counts those that have left.
    pub(crate) fn taken(&self) -> u32 {
        self.head.load(Ordering::Acquire)
    }

    /// Adds `g` at the end; gives it back where the ring is full. Only the owner calls this.
    pub(crate) fn push(&self, g: Arc<T>) -> Result<(), Arc<T>> {
        let tail = self.tail.load(Ordering::Relaxed);
        if tail.wrapping_sub(self.head.load(Ordering::Acquire)) >= SLOTS {
            return Err(g);
        }
        self.slot(tail).store(into_raw(g), Ordering::Relaxed);
        self.tail.store(tail.wrapping_add(1), Ordering::Release);
        Ok(())
    }

    /// Takes the first entry. Only the owner calls this.
    pub(crate) fn pop(&self) -> Option<Arc<T>> {
        let tail = self.tail.load(Ordering::Relaxed);
        let mut head = self.head.load(Ordering::Acquire);
        while head != tail {
            let g = self.slot(head).load(Ordering::Relaxed);
            match self.take(head, 1) {
                Ok(()) => {
                    // Whoever comes next may have been made long ago, or by another processor.
                    prefetch(self.slot(head.wrapping_add(1)).load(Ordering::Relaxed));
                    // SAFETY: `push` put it there, and moving `head` past it made it this caller's.
                    return Some(unsafe { from_raw(g) });
                }
                Err(now) => head = now,
            }
        }
        None
    }

    /// Takes the first half of the entries. Only the owner calls this.
    pub(crate) fn pop_half(&self) -> Vec<Arc<T>> {
        let tail = self.tail.load(Ordering::Relaxed);
        let mut head = self.head.load(Ordering::Acquire);
        loop {
            let half = tail.wrapping_sub(head) / 2;
            let slot = |i| self.slot(head.wrapping_add(i)).load(Ordering::Relaxed);
            let entries: Vec<_> = (0..half).map(slot).collect();
            match self.take(head, half) {
                Ok(()) => {
                    // SAFETY: `push` put them there, and moving `head` past them made them this caller's.
                    let owned = |g| unsafe { from_raw(g) };
                    return entries.into_iter().map(owned).collect();
                }
                Err(now) => head = now,
            }
        }
    }

    /// Moves half of the entries, at least one, to `into`, which is empty and the caller's own, and
    /// gives the last of them.
    pub(crate) fn steal(&self, into: &Self) -> Option<Arc<T>> {
        let start = into.tail.load(Ordering::Relaxed);
        loop {
            let head = self.head.load(Ordering::Acquire);
            let len = self.tail.load(Ordering::Acquire).wrapping_sub(head);
            let half = len - len / 2;
            if half == 0 {
                return None;
            }
            if half > SLOTS / 2 {
                spin_loop();
                continue;
            }
            for i in 0..half {
                let g = self.slot(head.wrapping_add(i)).load(Ordering::Relaxed);
                into.slot(start.wrapping_add(i)).store(g, Ordering::Relaxed);
            }
            if self.take(head, half).is_ok() {
                let last = start.wrapping_add(half - 1);
                into.tail.store(last, Ordering::Release);
                // SAFETY: `push` put it there, and moving `head` past it made it this caller's.
                return Some(unsafe { from_raw(into.slot(last).load(Ordering::Relaxed)) });
            }
        }
    }

    /// Takes one entry, on behalf of somebody who owns no ring.
    pub(crate) fn steal_one(&self) -> Option<Arc<T>> {
        loop {
            let head = self.head.load(Ordering::Acquire);
            if self.tail.load(Ordering::Acquire) == head {
                return None;
            }
            let g = self.slot(head).load(Ordering::Relaxed);
            if self.take(head, 1).is_ok() {
                // SAFETY: `push` put it there, and moving `head` past it made it this caller's.
                return Some(unsafe { from_raw(g) });
            }
        }
    }

    fn take(&self, head: u32, count: u32) -> Result<(), u32> {
        let next = head.wrapping_add(count);
        self.head
            .compare_exchange(head, next, Ordering::AcqRel, Ordering::Acquire)
            .map(drop)
    }
}
