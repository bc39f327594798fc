//! On hand-written sequences, engine and oracle give the expected answer.
//!
//! Each rule stands beside its twin, the sequence that differs in one step and in the verdict.
//!
//! - [`epochs`]: the rules of FastTrack, on one variable;
//! - [`bytes`]: sizes, overlaps, borders, and memory that is reset;
//! - [`edges`]: fork, join, locks, channels;
//! - [`atomics`]: orderings, release sequences, atomic against plain;
//! - [`fences`]: fences, as in C++20;
//! - [`races`]: what the engine says of the races it finds.

#![allow(
    clippy::single_range_in_vec_init,
    reason = "a list of racy ranges may well have one element"
)]

mod atomics;
mod bytes;
mod check;
mod edges;
mod epochs;
mod fences;
mod races;
