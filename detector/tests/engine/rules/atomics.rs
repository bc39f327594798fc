//! Atomics as in C++20: orderings, release sequences, atomic against plain accesses.

use super::check::{A, B, C, D, FLAG, FREE, L, OTHER, RACY, RACY_FLAG, X, check};
use deadheat_oracle::event::{
    acquire, failed_exchange, fence, free, load, read, release, rmw, store, word, write,
};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

#[test]
fn message_passing_needs_a_release_store_and_an_acquire_load() {
    for (stored, loaded, ordered) in [
        (Relaxed, Relaxed, false),
        (Relaxed, Acquire, false),
        (Relaxed, SeqCst, false),
        (Release, Relaxed, false),
        (Release, Acquire, true),
        (Release, SeqCst, true),
        (SeqCst, Relaxed, false),
        (SeqCst, Acquire, true),
        (SeqCst, SeqCst, true),
    ] {
        let expected = if ordered { FREE } else { RACY };
        let passing = [
            write(A, X, 8),
            store(A, FLAG, stored),
            load(B, FLAG, loaded),
        ];
        check(&[&passing[..], &[read(B, X, 8)]].concat(), expected);
        check(&[&passing[..], &[write(B, X, 8)]].concat(), expected);
    }
}

#[test]
fn a_read_modify_write_releases_by_its_ordering() {
    for (ordering, expected) in [
        (Relaxed, RACY),
        (Acquire, RACY),
        (Release, FREE),
        (AcqRel, FREE),
        (SeqCst, FREE),
    ] {
        check(
            &[
                write(A, X, 8),
                rmw(A, FLAG, ordering),
                load(B, FLAG, Acquire),
                read(B, X, 8),
            ],
            expected,
        );
    }
}

#[test]
fn a_read_modify_write_acquires_by_its_ordering() {
    for (ordering, expected) in [
        (Relaxed, RACY),
        (Acquire, FREE),
        (Release, RACY),
        (AcqRel, FREE),
        (SeqCst, FREE),
    ] {
        check(
            &[
                write(A, X, 8),
                store(A, FLAG, Release),
                rmw(B, FLAG, ordering),
                read(B, X, 8),
            ],
            expected,
        );
    }
}

#[test]
fn a_failed_exchange_is_a_load() {
    check(
        &[
            write(A, X, 8),
            store(A, FLAG, Release),
            failed_exchange(B, FLAG, Acquire),
            read(B, X, 8),
        ],
        FREE,
    );
    check(
        &[
            write(A, X, 8),
            store(A, FLAG, Release),
            failed_exchange(B, FLAG, Relaxed),
            read(B, X, 8),
        ],
        RACY,
    );
    check(
        &[
            write(A, X, 8),
            failed_exchange(A, FLAG, SeqCst),
            load(B, FLAG, SeqCst),
            read(B, X, 8),
        ],
        RACY,
    );
    check(
        &[
            write(A, X, 8),
            rmw(A, FLAG, SeqCst),
            load(B, FLAG, SeqCst),
            read(B, X, 8),
        ],
        FREE,
    );
}

#[test]
fn a_load_takes_what_was_stored_to_its_own_word_before_it() {
    check(
        &[
            write(A, X, 8),
            store(A, FLAG, Release),
            load(B, OTHER, Acquire),
            read(B, X, 8),
        ],
        RACY,
    );
    check(
        &[
            write(A, X, 8),
            load(B, FLAG, Acquire),
            store(A, FLAG, Release),
            read(B, X, 8),
        ],
        RACY,
    );
    check(
        &[
            store(A, FLAG, Release),
            write(A, X, 8),
            load(B, FLAG, Acquire),
            read(B, X, 8),
        ],
        RACY,
    );
    check(
        &[
            write(A, X, 8),
            store(A, FLAG, Release),
            load(B, FLAG, Acquire),
            read(B, X, 8),
        ],
        FREE,
    );
}

#[test]
fn a_relaxed_load_keeps_an_edge_that_is_not_its_own() {
    check(
        &[
            write(A, X, 8),
            store(A, FLAG, Release),
            load(B, FLAG, Relaxed),
            load(B, FLAG, Acquire),
            read(B, X, 8),
        ],
        FREE,
    );
    check(
        &[
            write(A, X, 8),
            store(A, FLAG, Release),
            load(B, FLAG, Relaxed),
            load(B, OTHER, Acquire),
            read(B, X, 8),
        ],
        RACY,
    );
}

#[test]
fn a_release_sequence_goes_on_through_read_modify_writes() {
    let head = [write(A, X, 8), store(A, FLAG, Release)];
    let tail = [load(C, FLAG, Acquire), read(C, X, 8)];
    check(&[&head[..], &[rmw(B, FLAG, Relaxed)], &tail].concat(), FREE);
    check(
        &[
            &head[..],
            &[rmw(B, FLAG, Relaxed), rmw(D, FLAG, Acquire)],
            &tail,
        ]
        .concat(),
        FREE,
    );
    check(&[&head[..], &[rmw(B, FLAG, Release)], &tail].concat(), FREE);
    check(
        &[
            &head[..],
            &[store(B, FLAG, Relaxed), rmw(D, FLAG, Relaxed)],
            &tail,
        ]
        .concat(),
        RACY,
    );
}

