//! Plain text: each race once for each test, and a summary.

use super::{End, Format};
use crate::known::Standing;
use deadheat_detector::report::{Distinct, Record, text};
use std::io::{self, Write};

#[derive(Default)]
pub(super) struct Text {
    distinct: Distinct,
}

impl Format for Text {
    fn record(
        &mut self,
        record: &Record,
        standing: Standing,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match text::record(record) {
            Some(text) if standing == Standing::New && self.distinct.is_new(record) => {
                out.write_all(text.as_bytes())
            }
            _ => Ok(()),
        }
    }

    fn finish(&mut self, end: &End<'_>, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(summary(end).as_bytes())
    }
}

/// What was found, in few words.
pub(super) fn summary(end: &End<'_>) -> String {
    if end.summary.is_empty() {
        return String::new();
    }
    if end.damaged && !end.summary.found() {
        return "no data race in the lines that could be read\n".to_owned();
    }
    end.summary.text("")
}
