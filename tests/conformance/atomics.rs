//! Atomics: what passes a message, and what does not, by their orderings.

use crate::check::{clean, racy, racy_in_some};
use crate::common::until;
use crate::steps::{Steps, together};
use deadheat::atomic::Ordering::{self, Acquire, Relaxed, Release, SeqCst};
use deadheat::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU64};
use deadheat::prelude::*;

/// A cell, and a word to pass it on by.
type Message = (Shared<i32>, AtomicU64);

fn message() -> Message {
    (Shared::named("message", 0), AtomicU64::new(0))
}

/// One writes the message and stores a flag, the other waits for the flag and reads it.
fn pass(store: Ordering, load: Ordering) {
    together(
        (message(), store, load),
        [
            |((message, flag), store, _)| {
                message.set(1);
                flag.store(1, *store);
            },
            |((message, flag), _, load)| {
                until(|| flag.load(*load) == 1);
                let _ = message.get();
            },
        ],
    );
}

#[test]
fn release_store_and_acquire_load() {
    // A release store comes before every acquire load that reads it.
    clean(|| pass(Release, Acquire));
}

#[test]
fn sequentially_consistent_store_and_load() {
    // They are release and acquire, and more: this is what Go's atomics are.
    clean(|| pass(SeqCst, SeqCst));
}

#[test]
fn relaxed_store_and_acquire_load() {
    // The store releases nothing.
    racy(&["message"], || pass(Relaxed, Acquire));
}

#[test]
fn release_store_and_relaxed_load() {
    // The load acquires nothing.
    racy(&["message"], || pass(Release, Relaxed));
}

#[test]
fn relaxed_store_and_relaxed_load() {
    // Neither side synchronises.
    racy(&["message"], || pass(Relaxed, Relaxed));
}

#[test]
fn release_store_and_sequentially_consistent_load() {
    // Orderings may be mixed as long as one side releases and the other acquires.
    clean(|| pass(Release, SeqCst));
}

#[test]
fn sequential_consistency_of_one_side_is_not_enough() {
    // The single total order of SeqCst operations does not make a relaxed store release.
    racy(&["message"], || pass(Relaxed, SeqCst));
}

#[test]
fn written_after_the_release_store() {
    // A store releases what precedes it.
    racy(&["message"], || {
        together(
            message(),
            [
                |(message, flag)| {
                    flag.store(1, Release);
                    message.set(1);
                },
                |(message, flag)| {
                    until(|| flag.load(Acquire) == 1);
                    let _ = message.get();
                },
            ],
        );
    });
}

#[test]
fn the_flag_is_looked_at_once_and_the_answer_ignored() {
    // A race where the load reads the initial value, which nobody released.
    racy_in_some(&["message"], || {
        together(
            message(),
            [
                |(message, flag)| {
                    message.set(1);
                    flag.store(1, Release);
                },
                |(message, flag)| {
                    let _ = flag.load(Acquire);
                    let _ = message.get();
                },
            ],
        );
    });
}

#[test]
fn the_flag_is_looked_at_once_and_the_answer_heeded() {
    // Whoever reads the flag set comes after the write; whoever does not keeps away.
    clean(|| {
        together(
            message(),
            [
                |(message, flag)| {
                    message.set(1);
                    flag.store(1, Release);
                },
                |(message, flag)| {
                    if flag.load(Acquire) == 1 {
                        assert_eq!(message.get(), 1);
                    }
                },
            ],
        );
    });
}

#[test]
fn a_load_releases_nothing_and_a_store_acquires_nothing() {
    // Whatever the ordering asked for: edges run from stores to the loads that read them.
    racy(&["message"], || {
        together(
            (message(), Steps::new()),
            [
                |((message, flag), steps)| {
                    message.set(1);
                    assert_eq!(flag.load(SeqCst), 0);
                    steps.reach(1);
                },
                |((message, flag), steps)| {
                    steps.wait(1);
                    flag.store(1, SeqCst);
                    let _ = message.get();
                },
            ],
        );
    });
}

#[test]
fn a_chain_of_two_flags() {
    // Happens-before is transitive.
    clean(|| {
        together(
            (message(), AtomicBool::new(false)),
            [
                |((message, first), _)| {
                    message.set(1);
                    first.store(1, Release);
                },
                |((_, first), second)| {
                    until(|| first.load(Acquire) == 1);
                    second.store(true, Release);
                },
                |((message, _), second)| {
                    until(|| second.load(Acquire));
                    assert_eq!(message.get(), 1);
                },
            ],
        );
    });
}

#[test]
fn a_chain_with_a_relaxed_load_in_the_middle() {
    // The one in the middle has acquired nothing that it could hand on.
    racy(&["message"], || {
        together(
            (message(), AtomicBool::new(false)),
            [
                |((message, first), _)| {
                    message.set(1);
                    first.store(1, Release);
                },
                |((_, first), second)| {
                    until(|| first.load(Relaxed) == 1);
                    second.store(true, Release);
                },
                |((message, _), second)| {
                    until(|| second.load(Acquire));
                    let _ = message.get();
                },
            ],
        );
    });
}

#[test]
fn atomic_operations_do_not_race_with_each_other() {
    // Two atomic accesses never are a data race, however relaxed.
    clean(|| {
        let all: fn(&AtomicU64) = |word| {
            word.store(7, Relaxed);
            word.fetch_add(1, Relaxed);
            let _ = word.compare_exchange(8, 9, Relaxed, Relaxed);
            assert!(word.load(Relaxed) > 6);
        };
        together(AtomicU64::new(0), [all, all, all]);
    });
}

#[test]
fn neighbouring_atomics_order_nothing_between_them() {
    // They share a machine word, not a modification order.
    racy(&["message"], || {
        together(
            (
                Shared::named("message", 0),
                [const { AtomicU8::new(0) }; 2],
                Steps::new(),
            ),
            [
                |(message, bytes, steps)| {
                    message.set(1);
                    bytes[0].store(1, Release);
                    steps.reach(1);
                },
                |(message, bytes, steps)| {
                    steps.wait(1);
                    assert_eq!(bytes[1].load(Acquire), 0);
                    let _ = message.get();
                },
            ],
        );
    });
}

/// A pointer to a cell is published with the ordering `store`; the cell is written before.
fn publish(store: Ordering) {
    let cell: &'static Shared<i32> = Box::leak(Box::new(Shared::named("published", 0)));
    together(
        (cell, AtomicPtr::new(std::ptr::null_mut()), store),
        [
            |(cell, slot, store)| {
                cell.set(1);
                slot.store(std::ptr::from_ref(*cell).cast_mut(), *store);
            },
            |(_, slot, _)| {
                until(|| !slot.load(Acquire).is_null());
                // SAFETY: the one value but null that is stored points to a leaked cell, which
                // was made before either goroutine.
                let cell = unsafe { &*slot.load(Acquire) };
                let _ = cell.get();
            },
        ],
    );
}

#[test]
fn a_pointer_is_published_by_a_release_store() {
    // What is behind the pointer was written before the store.
    clean(|| publish(Release));
}

#[test]
fn a_pointer_is_published_by_a_relaxed_store() {
    // That the address depends on the store orders nothing in C++20 and Rust.
    racy(&["published"], || publish(Relaxed));
}
