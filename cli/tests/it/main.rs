//! The command line from outside: what goes in, what comes out, and with which exit code.
//!
//! - `commands`: usage, names and help texts;
//! - `reports`: `deadheat report`;
//! - `programs`: `deadheat run`;
//! - `suites`: `deadheat test`;
//! - `traces`: `deadheat analyze` and `deadheat trace`;
//! - `cli`: calls the program; `krate`: a crate to test; `sample`: records.

mod cli;
mod commands;
mod krate;
#[cfg(unix)]
mod programs;
mod reports;
#[path = "../../src/sample.rs"]
mod sample;
mod suites;
mod traces;
