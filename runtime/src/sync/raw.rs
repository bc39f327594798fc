//! A lock that blocks goroutines, and orders nothing as far as the detector knows.
//!
//! It is what cells use to stay memory-safe while they are raced on, and what [`Mutex`] adds
//! its edges to. One byte; free and unlocked costs one compare-exchange each.
//!
//! States: `FREE`, `LOCKED`, and `LOCKED | WAITED` where somebody may wait. Waiters stand in a
//! global table of queues, by the lock's address. Whoever is about to wait finds the lock taken
//! and sets `WAITED` in one step, under the queue's lock; the unlocker that clears the bit wakes
//! the first of the queue, and sets the bit again for those behind it. In between, others may
//! take and free the lock without looking: a wake-up is on its way already. A woken waiter
//! competes anew.
//!
//! [`Mutex`]: super::Mutex

use super::wait_queue::WaitQueue;
use crate::current;
use crate::waiter::WaitReason;
use parking_lot::Mutex as PlainMutex;
use std::collections::HashMap;
use std::panic::Location;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU8, Ordering};

const FREE: u8 = 0;
const LOCKED: u8 = 1;
const WAITED: u8 = 2;

/// How often a lock is tried before its taker goes to sleep.
const SPINS: u32 = 40;

const SHARDS: usize = 64;

type Shard = PlainMutex<HashMap<usize, WaitQueue>>;

static QUEUES: LazyLock<[Shard; SHARDS]> =
    LazyLock::new(|| std::array::from_fn(|_| Shard::default()));

/// Mutual exclusion without edges.
#[derive(Debug, Default)]
pub struct RawLock {
    state: AtomicU8,
}

impl RawLock {
    /// A free lock.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            state: AtomicU8::new(FREE),
        }
    }

    /// Takes the lock if it is free.
    #[inline]
    pub fn try_lock(&self) -> bool {
        self.state
            .compare_exchange(FREE, LOCKED, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    /// Takes the lock; blocks the goroutine until it is free. `what` and `at` say what for,
    /// should it never be.
    #[inline]
    pub fn lock(&self, what: &'static str, at: &'static Location<'static>) {
        if !self.try_lock() {
            self.lock_slow(WaitReason { what, at });
        }
    }

    /// Frees the lock.
    ///
    /// # Safety
    ///
    /// The caller must hold it.
    #[inline]
    pub unsafe fn unlock(&self) {
        if self.state.swap(FREE, Ordering::Release) != LOCKED {
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
            let waiter = {
                let mut queues = shard.lock();
                if self.take_or_mark() {
                    return;
                }
                let waiter = current::waiter();
                queues.entry(address).or_default().push(waiter.clone());
                waiter
            };
            waiter.wait(reason);
        }
    }

    /// On several threads the holder may be about to leave; on one it cannot while we look.
    fn spin(&self) -> bool {
        if current::with(|g| g.run.scheduler.is_parallel()) == Some(false) {
            return false;
        }
        (0..SPINS).any(|_| {
            std::hint::spin_loop();
            self.state.load(Ordering::Relaxed) == FREE && self.try_lock()
        })
    }

    /// Takes the lock if it is free, or says that somebody waits for it.
    fn take_or_mark(&self) -> bool {
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            let next = if state & LOCKED == 0 {
                state | LOCKED
            } else {
                state | WAITED
            };
            match self.state.compare_exchange_weak(
                state,
                next,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return state & LOCKED == 0,
                Err(now) => state = now,
            }
        }
    }

    /// Wakes the first that waits. The lock is free by now, or somebody's again.
    #[cold]
    fn wake_one(&self) {
        let (shard, address) = self.shard();
        let mut queues = shard.lock();
        let next = queues.get_mut(&address).and_then(WaitQueue::pop);
        if next.is_some() {
            // Others may wait behind it, so the next unlocker must look.
            self.state.fetch_or(WAITED, Ordering::Relaxed);
        } else {
            queues.remove(&address);
        }
        drop(queues);
        if let Some(waiter) = next {
            waiter.wake();
        }
    }
}
