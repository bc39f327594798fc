//! P: the right to run goroutines, with the queue of those that are to run next.
//!
//! A worker that runs goroutines has one; one that sleeps, or is in a blocking call, has none.
//! The one that has it pushes and pops; others steal half of the ring, or, where nothing else is
//! left, what has been *next* for a while.

use super::ring::{Ring, from_raw, into_raw};
use crate::goroutine::{G, Goroutine};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

/// A processor.
#[repr(align(128))]
pub(crate) struct Processor {
    ring: Ring,
    /// Runs before those in the ring, in what is left of the time of whoever made it ready.
    next: AtomicPtr<Goroutine>,
    /// Counts the times that a goroutine began a slice of its own.
    slices: AtomicU32,
    /// Counts the looks for something to run.
    pub(super) looks: AtomicU32,
    /// Whether a goroutine runs.
    pub(super) running: AtomicBool,
    /// Asks the running goroutine to let others run.
    pub(super) preempt: AtomicBool,
    /// The right to run was given to another processor, because the running goroutine passed no
    /// safepoint for too long.
    pub(super) lost: AtomicBool,
}

impl Processor {
    pub(super) fn new() -> Self {
        Self {
            ring: Ring::new(),
            next: AtomicPtr::new(ptr::null_mut()),
            slices: AtomicU32::new(0),
            looks: AtomicU32::new(0),
            running: AtomicBool::new(false),
            preempt: AtomicBool::new(false),
            lost: AtomicBool::new(false),
        }
    }

    /// Makes `g` the next to run, and gives back what was. Only the owner calls this.
    pub(super) fn set_next(&self, g: G) -> Option<G> {
        owned(self.next.swap(into_raw(g), Ordering::AcqRel))
    }

    /// Adds `g` at the end of the ring; gives it back where that is full. Only the owner calls this.
    pub(super) fn push(&self, g: G) -> Result<(), G> {
        self.ring.push(g)
    }

    /// The next to run. Only the owner calls this.
    pub(super) fn pop(&self) -> Option<G> {
        let next = self.take_next();
        if next.is_some() {
            return next;
        }
        let g = self.ring.pop();
        if g.is_some() {
            self.begin_slice();
        }
        g
    }

    /// Half of the ring, as it leaves room for more. Only the owner calls this.
    pub(super) fn shed(&self) -> Vec<G> {
        (0..self.ring.len() / 2)
            .map_while(|_| self.ring.pop())
            .collect()
    }

    /// Steals half of the ring of `victim`. Only the owner, whose own ring is empty, calls this.
    pub(super) fn steal(&self, victim: &Self) -> Option<G> {
        victim.ring.steal(&self.ring)
    }

    /// What is next, as a mark to compare with; 0 for nothing.
    pub(super) fn next_mark(&self) -> usize {
        self.next.load(Ordering::Acquire) as usize
    }

    /// Takes what is next, if it still is what it was when `mark` was made.
    pub(super) fn steal_next(&self, mark: usize) -> Option<G> {
        let mark = mark as *mut Goroutine;
        let taken =
            self.next
                .compare_exchange(mark, ptr::null_mut(), Ordering::AcqRel, Ordering::Relaxed);
        taken.ok().and_then(owned)
    }

    /// Everything, one by one, on behalf of somebody else than the owner.
    pub(super) fn drain(&self) -> impl Iterator<Item = G> + '_ {
        std::iter::from_fn(|| self.take_next().or_else(|| self.ring.steal_one()))
    }

    /// How many goroutines wait here to run.
    pub(super) fn queued(&self) -> usize {
        self.ring.len() as usize + usize::from(self.next_mark() != 0)
    }

    pub(super) fn has_work(&self) -> bool {
        self.queued() > 0
    }

    /// A goroutine gets a slice of time of its own.
    pub(super) fn begin_slice(&self) {
        let slices = self.slices.load(Ordering::Relaxed);
        self.slices.store(slices.wrapping_add(1), Ordering::Relaxed);
        if self.preempt.load(Ordering::Relaxed) {
            self.preempt.store(false, Ordering::Relaxed);
        }
    }

    pub(super) fn slices(&self) -> u32 {
        self.slices.load(Ordering::Relaxed)
    }

    fn take_next(&self) -> Option<G> {
        if self.next.load(Ordering::Relaxed).is_null() {
            return None;
        }
        owned(self.next.swap(ptr::null_mut(), Ordering::AcqRel))
    }
}

impl Drop for Processor {
    fn drop(&mut self) {
        self.drain().for_each(drop);
    }
}

/// What was taken out of a `next`.
fn owned(g: *mut Goroutine) -> Option<G> {
    // SAFETY: `set_next` put it there, and whoever exchanged it for something else owns it.
    (!g.is_null()).then(|| unsafe { from_raw(g) })
}
