//! Atomic read-modify-writes: release sequences, and exchanges that fail.

use crate::check::{clean, racy};
use crate::common::until;
use crate::steps::{Steps, together};
use deadheat::Shared;
use deadheat::atomic::AtomicU64;
use deadheat::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

/// A cell, and a word to pass it on by.
type Message = (Shared<i32>, AtomicU64);

fn message() -> Message {
    (Shared::named("message", 0), AtomicU64::new(0))
}

fn send((message, word): &Message) {
    message.set(1);
    word.store(1, Release);
}

/// Waits for the value 2, and reads the message. Acquires from nothing before that value.
fn receive((message, word): &Message) {
    until(|| word.load(Relaxed) == 2);
    assert_eq!(word.load(Acquire), 2);
    let _ = message.get();
}

#[test]
fn a_message_by_read_modify_writes() {
    // One releases, and the other, which reads it, acquires.
    clean(|| {
        together(
            message(),
            [
                |(message, word)| {
                    message.set(1);
                    word.fetch_add(1, Release);
                },
                |(message, word)| {
                    until(|| word.swap(0, Acquire) == 1);
                    assert_eq!(message.get(), 1);
                },
            ],
        );
    });
}

#[test]
fn read_modify_writes_with_the_wrong_halves() {
    // The writer acquires and the reader releases: no edge from the one to the other.
    racy(&["message"], || {
        together(
            message(),
            [
                |(message, word)| {
                    message.set(1);
                    word.fetch_add(1, Acquire);
                },
                |(message, word)| {
                    until(|| word.swap(0, Release) == 1);
                    let _ = message.get();
                },
            ],
        );
    });
}

#[test]
fn read_modify_writes_of_one_word() {
    // Each acquires what the one before it in the modification order released.
    clean(|| {
        together(
            (message(), Steps::new()),
            [
                |((message, word), steps)| {
                    message.set(1);
                    word.fetch_or(4, AcqRel);
                    steps.reach(1);
                },
                |((message, word), steps)| {
                    steps.wait(1);
                    word.fetch_max(9, AcqRel);
                    assert_eq!(message.get(), 1);
                },
            ],
        );
    });
}

#[test]
fn read_modify_writes_of_different_words() {
    // Each word has an order of its own, even where the operations are SeqCst.
    racy(&["message"], || {
        together(
            (message(), AtomicU64::new(0)),
            [
                |((message, word), _)| {
                    message.set(1);
                    word.fetch_add(1, SeqCst);
                },
                |((message, _), other)| {
                    other.fetch_add(1, SeqCst);
                    let _ = message.get();
                },
            ],
        );
    });
}

#[test]
fn a_release_sequence_through_another_goroutine() {
    // A relaxed read-modify-write continues the sequence that the release store heads.
    clean(|| {
        together(
            message(),
            [
                send,
                |(_, word)| until(|| word.compare_exchange(1, 2, Relaxed, Relaxed).is_ok()),
                receive,
            ],
        );
    });
}

#[test]
fn a_release_sequence_broken_by_another_goroutines_store() {
    // A plain atomic store begins anew, and this one releases nothing.
    racy(&["message"], || {
        together(
            message(),
            [
                send,
                |(_, word)| {
                    until(|| word.load(Relaxed) == 1);
                    word.store(2, Relaxed);
                },
                receive,
            ],
        );
    });
}

#[test]
fn a_release_sequence_broken_by_ones_own_store() {
    // Until C++17 a thread's own relaxed stores continued its sequence; since C++20 they do not.
    racy(&["message"], || {
        together(
            message(),
            [
                |state| {
                    send(state);
                    state.1.store(2, Relaxed);
                },
                receive,
            ],
        );
    });
}

#[test]
fn a_release_sequence_through_ones_own_read_modify_write() {
    // One's own read-modify-write continues it like anybody's.
    clean(|| {
        together(
            message(),
            [
                |state| {
                    send(state);
                    state.1.fetch_add(1, Relaxed);
                },
                receive,
            ],
        );
    });
}

