//! `deadheat init`, `deadheat completions` and `deadheat man`.

use crate::cli::{deadheat, end};
use std::fs;
use std::path::Path;

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A crate as `cargo init` makes it.
fn empty_crate() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let manifest = "[package]\nname = \"fresh\"  # mine\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n";
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/main.rs"), "fn main() {}\n").unwrap();
    folder
}

#[test]
fn an_empty_crate_is_set_up_and_its_test_finds_a_race_when_asked_to() {
    let krate = empty_crate();
    let init = end(
        deadheat().current_dir(krate.path()),
        &["init", "--path", SOURCES],
    );
    init.expect(
        0,
        &[
            "./deadheat.toml is made",
            "./tests/races.rs is made",
            "dev-dependencies",
            "`deadheat test`",
        ],
    );
    let manifest = fs::read_to_string(krate.path().join("Cargo.toml")).unwrap();
    assert!(
        manifest.contains("name = \"fresh\"  # mine\n"),
        "{manifest}"
    );
    assert!(
        manifest.contains("[dev-dependencies]\ndeadheat = { path = \""),
        "{manifest}"
    );

    fs::copy(
        Path::new(SOURCES).join("Cargo.lock"),
        krate.path().join("Cargo.lock"),
    )
    .unwrap();
    let test = |runner: &str| {
        let mut command = deadheat();
        command
            .current_dir(krate.path())
            .env("DEADHEAT_RUNNER", runner);
        // What it depends on is built once for all times that this test runs.
        command.args([
            "test",
            "--offline",
            "--target-dir",
            concat!(env!("CARGO_TARGET_TMPDIR"), "/fresh"),
        ]);
        end(&mut command, &[] as &[&str])
    };
    for runner in ["cargo", "auto"] {
        test(runner).expect(0, &["10 runs under detection", "no data race found"]);
    }
    let path = krate.path().join("tests/races.rs");
    let text = fs::read_to_string(&path).unwrap();
    let join = "    visitor.join().unwrap();\n";
    let update = "    hits.update(|n| *n += 1);\n";
    fs::write(
        &path,
        text.replace(&format!("{join}{update}"), &format!("{update}{join}")),
    )
    .unwrap();
    for runner in ["cargo", "auto"] {
        test(runner).expect(66, &["1 unique:", "on \"hits\", Shared<i32>"]);
    }
    // What is known fails no test, in whichever process it runs.
    let saved = concat!(env!("CARGO_TARGET_TMPDIR"), "/fresh/deadheat/reports.jsonl");
    end(deadheat().current_dir(krate.path()), &["baseline", saved]).expect(0, &["holds 1 race"]);
    fs::write(
        krate.path().join("deadheat.toml"),
        "baseline = 'deadheat-baseline.toml'\n",
    )
    .unwrap();
    for runner in ["cargo", "auto"] {
        let known = test(runner);
        known.expect(0, &["0 failed", "1 unique, none of them new"]);
        assert!(!known.err.contains("WARNING: DATA RACE"), "{}", known.err);
    }
}

#[test]
fn nothing_that_is_there_is_replaced() {
    let krate = empty_crate();
    let init = |args: &[&str]| {
        let mut command = deadheat();
        command.current_dir(krate.path()).arg("init");
        end(&mut command, args)
    };
    let before = fs::read_to_string(krate.path().join("Cargo.toml")).unwrap();
    init(&["--path", "src"]).expect_one_error(&["src is no folder of Deadheat's sources"]);
    fs::create_dir(krate.path().join("tests")).unwrap();
    fs::write(krate.path().join("tests/races.rs"), "mine").unwrap();
    init(&[]).expect_one_error(&["tests/races.rs is there already", "nothing was written"]);
    assert_eq!(
        fs::read_to_string(krate.path().join("Cargo.toml")).unwrap(),
        before
    );
    assert_eq!(
        fs::read_to_string(krate.path().join("tests/races.rs")).unwrap(),
        "mine"
    );
    assert!(!krate.path().join("deadheat.toml").exists());

    fs::remove_file(krate.path().join("tests/races.rs")).unwrap();
    fs::write(
        krate.path().join("Cargo.toml"),
        format!("{before}deadheat = '*'\n"),
    )
    .unwrap();
    init(&[]).expect(0, &["depends on deadheat already"]);
    init(&[]).expect_one_error(&["deadheat.toml is there already"]);
    end(&mut deadheat(), &["init", "/no/such"])
        .expect_one_error(&["/no/such/Cargo.toml", "`cargo init`"]);
    fs::write(krate.path().join("Cargo.toml"), "[workspace]\n").unwrap();
    init(&[]).expect_one_error(&["workspace without a package"]);
    fs::write(krate.path().join("Cargo.toml"), "[package\n").unwrap();
    init(&[]).expect_one_error(&["Cargo.toml cannot be read"]);
}

#[test]
fn completions_and_pages_have_every_option_of_the_help() {
    let options = ["baseline", "partition", "schedules", "no-detect"];
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = end(&mut deadheat(), &["completions", shell]);
        script.expect(0, &[]);
        for option in options {
            assert!(script.out.contains(option), "{shell} lacks {option}");
        }
    }
    end(&mut deadheat(), &["completions", "dos"]).expect(2, &["dos", "bash"]);
    let page = end(&mut deadheat(), &["man"]);
    page.expect(0, &[]);
    assert!(
        page.out.contains(".TH deadheat 1") && page.out.contains("Exit codes"),
        "{}",
        page.out
    );
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("a/man1");
    end(&mut deadheat(), &["man", pages.to_str().unwrap()]).expect(0, &["the manual pages are in"]);
    let test = fs::read_to_string(pages.join("deadheat-test.1")).unwrap();
    for option in options {
        let escaped = option.replace('-', "\\-");
        assert!(test.contains(&escaped), "{test}");
    }
    assert!(pages.join("deadheat-trace-import.1").exists());
    assert!(!pages.join("deadheat-help.1").exists());
    end(&mut deadheat(), &["man", "/dev/null/x"])
        .expect_one_error(&["/dev/null/x", "cannot be written"]);
}