/// What continues a release sequence does not become part of what it releases.
#[test]
fn a_relaxed_read_modify_write_releases_nothing_of_its_own() {
    let head = store(A, FLAG, Release);
    let tail = [load(C, FLAG, Acquire), read(C, X, 8)];
    check(
        &[&[head, write(B, X, 8), rmw(B, FLAG, Relaxed)][..], &tail].concat(),
        RACY,
    );
    check(
        &[&[head, write(B, X, 8), rmw(B, FLAG, Release)][..], &tail].concat(),
        FREE,
    );
}

#[test]
fn a_release_read_modify_write_heads_a_sequence_beside_the_one_it_continues() {
    let (y, z) = (X + 0x20, X + 0x28);
    let heads = [
        write(A, y, 8),
        store(A, FLAG, Release),
        write(B, z, 8),
        rmw(B, FLAG, Release),
        load(C, FLAG, Acquire),
    ];
    check(&[&heads[..], &[write(C, y, 16)]].concat(), FREE);
    check(
        &[&heads[..3], &heads[4..], &[write(C, y, 16)]].concat(),
        &[z..z + 8],
    );
}

#[test]
fn a_store_ends_the_release_sequence() {
    let head = [write(A, X, 8), store(A, FLAG, Release)];
    let tail = [load(C, FLAG, Acquire), read(C, X, 8)];
    check(&[&head[..], &tail].concat(), FREE);
    check(
        &[&head[..], &[store(B, FLAG, Relaxed)], &tail].concat(),
        RACY,
    );
    check(
        &[&head[..], &[store(B, FLAG, Release)], &tail].concat(),
        RACY,
    );
    check(
        &[
            &head[..],
            &[rmw(B, FLAG, Relaxed), store(B, FLAG, Relaxed)],
            &tail,
        ]
        .concat(),
        RACY,
    );
}

/// Until C++17 a thread's own relaxed stores continued its release sequence; no longer.
#[test]
fn a_store_by_the_same_thread_ends_the_release_sequence() {
    let head = [write(A, X, 8), store(A, FLAG, Release)];
    let tail = [load(C, FLAG, Acquire), read(C, X, 8)];
    check(
        &[&head[..], &[store(A, FLAG, Relaxed)], &tail].concat(),
        RACY,
    );
    check(
        &[&head[..], &[store(A, FLAG, Release)], &tail].concat(),
        FREE,
    );
    check(&[&head[..], &[rmw(A, FLAG, Relaxed)], &tail].concat(), FREE);
}

#[test]
fn a_store_after_an_acquire_hands_on() {
    let head = [
        write(A, X, 8),
        store(A, FLAG, Release),
        load(B, FLAG, Acquire),
    ];
    let tail = [load(C, OTHER, Acquire), read(C, X, 8)];
    check(
        &[&head[..], &[store(B, OTHER, Release)], &tail].concat(),
        FREE,
    );
    check(
        &[&head[..], &[store(B, OTHER, Relaxed)], &tail].concat(),
        RACY,
    );
}

#[test]
fn atomics_do_not_conflict_with_atomics() {
    for event in [
        store(A, FLAG, Relaxed),
        rmw(A, FLAG, Relaxed),
        load(A, FLAG, Relaxed),
    ] {
        check(&[event, store(B, FLAG, Relaxed)], FREE);
        check(&[event, rmw(B, FLAG, Relaxed)], FREE);
        check(&[event, load(B, FLAG, Relaxed)], FREE);
    }
}

#[test]
fn an_atomic_conflicts_with_a_plain_access_where_one_writes() {
    let start = FLAG.start;
    for (atomic, plain, racy) in [
        (load as fn(_, _, _) -> _, read as fn(_, _, _) -> _, false),
        (load, write, true),
        (store, read, true),
        (store, write, true),
        (rmw, read, true),
        (rmw, write, true),
        (failed_exchange, read, false),
        (failed_exchange, write, true),
    ] {
        let expected = if racy { RACY_FLAG } else { FREE };
        check(&[atomic(A, FLAG, Relaxed), plain(B, start, 4)], expected);
        check(&[plain(A, start, 4), atomic(B, FLAG, Relaxed)], expected);
        check(
            &[
                atomic(A, FLAG, Relaxed),
                release(A, L),
                acquire(B, L),
                plain(B, start, 4),
            ],
            FREE,
        );
        check(
            &[
                plain(A, start, 4),
                release(A, L),
                acquire(B, L),
                atomic(B, FLAG, Relaxed),
            ],
            FREE,
        );
    }
}

#[test]
fn an_atomic_conflicts_on_the_bytes_it_shares_with_a_plain_access() {
    check(
        &[store(A, FLAG, Relaxed), read(B, FLAG.start + 3, 4)],
        &[FLAG.start + 3..FLAG.start + 4],
    );
    check(&[store(A, FLAG, Relaxed), read(B, FLAG.start + 4, 4)], FREE);
}

