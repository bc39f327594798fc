//! Sizes, overlaps, borders of granules and leaves, and memory that is given back.

use super::check::{A, B, C, DATA, FREE, L, M, RACY, X, check};
use deadheat_oracle::event::{acquire, free, read, release, write};

#[test]
fn neighbours_do_not_conflict() {
    check(&[write(A, X, 1), write(B, X + 1, 1)], FREE);
    check(&[write(A, X, 4), write(B, X + 4, 4)], FREE);
    check(&[write(A, X, 8), write(B, X + 8, 8)], FREE);
    check(
        &[write(A, X + 3, 1), write(B, X, 3), write(B, X + 4, 20)],
        FREE,
    );
}

#[test]
fn overlapping_accesses_conflict_on_the_bytes_they_share() {
    check(&[write(A, X, 4), read(B, X + 3, 4)], &[X + 3..X + 4]);
    check(&[read(A, X + 3, 4), write(B, X, 4)], &[X + 3..X + 4]);
    check(&[write(A, X, 8), write(B, X + 5, 1)], &[X + 5..X + 6]);
    check(&[write(A, X + 5, 1), write(B, X, 8)], &[X + 5..X + 6]);
}

#[test]
fn an_access_may_cross_granules() {
    check(&[write(A, X + 6, 4), write(B, X + 8, 8)], &[X + 8..X + 10]);
    check(&[write(A, X + 6, 4), write(B, X + 10, 8)], FREE);
    check(
        &[write(A, X + 1, 24), read(B, X + 20, 24)],
        &[X + 20..X + 25],
    );
    check(&[write(A, X, 24), read(B, X + 24, 24)], FREE);
}

#[test]
fn an_access_may_cross_leaves() {
    check(
        &[write(A, X + 0xfd, 6), write(B, X + 0xff, 2)],
        &[X + 0xff..X + 0x101],
    );
    check(&[write(A, X + 0xfd, 3), write(B, X + 0x100, 3)], FREE);
    check(
        &[write(A, X, 0x300), read(B, X + 0x2ff, 9)],
        &[X + 0x2ff..X + 0x300],
    );
    check(&[write(A, X, 0x300), read(B, X + 0x300, 9)], FREE);
}

/// Addresses that differ only in the bits that choose a table of the shadow.
#[test]
fn distant_addresses_do_not_conflict() {
    for distance in [1 << 8, 1 << 28, 1 << 40, 1 << 48, 1 << 60] {
        check(&[write(A, X, 8), write(B, X + distance, 8)], FREE);
        check(
            &[write(A, X, 8), write(B, X + distance, 8), write(B, X, 8)],
            RACY,
        );
    }
}

/// A later, narrower access splits what is remembered of an earlier, wider one.
#[test]
fn a_narrow_access_hides_the_bytes_it_touches_and_no_others() {
    let split = [
        write(A, X, 8),
        release(A, L),
        acquire(B, L),
        write(B, X + 2, 2),
        release(B, M),
    ];
    check(
        &[&split[..], &[acquire(C, M), write(C, X, 8)]].concat(),
        FREE,
    );
    check(
        &[&split[..], &[acquire(C, L), write(C, X, 8)]].concat(),
        &[X + 2..X + 4],
    );
    check(&[&split[..], &[write(C, X, 8)]].concat(), RACY);
    check(
        &[&split[..], &[write(C, X + 4, 2)]].concat(),
        &[X + 4..X + 6],
    );
}

#[test]
fn the_outer_bytes_may_race_without_the_inner_ones() {
    let events = [write(A, X, 3), write(A, X + 5, 3), write(B, X, 8)];
    check(&events, &[X..X + 3, X + 5..X + 8]);
    check(
        &[write(A, X, 3), write(A, X + 5, 3), write(B, X + 3, 2)],
        FREE,
    );
}

