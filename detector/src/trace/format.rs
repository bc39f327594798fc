//! The header, and the table of records that makes a trace explain itself.

use super::error::TraceError;
use serde::{Deserialize, Serialize};

/// What every trace begins with. As in PNG: not text, and spoilt by whoever takes it for text.
pub(super) const MAGIC: [u8; 8] = *b"\x89DHT\r\n\x1a\n";

/// The version of the format that this crate writes and reads.
pub const VERSION: u32 = 1;

/// The bytes before the description: magic number, version, length, and their checksum.
pub(super) const PREAMBLE: usize = 20;

/// The longest description that is read.
pub(super) const LONGEST_DESCRIPTION: usize = 1 << 20;

/// The longest text of a definition, in bytes.
pub const LONGEST_TEXT: usize = 1 << 20;

/// How many codes a tag can hold.
pub(super) const CODES: usize = 64;

/// Of a tag: the bits that are the code.
pub(super) const CODE: u8 = CODES as u8 - 1;
/// Of a tag: the thread is another than before, and comes next.
pub(super) const OTHER_THREAD: u8 = 0x40;
/// Of a tag: the site is another than before, and comes next.
pub(super) const OTHER_SITE: u8 = 0x80;

/// Of the first number of a `bytes` operand: how many low bits say the length.
pub(super) const SIZE_BITS: u32 = 3;
/// Of those bits: the length stands elsewhere. The others are the binary logarithm of it.
pub(super) const OTHER_SIZE: u64 = (1 << SIZE_BITS) - 1;
/// The largest logarithm of a length that those bits can say.
pub(super) const LARGEST_SIZE: u32 = OTHER_SIZE as u32 - 1;

/// The codes of the records.
pub(super) mod code {
    pub(in crate::trace) const FORK: u8 = 1;
    pub(in crate::trace) const END: u8 = 2;
    pub(in crate::trace) const JOIN: u8 = 3;
    pub(in crate::trace) const ACQUIRE: u8 = 4;
    pub(in crate::trace) const RELEASE: u8 = 5;
    pub(in crate::trace) const RELEASE_MERGE: u8 = 6;
    pub(in crate::trace) const RELEASE_ACQUIRE: u8 = 7;
    pub(in crate::trace) const TRANSFER: u8 = 8;
    pub(in crate::trace) const READ: u8 = 9;
    pub(in crate::trace) const WRITE: u8 = 10;
    pub(in crate::trace) const ATOMIC_LOAD: u8 = 11;
    pub(in crate::trace) const ATOMIC_STORE: u8 = 12;
    pub(in crate::trace) const ATOMIC_RMW: u8 = 13;
    pub(in crate::trace) const FENCE: u8 = 14;
    pub(in crate::trace) const ALLOC: u8 = 15;
    pub(in crate::trace) const FREE: u8 = 16;
    pub(in crate::trace) const CALL: u8 = 17;
    pub(in crate::trace) const RETURN: u8 = 18;
    pub(in crate::trace) const DEFINE_SITE: u8 = 48;
    pub(in crate::trace) const DEFINE_THREAD: u8 = 49;
    pub(in crate::trace) const DEFINE_OBJECT: u8 = 50;
    pub(in crate::trace) const DEFINE_MEMORY: u8 = 51;
}

/// The type of an operand, which fixes how it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Operand {
    Number,
    Thread,
    Object,
    Bytes,
    Ordering,
    Text,
}

/// What a record is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Class {
    Event,
    Definition,
}

/// A row of the table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) code: u8,
    pub(super) name: String,
    pub(super) class: Class,
    pub(super) operands: Vec<Operand>,
}

#[derive(Serialize, Deserialize)]
struct Description {
    records: Vec<Row>,
}

