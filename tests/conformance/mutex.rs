//! Mutual exclusion: what an unlock and a later lock order, and what only looks like it.

use crate::check::{clean, racy, racy_in_some};
use crate::common::until;
use crate::steps::{Steps, together};
use deadheat::prelude::*;
use std::panic::resume_unwind;
use std::sync::Arc;

#[test]
fn unlock_comes_before_a_later_lock() {
    // The n-th unlock comes before the return of the m-th lock, n < m.
    clean(|| {
        let state = (Shared::named("count", 0), Mutex::new(()));
        let add: fn(&_) = |(count, lock): &(Shared<i32>, Mutex<()>)| {
            for _ in 0..3 {
                let _guard = lock.lock();
                count.set(count.get() + 1);
            }
        };
        let state = together(state, [add, add, add]);
        assert_eq!(state.0.get(), 9);
    });
}

#[test]
fn two_mutexes_order_nothing_between_them() {
    // An unlock orders later locks of the same mutex only.
    racy(&["count"], || {
        let state = (Shared::named("count", 0), Mutex::new(()), Mutex::new(()));
        together(
            state,
            [
                |(count, lock, _)| {
                    let _guard = lock.lock();
                    count.update(|n| *n += 1);
                },
                |(count, _, lock)| {
                    let _guard = lock.lock();
                    count.update(|n| *n += 1);
                },
            ],
        );
    });
}

#[test]
fn one_of_two_writers_does_not_lock() {
    // The one without the lock has no synchronising operation at all.
    racy(&["total"], || {
        let state = (Shared::named("total", 0), Mutex::new(()));
        together(
            state,
            [
                |(total, lock)| {
                    let _guard = lock.lock();
                    total.set(1);
                },
                |(total, _)| total.set(2),
            ],
        );
    });
}

#[test]
fn only_the_writer_locks() {
    // A read needs the lock as much as the write does.
    racy(&["status"], || {
        let state = (Shared::named("status", 0), Mutex::new(()));
        together(
            state,
            [
                |(status, lock)| {
                    let _guard = lock.lock();
                    status.set(1);
                },
                |(status, _)| assert!(status.get() < 2),
            ],
        );
    });
}

#[test]
fn the_check_is_made_before_the_lock() {
    // The unlocked check of the one is unordered with the locked write of the other.
    racy(&["made"], || {
        let make: fn(&_) = |(made, lock): &(Shared<u32>, Mutex<()>)| {
            if made.get() < 5 {
                let _guard = lock.lock();
                made.update(|n| *n += 1);
            }
        };
        together((Shared::named("made", 0), Mutex::new(())), [make, make]);
    });
}

#[test]
fn check_and_act_share_one_critical_section() {
    // Both accesses lie between one lock and one unlock.
    clean(|| {
        let make: fn(&_) = |(made, lock): &(Shared<u32>, Mutex<()>)| {
            let _guard = lock.lock();
            if made.get() == 0 {
                made.set(1);
            }
        };
        together((Shared::named("made", 0), Mutex::new(())), [make, make]);
    });
}

#[test]
fn unlocked_between_read_and_write() {
    // The write follows the last unlock of its goroutine, so nothing comes after it.
    racy(&["balance"], || {
        let deposit: fn(&_) = |(balance, lock): &(Shared<i32>, Mutex<()>)| {
            let guard = lock.lock();
            let before = balance.get();
            drop(guard);
            balance.set(before + 10);
        };
        let state = (Shared::named("balance", 0), Mutex::new(()));
        together(state, [deposit, deposit]);
    });
}

#[test]
fn locked_anew_for_the_write() {
    // Two critical sections lose updates but do not race: that is another kind of bug.
    clean(|| {
        let deposit: fn(&_) = |(balance, lock): &(Shared<i32>, Mutex<()>)| {
            let before = {
                let _guard = lock.lock();
                balance.get()
            };
            let _guard = lock.lock();
            balance.set(before + 10);
        };
        let state = (Shared::named("balance", 0), Mutex::new(()));
        together(state, [deposit, deposit]);
    });
}

#[test]
fn one_cell_of_two_is_outside_the_critical_section() {
    // The lock protects what is accessed under it, and nothing else of the same struct.
    racy(&["outside"], || {
        struct Pair {
            lock: Mutex<()>,
            inside: Shared<i32>,
            outside: Shared<i32>,
        }
        let visit: fn(&Pair) = |pair| {
            let guard = pair.lock.lock();
            pair.inside.update(|n| *n += 1);
            drop(guard);
            pair.outside.update(|n| *n += 1);
        };
        let pair = Pair {
            lock: Mutex::new(()),
            inside: Shared::named("inside", 0),
            outside: Shared::named("outside", 0),
        };
        together(pair, [visit, visit]);
    });
}

