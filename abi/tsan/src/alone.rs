//! While a process has but one thread, nothing that this thread does can race, and nothing of it is recorded.
//!
//! Whatever else comes to run is started by that thread, and so comes after all that it has done. The same holds
//! again when all that were started have been joined: then the one that is left knows all that they did.
//! So neither its accesses are recorded then, nor what its atomic operations order: whoever could be
//! ordered by them is so already. That is no approximation: the verdicts are the same.
//!
//! Only the first thread can be alone: each other one is counted until somebody has joined it. A thread that
//! is detached is counted for good, and so is a fiber: nobody joins them.
//!
//! The word that tells accesses so is thread-local ([`current::recording`]), and is changed by the thread
//! whose own it is: so there is nothing to be read by others at the same time.

use crate::current;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Threads and fibers that were made, and not joined.
static OTHERS: AtomicUsize = AtomicUsize::new(0);

/// Whether the caller, which has a state, is the only one.
#[inline(always)]
pub(crate) fn is_alone() -> bool {
    OTHERS.load(Ordering::Relaxed) == 0
}

/// The caller, who has a state, is about to make another thread or fiber: from now on there is something to record.
pub(crate) fn expect_another() {
    OTHERS.fetch_add(1, Ordering::Relaxed);
    current::record(true);
}

/// The caller knows all that one of the others did, which has ended; or that one was not made after all.
pub(crate) fn lose_another() {
    if OTHERS.fetch_sub(1, Ordering::Relaxed) == 1 {
        current::record(false);
    }
}

/// The caller knows all that the others did, and they are not in this process.
pub(crate) fn lose_all() {
    OTHERS.store(0, Ordering::Relaxed);
    current::record(false);
}
