//! Baselines and suppressions.

use crate::cli::{End, deadheat, end};
use crate::krate::Krate;
use crate::sample;
use deadheat_detector::report::Record;
use std::fs;
use std::path::Path;

fn races(lines: &[u32]) -> String {
    let race = |line: &u32| Record::Race(Box::new(sample::race("bank::transfer", *line)));
    sample::file(&lines.iter().map(race).collect::<Vec<_>>())
}

/// Runs `deadheat` in a folder.
fn run(folder: &Path, args: &[&str]) -> End {
    end(deadheat().current_dir(folder), args)
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn a_baseline_is_sorted_readable_and_keeps_notes() {
    let folder = folder(&[
        ("one.jsonl", &races(&[77, 42])),
        ("two.jsonl", &races(&[42, 9])),
    ]);
    let here = folder.path();
    let written = run(here, &["baseline", "two.jsonl", "one.jsonl"]);
    written.expect(
        0,
        &["deadheat-baseline.toml holds 3 races: 3 added, 0 as before, 0 gone"],
    );
    let path = here.join("deadheat-baseline.toml");
    let text = fs::read_to_string(&path).unwrap();
    let order: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("fingerprint"))
        .collect();
    assert_eq!(
        order,
        [9, 42, 77].map(|line| format!("fingerprint = \"{line:016x}\""))
    );
    assert!(
        text.contains("\"write in bank::transfer (src/bank.rs)\""),
        "{text}"
    );
    assert!(!text.contains(":42"), "no lines of source: {text}");

    run(here, &["baseline", "one.jsonl", "two.jsonl"]).expect(0, &["0 added, 3 as before, 0 gone"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), text);

    fs::write(&path, text.replacen("]\n", "]\nnote = \"ask Ann\"\n", 1)).unwrap();
    run(here, &["baseline", "two.jsonl"]).expect(0, &["0 added, 2 as before, 1 gone"]);
    assert!(
        fs::read_to_string(&path)
            .unwrap()
            .contains("note = \"ask Ann\"")
    );
    run(here, &["baseline", "--keep", "one.jsonl"]).expect(0, &["1 added, 2 as before, 0 gone"]);
}

#[test]
fn a_baseline_is_not_made_of_damaged_reports() {
    let whole = races(&[42, 77]);
    let folder = folder(&[
        ("cut.jsonl", &whole[..whole.len() - 9]),
        ("foreign.jsonl", "not ours\n"),
        ("deadheat-baseline.toml", "version = 1\n"),
        ("wrong.toml", "version = 1\n[[rcae]]\n"),
    ]);
    let here = folder.path();
    run(here, &["baseline", "cut.jsonl"]).expect(2, &["cut.jsonl:2", "nothing is written"]);
    run(here, &["baseline", "foreign.jsonl"]).expect_one_error(&["is not a Deadheat report file"]);
    let known = fs::read_to_string(here.join("deadheat-baseline.toml")).unwrap();
    assert_eq!(known, "version = 1\n");
    run(here, &["baseline", "cut.jsonl", "-o", "wrong.toml"])
        .expect_one_error(&["wrong.toml:2: unknown key \"rcae\"; did you mean \"race\"?"]);
}

#[test]
fn only_new_races_fail_a_suite() {
    let krate = Krate::new();
    let here = krate.path();
    let saved = here.join("saved.jsonl");
    fs::write(&saved, races(&[42, 77])).unwrap();
    run(here, &["baseline", "saved.jsonl", "-o", "known.toml"]).expect(0, &[]);
    let baseline = here.join("known.toml");
    let test = |lines: &[u32]| {
        let mut command = krate.command();
        command.env("RECORDS", races(lines));
        command.arg("--baseline").arg(&baseline);
        end(&mut command, &["--lib", "reports", "--", "--nocapture"])
    };
    let known = test(&[42, 42]);
    known.expect(
        0,
        &[
            "deadheat: 2 data races found, 1 unique, none of them new",
            "deadheat: 1 race known, in the baseline ",
            "  write at src/bank.rs:42:9 races with",
            "1 race of the baseline",
            "did not come up",
            "  000000000000004d: read in bank::transfer (src/bank.rs) races with",
        ],
    );
    assert!(known.out.contains(",known="), "{}", known.out);
    let new = test(&[42, 5, 77]);
    new.expect(
        66,
        &[
            "3 data races found, 3 unique, 1 of them new:\n  write at src/bank.rs:5:9",
            "2 races known",
        ],
    );
    assert!(!new.err.contains("did not come up"), "{}", new.err);

    // What is counted and not reported may be new.
    let mut command = krate.command();
    let lost = Record::Outcome(sample::outcome("bank::other", 2));
    command.env("RECORDS", races(&[42]) + &sample::file(&[lost]));
    command.env("DEADHEAT_BASELINE", &baseline);
    end(&mut command, &["--lib", "reports"])
        .expect(66, &["the reports of 1 test are lost, and count as new"]);
}

