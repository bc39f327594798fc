//! P: the right to run goroutines, with the queue of those that are to run next.
//!
//! A worker that runs goroutines has one; one that sleeps, or is in a blocking call, has none.
//! The one that has it pushes and pops; others steal half of the ring, or, where nothing else is
//! left, what has been *next* for a while.

use super::ring::{Ring, from_raw, into_raw};
use crate::current;
use crate::goroutine::Goroutine;
use crate::primitive::{AtomicBool, AtomicPtr, AtomicU32, Ordering};
use std::ptr;
use std::sync::Arc;

/// A processor, for goroutines but in the models.
#[repr(align(128))]
pub(crate) struct Processor<T = Goroutine> {
    ring: Ring<T>,
    /// Runs before those in the ring, in what is left of the time of whoever made it ready.
    next: AtomicPtr<T>,
    /// Counts the times that a goroutine began a slice of its own.
    slices: AtomicU32,
    /// Counts the looks for something to run.
    pub(super) looks: AtomicU32,
    /// Whether a goroutine runs.
    running: AtomicBool,
    /// Asks the running goroutine to let others run.
    preempt: Flag,
    /// The right to run was given to another processor, because the running goroutine passed no
    /// safepoint for too long. Changed under the scheduler's lock.
    lost: Flag,
}

/// Something that the running goroutine is to look to at its next safepoint.
struct Flag {
    is_up: AtomicBool,
}

impl Flag {
    fn new() -> Self {
        Self {
            is_up: AtomicBool::new(false),
        }
    }

    #[inline]
    fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Acquire)
    }

    /// Gives whether it was up already.
    fn raise(&self) -> bool {
        let was_up = self.is_up.swap(true, Ordering::AcqRel);
        if !was_up {
            current::ask();
        }
        was_up
    }

    fn lower(&self) {
        if self.is_up() && self.is_up.swap(false, Ordering::AcqRel) {
            current::ask_no_more();
        }
    }
}

impl Drop for Flag {
    fn drop(&mut self) {
        self.lower();
    }
}

impl<T> Processor<T> {
    pub(crate) fn new() -> Self {
        Self {
            ring: Ring::new(),
            next: AtomicPtr::new(ptr::null_mut()),
            slices: AtomicU32::new(0),
            looks: AtomicU32::new(0),
            running: AtomicBool::new(false),
            preempt: Flag::new(),
            lost: Flag::new(),
        }
    }

    /// Makes `g` the next to run, and gives back what was. Only the owner calls this.
    pub(crate) fn set_next(&self, g: Arc<T>) -> Option<Arc<T>> {
        if self.next.load(Ordering::Relaxed).is_null() {
            // Others only take: nobody puts anything there meanwhile.
            self.next.store(into_raw(g), Ordering::Release);
            return None;
        }
        owned(self.next.swap(into_raw(g), Ordering::AcqRel))
    }

    /// Adds `g` at the end of the ring; gives it back where that is full. Only the owner calls this.
    pub(crate) fn push(&self, g: Arc<T>) -> Result<(), Arc<T>> {
        self.ring.push(g)
    }

    /// The next to run. Only the owner calls this.
    pub(crate) fn pop(&self) -> Option<Arc<T>> {
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
    pub(crate) fn shed(&self) -> Vec<Arc<T>> {
        self.ring.pop_half()
    }

    /// Steals half of the ring of `victim`. Only the owner, whose own ring is empty, calls this.
    pub(crate) fn steal(&self, victim: &Self) -> Option<Arc<T>> {
        victim.ring.steal(&self.ring)
    }

    /// What is next, as a mark to compare with; 0 for nothing.
    pub(crate) fn next_mark(&self) -> usize {
        self.next.load(Ordering::Acquire) as usize
    }

    /// Takes what is next, if it still is what it was when `mark` was made.
    pub(crate) fn steal_next(&self, mark: usize) -> Option<Arc<T>> {
        let mark = mark as *mut T;
        let taken =
            self.next
                .compare_exchange(mark, ptr::null_mut(), Ordering::AcqRel, Ordering::Relaxed);
        taken.ok().and_then(owned)
    }

    /// Everything, one by one, on behalf of somebody else than the owner.
    pub(crate) fn drain(&self) -> impl Iterator<Item = Arc<T>> + '_ {
        std::iter::from_fn(|| self.take_next().or_else(|| self.ring.steal_one()))
    }

    /// How many goroutines wait here to run.
    pub(crate) fn queued(&self) -> usize {
        self.ring.len() as usize + usize::from(self.next_mark() != 0)
    }

    /// How many goroutines wait here, but for who is next.
    #[inline]
    pub(crate) fn waiting(&self) -> u32 {
        self.ring.len()
    }

    /// Counts those that have left the queue.
    pub(crate) fn taken(&self) -> u32 {
        self.ring.taken()
    }

    pub(crate) fn has_work(&self) -> bool {
        self.queued() > 0
    }

    /// A goroutine gets a slice of time of its own.
    pub(crate) fn begin_slice(&self) {
        let slices = self.slices.load(Ordering::Relaxed);
        self.slices.store(slices.wrapping_add(1), Ordering::Relaxed);
        self.preempt.lower();
    }

    /// A goroutine is about to run, or has just run. Only the owner calls this.
    pub(crate) fn set_running(&self, running: bool) {
        self.running.store(running, Ordering::Relaxed);
    }

    /// Whether a goroutine runs, with the right to.
    pub(crate) fn is_running(&self) -> bool {
        self.running.load(Ordering::Relaxed) && !self.is_lost()
    }

    /// Asks the running goroutine to let others run; gives whether it was asked already.
    pub(crate) fn ask(&self) -> bool {
        self.preempt.raise()
    }

    /// Whether the running goroutine has used up its slice.
    #[inline]
    pub(crate) fn is_asked(&self) -> bool {
        self.preempt.is_up()
    }

    /// Whether the running goroutine is to let others run: it was asked to, or has lost the right to
    /// run itself.
    #[inline]
    pub(crate) fn should_yield(&self) -> bool {
        self.is_asked() || self.is_lost()
    }

    /// Takes the right to run away from whoever is in slice number `slices`; `false` where nobody is
    /// any more. The caller has the scheduler's lock, and gives the right to another processor.
    ///
    /// The owner may begin another slice at this moment. That one is without the right then, and ends
    /// at its first safepoint.
    pub(crate) fn take_away(&self, slices: u32) -> bool {
        let taken = self.is_running() && self.slices() == slices;
        if taken {
            self.lost.raise();
        }
        taken
    }

    /// Whether the right to run was taken away.
    #[inline]
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.is_up()
    }

    /// Nobody has the processor any more, with or without the right to run. The caller has the
    /// scheduler's lock.
    pub(crate) fn leave(&self) {
        self.preempt.lower();
        self.running.store(false, Ordering::Relaxed);
        self.lost.lower();
    }

    pub(crate) fn slices(&self) -> u32 {
        self.slices.load(Ordering::Relaxed)
    }

    fn take_next(&self) -> Option<Arc<T>> {
        if self.next.load(Ordering::Relaxed).is_null() {
            return None;
        }
        owned(self.next.swap(ptr::null_mut(), Ordering::AcqRel))
    }
}

impl<T> Drop for Processor<T> {
    fn drop(&mut self) {
        self.drain().for_each(drop);
    }
}

/// What was taken out of a `next`.
fn owned<T>(g: *mut T) -> Option<Arc<T>> {
    // SAFETY: `set_next` put it there, and whoever exchanged it for something else owns it.
    (!g.is_null()).then(|| unsafe { from_raw(g) })
}
