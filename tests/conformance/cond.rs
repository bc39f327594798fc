//! Conditions: their edges are those of the lock, and none are a signal's.

use crate::check::{clean, racy};
use crate::common::until;
use crate::steps::{Steps, together};
use deadheat::atomic::{AtomicBool, Ordering};
use deadheat::prelude::*;

type State = (Shared<i32>, Mutex<bool>, Cond, Steps);

fn state() -> State {
    let value = Shared::named("value", 0);
    (value, Mutex::new(false), Cond::new(), Steps::new())
}

#[test]
fn a_condition_under_the_lock() {
    // The critical section that made the condition true comes before the waiter's.
    clean(|| {
        together(
            state(),
            [
                |(value, ready, cond, _)| {
                    value.set(1);
                    *ready.lock() = true;
                    cond.signal();
                },
                |(value, ready, cond, _)| {
                    drop(cond.wait_while(ready.lock(), |ready| !*ready));
                    assert_eq!(value.get(), 1);
                },
            ],
        );
    });
}

#[test]
fn a_signal_without_the_lock_orders_nothing() {
    // The signaller never locks, so there is no unlock of its for the waiter to come after.
    racy(&["value"], || {
        together(
            state(),
            [
                |(value, _, cond, steps)| {
                    value.set(1);
                    until(|| {
                        cond.signal();
                        steps.reached(1)
                    });
                },
                |(value, ready, cond, steps)| {
                    drop(cond.wait(ready.lock()));
                    steps.reach(1);
                    let _ = value.get();
                },
            ],
        );
    });
}

#[test]
fn written_between_the_unlock_and_the_signal() {
    // The write follows the signaller's unlock; the signal itself is no edge.
    racy(&["value"], || {
        together(
            state(),
            [
                |(value, ready, cond, _)| {
                    *ready.lock() = true;
                    value.set(1);
                    cond.signal();
                },
                |(value, ready, cond, _)| {
                    drop(cond.wait_while(ready.lock(), |ready| !*ready));
                    let _ = value.get();
                },
            ],
        );
    });
}

#[test]
fn signalled_with_the_lock_held() {
    // The write precedes the unlock, where the signal lies does not matter.
    clean(|| {
        together(
            state(),
            [
                |(value, ready, cond, _)| {
                    let mut ready = ready.lock();
                    *ready = true;
                    cond.signal();
                    value.set(1);
                },
                |(value, ready, cond, _)| {
                    drop(cond.wait_while(ready.lock(), |ready| !*ready));
                    assert_eq!(value.get(), 1);
                },
            ],
        );
    });
}

fn make_ready((_, ready, cond, _): &State) {
    *ready.lock() = true;
    cond.broadcast();
}

#[test]
fn woken_waiters_are_not_ordered_by_the_broadcast() {
    // They come after the broadcaster's unlock, not after each other once they have unlocked.
    racy(&["value"], || {
        let wait: fn(&State) = |(value, ready, cond, _)| {
            drop(cond.wait_while(ready.lock(), |ready| !*ready));
            value.update(|n| *n += 1);
        };
        together(state(), [make_ready, wait, wait]);
    });
}

#[test]
fn woken_waiters_hold_the_lock_again() {
    // Wait returns with the mutex locked, one waiter after the other.
    clean(|| {
        let wait: fn(&State) = |(value, ready, cond, _)| {
            let _guard = cond.wait_while(ready.lock(), |ready| !*ready);
            value.update(|n| *n += 1);
        };
        let state = together(state(), [wait, make_ready, wait, wait]);
        assert_eq!(state.0.get(), 3);
    });
}

#[test]
fn wait_unlocks() {
    // The unlock within wait comes before the next lock, as any unlock does.
    clean(|| {
        together(
            state(),
            [
                |(value, ready, cond, steps)| {
                    let guard = ready.lock();
                    value.set(1);
                    steps.reach(1);
                    drop(cond.wait_while(guard, |ready| !*ready));
                },
                |(value, ready, cond, steps)| {
                    steps.wait(1);
                    let mut ready = ready.lock();
                    assert_eq!(value.get(), 1);
                    *ready = true;
                    cond.signal();
                },
            ],
        );
    });
}

#[test]
fn that_somebody_waits_is_learnt_without_the_lock() {
    // The signaller reads before it locks, so no unlock of the waiter's precedes the read.
    racy(&["value"], || {
        together(
            state(),
            [
                |(value, ready, cond, steps)| {
                    let guard = ready.lock();
                    value.set(1);
                    steps.reach(1);
                    drop(cond.wait_while(guard, |ready| !*ready));
                },
                |(value, ready, cond, steps)| {
                    steps.wait(1);
                    let _ = value.get();
                    *ready.lock() = true;
                    cond.signal();
                },
            ],
        );
    });
}

#[test]
fn waiter_and_signaller_lock_different_mutexes() {
    // Each has a lock, but not the same one; the relaxed flag and the signal order nothing.
    racy(&["value"], || {
        type Split = (Shared<i32>, [Mutex<()>; 2], Cond, AtomicBool, Steps);
        let split: Split = (
            Shared::named("value", 0),
            [Mutex::new(()), Mutex::new(())],
            Cond::new(),
            AtomicBool::new(false),
            Steps::new(),
        );
        together(
            split,
            [
                |(value, locks, cond, ready, steps)| {
                    {
                        let _guard = locks[0].lock();
                        value.set(1);
                        ready.store(true, Ordering::Relaxed);
                    }
                    // Again and again: a signal may come before the other waits.
                    until(|| {
                        cond.signal();
                        steps.reached(1)
                    });
                },
                |(value, locks, cond, ready, steps)| {
                    let _guard =
                        cond.wait_while(locks[1].lock(), |()| !ready.load(Ordering::Relaxed));
                    let _ = value.get();
                    steps.reach(1);
                },
            ],
        );
    });
}

#[test]
fn a_slot_passed_to_and_fro_by_two_conditions() {
    // Producer and consumer use the slot with the lock held, in turns.
    clean(|| {
        struct Slot {
            full: Mutex<bool>,
            filled: Cond,
            emptied: Cond,
            item: Shared<i32>,
        }
        let slot = Slot {
            full: Mutex::new(false),
            filled: Cond::new(),
            emptied: Cond::new(),
            item: Shared::named("item", 0),
        };
        together(
            slot,
            [
                |slot| {
                    for item in 1..=3 {
                        let mut full = slot.emptied.wait_while(slot.full.lock(), |full| *full);
                        slot.item.set(item);
                        *full = true;
                        slot.filled.signal();
                    }
                },
                |slot| {
                    for item in 1..=3 {
                        let mut full = slot.filled.wait_while(slot.full.lock(), |full| !*full);
                        assert_eq!(slot.item.replace(0), item);
                        *full = false;
                        slot.emptied.signal();
                    }
                },
            ],
        );
    });
}