#[test]
fn a_baseline_that_is_not_there_is_named_before_anything_is_built() {
    let krate = Krate::new();
    let test = krate.test(&["--lib", "--baseline", "no/such.toml"]);
    test.expect_one_error(&["no/such.toml cannot be read", "`deadheat baseline -o"]);
    assert!(!krate.path().join("elsewhere").exists());
}

const SUPPRESSIONS: &str = "\
[[suppression]]
function = 'bank::trans*'
file = 'src/*'
reason = 'waits for the \u{202e} rewrite'
expires = 9999-12-31

[[suppression]]
cell = 'balance'
reason = 'old'
expires = 2020-01-31

[[suppression]]
file = 'gone/*'
reason = 'mended'
";

#[test]
fn suppressions_have_reasons_and_end() {
    let folder = folder(&[
        ("deadheat.toml", SUPPRESSIONS),
        ("all.jsonl", &races(&[42, 77])),
    ]);
    let report = run(folder.path(), &["report", "all.jsonl"]);
    report.expect(
        0,
        &[
            "deadheat.toml:7 (cell balance) expired on 2020-01-31 and is not applied",
            "deadheat.toml:12 (file gone/*) matched no race",
        ],
    );
    assert!(!report.out.contains("WARNING: DATA RACE"), "{}", report.out);
    let words = "2 races suppressed, waits for the \\u{202e} rewrite:\n  write at src/bank.rs:42:9";
    assert!(report.out.contains(words), "{}", report.out);
    run(folder.path(), &["baseline", "all.jsonl"]).expect(0, &["holds 0 races"]);
}

#[test]
fn every_format_tells_known_races_from_new_ones() {
    let folder = folder(&[
        ("known.jsonl", &races(&[42])),
        ("all.jsonl", &races(&[42, 77])),
    ]);
    let here = folder.path();
    run(here, &["baseline", "known.jsonl"]).expect(0, &[]);
    let print = |format: &str, file: &str, code| {
        let baseline = "--baseline=deadheat-baseline.toml";
        let printed = run(here, &["report", baseline, "--format", format, file]);
        printed.expect(code, &[]);
        printed.out
    };
    for format in ["text", "terminal", "github", "junit"] {
        let text = print(format, "all.jsonl", 66);
        let known = text.matches("src/bank.rs:42:9").count() + text.matches("line=42").count();
        // Text counts them in its summary, the others leave them out.
        assert_eq!(
            known,
            usize::from(format.starts_with('t')),
            "{format}: {text}"
        );
        assert!(text.contains("77"), "{format}: {text}");
        assert!(!print(format, "known.jsonl", 0).contains("DATA RACE"));
    }
    let sarif = print("sarif", "all.jsonl", 66);
    assert_eq!(
        sarif.matches("\"baselineState\":\"new\"").count(),
        1,
        "{sarif}"
    );
    assert_eq!(sarif.matches("\"baselineState\":\"unchanged\"").count(), 1);
    assert_eq!(print("html", "all.jsonl", 66).matches("(known)").count(), 1);
    assert_eq!(print("jsonl", "all.jsonl", 66).lines().count(), 2);
    // Without the option there is no verdict.
    run(here, &["report", "all.jsonl"]).expect(0, &[]);
}

#[cfg(unix)]
#[test]
fn a_program_with_known_races_keeps_its_code() {
    let folder = folder(&[("known.jsonl", &races(&[42]))]);
    let here = folder.path();
    run(here, &["baseline", "known.jsonl"]).expect(0, &[]);
    let script = r#"
        log=$(printf '%s' "$DEADHEAT" | sed -n 's/.*log=\([^,]*\).*/\1/p')
        known=$(printf '%s' "$DEADHEAT" | sed -n 's/.*known=\([^,]*\).*/\1/p')
        cat "$known"; cat "$0" >> "$log"; exit 3"#;
    let program = ["--", "sh", "-c", script, "known.jsonl"];
    let with = end(
        deadheat()
            .current_dir(here)
            .args(["run", "--baseline", "deadheat-baseline.toml"]),
        &program,
    );
    with.expect(3, &["1 unique, none of them new"]);
    assert!(
        with.out.contains("\"fingerprints\":[\"000000000000002a\"]"),
        "{}",
        with.out
    );
    end(
        deadheat().current_dir(here).arg("run"),
        &[
            "--",
            "sh",
            "-c",
            &script.replace("cat \"$known\";", ""),
            "known.jsonl",
        ],
    )
    .expect(66, &["1 data race found, 1 unique:"]);
}
