//! Where a chain begins, and where it ends, without all the rules.

use crate::renewal::{OTHER, OWN, check, halved, knows_firsts};
use deadheat_engine::access::AccessKind::{AtomicRead, AtomicWrite, Read, Write};
use deadheat_engine::model::Model;
use loom::sync::Arc;
use loom::thread;

/// A granule of which one thread has written both halves.
fn own() -> Model {
    let model = Model::default();
    for (time, mask) in [(1, 0x0f), (2, 0xf0)] {
        let version = 1000 + time;
        let found = model.access_at(OWN, time, version, Write, mask, |_, _| false);
        assert!(found.is_empty());
    }
    assert!(model.nodes() > 0, "a chain");
    model
}

/// A granule that one thread has written.
fn whole() -> Model {
    let model = Model::default();
    assert!(model.access(OWN, 1000, Write, 0xff).is_empty());
    model
}

#[test]
fn who_ends_a_chain_meets_who_renews_a_record_in_it() {
    let write = |model: &Model| model.access_at(OTHER, 2, 200, Write, 0xff, knows_firsts);
    check(halved, (Write, 0x0f), write, |_, found, theirs| {
        assert!(found == [OTHER] || theirs == [OWN], "{found:?} {theirs:?}");
    });
}

/// The same, where another one has been in the side, and that is forgotten.
fn left() -> Model {
    let model = own();
    let found = model.access_at(OTHER, 1, 1003, Read, 0xff, |_, _| true);
    assert!(found.is_empty());
    model.sweep(1004, |tid, _| tid == OTHER);
    assert!(model.nodes() > 0, "a chain");
    model
}

#[test]
fn who_ends_a_chain_meets_who_comes_beside_it() {
    for granule in [own, left] {
        for kind in [Read, AtomicRead, AtomicWrite] {
            crate::explore(3, move || {
                let model = Arc::new(granule());
                let theirs = Arc::clone(&model);
                // All but the last write is known to it.
                let knows = |_, time| time < 3;
                let theirs =
                    thread::spawn(move || theirs.access_at(OTHER, 2, 200, kind, 0xff, knows));
                let found = model.access_at(OWN, 3, 100, Write, 0xff, |_, _| false);
                let theirs = theirs.join().unwrap();
                assert!(found == [OTHER] || theirs == [OWN], "{found:?} {theirs:?}");
            });
        }
    }
}

#[test]
fn who_comes_beside_a_chain_meets_who_writes_a_part_of_it() {
    crate::explore(3, || {
        let model = Arc::new(left());
        let theirs = Arc::clone(&model);
        let knows = |_, time| time < 3;
        let theirs = thread::spawn(move || theirs.access_at(OTHER, 2, 200, Read, 0xff, knows));
        let found = model.access_at(OWN, 3, 100, Write, 0x0f, |_, _| false);
        let theirs = theirs.join().unwrap();
        assert!(found == [OTHER] || theirs == [OWN], "{found:?} {theirs:?}");
    });
}

#[test]
fn who_begins_a_chain_meets_who_does_so_too() {
    let write = |model: &Model| model.access_at(OTHER, 2, 200, Write, 0x06, knows_firsts);
    check(whole, (Write, 0x03), write, |_, found, theirs| {
        assert!(found == [OTHER] || theirs == [OWN], "{found:?} {theirs:?}");
    });
}

#[test]
fn a_chain_that_has_ended_is_freed() {
    crate::explore(0, || {
        let model = own();
        let found = model.access_at(OWN, 3, 100, Write, 0xff, |_, _| false);
        assert!(found.is_empty());
        assert_eq!(model.nodes(), 0);
    });
}