/// Two accesses of one epoch stand for a third only on the bytes that they touched.
#[test]
fn same_epoch_is_a_matter_of_bytes() {
    check(
        &[
            write(A, X, 4),
            write(A, X + 4, 4),
            write(A, X, 8),
            read(B, X, 8),
        ],
        RACY,
    );
    check(&[write(A, X, 4), write(A, X, 8), read(B, X, 8)], RACY);
    check(
        &[write(A, X, 4), read(A, X, 8), write(B, X + 4, 4)],
        &[X + 4..X + 8],
    );
    check(&[write(A, X, 4), read(A, X, 8), read(B, X + 4, 4)], FREE);
    check(
        &[write(A, X, 8), write(A, X, 24), read(B, X + 16, 1)],
        &[X + 16..X + 17],
    );
}

#[test]
fn readers_of_parts_are_remembered_by_the_byte() {
    let reads = [
        read(A, X, 8),
        read(B, X + 4, 4),
        release(A, L),
        acquire(C, L),
    ];
    check(&[&reads[..], &[write(C, X, 8)]].concat(), &[X + 4..X + 8]);
    check(&[&reads[..], &[write(C, X, 4)]].concat(), FREE);
}

#[test]
fn freed_memory_has_no_history() {
    check(&[write(A, X, 8), free(A, X, 8), write(B, X, 8)], FREE);
    check(&[write(A, X, 8), free(A, X + 8, 8), write(B, X, 8)], RACY);
    check(
        &[read(A, X, 8), read(B, X, 8), free(A, X, 8), write(C, X, 8)],
        FREE,
    );
}

#[test]
fn freeing_is_byte_granular() {
    check(
        &[write(A, X, 8), free(A, X + 3, 2), write(B, X, 8)],
        &[X..X + 3, X + 5..X + 8],
    );
    check(
        &[write(A, X, 8), free(A, X + 3, 2), write(B, X + 3, 2)],
        FREE,
    );
    check(
        &[
            write(A, X, 0x200),
            free(A, X + 1, 0x1fe),
            write(B, X, 0x200),
        ],
        &[X..X + 1, X + 0x1ff..X + 0x200],
    );
    check(
        &[write(A, X, 0x200), free(A, X, 0x200), write(B, X, 0x200)],
        FREE,
    );
}

#[test]
fn freeing_forgets_that_bytes_were_racy() {
    let race = [write(A, X, 8), write(B, X, 8)];
    check(&[&race[..], &[free(A, X, 8)]].concat(), FREE);
    check(
        &[&race[..], &[free(A, X + 2, 3)]].concat(),
        &[X..X + 2, X + 5..X + 8],
    );
    check(&[&race[..], &[free(A, X + 8, 8)]].concat(), RACY);
    check(
        &[&race[..], &[free(A, X, 8), write(B, X, 8)]].concat(),
        FREE,
    );
    check(
        &[&race[..], &[free(A, X, 8), write(B, X, 8), write(A, X, 8)]].concat(),
        RACY,
    );
}

/// A same-epoch access after memory was given back is a new one.
#[test]
fn freed_memory_is_remembered_again() {
    check(
        &[
            write(A, X, 8),
            free(A, X, 8),
            write(A, X, 8),
            write(B, X, 8),
        ],
        &[DATA],
    );
    check(
        &[
            write(A, X, 8),
            free(A, X, 4),
            write(A, X, 8),
            write(B, X, 4),
        ],
        &[X..X + 4],
    );
    check(
        &[
            write(A, X, 8),
            free(A, X, 4),
            write(A, X + 4, 4),
            write(B, X, 4),
        ],
        FREE,
    );
}

#[test]
fn freeing_of_untouched_memory_does_nothing() {
    check(
        &[
            free(A, X, 0x1000),
            write(A, X, 8),
            free(A, X + 0x800, 0x800),
        ],
        FREE,
    );
    check(
        &[
            free(A, X, 0x1000),
            write(A, X, 8),
            free(A, X + 0x800, 0x800),
            read(B, X, 8),
        ],
        RACY,
    );
}
