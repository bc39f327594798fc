//! Records for the tests of this crate, those in `tests/` included.

use deadheat_detector::access::AccessKind;
use deadheat_detector::report::jsonl::to_line;
use deadheat_detector::report::{
    Access, Excerpt, Failure, FailureKind, Goroutine, MemoryLocation, Outcome, Position,
    RaceReport, Record, RunInfo, Scheduler, StackFrame, SyncEvent, Unordered,
};

/// A place in `src/bank.rs`.
fn place(line: u32) -> Position {
    Position {
        file: "src/bank.rs".into(),
        line,
        column: 9,
    }
}

fn run(test: &str) -> RunInfo {
    RunInfo {
        name: test.into(),
        scheduler: Scheduler::Controlled,
        seed: 7,
        replay: None,
    }
}

fn access(kind: AccessKind, goroutine: u64, line: u32) -> Access {
    Access {
        kind,
        operation: None,
        size: 8,
        goroutine,
        locks: Some(vec![]),
        source: None,
        stack: vec![StackFrame {
            function: "bank::transfer".into(),
            at: Some(place(line)),
        }],
    }
}

fn goroutine(id: u64) -> Goroutine {
    Goroutine {
        id,
        name: None,
        finished: false,
        creator: Some(1),
        created_at: vec![],
    }
}

/// A race of a write in `line` with a read in the line before, found by `test`. Its fingerprint
/// depends on the line alone.
pub(crate) fn race(test: &str, line: u32) -> RaceReport {
    RaceReport {
        fingerprint: format!("{line:016x}"),
        run: run(test),
        current: access(AccessKind::Write, 2, line),
        previous: access(AccessKind::Read, 3, line - 1),
        location: MemoryLocation {
            address: 0x1000,
            size: 8,
            cell: Some("Shared<u64>".into()),
            name: Some("balance".into()),
            index: None,
            declared: Some(place(1)),
            allocated: None,
        },
        goroutines: [goroutine(2), goroutine(3)],
        unordered: Unordered {
            previous_release: Some(SyncEvent {
                operation: "mutex unlock".into(),
                at: place(line),
            }),
            released_after_access: true,
            current_acquire: None,
        },
        others: vec![],
        dependent: false,
    }
}

/// A race whose accesses quote their source, and which every format can tell all about.
pub(crate) fn quoting() -> RaceReport {
    let lines = [
        "    /// Puts `amount` aside.",
        "    fn put(&self, amount: u64) {",
        "        self.balance.set(self.balance.get() + amount);",
        "    }",
        "",
    ];
    let mut report = race("bank::transfer_races", 42);
    report.run.replay =
        Some("deadheat test --seed 7 --schedules 1 -- --exact transfer_races".into());
    report.current.stack.push(StackFrame {
        function: "bank::main::{{closure}}".into(),
        at: Some(place(60)),
    });
    report.goroutines[0].name = Some("teller".into());
    report.goroutines[0].created_at = vec![StackFrame {
        function: "bank::main".into(),
        at: Some(place(59)),
    }];
    for access in [&mut report.current, &mut report.previous] {
        let line = access.place().map_or(1, |at| at.line);
        access.source = Some(Excerpt {
            first_line: line - 2,
            lines: lines.map(String::from).to_vec(),
        });
    }
    report
}

/// A deadlock in `test`.
pub(crate) fn failure(test: &str) -> Failure {
    Failure {
        run: run(test),
        kind: FailureKind::Deadlock,
        message: "\nall goroutines are asleep\ngoroutine 1 waits\n".into(),
    }
}

/// The end of a run of `test` with so many races.
pub(crate) fn outcome(test: &str, races: u64) -> Outcome {
    Outcome {
        run: run(test),
        races,
        reported: races.min(1),
        goroutines: 3,
        unfinished: 0,
    }
}

/// One of each record.
pub(crate) fn records() -> Vec<Record> {
    vec![
        Record::Race(Box::new(race("bank::transfer_races", 42))),
        Record::Failure(failure("bank::audit_hangs")),
        Record::Outcome(outcome("bank::transfer_races", 3)),
    ]
}

/// Records as a report file.
pub(crate) fn file(records: &[Record]) -> String {
    records
        .iter()
        .map(|record| to_line(record) + "\n")
        .collect()
}
