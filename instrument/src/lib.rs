//! What test code imports: cells that tell the detector who touches them, and the harness
//! behind `#[deadheat::test]` and `#[deadheat::main]`.
//!
//! - [`Shared`]: one value;
//! - [`SharedSlice`]: elements of a backing array, as Go's slices share it;
//! - [`SharedMap`]: a map, one location as a whole, as in Go;
//! - [`raw`]: accesses to memory that is no cell, annotated by hand;
//! - [`harness`]: tests and programs as runs.
//!
//! A cell may be raced on and stays memory-safe: it serialises the actual loads and stores, in
//! a way that orders nothing as far as the detector is concerned. Each access is recorded with
//! its caller's place in the source, and is a point at which the scheduler may switch.

#[doc(hidden)]
pub mod harness;
mod lock;
mod map;
pub mod raw;
mod shared;
mod slice;
mod watch;

pub use deadheat_macros::{main, test};
pub use deadheat_runtime as runtime;
pub use map::SharedMap;
pub use shared::Shared;
pub use slice::SharedSlice;
