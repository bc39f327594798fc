//! The table of contents, and links.

use super::{PAGES, SOURCES};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The links of a page, and the names of its headings as mdBook makes them.
fn links_and_headings(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut links, mut headings) = (Vec::new(), Vec::new());
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => links.push(dest_url.to_string()),
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => headings.extend(heading.take().map(|h| name(&h))),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            _ => {}
        }
    }
    (links, headings)
}

fn name(heading: &str) -> String {
    let letters = heading.chars().filter_map(|c| match c {
        c if c.is_alphanumeric() || c == '_' || c == '-' => Some(c.to_ascii_lowercase()),
        c if c.is_whitespace() => Some('-'),
        _ => None,
    });
    letters.collect()
}

/// The files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let (folders, mut all): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    all.extend(folders.iter().flat_map(|folder| files(folder)));
    all
}

#[test]
fn every_page_is_in_the_contents_and_is_followed() {
    let summary = fs::read_to_string(Path::new(SOURCES).join("SUMMARY.md")).unwrap();
    let (links, _) = links_and_headings(&summary);
    let linked: BTreeSet<_> = links.iter().map(String::as_str).collect();
    assert_eq!(
        linked.len(),
        links.len(),
        "a page stands twice in SUMMARY.md"
    );
    assert_eq!(linked, PAGES.iter().copied().collect());
    let there = files(Path::new(SOURCES));
    let there = there
        .iter()
        .map(|path| path.strip_prefix(SOURCES).unwrap().to_str().unwrap());
    let there: BTreeSet<_> = there.filter(|path| *path != "SUMMARY.md").collect();
    assert_eq!(there, linked);
}

#[test]
fn every_link_leads_somewhere() {
    for page in PAGES {
        let path = Path::new(SOURCES).join(page);
        let text = fs::read_to_string(&path).unwrap();
        for link in links_and_headings(&text).0 {
            if link.starts_with("https://") {
                continue;
            }
            let (file, place) = link.split_once('#').unwrap_or((&link, ""));
            let to = if file.is_empty() {
                path.clone()
            } else {
                path.parent().unwrap().join(file)
            };
            let text = fs::read_to_string(&to).unwrap_or_else(|_| panic!("{page}: {link}"));
            // The book is read without the folder around it.
            assert!(
                fs::canonicalize(&to)
                    .unwrap()
                    .starts_with(fs::canonicalize(SOURCES).unwrap()),
                "{page}: {link}"
            );
            let (_, headings) = links_and_headings(&text);
            assert!(
                place.is_empty() || headings.iter().any(|heading| heading == place),
                "{page}: {link}: {headings:?}"
            );
        }
    }
}