/// Every kind of record that this crate writes.
pub(super) fn rows() -> Vec<Row> {
    use Class::{Definition, Event};
    use Operand::{Bytes, Number, Object, Ordering, Text, Thread};
    let row = |code, name: &str, class, operands: &[Operand]| Row {
        code,
        name: name.to_owned(),
        class,
        operands: operands.to_vec(),
    };
    let atomic = [Bytes, Object, Ordering];
    vec![
        row(code::FORK, "fork", Event, &[Thread]),
        row(code::END, "end", Event, &[]),
        row(code::JOIN, "join", Event, &[Thread]),
        row(code::ACQUIRE, "acquire", Event, &[Object]),
        row(code::RELEASE, "release", Event, &[Object]),
        row(code::RELEASE_MERGE, "release_merge", Event, &[Object]),
        row(code::RELEASE_ACQUIRE, "release_acquire", Event, &[Object]),
        row(code::TRANSFER, "transfer", Event, &[Object, Object]),
        row(code::READ, "read", Event, &[Bytes]),
        row(code::WRITE, "write", Event, &[Bytes]),
        row(code::ATOMIC_LOAD, "atomic_load", Event, &atomic),
        row(code::ATOMIC_STORE, "atomic_store", Event, &atomic),
        row(code::ATOMIC_RMW, "atomic_rmw", Event, &atomic),
        row(code::FENCE, "fence", Event, &[Ordering]),
        row(code::ALLOC, "alloc", Event, &[Bytes]),
        row(code::FREE, "free", Event, &[Bytes]),
        row(code::CALL, "call", Event, &[]),
        row(code::RETURN, "return", Event, &[]),
        row(
            code::DEFINE_SITE,
            "define_site",
            Definition,
            &[Number, Text],
        ),
        row(
            code::DEFINE_THREAD,
            "define_thread",
            Definition,
            &[Thread, Text],
        ),
        row(
            code::DEFINE_OBJECT,
            "define_object",
            Definition,
            &[Object, Text],
        ),
        row(
            code::DEFINE_MEMORY,
            "define_memory",
            Definition,
            &[Bytes, Text],
        ),
    ]
}

/// The header of a trace whose records are `rows`.
pub(super) fn header(rows: Vec<Row>) -> Vec<u8> {
    let description = Description { records: rows };
    let description = serde_json::to_vec(&description).expect("names and numbers only");
    let len = u32::try_from(description.len()).expect("the table is short");
    let mut header = MAGIC.to_vec();
    header.extend(VERSION.to_le_bytes());
    header.extend(len.to_le_bytes());
    header.extend(crc32fast::hash(&header).to_le_bytes());
    let checksum = crc32fast::hash(&description);
    header.extend(description);
    header.extend(checksum.to_le_bytes());
    header
}

/// The rows of a description that this crate has no code for, each under its code.
///
/// # Errors
///
/// Where the description is none, or contradicts ours.
pub(super) fn foreign_rows(description: &[u8]) -> Result<Vec<Row>, TraceError> {
    let wrong = |why: String| TraceError::Header(why);
    let description: Description = serde_json::from_slice(description).map_err(|error| {
        wrong(format!(
            "its description of records cannot be read: {error}"
        ))
    })?;
    let ours = rows();
    let mut seen = [false; CODES];
    let mut foreign = Vec::new();
    for row in description.records {
        let (code, name) = (row.code, &row.name);
        match seen.get_mut(usize::from(code)) {
            Some(seen) if code != 0 && !*seen => *seen = true,
            _ => {
                return Err(wrong(format!(
                    "its record {name:?} has the code {code}, which is taken or out of range"
                )));
            }
        }
        if ours.contains(&row) {
            continue;
        }
        if ours.iter().any(|our| our.code == code || our.name == *name) {
            return Err(wrong(format!(
                "its record {name:?} with code {code} is not the one that this program knows"
            )));
        }
        foreign.push(row);
    }
    Ok(foreign)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(rows: Vec<Row>) -> Result<Vec<Row>, TraceError> {
        let header = header(rows);
        foreign_rows(&header[PREAMBLE..header.len() - 4])
    }

    #[test]
    fn our_own_table_holds_nothing_foreign() {
        assert_eq!(described(rows()).unwrap(), []);
        assert_eq!(described(rows()[3..].to_vec()).unwrap(), []);
    }

    #[test]
    fn rows_of_others_are_kept_unless_they_contradict_ours() {
        let row = |code, name: &str| Row {
            code,
            name: name.into(),
            class: Class::Event,
            operands: vec![Operand::Number],
        };
        let with = |extra: Row| described(rows().into_iter().chain([extra]).collect());
        assert_eq!(with(row(30, "wait")).unwrap(), [row(30, "wait")]);
        for wrong in [
            row(0, "wait"),
            row(64, "wait"),
            row(1, "wait"),
            row(30, "fork"),
        ] {
            assert!(matches!(with(wrong), Err(TraceError::Header(_))));
        }
        assert!(matches!(
            described(vec![row(1, "fork")]),
            Err(TraceError::Header(_))
        ));
    }

    #[test]
    fn an_operand_that_is_not_known_is_refused_at_once() {
        let text = br#"{"records":[{"code":30,"name":"x","class":"event","operands":["colour"]}]}"#;
        let error = foreign_rows(text).unwrap_err().to_string();
        assert!(error.contains("colour"), "{error}");
    }
}
