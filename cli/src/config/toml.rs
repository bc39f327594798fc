//! TOML that knows where each key stands, so that what is wrong with one is named with its line.
//!
//! A table is asked for the keys that it may have, one after the other; what nobody has asked for
//! when it is done is unknown, and refused.

use crate::error::UserError;
use crate::nearest::hint;
use crate::shown::Shown;
use deadheat_detector::report::text::Printable;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A file's text, and how messages call the file.
pub(crate) struct Document {
    path: PathBuf,
    text: String,
}

impl Document {
    pub(crate) fn new(path: &Path, text: String) -> Self {
        let path = path.to_path_buf();
        Self { path, text }
    }

    /// The outermost table.
    pub(crate) fn table(&self) -> Result<Table<'_>, UserError> {
        let table = DeTable::parse(&self.text)
            .map_err(|error| self.error(error.span().unwrap_or(0..0), error.message()))?;
        Ok(Table::new(self, 0..0, table.into_inner()))
    }

    /// The folder that the file's paths start from.
    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    fn place(&self, span: &Range<usize>) -> String {
        let before = &self.text.as_bytes()[..span.start.min(self.text.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        format!("{}:{line}", Shown::path(&self.path))
    }

    fn error(&self, span: Range<usize>, why: &str) -> UserError {
        let place = self.place(&span);
        let lines: Vec<_> = why
            .lines()
            .map(|line| Printable(line).to_string())
            .collect();
        UserError::new(format!("{place}: {}", lines.join("; ")))
    }
}

/// A table that is being read.
pub(crate) struct Table<'d> {
    document: &'d Document,
    span: Range<usize>,
    rest: DeTable<'d>,
    asked: Vec<&'static str>,
}

impl<'d> Table<'d> {
    fn new(document: &'d Document, span: Range<usize>, rest: DeTable<'d>) -> Self {
        let asked = Vec::new();
        Self {
            document,
            span,
            rest,
            asked,
        }
    }

    /// What stands under a key that the table may have.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<Item<'d>> {
        self.asked.push(key);
        let (key, value) = self.rest.remove_entry(key)?;
        Some(Item {
            document: self.document,
            key: key.into_inner().into_owned(),
            value,
        })
    }

    /// What stands under a key, read by `read`.
    pub(crate) fn get<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Item<'d>) -> Result<T, UserError>,
    ) -> Result<Option<T>, UserError> {
        self.take(key).map(|item| read(&item)).transpose()
    }

    /// A key that must be there; `what` says what it is for.
    pub(crate) fn need(&mut self, key: &'static str, what: &str) -> Result<Item<'d>, UserError> {
        self.take(key)
            .ok_or_else(|| self.error(&format!("{key:?} is missing: {what}")))
    }

    /// Something that is wrong with the table as a whole.
    pub(crate) fn error(&self, why: &str) -> UserError {
        self.document.error(self.span.clone(), why)
    }

    /// Where it stands.
    pub(crate) fn place(&self) -> String {
        self.document.place(&self.span)
    }

    /// Refuses what nobody has asked for.
    pub(crate) fn finish(self) -> Result<(), UserError> {
        let first = self.rest.keys().min_by_key(|key| key.span().start);
        let Some(key) = first else {
            return Ok(());
        };
        let name = key.get_ref().as_ref();
        let why = format!("unknown key {name:?}; {}", hint(name, &self.asked));
        Err(self.document.error(key.span(), &why))
    }
}

/// A value, and the key under which it stands.
pub(crate) struct Item<'d> {
    document: &'d Document,
    key: String,
    value: Spanned<DeValue<'d>>,
}

impl<'d> Item<'d> {
    /// The value is not what the key takes.
    pub(crate) fn refused(&self, takes: &str) -> UserError {
        let key = &self.key;
        let found = &self.document.text[self.value.span()];
        let found = found.lines().next().unwrap_or_default();
        let why = format!("{key} = {found} is not understood: {key} takes {takes}");
        self.document.error(self.value.span(), &why)
    }

    pub(crate) fn text(&self) -> Result<String, UserError> {
        let text = self.value.get_ref().as_str();
        let text = text.filter(|text| !text.is_empty()).map(str::to_owned);
        text.ok_or_else(|| self.refused("a text that is not empty, in quotes"))
    }

    /// A path, from the folder of the file.
    pub(crate) fn path(&self) -> Result<PathBuf, UserError> {
        Ok(self.document.folder().join(self.text()?))
    }

    pub(crate) fn flag(&self) -> Result<bool, UserError> {
        let flag = self.value.get_ref().as_bool();
        flag.ok_or_else(|| self.refused("true or false"))
    }

    /// A number, or a text that is read as the command line's would be.
    pub(crate) fn parsed<T>(
        &self,
        takes: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, UserError> {
        let text = match self.value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
                .ok()
                .map(|number| number.to_string()),
            DeValue::Datetime(date) => Some(date.to_string()),
            _ => None,
        };
        let parsed = text.and_then(|text| parse(&text));
        parsed.ok_or_else(|| self.refused(takes))
    }

    /// A whole number from 1.
    pub(crate) fn positive<T: TryFrom<u64>>(&self) -> Result<T, UserError> {
        self.parsed("a whole number from 1", |text| {
            let number = text.parse::<u64>().ok().filter(|number| *number >= 1)?;
            T::try_from(number).ok()
        })
    }

    /// A table.
    pub(crate) fn table(self) -> Result<Table<'d>, UserError> {
        let span = self.value.span();
        if !self.value.get_ref().is_table() {
            return Err(self.refused("a table"));
        }
        match self.value.into_inner() {
            DeValue::Table(table) => Ok(Table::new(self.document, span, table)),
            _ => unreachable!("it is a table"),
        }
    }

    /// A list of tables.
    pub(crate) fn tables(self) -> Result<Vec<Table<'d>>, UserError> {
        let takes = "tables: write [[…]] before each";
        let all = self.value.get_ref().as_array();
        if !all.is_some_and(|all| all.iter().all(|one| one.get_ref().is_table())) {
            return Err(self.refused(takes));
        }
        let DeValue::Array(all) = self.value.into_inner() else {
            unreachable!("it is an array");
        };
        let tables = all.into_iter().filter_map(|one| {
            let span = one.span();
            match one.into_inner() {
                DeValue::Table(table) => Some(Table::new(self.document, span, table)),
                _ => None,
            }
        });
        Ok(tables.collect())
    }

    /// A list of texts.
    pub(crate) fn texts(&self) -> Result<Vec<String>, UserError> {
        let all = self.value.get_ref().as_array();
        let texts = all.and_then(|all| {
            let texts = all.iter().map(|one| one.get_ref().as_str());
            texts.map(|text| text.map(str::to_owned)).collect()
        });
        texts.ok_or_else(|| self.refused("a list of texts"))
    }
}
