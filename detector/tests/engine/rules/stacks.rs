//! The call stacks that the engine names: exactly the calls that were open.

use super::check::{A, B, FLAG, L, RACY, RACY_FLAG, X, check, check_alone};
use deadheat_detector::event::{Event, SiteId};
use deadheat_oracle::event::{
    acquire, call, end, fork, join, load, read, release, ret, rmw, store, write,
};
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

/// The stacks of the only race, earlier access first: sites are indices of events.
#[track_caller]
fn stacks(events: &[Event], racy: &[Range<usize>]) -> (Vec<u32>, Vec<u32>) {
    let found = check(events, racy);
    assert_eq!(found.len(), 1, "{found:?}");
    let sites = |stack: &[SiteId]| stack.iter().map(|site| site.0).collect();
    (sites(&found[0].previous_stack), sites(&found[0].stack))
}

#[test]
fn a_stack_has_the_open_calls_innermost_first() {
    let events = [
        call(A),
        call(A),
        write(A, X, 8),
        ret(A),
        call(B),
        write(B, X, 8),
    ];
    assert_eq!(stacks(&events, RACY), (vec![2, 1, 0], vec![5, 4]));
    let returned = [call(A), call(A), ret(A), write(A, X, 8), write(B, X, 8)];
    assert_eq!(stacks(&returned, RACY), (vec![3, 0], vec![4]));
    let all_returned = [call(A), ret(A), write(A, X, 8), ret(A), write(B, X, 8)];
    assert_eq!(stacks(&all_returned, RACY), (vec![2], vec![4]));
}

#[test]
fn a_stack_is_that_of_the_access_not_that_of_the_thread() {
    let events = [
        call(A),
        write(A, X, 8),
        call(A),
        write(A, X + 8, 8),
        ret(A),
        ret(A),
        call(A),
        read(B, X, 8),
    ];
    assert_eq!(stacks(&events, RACY), (vec![1, 0], vec![7]));
}

/// Of accesses in several epochs, the one that races is named, with its own stack.
#[test]
fn a_stack_is_that_of_the_access_that_races() {
    let events = [
        call(A),
        write(A, X, 8),
        release(A, L),
        call(A),
        write(A, X, 8),
        ret(A),
        acquire(B, L),
        write(B, X, 8),
    ];
    assert_eq!(stacks(&events, RACY), (vec![4, 3, 0], vec![7]));
}

#[test]
fn atomics_have_stacks_too() {
    for atomic in [load, store, rmw] {
        let events = [
            call(A),
            atomic(A, FLAG, Relaxed),
            call(B),
            write(B, FLAG.start, 4),
        ];
        assert_eq!(stacks(&events, RACY_FLAG), (vec![1, 0], vec![3, 2]));
        let events = [
            call(A),
            write(A, FLAG.start, 4),
            call(B),
            atomic(B, FLAG, Relaxed),
        ];
        assert_eq!(stacks(&events, RACY_FLAG), (vec![1, 0], vec![3, 2]));
    }
}

#[test]
fn a_return_without_a_call_is_passed_over() {
    let events = [ret(A), call(A), write(A, X, 8), ret(B), write(B, X, 8)];
    assert_eq!(stacks(&events, RACY), (vec![2, 1], vec![4]));
}

/// A thread begins with no call open, whoever forks it, and ends with none.
#[test]
fn calls_are_a_threads_own() {
    let events = [call(A), fork(A, B), write(B, X, 8), ret(B), write(A, X, 8)];
    assert_eq!(stacks(&events, RACY), (vec![2], vec![4, 0]));
    let later = [
        fork(0, 1),
        call(1),
        end(1),
        join(0, 1),
        fork(0, 2),
        write(2, X, 8),
        write(0, X, 8),
    ];
    let found = check_alone(&later, RACY);
    assert_eq!(found[0].previous_stack.len(), 1);
}

#[test]
fn a_stack_may_be_deep() {
    const DEEP: usize = 3000;
    let mut events = vec![call(A); DEEP];
    events.extend([write(A, X, 8), write(B, X, 8)]);
    let (earlier, later) = stacks(&events, RACY);
    let expected: Vec<_> = (0..=DEEP as u32).rev().collect();
    assert_eq!(earlier, expected);
    assert_eq!(later, [DEEP as u32 + 1]);
}
