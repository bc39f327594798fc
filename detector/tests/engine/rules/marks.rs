//! Which races may follow from others: schedulable-happens-before.
//!
//! Each rule says of every race what the two views of the oracle say of it, and so what the engine
//! may.

use super::check::{A, B, C, D, FLAG, L, X};
use deadheat_detector::event::Event;
use deadheat_oracle::event::{
    acquire, at, end, fork, free, join, load, read, release, release_merge, store, write,
};
use deadheat_oracle::marks::Marks;
use deadheat_oracle::oracle::Oracle;
use deadheat_oracle::replay::Replay;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// What an engine may say of a race.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mark {
    /// That it follows from no other: both oracles leave it unordered.
    Independent,
    /// That it may follow from another: both order it.
    Dependent,
    /// Either: only the coarse oracle orders it.
    Either,
}
use Mark::{Dependent, Either, Independent};

/// Another place, whose races come first.
const F: usize = X + 0x100;
/// One more thread.
const E: u64 = 4;

/// Asserts that the engine finds exactly these races, by the indices of the two events.
#[track_caller]
fn check(events: &[Event], expected: &[(usize, usize, Mark)]) {
    let (mut engine, mut oracle, mut marks) = (Replay::new(), Oracle::new(), Marks::default());
    let mut found = Vec::new();
    let crew = [fork(A, B), fork(A, C)];
    for (number, event) in crew.iter().chain(events).enumerate() {
        let event = &at(number, event);
        let races = engine.step(event);
        oracle.step(event);
        marks.step(event, &oracle);
        for race in races {
            let earlier = oracle.access_of(race.previous()).expect("it was made");
            let ordered = (
                !marks.is_schedulable(earlier),
                marks.is_ordered_coarsely(earlier),
            );
            let mark = match ordered {
                (false, false) => Independent,
                (true, true) => Dependent,
                (false, true) => Either,
                (true, false) => panic!("the coarse view is not coarser: {earlier:?}"),
            };
            if mark != Either {
                assert_eq!(race.dependent, mark == Dependent, "{race:?}");
            }
            let first = crew.len();
            found.push((race.previous() - first, number - first, mark));
        }
    }
    assert_eq!(found, expected);
}

#[test]
fn the_first_races_are_independent() {
    check(&[write(A, X, 8), write(B, X, 8)], &[(0, 1, Independent)]);
    check(
        &[write(A, X, 8), write(A, F, 8), read(B, X, 8)],
        &[(0, 2, Independent)],
    );
    check(
        &[
            write(A, X, 8),
            write(A, F, 8),
            write(B, F, 8),
            write(B, X, 8),
        ],
        &[(1, 2, Independent), (0, 3, Independent)],
    );
}

/// Nobody read what the race left, so each of the writes may come first.
#[test]
fn later_races_of_writes_are_independent() {
    check(
        &[write(A, X, 8), write(B, X, 8), write(C, X, 8)],
        &[(0, 1, Independent), (1, 2, Independent)],
    );
}

/// The flag is read, so what is done then may follow from what it said.
#[test]
fn what_follows_a_racy_flag_is_dependent() {
    let events = [write(A, X, 8), write(A, F, 8), read(B, F, 8), read(B, X, 8)];
    check(&events, &[(1, 2, Independent), (0, 3, Dependent)]);
    let other_way = [write(A, X, 8), write(A, F, 8), read(B, X, 8), read(B, F, 8)];
    check(&other_way, &[(0, 2, Independent), (1, 3, Either)]);
}

/// Once it has read what the other wrote, it follows.
#[test]
fn a_second_read_of_the_same_write_is_dependent() {
    let events = [write(A, X, 8), read(B, X, 8), release(B, L), read(B, X, 8)];
    check(&events, &[(0, 1, Independent), (0, 3, Dependent)]);
}

#[test]
fn a_read_after_the_write_adds_nothing() {
    let events = [
        write(A, F, 8),
        release(A, L),
        write(A, X, 8),
        acquire(B, L),
        read(B, F, 8),
        read(B, X, 8),
    ];
    check(&events, &[(2, 5, Independent)]);
}

#[test]
fn only_the_last_write_is_read() {
    let events = [
        write(A, X, 8),
        write(A, F, 8),
        write(C, F, 8),
        read(B, F, 8),
        read(B, X, 8),
    ];
    check(
        &events,
        &[
            (1, 2, Independent),
            (2, 3, Independent),
            (0, 4, Independent),
        ],
    );
}

