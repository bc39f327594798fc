//! Deadheat's happens-before engine.
//!
//! A *data race* is two accesses to the same memory, at least one a write, that no
//! happens-before path orders. Front ends (the goroutine runtime, annotated cells, later the
//! compiler's instrumentation) tell a [`Detector`] what threads of execution do; it decides
//! what is a race and writes reports to its [`report::Sink`]s. It knows nothing of schedulers,
//! cells, cargo or terminals.
//!
//! - [`clock`]: thread indices, epochs, vector clocks;
//! - [`sync`]: clocks of threads and sync objects, and the edges between them;
//! - [`access`]: kinds of access and byte ranges;
//! - [`event`]: the vocabulary of events, as data;
//! - [`engine`]: events in, conflicts out, over shadow memory;
//! - [`analysis`]: the engine, driven by events as data;
//! - [`locations`]: the racy locations of an analysis, each once;
//! - [`trace`]: such events in a file;
//! - [`context`]: call stacks as small numbers;
//! - [`memory`]: which bytes belong to which cell;
//! - [`thread`]: a thread as reports show it; [`twin`]: what another detector in the process knows of it;
//! - [`describe`]: what reports say, for front ends that keep threads of their own;
//! - [`report`]: reports as data, as text and as JSON lines;
//! - [`settings`]: the `DEADHEAT` variable, the contract between a launcher and a process.
//!
//! # Example
//!
//! Two threads write a counter; a mutex orders them, until it does not.
//!
//! ```
//! use deadheat_detector::{Detector, access::{AccessKind, ByteRange}, report::{Memory, RunInfo}};
//! use deadheat_detector::{sync::SyncVar, thread::SyncOp};
//! use std::panic::Location;
//!
//! let found = Memory::default();
//! let detector = Detector::new(RunInfo::default(), vec![std::sync::Arc::new(found.clone())]);
//! let counter = ByteRange::new(0x1000, 8).unwrap();
//! let mut a = detector.main_thread();
//! let mut b = detector.fork(&mut a, SyncOp::here("goroutine start")).unwrap();
//!
//! let mut mutex = SyncVar::new();
//! detector.access(&a, AccessKind::Write, counter, Location::caller());
//! a.release(&mut mutex, SyncOp::here("mutex unlock"));
//! b.acquire(&mutex, SyncOp::here("mutex lock"));
//! detector.access(&b, AccessKind::Write, counter, Location::caller());
//! assert_eq!(detector.races(), 0);
//!
//! detector.access(&a, AccessKind::Write, counter, Location::caller());
//! assert_eq!(detector.races(), 1);
//! assert_eq!(found.take().len(), 1);
//! ```

mod actors;
pub mod analysis;
pub mod describe;
mod detector;
pub mod event;
mod excerpt;
mod fingerprint;
mod housekeeping;
mod last_release;
pub mod locations;
pub mod memory;
mod once;
pub mod report;
mod seen;
pub mod settings;
mod stack;
mod symbolize;
pub mod thread;
pub mod trace;
pub mod twin;
mod unwind;

pub use deadheat_engine::{access, clock, context, engine, known, source, sync};
pub use detector::Detector;
pub use symbolize::RawStack;
