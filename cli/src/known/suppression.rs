//! A pattern of races that are not to be told of.

use crate::config::toml::Table;
use crate::error::UserError;
use chrono::NaiveDate;
use deadheat_detector::report::known::Pattern;
use deadheat_detector::report::text::Printable;
use std::fmt;

/// A pattern, why its races are no news, and until when.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Suppression {
    pub(crate) pattern: Pattern,
    pub(crate) reason: String,
    /// The last day on which it applies, in UTC.
    expires: Option<NaiveDate>,
    /// The file and line where it stands.
    place: String,
}

impl Suppression {
    /// Reads a table of the configuration.
    pub(crate) fn read(mut table: Table<'_>) -> Result<Self, UserError> {
        let mut pattern = || -> Result<Pattern, UserError> {
            Ok(Pattern {
                function: table.get("function", super::super::config::toml::Item::text)?,
                file: table.get("file", super::super::config::toml::Item::text)?,
                cell: table.get("cell", super::super::config::toml::Item::text)?,
            })
        };
        let pattern = pattern()?;
        let suppression = Self {
            reason: table
                .need("reason", "a suppression says why it is there")?
                .text()?,
            expires: table.get("expires", |item| {
                item.parsed("a day as YYYY-MM-DD", |text| text.parse().ok())
            })?,
            place: table.place(),
            pattern,
        };
        let Pattern {
            function,
            file,
            cell,
        } = &suppression.pattern;
        if function.is_none() && file.is_none() && cell.is_none() {
            return Err(table.error(
                "a suppression needs a pattern: function, file or cell, in which * stands for anything",
            ));
        }
        table.finish().map(|()| suppression)
    }

    /// Whether it applies no more.
    pub(super) fn is_expired(&self, today: NaiveDate) -> bool {
        self.expires.is_some_and(|last| last < today)
    }

    /// That it applies no more.
    pub(super) fn expiry(&self) -> String {
        let day = self.expires.map(|day| day.to_string()).unwrap_or_default();
        format!("{self} expired on {day} and is not applied: mend the race, or set a later day")
    }
}

/// How messages call it.
impl fmt::Display for Suppression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the suppression at {} (", self.place)?;
        let Pattern {
            function,
            file,
            cell,
        } = &self.pattern;
        let parts = [("function", function), ("file", file), ("cell", cell)];
        let given = parts
            .into_iter()
            .filter_map(|(key, value)| Some((key, value.as_ref()?)));
        for (i, (key, value)) in given.enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{key} {}", Printable(value))?;
        }
        f.write_str(")")
    }
}
