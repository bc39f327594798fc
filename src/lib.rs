//! Deadheat finds data races in concurrent code, and explains them.
//!
//! A *data race* is two accesses to the same memory, at least one a write, that no
//! happens-before path orders. Deadheat runs your code in goroutines, on schedules that can be
//! replayed from a seed, records what they read, write and synchronise on, and reports every
//! pair that is unordered: with both stacks, and with the reason.
//!
//! ```
//! use deadheat::prelude::*;
//! use std::sync::Arc;
//!
//! # #[allow(unused)]
//! # #[cfg_attr(doctest, doc = "")]
//! #[deadheat::test(schedules = 10)]
//! fn counting() {
//!     let hits = Arc::new(Shared::named("hits", 0));
//!     let other = hits.clone();
//!     let visitor = go(move || other.update(|n| *n += 1));
//!     hits.update(|n| *n += 1); // a race: nothing orders the two
//!     visitor.join().unwrap();
//! }
//! # fn main() {}
//! ```
//!
//! `cargo test` runs such tests as they are; `deadheat test` runs them under detection.
//!
//! - cells: [`Shared`], [`SharedSlice`], [`SharedMap`]; [`raw`] annotations;
//! - goroutines: [`go()`], [`chan`], [`select!`], [`goroutine_local!`], [`sync`], [`atomic`];
//!   [`time`], [`context`], `net`; futures: [`block_on`];
//! - tests and programs: [`macro@test`], [`macro@main`]; [`Run`] for more control;
//! - the engine underneath: [`detector`].

#[cfg(unix)]
pub use deadheat_instrument::runtime::net;
pub use deadheat_instrument::runtime::{
    AccessError, Builder, Dump, Failure, ForeignThreads, Goroutine, GoroutineDump, GoroutineLocal,
    GoroutineState, JoinFuture, JoinHandle, NoStack, Outcome, Run, Stats, atomic, block_on,
    blocking, chan, context, detector, dump, dump_all, foreign_threads, go, goroutine_id,
    goroutine_local, preempt_point, select, set_goroutine_name, stats, sync, time, yield_now,
};
pub use deadheat_instrument::{Shared, SharedMap, SharedSlice, main, raw, test};

/// What most tests use.
pub mod prelude {
    pub use crate::context::Context;
    pub use crate::sync::{Cond, Group, Mutex, Once, OnceCell, RwMutex, Semaphore, WaitGroup};
    pub use crate::time::{after, sleep};
    pub use crate::{Shared, SharedMap, SharedSlice, chan, go, select, yield_now};
}

/// For the attribute macros.
#[doc(hidden)]
pub mod __private {
    pub use deadheat_instrument::harness::main::Main;
    pub use deadheat_instrument::harness::test::Test;
    pub use deadheat_instrument::runtime::detector::report::Scheduler;
}
