//! Paths and words as messages show them: escaped, and quoted where a shell would need it.

use deadheat_detector::report::text::Printable;
use std::ffi::OsStr;
use std::fmt;
use std::path::Path;

/// A path, or a name given on the command line, with control characters escaped.
pub(crate) struct Shown<'a>(&'a OsStr);

impl<'a> Shown<'a> {
    pub(crate) fn path(path: &'a Path) -> Self {
        Self(path.as_os_str())
    }

    pub(crate) fn name(name: &'a OsStr) -> Self {
        Self(name)
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printable(&self.0.to_string_lossy()).fmt(f)
    }
}

/// A path as a word of a command to type.
pub(crate) struct ShellWord<'a>(pub(crate) &'a Path);

impl fmt::Display for ShellWord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = Shown::path(self.0).to_string();
        let plain = |c: char| c.is_alphanumeric() || "/._-+:@%,=".contains(c);
        if !text.is_empty() && text.chars().all(plain) {
            f.write_str(&text)
        } else {
            write!(f, "'{}'", text.replace('\'', r"'\''"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        let word = |text: &str| ShellWord(Path::new(text)).to_string();
        assert_eq!(word("/tmp/a-b.jsonl"), "/tmp/a-b.jsonl");
        assert_eq!(word("my files/a"), "'my files/a'");
        assert_eq!(word("it's"), r"'it'\''s'");
        assert_eq!(word("$HOME"), "'$HOME'");
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(Shown::path(Path::new("a\u{1b}b")).to_string(), r"a\u{1b}b");
    }
}
