//! `deadheat run`, with small programs of the shell.

use crate::cli::{End, deadheat, end};
use crate::sample;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Adds what RECORDS holds to the file that `log=` names, then does what follows.
const ADD: &str = r#"
    log=$(printf '%s' "$DEADHEAT" | sed -n 's/.*log=\([^,]*\).*/\1/p')
    printf '%s' "$RECORDS" >> "$log"
"#;

fn shell(command: &mut Command, options: &[&str], script: &str) -> End {
    let program = ["--", "sh", "-c", script, "script"];
    command.arg("run").args(options);
    end(command, &program)
}

/// `deadheat` with a folder of its own for temporary files.
fn in_folder(folder: &Path) -> Command {
    let mut command = deadheat();
    command.env("TMPDIR", folder);
    command
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().path().display().to_string())
        .collect()
}

#[test]
fn races_are_summed_up_and_end_with_66() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = in_folder(folder.path());
    command.env("RECORDS", sample::file(&sample::records()));
    let run = shell(&mut command, &[], &format!("{ADD} echo out; exit 3"));
    let saved = files(folder.path());
    assert_eq!(saved.len(), 1);
    let again = format!("`deadheat report {}` prints them again", saved[0]);
    run.expect(
        66,
        &[
            "deadheat: 3 data races found, 1 unique:\n  write at src/bank.rs:42:9 races with",
            "deadheat: 1 failure without a race:\n  deadlock in bank::audit_hangs",
            &again,
        ],
    );
    assert_eq!(run.out, "out\n");
    end(deadheat().arg("report"), &saved).expect(0, &[]);
}

#[test]
fn a_program_without_races_keeps_its_code_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let run = |script: &str| shell(&mut in_folder(folder.path()), &[], script);
    for code in [0, 1, 66, 101, 255] {
        let run = run(&format!("exit {code}"));
        run.expect(code, &[]);
        assert_eq!(run.err, "");
    }
    run("kill -9 $$").expect(128 + 9, &[]);
    run("kill -15 $$").expect(128 + 15, &[]);
    assert!(files(folder.path()).is_empty());
}

#[test]
fn a_killed_program_keeps_its_reports() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = in_folder(folder.path());
    let records = sample::file(&sample::records()[..1]) + "{\"deadheat\":1,\"ty";
    let run = shell(
        command.env("RECORDS", records),
        &[],
        &format!("{ADD} kill -9 $$"),
    );
    run.expect(66, &["1 data race found", ":2: the line is cut short"]);
}

#[test]
fn a_failure_alone_is_told_and_keeps_the_code() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = in_folder(folder.path());
    let records = sample::file(&sample::records()[1..2]);
    let run = shell(
        command.env("RECORDS", records),
        &[],
        &format!("{ADD} exit 4"),
    );
    run.expect(
        4,
        &["no data race found", "deadlock in", "reports are saved"],
    );
}

#[test]
fn the_variable_holds_the_options_over_the_users_own() {
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("a b/reports.jsonl");
    let json = format!("--json={}", saved.display());
    let mut command = deadheat();
    command.env("DEADHEAT", "detect=off,seed=1,steps=5,log=other");
    let options = ["--seed", "0xff", "--scheduler=parallel", &json];
    let run = shell(&mut command, &options, r#"echo "$DEADHEAT""#);
    run.expect(0, &[]);
    assert_eq!(
        run.out,
        format!(
            "detect=on,seed=255,scheduler=parallel,steps=5,log=\"{}\"\n",
            saved.display()
        )
    );
    assert_eq!(fs::read(&saved).unwrap(), b"");
}

#[test]
fn arguments_after_the_dashes_are_the_programs() {
    let words = ["run", "--", "echo", "--seed", "3", "--", "-h"];
    let run = end(&mut deadheat(), &words);
    run.expect(0, &[]);
    assert_eq!(run.out, "--seed 3 -- -h\n");
}

#[test]
fn a_program_that_cannot_be_started_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let start = |name: &str| {
        let mut command = in_folder(folder.path());
        end(command.args(["run", "--"]), &[name])
    };
    start("./no such\u{1b} program")
        .expect_one_error(&[r"./no such\u{1b} program", "No such file"]);
    start("/").expect_one_error(&["/ cannot be started", "denied"]);
    start("").expect(2, &["error: "]);
    assert!(files(folder.path()).is_empty());
}

#[test]
fn a_misspelt_key_is_named_with_the_nearest() {
    let mut command = deadheat();
    command.env("DEADHEAT", "sede=1");
    shell(&mut command, &[], "echo started").expect_one_error(&[
        "DEADHEAT",
        "\"sede\"",
        "did you mean \"seed\"?",
    ]);
}

#[test]
fn a_place_that_cannot_hold_reports_is_named() {
    for path in ["/dev/null/x", "/dev/null", "/"] {
        let run = shell(&mut deadheat(), &["--json", path], "echo started");
        run.expect_one_error(&["reports cannot be saved", path]);
    }
}

#[test]
fn a_variable_that_is_not_text_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let mut command = deadheat();
    command.env("DEADHEAT", std::ffi::OsStr::from_bytes(b"seed=\xff"));
    shell(&mut command, &[], "echo started").expect_one_error(&["UTF-8"]);
}
