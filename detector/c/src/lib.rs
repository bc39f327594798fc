//! The core of Deadheat's happens-before engine, for callers in C.
//!
//! It is what a language's runtime, or a compiler's instrumentation, links to be told of data
//! races: the engine's whole vocabulary as `extern "C"` functions over explicit state. The header,
//! `include/deadheat.h`, is written by hand and is the documentation for C; the tests hold it and
//! this crate against each other.
//!
//! - [`engine`]: what is shared by all threads: events on memory, housekeeping;
//! - [`source`]: memory that the caller provides;
//! - [`thread`]: the state of one thread, which the caller keeps where it likes;
//! - [`context`]: calls and returns, and call stacks as small numbers;
//! - [`access`]: reads, writes, and the races that they are part of;
//! - [`sync`]: acquire and release on objects known by name, atomic operations, fences.
//!
//! # What holds for every function
//!
//! **State** is passed explicitly. No function reads or writes a global or a thread-local
//! variable, so a thread of the program may be a fiber that moves between threads of the
//! operating system.
//!
//! **Memory** comes from the engine's source. The one call of the global allocator is
//! [`engine::dh_engine_new`]'s, for a counter of references that [`engine::dh_engine_free`], or
//! the end of the last thread, gives back. So every other function may be called from inside of an
//! allocator.
//!
//! **Panics** end the process: none is expected, and none unwinds into C.
//!
//! **Engines do not mix.** A thread's state knows its engine, so no event names both, and none
//! can name two that do not belong together.

#![no_std]

// Nothing of it is used; a static library takes its panic handler and allocator from here.
extern crate std;

pub mod access;
pub mod context;
pub mod engine;
pub mod source;
pub mod sync;
pub mod thread;
