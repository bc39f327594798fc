//! `deadheat test`.

use crate::cli::{cargo_deadheat, deadheat, end};
use crate::krate::Krate;
use crate::sample;
use std::fs;
use std::io;

#[test]
fn plain_tests_are_counted_and_fail_as_cargos_do() {
    let krate = Krate::new();
    let test = krate.test(&["--lib"]);
    test.expect(
        101,
        &[
            "deadheat: 3 tests run, 2 passed, 1 failed, 1 ignored; 0 runs under detection",
            "no test ran under detection",
            "#[deadheat::test]",
        ],
    );
    assert!(test.out.contains("as planned"), "{}", test.out);
    assert!(test.out.contains("test result: FAILED. 2 passed; 1 failed"));

    let test = krate.test(&["--lib", "passes", "--", "--exact", "--color=always"]);
    test.expect(0, &["deadheat: 1 test run, 1 passed, 0 failed; 0 runs"]);
    assert_eq!(fs::read(krate.reports()).unwrap(), b"");
}

#[test]
fn races_are_summed_up_and_end_with_66() {
    let krate = Krate::new();
    let mut command = krate.command();
    command.env("RECORDS", sample::file(&sample::records()));
    let args = ["--seed", "0x2a", "reports", "--lib", "--schedules=9"];
    let test = end(&mut command, &[&args[..], &["--", "--nocapture"]].concat());
    let reports = krate.reports();
    let again = format!("`deadheat report {}` prints them", reports.display());
    test.expect(
        66,
        &[
            "deadheat: 1 test run, 1 passed, 0 failed; 1 run under detection",
            "deadheat: 3 data races found, 1 unique:\n  write at src/bank.rs:42:9",
            "deadheat: 1 failure without a race:",
            &again,
        ],
    );
    let log = reports.display();
    let settings = format!("DEADHEAT: detect=on,seed=42,schedules=9,log={log}\n");
    assert!(test.out.contains(&settings), "{}", test.out);
    end(deadheat().arg("report"), &[&reports]).expect(0, &[]);

    // The next run begins a new file, and says what was drawn for it.
    let test = krate.test(&["--lib", "--seed=random", "reports", "--", "--nocapture"]);
    test.expect(0, &["was drawn; --seed "]);
    let seed = test.err.split("--seed ").nth(1).unwrap();
    let seed = seed.split(' ').next().unwrap();
    assert!(test.out.contains(&format!("detect=on,seed={seed},log=")));
    assert_eq!(fs::read(&reports).unwrap(), b"");
}

#[test]
fn a_clean_run_ends_with_0_and_a_broken_line_does_not() {
    let krate = Krate::new();
    let clean = sample::file(
        &[deadheat_detector::report::Record::Outcome(sample::outcome(
            "t", 0,
        ))],
    );
    let run = |records: &str| {
        let mut command = krate.command();
        command.env("RECORDS", records);
        end(&mut command, &["--lib", "reports"])
    };
    run(&clean).expect(
        0,
        &["1 run under detection", "deadheat: no data race found"],
    );
    let broken = run(&format!("{clean}{{\"deadheat\":1"));
    broken.expect(2, &["reports.jsonl:2: the line is cut short"]);
    let all_broken = run("{\"deadheat\":1");
    all_broken.expect(2, &["line 1: the line is cut short"]);
    assert!(
        !all_broken.err.contains("no test ran"),
        "{}",
        all_broken.err
    );
}

#[test]
fn reports_are_where_they_are_asked_for() {
    let krate = Krate::new();
    let saved = krate.path().join("my reports/all.jsonl");
    let mut command = krate.command();
    command.env("RECORDS", sample::file(&sample::records()));
    command.current_dir(krate.path());
    let args = ["--json", "my reports/all.jsonl", "--lib", "reports"];
    let again = format!("`deadheat report '{}'`", saved.display());
    end(&mut command, &args).expect(66, &[&again]);
    assert!(saved.exists());
    assert!(!krate.reports().exists());

    let test = krate.test(&["--lib", "--json", krate.path().to_str().unwrap()]);
    test.expect(2, &["error: reports cannot be saved in ", "not a file"]);
}

#[test]
fn reports_go_elsewhere_where_the_target_directory_takes_none() {
    let krate = Krate::new();
    let temporary = tempfile::tempdir().unwrap();
    fs::create_dir(krate.path().join("elsewhere")).unwrap();
    fs::write(krate.path().join("elsewhere/deadheat"), "in the way").unwrap();
    let mut command = krate.command();
    command.env("RECORDS", sample::file(&sample::records()));
    command.env("TMPDIR", temporary.path());
    let test = end(&mut command, &["--lib", "reports"]);
    test.expect(
        66,
        &[
            "cannot be saved in",
            "they go to a temporary file",
            "3 data races found",
        ],
    );
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 1);
}