/// Also where an atomic write came after it, which races with the read, too.
#[test]
fn the_last_plain_write_is_read() {
    let events = [
        write(A, X, 8),
        write(A, FLAG.start, 4),
        store(C, FLAG, Relaxed),
        read(B, FLAG.start, 4),
        read(B, X, 8),
    ];
    check(
        &events,
        &[(1, 2, Independent), (1, 3, Independent), (0, 4, Dependent)],
    );
}

/// A read that its thread has made before in this epoch finds no new race, but may read what the
/// writer has written since, in an epoch of its own.
#[test]
fn a_repeated_read_reads_again() {
    let learnt_between = |reads_again: &[Event]| {
        let first = [
            write(C, X, 8),
            release(C, L),
            write(A, F, 8),
            read(B, F, 8),
            acquire(A, L),
        ];
        [&first, reads_again, &[read(B, X, 8)]].concat()
    };
    check(
        &learnt_between(&[write(A, F, 8), read(B, F, 8)]),
        &[(2, 3, Independent), (0, 7, Dependent)],
    );
    check(
        &learnt_between(&[write(A, F, 8), read(B, F + 4, 1)]),
        &[(2, 3, Independent), (0, 7, Dependent)],
    );
    check(
        &learnt_between(&[write(A, F, 8)]),
        &[(2, 3, Independent), (0, 6, Independent)],
    );
    // What the writer learnt after it wrote counts, where it is read after that.
    check(
        &learnt_between(&[read(B, F, 8)]),
        &[(2, 3, Independent), (0, 6, Either)],
    );
}

/// Nor does a read that repeats one forget what lies beside the write.
#[test]
fn a_repeated_read_of_two_places_reads_both_again() {
    let events = [
        write(C, X, 8),
        release(C, L),
        write(A, F, 4),
        read(B, F, 16),
        acquire(A, L),
        write(A, F, 4),
        read(B, F, 16),
        read(B, X, 8),
    ];
    check(&events, &[(2, 3, Independent), (0, 7, Dependent)]);
}

#[test]
fn who_has_ended_did_what_it_did() {
    let events = [
        write(C, X, 8),
        release(C, L),
        fork(A, D),
        acquire(D, L),
        write(D, F, 8),
        end(D),
        read(B, F, 8),
        read(B, X, 8),
    ];
    check(&events, &[(4, 6, Independent), (0, 7, Dependent)]);
}

/// Threads that come one after the other may have one index.
#[test]
fn an_index_has_been_that_of_several() {
    let lives = |threads: &[u64], then: &[Event]| {
        let mut events = vec![write(C, X, 8), release(C, L)];
        for &thread in threads {
            events.push(fork(A, thread));
            if thread == E {
                events.push(acquire(E, L));
            }
            events.extend([write(thread, F + 8 * thread as usize, 8), end(thread)]);
            events.push(join(A, thread));
        }
        [&events, then].concat()
    };
    let at = |thread| F + 8 * thread as usize;
    // From D, who knows nothing of C.
    check(
        &lives(&[D, E], &[read(B, at(D), 8), read(B, X, 8)]),
        &[(3, 11, Independent), (0, 12, Independent)],
    );
    // From E, who does.
    check(
        &lives(&[D, E], &[read(B, at(E), 8), read(B, X, 8)]),
        &[(8, 11, Independent), (0, 12, Dependent)],
    );
    // And from E, once another has its index.
    check(
        &lives(&[D, E, 5], &[read(B, at(E), 8), read(B, X, 8)]),
        &[(8, 15, Independent), (0, 16, Dependent)],
    );
    // From D, while another that has its index runs and writes.
    let running = [
        fork(A, D),
        write(D, F, 8),
        end(D),
        join(A, D),
        fork(A, E),
        write(E, X, 8),
        read(B, F, 8),
        read(B, X, 8),
    ];
    check(&running, &[(1, 6, Independent), (5, 7, Independent)]);
}

/// What atomics read decides nothing that happens-before does not.
#[test]
fn atomics_read_from_nobody() {
    let passing = |stored, loaded| {
        [
            write(A, X, 8),
            store(A, FLAG, stored),
            load(B, FLAG, loaded),
            read(B, X, 8),
        ]
    };
    check(&passing(Relaxed, Relaxed), &[(0, 3, Independent)]);
    check(&passing(Release, Relaxed), &[(0, 3, Independent)]);
    check(&passing(Release, Acquire), &[]);
    let plain_write = [
        write(A, X, 8),
        write(A, FLAG.start, 4),
        load(B, FLAG, Acquire),
        read(B, X, 8),
    ];
    check(&plain_write, &[(1, 2, Independent), (0, 3, Independent)]);
}

