//! What was found, in few words: a line for each unique race and for each failure.
//!
//! - `tally`: the sums over all records;
//! - `race`: one unique race;
//! - `failure`: one failure that is not a race.

mod failure;
mod race;
mod tally;

pub(crate) use tally::{Summary, number};
