//! Functions of the C library that the library stands in front of.
//!
//! Each calls the real one, found behind it ([`real`]), and tells the engine what that did. Where the
//! thread has no state, or is inside of the library, it does no more than call.
//!
//! - [`objects`]: sync objects, known by their addresses;
//! - [`alloc`]: memory is allocated and freed;
//! - [`blocks`]: where it was allocated;
//! - [`maps`]: mappings come and go;
//! - [`threads`]: threads are started, joined, detached;
//! - [`locks`]: mutexes, conditions, locks for reading and writing, once, barriers, semaphores;
//! - [`c11`]: the same under the names of C11;
//! - [`bytes`]: bytes and strings are moved, compared, searched;
//! - [`files`]: bytes that are read and written, and what pipes and sockets order;
//! - [`signal`]: handlers of signals;
//! - [`standard`]: functions of Rust's standard library, where that has no calls;
//! - [`process`]: `fork`, handlers at the end, jumps;
//! - [`words`]: tables by address.

pub(crate) mod alloc;
pub(crate) mod blocks;
mod bytes;
mod c11;
mod files;
mod locks;
mod maps;
pub(crate) mod objects;
pub(crate) mod process;
pub(crate) mod real;
pub(crate) mod signal;
pub(crate) mod standard;
pub(crate) mod threads;
mod words;

use crate::current;
use crate::entry::with_site;
use crate::thread::{Inside, State};

/// Enters the library, if the thread has a state and is not inside.
#[inline]
fn enter() -> Option<Inside> {
    current::get().and_then(State::enter)
}
