//! `deadheat.toml`, and what Cargo.toml has of it.

use crate::cli::{deadheat, end};
use crate::krate::Krate;
use std::fs;

/// What the tests of a crate are told, as `DEADHEAT` has it.
fn told(krate: &Krate, variable: &str, args: &[&str]) -> String {
    let mut command = krate.command();
    command.env("DEADHEAT", variable);
    let args = [args, &["--lib", "reports", "--", "--nocapture"]].concat();
    let test = end(&mut command, &args);
    test.expect(0, &[]);
    let line = test
        .out
        .lines()
        .find_map(|line| line.split_once("DEADHEAT: "));
    line.unwrap().1.split(",log=").next().unwrap().to_owned()
}

#[test]
fn the_command_line_goes_before_the_variable_and_that_before_the_files() {
    let krate = Krate::new();
    let metadata = "[package.metadata.deadheat]\nseed = 1\nsteps = 1000000\nstack = 100000\n\
                    [workspace.metadata.deadheat]\nstack = 5\nmaxprocs = 2\n";
    let manifest = fs::read_to_string(krate.manifest()).unwrap() + metadata;
    fs::write(krate.manifest(), manifest).unwrap();
    assert_eq!(
        told(&krate, "", &[]),
        "detect=on,seed=1,maxprocs=2,steps=1000000,stack=100000"
    );
    fs::write(
        krate.path().join("deadheat.toml"),
        "seed = 2\nschedules = 2\n",
    )
    .unwrap();
    assert_eq!(
        told(&krate, "", &[]),
        "detect=on,seed=2,schedules=2,maxprocs=2,steps=1000000,stack=100000"
    );
    assert_eq!(
        told(&krate, "seed=3,steps=30", &["--schedules=4"]),
        "detect=on,seed=3,schedules=4,maxprocs=2,steps=30,stack=100000"
    );
    assert!(told(&krate, "seed=3", &["--seed=4"]).starts_with("detect=on,seed=4,"));
}

#[test]
fn a_key_that_nobody_knows_is_refused_by_each_command() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("deadheat.toml"), "\nschedule = 3\n").unwrap();
    let words = [
        "deadheat.toml:2: unknown key \"schedule\"; did you mean \"schedules\"? the keys are seed, ",
    ];
    for args in [
        &["run", "--", "true"][..],
        &["report", "x.jsonl"],
        &["baseline", "x.jsonl"],
        &["test"],
    ] {
        end(deadheat().current_dir(folder.path()), args).expect_one_error(&words);
    }
    fs::remove_file(folder.path().join("deadheat.toml")).unwrap();
    fs::create_dir(folder.path().join("deadheat.toml")).unwrap();
    end(
        deadheat().current_dir(folder.path()),
        &["report", "x.jsonl"],
    )
    .expect_one_error(&["deadheat.toml cannot be read"]);
}

#[test]
fn the_book_has_every_key() {
    let page = fs::read_to_string("../docs/book/src/reference/configuration.md").unwrap();
    for (key, _) in deadheat_detector::settings::KEYS {
        assert!(page.contains(&format!("| `{key}` |")), "{key} of DEADHEAT");
    }
    // What the program itself says, on that very page.
    let (_, keys) = page.split_once("the keys are ").unwrap();
    for key in keys.lines().next().unwrap().split(", ") {
        let shown = [format!("\n{key} = "), format!("\n[[{key}]]")];
        assert!(shown.iter().any(|line| page.contains(line)), "{key}");
    }
}
