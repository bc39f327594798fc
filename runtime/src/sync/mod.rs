//! Locks and other synchronisation, as in Go's package `sync`, with Rust's guards.
//!
//! - [`mutex`]: [`Mutex`], mutual exclusion;
//! - [`rwmutex`]: [`RwMutex`], many readers or one writer;
//! - [`waitgroup`]: [`WaitGroup`], waiting for a number of things to be done;
//! - [`once`]: [`Once`], doing something once;
//! - [`cond`]: [`Cond`], waiting for a condition under a mutex;
//! - [`raw`]: the lock under all of them, which blocks goroutines and orders nothing.
//!
//! All block the goroutine, not its thread, and work on plain OS threads too. None poisons:
//! a panic while a lock is held unlocks it.

pub mod cond;
pub mod mutex;
pub mod once;
pub mod raw;
pub mod rwmutex;
mod wait_queue;
pub mod waitgroup;

pub use cond::Cond;
pub use mutex::{Mutex, MutexGuard};
pub use once::Once;
pub use rwmutex::{RwMutex, RwMutexReadGuard, RwMutexWriteGuard};
pub use waitgroup::WaitGroup;
