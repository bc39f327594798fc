//! How threads come and go: from the start, by a fork, with and without an end and a join.

use super::check::{A, B, C, FREE, L, RACY, X, check, check_alone};
use deadheat_detector::analysis::{Analysis, Impossible};
use deadheat_detector::event::ThreadId;
use deadheat_oracle::event::{
    acquire, call, end, fence, fork, join, read, release, release_acquire, write,
};
use std::sync::atomic::Ordering::SeqCst;

#[test]
fn who_was_not_forked_runs_from_the_start() {
    check_alone(&[write(A, X, 8), write(B, X, 8)], RACY);
    check_alone(&[fork(A, B), write(A, X, 8), write(C, X, 8)], RACY);
    check_alone(&[write(7, X, 8), fork(7, 5), write(5, X, 8)], FREE);
    check_alone(
        &[
            write(C, X, 8),
            release(C, L),
            acquire(B, L),
            write(B, X, 8),
            write(A, X + 8, 8),
        ],
        FREE,
    );
}

/// Names are names: they say nothing of who came first.
#[test]
fn threads_may_have_any_number() {
    let (first, second) = (u64::MAX, 1 << 40);
    check_alone(&[write(first, X, 8), write(second, X, 8)], RACY);
    check_alone(
        &[write(first, X, 8), fork(first, second), write(second, X, 8)],
        FREE,
    );
}

#[test]
fn a_join_without_an_end_orders_what_was_done() {
    check(&[write(B, X, 8), join(A, B), write(A, X, 8)], FREE);
    check(&[join(A, B), write(B, X, 8), end(B), write(A, X, 8)], RACY);
    check(
        &[write(B, X, 8), join(A, B), write(B, X, 8), write(A, X, 8)],
        RACY,
    );
    check(
        &[
            write(B, X, 8),
            join(A, B),
            write(B, X, 8),
            join(A, B),
            write(A, X, 8),
        ],
        FREE,
    );
}

#[test]
fn a_thread_may_be_joined_by_many_and_often() {
    let joined = [write(B, X, 8), end(B), join(A, B), join(C, B)];
    check(
        &[&joined[..], &[read(A, X, 8), read(C, X, 8)]].concat(),
        FREE,
    );
    check(&[&joined[..], &[join(A, B), write(A, X, 8)]].concat(), FREE);
}

#[test]
fn a_join_with_nobody_orders_nothing() {
    check_alone(&[join(A, 9), write(A, X, 8), write(9, X, 8)], RACY);
    check_alone(
        &[join(A, 9), write(A, X, 8), fork(A, 9), write(9, X, 8)],
        FREE,
    );
    check_alone(&[write(A, X, 8), join(A, A), write(A, X, 8)], FREE);
    check(&[write(A, X, 8), join(B, B), write(B, X, 8)], RACY);
}

/// What a thread leaves at objects outlives it.
#[test]
fn an_end_takes_nothing_back() {
    check(
        &[
            write(B, X, 8),
            release(B, L),
            end(B),
            acquire(C, L),
            write(C, X, 8),
        ],
        FREE,
    );
    check(
        &[
            write(B, X, 8),
            release(B, L),
            write(B, X, 8),
            end(B),
            acquire(C, L),
            write(C, X, 8),
        ],
        RACY,
    );
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let mut analysis = Analysis::new();
    let mut step = |event| {
        let mut races = 0;
        analysis.step(&event, |_| races += 1).map(|()| races)
    };
    for event in [fork(A, B), write(B, X, 8), end(B), fork(A, C)] {
        assert_eq!(step(event), Ok(0));
    }
    let ended = Err(Impossible::Ended(ThreadId(B)));
    for event in [
        write(B, X, 8),
        read(B, X, 8),
        release_acquire(B, L),
        fence(B, SeqCst),
        fork(B, 9),
        end(B),
        call(B),
        join(B, A),
    ] {
        assert_eq!(step(event), ended, "{event:?}");
    }
    for child in [A, B, C] {
        let twice = Err(Impossible::ForkedTwice(ThreadId(child)));
        assert_eq!(step(fork(A, child)), twice);
    }
    assert_eq!(step(acquire(C, L)), Ok(0));
    assert_eq!(step(write(C, X, 8)), Ok(1), "no edge, and thread 9 is free");
    assert_eq!(step(fork(A, 9)), Ok(0));
}
