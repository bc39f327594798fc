//! `deadheat explain`.

use crate::cli::{deadheat, end};
use crate::sample;
use deadheat_detector::access::AccessKind;
use deadheat_detector::report::{OtherAccess, Position, Record, SyncEvent};
use std::fs;

#[test]
fn a_race_is_explained_by_the_beginning_of_its_fingerprint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reports.jsonl");
    let mut other = sample::race("t", 42);
    other.fingerprint = "00ff".into();
    // Each run has seen other accesses of the same memory.
    let mut locked = sample::quoting();
    let lock = SyncEvent {
        operation: "write lock".into(),
        at: locked.current.place().unwrap().clone(),
    };
    locked.current.locks = Some(vec![lock.clone()]);
    let also = |kind, line, locks| {
        let at = locked
            .current
            .place()
            .map(|at| Position { line, ..at.clone() });
        vec![OtherAccess {
            kind,
            operation: None,
            at,
            locks,
            goroutine: None,
            ordered: None,
            released: None,
        }]
    };
    let read = also(AccessKind::Read, 7, vec![lock]);
    let write = also(AccessKind::Write, 8, vec![]);
    let mut again = locked.clone();
    (locked.others, again.others) = (read, write);
    let races = [locked, again, other].map(|race| Record::Race(Box::new(race)));
    fs::write(&path, sample::file(&races)).unwrap();
    let explain = |race: &str| {
        let mut command = deadheat();
        command.args(["explain", race]).env("COLUMNS", "80");
        end(&mut command, &[&path])
    };
    let told = explain("000000000");
    told.expect(0, &[]);
    for words in [
        "data race on \"balance\"",
        "First, in this run, goroutine 3 did a read:\n    bank::transfer()\n        src/bank.rs:41:9\n",
        "Goroutine 2 \"teller\"",
        "acquired nothing",
        "memory that is locked in one place",
        "Goroutine 3 held none; goroutine 2 \"teller\" held the write lock at",
        "    read at src/bank.rs:7:9, under the write lock at src/bank.rs:42:9\n    write at src/bank.rs:8:9, no lock held\n",
    ] {
        assert!(
            told.out.contains(words),
            "{words:?} is missing from:\n{}",
            told.out
        );
    }
    assert!(
        told.out.lines().all(|line| line.len() <= 80),
        "{}",
        told.out
    );
    explain("0").expect_one_error(&["several races: 000000000000002a, 00ff"]);
    explain("1\u{1b}").expect_one_error(&["no report has the fingerprint 1\\u{1b}"]);
}

#[test]
fn a_file_that_is_not_ours_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    fs::write(&path, "x").unwrap();
    end(deadheat().args(["explain", "0"]), &[&path])
        .expect_one_error(&["is not a Deadheat report file"]);
    end(&mut deadheat(), &["explain", ""]).expect(2, &["RACE"]);
}
