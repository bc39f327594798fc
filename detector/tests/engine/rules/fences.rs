//! Fences as in C++20 [atomics.fences]: they order through relaxed operations around them.

use super::check::{A, B, C, D, FLAG, FREE, OTHER, RACY, X, check};
use deadheat_oracle::event::{fence, fork, load, read, rmw, store, write};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

#[test]
fn a_release_fence_lends_itself_to_a_relaxed_store() {
    let tail = [load(B, FLAG, Acquire), read(B, X, 8)];
    let stored = store(A, FLAG, Relaxed);
    check(
        &[&[write(A, X, 8), fence(A, Release), stored][..], &tail].concat(),
        FREE,
    );
    check(&[&[write(A, X, 8), stored][..], &tail].concat(), RACY);
    check(
        &[&[write(A, X, 8), stored, fence(A, Release)][..], &tail].concat(),
        RACY,
    );
    check(
        &[&[fence(A, Release), write(A, X, 8), stored][..], &tail].concat(),
        RACY,
    );
}

#[test]
fn an_acquire_fence_takes_what_relaxed_loads_read() {
    let head = [write(A, X, 8), store(A, FLAG, Release)];
    let loaded = load(B, FLAG, Relaxed);
    check(
        &[&head[..], &[loaded, fence(B, Acquire), read(B, X, 8)]].concat(),
        FREE,
    );
    check(&[&head[..], &[loaded, read(B, X, 8)]].concat(), RACY);
    check(
        &[&head[..], &[fence(B, Acquire), loaded, read(B, X, 8)]].concat(),
        RACY,
    );
    check(
        &[&head[..], &[loaded, read(B, X, 8), fence(B, Acquire)]].concat(),
        RACY,
    );
    check(
        &[
            &head[..],
            &[load(B, OTHER, Relaxed), fence(B, Acquire), read(B, X, 8)],
        ]
        .concat(),
        RACY,
    );
    check(
        &[&head[..], &[loaded, fence(C, Acquire), read(C, X, 8)]].concat(),
        RACY,
    );
}

/// Which pairs of fences order relaxed message passing.
#[test]
fn fences_release_and_acquire_by_their_ordering() {
    for (before, releases) in [
        (Acquire, false),
        (Release, true),
        (AcqRel, true),
        (SeqCst, true),
    ] {
        for (after, acquires) in [
            (Acquire, true),
            (Release, false),
            (AcqRel, true),
            (SeqCst, true),
        ] {
            let expected = if releases && acquires { FREE } else { RACY };
            check(
                &[
                    write(A, X, 8),
                    fence(A, before),
                    store(A, FLAG, Relaxed),
                    load(B, FLAG, Relaxed),
                    fence(B, after),
                    write(B, X, 8),
                ],
                expected,
            );
        }
    }
}

/// A fence orders the stores of its own thread only.
#[test]
fn a_fence_is_not_inherited() {
    let tail = [load(C, FLAG, Acquire), read(C, X, 8)];
    let forked = [fork(A, C), write(A, X, 8), fence(A, Release), fork(A, B)];
    check(
        &[&forked[..], &[store(B, FLAG, Relaxed)], &tail].concat(),
        RACY,
    );
    check(
        &[&forked[..], &[store(A, FLAG, Relaxed)], &tail].concat(),
        FREE,
    );
    check(
        &[
            &forked[..],
            &[fence(B, Release), store(B, FLAG, Relaxed)],
            &tail,
        ]
        .concat(),
        FREE,
    );
}

#[test]
fn what_a_relaxed_load_read_is_not_inherited() {
    let loaded = [
        write(A, X, 8),
        store(A, FLAG, Release),
        fork(A, B),
        fork(B, D),
        load(D, FLAG, Relaxed),
    ];
    check(
        &[&loaded[..], &[fence(D, Acquire), read(D, X, 8)]].concat(),
        FREE,
    );
    let loaded = [
        fork(A, B),
        write(A, X, 8),
        store(A, FLAG, Release),
        load(B, FLAG, Relaxed),
        fork(B, D),
    ];
    check(
        &[&loaded[..], &[fence(D, Acquire), read(D, X, 8)]].concat(),
        RACY,
    );
    check(
        &[&loaded[..], &[fence(B, Acquire), read(B, X, 8)]].concat(),
        FREE,
    );
}

/// A fence lends what came before it, not what its thread learnt since.
#[test]
fn a_fence_does_not_grow() {
    let learnt = [
        write(A, X, 8),
        store(A, OTHER, Release),
        load(B, OTHER, Acquire),
    ];
    let tail = [
        store(B, FLAG, Relaxed),
        load(C, FLAG, Acquire),
        read(C, X, 8),
    ];
    check(&[&[fence(B, Release)][..], &learnt, &tail].concat(), RACY);
    check(&[&learnt[..], &[fence(B, Release)], &tail].concat(), FREE);
}

