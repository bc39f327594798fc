//! The happens-before engine, tested from outside: against hand-written rules, and against a
//! detector so naive that it can be read as the definition of a data race (`deadheat-oracle`).
//!
//! - [`agreement`]: on random sequences, engine and oracle agree;
//! - [`sequences`]: those are worth comparing on;
//! - [`corpus`]: so they do on sequences that a fuzzer has found;
//! - [`stress`]: and on a long one;
//! - [`rules`]: on hand-written sequences, both give the expected answer.
//!
//! That both give the verdict of C++20 on small programs is tested where those are: in
//! `deadheat_oracle::litmus`.

mod agreement;
mod corpus;
mod rules;
mod sequences;
mod stress;
