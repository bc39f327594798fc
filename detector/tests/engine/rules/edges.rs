//! Fork and join, locks, channels: what orders threads, and what does not.

use super::check::{A, B, C, D, FREE, L, M, N, RACY, X, check};
use deadheat_oracle::event::{
    acquire, end, fork, join, read, release, release_acquire, release_merge, transfer, write,
};

#[test]
fn fork_orders_what_came_before_it() {
    check(&[write(A, X, 8), fork(A, B), write(B, X, 8)], FREE);
    check(&[fork(A, B), write(A, X, 8), write(B, X, 8)], RACY);
}

#[test]
fn siblings_are_unordered() {
    check(
        &[fork(A, B), write(B, X, 8), fork(A, C), write(C, X, 8)],
        RACY,
    );
    check(
        &[
            write(A, X, 8),
            fork(A, B),
            read(B, X, 8),
            fork(A, C),
            read(C, X, 8),
        ],
        FREE,
    );
    check(
        &[fork(A, B), write(A, X, 8), fork(A, C), write(C, X, 8)],
        FREE,
    );
    check(
        &[fork(A, B), write(A, X, 8), fork(A, C), write(B, X, 8)],
        RACY,
    );
}

#[test]
fn a_grandchild_comes_after_its_grandparent() {
    check(
        &[write(A, X, 8), fork(A, B), fork(B, C), write(C, X, 8)],
        FREE,
    );
    check(
        &[fork(A, B), write(A, X, 8), fork(B, C), write(C, X, 8)],
        RACY,
    );
}

#[test]
fn join_orders_all_of_the_thread() {
    check(&[write(B, X, 8), end(B), join(A, B), write(A, X, 8)], FREE);
    check(
        &[
            write(B, X, 8),
            release(B, L),
            write(B, X, 8),
            end(B),
            join(A, B),
            write(A, X, 8),
        ],
        FREE,
    );
}

#[test]
fn an_end_without_a_join_orders_nothing() {
    check(&[write(B, X, 8), end(B), write(A, X, 8)], RACY);
    check(&[write(B, X, 8), end(B), join(C, B), write(A, X, 8)], RACY);
    check(
        &[
            write(B, X, 8),
            end(B),
            join(C, B),
            join(A, B),
            write(A, X, 8),
        ],
        FREE,
    );
    check(&[write(B, X, 8), end(B), fork(A, C), write(C, X, 8)], RACY);
}

#[test]
fn a_join_orders_the_joiner_only_from_then_on() {
    check(&[write(A, X, 8), write(B, X, 8), end(B), join(A, B)], RACY);
    check(&[end(B), write(A, X, 8), join(A, B), write(A, X, 8)], FREE);
}

#[test]
fn a_lock_orders_its_holders() {
    let first = [acquire(A, L), write(A, X, 8), release(A, L)];
    check(
        &[&first[..], &[acquire(B, L), write(B, X, 8), release(B, L)]].concat(),
        FREE,
    );
    check(
        &[&first[..], &[acquire(B, M), write(B, X, 8), release(B, M)]].concat(),
        RACY,
    );
    check(
        &[&first[..], &[acquire(B, L), release(B, L), write(B, X, 8)]].concat(),
        FREE,
    );
    check(
        &[&first[..], &[write(A, X, 8), acquire(B, L), write(B, X, 8)]].concat(),
        RACY,
    );
    check(
        &[&first[..], &[write(B, X, 8), acquire(B, L)]].concat(),
        RACY,
    );
}

#[test]
fn an_acquire_takes_what_was_released_before_it() {
    check(
        &[acquire(B, L), write(A, X, 8), release(A, L), write(B, X, 8)],
        RACY,
    );
    check(
        &[write(A, X, 8), release(A, L), acquire(B, L), write(B, X, 8)],
        FREE,
    );
}

#[test]
fn a_release_replaces_what_was_there() {
    check(
        &[
            write(A, X, 8),
            release(A, L),
            release(B, L),
            acquire(C, L),
            read(C, X, 8),
        ],
        RACY,
    );
    check(
        &[
            write(A, X, 8),
            release(A, L),
            acquire(B, L),
            release(B, L),
            acquire(C, L),
            read(C, X, 8),
        ],
        FREE,
    );
}

#[test]
fn a_merging_release_adds_to_what_was_there() {
    let write = write(A, X, 8);
    check(
        &[
            write,
            release(A, L),
            release_merge(B, L),
            acquire(C, L),
            read(C, X, 8),
        ],
        FREE,
    );
    check(
        &[
            write,
            release_merge(A, L),
            release_merge(B, L),
            acquire(C, L),
            read(C, X, 8),
        ],
        FREE,
    );
    check(
        &[
            write,
            release_merge(A, L),
            release(B, L),
            acquire(C, L),
            read(C, X, 8),
        ],
        RACY,
    );
}

#[test]
fn a_merging_release_is_no_acquire() {
    check(
        &[
            write(A, X, 8),
            release_merge(A, L),
            release_merge(B, L),
            write(B, X, 8),
        ],
        RACY,
    );
    check(
        &[
            write(A, X, 8),
            release_merge(A, L),
            release_acquire(B, L),
            write(B, X, 8),
        ],
        FREE,
    );
}

#[test]
fn a_merging_release_orders_only_what_came_before_it() {
    check(
        &[
            release_merge(A, L),
            write(A, X, 8),
            acquire(B, L),
            write(B, X, 8),
        ],
        RACY,
    );
    check(
        &[
            write(A, X, 8),
            release_merge(A, L),
            acquire(B, L),
            write(B, X, 8),
        ],
        FREE,
    );
}

