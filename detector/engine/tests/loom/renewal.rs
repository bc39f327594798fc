//! A chain in which a record is renewed in place, or beside which one gives its place to the next, while others make new
//! chains of it.

use deadheat_engine::access::AccessKind::{self, AtomicRead, AtomicWrite, Read, Write};
use deadheat_engine::model::Model;
use loom::sync::Arc;
use loom::thread;

/// Enough threads for a crowd, beside one record in each half of the granule.
const MEMBERS: [usize; 8] = [8, 9, 0, 1, 2, 4, 5, 6];
/// A thread whose record is renewed.
pub(super) const OWN: usize = 5;
/// A thread that comes to the crowd, whose record would be in the same node, or that writes what they have accessed.
pub(super) const OTHER: usize = 3;
/// A thread that comes after all else.
const LAST: usize = 21;

/// The member whose record is beside main.
const BESIDE: usize = MEMBERS[1];

/// What happened at the first time of its thread, everybody knows.
pub(super) fn knows_firsts(_: usize, time: u64) -> bool {
    time < 2
}

/// And what is beside main, all know but the thread whose record is renewed.
fn knows_beside(tid: usize, time: u64) -> bool {
    tid == BESIDE || knows_firsts(tid, time)
}

/// Whether the thread whose record is renewed knows the record beside main: if it does, its own takes that one's place.
const KNOWN: [bool; 2] = [true, false];

/// The time of a record that it knows, or does not.
fn time_of(is_known: bool) -> u64 {
    if is_known { 1 } else { 2 }
}

/// A granule that the members have accessed, none of them after another, one of them `beside` main.
fn crowded(kind: AccessKind, beside: AccessKind, is_known: bool) -> Model {
    let model = Model::default();
    for tid in MEMBERS {
        let (kind, time) = match tid {
            BESIDE => (beside, time_of(is_known)),
            _ => (kind, 1),
        };
        let version = 1000 + tid as u64;
        let found = model.access_at(tid, time, version, kind, 0xff, |_, _| false);
        assert!(found.is_empty());
    }
    model
}

/// A granule of which one thread has written one half, and another one the other.
pub(super) fn halved() -> Model {
    let model = Model::default();
    assert!(model.access(OWN, 1000, Write, 0x0f).is_empty());
    assert!(model.access(MEMBERS[0], 1001, Write, 0xf0).is_empty());
    model
}

/// Calls `check` in every interleaving with at most two preemptions of a thread that makes its access to the granule
/// again, of this kind and to these bytes, and of `other`, with what the two found.
pub(super) fn check(
    granule: impl Fn() -> Model + Send + Sync + 'static,
    (kind, mask): (AccessKind, u8),
    other: impl Fn(&Model) -> Vec<usize> + Copy + Send + Sync + 'static,
    check: impl Fn(&Model, &[usize], &[usize]) + Send + Sync + 'static,
) {
    // An access to a crowd has some hundred steps: more preemptions would take hours.
    crate::explore(2, move || {
        let model = Arc::new(granule());
        let theirs = Arc::clone(&model);
        let theirs = thread::spawn(move || other(&theirs));
        let found = model.access_at(OWN, 2, 100, kind, mask, knows_firsts);
        let theirs = theirs.join().unwrap();
        check(&model, &found, &theirs);
    });
}

/// What a last plain write finds that knows all but what `OWN` did at its second time.
fn last(model: &Model) -> Vec<usize> {
    let knows = |tid: usize, time| tid != OWN || time < 2;
    model.access_at(LAST, 1, 300, Write, 0xff, knows)
}