#[test]
fn a_lock_for_each_cell() {
    // Every cell has one lock of its own, taken nested by one goroutine and singly by others.
    clean(|| {
        type Account = (Mutex<()>, Shared<i32>);
        let account = |name| -> Account { (Mutex::new(()), Shared::named(name, 10)) };
        together(
            (account("from"), account("to")),
            [
                |(from, to)| {
                    let _from = from.0.lock();
                    let _to = to.0.lock();
                    from.1.update(|n| *n -= 5);
                    to.1.update(|n| *n += 5);
                },
                |(from, _)| {
                    let _from = from.0.lock();
                    assert!(from.1.get() > 0);
                },
                |(_, to)| {
                    let _to = to.0.lock();
                    assert!(to.1.get() > 0);
                },
            ],
        );
    });
}

#[test]
fn a_failed_try_lock_orders_nothing() {
    // Finding the mutex locked says nothing of what its holder did before.
    racy(&["value"], || {
        let state = (Shared::named("value", 0), Mutex::new(()), Steps::new());
        together(
            state,
            [
                |(value, lock, steps)| {
                    value.set(1);
                    let _guard = lock.lock();
                    steps.reach(1);
                    steps.wait(2);
                },
                |(value, lock, steps)| {
                    steps.wait(1);
                    assert!(lock.try_lock().is_none());
                    let _ = value.get();
                    steps.reach(2);
                },
            ],
        );
    });
}

#[test]
fn a_lock_after_a_failed_try_lock_orders() {
    // The lock that succeeds in the end comes after the holder's unlock.
    clean(|| {
        let state = (Shared::named("value", 0), Mutex::new(()), Steps::new());
        together(
            state,
            [
                |(value, lock, steps)| {
                    let _guard = lock.lock();
                    steps.reach(1);
                    steps.wait(2);
                    value.set(1);
                },
                |(value, lock, steps)| {
                    steps.wait(1);
                    assert!(lock.try_lock().is_none());
                    steps.reach(2);
                    let _guard = lock.lock();
                    assert_eq!(value.get(), 1);
                },
            ],
        );
    });
}

#[test]
fn a_successful_try_lock_orders() {
    // A try_lock that succeeds is a lock.
    clean(|| {
        let state = (Shared::named("value", 0), Mutex::new(()), Steps::new());
        together(
            state,
            [
                |(value, lock, steps)| {
                    {
                        let _guard = lock.lock();
                        value.set(1);
                    }
                    steps.reach(1);
                },
                |(value, lock, steps)| {
                    steps.wait(1);
                    let _guard = lock.try_lock().expect("nobody holds it");
                    assert_eq!(value.get(), 1);
                },
            ],
        );
    });
}

#[test]
fn the_outcome_of_try_lock_is_ignored() {
    // A race only where the try_lock finds the mutex locked; else it orders like a lock.
    racy_in_some(&["value"], || {
        together(
            (Shared::named("value", 0), Mutex::new(())),
            [
                |(value, lock)| {
                    let _guard = lock.lock();
                    value.set(1);
                },
                |(value, lock)| {
                    let _perhaps = lock.try_lock();
                    value.set(2);
                },
            ],
        );
    });
}

/// A counter whose clones have a mutex of their own, as copies by value have in Go, while the
/// count is shared.
struct Copied {
    count: Arc<Shared<i32>>,
    lock: Mutex<()>,
}

impl Clone for Copied {
    fn clone(&self) -> Self {
        Self {
            count: Arc::clone(&self.count),
            lock: Mutex::new(()),
        }
    }
}

#[test]
fn a_mutex_passed_by_value() {
    // Each goroutine locks its own copy, which nobody else ever unlocks.
    racy(&["count"], || {
        let counter = Copied {
            count: Arc::new(Shared::named("count", 0)),
            lock: Mutex::new(()),
        };
        let running = [counter.clone(), counter].map(|mine| {
            go(move || {
                let _guard = mine.lock.lock();
                mine.count.update(|n| *n += 1);
            })
        });
        for goroutine in running {
            goroutine.join().unwrap();
        }
    });
}

#[test]
fn a_mutex_passed_by_reference() {
    // All clones of an Arc are the one mutex.
    clean(|| {
        let count = Arc::new(Shared::named("count", 0));
        let lock = Arc::new(Mutex::new(()));
        let running = [(); 2].map(|()| {
            let (count, lock) = (Arc::clone(&count), Arc::clone(&lock));
            go(move || {
                let _guard = lock.lock();
                count.update(|n| *n += 1);
            })
        });
        for goroutine in running {
            goroutine.join().unwrap();
        }
    });
}

/// Waits until the flag under `lock` is set.
fn seen(lock: &Mutex<bool>) {
    until(|| *lock.lock());
}

