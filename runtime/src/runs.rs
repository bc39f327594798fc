//! The runs that go on in the process.

use crate::run::Run;
use parking_lot::Mutex;
use std::sync::{Arc, Weak};

static RUNS: Mutex<Vec<Weak<Run>>> = Mutex::new(Vec::new());

/// Notes that `run` begins.
pub(crate) fn add(run: &Arc<Run>) {
    let mut runs = RUNS.lock();
    runs.retain(|run| run.strong_count() > 0);
    runs.push(Arc::downgrade(run));
}

/// All runs, in the order in which they began.
pub(crate) fn all() -> Vec<Arc<Run>> {
    RUNS.lock().iter().filter_map(Weak::upgrade).collect()
}