#[test]
fn a_releasing_acquire_orders_one_way() {
    check(
        &[
            write(A, X, 8),
            release_acquire(A, L),
            release_acquire(B, L),
            write(B, X, 8),
        ],
        FREE,
    );
    check(
        &[
            release_acquire(A, L),
            write(A, X, 8),
            release_acquire(B, L),
            write(B, X, 8),
        ],
        RACY,
    );
    check(
        &[
            release_acquire(A, L),
            write(B, X, 8),
            release_acquire(B, L),
            write(A, X, 8),
        ],
        RACY,
    );
}

#[test]
fn a_releasing_acquire_hands_on_what_it_took() {
    let write = write(A, X, 8);
    check(
        &[
            write,
            release_acquire(A, L),
            release_acquire(B, L),
            acquire(C, L),
            read(C, X, 8),
        ],
        FREE,
    );
    check(
        &[
            write,
            release_acquire(A, L),
            release(B, L),
            acquire(C, L),
            read(C, X, 8),
        ],
        RACY,
    );
}

/// The k-th receive comes before the completion of the (k+C)-th send: the two meet in a slot.
#[test]
fn a_full_channel_orders_its_sender_after_the_receiver() {
    let sent_and_received = [release_acquire(A, L), write(B, X, 8), release_acquire(B, L)];
    check(
        &[
            &sent_and_received[..],
            &[release_acquire(A, L), write(A, X, 8)],
        ]
        .concat(),
        FREE,
    );
    check(
        &[
            &sent_and_received[..],
            &[release_acquire(A, M), write(A, X, 8)],
        ]
        .concat(),
        RACY,
    );
}

/// A channel of two slots as a semaphore: the third entry waits for the first exit.
#[test]
fn a_channel_as_a_semaphore() {
    let (first, second) = (L, M);
    let entered = [
        release_acquire(A, first),
        release_acquire(B, second),
        write(A, X, 8),
    ];
    check(
        &[
            &entered[..],
            &[
                release_acquire(A, first),
                release_acquire(C, first),
                write(C, X, 8),
            ],
        ]
        .concat(),
        FREE,
    );
    check(
        &[
            &entered[..],
            &[
                release_acquire(A, first),
                release_acquire(C, first),
                write(B, X, 8),
            ],
        ]
        .concat(),
        RACY,
    );
}

#[test]
fn order_is_transitive() {
    let handed_on = [acquire(B, L), release(B, M)];
    let too_early = [release(B, M), acquire(B, L)];
    let first = [write(A, X, 8), release(A, L)];
    let last = [acquire(C, M), write(C, X, 8)];
    check(&[&first[..], &handed_on, &last].concat(), FREE);
    check(&[&first[..], &too_early, &last].concat(), RACY);
}

#[test]
fn order_is_transitive_through_fork_and_join() {
    let first = [
        fork(A, B),
        fork(A, C),
        write(B, X, 8),
        end(B),
        join(C, B),
        end(C),
    ];
    check(&[&first[..], &[join(A, C), write(A, X, 8)]].concat(), FREE);
    check(
        &[&first[..4], &[end(C), join(A, C), write(A, X, 8)]].concat(),
        RACY,
    );
}

#[test]
fn objects_are_apart() {
    check(
        &[
            write(A, X, 8),
            release(A, L),
            release(A, M),
            release(B, L),
            acquire(C, M),
            write(C, X, 8),
        ],
        FREE,
    );
    check(
        &[
            write(A, X, 8),
            release(A, L),
            release(B, N),
            acquire(C, N),
            write(C, X, 8),
        ],
        RACY,
    );
}

#[test]
fn a_transfer_carries_what_is_there() {
    let head = [write(A, X, 8), release(A, L)];
    let tail = [acquire(C, M), write(C, X, 8)];
    check(&[&head[..], &[transfer(B, L, M)], &tail].concat(), FREE);
    check(&[&head[..], &tail].concat(), RACY);
    check(&[&head[..], &[transfer(B, M, L)], &tail].concat(), RACY);
    check(&[&[transfer(B, L, M)][..], &head, &tail].concat(), RACY);
    check(
        &[&head[..], &[transfer(B, L, N), transfer(B, N, M)], &tail].concat(),
        FREE,
    );
}

#[test]
fn a_transfer_adds_to_what_is_there() {
    let y = X + 0x20;
    let events = [
        write(A, X, 8),
        release(A, L),
        write(B, y, 8),
        release(B, M),
        transfer(D, L, M),
    ];
    let both = [write(C, X, 8), write(C, y, 8)];
    check(&[&events[..], &[acquire(C, M)], &both].concat(), FREE);
    check(
        &[&events[..], &[acquire(C, L)], &both].concat(),
        &[y..y + 8],
    );
    check(
        &[&events[..], &[release(D, M), acquire(C, M)], &both].concat(),
        &[X..X + 8, y..y + 8],
    );
}

/// Who transfers learns nothing, and is not learnt of.
#[test]
fn a_transfer_is_nobodys_edge() {
    let head = [write(A, X, 8), release(A, L), transfer(B, L, M)];
    check(&[&head[..], &[write(B, X, 8)]].concat(), RACY);
    check(
        &[
            write(B, X, 8),
            release(A, L),
            transfer(B, L, M),
            acquire(C, M),
            write(C, X, 8),
        ],
        RACY,
    );
}

#[test]
fn a_transfer_within_an_object_changes_nothing() {
    let around = [write(A, X, 8), release(A, L), transfer(B, L, L)];
    check(
        &[&around[..], &[acquire(C, L), write(C, X, 8)]].concat(),
        FREE,
    );
    check(&[&around[..], &[write(C, X, 8)]].concat(), RACY);
}
