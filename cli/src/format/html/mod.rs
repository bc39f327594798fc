//! One page for a browser, which needs nothing else: no network, no files beside it.
//!
//! Text of the program's reaches the page in two ways only: escaped by the template, and as JSON
//! in blocks that no browser runs, from where the script puts it in as text. A policy in the page
//! forbids every script and style but the page's own, which it knows by their hashes, and all
//! network.
//!
//! Of each race the list needs little, which is parsed when the page opens; the rest stands in a
//! block of its own, and is parsed when the race is opened.
//!
//! - `data`: what those blocks hold; `page.css`, `page.js`, `diagram.js`: what the page does with it.

mod data;

use super::json::harmless;
use crate::collected::Collected;
use crate::source::Sources;
use crate::summary::number;
use crate::words;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use deadheat_detector::report::Failure;
use deadheat_detector::report::text::Printable;
use maud::{Markup, PreEscaped, html};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::io::{self, Write};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = concat!(include_str!("diagram.js"), include_str!("page.js"));

pub(super) fn write(collected: &Collected, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"<!DOCTYPE html>\n<html lang=\"en\">\n")?;
    put(&head(collected), out)?;
    out.write_all(b"\n<body>\n")?;
    put(&body(collected), out)?;
    let index = data::index(collected);
    block("index", &index, out)?;
    let mut sources = Sources::here();
    for (number, found) in collected.races.iter().enumerate() {
        block(
            &format!("race-{number}"),
            &data::detail(found, &mut sources),
            out,
        )?;
    }
    put(&html! { script { (PreEscaped(SCRIPT)) } }, out)?;
    out.write_all(b"\n</body>\n</html>\n")
}

fn put(markup: &Markup, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(markup.0.as_bytes())
}

/// Data for the script. No `<` stands in it, so nothing in it ends the block or begins a comment.
fn block(id: &str, data: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let json = harmless(&serde_json::to_string(data)?);
    let json = json
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026");
    writeln!(
        out,
        "<script type=\"application/json\" id=\"{id}\">{json}</script>"
    )
}

fn head(collected: &Collected) -> Markup {
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
        hash(SCRIPT),
        hash(STYLE)
    );
    html! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(policy);
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="referrer" content="no-referrer";
            title { (heading(collected)) " · Deadheat" }
            style { (PreEscaped(STYLE)) }
        }
    }
}

/// A script or style as the policy names it.
fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

fn heading(collected: &Collected) -> String {
    number(collected.races.len() as u64, "data race")
}

fn body(collected: &Collected) -> Markup {
    let reports: u64 = collected.races.iter().map(|found| found.count).sum();
    html! {
        header {
            h1 { (heading(collected)) }
            p {
                (number(reports, "report")) " from " (number(collected.tests.len() as u64, "test"))
                @if !collected.failures.is_empty() {
                    "; " (number(collected.failures.len() as u64, "failure")) " without a race"
                }
            }
            @if collected.damaged {
                p.warning role="alert" { "Some reports could not be read, and may be missing here." }
            }
        }
        main {
            noscript { p.warning { "This page needs JavaScript to show its races; `deadheat report --format text` prints them." } }
            @if collected.races.is_empty() {
                p { "No data race was found" @if collected.damaged { " in what could be read" } "." }
            } @else {
                (list(collected))
            }
            @if !collected.failures.is_empty() {
                section aria-labelledby="failures" {
                    h2 id="failures" { "Failures without a race" }
                    @for failure in &collected.failures { (self::failure(failure)) }
                }
            }
        }
    }
}

fn list(collected: &Collected) -> Markup {
    let filters = [
        ("file", "File"),
        ("test", "Test"),
        ("goroutine", "Goroutine"),
    ];
    html! {
        section aria-labelledby="races" {
            h2 id="races" { "Races" }
            form id="filters" role="search" aria-label="Filter races" {
                label { "Find" input id="find" type="search" autocomplete="off" placeholder="function, cell, text"; }
                @for (id, label) in filters {
                    label { (label) select id=(id) { option value="" { "all" } } }
                }
            }
            p id="shown" role="status" { (number(collected.races.len() as u64, "race")) }
            ol id="list" {}
            button id="more" type="button" hidden { "Show more" }
        }
    }
}

fn failure(failure: &Failure) -> Markup {
    let run = &failure.run;
    let lines = failure
        .message
        .trim()
        .lines()
        .map(|line| Printable(line).to_string());
    html! {
        article.failure {
            h3 { (words::failure(failure.kind)) " in " (Printable(&run.name).to_string()) }
            p { "Seed " (run.seed) " (" (run.scheduler.to_string()) " scheduler)" }
            pre tabindex="0" { (lines.collect::<Vec<_>>().join("\n")) }
            @if let Some(replay) = &run.replay {
                p { "Replay: " code { (Printable(replay).to_string()) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use deadheat_detector::report::Record;

    fn page(records: &[Record]) -> String {
        let mut collected = Collected::default();
        for record in records {
            collected.add(record, crate::known::Standing::New);
        }
        let mut out = Vec::new();
        write(&collected, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_from_a_program_is_markup() {
        let hostile = "</script><script>alert(1)</script><!-- <img src=x onerror=alert(1)> & \"'";
        let mut race = sample::quoting();
        race.location.name = Some(hostile.into());
        race.run.name = hostile.into();
        race.current.source.as_mut().unwrap().lines[0] = hostile.into();
        let mut failure = sample::failure(hostile);
        failure.message = hostile.into();
        let plain = page(&sample::records());
        let page = page(&[
            Record::Race(Box::new(race)),
            Record::Failure(failure),
            sample::records().remove(2),
        ]);
        for mark in ["<script", "</script", "<!--", "<img"] {
            assert_eq!(
                page.matches(mark).count(),
                plain.matches(mark).count(),
                "{mark}"
            );
        }
        assert!(page.contains("\\u003c/script\\u003e"));
        assert!(page.contains("&lt;/script&gt;"));
    }

    #[test]
    fn only_the_pages_own_script_and_style_may_run() {
        let page = page(&sample::records());
        let own = |tag: &str| {
            let (_, after) = page.split_once(&format!("<{tag}>")).unwrap();
            hash(after.split_once(&format!("</{tag}>")).unwrap().0)
        };
        let policy = page
            .split("Content-Security-Policy\" content=\"")
            .nth(1)
            .unwrap();
        let policy = policy.split('"').next().unwrap();
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        for tag in ["script", "style"] {
            assert!(
                policy.contains(&format!("{tag}-src '{}'", own(tag))),
                "{tag}: {policy}"
            );
        }
        assert!(!page.contains(" style=\"") && !page.contains(" onclick"));
    }
}
