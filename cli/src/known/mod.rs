//! Races that are no news.
//!
//! - `baseline`: a file of races that a team starts from;
//! - `suppression`: patterns in the configuration, each with its reason;
//! - `judge`: what a race is by them, and which of them are of no use any more.

mod baseline;
mod judge;
mod suppression;

pub(crate) use baseline::{Baseline, DEFAULT as DEFAULT_BASELINE, Entry};
pub(crate) use judge::{Judge, Standing};
pub(crate) use suppression::Suppression;
