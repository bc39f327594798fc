//! A pattern of races that are not to be told of.

use crate::config::toml::{Document, Table};
use crate::error::UserError;
use chrono::NaiveDate;
use deadheat_detector::report::known::Pattern;
use deadheat_detector::report::text::Printable;
use std::fmt;
use std::path::Path;

/// A pattern, why its races are no news, and until when.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Suppression {
    pub(crate) pattern: Pattern,
    pub(crate) reason: String,
    /// The last day on which it applies, in UTC.
    expires: Option<NaiveDate>,
    /// The file and line where it stands.
    place: String,
    /// Whether it is one that everybody has.
    is_default: bool,
}

/// The file with those that everybody has.
const DEFAULTS: &str = "intentional.toml";

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
            is_default: false,
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

    /// Those that everybody has: races that authors of well-known crates mean.
    pub(crate) fn defaults() -> Vec<Self> {
        let text = include_str!("intentional.toml").to_owned();
        let document = Document::new(Path::new(DEFAULTS), text);
        let read = || -> Result<Vec<Self>, UserError> {
            let all = document
                .table()?
                .need("suppression", "it has nothing else")?;
            all.tables()?.into_iter().map(Self::read).collect()
        };
        let mut all = read().expect("it is part of this program, and tested");
        for one in &mut all {
            one.is_default = true;
        }
        all
    }

    /// Whether it is one that everybody has.
    pub(crate) fn is_default(&self) -> bool {
        self.is_default
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_can_be_read_and_never_expire() {
        let all = Suppression::defaults();
        assert!(all.len() >= 2);
        assert!(
            all.iter()
                .all(|one| one.is_default() && one.expires.is_none())
        );
    }
}
