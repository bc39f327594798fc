//! Whole processes under the `DEADHEAT` variable: this test binary runs itself.
//!
//! - [`subjects`]: the tests that are run by others; they pass by themselves;
//! - [`again`]: runs them;
//! - [`schedtrace`]: runs one, and reads what the scheduler says;
//! - [`signals`]: runs them, and sends them signals.

mod again;
mod schedtrace;
#[cfg(unix)]
mod signals;
mod subjects;
