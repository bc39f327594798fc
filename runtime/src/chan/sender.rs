//! The sending end of a channel.

use super::core::{Core, Direction};
use super::error::{SendError, SendTimeoutError, TrySendError};
use super::future::SendFuture;
use super::select::{Otherwise, SendCase, select_as};
use crate::current;
use deadheat_detector::thread::SyncOp;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

/// The sending end of a channel. Clones send to the same one; when the last is dropped, the
/// channel is closed.
pub struct Sender<T> {
    pub(super) core: Arc<Core<T>>,
}

impl<T> Sender<T> {
    pub(super) fn new(core: Arc<Core<T>>) -> Self {
        Self { core }
    }

    /// Sends `value`; blocks the goroutine while the buffer is full, or, without a buffer,
    /// until somebody receives. Usable from plain OS threads, which then block; a run does not
    /// wait for them, though: where all its goroutines are blocked, it is deadlocked.
    ///
    /// # Errors
    ///
    /// The value, where the channel is closed or every receiver dropped, now or while waiting.
    #[track_caller]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        let op = self.begin("channel send");
        self.core.send(value, op)
    }

    /// Sends `value` where that is possible at once. Where it is not, it orders nothing.
    ///
    /// # Errors
    ///
    /// The value, with the reason.
    #[track_caller]
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let op = self.begin("channel send");
        self.core.try_send(value, op)
    }

    /// Sends `value`, as [`send`](Self::send) does, but waits no longer than `timeout`: virtual
    /// time on the controlled scheduler. Where it does not send, it orders nothing.
    ///
    /// # Errors
    ///
    /// The value, with the reason.
    ///
    /// ```
    /// # deadheat_runtime::Run::new("doc").go(|| {
    /// use deadheat_runtime::chan::{self, SendTimeoutError};
    /// use std::time::Duration;
    ///
    /// let (tx, _rx) = chan::unbuffered();
    /// let sent = tx.send_timeout(5, Duration::from_millis(1));
    /// assert_eq!(sent, Err(SendTimeoutError::Timeout(5))); // nobody receives
    /// # }).result.unwrap();
    /// ```
    #[track_caller]
    pub fn send_timeout(&self, value: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        let op = SyncOp::here("channel send");
        let mut case = SendCase::new(self, value);
        select_as(op, &mut [&mut case], Otherwise::Timeout(timeout));
        match case.finish_or_unsent() {
            Ok(sent) => sent.map_err(|SendError(value)| SendTimeoutError::Closed(value)),
            Err(value) => Err(SendTimeoutError::Timeout(value)),
        }
    }

    /// Sends `value`, as [`send`](Self::send) does, when the future is awaited: in a task of any
    /// executor, or in a goroutine under [`block_on`](crate::block_on). The send begins at the first
    /// poll, and makes the edges of those who poll it.
    ///
    /// Dropping the future is safe at any time: the value was sent, or is dropped with it.
    ///
    /// # Errors
    ///
    /// The value, where the channel is closed or every receiver dropped, now or while waiting.
    #[track_caller]
    pub fn send_async(&self, value: T) -> SendFuture<'_, T> {
        SendFuture::new(self, value, SyncOp::here("channel send"))
    }

    /// Closes the channel: senders get errors, and receivers too once the buffer is empty.
    /// Closing while another goroutine may send is a race, and reported as one.
    ///
    /// # Panics
    ///
    /// Where the channel is closed already, as in Go.
    #[track_caller]
    pub fn close(&self) {
        let at = Location::caller();
        current::safepoint();
        self.core.close(SyncOp {
            what: "channel close",
            at,
        });
    }

    /// How many values the buffer holds. Orders nothing.
    #[must_use]
    pub fn len(&self) -> usize {
        current::safepoint();
        self.core.len()
    }

    /// Whether the buffer holds no value. Orders nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many values the buffer can hold; 0 for an unbuffered channel.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.core.capacity()
    }

    /// Whether the channel was closed. Orders nothing.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        current::safepoint();
        self.core.is_closed()
    }

    #[track_caller]
    fn begin(&self, what: &'static str) -> SyncOp {
        let op = SyncOp::here(what);
        current::safepoint();
        op
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.core.add_end(Direction::Send);
        Self {
            core: Arc::clone(&self.core),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.core.drop_end(Direction::Send);
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender { .. }")
    }
}
