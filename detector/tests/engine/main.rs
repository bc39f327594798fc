//! The happens-before engine, tested from outside: against hand-written rules, and against a
//! detector so naive that it can be read as the definition of a data race.
//!
//! - [`event`]: what threads do, as data;
//! - [`sequence`]: sequences of events that a program could have caused, at random;
//! - [`oracle`]: the naive detector;
//! - [`replay`]: the engine, driven by events;
//! - [`agreement`]: on random sequences, engine and oracle agree;
//! - [`rules`]: on hand-written sequences, both give the expected answer.

mod agreement;
mod event;
mod oracle;
mod replay;
mod rules;
mod sequence;