#[test]
fn handed_on_through_two_mutexes() {
    // Happens-before is transitive: first unlock → middle's lock → its unlock → last lock.
    clean(|| {
        let state = (
            Shared::named("cargo", 0),
            Mutex::new(false),
            Mutex::new(false),
        );
        together(
            state,
            [
                |(cargo, first, _)| {
                    cargo.set(1);
                    *first.lock() = true;
                },
                |(_, first, second)| {
                    seen(first);
                    *second.lock() = true;
                },
                |(cargo, _, second)| {
                    seen(second);
                    cargo.set(2);
                },
            ],
        );
    });
}

#[test]
fn a_link_of_the_chain_is_missing() {
    // The one in the middle knows of the first, but took no lock of its: no edge to hand on.
    racy(&["cargo"], || {
        let state = (
            Shared::named("cargo", 0),
            Steps::new(),
            Mutex::new(()),
            Mutex::new(false),
        );
        together(
            state,
            [
                |(cargo, steps, first, _)| {
                    cargo.set(1);
                    drop(first.lock());
                    steps.reach(1);
                },
                |(_, steps, _, second)| {
                    steps.wait(1);
                    *second.lock() = true;
                },
                |(cargo, _, _, second)| {
                    seen(second);
                    cargo.set(2);
                },
            ],
        );
    });
}

#[test]
fn a_panic_unlocks() {
    // The unlock that unwinding makes is an unlock like any other.
    clean(|| {
        let state = Arc::new((Shared::named("value", 0), Mutex::new(false)));
        let (one, other) = (Arc::clone(&state), state);
        let panics = go(move || {
            let mut done = one.1.lock();
            one.0.set(1);
            *done = true;
            resume_unwind(Box::new("in the critical section"));
        });
        let reads = go(move || {
            seen(&other.1);
            assert_eq!(other.0.get(), 1);
        });
        assert!(panics.join().is_err());
        reads.join().unwrap();
    });
}

#[test]
fn a_destructor_writes_after_a_panic_has_unlocked() {
    // Locals go in reverse order: the guard first, then the value that writes.
    racy(&["value"], || {
        struct WriteAtEnd(Arc<(Shared<i32>, Mutex<bool>)>);
        impl Drop for WriteAtEnd {
            fn drop(&mut self) {
                self.0.0.set(1);
            }
        }
        let state = Arc::new((Shared::named("value", 0), Mutex::new(false)));
        let (one, other) = (Arc::clone(&state), state);
        let panics = go(move || {
            let last = WriteAtEnd(one);
            let mut done = last.0.1.lock();
            *done = true;
            resume_unwind(Box::new("in the critical section"));
        });
        let reads = go(move || {
            seen(&other.1);
            let _ = other.0.get();
        });
        assert!(panics.join().is_err());
        reads.join().unwrap();
    });
}

#[test]
fn order_depends_on_who_locks_first() {
    // If the reader locks first, nothing comes after the write; else the lock orders the two.
    racy_in_some(&["early"], || {
        together(
            (Shared::named("early", 0), Mutex::new(())),
            [
                |(early, lock)| {
                    early.set(1);
                    drop(lock.lock());
                },
                |(early, lock)| {
                    drop(lock.lock());
                    let _ = early.get();
                },
            ],
        );
    });
}

#[test]
fn the_reader_asks_under_the_lock_who_was_first() {
    // It goes on only after the critical section that followed the write.
    clean(|| {
        together(
            (Shared::named("early", 0), Mutex::new(false)),
            [
                |(early, lock)| {
                    early.set(1);
                    *lock.lock() = true;
                },
                |(early, lock)| {
                    let written = *lock.lock();
                    if written {
                        assert_eq!(early.get(), 1);
                    }
                },
            ],
        );
    });
}

#[test]
fn a_lock_held_by_the_parent_does_not_cover_its_child() {
    // A goroutine inherits no locks; the start orders only what came before it.
    racy(&["value"], || {
        let state = Arc::new((Shared::named("value", 0), Mutex::new(())));
        let guard = state.1.lock();
        let child = Arc::clone(&state);
        let child = go(move || child.0.update(|n| *n += 1));
        state.0.update(|n| *n += 1);
        drop(guard);
        child.join().unwrap();
    });
}

#[test]
fn the_child_locks_for_itself() {
    // Its lock comes after the parent's unlock.
    clean(|| {
        let state = Arc::new((Shared::named("value", 0), Mutex::new(())));
        let guard = state.1.lock();
        let child = Arc::clone(&state);
        let child = go(move || {
            let _guard = child.1.lock();
            child.0.update(|n| *n += 1);
        });
        state.0.update(|n| *n += 1);
        drop(guard);
        child.join().unwrap();
    });
}
