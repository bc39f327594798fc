//! Traces: the events of a run in a file, to be analysed later.
//!
//! - [`Writer`] writes one, [`Reader`] reads it back; [`Recorder`] is a writer that many threads
//!   share and that never stops the program which is recorded;
//! - [`Names`]: what the numbers of a trace stand for;
//! - [`std_text`]: from and to the text format of RAPID;
//! - `format`: the header and the table of records; `block`: blocks and their checksums;
//!   `encoder`, `decoder`: the records of one block; `varint`: numbers; `error`: what can be wrong.
//!
//! # Example
//!
//! ```
//! use deadheat_detector::event::{Action, Event, SiteId, ThreadId};
//! use deadheat_detector::trace::{Ended, Reader, Writer};
//!
//! let end = Event { thread: ThreadId(7), action: Action::End, site: SiteId(1) };
//! let mut writer = Writer::new(Vec::new())?;
//! writer.define_site(SiteId(1), "src/lib.rs:3:5")?;
//! writer.event(&end)?;
//! let file = writer.finish()?;
//!
//! let mut reader = Reader::new(&file[..])?;
//! assert_eq!(reader.next_event()?, Some(end));
//! assert_eq!(reader.next_event()?, None);
//! assert_eq!(reader.ended(), Some(Ended::Whole));
//! assert_eq!(reader.names().site(SiteId(1)), Some("src/lib.rs:3:5"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The format, version 1
//!
//! A trace is a header and any number of blocks. Numbers of fixed width are little-endian.
//! Checksums are CRC-32 as in zip and PNG (polynomial 0x04C11DB7, reflected).
//!
//! ## Header
//!
//! | bytes | what |
//! |---|---|
//! | 8 | the magic number: 89 44 48 54 0D 0A 1A 0A, that is `\x89DHT\r\n\x1a\n` |
//! | 4 | the version, 1. A reader refuses a version that it does not know |
//! | 4 | *n*, the length of the description, at most 1 MiB |
//! | 4 | the checksum of the sixteen bytes before |
//! | *n* | the description, in JSON |
//! | 4 | the checksum of the description |
//!
//! The description is an object whose member `records` lists every kind of record that may
//! occur, each with its `code` (1 to 63), its `name`, its `class` (`event` or `definition`) and
//! its `operands`, a list of operand types. Members that are not known are passed over. What a
//! type means and how it is written is fixed by the version, so a reader can pass over a record
//! whose name it has never heard of. A new kind of record needs no new version; a new operand
//! type does.
//!
//! ## Blocks
//!
//! | bytes | what |
//! |---|---|
//! | 4 | *n*, the length of the payload, at most 4 MiB |
//! | 1 | the kind: 1 records, 2 the end. A block of another kind is passed over |
//! | 3 | zero |
//! | 4 | the checksum of the payload |
//! | 4 | the checksum of the twelve bytes before |
//! | *n* | the payload |
//!
//! A block is written by one call when about 64 KiB have been gathered, and is whole in itself: no
//! record spans two blocks, and each block's numbers can be read without the blocks before. The
//! block that ends the trace has the number of all events as its payload (one number); nothing
//! follows it. A file that ends without it was cut short, and holds everything up to its last
//! whole block. So does one whose rest is zeros, as a file system leaves a file that it had
//! lengthened but not filled when the machine went down.
//!
//! ## Records
//!
//! A record is a tag byte and operands. The tag's low six bits are the code.
//!
//! - Where bit 6 is set, the number of the acting thread comes next; otherwise it is that of the
//!   record before.
//! - Where bit 7 is set, the distance of the site from that of the record before comes next;
//!   otherwise the site is the same.
//! - The operands follow, in the order of the table.
//!
//! The first record of a block follows one of thread 0, site 0, address 0, object 0. A
//! definition has no thread and no site: its bits 6 and 7 are clear.
//!
//! A *number* takes one to nine bytes. The count of trailing zero bits of its first byte is the
//! count of bytes that follow. Of up to eight bytes, taken as one little-endian number, the value
//! is what is left above the lowest bit that is set; a first byte of zero is followed by the value
//! in eight bytes. A *distance* is the difference of two numbers, modulo 2⁶⁴, as a signed number,
//! written as a number: 0, −1, 1, −2, … as 0, 1, 2, 3, …
//!
//! | operand type | what |
//! |---|---|
//! | `number` | a number |
//! | `thread` | the number of a thread |
//! | `object` | a synchronisation object: its distance from the `object` before in the block |
//! | `bytes` | memory, see below |
//! | `ordering` | one byte: 0 relaxed, 1 release, 2 acquire, 3 acquire-release, 4 sequentially consistent |
//! | `text` | the length in bytes, at most 1 MiB, and the text in UTF-8 |
//!
//! Of `bytes`, *d* is the distance of the first address from that of the `bytes` before in the
//! block, written as a number. A length of 2ᵏ with *k* up to 6 and a *d* below 2⁶¹ are one number,
//! 8 *d* + *k*. Otherwise there are three: 7, *d*, and the length, which is not zero.
//!
//! | code | record | operands | |
//! |---|---|---|---|
//! | 1 | `fork` | thread | [`Action::Fork`] |
//! | 2 | `end` | | [`Action::End`] |
//! | 3 | `join` | thread | [`Action::Join`] |
//! | 4 | `acquire` | object | [`Action::Acquire`] |
//! | 5 | `release` | object | [`Action::Release`] |
//! | 6 | `release_merge` | object | [`Action::ReleaseMerge`] |
//! | 7 | `release_acquire` | object | [`Action::ReleaseAcquire`] |
//! | 8 | `transfer` | object, object | [`Action::Transfer`]: from, into |
//! | 9 | `read` | bytes | [`Action::Read`] |
//! | 10 | `write` | bytes | [`Action::Write`] |
//! | 11 | `atomic_load` | bytes, object, ordering | [`Action::AtomicLoad`] |
//! | 12 | `atomic_store` | bytes, object, ordering | [`Action::AtomicStore`] |
//! | 13 | `atomic_rmw` | bytes, object, ordering | [`Action::AtomicRmw`] |
//! | 14 | `fence` | ordering | [`Action::Fence`] |
//! | 15 | `alloc` | bytes | [`Action::Alloc`] |
//! | 16 | `free` | bytes | [`Action::Free`] |
//! | 17 | `call` | | [`Action::Call`] |
//! | 18 | `return` | | [`Action::Return`] |
//! | 48 | `define_site` | number, text | the place that a site stands for, such as `src/lib.rs:3:5` |
//! | 49 | `define_thread` | thread, text | the name of a thread |
//! | 50 | `define_object` | object, text | the name of a synchronisation object |
//! | 51 | `define_memory` | bytes, text | what lies in these bytes from here on |
//!
//! [`Action::Fork`]: crate::event::Action::Fork
//! [`Action::End`]: crate::event::Action::End
//! [`Action::Join`]: crate::event::Action::Join
//! [`Action::Acquire`]: crate::event::Action::Acquire
//! [`Action::Release`]: crate::event::Action::Release
//! [`Action::ReleaseMerge`]: crate::event::Action::ReleaseMerge
//! [`Action::ReleaseAcquire`]: crate::event::Action::ReleaseAcquire
//! [`Action::Transfer`]: crate::event::Action::Transfer
//! [`Action::Read`]: crate::event::Action::Read
//! [`Action::Write`]: crate::event::Action::Write
//! [`Action::AtomicLoad`]: crate::event::Action::AtomicLoad
//! [`Action::AtomicStore`]: crate::event::Action::AtomicStore
//! [`Action::AtomicRmw`]: crate::event::Action::AtomicRmw
//! [`Action::Fence`]: crate::event::Action::Fence
//! [`Action::Alloc`]: crate::event::Action::Alloc
//! [`Action::Free`]: crate::event::Action::Free
//! [`Action::Call`]: crate::event::Action::Call
//! [`Action::Return`]: crate::event::Action::Return

mod block;
mod decoder;
mod encoder;
mod error;
mod format;
mod names;
mod reader;
mod recorder;
#[cfg(test)]
mod sample;
pub mod std_text;
mod varint;
mod writer;

pub use error::TraceError;
pub use format::{LONGEST_TEXT, VERSION};
pub use names::Names;
pub use reader::{Ended, Reader};
pub use recorder::Recorder;
pub use writer::Writer;
