//! Tests and programs as runs: what the attribute macros expand to.
//!
//! - `process`: what the `DEADHEAT` variable asks of this process, and where reports go;
//! - `test`: a test, on one schedule or many;
//! - `main`: a program.

pub mod main;
mod process;
pub mod test;
