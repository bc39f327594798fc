//! Channel operations that are awaited, by any executor's tasks.
//!
//! A future that has been polled stands in the channel's queue as a blocked goroutine does. When it
//! is dropped it leaves the queue; what it was given by then is not lost.

use super::alarm::Alarm;
use super::awaited::Awaited;
use super::core::{Core, Direction, Offered};
use super::error::{RecvError, SendError};
use super::receiver::Flavor;
use super::{Receiver, Sender};
use crate::current;
use deadheat_detector::thread::SyncOp;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// A receive that is awaited; see [`Receiver::recv_async`].
#[must_use = "futures do nothing unless they are polled"]
pub struct RecvFuture<'a, T> {
    receiver: &'a Receiver<T>,
    op: SyncOp,
    /// On a channel that somebody sends to.
    offered: Option<Offered<T>>,
    /// On a timer's.
    awaited: Option<Awaited>,
    done: bool,
}

/// A send that is awaited; see [`Sender::send_async`].
#[must_use = "futures do nothing unless they are polled"]
pub struct SendFuture<'a, T> {
    sender: &'a Sender<T>,
    op: SyncOp,
    /// Until the first poll.
    value: Option<T>,
    offered: Option<Offered<T>>,
}

impl<'a, T> RecvFuture<'a, T> {
    pub(super) fn new(receiver: &'a Receiver<T>, op: SyncOp) -> Self {
        Self {
            receiver,
            op,
            offered: None,
            awaited: None,
            done: false,
        }
    }

    fn poll_received(&mut self, context: &Context<'_>) -> Poll<Option<T>> {
        match &self.receiver.flavor {
            Flavor::Channel(core) => self.poll_channel(core, context),
            Flavor::Alarm(alarm, value) => self
                .poll_alarm(alarm, context)
                .map(|time| Some(value(time))),
        }
    }

    fn poll_alarm(&mut self, alarm: &Arc<Alarm>, context: &Context<'_>) -> Poll<Duration> {
        if let Some(awaited) = &self.awaited
            && !awaited.is_over(context)
        {
            return Poll::Pending;
        }
        self.awaited = None;
        current::safepoint();
        loop {
            if let Ok(time) = alarm.try_receive(self.op) {
                return Poll::Ready(time);
            }
            self.awaited = Awaited::new(alarm, context.waker().clone());
            if self.awaited.is_some() {
                return Poll::Pending;
            }
        }
    }

    fn poll_channel(&mut self, core: &Core<T>, context: &Context<'_>) -> Poll<Option<T>> {
        if let Some(offered) = &self.offered {
            if !offered.waiter.is_done(context) {
                return Poll::Pending;
            }
            // SAFETY: the operation is done.
            let received = unsafe { offered.place.finish_receive(self.op) };
            self.offered = None;
            return Poll::Ready(received);
        }
        current::safepoint();
        let waker = context.waker().clone();
        match core.receive_or_offer(waker, self.op) {
            Ok(received) => Poll::Ready(received),
            Err(offered) => {
                self.offered = Some(offered);
                Poll::Pending
            }
        }
    }
}

impl<T> Future for RecvFuture<'_, T> {
    type Output = Result<T, RecvError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        assert!(!self.done, "a receive was polled after it had ended");
        let received = self.poll_received(context);
        self.done = received.is_ready();
        received.map(|received| received.ok_or(RecvError))
    }
}

impl<T> Drop for RecvFuture<'_, T> {
    fn drop(&mut self) {
        if let (Some(offered), Flavor::Channel(core)) = (&self.offered, &self.receiver.flavor) {
            core.give_up(Direction::Receive, offered);
        }
    }
}

impl<'a, T> SendFuture<'a, T> {
    pub(super) fn new(sender: &'a Sender<T>, value: T, op: SyncOp) -> Self {
        Self {
            sender,
            op,
            value: Some(value),
            offered: None,
        }
    }
}

/// The value is moved, never pinned.
impl<T> Unpin for SendFuture<'_, T> {}

impl<T> Future for SendFuture<'_, T> {
    type Output = Result<(), SendError<T>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(offered) = &self.offered {
            if !offered.waiter.is_done(context) {
                return Poll::Pending;
            }
            // SAFETY: the operation is done.
            let sent = unsafe { offered.place.finish_send(self.op) };
            self.offered = None;
            return Poll::Ready(sent);
        }
        let value = self.value.take();
        let value = value.expect("a send was polled after it had ended");
        current::safepoint();
        let waker = context.waker().clone();
        let core = &self.sender.core;
        match core.send_or_offer(value, waker, self.op) {
            Ok(sent) => Poll::Ready(sent),
            Err(offered) => {
                self.offered = Some(offered);
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for SendFuture<'_, T> {
    fn drop(&mut self) {
        if let Some(offered) = &self.offered {
            self.sender.core.give_up(Direction::Send, offered);
        }
    }
}

impl<T> fmt::Debug for RecvFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecvFuture { .. }")
    }
}

impl<T> fmt::Debug for SendFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendFuture { .. }")
    }
}
