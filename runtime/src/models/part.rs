//! A goroutine's end: what it leaves is seen, whoever waits is woken, and one side frees what the two share
//! when the other touches it no more.

use super::interleave;
use crate::parting::{Parting, Side};
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use std::sync::Arc;

/// What the two share. That it was freed is kept, for the model to look at.
struct Shared {
    parting: Parting,
    /// Read by whoever touches what is shared, written by who frees it.
    memory: UnsafeCell<bool>,
    result: UnsafeCell<usize>,
    waiter: UnsafeCell<bool>,
    woken: AtomicBool,
}

// SAFETY: who touches the cells when is what the models check.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Send for Shared {}

const RESULT: usize = 7;

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            parting: Parting::new(),
            memory: UnsafeCell::new(false),
            result: UnsafeCell::new(0),
            waiter: UnsafeCell::new(false),
            woken: AtomicBool::new(false),
        })
    }

    fn touch(&self) {
        // SAFETY: `loom` checks that nobody frees it at the same time.
        assert!(!self.memory.with(|freed| unsafe { *freed }), "freed");
    }

    fn free(&self) {
        self.touch();
        // SAFETY: `loom` checks that nobody else is here, or was and may be still.
        self.memory.with_mut(|freed| unsafe { *freed = true });
    }

    fn goroutine(&self, cancelled: bool) {
        self.touch();
        if cancelled {
            if self.parting.let_go(Side::Goroutine) {
                self.free();
            }
            return;
        }
        // SAFETY: `loom` checks that the handle does not look yet.
        self.result.with_mut(|result| unsafe { *result = RESULT });
        let mut waiter = false;
        let alone = self.parting.end(|| {
            self.touch();
            // SAFETY: `loom` checks that the handle has left it before.
            waiter = self
                .waiter
                .with_mut(|waiter| unsafe { std::mem::take(&mut *waiter) });
            assert!(waiter, "it was announced");
        });
        if alone {
            self.free();
        } else if waiter {
            // Not part of what is shared: a waiter is the goroutine's own.
            self.woken.store(true, Ordering::Release);
        }
    }

    fn join(&self) {
        self.touch();
        if !self.parting.has_ended() {
            // SAFETY: `loom` checks that the goroutine does not look yet.
            self.waiter.with_mut(|waiter| unsafe { *waiter = true });
            if self.parting.await_end() {
                while !self.woken.load(Ordering::Acquire) {
                    thread::yield_now();
                }
            }
        }
        assert!(self.parting.has_ended());
        // SAFETY: `loom` checks that the goroutine has left it.
        assert_eq!(self.result.with(|result| unsafe { *result }), RESULT);
        self.leave();
    }

    fn leave(&self) {
        if self.parting.let_go(Side::Handle) {
            self.free();
        }
    }
}

fn model(cancelled: bool, handle: fn(&Shared)) {
    interleave(3, move || {
        let shared = Shared::new();
        let other = Arc::clone(&shared);
        let goroutine = thread::spawn(move || other.goroutine(cancelled));
        handle(&shared);
        goroutine.join().unwrap();
        // SAFETY: both are over.
        assert!(shared.memory.with(|freed| unsafe { *freed }), "leaked");
    });
}

#[test]
fn a_handle_joins() {
    model(false, Shared::join);
}

#[test]
fn a_handle_is_dropped() {
    model(false, Shared::leave);
}

/// As a future that was polled once.
#[test]
fn a_handle_is_dropped_that_waits() {
    model(false, |shared| {
        // SAFETY: `loom` checks that the goroutine does not look yet.
        shared.waiter.with_mut(|waiter| unsafe { *waiter = true });
        shared.parting.await_end();
        shared.leave();
    });
}

#[test]
fn a_handle_is_dropped_of_one_that_leaves_nothing() {
    model(true, Shared::leave);
}
