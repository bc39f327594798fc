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
        .expect_one_error(&["has no report files", ".jsonl"]);
    end(
        deadheat().arg("report").current_dir(folder.path()),
        &[] as &[&str],
    )
    .expect_one_error(&["no report file is named", "Cargo.toml"]);
}

#[test]
fn several_files_and_folders_are_one_report() {
    let folder = tempfile::tempdir().unwrap();
    let save = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let race = |test: &str| sample::file(&[Record::Race(Box::new(sample::race(test, 42)))]);
    save("a.jsonl", &race("a"));
    save("b.jsonl", &race("b"));
    save("notes.txt", "not ours");
    let c = save("c d", &race("c"));
    let report = end(deadheat().arg("report"), &[folder.path(), &c]);
    report.expect(0, &[]);
    let summary = "3 data races found, 1 unique:";
    assert!(report.out.contains(summary), "{}", report.out);
    let missing = folder.path().join("missing");
    let report = end(deadheat().arg("report"), &[&missing, &c]);
    report.expect(2, &["error: ", "missing cannot be read"]);
    assert!(report.out.contains("1 data race found"), "{}", report.out);
    save("z.jsonl", "not ours");
    let report = end(deadheat().arg("report"), &[folder.path(), &c]);
    report.expect(2, &["error: ", "z.jsonl is not a Deadheat report file"]);
    assert!(report.out.contains(summary), "{}", report.out);
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reports.jsonl");
    fs::write(&path, sample::file(&sample::records())).unwrap();
    let to = |out: &str, format: &str| {
        let mut command = deadheat();
        command.args(["report", "-o", out, "--format", format]);
        end(&mut command, &[&path])
    };
    for format in [
        "text", "terminal", "jsonl", "sarif", "junit", "github", "html", "perfetto",
    ] {
        to("/dev/null/page", format).expect_one_error(&["/dev/null/page cannot be written"]);
        #[cfg(target_os = "linux")]
        to("/dev/full", format).expect_one_error(&[
            "/dev/full cannot be written: No space left",
            "the reports are still where they were read from",
        ]);
    }
    #[cfg(target_os = "linux")]
    end(
        deadheat().args(["report", "-o", "/dev/full"]),
        &[&path, &path],
    )
    .expect_one_error(&["/dev/full cannot be written"]);
    to(path.to_str().unwrap(), "html").expect_one_error(&["both the input and the output"]);
    let page = folder.path().join("my page.html");
    to(page.to_str().unwrap(), "html").expect(0, &[]);
    assert!(
        fs::read_to_string(&page)
            .unwrap()
            .starts_with("<!DOCTYPE html>")
    );
}

#[test]
fn damage_is_told_in_every_format_and_costs_no_whole_line() {
    let race = |test: &str, line| sample::file(&[Record::Race(Box::new(sample::race(test, line)))]);
    let later = race("later", 3).replacen("\"deadheat\":1", "\"deadheat\":2", 1);
    let (cut, _) = later.split_at(60);
    let input = format!("{}{later}{}{cut}", race("one", 42), race("two", 77));
    for format in [
        "text", "terminal", "jsonl", "sarif", "junit", "github", "html", "perfetto",
    ] {
        let mut command = deadheat();
        command.args(["report", "--format", format, "-"]);
        let report = end_with_input(&mut command, input.as_bytes());
        let told = [
            "standard input:2: the line has version 2",
            "standard input:4: ",
        ];
        report.expect(2, &told);
        for line in ["42", "77"] {
            assert!(report.out.contains(line), "{format}: {}", report.out);
        }
        let says = report.out.contains("may be missing here");
        assert_eq!(says, matches!(format, "sarif" | "html"), "{format}");
    }
}

#[test]
fn colours_come_when_asked_for() {
    let input = sample::file(&[Record::Race(Box::new(sample::quoting()))]);
    let print = |arguments: &[&str]| {
        let mut command = deadheat();
        command
            .args(["report", "--format", "terminal"])
            .args(arguments)
            .arg("-");
        end_with_input(&mut command, input.as_bytes()).out
    };
    assert!(!print(&[]).contains('\u{1b}'));
    assert!(!print(&["--color=never"]).contains('\u{1b}'));
    assert!(print(&["--color=always"]).contains("\u{1b}["));
}

#[test]
fn source_that_has_changed_is_not_misquoted() {
    let folder = tempfile::tempdir().unwrap();
    let quoting = sample::quoting();
    let lines = &quoting.current.source.as_ref().unwrap().lines;
    let input = sample::file(&[Record::Race(Box::new(quoting.clone()))]);
    fs::create_dir(folder.path().join("src")).unwrap();
    let print = |source: &str, format: &str| {
        fs::write(folder.path().join("src/bank.rs"), source).unwrap();
        let mut command = deadheat();
        command.current_dir(folder.path());
        command.args(["report", "--format", format, "-"]);
        end_with_input(&mut command, input.as_bytes()).out
    };
    // The current access's lines begin at 40, the previous one's at 39: one of them is as it was.
    let same = "\n".repeat(39) + &lines.join("\n");
    let words = "has changed since the run";
    let text = print(&same, "terminal");
    assert!(
        text.contains("src/bank.rs:41:9 has changed since the run"),
        "{text}"
    );
    assert!(!text.contains("src/bank.rs:42:9 has changed"), "{text}");
    assert!(print(&same, "html").contains("\"changed\":[false,true]"));
    let text = print("fn other() {}\n", "terminal");
    assert_eq!(text.matches(words).count(), 2, "{text}");
    assert!(
        text.contains("self.balance.set") && !text.contains("other"),
        "{text}"
    );
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
