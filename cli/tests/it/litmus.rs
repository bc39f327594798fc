//! The litmus table of the engine, compiled from plain Rust: the same verdicts.

use crate::cli::{deadheat, end};
use crate::krate::Krate;
use deadheat_oracle::litmus::source;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn programs_of_plain_rust_have_the_engines_verdicts() {
    let krate = Krate::with_files(&[
        ("src/main.rs", include_str!("litmus/program.rs")),
        ("src/cells.rs", &source::source()),
    ]);
    let mut command = deadheat();
    command
        .env(
            "DEADHEAT_CACHE",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"),
        )
        .current_dir(krate.path());
    let reports = krate.path().join("reports.jsonl");
    let json = reports.to_str().unwrap();
    let ran = end(
        &mut command,
        &[
            "run",
            "--instrument",
            "--json",
            json,
            "--",
            "--offline",
            "-q",
        ],
    );
    ran.expect(66, &["data races found"]);
    let reports = fs::read_to_string(reports).unwrap();
    let races: Vec<_> = reports
        .lines()
        .filter(|line| line.contains("\"type\":\"race\""))
        .collect();
    let mut said = BTreeSet::new();
    let mut found = BTreeSet::new();
    for line in ran.out.lines() {
        let (name, verdict) = line.split_once(' ').unwrap();
        if verdict == "races" {
            said.insert(name);
        }
        // In both stacks.
        let frame = format!("::{name}\"");
        if races.iter().any(|race| race.matches(&frame).count() >= 2) {
            found.insert(name);
        }
    }
    assert!(ran.out.lines().count() > 100, "{}", ran.out);
    assert_eq!(found, said);
}