/// The middle one writes a cell of its own, too, before its exchange with the ordering `middle`.
fn through_a_middle(middle: Ordering) {
    together(
        (message(), Shared::named("addition", 0), middle),
        [
            |(message, _, _)| send(message),
            |((_, word), addition, middle)| {
                addition.set(1);
                until(|| word.compare_exchange(1, 2, *middle, Relaxed).is_ok());
            },
            |(message, addition, _)| {
                receive(message);
                let _ = addition.get();
            },
        ],
    );
}

#[test]
fn a_release_within_a_release_sequence() {
    // The last load reads from two sequences at once: the store's and the exchange's own.
    clean(|| through_a_middle(Release));
}

#[test]
fn a_relaxed_link_hands_on_but_adds_nothing() {
    // The sequence's head is synchronised with, its relaxed links are not.
    racy(&["addition"], || through_a_middle(Relaxed));
}

/// The message's reader looks at the flag by exchanges that never succeed.
fn failing_exchange(success: Ordering, failure: Ordering) {
    together(
        (message(), success, failure),
        [
            |(message, _, _)| send(message),
            |((message, word), success, failure)| {
                until(|| word.compare_exchange(5, 6, *success, *failure) == Err(1));
                let _ = message.get();
            },
        ],
    );
}

#[test]
fn a_failed_exchange_acquires_by_its_failure_ordering() {
    // It is a load, with that ordering.
    clean(|| failing_exchange(Relaxed, Acquire));
}

#[test]
fn a_failed_exchange_does_not_acquire_by_its_success_ordering() {
    // The ordering of an operation that did not happen counts for nothing.
    racy(&["message"], || failing_exchange(SeqCst, Relaxed));
}

#[test]
fn a_failed_exchange_releases_nothing() {
    // A load does not release, and the word still has its initial value.
    racy(&["message"], || {
        together(
            (message(), Steps::new()),
            [
                |((message, word), steps)| {
                    message.set(1);
                    assert!(word.compare_exchange(5, 6, AcqRel, Acquire).is_err());
                    steps.reach(1);
                },
                |((message, word), steps)| {
                    steps.wait(1);
                    assert_eq!(word.load(Acquire), 0);
                    let _ = message.get();
                },
            ],
        );
    });
}

#[test]
fn a_failed_exchange_does_not_break_a_release_sequence() {
    // It wrote nothing: the load still reads the release store.
    clean(|| {
        together(
            (message(), Steps::new()),
            [
                |(message, _)| send(message),
                |((_, word), steps)| {
                    until(|| word.compare_exchange(5, 6, Relaxed, Relaxed) == Err(1));
                    steps.reach(1);
                },
                |((message, word), steps)| {
                    steps.wait(1);
                    assert_eq!(word.load(Acquire), 1);
                    assert_eq!(message.get(), 1);
                },
            ],
        );
    });
}

/// Both sides use `fetch_update`, the writer with these orderings.
fn updated(set: Ordering, fetch: Ordering) {
    together(
        (message(), set, fetch),
        [
            |((message, word), set, fetch)| {
                message.set(1);
                assert_eq!(word.fetch_update(*set, *fetch, |n| Some(n + 1)), Ok(0));
            },
            |((message, word), _, _)| {
                let take = |n| (n == 1).then_some(0);
                until(|| word.fetch_update(Acquire, Relaxed, take).is_ok());
                let _ = message.get();
            },
        ],
    );
}

#[test]
fn fetch_update_has_the_ordering_of_its_write() {
    // The exchange that succeeds has the ordering given for setting.
    clean(|| updated(Release, Relaxed));
}

#[test]
fn fetch_update_with_an_ordering_for_its_load_only() {
    // The ordering for fetching is no release.
    racy(&["message"], || updated(Relaxed, Acquire));
}
