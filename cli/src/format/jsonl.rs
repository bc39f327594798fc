//! The records again, each race once for each test.

use super::{End, Format};
use crate::known::Standing;
use deadheat_detector::report::{Distinct, Record, jsonl};
use std::io::{self, Write};

#[derive(Default)]
pub(super) struct JsonLines {
    distinct: Distinct,
}

impl Format for JsonLines {
    fn record(&mut self, record: &Record, _: Standing, out: &mut dyn Write) -> io::Result<()> {
        if self.distinct.is_new(record) {
            writeln!(out, "{}", jsonl::to_line(record))?;
        }
        Ok(())
    }

    fn finish(&mut self, _: &End<'_>, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}
