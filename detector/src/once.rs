//! Saying something once.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

/// A complaint on the standard error stream that is not repeated.
pub(crate) struct Complaint {
    said: AtomicBool,
}

impl Complaint {
    pub(crate) const fn new() -> Self {
        Self {
            said: AtomicBool::new(false),
        }
    }

    pub(crate) fn say(&self, what: &str) {
        if !self.said.swap(true, Ordering::Relaxed) {
            // Where not even this can be written there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "deadheat: {what}");
        }
    }
}
