//! Concurrent changes of one granule's history lose no race, and those of a table no node: every
//! interleaving is tried.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p deadheat-engine --test loom --release`

#![cfg(loom)]

mod census;
mod pair;
mod parts;
mod renewal;
mod side;
mod table;

use deadheat_engine::access::AccessKind::{self, AtomicWrite, Read, Write};
use deadheat_engine::model::Model;
use loom::sync::Arc;
use loom::thread;

type Access = (AccessKind, u8);

/// What the threads found: `(finder, other)`.
type Found = Vec<(usize, usize)>;

/// Runs `f` in every interleaving with at most so many preemptions.
fn explore(preemptions: usize, f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 20_000;
    builder.check(f);
}

/// Runs each list of accesses on a thread of its own, after `before`, in every interleaving with at
/// most so many preemptions, and calls `check` with the races found and the nodes in use.
fn interleave_within(
    preemptions: usize,
    before: &'static [Access],
    threads: &'static [&'static [Access]],
    check: impl Fn(&Found, u64) + Send + Sync + 'static,
) {
    explore(preemptions, move || {
        let model = Arc::new(Model::default());
        let mut found = Vec::new();
        for (i, &(kind, mask)) in before.iter().enumerate() {
            let tid = 10 + i;
            found.extend(
                model
                    .access(tid, tid as u64, kind, mask)
                    .into_iter()
                    .map(|t| (tid, t)),
            );
        }
        let handles: Vec<_> = threads
            .iter()
            .enumerate()
            .map(|(tid, accesses)| {
                let model = Arc::clone(&model);
                thread::spawn(move || {
                    let mut found = Vec::new();
                    for (i, &(kind, mask)) in accesses.iter().enumerate() {
                        let version = 100 + 10 * tid + i;
                        let races = model.access(tid, version as u64, kind, mask);
                        found.extend(races.into_iter().map(|other| (tid, other)));
                    }
                    found
                })
            })
            .collect();
        for handle in handles {
            found.extend(handle.join().unwrap());
        }
        check(&found, model.nodes());
    });
}

fn interleave(
    before: &'static [Access],
    threads: &'static [&'static [Access]],
    check: impl Fn(&Found, u64) + Send + Sync + 'static,
) {
    interleave_within(3, before, threads, check);
}

fn met(found: &Found, a: usize, b: usize) -> bool {
    found.contains(&(a, b)) || found.contains(&(b, a))
}

#[test]
fn of_two_writes_one_finds_the_other() {
    interleave(&[], &[&[(Write, 0xff)], &[(Write, 0xff)]], |found, _| {
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(met(found, 0, 1));
    });
}

#[test]
fn a_read_and_a_write_meet() {
    interleave(&[], &[&[(Read, 0xff)], &[(Write, 0x0f)]], |found, _| {
        assert!(met(found, 0, 1), "{found:?}");
    });
}

#[test]
fn two_reads_do_not_race_and_a_write_meets_one_of_them() {
    let threads: &[&[Access]] = &[&[(Read, 0xff)], &[(Read, 0xff)], &[(Write, 0xff)]];
    interleave(&[], threads, |found, _| {
        assert!(!met(found, 0, 1));
        assert!(met(found, 0, 2) || met(found, 1, 2), "{found:?}");
    });
}

#[test]
fn neighbours_that_spill_keep_apart() {
    interleave(
        &[],
        &[&[(Write, 0x0f)], &[(Write, 0xf0)]],
        |found, nodes| {
            assert!(found.is_empty(), "{found:?}");
            assert_eq!(nodes, 1, "two records, one node");
        },
    );
}

#[test]
fn a_chain_that_changes_under_a_reader_is_read_again() {
    // The history is spilled when they start, with the first read beside it; each change makes a
    // new chain.
    let before: &[Access] = &[(Read, 0x08), (Read, 0x01), (Read, 0x02)];
    let threads: &[&[Access]] = &[&[(Read, 0x04)], &[(Write, 0x0f)]];
    interleave(before, threads, |found, nodes| {
        assert!((10..13).all(|other| met(found, 1, other)), "{found:?}");
        assert!(met(found, 0, 1), "{found:?}");
        assert!(nodes <= 1, "{nodes} nodes are left");
    });
}

#[test]
fn a_crowd_that_grows_under_a_writer_loses_nobody() {
    // A crowd, and one more comes to it.
    let before: &[Access] = &[(AtomicWrite, 0xff); 6];
    let threads: &[&[Access]] = &[&[(AtomicWrite, 0xff)], &[(Write, 0xff)]];
    // An access to a crowd has some hundred steps: more preemptions would take hours.
    interleave_within(2, before, threads, |found, nodes| {
        let others = found
            .iter()
            .filter(|(_, other)| *other >= 10 || *other == 0);
        assert!(others.count() > 0, "{found:?}");
        assert!(found.iter().any(|&(finder, _)| finder == 1) || met(found, 0, 1));
        assert!(nodes <= 8, "{nodes} nodes are left");
    });
}

#[test]
fn a_reset_and_an_access_leave_one_of_two_histories() {
    explore(3, || {
        let model = Arc::new(Model::default());
        model.access(10, 10, Write, 0x0f);
        model.access(11, 11, Write, 0xf0);
        let resetting = Arc::clone(&model);
        let reset = thread::spawn(move || resetting.reset(200, 0xff));
        let found = model.access(0, 100, Write, 0xff);
        reset.join().unwrap();
        assert!(found.is_empty() || found == [10, 11], "{found:?}");
        assert!(model.nodes() <= 1);
    });
}

#[test]
fn a_version_is_not_taken_for_what_a_record_says() {
    explore(3, || {
        let model = Arc::new(Model::default());
        model.access(0, 10, Write, 0x01);
        // Spilled; the reset leaves one record again.
        model.access(15, 15, Write, 0x02);
        let resetting = Arc::clone(&model);
        let reset = thread::spawn(move || resetting.reset(200, 0x02));
        assert!(model.access(0, 100, Read, 0x80).is_empty());
        reset.join().unwrap();
        assert_eq!(model.access(1, 300, Write, 0x80), [0]);
    });
}
