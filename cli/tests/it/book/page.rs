//! A page of the book as steps.
//!
//! A block's language says what becomes of it:
//!
//! - `console`: after `$ ` a command, which may go on after a `\`; then what it shows, in which a
//!   line `...` stands for any lines. A command that fails must be followed by `$ echo $?`. After
//!   `console,nextest` it is typed where nextest is installed.
//! - any language with `,file=PATH`: the whole of that file, which the paragraph before names;
//! - `rust`: tests, which must pass under detection;
//! - `text`: a part of what a command before has shown.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use std::fs;
use std::ops::Range;
use std::path::Path;

pub(super) struct Page {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) steps: Vec<Step>,
}

pub(super) enum Step {
    Command(Command),
    File { path: String, text: String },
    Program(String),
    Quote(String),
}

pub(super) struct Command {
    pub(super) typed: String,
    pub(super) shown: String,
    /// Where `shown` stands in the page.
    pub(super) range: Range<usize>,
    pub(super) needs_nextest: bool,
}

impl Page {
    pub(super) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let name = path.display().to_string();
        let mut page = Self {
            name,
            steps: Vec::new(),
            text: text.clone(),
        };
        // What stands in backticks in the last paragraph, and the block that is open.
        let mut named = Vec::new();
        let mut open: Option<(String, Range<usize>)> = None;
        for (event, range) in Parser::new_ext(&text, Options::ENABLE_TABLES).into_offset_iter() {
            match event {
                Event::Start(Tag::Paragraph) => named.clear(),
                Event::Code(code) => named.push(code.to_string()),
                Event::Start(Tag::CodeBlock(kind)) => {
                    let CodeBlockKind::Fenced(language) = kind else {
                        panic!("{}: an indented block: {:?}", page.name, &text[range]);
                    };
                    open = Some((language.to_string(), range.end..range.end));
                }
                Event::Text(_) => {
                    if let Some((_, content)) = &mut open {
                        *content = content.start.min(range.start)..range.end;
                    }
                }
                Event::End(TagEnd::CodeBlock) => {
                    let (language, content) = open.take().unwrap();
                    page.block(&language, content, &named);
                }
                _ => {}
            }
        }
        page
    }

    fn block(&mut self, language: &str, content: Range<usize>, named: &[String]) {
        let text = self.text[content.clone()].to_owned();
        if let Some((_, path)) = language.split_once(",file=") {
            assert!(
                named.iter().any(|name| name == path),
                "{}: the paragraph before does not name {path}",
                self.name
            );
            let path = path.to_owned();
            self.steps.push(Step::File { path, text });
            return;
        }
        match language {
            "console" | "console,nextest" => {
                self.commands(content, language.ends_with(",nextest"));
            }
            "rust" => self.steps.push(Step::Program(text)),
            "text" => self.steps.push(Step::Quote(text)),
            other => panic!("{}: nothing is done with blocks of {other:?}", self.name),
        }
    }

    fn commands(&mut self, content: Range<usize>, needs_nextest: bool) {
        let text = self.text[content.clone()].to_owned();
        assert!(text.starts_with("$ "), "{}: {text}", self.name);
        let mut at = content.start;
        let mut goes_on = false;
        for line in text.split_inclusive('\n') {
            let end = at + line.len();
            if let Some(typed) = line.strip_prefix("$ ").or(goes_on.then_some(line)) {
                if goes_on && let Some(Step::Command(last)) = self.steps.last_mut() {
                    last.typed.push_str(typed);
                    last.range = end..end;
                } else {
                    self.steps.push(Step::Command(Command {
                        typed: typed.to_owned(),
                        shown: String::new(),
                        range: end..end,
                        needs_nextest,
                    }));
                }
                goes_on = typed.trim_end().ends_with('\\');
            } else if let Some(Step::Command(last)) = self.steps.last_mut() {
                last.shown.push_str(line);
                last.range.end = end;
            }
            at = end;
        }
    }

    /// Whether the command after step `number` asks with which code that ended.
    pub(super) fn asks_for_code_after(&self, number: usize) -> bool {
        matches!(self.steps.get(number + 1), Some(Step::Command(next)) if next.typed.trim() == "echo $?")
    }
}
