//! The table of programs as a page of the documentation.

use super::program::{Program, Steps};
use super::table::{Cell, Litmus, Verdict, table};
use std::fmt::Write;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/litmus.md");

const HEAD: &str = "\
# Litmus table

<!-- Made by detector/oracle/src/litmus/page.rs from the programs in table.rs:
UPDATE_DOCS=1 cargo test -p deadheat-oracle litmus::page -->

Small programs, and whether they have a data race as C++20 says ([intro.races]). Each line is a
test: Deadheat's engine is run on every interleaving of the program's threads, and so is a naive
detector that remembers everything; they agree on each.

- **no race**: no execution has one, and the engine finds none in any interleaving.
- **race**: the engine finds it in some interleaving.
- **race if stale**: an execution has one in which a load sees an older store than the latest.
  What a program does is observed as an interleaving, and none of this one's has a race: the
  engine finds nothing. Executions of weak memory are not enumerated.

Threads stand on a line each. `DATA`, `MORE`, `LOW`, `HIGH` are plain memory unless an atomic
operation says otherwise; all is 0 at the start. Where a program would loop until it reads what it
waits for, it asks once and gives up: the interleavings in which it waits are those in which it
comes later.
";

fn page() -> String {
    let mut page = String::from(HEAD);
    for litmus in table() {
        litmus.print(&mut page).expect("a string takes all");
    }
    page
}

impl Litmus {
    fn print(&self, page: &mut String) -> std::fmt::Result {
        writeln!(page, "\n## {}\n\n{}\n", self.title, self.about)?;
        writeln!(page, "| variant | verdict | why | program |")?;
        writeln!(page, "|---|---|---|---|")?;
        self.cells.iter().try_for_each(|cell| cell.print(page))
    }
}

impl Cell {
    fn print(&self, page: &mut String) -> std::fmt::Result {
        let Self { variant, why, .. } = self;
        let verdict = match self.verdict {
            Verdict::Clean => "no race",
            Verdict::Racy => "**race**",
            Verdict::RacyIfStale => "race if stale",
        };
        let program = lines(&self.program).join("<br>");
        writeln!(page, "| {variant} | {verdict} | {why} | {program} |")
    }
}

/// The program, a line each for what comes before the threads, for each thread, and for what
/// comes after them.
fn lines(program: &Program) -> Vec<String> {
    let line = |name: &str, steps: &[_]| {
        let has_steps = !steps.is_empty();
        has_steps.then(|| format!("{name}`{}`", Steps(steps)))
    };
    let before = line("before: ", &program.before);
    let threads = program.threads.iter().map(|steps| line("", steps));
    let after = line("after: ", &program.after);
    let all = std::iter::once(before).chain(threads).chain([after]);
    all.flatten().collect()
}

/// `UPDATE_DOCS=1` writes the page instead.
#[test]
fn the_page_says_what_the_table_says() {
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(PAGE, page).expect("the page can be written");
        return;
    }
    let written = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        written == page,
        "{PAGE} is not what the table says: run again with UPDATE_DOCS=1"
    );
}
