//! What runs a suite: `cargo nextest`, where it is installed, or `cargo test`; runs and parts.

use crate::cli::{End, deadheat, end};
use crate::krate::Krate;
use crate::sample;
use deadheat_detector::report::Record;
use std::fs;
use std::process::Command;

/// Whether nextest is there to be tested with; where it is not, that is said.
pub(crate) fn nextest() -> bool {
    let found = Command::new("cargo")
        .args(["nextest", "--version"])
        .output();
    let found = found.is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("cargo-nextest is not installed, so it is not tested with");
    }
    found
}

/// Runs `deadheat test` with a runner that is chosen.
fn by(krate: &Krate, runner: &str, args: &[&str]) -> End {
    let mut command = krate.command();
    command.env("DEADHEAT_RUNNER", runner);
    command.env("RECORDS", sample::file(&sample::records()));
    end(&mut command, args)
}

#[test]
fn nextest_runs_each_test_in_a_process_of_its_own() {
    if !nextest() {
        return;
    }
    let process = r#"
        fn name() { println!("process {}", std::process::id()); }
        #[test] fn one() { name() }
        #[test] fn two() { name() }
        #[test] fn three() { name(); panic!("as planned") }
    "#;
    let krate = Krate::with_source(process);
    let test = by(&krate, "auto", &["--lib", "--", "--nocapture"]);
    test.expect(
        101,
        &[
            "deadheat: 3 tests run, 2 passed, 1 failed; 0 runs",
            "as planned",
        ],
    );
    let mut processes: Vec<_> = test
        .out
        .lines()
        .filter(|line| line.starts_with("process "))
        .collect();
    processes.sort_unstable();
    processes.dedup();
    assert_eq!(processes.len(), 3, "{}", test.out);
    assert!(!test.out.contains("\"type\""), "{}", test.out);
}

#[test]
fn nextest_takes_cargos_arguments_and_finds_races() {
    if !nextest() {
        return;
    }
    let krate = Krate::new();
    let test = by(
        &krate,
        "nextest",
        &["--lib", "-j2", "--profile", "dev", "reports", "--seed=5"],
    );
    test.expect(
        66,
        &[
            "deadheat: 1 test run, 1 passed, 0 failed; 1 run under",
            "1 unique:",
        ],
    );
    by(
        &krate,
        "nextest",
        &["--lib", "passes", "--", "--exact", "--test-threads", "1"],
    )
    .expect(0, &["deadheat: 1 test run, 1 passed, 0 failed"]);
    by(&krate, "nextest", &["--lib"]).expect(66, &["3 tests run, 2 passed, 1 failed, 1 ignored"]);
    by(&krate, "nextest", &["--lib", "no_such_test"]).expect(0, &["0 tests run"]);
    // What it does not take is said, and cargo takes it.
    let args = ["--lib", "passes", "--", "--color=always"];
    by(&krate, "auto", &args).expect(
        0,
        &[
            "cargo runs the tests, for nextest does not take --color",
            "1 test run",
        ],
    );
    by(&krate, "nextest", &args)
        .expect_one_error(&["nextest does not take --color", "--runner cargo"]);
    by(&krate, "nextest", &["--lib", "--sede", "3"])
        .expect(2, &["--sede", "error: the build failed", "does not take"]);
}

#[test]
fn documentation_is_tested_too() {
    if !nextest() {
        return;
    }
    let source = "/// ```\n/// assert!(true);\n/// ```\npub fn good() {}\n#[test] fn plain() {}\n";
    let krate = Krate::with_source(source);
    by(&krate, "nextest", &[]).expect(0, &["deadheat: 2 tests run, 2 passed"]);
    by(&krate, "nextest", &["--lib"]).expect(0, &["deadheat: 1 test run, 1 passed"]);
    by(&krate, "auto", &["--doc"]).expect(0, &["deadheat: 1 test run, 1 passed"]);
}

