//! What the engine is held against: a data-race detector so naive that it can be read as the
//! definition of a data race, and random sequences of events to try both on.
//!
//! - [`event`]: an event as the call that makes it, to write down and to print;
//! - [`sequence`]: sequences of events that a program could have caused, from plain bytes;
//! - [`clocks`]: naive happens-before;
//! - [`oracle`]: the naive detector;
//! - [`marks`]: naive schedulable-happens-before;
//! - [`corpus`]: saved sequences;
//! - [`replay`]: the engine, in the same terms;
//! - [`compare`]: both, after each event;
//! - [`litmus`]: small programs on which both give the verdict of C++20.
//!
//! Property tests (`detector/tests/engine`), the fuzz target (`fuzz/fuzz_targets/engine.rs`) and
//! replays of recorded traces call [`compare::compare`] or [`compare::Comparison`].

pub mod clocks;
pub mod compare;
pub mod corpus;
pub mod event;
pub mod litmus;
pub mod marks;
pub mod oracle;
pub mod replay;
pub mod sequence;
