//! Small programs with a verdict: race or no race, as C++20 says.
//!
//! - [`program`]: programs as data, and all their interleavings;
//! - [`table`]: the programs and their verdicts, each a test;
//! - `page`: the table as `docs/litmus.md`;
//! - [`source`]: the table as Rust, with the standard library's atomics, which the tests of `--instrument` run.
//!
//! A program is racy if it has an execution with a race. What is executed here is every
//! interleaving, each load seeing the latest store. Executions in which a load sees an older one
//! are not: the few programs that race in such executions only have a verdict of their own.

#[cfg(test)]
mod page;
pub mod program;
pub mod source;
pub mod table;