#[test]
fn a_failed_build_leaves_the_reports_that_were_there() {
    let krate = Krate::new();
    by(&krate, "cargo", &["--lib", "reports"]).expect(66, &[]);
    let before = fs::read(krate.reports()).unwrap();
    fs::write(krate.path().join("src/lib.rs"), "fn f() -> u8 { \"\" }").unwrap();
    for runner in ["cargo", "auto"] {
        by(&krate, runner, &["--lib"]).expect(2, &["mismatched types", "error: the build failed"]);
        assert_eq!(fs::read(krate.reports()).unwrap(), before);
        assert!(!krate.reports().with_extension("jsonl.before").exists());
    }
}

#[test]
fn a_test_that_takes_too_long_is_ended() {
    if !nextest() {
        return;
    }
    let krate = Krate::with_source(
        "#[test] fn hangs() { loop { std::thread::park() } }\n#[test] fn other() {}",
    );
    by(&krate, "auto", &["--lib", "--timeout", "2s"])
        .expect(101, &["2 tests run, 1 passed, 1 failed", "TIMEOUT"]);
}

#[test]
fn what_needs_nextest_says_so() {
    let krate = Krate::new();
    for args in [
        ["--timeout", "2s"],
        ["--filter", "test(a)"],
        ["--partition", "hash:1/2"],
    ] {
        by(&krate, "cargo", &args).expect_one_error(&[args[0], "needs nextest", "cargo is chosen"]);
    }
    let mut command = krate.command();
    command.env("DEADHEAT_RUNNER", "nextest");
    let path = std::env::var("PATH").unwrap();
    let without = path
        .split(':')
        .filter(|folder| !std::path::Path::new(folder).join("cargo-nextest").exists());
    let without: Vec<_> = without.collect();
    let cargo = Command::new("rustup").args(["which", "cargo"]).output();
    let Ok(cargo) = cargo else { return };
    command.env("CARGO", String::from_utf8(cargo.stdout).unwrap().trim());
    command
        .env("PATH", without.join(":"))
        .env("CARGO_HOME", krate.path());
    end(&mut command, &["--lib"])
        .expect_one_error(&["not installed", "cargo install --locked cargo-nextest"]);
}

#[test]
fn each_run_has_other_seeds() {
    let krate = Krate::new();
    let args = [
        "--lib",
        "reports",
        "--runs=3",
        "--seed=7",
        "--",
        "--nocapture",
    ];
    let mut command = krate.command();
    let test = end(&mut command, &args);
    test.expect(
        0,
        &[
            "run 1 of 3, from seed 7",
            "run 3 of 3, from seed 2000007",
            "3 tests run, 3 passed",
        ],
    );
    for seed in ["seed=7,", "seed=1000007,", "seed=2000007,"] {
        assert_eq!(test.out.matches(seed).count(), 1, "{}", test.out);
    }
    // Without a seed, tests keep their own in the first run.
    let test = krate.test(&["--lib", "reports", "--runs", "2", "--", "--nocapture"]);
    assert!(test.out.contains("DEADHEAT: detect=on,log=") && test.out.contains("seed=1000000,"));
    krate
        .test(&["--lib", "--runs=3", "--fail-fast"])
        .expect(101, &["deadheat: 3 tests run, 2 passed, 1 failed"]);
    krate
        .test(&["--lib", "--runs=2"])
        .expect(101, &["deadheat: 6 tests run, 4 passed, 2 failed"]);
}

#[test]
fn without_detection_nothing_is_looked_for() {
    let krate = Krate::new();
    let test = krate.test(&["--lib", "reports", "--no-detect", "--", "--nocapture"]);
    test.expect(0, &["0 runs under detection", "detection was off"]);
    assert!(test.out.contains("DEADHEAT: detect=off,"), "{}", test.out);
    assert!(!test.err.contains("no test ran"), "{}", test.err);
}

