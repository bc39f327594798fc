//! JSON that cannot drive a terminal, or turn around the text that it stands in.

use deadheat_detector::report::text::is_hostile;
use serde_json::Value;
use std::io::{self, Write};

/// `json`, with every letter that [`is_hostile`] written as its number; line feeds stay. Such a
/// letter can only stand in a string, where that means the same.
pub(super) fn harmless(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter != '\n' && is_hostile(letter) {
            // All of them are of the basic plane.
            text += &format!("\\u{:04x}", u32::from(letter));
        } else {
            text.push(letter);
        }
    }
    text
}

/// Writes the elements of an array, a line for each, so that no more than one is in memory.
pub(super) fn elements(values: impl Iterator<Item = Value>, out: &mut dyn Write) -> io::Result<()> {
    let mut before = "";
    for value in values {
        write!(out, "{before}{}", harmless(&value.to_string()))?;
        before = ",\n";
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_read_back() {
        let text = "a\u{9b}\u{202e}\u{ffff}\u{7f}é\n😀";
        let json = harmless(&serde_json::to_string(text).unwrap());
        assert!(!json.contains(is_hostile), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
