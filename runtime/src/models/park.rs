//! A goroutine that blocks: it goes on once its operation is complete, on one thread at a time.

use super::interleave;
use crate::claim::{Claim, Ticket};
use crate::goroutine::Switch;
use crate::status::Status;
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use std::sync::Arc;

/// A goroutine that waits for one value.
struct Blocked {
    status: Status,
    claim: Claim,
    ticket: Ticket,
    value: UnsafeCell<usize>,
    /// Only the thread that runs the goroutine touches it.
    stack: UnsafeCell<usize>,
    got: AtomicUsize,
}

// SAFETY: who touches the cells when is what the models check.
unsafe impl Sync for Blocked {}
// SAFETY: as above.
unsafe impl Send for Blocked {}

impl Blocked {
    fn new() -> Arc<Self> {
        let claim = Claim::new();
        let ticket = claim.open();
        Arc::new(Self {
            status: Status::new(),
            claim,
            ticket,
            value: UnsafeCell::new(0),
            stack: UnsafeCell::new(0),
            got: AtomicUsize::new(0),
        })
    }

    /// The goroutine's part, from one switch to the next.
    fn step(&self, first: bool) -> Switch {
        // SAFETY: `loom` checks that nobody else is here.
        self.stack.with_mut(|depth| unsafe { *depth += 1 });
        let done = match first {
            true => self.claim.is_done(),
            false => self.claim.is_done_after_wake(),
        };
        if !done {
            return Switch::Park;
        }
        // SAFETY: whoever completed the operation has written it before.
        let value = self.value.with(|value| unsafe { *value });
        assert_eq!(value, self.claim.case());
        self.got.store(value, Ordering::Relaxed);
        Switch::Finish
    }

    /// A worker's part, who took the goroutine from a queue.
    fn run(&self) {
        self.status.resume();
        self.run_on(false);
    }

    /// A worker's part, who runs the goroutine, from its `first` look on or a later one.
    fn run_on(&self, mut first: bool) {
        loop {
            let switch = self.step(std::mem::take(&mut first));
            if self.status.switched(switch) != Switch::Yield {
                return;
            }
            self.status.resume();
        }
    }

    /// Completes the operation, if nobody else does; whoever is to hand the goroutine to the scheduler
    /// runs it here.
    fn complete(&self, case: usize) -> bool {
        let won = self.claim.claim(self.ticket, case);
        if won {
            // SAFETY: `loom` checks that nobody reads or writes it now.
            self.value.with_mut(|value| unsafe { *value = case });
            self.claim.complete();
            self.wake();
        }
        won
    }

    fn wake(&self) {
        if self.status.make_ready() {
            self.run();
        }
    }
}

/// Runs the goroutine beside `others`, which complete its operation; who of them did is given to nobody
/// but the goroutine.
fn check(preemptions: usize, others: &'static [fn(&Blocked) -> Option<usize>]) {
    interleave(preemptions, move || {
        let blocked = Blocked::new();
        // It runs when it gets into the queue in which the others find it.
        blocked.status.resume();
        let threads: Vec<_> = others
            .iter()
            .map(|other| {
                let blocked = Arc::clone(&blocked);
                thread::spawn(move || other(&blocked))
            })
            .collect();
        blocked.run_on(true);
        let won = threads.into_iter().filter_map(|t| t.join().unwrap());
        let won: Vec<_> = won.collect();
        assert_eq!(won.len(), 1, "one completes it");
        // Not by its status: `loom` lets a look see what a later store has replaced.
        let got = blocked.got.load(Ordering::Relaxed);
        assert_eq!(got, won[0], "a wake-up was lost");
    });
}

fn sender(blocked: &Blocked) -> Option<usize> {
    blocked.complete(1).then_some(1)
}

#[test]
fn a_goroutine_on_its_way_into_its_wait_is_woken() {
    check(3, &[sender]);
}

#[test]
fn a_value_and_a_timeout_that_come_at_once() {
    check(3, &[sender, |blocked| blocked.complete(2).then_some(2)]);
}

#[test]
fn a_wake_up_for_nothing_beside_the_real_one() {
    check(
        3,
        &[sender, |blocked| {
            blocked.wake();
            None
        }],
    );
}

/// Whoever wants to see the stack holds the goroutine for a moment.
#[test]
fn a_look_at_the_stack_beside_a_wake_up() {
    check(
        3,
        &[sender, |blocked| {
            if blocked.status.hold_parked() {
                // SAFETY: `loom` checks that nobody else is here.
                blocked.stack.with_mut(|depth| unsafe { *depth += 1 });
                if blocked.status.release_parked() {
                    blocked.run();
                }
            }
            None
        }],
    );
}

/// Who still has an earlier operation of the same goroutine in a queue comes too late, whenever that is.
#[test]
fn a_claim_of_an_operation_that_is_over() {
    interleave(3, || {
        let claim = Arc::new(Claim::new());
        let first = claim.open();
        assert!(claim.claim(first, 1));
        claim.complete();
        let late = Arc::clone(&claim);
        let late = thread::spawn(move || late.claim(first, 2));
        let second = claim.open();
        let sender = Arc::clone(&claim);
        let sender = thread::spawn(move || sender.claim(second, 3));
        assert!(!late.join().unwrap(), "it was claimed twice");
        assert!(sender.join().unwrap());
        assert_eq!(claim.case(), 3);
    });
}