#[test]
fn one_fence_serves_many_stores() {
    let head = [write(A, X, 8), fence(A, Release), store(A, OTHER, Relaxed)];
    let tail = [load(B, FLAG, Acquire), read(B, X, 8)];
    check(
        &[&head[..], &[store(A, FLAG, Relaxed)], &tail].concat(),
        FREE,
    );
    check(
        &[
            &head[..],
            &[store(A, FLAG, Relaxed), store(A, FLAG, Relaxed)],
            &tail,
        ]
        .concat(),
        FREE,
    );
    check(
        &[
            &head[..],
            &[store(A, FLAG, Relaxed), store(C, FLAG, Relaxed)],
            &tail,
        ]
        .concat(),
        RACY,
    );
}

#[test]
fn one_fence_serves_many_loads() {
    let y = X + 0x20;
    let heads = [
        write(A, X, 8),
        store(A, FLAG, Release),
        write(B, y, 8),
        store(B, OTHER, Release),
    ];
    let both = [
        load(C, FLAG, Relaxed),
        load(C, OTHER, Relaxed),
        fence(C, Acquire),
    ];
    check(
        &[&heads[..], &both, &[read(C, X, 8), read(C, y, 8)]].concat(),
        FREE,
    );
    check(
        &[&heads[..], &both[1..], &[read(C, X, 8), read(C, y, 8)]].concat(),
        RACY,
    );
}

#[test]
fn a_release_fence_lends_itself_to_a_relaxed_read_modify_write() {
    let tail = [load(B, FLAG, Acquire), read(B, X, 8)];
    check(
        &[
            &[write(A, X, 8), fence(A, Release), rmw(A, FLAG, Relaxed)][..],
            &tail,
        ]
        .concat(),
        FREE,
    );
    check(
        &[
            &[write(A, X, 8), rmw(A, FLAG, Relaxed), fence(A, Release)][..],
            &tail,
        ]
        .concat(),
        RACY,
    );
}

#[test]
fn a_read_modify_write_after_a_fence_continues_the_sequence_it_read() {
    let head = [write(A, X, 8), store(A, FLAG, Release), fence(B, Release)];
    let tail = [load(C, FLAG, Acquire), read(C, X, 8)];
    check(&[&head[..], &[rmw(B, FLAG, Relaxed)], &tail].concat(), FREE);
    check(
        &[&head[..], &[store(B, FLAG, Relaxed)], &tail].concat(),
        RACY,
    );
}

#[test]
fn a_release_sequence_goes_on_from_a_fenced_store() {
    let head = [write(A, X, 8), fence(A, Release), store(A, FLAG, Relaxed)];
    let tail = [load(C, FLAG, Relaxed), fence(C, Acquire), read(C, X, 8)];
    check(&[&head[..], &[rmw(B, FLAG, Relaxed)], &tail].concat(), FREE);
    check(
        &[&head[..], &[store(B, FLAG, Relaxed)], &tail].concat(),
        RACY,
    );
}

#[test]
fn an_acquire_fence_takes_what_a_relaxed_read_modify_write_read() {
    let head = [write(A, X, 8), store(A, FLAG, Release)];
    check(
        &[
            &head[..],
            &[rmw(B, FLAG, Release), fence(B, Acquire), read(B, X, 8)],
        ]
        .concat(),
        FREE,
    );
    check(
        &[
            &head[..],
            &[store(B, FLAG, Release), fence(B, Acquire), read(B, X, 8)],
        ]
        .concat(),
        RACY,
    );
}

/// Fences without an atomic between them order nothing, SeqCst or not.
#[test]
fn fences_alone_order_nothing() {
    check(
        &[
            write(A, X, 8),
            fence(A, SeqCst),
            fence(B, SeqCst),
            read(B, X, 8),
        ],
        RACY,
    );
    check(
        &[
            write(A, X, 8),
            store(A, FLAG, Relaxed),
            fence(A, SeqCst),
            load(B, FLAG, Relaxed),
            fence(B, SeqCst),
            read(B, X, 8),
        ],
        RACY,
    );
}

/// Dekker's entry: SeqCst fences let at most one thread in, but order no plain data; leaving
/// with a release fence, entered with an acquire fence, does.
#[test]
fn store_buffering() {
    let a_enters = [
        store(A, FLAG, Relaxed),
        fence(A, SeqCst),
        load(A, OTHER, Relaxed),
        write(A, X, 8),
    ];
    let b_enters = [
        store(B, OTHER, Relaxed),
        fence(B, SeqCst),
        load(B, FLAG, Relaxed),
    ];
    let leaves = store(A, FLAG, Relaxed);
    check(
        &[&a_enters[..], &[leaves], &b_enters, &[write(B, X, 8)]].concat(),
        RACY,
    );
    check(
        &[
            &a_enters[..],
            &[fence(A, Release), leaves],
            &b_enters,
            &[write(B, X, 8)],
        ]
        .concat(),
        RACY,
    );
    check(
        &[
            &a_enters[..],
            &[leaves],
            &b_enters,
            &[fence(B, Acquire), write(B, X, 8)],
        ]
        .concat(),
        RACY,
    );
    check(
        &[
            &a_enters[..],
            &[fence(A, Release), leaves],
            &b_enters,
            &[fence(B, Acquire), write(B, X, 8)],
        ]
        .concat(),
        FREE,
    );
}