#[test]
fn parts_are_joined() {
    if !nextest() {
        return;
    }
    let krate = Krate::new();
    let file = |name: &str| krate.path().join(name).display().to_string();
    let mut tests = 0;
    for part in ["1", "2"] {
        let json = file(&format!("part-{part}.jsonl"));
        let test = by(
            &krate,
            "auto",
            &[
                "--lib",
                "--partition",
                &format!("hash:{part}/2"),
                "--json",
                &json,
            ],
        );
        let ran = test
            .err
            .split("deadheat: ")
            .skip(1)
            .find_map(|text| text.split_once(" test"))
            .unwrap();
        tests += ran.0.parse::<u32>().unwrap();
    }
    assert_eq!(tests, 3);
    let joined = file("joined.jsonl");
    let merge = end(
        deadheat().args(["merge", "-o", &joined]),
        &[file("part-1.jsonl"), file("part-2.jsonl")],
    );
    merge.expect(0, &["3 records of 2 files are in "]);
    end(deadheat().arg("report"), &[&joined]).expect(0, &[]);
    assert_eq!(
        fs::read_to_string(&joined).unwrap(),
        sample::file(&sample::records())
    );
}

#[test]
fn an_archive_is_run_elsewhere() {
    if !nextest() {
        return;
    }
    let krate = Krate::new();
    let archive = krate.path().join("suite.tar.zst");
    let made = Command::new("cargo")
        .args(["nextest", "archive", "--offline", "--archive-file"])
        .arg(&archive)
        .current_dir(krate.path())
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let elsewhere = tempfile::tempdir().unwrap();
    let mut command = deadheat();
    command.current_dir(elsewhere.path());
    command.env("TMPDIR", elsewhere.path());
    command.env("RECORDS", sample::file(&sample::records()));
    command.arg("test").arg("--archive-file").arg(&archive);
    command.arg("--workspace-remap").arg(krate.path());
    end(&mut command, &["reports"]).expect(66, &["1 test run, 1 passed", "1 unique:"]);
}

#[test]
fn merging_loses_nothing_and_names_what_it_cannot_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let race = |test: &str| sample::file(&[Record::Race(Box::new(sample::race(test, 42)))]);
    // A field of a later version of the form stays.
    let later = race("b").replacen("\"type\"", "\"news\":3,\"type\"", 1);
    fs::write(path("a.jsonl"), race("a")).unwrap();
    fs::write(path("b.jsonl"), format!("{later}\n{}", &race("c")[..80])).unwrap();
    fs::write(path("foreign.jsonl"), "not ours\n").unwrap();
    fs::write(path("empty.jsonl"), "").unwrap();
    let merge = |files: &[&str], to: &str| {
        let files: Vec<_> = files.iter().map(|name| path(name)).collect();
        end(deadheat().args(["merge", "-o", to]), &files)
    };
    let damaged = merge(&["b.jsonl", "a.jsonl", "empty.jsonl"], "-");
    damaged.expect(
        2,
        &[
            "b.jsonl:3: the line is cut short",
            "2 records of 3 files",
            "1 line that cannot",
        ],
    );
    assert_eq!(damaged.out, later + &race("a"));
    merge(&["a.jsonl", "foreign.jsonl"], &path("out"))
        .expect_one_error(&["foreign.jsonl:1", "leave it out"]);
    assert!(!folder.path().join("out").exists());
    merge(&["a.jsonl", "a.jsonl"], "-").expect_one_error(&["a.jsonl is named twice"]);
    merge(&["a.jsonl"], &path("a.jsonl")).expect_one_error(&["both the input and the output"]);
    merge(&["missing.jsonl"], "-").expect_one_error(&["missing.jsonl cannot be read"]);
    #[cfg(target_os = "linux")]
    merge(&["a.jsonl"], "/dev/full").expect_one_error(&["/dev/full cannot be written"]);
}