#[test]
fn a_plain_read_of_an_atomic_write_is_no_edge() {
    let events = [
        write(A, X, 8),
        store(A, FLAG, Relaxed),
        read(B, FLAG.start, 4),
        read(B, X, 8),
    ];
    check(&events, &[(1, 2, Independent), (0, 3, Independent)]);
}

#[test]
fn dependence_is_handed_on() {
    let events = [
        write(A, X, 8),
        write(A, F, 8),
        read(B, F, 8),
        release(B, L),
        acquire(C, L),
        read(C, X, 8),
    ];
    check(&events, &[(1, 2, Independent), (0, 5, Dependent)]);
    let too_early = [
        write(A, X, 8),
        write(A, F, 8),
        release(B, L),
        read(B, F, 8),
        acquire(C, L),
        read(C, X, 8),
    ];
    check(&too_early, &[(1, 3, Independent), (0, 5, Independent)]);
}

/// And from the reader to those whom it tells by another racy flag.
#[test]
fn dependence_goes_through_two_flags() {
    let g = F + 0x40;
    let events = [
        write(A, X, 8),
        write(A, F, 8),
        read(B, F, 8),
        write(B, g, 8),
        read(C, g, 8),
        read(C, X, 8),
    ];
    check(
        &events,
        &[(1, 2, Independent), (3, 4, Independent), (0, 5, Dependent)],
    );
}

/// An epoch is all that an engine knows of when something was written.
#[test]
fn what_the_writer_did_since_may_count() {
    let same_epoch = [write(A, F, 8), write(A, X, 8), read(B, F, 8), read(B, X, 8)];
    check(&same_epoch, &[(0, 2, Independent), (1, 3, Either)]);
    let learnt = [
        write(C, X, 8),
        release(C, L),
        write(A, F, 8),
        acquire(A, L),
        read(B, F, 8),
        read(B, X, 8),
    ];
    check(&learnt, &[(2, 4, Independent), (0, 5, Either)]);
    let before_it_wrote = [
        write(C, X, 8),
        release(C, L),
        acquire(A, L),
        write(A, F, 8),
        read(B, F, 8),
        read(B, X, 8),
    ];
    check(&before_it_wrote, &[(3, 4, Independent), (0, 5, Dependent)]);
}

#[test]
fn what_the_writer_does_later_counts_until_it_releases() {
    let unreleased = [write(A, F, 8), read(B, F, 8), write(A, X, 8), read(B, X, 8)];
    check(&unreleased, &[(0, 1, Independent), (2, 3, Either)]);
    let released = [
        write(A, F, 8),
        read(B, F, 8),
        release(A, L),
        write(A, X, 8),
        read(B, X, 8),
    ];
    check(&released, &[(0, 1, Independent), (3, 4, Independent)]);
    let learnt_later = [
        write(C, X, 8),
        release(C, L),
        write(A, F, 8),
        read(B, F, 8),
        acquire(A, L),
        read(B, X, 8),
    ];
    check(&learnt_later, &[(2, 3, Independent), (0, 5, Independent)]);
}

/// The edges of a read come after the read itself.
#[test]
fn one_read_of_two_places_is_one_read() {
    let events = [write(A, X, 4), write(A, X + 8, 4), read(B, X, 12)];
    check(&events, &[(0, 2, Independent), (1, 2, Independent)]);
}

#[test]
fn a_read_may_have_several_writers() {
    let events = [
        write(A, F, 4),
        write(C, X, 8),
        write(C, F + 4, 4),
        read(B, F, 8),
        read(B, X, 8),
    ];
    check(
        &events,
        &[(0, 3, Independent), (2, 3, Independent), (1, 4, Dependent)],
    );
    check(
        &[write(A, F, 4), write(C, X, 8), read(B, F, 8), read(B, X, 8)],
        &[(0, 2, Independent), (1, 3, Independent)],
    );
}

#[test]
fn memory_that_was_given_back_tells_nothing() {
    let events = [
        write(A, X, 8),
        write(A, F, 8),
        free(C, F, 8),
        read(B, F, 8),
        read(B, X, 8),
    ];
    check(&events, &[(0, 4, Independent)]);
}

/// The reader's own release and the writer's later acquire turn no edge around.
#[test]
fn edges_from_reads_have_a_direction() {
    let events = [
        write(B, X, 8),
        write(A, F, 8),
        read(B, F, 8),
        release_merge(B, L),
        read(A, X, 8),
    ];
    check(&events, &[(1, 2, Independent), (0, 4, Independent)]);
}
