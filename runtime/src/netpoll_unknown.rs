//! A machine whose sockets nobody polls: nobody ever waits for them.

use crate::goroutine::G;
use std::time::Duration;

/// A poller without sockets.
#[derive(Default)]
pub(crate) struct Netpoll;

impl Netpoll {
    pub(crate) fn is_waited_for(&self) -> bool {
        false
    }

    pub(crate) fn poll(&self, _: Option<Duration>, _: &mut Vec<G>) -> bool {
        true
    }

    pub(crate) fn interrupt(&self) {}
}
