//! Reports of every kind, for every format.

use crate::sample;
use deadheat_detector::access::AccessKind;
use deadheat_detector::report::{Allocation, OtherAccess, Record, RunInfo, Scheduler, SyncEvent};

/// Text that would be run, or would end what it stands in, if a format let it.
pub(crate) const HOSTILE: &str = "\u{1b}[31m</script><!--<img src=x onerror=alert(1)>]]>\u{9b}\u{202e}\r\n::error::%0A\"'&\u{0}\u{fffe}";

/// One file of reports.
pub(crate) fn corpus() -> Vec<Record> {
    let mut twice = sample::quoting();
    twice.run.name = "bank::again".into();
    twice.run.seed = 8;
    let mut elsewhere = sample::quoting();
    for access in [&mut elsewhere.current, &mut elsewhere.previous] {
        access.stack[0].at.as_mut().unwrap().line += 100;
        access.source.as_mut().unwrap().first_line += 100;
    }
    vec![
        race(sample::quoting()),
        race(twice),
        race(elsewhere),
        race(main_against_child()),
        race(bare()),
        race(hostile()),
        Record::Failure(sample::failure("bank::audit_hangs")),
        Record::Failure(hostile_failure()),
        Record::Outcome(sample::outcome("bank::transfer_races", 3)),
        Record::Outcome(sample::outcome("bank::passes", 0)),
    ]
}

fn race(report: deadheat_detector::report::RaceReport) -> Record {
    Record::Race(Box::new(report))
}

/// A race of a goroutine with the one that started it, which waits for it; atomics in a file
/// whose path has spaces.
fn main_against_child() -> deadheat_detector::report::RaceReport {
    let mut report = sample::race("my crate::waits", 80);
    report.run.scheduler = Scheduler::Parallel;
    report.previous.goroutine = 1;
    report.previous.kind = AccessKind::AtomicRead;
    report.previous.operation = Some("WaitGroup wait".into());
    report.goroutines[1].id = 1;
    report.goroutines[1].creator = None;
    report.goroutines[0].created_at = report.previous.stack.clone();
    report.location.allocated = Some(Allocation {
        goroutine: Some(1),
        stack: report.previous.stack.clone(),
    });
    report.location.index = Some(3);
    report.location.cell = Some("SharedSlice<u64>".into());
    let mut at = report.previous.stack[0].at.clone().unwrap();
    at.file = "/home/me/my files/a#1.rs".into();
    report.current.stack[0].at = Some(at.clone());
    report.unordered.released_after_access = false;
    report.unordered.previous_release = Some(SyncEvent {
        operation: "go statement".into(),
        at: at.clone(),
    });
    report.unordered.current_acquire = Some(SyncEvent {
        operation: "goroutine start".into(),
        at,
    });
    report.current.locks = Some(vec![SyncEvent {
        operation: "write lock".into(),
        at: report.current.stack[0].at.clone().unwrap(),
    }]);
    report.others = vec![OtherAccess {
        kind: AccessKind::Read,
        operation: None,
        at: report.current.place().cloned(),
        locks: report.current.locks.clone().unwrap(),
        goroutine: Some(4),
        ordered: Some(true),
        released: report.current.locks.as_ref().map(|locks| SyncEvent {
            operation: "channel send".into(),
            at: locks[0].at.clone(),
        }),
    }];
    report.dependent = true;
    report
}

/// A race of which next to nothing is known.
fn bare() -> deadheat_detector::report::RaceReport {
    let mut report = sample::race("bank::bare", 90);
    for access in [&mut report.current, &mut report.previous] {
        access.stack.clear();
        access.locks = None;
    }
    let location = &mut report.location;
    (location.cell, location.name, location.declared) = (None, None, None);
    report.unordered.previous_release = None;
    report.unordered.released_after_access = false;
    report
}

fn hostile() -> deadheat_detector::report::RaceReport {
    let mut report = sample::quoting();
    report.fingerprint = HOSTILE.into();
    report.run = RunInfo {
        name: HOSTILE.into(),
        replay: Some(HOSTILE.into()),
        ..report.run
    };
    report.location.name = Some(HOSTILE.into());
    report.location.cell = Some(HOSTILE.into());
    report.goroutines[0].name = Some(HOSTILE.into());
    report
        .unordered
        .previous_release
        .as_mut()
        .unwrap()
        .operation = HOSTILE.into();
    report.others = vec![OtherAccess {
        kind: AccessKind::Write,
        operation: Some(HOSTILE.into()),
        at: None,
        locks: vec![],
        goroutine: None,
        ordered: None,
        released: Some(SyncEvent {
            operation: HOSTILE.into(),
            at: report.current.place().unwrap().clone(),
        }),
    }];
    for access in [&mut report.current, &mut report.previous] {
        access.operation = Some(HOSTILE.into());
        access.locks = Some(vec![SyncEvent {
            operation: HOSTILE.into(),
            at: access.stack[0].at.clone().unwrap(),
        }]);
        for frame in &mut access.stack {
            frame.function = HOSTILE.into();
            frame.at.as_mut().unwrap().file = HOSTILE.into();
        }
        access.source.as_mut().unwrap().lines.fill(HOSTILE.into());
    }
    report.location.allocated = Some(Allocation {
        goroutine: None,
        stack: report.current.stack.clone(),
    });
    report
}

fn hostile_failure() -> deadheat_detector::report::Failure {
    let mut failure = sample::failure(HOSTILE);
    failure.message = HOSTILE.into();
    failure
}
