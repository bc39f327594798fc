//! The book, followed to the letter: every command and every block of code of each page, in
//! order, in an empty folder, and what it shows held against what comes.
//!
//! Beside the empty folder's other content lies `deadheat`, the sources, as a reader has them.
//! `BLESS=1 cargo test -p deadheat-cli book` writes outputs that have changed into the pages, where
//! they are shown whole; read what has changed in them. Pages take turns, for they share what is built.
//!
//! - `page`: a page as steps; `shell`: where commands are typed; `shown`: what a page shows of
//!   their output, and whether that came; `pipeline`: the commands of a CI's configuration;
//!   `summary`: whether every page can be reached, and every link leads somewhere.

mod page;
mod pipeline;
mod shell;
mod shown;
mod summary;

use page::{Page, Step};
use shell::Shell;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Where the pages are.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/book/src");

/// A test for each page.
macro_rules! pages {
    ($($name:ident: $path:literal,)*) => {
        /// All pages, from the folder of their sources.
        const PAGES: &[&str] = &[$($path),*];
        $(#[test] fn $name() { follow($path); })*
    };
}

pages! {
    introduction: "introduction.md",
    tutorial: "tutorial.md",
    github: "ci/github.md",
    gitlab: "ci/gitlab.md",
    known_races: "known-races.md",
    parts: "parts.md",
    programs: "programs.md",
    options: "reference/options.md",
    configuration: "reference/configuration.md",
    formats: "reference/formats.md",
    memory_model: "memory-model.md",
    detection: "detection.md",
}

/// Does what a page says.
fn follow(path: &str) {
    // One page at a time, also where each test has a process of its own.
    let lock = Path::new(env!("CARGO_TARGET_TMPDIR")).join("book.lock");
    let lock = File::create(lock).unwrap();
    lock.lock().unwrap();

    let page = Page::read(&Path::new(SOURCES).join(path));
    let mut shell = Shell::new();
    let mut blessed = page.text.clone();
    let mut failures = Vec::new();
    let mut programs = Vec::new();
    // From the end, so that what is written anew moves nothing that comes later.
    let mut edits = Vec::new();
    for (number, step) in page.steps.iter().enumerate() {
        match step {
            Step::File { path, text } => {
                shell.write(path, text);
                for command in pipeline::commands(path, text) {
                    let ended = shell.run(&command, true);
                    if ended.code != 0 {
                        failures.push(format!("{path}: {command}\n{ended}"));
                    }
                }
            }
            Step::Program(text) => programs.push(text.as_str()),
            Step::Command(command) => {
                if command.needs_nextest && !crate::runners::nextest() {
                    continue;
                }
                let ended = shell.run(&command.typed, command.needs_nextest);
                if ended.code != 0 && !page.asks_for_code_after(number) {
                    // What comes after it is of no use.
                    failures.push(format!("{}\n{ended}", command.typed));
                    break;
                }
                if let Err(why) = shown::check(&command.shown, &ended) {
                    edits.push((command.range.clone(), shown::whole(&ended)));
                    failures.push(format!("{}\n{why}", command.typed));
                }
            }
            Step::Quote(text) => {
                if !shell.has_shown(text) {
                    failures.push(format!("nothing that came holds:\n{text}"));
                }
            }
        }
    }
    if !programs.is_empty() {
        compile(&mut shell, &page, &programs);
    }
    if std::env::var_os("BLESS").is_some() && !edits.is_empty() {
        for (range, text) in edits.into_iter().rev() {
            blessed.replace_range(range, &text);
        }
        fs::write(page_path(path), blessed).unwrap();
    }
    assert!(
        failures.is_empty(),
        "{}:\n\n{}",
        page.name,
        failures.join("\n\n")
    );
}

fn page_path(path: &str) -> PathBuf {
    Path::new(SOURCES).join(path)
}

/// Runs the page's own programs, which are tests, all as one file.
fn compile(shell: &mut Shell, page: &Page, programs: &[&str]) {
    shell.home();
    let krate =
        "cargo new -q --lib blocks && cd blocks && cargo add -q --dev --path ../deadheat deadheat";
    assert_eq!(shell.run(krate, false).code, 0);
    shell.write("tests/blocks.rs", &programs.join("\n"));
    let ended = shell.run("deadheat test --test blocks", false);
    assert_eq!(ended.code, 0, "{}: {ended}", page.name);
}
