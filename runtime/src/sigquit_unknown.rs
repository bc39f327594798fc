//! SIGQUIT, where there is no such signal.

pub(crate) fn watch() {}
