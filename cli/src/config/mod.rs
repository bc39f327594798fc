//! What `deadheat.toml` and the tables of `Cargo.toml` say.
//!
//! - `find`: which files are meant, and which goes before which;
//! - `keys`: what may stand in them;
//! - `toml`: how they are read.

mod find;
mod keys;
pub(crate) mod toml;

pub(crate) use find::{load, load_here};
pub(crate) use keys::Config;
