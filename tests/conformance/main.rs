//! What the field expects a race detector to get right, as pairs: each scenario once racy and
//! once race-free, each case on both schedulers.
//!
//! The scenarios are those of Go's race suite and of the studies of races in real programs,
//! as far as the present primitives allow; the verdicts are those of the Go memory model
//! (<https://go.dev/ref/mem>) and, for atomics, of C++20. A module per subject.

mod atomic_fences;
mod atomic_idioms;
mod atomic_mixed;
mod atomic_rmw;
mod atomics;
mod cells;
mod channels;
mod check;
mod close;
mod common;
mod cond;
mod contexts;
mod futures;
mod goroutines;
mod groups;
mod maps;
mod memory;
mod mutex;
#[cfg(unix)]
mod network;
mod once;
mod once_cell;
mod patterns;
mod places;
mod pool;
mod rwmutex;
mod select;
mod semaphore;
mod singleflight;
mod slices;
mod statics;
mod steps;
mod sync_map;
mod timeouts;
mod timers;
mod waitgroup;
