//! The receiving end of a channel.

use super::alarm::Alarm;
use super::core::{Core, Direction};
use super::error::{RecvError, RecvTimeoutError, TryRecvError};
use super::future::RecvFuture;
use super::select::{Chosen, Otherwise, RecvCase, select_as};
use crate::current;
use deadheat_detector::thread::SyncOp;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

/// The receiving end of a channel. Clones receive from the same one; each value goes to one
/// of them.
pub struct Receiver<T> {
    pub(super) flavor: Flavor<T>,
}

/// What a receiver receives from.
pub(super) enum Flavor<T> {
    /// A channel that somebody sends to.
    Channel(Arc<Core<T>>),
    /// A timer, and what makes a value of the time.
    Alarm(Arc<Alarm>, fn(Duration) -> T),
}

impl Receiver<Duration> {
    /// The receiving end of a timer's channel.
    pub(crate) fn of_alarm(alarm: Arc<Alarm>) -> Self {
        Self {
            flavor: Flavor::Alarm(alarm, |time| time),
        }
    }
}

impl<T> Receiver<T> {
    pub(super) fn new(core: Arc<Core<T>>) -> Self {
        Self {
            flavor: Flavor::Channel(core),
        }
    }

    /// Receives a value; blocks the goroutine while there is none. Usable from plain OS
    /// threads, which then block; a run does not wait for them, though.
    ///
    /// # Errors
    ///
    /// Where the channel is closed, or every sender dropped, and the buffer is empty.
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.recv_at(Location::caller())
    }

    fn recv_at(&self, at: &'static Location<'static>) -> Result<T, RecvError> {
        current::safepoint();
        let op = SyncOp {
            what: "channel receive",
            at,
        };
        match &self.flavor {
            Flavor::Channel(core) => core.receive(op).ok_or(RecvError),
            Flavor::Alarm(..) => {
                let mut case = RecvCase::new(self);
                select_as(op, &mut [&mut case], Otherwise::Block);
                case.finish()
            }
        }
    }

    /// Receives a value if there is one. Where there is none, it orders nothing.
    ///
    /// # Errors
    ///
    /// Where there is none, with the reason.
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let op = SyncOp::here("channel receive");
        current::safepoint();
        self.try_receive(op)
    }

    pub(super) fn try_receive(&self, op: SyncOp) -> Result<T, TryRecvError> {
        match &self.flavor {
            Flavor::Channel(core) => core.try_receive(op),
            Flavor::Alarm(alarm, value) => alarm.try_receive(op).map(value),
        }
    }

    /// Receives a value, as [`recv`](Self::recv) does, but waits no longer than `timeout`:
    /// virtual time on the controlled scheduler. Where the time is up, it orders nothing.
    ///
    /// # Errors
    ///
    /// Where there is none, with the reason.
    ///
    /// ```
    /// # deadheat_runtime::Run::new("doc").go(|| {
    /// use deadheat_runtime::chan::{self, RecvTimeoutError};
    /// use std::time::Duration;
    ///
    /// let (tx, rx) = chan::bounded(1);
    /// let received = rx.recv_timeout(Duration::from_millis(1));
    /// assert_eq!(received, Err(RecvTimeoutError::Timeout));
    /// tx.send(5).unwrap();
    /// assert_eq!(rx.recv_timeout(Duration::from_millis(1)), Ok(5));
    /// # }).result.unwrap();
    /// ```
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        let op = SyncOp::here("channel receive");
        let mut case = RecvCase::new(self);
        match select_as(op, &mut [&mut case], Otherwise::Timeout(timeout)) {
            Chosen::Case(_) => case.finish().map_err(|RecvError| RecvTimeoutError::Closed),
            Chosen::Otherwise => Err(RecvTimeoutError::Timeout),
        }
    }

    /// Receives a value, as [`recv`](Self::recv) does, when the future is awaited: in a task of any
    /// executor, or in a goroutine under [`block_on`](crate::block_on). The receive begins at the
    /// first poll, and makes the edges of those who poll it.
    ///
    /// Dropping the future is safe at any time: a value that it was given already goes to whoever
    /// receives next, before all others. Its sender has gone on by then, and whoever found the channel
    /// closed before that does not come back for it.
    ///
    /// # Errors
    ///
    /// Where the channel is closed, or every sender dropped, and the buffer is empty.
    ///
    /// ```
    /// # deadheat_runtime::Run::new("doc").go(|| {
    /// use deadheat_runtime::{block_on, chan, go};
    ///
    /// let (tx, rx) = chan::unbuffered();
    /// let sender = go(move || tx.send(5));
    /// assert_eq!(block_on(async { rx.recv_async().await }), Ok(5));
    /// sender.join().unwrap().unwrap();
    /// # }).result.unwrap();
    /// ```
    #[track_caller]
    pub fn recv_async(&self) -> RecvFuture<'_, T> {
        RecvFuture::new(self, SyncOp::here("channel receive"))
    }

    /// The values as they come, until the channel is closed and empty.
    #[must_use]
    #[track_caller]
    pub fn iter(&self) -> Iter<'_, T> {
        Iter {
            receiver: self,
            at: Location::caller(),
        }
    }

    /// How many values the buffer holds. Orders nothing.
    #[must_use]
    pub fn len(&self) -> usize {
        current::safepoint();
        match &self.flavor {
            Flavor::Channel(core) => core.len(),
            Flavor::Alarm(alarm, _) => usize::from(alarm.is_ready()),
        }
    }

    /// Whether the buffer holds no value. Orders nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many values the buffer can hold; 0 for an unbuffered channel.
    #[must_use]
    pub fn capacity(&self) -> usize {
        match &self.flavor {
            Flavor::Channel(core) => core.capacity(),
            Flavor::Alarm(..) => 1,
        }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        let flavor = match &self.flavor {
            Flavor::Channel(core) => {
                core.add_end(Direction::Receive);
                Flavor::Channel(Arc::clone(core))
            }
            Flavor::Alarm(alarm, value) => Flavor::Alarm(Arc::clone(alarm), *value),
        };
        Self { flavor }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if let Flavor::Channel(core) = &self.flavor {
            core.drop_end(Direction::Receive);
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receiver { .. }")
    }
}

/// The values of a channel as they come; see [`Receiver::iter`].
#[derive(Debug)]
pub struct Iter<'a, T> {
    receiver: &'a Receiver<T>,
    /// Where the iteration began: `next` is called from inside adaptors as well.
    at: &'static Location<'static>,
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.recv_at(self.at).ok()
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    #[track_caller]
    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

/// The values of a channel as they come, with the receiving end.
#[derive(Debug)]
pub struct IntoIter<T> {
    receiver: Receiver<T>,
    at: &'static Location<'static>,
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.recv_at(self.at).ok()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    #[track_caller]
    fn into_iter(self) -> IntoIter<T> {
        IntoIter {
            receiver: self,
            at: Location::caller(),
        }
    }
}
