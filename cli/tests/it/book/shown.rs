//! What a page shows of a command's output, and whether that came.

use super::shell::{Ended, target};
use regex::Regex;
use std::path::Path;
use std::sync::LazyLock;

/// Stands for any lines.
const ANY: &str = "...";

/// What differs from run to run and from machine to machine, and what stands in its place.
static VARYING: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"0x[0-9a-f]{6,}", "0x7f0000001000"),
        (r"\b\d+\.\d\ds\b", "0.00s"),
        (r"-[0-9a-f]{16}\)", "-0123456789abcdef)"),
        (r"' \(\d+\) panicked", "' panicked"),
        // Cargo's own lines.
        (
            r"(?m)^ *(Compiling|Checking|Finished|Running|Doc-tests|Locking|Adding|Blocking|Updating|Creating|Removing|Downgrading|Downloaded|Downloading|Archiving|Archived|Extracting|Extracted|Starting|Nextest) .*\n",
            "",
        ),
        (r"(?m)^note: see more `Cargo.toml` keys .*\n", ""),
        (r"(?m)^running 0 tests\n\ntest result: .*\n\n", ""),
        (r"(?m)^note: run with `RUST_BACKTRACE.*\n", ""),
        (r"(?m)[ \t]+$", ""),
        (r"\A\n+", ""),
        (r"\n{3,}", "\n\n"),
    ]
    .into_iter()
    .map(|(pattern, text)| (Regex::new(pattern).unwrap(), text))
    .collect()
});

/// `text` without what varies, from the folder `root` of the page; `krate` is the crate's.
pub(super) fn normal(text: &str, root: &Path, krate: &Path) -> String {
    let target_here = krate.join("target").display().to_string();
    let text = text.replace(&target().display().to_string(), &target_here);
    let mut text = text.replace(&root.display().to_string(), "/home/you");
    for (pattern, replacement) in &*VARYING {
        text = pattern.replace_all(&text, *replacement).into_owned();
    }
    text
}

/// Whether `shown` came: each run of lines between two `...`, in one of the streams, in order.
pub(super) fn check(shown: &str, ended: &Ended) -> Result<(), String> {
    let shown = normal(shown, Path::new("/home/you"), Path::new("/home/you"));
    if !shown.lines().any(|line| line == ANY) {
        let both = [
            format!("{}{}", ended.out, ended.err),
            format!("{}{}", ended.err, ended.out),
        ];
        let came = both.iter().any(|text| text.trim_end() == shown.trim_end());
        return came
            .then_some(())
            .ok_or_else(|| format!("shows:\n{shown}\nbut {ended}"));
    }
    let mut streams = [lines(&ended.out), lines(&ended.err)];
    for part in lines(&shown).split(|line| *line == ANY) {
        let part = trimmed(part);
        let found = streams.iter_mut().any(|stream| {
            let at = stream
                .windows(part.len().max(1))
                .position(|window| window == part);
            at.inspect(|at| drop(stream.drain(..at + part.len())))
                .is_some()
        });
        if !found && !part.is_empty() {
            return Err(format!("shows:\n{}\nbut {ended}", part.join("\n")));
        }
    }
    Ok(())
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

/// Without empty lines at both ends.
fn trimmed<'a>(mut part: &'a [&'a str]) -> &'a [&'a str] {
    while let [first, rest @ ..] = part
        && first.is_empty()
    {
        part = rest;
    }
    while let [rest @ .., last] = part
        && last.is_empty()
    {
        part = rest;
    }
    part
}

/// All of an output, as a page shows it.
pub(super) fn whole(ended: &Ended) -> String {
    let text = format!("{}{}", ended.out, ended.err);
    let text = text.trim_end();
    if text.is_empty() {
        String::new()
    } else {
        format!("{text}\n")
    }
}

#[test]
fn what_is_not_there_is_missed() {
    let ended = Ended {
        code: 0,
        out: "a\nb\nc\n".into(),
        err: "d\ne\n".into(),
    };
    for shown in [
        "a\nb\nc\nd\ne\n",
        "a\n...\nc\n",
        "...\nd\n...\nb\nc\n...",
        "...\ne\n",
    ] {
        assert_eq!(check(shown, &ended), Ok(()), "{shown}");
    }
    for shown in [
        "",
        "a\nb\nc\n",
        "...\nx\n",
        "c\n...\na\n",
        "a\nc\n...\n",
        "e\n...\nd\n",
    ] {
        assert!(check(shown, &ended).is_err(), "{shown}");
    }
}
