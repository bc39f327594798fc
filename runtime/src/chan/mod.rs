//! Channels as Go has them: typed, unbuffered or bounded, closed by hand or by dropping.
//!
//! - [`Sender`] and [`Receiver`]: the two ends; both can be cloned and shared;
//! - `core`: the state behind them, and every edge that a channel makes; `deal`: what a blocked operation
//!   leaves there;
//! - `alarm`: the channel of a timer, whose values come with the time;
//! - [`RecvFuture`] and [`SendFuture`]: operations that are awaited;
//! - [`select`]: waiting for several operations at once;
//! - [`error`]: what can go wrong, with the value given back.
//!
//! **Happens-before** (the Go memory model, <https://go.dev/ref/mem#chan>):
//!
//! - a send comes before the completion of the receive that takes its value;
//! - a receive from an unbuffered channel comes before the completion of the send it takes from;
//! - the *k*-th receive from a channel of capacity *C* comes before the completion of the
//!   (*k* + *C*)-th send;
//! - closing a channel comes before a receive that finds it closed; where the last sender's drop
//!   closes it, so do the drops of the other senders.
//!
//! `len`, `capacity`, and operations that do not take place order nothing. To close a channel
//! while another goroutine may be sending to it is itself a race, and reported as one: a close
//! counts as a write of the channel, a send as a read.

pub(crate) mod alarm;
mod awaited;
mod core;
mod deal;
pub mod error;
mod future;
mod receiver;
pub mod select;
mod sender;

pub use error::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
pub use future::{RecvFuture, SendFuture};
pub use receiver::{IntoIter, Iter, Receiver};
pub use sender::Sender;

use self::core::Core;
use std::panic::Location;
use std::sync::Arc;

/// A channel without a buffer: every send waits for a receive, and the other way round.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::{chan, go};
///
/// let (tx, rx) = chan::unbuffered();
/// let _ = go(move || tx.send("hello"));
/// assert_eq!(rx.recv(), Ok("hello"));
/// # }).result.unwrap();
/// ```
#[must_use]
#[track_caller]
pub fn unbuffered<T>() -> (Sender<T>, Receiver<T>) {
    ends(0, Location::caller())
}

/// A channel that holds up to `capacity` values that nobody has received yet. With a capacity
/// of 0 it is [`unbuffered`].
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::chan;
///
/// let (tx, rx) = chan::bounded(2);
/// tx.send(1).unwrap();
/// tx.send(2).unwrap();
/// tx.close();
/// assert_eq!(rx.iter().collect::<Vec<i32>>(), [1, 2]);
/// # }).result.unwrap();
/// ```
#[must_use]
#[track_caller]
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    ends(capacity, Location::caller())
}

fn ends<T>(capacity: usize, declared: &'static Location<'static>) -> (Sender<T>, Receiver<T>) {
    let core = Arc::new(Core::new(capacity, declared));
    (Sender::new(Arc::clone(&core)), Receiver::new(core))
}
