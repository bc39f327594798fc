//! What can be wrong with a trace.

use super::format::VERSION;
use std::fmt;
use std::io;

/// Why a trace cannot be read on. The messages follow the words "*file* cannot be read: ".
#[derive(Debug)]
pub enum TraceError {
    /// The file itself cannot be read.
    Read(io::Error),
    /// There is not a single byte.
    Empty,
    /// It does not begin as a trace does.
    NotATrace,
    /// It has a version that this crate does not know.
    Version(u32),
    /// Its header is damaged, or describes records that this crate cannot pass over.
    Header(String),
    /// A block does not hold what was written to it.
    Damaged {
        /// The block's number, from 1.
        block: u64,
        /// The position of the block's first byte in the file.
        offset: u64,
        /// What is wrong with it.
        what: String,
    },
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => error.fmt(f),
            Self::Empty => f.write_str("it is empty, and so not a Deadheat trace"),
            Self::NotATrace => f.write_str(
                "it is not a Deadheat trace; a RAPID text file becomes one by `deadheat trace import`",
            ),
            Self::Version(version) => write!(
                f,
                "it has version {version} of the trace format; this program reads version {VERSION}: use a newer one"
            ),
            Self::Header(what) => write!(f, "{what}; record or copy the trace again"),
            Self::Damaged {
                block,
                offset,
                what,
            } => write!(
                f,
                "block {block}, at byte {offset}, is damaged: {what}; record or copy the trace again"
            ),
        }
    }
}

impl std::error::Error for TraceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for TraceError {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}