#[test]
fn atomics_of_different_sizes_do_not_conflict() {
    let (whole, half) = (word(X, 8), word(X + 4, 4));
    check(
        &[
            store(A, whole, Relaxed),
            load(B, half, Relaxed),
            rmw(C, half, Relaxed),
        ],
        FREE,
    );
    check(
        &[store(A, whole, Relaxed), read(B, X + 4, 4)],
        &[X + 4..X + 8],
    );
    check(&[store(A, half, Relaxed), write(B, X, 8)], &[X + 4..X + 8]);
    check(&[store(A, half, Relaxed), write(B, X, 4)], FREE);
}

/// An edge into an atomic operation comes before the operation itself.
#[test]
fn an_acquire_orders_its_own_access() {
    let initialised = [write(A, FLAG.start, 4), store(A, FLAG, Release)];
    check(
        &[&initialised[..], &[load(B, FLAG, Acquire)]].concat(),
        FREE,
    );
    check(&[&initialised[..], &[rmw(B, FLAG, Acquire)]].concat(), FREE);
    check(
        &[&initialised[..], &[load(B, FLAG, Relaxed)]].concat(),
        RACY_FLAG,
    );
    check(
        &[&initialised[..], &[store(B, FLAG, SeqCst)]].concat(),
        RACY_FLAG,
    );
}

/// The last owner of a counter may free it by plain means.
#[test]
fn a_release_orders_its_own_access() {
    let freed = write(B, FLAG.start, 4);
    check(
        &[store(A, FLAG, Release), load(B, FLAG, Acquire), freed],
        FREE,
    );
    check(&[rmw(A, FLAG, Release), rmw(B, FLAG, Acquire), freed], FREE);
    check(
        &[rmw(A, FLAG, Release), rmw(B, FLAG, Relaxed), freed],
        RACY_FLAG,
    );
    check(
        &[rmw(A, FLAG, Relaxed), rmw(B, FLAG, Acquire), freed],
        RACY_FLAG,
    );
}

/// A reference count: every owner releases its use, the last one acquires them all.
#[test]
fn a_reference_count() {
    let uses = [
        read(A, X, 8),
        rmw(A, FLAG, Release),
        read(B, X, 8),
        rmw(B, FLAG, Release),
    ];
    let last = rmw(C, FLAG, Release);
    check(
        &[&uses[..], &[last, fence(C, Acquire), write(C, X, 8)]].concat(),
        FREE,
    );
    check(&[&uses[..], &[last, write(C, X, 8)]].concat(), RACY);
}

/// An atomic access conflicts with less than a plain one, so it does not stand for it.
#[test]
fn an_atomic_access_does_not_hide_a_plain_one() {
    check(
        &[
            write(A, FLAG.start, 4),
            store(A, FLAG, Relaxed),
            load(B, FLAG, Relaxed),
        ],
        RACY_FLAG,
    );
    check(
        &[
            store(A, FLAG, Relaxed),
            write(A, FLAG.start, 4),
            load(B, FLAG, Relaxed),
        ],
        RACY_FLAG,
    );
    check(
        &[
            read(A, FLAG.start, 4),
            rmw(A, FLAG, Relaxed),
            store(B, FLAG, Relaxed),
        ],
        RACY_FLAG,
    );
    check(
        &[
            read(A, FLAG.start, 4),
            rmw(A, FLAG, Relaxed),
            load(B, FLAG, Relaxed),
        ],
        FREE,
    );
    check(
        &[
            load(A, FLAG, Relaxed),
            read(A, FLAG.start, 4),
            store(B, FLAG, Relaxed),
        ],
        RACY_FLAG,
    );
    check(
        &[
            load(A, FLAG, Relaxed),
            store(A, FLAG, Relaxed),
            read(B, FLAG.start, 4),
        ],
        RACY_FLAG,
    );
}

#[test]
fn a_plain_read_does_not_hide_an_atomic_write() {
    check(
        &[
            store(A, FLAG, Relaxed),
            read(A, FLAG.start, 4),
            read(B, FLAG.start, 4),
        ],
        RACY_FLAG,
    );
    check(
        &[
            load(A, FLAG, Relaxed),
            read(A, FLAG.start, 4),
            read(B, FLAG.start, 4),
        ],
        FREE,
    );
}

#[test]
fn unordered_atomic_writes_are_all_remembered() {
    let stores = [
        store(A, FLAG, Relaxed),
        release(A, L),
        store(B, FLAG, Relaxed),
    ];
    check(
        &[&stores[..], &[acquire(C, L), read(C, FLAG.start, 4)]].concat(),
        RACY_FLAG,
    );
    check(
        &[&stores[..], &[acquire(B, L), read(B, FLAG.start, 4)]].concat(),
        FREE,
    );
}

#[test]
fn a_freed_word_may_be_plain_memory() {
    check(
        &[
            store(A, FLAG, Relaxed),
            free(A, FLAG.start, 4),
            write(B, FLAG.start, 4),
        ],
        FREE,
    );
    check(
        &[
            store(A, FLAG, Relaxed),
            free(A, OTHER.start, 4),
            write(B, FLAG.start, 4),
        ],
        RACY_FLAG,
    );
}
