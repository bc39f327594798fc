//! Atomic and plain accesses of one word. Reports call the word by its type: it has no name.

use crate::check::{clean, racy};
use crate::common::until;
use crate::steps::{Steps, together};
use deadheat::atomic::AtomicU64;
use deadheat::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use deadheat::{go, raw};
use std::sync::Arc;

const WORD: &str = "Atomic<u64>";

/// A word that was used already, where it lies.
fn word() -> Box<AtomicU64> {
    let word = Box::new(AtomicU64::new(0));
    word.store(1, Relaxed);
    word
}

#[test]
fn a_plain_write_and_an_atomic_load() {
    // One of the two is not atomic, one is a write, and nothing orders them.
    racy(&[WORD], || {
        together(
            word(),
            [
                |word| raw::write(word.as_ptr()),
                |word| {
                    assert_eq!(word.load(Acquire), 1);
                },
            ],
        );
    });
}

#[test]
fn a_plain_read_and_an_atomic_store() {
    // As before, the other way round.
    racy(&[WORD], || {
        together(
            word(),
            [
                |word| raw::read(word.as_ptr()),
                |word| {
                    word.store(2, Release);
                },
            ],
        );
    });
}

#[test]
fn a_plain_read_and_an_atomic_load() {
    // Two reads do not conflict.
    clean(|| {
        together(
            word(),
            [
                |word| raw::read(word.as_ptr()),
                |word| {
                    assert_eq!(word.load(Acquire), 1);
                },
            ],
        );
    });
}

#[test]
fn a_plain_read_and_a_failed_exchange() {
    // An exchange that fails is a load.
    clean(|| {
        together(
            word(),
            [
                |word| raw::read(word.as_ptr()),
                |word| {
                    assert!(word.compare_exchange(5, 6, AcqRel, Acquire).is_err());
                },
            ],
        );
    });
}

#[test]
fn a_plain_read_and_a_read_modify_write() {
    // It writes, even where it leaves the value as it is.
    racy(&[WORD], || {
        together(
            word(),
            [
                |word| raw::read(word.as_ptr()),
                |word| {
                    assert_eq!(word.fetch_or(1, AcqRel), 1);
                },
            ],
        );
    });
}

#[test]
fn a_plain_read_of_one_byte_and_an_atomic_store() {
    // They share that byte.
    racy(&[WORD], || {
        together(
            word(),
            [
                |word| raw::read(word.as_ptr().cast::<u8>().wrapping_add(7)),
                |word| word.store(2, Relaxed),
            ],
        );
    });
}

#[test]
fn a_plain_write_after_the_join() {
    // The end of a goroutine comes before the return of its join.
    clean(|| {
        let word = Arc::new(word());
        let other = Arc::clone(&word);
        let counts = go(move || other.fetch_add(1, Relaxed));
        counts.join().unwrap();
        raw::write(word.as_ptr());
    });
}

#[test]
fn a_plain_write_without_the_join() {
    // That the value is there shows that the store was made, and orders nothing.
    racy(&[WORD], || {
        let word = Arc::new(word());
        let other = Arc::clone(&word);
        let stores = go(move || other.store(2, Relaxed));
        until(|| word.load(Relaxed) == 2);
        raw::write(word.as_ptr());
        stores.join().unwrap();
    });
}

#[test]
fn a_plain_write_before_the_release_of_another_word() {
    // The other word's release and acquire order the plain write and the atomic load.
    clean(|| {
        together(
            (word(), AtomicU64::new(0)),
            [
                |(word, flag)| {
                    raw::write(word.as_ptr());
                    flag.store(1, Release);
                },
                |(word, flag)| {
                    until(|| flag.load(Acquire) == 1);
                    assert_eq!(word.load(Relaxed), 1);
                },
            ],
        );
    });
}

#[test]
fn a_plain_write_before_the_first_atomic_operation() {
    // An atomic is one before it is first used as one: the initialisation by hand races.
    racy(&[WORD], || {
        together(
            (AtomicU64::new(0), Steps::new()),
            [
                |(word, steps)| {
                    raw::write(word.as_ptr());
                    steps.reach(1);
                },
                |(word, steps)| {
                    steps.wait(1);
                    word.store(2, Relaxed);
                },
            ],
        );
    });
}
