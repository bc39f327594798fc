//! The core of Deadheat's happens-before engine.
//!
//! It can serve inside any language's runtime: state is explicit, nothing is thread-local,
//! nothing unwinds through a callback it does not own, and memory comes from a [`Source`] of its
//! own, never from the program's allocator (but for one [`Arc`](alloc::sync::Arc) when an engine
//! is made). It builds without `std`.
//!
//! - [`clock`]: thread indices, times, epochs, and vector clocks that share what they have in common;
//! - [`sync`]: clocks of threads and sync objects, and the edges between them;
//! - [`access`]: kinds of access and byte ranges;
//! - [`context`]: call stacks as small numbers;
//! - [`known`]: what every running thread knows;
//! - [`engine`]: events in, races out, over shadow memory;
//! - [`source`]: where memory comes from.

#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod access;
mod array;
mod chain;
pub mod clock;
pub mod context;
pub mod engine;
mod granule;
mod history;
pub mod known;
#[cfg(loom)]
pub mod model;
mod notes;
mod pair;
mod parts;
mod pool;
mod primitive;
mod racy;
mod record;
mod region;
mod renewal;
mod settled;
mod shadow;
pub mod slots;
pub mod source;
mod spin;
pub mod sync;
mod table;
mod trie;

pub use source::Source;
