//! `deadheat report`.

use crate::cli::{cargo_deadheat, deadheat, end, end_with_input};
use crate::sample;
use deadheat_detector::report::{Record, jsonl, text};
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::process::Stdio;

#[test]
fn a_good_file_is_printed_with_its_summary() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reports.jsonl");
    let mut records = sample::records();
    records.extend(sample::records());
    records.push(Record::Failure(sample::failure("bank::another")));
    records.push(Record::Race(Box::new(sample::race("bank::another", 42))));
    records.push(Record::Outcome(sample::outcome("bank::another", 1)));
    fs::write(&path, sample::file(&records)).unwrap();

    let report = end(deadheat().arg("report"), &[&path]);
    report.expect(0, &[]);
    assert_eq!(report.err, "");
    let race = |test| text::race(&sample::race(test, 42));
    for text in [race("bank::transfer_races"), race("bank::another")] {
        assert_eq!(report.out.matches(&text).count(), 1, "{}", report.out);
    }
    let failure = text::failure(&sample::failure("bank::audit_hangs"));
    assert_eq!(report.out.matches(&failure).count(), 2);
    let summary = "\n7 data races found, 1 unique:\n  write at src/bank.rs:42:9 races with";
    assert!(report.out.contains(summary), "{}", report.out);

    let from_input = end_with_input(
        deadheat().args(["report", "-"]),
        sample::file(&records).as_bytes(),
    );
    from_input.expect(0, &[]);
    assert_eq!(from_input.out, report.out);
    let as_cargo = end(cargo_deadheat().arg("report"), &[&path]);
    assert_eq!(as_cargo.out, report.out);
}

#[test]
fn lines_that_cannot_be_read_cost_no_other() {
    let good = sample::file(&sample::records());
    let later = good.replacen("\"deadheat\":1", "\"deadheat\":9", 1);
    let (half, _) = good.split_at(100);
    let input = format!("hello \u{1b}\n{good}{later}{half}{good}\0\n{half}");
    let report = end_with_input(deadheat().args(["report", "-"]), input.as_bytes());
    report.expect(
        2,
        &[
            "standard input:1: not a line",
            "standard input:5: the line has version 9",
            "standard input:8: the line is cut short",
            "standard input:11: not a line",
            "standard input:12: the line is cut short",
        ],
    );
    assert_eq!(report.err.lines().count(), 5, "{}", report.err);
    // Of the three runs' outcomes with three races each.
    assert!(
        report.out.contains("\n9 data races found"),
        "{}",
        report.out
    );
}

#[test]
fn files_of_others_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        end(deadheat().arg("report"), &[&path])
    };
    let not_ours = "is not a Deadheat report file";
    refused("Cargo.toml", b"[package]\nname = \"x\"\n").expect_one_error(&[
        "Cargo.toml",
        not_ours,
        "line 1",
    ]);
    refused("other.jsonl", b"{\"type\":\"race\"}\n{}\n").expect_one_error(&[not_ours]);
    refused("binary", &[0xff, 0, 0x1b, b'\n', 0xfe]).expect_one_error(&[not_ours]);
    refused("later.jsonl", b"{\"deadheat\":2,\"type\":\"race\"}\n")
        .expect_one_error(&["version 2", "use a newer one"]);
    refused("cut.jsonl", b"{\"deadheat\":1,\"ty").expect_one_error(&["cut short"]);
    refused("empty.jsonl", b"").expect_one_error(&["empty.jsonl is empty"]);
    refused("blank.jsonl", b"\n\n").expect_one_error(&["is empty"]);
    refused("a\u{1b}b", b"x").expect_one_error(&[r"a\u{1b}b", not_ours]);
}

#[test]
fn what_is_not_there_or_no_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.jsonl");
    end(deadheat().arg("report"), &[&missing])
        .expect_one_error(&["missing.jsonl cannot be read", "No such file"]);
    end(deadheat().arg("report"), &[folder.path()])
        .expect_one_error(&["cannot be read", "directory"]);
}

#[test]
fn hostile_strings_are_escaped() {
    let mut race = sample::race("t\u{1b}[2J", 42);
    race.location.name = Some("\u{9b}31m\u{202e}".into());
    race.current.stack[0].function = "f\r".into();
    let mut failure = sample::failure("u\u{7}");
    failure.message = "x\u{1b}[2J\n\u{8}".into();
    let records = [Record::Race(Box::new(race)), Record::Failure(failure)];
    let report = end_with_input(
        deadheat().args(["report", "-"]),
        sample::file(&records).as_bytes(),
    );
    report.expect(0, &[]);
    let hostile = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!report.out.contains(hostile), "{:?}", report.out);
    assert!(report.out.contains(r"t\u{1b}[2J"));
}

#[test]
fn a_closed_pipe_is_quiet() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let records: Vec<_> = (0..100).flat_map(|_| sample::records()).collect();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(sample::file(&records).as_bytes()).unwrap();
    io::Seek::rewind(&mut file).unwrap();
    let output = deadheat()
        .args(["report", "-"])
        .stdin(file)
        .stdout(writer)
        .output()
        .unwrap();
    assert_eq!(output.stderr, b"");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn help_into_a_closed_pipe_is_quiet() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let output = deadheat().arg("--help").stdout(writer).output().unwrap();
    assert_eq!(output.stderr, b"");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn reports_are_printed_as_they_come() {
    let mut child = deadheat()
        .args(["report", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    for record in &sample::records()[..2] {
        writeln!(input, "{}", jsonl::to_line(record)).unwrap();
        for line in text::record(record).unwrap().lines() {
            assert_eq!(output.next().unwrap().unwrap(), line);
        }
    }
    drop(input);
    assert_eq!(
        output.next().unwrap().unwrap(),
        "1 data race found, 1 unique:"
    );
    assert!(child.wait().unwrap().success());
}