#[test]
fn a_renewed_member_and_an_access_that_conflicts_meet() {
    // The read goes to the side, the writes to main.
    for (kind, beside, theirs) in [
        (Read, Read, Write),
        (AtomicRead, AtomicRead, Write),
        (AtomicWrite, AtomicWrite, Write),
        (AtomicWrite, AtomicRead, Read),
    ] {
        for is_known in KNOWN {
            let write =
                move |model: &Model| model.access_at(OTHER, 2, 200, theirs, 0xff, knows_beside);
            let granule = move || crowded(kind, beside, is_known);
            check(granule, (kind, 0xff), write, |_, found, theirs| {
                assert!(found == [OTHER] || theirs == [OWN], "{found:?} {theirs:?}");
            });
        }
    }
}

#[test]
fn a_renewed_member_is_not_lost_where_another_thread_comes_to_the_crowd() {
    for kind in [Read, AtomicWrite] {
        for is_known in KNOWN {
            // It knows nobody: what is in the side stays there.
            let join = move |model: &Model| model.access(OTHER, 200, kind, 0xff);
            let granule = move || crowded(kind, kind, is_known);
            check(granule, (kind, 0xff), join, |model, found, theirs| {
                assert!(found.is_empty() && theirs.is_empty());
                assert_eq!(last(model), [OWN]);
            });
        }
    }
}

#[test]
fn a_renewed_member_is_not_lost_where_others_are_forgotten() {
    for is_known in KNOWN {
        let granule = move || crowded(Read, Read, is_known);
        // What is not reset keeps what was renewed.
        let reset = |model: &Model| {
            model.reset(200, 0x0f);
            Vec::new()
        };
        check(granule, (Read, 0xff), reset, |model, found, _| {
            assert!(found.is_empty());
            assert!(last(model).contains(&OWN));
        });
        let sweep = |model: &Model| {
            model.sweep(200, knows_firsts);
            Vec::new()
        };
        check(granule, (Read, 0xff), sweep, |model, found, _| {
            assert!(found.is_empty());
            assert_eq!(last(model), [OWN]);
        });
    }
}

#[test]
fn two_renewed_records_that_conflict_meet() {
    for is_known in KNOWN {
        // One in main that stays there, one in the side, and so a chain.
        let granule = move || {
            let model = Model::default();
            assert!(model.access(OWN, 1000, AtomicWrite, 0xff).is_empty());
            let time = time_of(is_known);
            let beside = model.access_at(LAST, time, 1001, AtomicRead, 0xff, |_, _| false);
            assert!(beside.is_empty());
            let knows = |tid: usize, _| tid == OWN;
            let read = model.access_at(OTHER, 1, 1002, Read, 0xff, knows);
            assert!(read.is_empty());
            assert!(model.nodes() > 0, "a chain");
            model
        };
        let read = |model: &Model| model.access_at(OTHER, 2, 200, Read, 0xff, knows_firsts);
        check(granule, (AtomicWrite, 0xff), read, |_, found, theirs| {
            assert!(found == [OTHER] || theirs == [OWN], "{found:?} {theirs:?}");
        });
    }
}

#[test]
fn a_renewed_write_and_another_of_the_same_bytes_meet() {
    for theirs in [Read, Write] {
        let other = move |model: &Model| model.access_at(OTHER, 2, 200, theirs, 0x0f, knows_firsts);
        check(halved, (Write, 0x0f), other, |_, found, theirs| {
            assert!(found == [OTHER] || theirs == [OWN], "{found:?} {theirs:?}");
        });
    }
}

#[test]
fn a_renewed_write_is_not_lost_where_its_neighbour_changes() {
    let other = |model: &Model| model.access_at(OTHER, 2, 200, Write, 0xf0, knows_firsts);
    check(halved, (Write, 0x0f), other, |model, found, theirs| {
        assert!(found.is_empty() && theirs.is_empty());
        assert_eq!(last(model), [OWN]);
    });
    let reset = |model: &Model| {
        model.reset(200, 0xf0);
        Vec::new()
    };
    check(halved, (Write, 0x0f), reset, |model, found, _| {
        assert!(found.is_empty());
        assert_eq!(last(model), [OWN]);
    });
}
