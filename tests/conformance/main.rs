//! What the field expects a race detector to get right, as pairs: each scenario once racy and
//! once race-free, each case on both schedulers.
//!
//! The scenarios are those of Go's race suite and of the studies of races in real programs,
//! as far as the present primitives allow; the verdicts are those of the Go memory model
//! (<https://go.dev/ref/mem>) and, for atomics, of C++20. A module per subject.

mod channels;
mod check;
mod close;
mod common;
mod goroutines;
mod patterns;
mod select;
mod semaphore;
mod waitgroup;
