//! Locks and other synchronisation, as in Go's packages `sync` and `golang.org/x/sync`, with
//! Rust's guards.
//!
//! - [`mutex`]: [`Mutex`], mutual exclusion;
//! - [`rwmutex`]: [`RwMutex`], many readers or one writer;
//! - [`waitgroup`]: [`WaitGroup`], waiting for a number of things to be done;
//! - [`once`]: [`Once`], doing something once;
//! - [`cond`]: [`Cond`], waiting for a condition under a mutex;
//! - [`semaphore`]: [`Semaphore`], a number of places;
//! - [`once_cell`]: [`OnceCell`], a value that is made once; [`once_value`], a function that
//!   computes once;
//! - [`group`]: [`Group`], goroutines that are waited for together, of which one may fail;
//! - [`singleflight`]: [`Singleflight`], not doing twice what is under way already;
//! - [`pool`]: [`Pool`], things that are to be used again;
//! - [`map`]: [`Map`], a map that many may use at once;
//! - [`raw`]: the lock under all of them, which blocks goroutines and orders nothing.
//!
//! All block the goroutine, not its thread, and work on plain OS threads too. None poisons:
//! a panic while a lock is held unlocks it.

mod caught;
pub mod cond;
pub mod group;
pub mod map;
pub mod mutex;
pub mod once;
pub mod once_cell;
mod once_value;
pub mod pool;
pub mod raw;
pub mod rwmutex;
pub mod semaphore;
pub mod singleflight;
mod wait_queue;
pub mod waitgroup;

pub use cond::Cond;
pub use group::Group;
pub use map::Map;
pub use mutex::{Mutex, MutexGuard};
pub use once::Once;
pub use once_cell::OnceCell;
pub use once_value::once_value;
pub use pool::Pool;
pub use rwmutex::{RwMutex, RwMutexReadGuard, RwMutexWriteGuard};
pub use semaphore::{Semaphore, SemaphoreGuard};
pub use singleflight::Singleflight;
pub use waitgroup::WaitGroup;
