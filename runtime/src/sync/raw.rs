//! A lock that blocks goroutines, and orders nothing as far as the detector knows.
//!
//! It is what cells use to stay memory-safe while they are raced on, and what [`Mutex`] adds
//! its edges to. Locking costs one compare-exchange, unlocking one exchange.
//!
//! States: `FREE`, `LOCKED`, and `LOCKED | WAITED` where somebody may wait; above these bits stands the
//! run that has the lock, in the same word, so that saying so costs nothing. Waiters stand in a
//! global table of queues, by the lock's address. Whoever is about to wait finds the lock taken
//! and sets `WAITED` in one step, under the queue's lock; the unlocker that clears the bit wakes
//! the first of the queue, and sets the bit again for those behind it. In between, others may
//! take and free the lock without looking: a wake-up is on its way already. A woken waiter
//! competes anew.
//!
//! [`Mutex`]: super::Mutex

use super::wait_queue::WaitQueue;
use crate::current;
use crate::spin;
use crate::waiter::{Holder, WaitReason};
use parking_lot::Mutex as PlainMutex;
use std::collections::HashMap;
use std::panic::Location;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

const FREE: u64 = 0;
const LOCKED: u64 = 1;
const WAITED: u64 = 2;
const _: () = assert!(WAITED < 1 << Holder::SHIFT);

/// How often a lock is tried, a moment apart, before its taker goes to sleep.
const SPINS: u32 = 4;

/// The same where the holder is outside of a controlled run.
const SPINS_OUTSIDE: u32 = 1000;

const SHARDS: usize = 64;

type Shard = PlainMutex<HashMap<usize, WaitQueue>>;

static QUEUES: LazyLock<[Shard; SHARDS]> =
    LazyLock::new(|| std::array::from_fn(|_| Shard::default()));

/// Mutual exclusion without edges.
#[derive(Debug, Default)]
pub struct RawLock(Holder);

impl RawLock {
    /// A free lock.
    #[must_use]
    pub const fn new() -> Self {
        Self(Holder::new())
    }

    #[inline]
    fn state(&self) -> &AtomicU64 {
        self.0.word()
    }

    /// Takes the lock if it is free.
    #[inline]
    pub fn try_lock(&self) -> bool {
        self.try_lock_in_run(current::run_id())
    }

    #[inline]
    fn try_lock_in_run(&self, run: u64) -> bool {
        let own = Holder::of(run) | LOCKED;
        let order = (Ordering::Acquire, Ordering::Relaxed);
        let locked = self.state().compare_exchange(FREE, own, order.0, order.1);
        // Free, but waited for: also then it is whoever's comes first.
        locked.is_ok() || locked == Err(WAITED) && self.take_if_free(own)
    }

    #[cold]
    fn take_if_free(&self, own: u64) -> bool {
        let take = |state| (state & LOCKED == 0).then_some(state | own);
        self.state()
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, take)
            .is_ok()
    }

    /// Takes the lock; blocks the goroutine until it is free. `what` and `at` say what for,
    /// should it never be.
    #[inline]
    pub fn lock(&self, what: &'static str, at: &'static Location<'static>) {
        self.lock_in_run(current::run_id(), what, at);
    }

    /// [`Self::lock`], for a caller in the run of number `run`.
    #[inline]
    pub(crate) fn lock_in_run(&self, run: u64, what: &'static str, at: &'static Location<'static>) {
        if !self.try_lock_in_run(run) {
            self.lock_slow(WaitReason::lock(what, at, &self.0));
        }
    }

    /// Frees the lock.
    ///
    /// # Safety
    ///
    /// The caller must hold it.
    #[inline]
    pub unsafe fn unlock(&self) {
        if self.state().swap(FREE, Ordering::Release) & WAITED != 0 {
            self.wake_one();
        }
    }

    fn shard(&self) -> (&'static Shard, usize) {
        let address = std::ptr::from_ref(self) as usize;
        let hash = address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        (&QUEUES[hash % SHARDS], address)
    }

    #[cold]
    fn lock_slow(&self, reason: WaitReason) {
        if self.spin() {
            return;
        }
        let (shard, address) = self.shard();
        loop {
            let wait = {
                let mut queues = shard.lock();
                if self.take_or_mark() {
                    return;
                }
                let wait = current::wait();
                queues.entry(address).or_default().push(wait.waiter());
                wait
            };
            wait.wait(reason);
        }
    }

    /// Tries for a moment: on another thread the holder may be about to leave. On the controlled
    /// scheduler that is so only where the holder belongs to another run; to wait for that one
    /// here, rather than let others run meanwhile, keeps it out of this run's schedule.
    fn spin(&self) -> bool {
        let controlled = current::with(|g| g.run.scheduler.is_parallel()) == Some(false);
        if controlled && self.0.is_here() {
            return false;
        }
        let spins = if controlled { SPINS_OUTSIDE } else { SPINS };
        (0..spins).any(|_| {
            if controlled {
                std::thread::yield_now();
            } else {
                spin::stand_back();
            }
            self.state().load(Ordering::Relaxed) & LOCKED == 0 && self.try_lock()
        })
    }

    /// Takes the lock if it is free, or says that somebody waits for it.
    fn take_or_mark(&self) -> bool {
        let own = Holder::of(current::run_id()) | LOCKED;
        let take_or_mark = |state| Some(state | if state & LOCKED == 0 { own } else { WAITED });
        let before = self
            .state()
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, take_or_mark);
        before.is_ok_and(|state| state & LOCKED == 0)
    }

    /// Wakes the first that waits. The lock is free by now, or somebody's again.
    #[cold]
    fn wake_one(&self) {
        let (shard, address) = self.shard();
        let mut queues = shard.lock();
        let next = queues.get_mut(&address).and_then(WaitQueue::pop);
        if next.is_some() {
            // Others may wait behind it, so the next unlocker must look.
            self.state().fetch_or(WAITED, Ordering::Relaxed);
        } else {
            queues.remove(&address);
        }
        drop(queues);
        if let Some(waiter) = next {
            waiter.wake();
        }
    }
}

/// Waiters whose run ended before they got the lock are still queued.
impl Drop for RawLock {
    fn drop(&mut self) {
        if self.state().load(Ordering::Relaxed) & WAITED != 0 {
            let (shard, address) = self.shard();
            let stale = shard.lock().remove(&address);
            drop(stale);
        }
    }
}
