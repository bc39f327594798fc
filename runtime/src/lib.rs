//! Deadheat's goroutine runtime.
//!
//! Goroutines are light threads of execution that the runtime schedules, on one OS thread
//! with every choice drawn from a seed (*controlled*), or on many (*parallel*). Channels,
//! locks and atomics tell the detector what happens-before what; this crate never decides what
//! a race is.
//!
//! - goroutines: [`go()`], [`Goroutine`], [`JoinHandle`], [`yield_now`], [`preempt_point`];
//! - values that each of them has of its own: [`goroutine_local!`];
//! - where they live, and under whose eyes: [`Run`];
//! - channels: [`chan`] and [`select!`];
//! - locks and atomics: [`sync`], [`atomic`];
//! - futures: [`block_on`], and what [`chan`]'s operations and a [`JoinHandle`] are when awaited;
//! - sleeping, timers and tickers: [`time`]; what is to be given up, and when: [`context`];
//! - the network: `net`; calls that block the OS thread: [`blocking`];
//! - what a scheduler does: [`stats`]; what every goroutine does: [`dump`].
//!
//! # Rules for code that runs in goroutines
//!
//! - On the parallel scheduler a goroutine may go on on another OS thread after any operation of
//!   this crate. Do not keep a reference to a thread-local across one, nor a value that is not
//!   `Send` and shares state with a thread-local (a clone of an `Rc` that is kept there), and do
//!   not rely on a thread-local keeping its value.
//! - Do not hold a lock of `std` or another crate across an operation of this crate: whoever
//!   wants it then blocks an OS thread, on the controlled scheduler the only one.
//! - Do not wait in a goroutine for a plain OS thread: where every goroutine is blocked, the run
//!   reports a deadlock, whatever plain threads may still be about to do. [`foreign_threads`] says
//!   that there are some.
//! - Do not block in a future: a poll is one step, and a goroutine that blocks in it lets others run
//!   on a thread whose thread-locals an executor has set.
//! - What other crates order (locks, channels, `Arc` counts) the detector does not see.
//! - A destructor that blocks while a panic unwinds: on the parallel scheduler it blocks its
//!   OS thread, and another takes that one's place.

pub mod atomic;
mod block_on;
mod blocking;
mod blocks;
pub mod chan;
mod claim;
pub mod context;
mod current;
#[doc(hidden)]
pub mod detect;
mod dump;
mod foreign;
mod go;
mod goroutine;
mod goroutines;
mod later;
mod line;
mod local;
#[cfg(all(test, loom))]
mod models;
#[cfg(unix)]
pub mod net;
#[cfg_attr(not(unix), path = "netpoll_unknown.rs")]
mod netpoll;
mod parting;
mod prefetch;
mod primitive;
mod run;
mod runs;
mod scheduler;
#[cfg_attr(unix, path = "sigquit.rs")]
#[cfg_attr(not(unix), path = "sigquit_unknown.rs")]
mod sigquit;
mod spares;
mod spin;
mod stack;
mod stats;
mod status;
pub mod sync;
mod task;
pub mod time;
mod timers;
mod wait_site;
mod waiter;

pub use block_on::block_on;
pub use blocking::blocking;
pub use current::{any_watched, goroutine_key, preempt_point, safepoint};
pub use deadheat_detector as detector;
pub use dump::{Dump, GoroutineDump, GoroutineState, NoStack, dump, dump_all};
pub use foreign::{ForeignThreads, foreign_threads};
pub use go::{Goroutine, JoinFuture, JoinHandle, go, goroutine_id, set_goroutine_name, yield_now};
pub use local::{AccessError, GoroutineLocal};
pub use run::{Builder, DEFAULT_STEPS, Failure, Outcome, Run};
pub use stack::DEFAULT_STACK;
pub use stats::{Stats, stats};
