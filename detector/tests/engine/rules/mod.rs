//! On hand-written sequences, engine and oracle give the expected answer.
//!
//! Each rule stands beside its twin, the sequence that differs in one step and in the verdict.
//!
//! - [`epochs`]: the rules of FastTrack, on one variable;
//! - [`bytes`]: sizes, overlaps, borders, and memory that is given back;
//! - [`edges`]: fork, join, locks, channels;
//! - [`lives`]: how threads come and go;
//! - [`crowds`]: many threads at once, and many one after the other;
//! - [`atomics`]: orderings, release sequences, atomic against plain;
//! - [`fences`]: fences, as in C++20;
//! - [`races`]: what the engine says of the races it finds;
//! - [`marks`]: which of them may follow from others;
//! - [`stacks`]: the call stacks that it names.

#![allow(
    clippy::single_range_in_vec_init,
    reason = "a list of racy ranges may well have one element"
)]

mod atomics;
mod bytes;
mod check;
mod crowds;
mod edges;
mod epochs;
mod fences;
mod lives;
mod marks;
mod races;
mod stacks;