#[test]
fn the_current_folders_crate_is_tested_as_cargo_would() {
    let krate = Krate::new();
    let mut command = cargo_deadheat();
    command.current_dir(krate.path());
    command.env("RECORDS", sample::file(&sample::records()));
    let test = end(&mut command, &["test", "--lib", "--offline", "reports"]);
    let reports = krate.path().join("target/deadheat/reports.jsonl");
    let reports = fs::canonicalize(reports).unwrap();
    let again = format!("`cargo deadheat report {}`", reports.display());
    test.expect(66, &[&again]);

    // Which need not be named.
    let report = end(deadheat().current_dir(krate.path()), &["report"]);
    report.expect(0, &[]);
    assert!(
        report.out.contains("3 data races found, 1 unique:"),
        "{}",
        report.out
    );
}

#[test]
fn every_binary_runs_unless_told_otherwise() {
    let krate = Krate::new();
    fs::create_dir(krate.path().join("tests")).unwrap();
    fs::write(krate.path().join("tests/more.rs"), "#[test] fn more() {}").unwrap();
    krate
        .test(&["--tests"])
        .expect(101, &["4 tests run, 3 passed, 1 failed, 1 ignored"]);
    krate
        .test(&["--tests", "--fail-fast"])
        .expect(101, &["3 tests run, 2 passed, 1 failed"]);
    krate
        .test(&["--no-fail-fast", "--tests"])
        .expect(101, &["4 tests run"]);
}

#[test]
fn a_manifest_that_is_not_there_is_named() {
    let missing = ["test", "--manifest-path", "/no/such/Cargo.toml"];
    end(&mut deadheat(), &missing).expect_one_error(&["/no/such/Cargo.toml", "does not exist"]);
    let folder = tempfile::tempdir().unwrap();
    end(deadheat().current_dir(folder.path()), &["test"])
        .expect_one_error(&["could not find `Cargo.toml`"]);
    let krate = Krate::new();
    fs::write(krate.manifest(), "[package]\nname = 1\n").unwrap();
    let test = krate.test(&[]);
    test.expect(2, &["error: ", "Cargo.toml"]);
    assert_eq!(test.err.matches("error").count(), 1, "{}", test.err);
}

#[test]
fn a_crate_that_does_not_compile_is_a_failed_build() {
    let krate = Krate::with_source("fn f() -> u8 { \"\" }");
    let test = krate.test(&["--lib"]);
    test.expect(
        2,
        &[
            "mismatched types",
            "\nerror: the build failed (exit status: 101)",
        ],
    );
    assert!(!krate.reports().exists());
    krate
        .test(&["--doc"])
        .expect(2, &["mismatched types", "\nerror: the build failed"]);
}

#[test]
fn options_that_nobody_knows_are_refused() {
    let krate = Krate::new();
    krate
        .test(&["--sede", "3"])
        .expect(2, &["'--sede'", "error: the build failed", "does not take"]);
    krate
        .test(&["--seed", "three"])
        .expect(2, &["three", "a seed is"]);
    krate.test(&["--schedules=0"]).expect(2, &["--schedules"]);
}

#[test]
fn a_misspelt_key_is_named_before_anything_is_built() {
    let krate = Krate::new();
    let mut command = krate.command();
    command.env("DEADHEAT", "scheduler=parallel,sceduler=x");
    end(&mut command, &["--lib"]).expect_one_error(&["DEADHEAT", "did you mean \"scheduler\"?"]);
    assert!(!krate.path().join("elsewhere").exists());
}

#[test]
fn a_build_can_be_all_that_is_wanted() {
    let krate = Krate::new();
    let test = krate.test(&["--lib", "--no-run"]);
    test.expect(0, &["the suite is built"]);
    assert!(!krate.reports().exists());
}

#[test]
fn documentation_can_be_all_that_is_tested() {
    let source = "/// ```\n/// assert!(true);\n/// ```\npub fn good() {}\n\
                  /// ```\n/// assert!(false);\n/// ```\npub fn bad() {}\n";
    let krate = Krate::with_source(source);
    krate
        .test(&["--doc"])
        .expect(101, &["2 tests run, 1 passed, 1 failed"]);
}

#[test]
fn a_closed_pipe_does_not_end_the_tests() {
    let krate = Krate::new();
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let output = krate
        .command()
        .arg("--lib")
        .stdout(writer)
        .output()
        .unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(101), "{err}");
    assert!(err.contains("3 tests run, 2 passed, 1 failed"), "{err}");
    assert!(!err.contains("output cannot be passed on"), "{err}");
}

#[test]
fn an_option_without_its_value_is_named() {
    let test = end(&mut deadheat(), &["test", "--manifest-path"]);
    test.expect(2, &["error: --manifest-path needs a value"]);
}
