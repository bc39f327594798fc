//! What the engine says of the races it finds: which access, which bytes, whether dependent.

use super::check::{A, B, C, DATA, FLAG, FREE, L, RACY, RACY_FLAG, X, check};
use deadheat_detector::access::AccessKind;
use deadheat_detector::event::{SiteId, ThreadId};
use deadheat_oracle::event::{acquire, free, load, read, release, write};
use deadheat_oracle::replay::Found;
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

/// The bytes of each race, and the index of the event that made the earlier access.
fn summary(found: &[Found]) -> Vec<(Range<usize>, usize)> {
    let summary = found
        .iter()
        .map(|race| (race.bytes.clone(), race.previous()));
    summary.collect()
}

#[test]
fn a_race_names_the_earlier_access() {
    let found = check(&[write(A, X, 8), read(B, X, 8)], RACY);
    let expected = Found {
        bytes: DATA,
        previous_thread: ThreadId(A),
        previous_kind: AccessKind::Write,
        previous_stack: vec![SiteId(0)],
        thread: ThreadId(B),
        kind: AccessKind::Read,
        stack: vec![SiteId(1)],
        dependent: false,
    };
    assert_eq!(found, [expected]);
    assert_eq!(check(&[read(A, X, 8), read(B, X, 8)], FREE), []);
}

#[test]
fn a_race_names_the_kind_of_the_earlier_access() {
    let found = check(
        &[load(A, FLAG, Relaxed), write(B, FLAG.start, 4)],
        RACY_FLAG,
    );
    assert_eq!(found[0].previous_kind, AccessKind::AtomicRead);
    let found = check(&[read(A, X, 8), write(B, X, 8)], RACY);
    assert_eq!(found[0].previous_kind, AccessKind::Read);
}

/// Not the ordered write, nor the ordered read, but the read that races.
#[test]
fn a_race_names_the_access_that_is_unordered() {
    let events = [
        write(A, X, 8),
        read(A, X, 8),
        release(A, L),
        acquire(B, L),
        read(B, X, 8),
        acquire(C, L),
        write(C, X, 8),
    ];
    let found = check(&events, RACY);
    assert_eq!(summary(&found), [(DATA, 4)]);
    assert_eq!(found[0].previous_thread, ThreadId(B));
}

/// Accesses of one thread in several epochs are told apart.
#[test]
fn a_race_names_the_epoch_of_the_earlier_access() {
    let events = [
        write(A, X, 8),
        release(A, L),
        write(A, X, 8),
        acquire(B, L),
        read(B, X, 8),
    ];
    assert_eq!(summary(&check(&events, RACY)), [(DATA, 2)]);
}

#[test]
fn a_wide_access_has_one_race_with_each_earlier_access() {
    let events = [write(A, X, 20), write(B, X + 32, 20), read(C, X - 4, 64)];
    let found = check(&events, &[X..X + 20, X + 32..X + 52]);
    assert_eq!(summary(&found), [(X..X + 20, 0), (X + 32..X + 52, 1)]);
}

/// A byte has one race with an access, however many earlier ones it is unordered with.
#[test]
fn an_access_has_one_race_on_each_byte() {
    let reads = [read(A, X, 4), read(B, X, 8)];
    let found = check(&[&reads[..], &[write(C, X, 8)]].concat(), RACY);
    assert_eq!(summary(&found), [(X..X + 4, 0), (X + 4..X + 8, 1)]);
    let ordered = [release(A, L), acquire(C, L), write(C, X, 8)];
    assert_eq!(
        summary(&check(&[&reads[..], &ordered].concat(), RACY)),
        [(DATA, 1)]
    );
}

#[test]
fn adjoining_bytes_of_different_accesses_are_different_races() {
    let events = [write(A, X, 4), write(B, X + 4, 4), read(C, X, 8)];
    assert_eq!(
        summary(&check(&events, RACY)),
        [(X..X + 4, 0), (X + 4..X + 8, 1)]
    );
}

#[test]
fn one_access_on_two_runs_of_bytes_has_two_races() {
    let events = [write(A, X, 8), free(A, X + 3, 2), read(B, X, 8)];
    let found = check(&events, &[X..X + 3, X + 5..X + 8]);
    assert_eq!(summary(&found), [(X..X + 3, 0), (X + 5..X + 8, 0)]);
}
