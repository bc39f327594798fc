//! RAPID's text format for traces, STD: from it, and to it.
//!
//! RAPID (Mathur and others, <https://github.com/umangm/rapid>) analyses traces of which each
//! line is an event:
//!
//! ```text
//! T0|w(V123)|17
//! T0|rel(L1)|3
//! T0|fork(T1)|5
//! ```
//!
//! that is `thread|op(arg)|location`. The operation is one of
//!
//! | op | arg | |
//! |---|---|---|
//! | `r`, `w` | a variable | [`Action::Read`], [`Action::Write`] |
//! | `acq`, `rel` | a lock | [`Action::Acquire`], [`Action::Release`] |
//! | `fork`, `join` | a thread | [`Action::Fork`], [`Action::Join`] |
//!
//! and the location is an integer. The three kinds of names are apart from each other: a lock and
//! a variable may both be called `x`. A name is any text but `|`; an argument has no white space
//! either. It goes up to the last `)` of its field, so that `w(a(1))` writes `a(1)`.
//!
//! - [`import`]: variables become eight bytes each, at an address of their own. The trace keeps
//!   all names and locations as they were written, so that [`export`] gives the very same lines
//!   back.
//! - [`export`]: what overlaps partly is cut into pieces, each a variable: an access that touches
//!   three of them becomes three lines, and two accesses share a variable exactly if they share a
//!   byte. [`Action::ReleaseAcquire`] becomes `acq` and `rel`. [`Action::End`], [`Action::Call`]
//!   and [`Action::Return`] are left out: they order nothing that the other lines do not.
//!   Everything else (atomics, fences, merging releases, transfers, memory that is given or taken
//!   back) RAPID cannot say; see [`Unsayable`].
//!
//! `alphabet` gives out names that RAPID can tell apart, `cells` cuts memory into pieces, `line`
//! reads a line.
//!
//! [`Action::Read`]: crate::event::Action::Read
//! [`Action::Write`]: crate::event::Action::Write
//! [`Action::Acquire`]: crate::event::Action::Acquire
//! [`Action::Release`]: crate::event::Action::Release
//! [`Action::ReleaseAcquire`]: crate::event::Action::ReleaseAcquire
//! [`Action::Fork`]: crate::event::Action::Fork
//! [`Action::Join`]: crate::event::Action::Join
//! [`Action::End`]: crate::event::Action::End
//! [`Action::Call`]: crate::event::Action::Call
//! [`Action::Return`]: crate::event::Action::Return

mod alphabet;
mod cells;
mod export;
mod import;
mod line;

pub use export::{ExportError, Exported, Unsayable, export};
pub use import::{ImportError, import};
pub use line::Malformed;
