//! Reports as data: one model, which every output format reads.
//!
//! - [`model`]: what a race report, a failure and the outcome of a run are;
//! - [`text`]: the form that Go's users know, and more;
//! - [`jsonl`]: one record a line, written as found and read back;
//! - [`aside`]: where records go that cannot be written to their file;
//! - [`known`]: races that are no news;
//! - [`sink`]: where records go.

pub mod aside;
pub mod jsonl;
pub mod known;
mod lines;
pub mod model;
pub mod sink;
pub mod text;

pub use model::{
    Access, Allocation, Excerpt, Failure, FailureKind, Goroutine, MemoryLocation, OtherAccess,
    Outcome, Position, RaceReport, Record, RunInfo, Scheduler, StackFrame, SyncEvent, Unordered,
};
pub use sink::{Distinct, Memory, Sink};
