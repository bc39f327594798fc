//! A parallel, table-driven test of a function that makes titles into addresses.
//!
//! Category: parallel table-driven tests (a loop variable captured by reference).
//!
//! What goes wrong: the loop over the table starts a goroutine per case, and all of them
//! capture the one loop variable. While they read it the loop goes on to the next case, so a
//! case may be checked twice and another never, and the test passes all the same.
//!
//! What mends it: a variable of its own for every case.

use deadheat::JoinHandle;
use deadheat::prelude::*;
use std::sync::Arc;

/// The function under test: the words of a title in lower case, joined by dashes.
fn slug(title: &str) -> String {
    title
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect::<Vec<_>>()
        .join("-")
}

#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    title: &'static str,
    expected: &'static str,
}

const CASES: [Case; 4] = [
    Case {
        name: "one word",
        title: "Contents",
        expected: "contents",
    },
    Case {
        name: "two words",
        title: "Second Edition",
        expected: "second-edition",
    },
    Case {
        name: "punctuation",
        title: "What, again?",
        expected: "what-again",
    },
    Case {
        name: "nothing",
        title: "",
        expected: "",
    },
];

/// What a goroutine finds out about its case: the name, and whether it passed.
type Verdict = (&'static str, bool);

fn check(case: &Shared<Case>) -> Verdict {
    let case = case.get();
    (case.name, slug(case.title) == case.expected)
}

/// Racy: all goroutines share the loop's `case`.
fn start_sharing_case(table: &[Case]) -> Vec<JoinHandle<Verdict>> {
    let case = Arc::new(Shared::named("case", table[0]));
    let start = |row: &Case| {
        case.set(*row);
        let case = Arc::clone(&case);
        go(move || check(&case))
    };
    table.iter().map(start).collect()
}

fn start(table: &[Case]) -> Vec<JoinHandle<Verdict>> {
    let start = |row: &Case| {
        let case = Shared::named("case", *row);
        go(move || check(&case))
    };
    table.iter().map(start).collect()
}

/// The verdicts on all cases.
fn run_table(start: fn(&[Case]) -> Vec<JoinHandle<Verdict>>) -> Vec<Verdict> {
    let running = start(&CASES);
    running.into_iter().map(|g| g.join().unwrap()).collect()
}

#[deadheat::main]
fn main() {
    let mended = std::env::args().nth(1).is_some_and(|arg| arg == "mended");
    let verdicts = run_table(if mended { start } else { start_sharing_case });
    for (name, passed) in verdicts {
        println!("{name}: {}", if passed { "passed" } else { "failed" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[deadheat::test]
    fn table_test_racy() {
        run_table(start_sharing_case);
    }

    #[deadheat::test]
    fn table_test_mended() {
        let each_passed_once = CASES.map(|case| (case.name, true));
        assert_eq!(run_table(start), each_passed_once);
    }
}
