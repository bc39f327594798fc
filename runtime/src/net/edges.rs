//! What the network orders, for the detector.
//!
//! One object for the whole process, as `ioSync` in Go's `syscall` package: what one socket was
//! given may come back by any other, by way of another process.

use crate::detect::SyncName;
use deadheat_detector::thread::SyncOp;

static NETWORK: SyncName = SyncName::new();

/// The caller is about to give something to the network.
pub(super) fn give(op: SyncOp) {
    NETWORK.release_merge(op);
}

/// The caller has learned something from the network.
pub(super) fn learn(op: SyncOp) {
    NETWORK.acquire(op);
}
