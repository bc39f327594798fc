//! The rules of FastTrack (Flanagan and Freund, PLDI 2009, figure 5), on one variable.

use super::check::{A, B, C, D, DATA, FREE, L, M, RACY, X, check};
use deadheat_oracle::event::{acquire, fork, read, release, release_merge, write};

#[test]
fn unordered_accesses_race_unless_both_read() {
    check(&[read(A, X, 8), read(B, X, 8)], FREE);
    check(&[read(A, X, 8), write(B, X, 8)], RACY);
    check(&[write(A, X, 8), read(B, X, 8)], RACY);
    check(&[write(A, X, 8), write(B, X, 8)], RACY);
}

#[test]
fn a_thread_does_not_race_with_itself() {
    check(&[write(A, X, 8), read(A, X, 8), write(A, X, 8)], FREE);
    check(
        &[write(A, X, 8), release(A, L), read(A, X, 8), write(A, X, 8)],
        FREE,
    );
}

#[test]
fn read_same_epoch() {
    check(
        &[
            read(A, X, 8),
            read(A, X, 8),
            release(A, L),
            acquire(B, L),
            write(B, X, 8),
        ],
        FREE,
    );
    check(
        &[
            read(A, X, 8),
            release(A, L),
            read(A, X, 8),
            acquire(B, L),
            write(B, X, 8),
        ],
        RACY,
    );
}

#[test]
fn write_same_epoch() {
    check(
        &[
            write(A, X, 8),
            write(A, X, 8),
            release(A, L),
            acquire(B, L),
            read(B, X, 8),
        ],
        FREE,
    );
    check(
        &[
            write(A, X, 8),
            release(A, L),
            write(A, X, 8),
            acquire(B, L),
            read(B, X, 8),
        ],
        RACY,
    );
}

#[test]
fn a_read_does_not_stand_for_a_write_of_the_same_epoch() {
    check(&[read(A, X, 8), write(A, X, 8), read(B, X, 8)], RACY);
    check(&[read(A, X, 8), read(A, X, 8), read(B, X, 8)], FREE);
}

#[test]
fn a_write_stands_for_a_read_of_the_same_epoch() {
    check(&[write(A, X, 8), read(A, X, 8), write(B, X, 8)], RACY);
    check(
        &[
            write(A, X, 8),
            read(A, X, 8),
            release(A, L),
            acquire(B, L),
            write(B, X, 8),
        ],
        FREE,
    );
}

#[test]
fn an_acquire_does_not_excuse_an_access_already_made() {
    check(
        &[
            write(A, X, 8),
            release(B, L),
            acquire(A, L),
            write(A, X, 8),
            write(B, X, 8),
        ],
        RACY,
    );
    check(
        &[
            release(B, L),
            write(B, X, 8),
            write(A, X, 8),
            acquire(A, L),
            write(A, X, 8),
        ],
        RACY,
    );
}

/// A later read takes the place of an earlier one that happens before it.
#[test]
fn read_exclusive() {
    let reads = [
        read(A, X, 8),
        release(A, L),
        acquire(B, L),
        read(B, X, 8),
        release(B, M),
    ];
    check(
        &[&reads[..], &[acquire(C, M), write(C, X, 8)]].concat(),
        FREE,
    );
    check(
        &[&reads[..], &[acquire(C, L), write(C, X, 8)]].concat(),
        RACY,
    );
}

/// Unordered reads are all remembered.
#[test]
fn read_share() {
    let reads = [read(A, X, 8), release(A, L), read(B, X, 8), release(B, M)];
    check(
        &[&reads[..], &[acquire(C, L), acquire(C, M), write(C, X, 8)]].concat(),
        FREE,
    );
    check(
        &[&reads[..], &[acquire(C, L), write(C, X, 8)]].concat(),
        RACY,
    );
    check(
        &[&reads[..], &[acquire(C, M), write(C, X, 8)]].concat(),
        RACY,
    );
}

/// A shared read of a thread is replaced by that thread's next one.
#[test]
fn read_shared() {
    let reads = [
        read(A, X, 8),
        read(B, X, 8),
        release(A, L),
        read(A, X, 8),
        release_merge(B, M),
    ];
    check(
        &[
            &reads[..],
            &[release_merge(A, M), acquire(C, M), write(C, X, 8)],
        ]
        .concat(),
        FREE,
    );
    check(
        &[&reads[..], &[acquire(C, M), acquire(C, L), write(C, X, 8)]].concat(),
        RACY,
    );
}

/// The first of three readers is not forgotten when only the later two are ordered.
#[test]
fn read_shared_by_three() {
    let reads = [
        read(A, X, 8),
        read(B, X, 8),
        read(C, X, 8),
        release_merge(B, L),
        release_merge(C, L),
    ];
    check(
        &[
            &reads[..],
            &[release_merge(A, L), acquire(D, L), write(D, X, 8)],
        ]
        .concat(),
        FREE,
    );
    check(
        &[&reads[..], &[acquire(D, L), write(D, X, 8)]].concat(),
        RACY,
    );
}

#[test]
fn write_exclusive() {
    let writes = [
        write(A, X, 8),
        release(A, L),
        acquire(B, L),
        write(B, X, 8),
        release(B, M),
    ];
    check(
        &[&writes[..], &[acquire(C, M), write(C, X, 8)]].concat(),
        FREE,
    );
    check(
        &[&writes[..], &[acquire(C, L), write(C, X, 8)]].concat(),
        RACY,
    );
    check(
        &[&writes[..], &[acquire(C, L), read(C, X, 8)]].concat(),
        RACY,
    );
}

/// A write after all of the shared reads takes their place.
#[test]
fn write_shared() {
    let reads = [
        read(A, X, 8),
        read(B, X, 8),
        release_merge(A, L),
        release_merge(B, L),
    ];
    let write = [acquire(C, L), write(C, X, 8), release(C, M)];
    check(
        &[&reads[..], &write, &[acquire(D, M), read(D, X, 8)]].concat(),
        FREE,
    );
    check(
        &[&reads[..], &write, &[acquire(D, L), read(D, X, 8)]].concat(),
        RACY,
    );
    check(
        &[&reads[..], &write, &[acquire(A, M), read(A, X, 8)]].concat(),
        FREE,
    );
    check(&[&reads[..], &write, &[read(A, X, 8)]].concat(), RACY);
}

/// A read does not take the place of the write before it.
#[test]
fn a_write_is_remembered_beside_later_reads() {
    let ordered = [
        write(A, X, 8),
        release(A, L),
        acquire(B, L),
        read(B, X, 8),
        release(B, M),
    ];
    check(
        &[&ordered[..], &[acquire(C, M), read(C, X, 8)]].concat(),
        FREE,
    );
    check(
        &[&ordered[..], &[acquire(C, L), read(C, X, 8)]].concat(),
        FREE,
    );
    check(&[&ordered[..], &[read(C, X, 8)]].concat(), RACY);
}

/// Clocks of more threads than fit a short vector.
#[test]
fn nine_readers() {
    let mut events: Vec<_> = (1..=9).map(|reader| fork(A, reader)).collect();
    events.extend((1..=9).map(|reader| read(reader, X, 8)));
    let mut all = events.clone();
    all.extend((1..=9).map(|reader| release_merge(reader, L)));
    check(&[&all[..], &[acquire(A, L), write(A, X, 8)]].concat(), FREE);
    let mut all_but_one = events;
    all_but_one.extend((1..=8).map(|reader| release_merge(reader, L)));
    check(
        &[&all_but_one[..], &[acquire(A, L), write(A, X, 8)]].concat(),
        &[DATA],
    );
}
