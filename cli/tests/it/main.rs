//! The command line from outside: what goes in, what comes out, and with which exit code.
//!
//! - `commands`: usage, names and help texts;
//! - `reports`: `deadheat report`; `formats`: what it prints; `explain`: `deadheat explain`;
//! - `known`: baselines and suppressions; `config`: `deadheat.toml` and its relatives;
//! - `programs`: `deadheat run`;
//! - `suites`: `deadheat test`; `runners`: what runs the tests, parts and `deadheat merge`;
//! - `instrument`: `--instrument`, `deadheat build` and `deadheat doctor`;
//! - `setup`: `deadheat init`, completions and manual pages;
//! - `traces`: `deadheat analyze` and `deadheat trace`;
//! - `book`: the book, followed to the letter;
//! - `cli`: calls the program; `krate`: a crate to test; `sample`, `corpus`:
//!   records.

#[cfg(unix)]
mod book;
mod cli;
mod commands;
mod config;
mod corpus;
mod explain;
mod formats;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod instrument;
mod known;
mod krate;
mod litmus;
#[cfg(unix)]
mod programs;
mod reports;
mod runners;
#[path = "../../src/sample.rs"]
mod sample;
mod setup;
mod suites;
mod terminal;
mod traces;
