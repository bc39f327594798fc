//! The state of a channel, and every happens-before edge that it makes.
//!
//! An operation that cannot go on leaves an [`Offer`] in the channel and waits; the peer that
//! takes the offer moves the value and the clocks both ways, then wakes it. Clocks travel with
//! what they belong to: with a value in the buffer, with the slot that a value left, with an
//! offer. A slot has two of them, because a receive orders the completion of a later send, not
//! the receive of what that send brings. A future that was given a value and is dropped before
//! it was polled again hands it on, with the clock of its sender.

use super::error::{SendError, TryRecvError, TrySendError};
use crate::current;
use crate::detect::{self, Anchor};
use crate::waiter::{WaitReason, Waiter};
use deadheat_detector::access::AccessKind;
use deadheat_detector::memory::Declaration;
use deadheat_detector::sync::SyncVar;
use deadheat_detector::thread::SyncOp;
use parking_lot::{Mutex, MutexGuard};
use std::collections::VecDeque;
use std::panic::Location;
use std::sync::Arc;

/// The clocks of one place in the buffer.
#[derive(Default)]
struct Slot {
    /// From the send that filled it to the receive that empties it.
    to_receiver: SyncVar,
    /// From the receive that emptied it to the send that fills it again.
    to_sender: SyncVar,
}

/// What a blocked operation offers, and what it gets.
pub(super) struct Deal<T> {
    /// A sender's value on its way out, a receiver's on its way in.
    pub(super) value: Option<T>,
    /// The clock of whoever made the offer, when it did.
    offered: SyncVar,
    /// The clock of whoever took it.
    taken: SyncVar,
}

/// A blocked operation's side of a [`Deal`].
pub(super) struct Offer<T> {
    waiter: Arc<Waiter>,
    case: usize,
    deal: Arc<Mutex<Deal<T>>>,
}

impl<T> Offer<T> {
    /// Takes the offer, unless its operation was completed elsewhere.
    fn claim(&self) -> bool {
        self.waiter.claim(self.case)
    }

    fn is_open_to(&self, other: &Arc<Waiter>) -> bool {
        !self.waiter.is_claimed() && !Arc::ptr_eq(&self.waiter, other)
    }
}

/// An operation that could not go on, as the one who waits for it sees it.
pub(super) struct Offered<T> {
    pub(super) waiter: Arc<Waiter>,
    pub(super) deal: Arc<Mutex<Deal<T>>>,
}

/// A claim that means: nobody waits for it any more.
const GIVEN_UP: usize = 1;

/// Which of the two operations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Direction {
    Send,
    Receive,
}

pub(super) struct State<T> {
    capacity: usize,
    buffer: VecDeque<T>,
    /// Values that receives were given which nobody waited for any more. While there is one,
    /// nobody waits to receive.
    handed_back: VecDeque<(T, SyncVar)>,
    slots: Box<[Slot]>,
    sent: usize,
    received: usize,
    sending: VecDeque<Offer<T>>,
    receiving: VecDeque<Offer<T>>,
    closed: bool,
    close_edge: SyncVar,
    senders: usize,
    receivers: usize,
    /// From each sender's drop to the closing that the last one's is.
    drop_edge: SyncVar,
}

/// A channel.
pub(super) struct Core<T> {
    state: Mutex<State<T>>,
    anchor: Anchor,
    declared: &'static Location<'static>,
}

/// What a non-blocking attempt came to, and whom it completed.
type Attempt<R> = (R, Option<Arc<Waiter>>);

impl<T> State<T> {
    /// `access` is called if the operation takes place, or finds the channel closed, before it
    /// releases anything.
    fn send(
        &mut self,
        value: T,
        op: SyncOp,
        access: impl FnOnce(),
    ) -> Attempt<Result<(), TrySendError<T>>> {
        if self.closed || self.receivers == 0 {
            access();
            return (Err(TrySendError::Closed(value)), None);
        }
        while let Some(offer) = self.receiving.pop_front() {
            if offer.claim() {
                access();
                self.send_to(&offer, value, op);
                return (Ok(()), Some(offer.waiter));
            }
        }
        if self.buffer.len() == self.capacity {
            return (Err(TrySendError::Full(value)), None);
        }
        access();
        let slot = &mut self.slots[self.sent % self.capacity];
        detect::with(|_, thread| {
            thread.release(&mut slot.to_receiver, op);
            thread.acquire(&slot.to_sender, op);
        });
        self.sent += 1;
        self.buffer.push_back(value);
        (Ok(()), None)
    }

    /// Hands `value` to a waiting receiver; on a bounded channel, as if by way of the buffer,
    /// which is empty.
    fn send_to(&mut self, offer: &Offer<T>, value: T, op: SyncOp) {
        let mut deal = offer.deal.lock();
        let deal = &mut *deal;
        deal.value = Some(value);
        detect::with(|_, thread| thread.release(&mut deal.taken, op));
        if self.capacity == 0 {
            detect::with(|_, thread| thread.acquire(&deal.offered, op));
            return;
        }
        let slot = &mut self.slots[self.sent % self.capacity];
        detect::with(|_, thread| thread.acquire(&slot.to_sender, op));
        slot.to_sender = std::mem::take(&mut deal.offered);
        detect::transfer(&deal.taken, &mut slot.to_sender, op);
        self.sent += 1;
        self.received += 1;
    }

    fn receive(&mut self, op: SyncOp) -> Attempt<Result<T, TryRecvError>> {
        if let Some((value, edge)) = self.handed_back.pop_front() {
            detect::with(|_, thread| thread.acquire(&edge, op));
            return (Ok(value), None);
        }
        if let Some(value) = self.buffer.pop_front() {
            let slot = &mut self.slots[self.received % self.capacity];
            detect::with(|_, thread| {
                thread.acquire(&slot.to_receiver, op);
                thread.release(&mut slot.to_sender, op);
            });
            self.received += 1;
            return (Ok(value), self.refill(op));
        }
        while let Some(offer) = self.sending.pop_front() {
            if offer.claim() {
                let value = receive_from(&offer, op);
                return (Ok(value), Some(offer.waiter));
            }
        }
        if self.closed || self.senders == 0 {
            detect::with(|_, thread| thread.acquire(&self.close_edge, op));
            return (Err(TryRecvError::Closed), None);
        }
        (Err(TryRecvError::Empty), None)
    }

    /// Lets a waiting sender put its value into the slot that has just become free.
    fn refill(&mut self, op: SyncOp) -> Option<Arc<Waiter>> {
        while let Some(offer) = self.sending.pop_front() {
            if offer.claim() {
                let mut deal = offer.deal.lock();
                let slot = &mut self.slots[self.sent % self.capacity];
                slot.to_receiver = std::mem::take(&mut deal.offered);
                detect::transfer(&slot.to_sender, &mut deal.taken, op);
                self.sent += 1;
                self.buffer.extend(deal.value.take());
                drop(deal);
                return Some(offer.waiter);
            }
        }
        None
    }

    /// Gives a value that a receive was given, and nobody took, to whoever waits to receive, or keeps
    /// it for whoever comes.
    fn hand_on(&mut self, value: T, edge: SyncVar) -> Option<Arc<Waiter>> {
        while let Some(offer) = self.receiving.pop_front() {
            if offer.claim() {
                let mut deal = offer.deal.lock();
                deal.value = Some(value);
                deal.taken = edge;
                drop(deal);
                return Some(offer.waiter);
            }
        }
        self.handed_back.push_back((value, edge));
        None
    }

    /// How many values wait to be received.
    fn len(&self) -> usize {
        self.buffer.len() + self.handed_back.len()
    }

    /// Closes the channel, by hand or by the last sender's drop; returns whom that completes.
    fn close(&mut self, op: SyncOp, by_drop: bool) -> Vec<Arc<Waiter>> {
        self.closed = true;
        detect::with(|_, thread| thread.release(&mut self.close_edge, op));
        if by_drop {
            detect::transfer(&self.drop_edge, &mut self.close_edge, op);
        }
        let offers = self.sending.drain(..).chain(self.receiving.drain(..));
        offers
            .filter(Offer::claim)
            .map(|offer| {
                detect::transfer(&self.close_edge, &mut offer.deal.lock().taken, op);
                offer.waiter
            })
            .collect()
    }

    /// Whether the operation could go on now, be it with an error, `me` left aside.
    fn is_ready(&self, direction: Direction, me: &Arc<Waiter>) -> bool {
        match direction {
            Direction::Send => {
                self.closed
                    || self.receivers == 0
                    || self.buffer.len() < self.capacity
                    || self.receiving.iter().any(|offer| offer.is_open_to(me))
            }
            Direction::Receive => {
                self.closed
                    || self.senders == 0
                    || self.len() > 0
                    || self.sending.iter().any(|offer| offer.is_open_to(me))
            }
        }
    }

    fn queue(&mut self, direction: Direction) -> &mut VecDeque<Offer<T>> {
        match direction {
            Direction::Send => &mut self.sending,
            Direction::Receive => &mut self.receiving,
        }
    }
}

/// Takes the value of a waiting sender of an unbuffered channel.
fn receive_from<T>(offer: &Offer<T>, op: SyncOp) -> T {
    let mut deal = offer.deal.lock();
    let deal = &mut *deal;
    detect::with(|_, thread| {
        thread.release(&mut deal.taken, op);
        thread.acquire(&deal.offered, op);
    });
    deal.value
        .take()
        .expect("an open offer to send has its value")
}

impl<T> Core<T> {
    pub(super) fn new(capacity: usize, declared: &'static Location<'static>) -> Self {
        let state = State {
            capacity,
            buffer: VecDeque::new(),
            handed_back: VecDeque::new(),
            slots: (0..capacity).map(|_| Slot::default()).collect(),
            sent: 0,
            received: 0,
            sending: VecDeque::new(),
            receiving: VecDeque::new(),
            closed: false,
            close_edge: SyncVar::new(),
            senders: 1,
            receivers: 1,
            drop_edge: SyncVar::new(),
        };
        Self {
            state: Mutex::new(state),
            anchor: Anchor::new(),
            declared,
        }
    }

    /// Records that the channel is sent to (`Read`) or closed (`Write`).
    fn access(&self, kind: AccessKind, at: &'static Location<'static>) {
        let bytes = detect::bytes_at(std::ptr::from_ref(self) as usize, size_of::<usize>());
        let declaration = || Declaration {
            cell: "channel",
            holds: std::any::type_name::<T>(),
            name: None,
            declared: self.declared,
            stride: None,
            operation,
        };
        detect::access_cell(&self.anchor, bytes, declaration, kind, bytes, at);
    }

    pub(super) fn try_send(&self, value: T, op: SyncOp) -> Result<(), TrySendError<T>> {
        let access = || self.access(AccessKind::Read, op.at);
        let (result, completed) = self.state.lock().send(value, op, access);
        wake(completed);
        result
    }

    pub(super) fn try_receive(&self, op: SyncOp) -> Result<T, TryRecvError> {
        let (result, completed) = self.state.lock().receive(op);
        wake(completed);
        result
    }

    pub(super) fn send(&self, value: T, op: SyncOp) -> Result<(), SendError<T>> {
        match self.send_or_offer(value, current::waiter, op) {
            Ok(sent) => sent,
            Err(Offered { waiter, deal }) => {
                waiter.wait(WaitReason::new("channel send", op.at));
                finish_send(&deal, op)
            }
        }
    }

    /// Sends `value` if that is possible at once; if not, offers it on behalf of a new `waiter`.
    pub(super) fn send_or_offer(
        &self,
        value: T,
        waiter: impl FnOnce() -> Arc<Waiter>,
        op: SyncOp,
    ) -> Result<Result<(), SendError<T>>, Offered<T>> {
        let mut state = self.state.lock();
        let access = || self.access(AccessKind::Read, op.at);
        let (result, completed) = state.send(value, op, access);
        let value = match result {
            Err(TrySendError::Full(value)) => value,
            done => {
                drop(state);
                wake(completed);
                return Ok(done.map_err(|error| SendError(error.into_inner())));
            }
        };
        self.access(AccessKind::Read, op.at);
        let waiter = waiter();
        let deal = offer(&mut state, Direction::Send, Some(value), &waiter, 0, op);
        Err(Offered { waiter, deal })
    }

    pub(super) fn receive(&self, op: SyncOp) -> Option<T> {
        match self.receive_or_offer(current::waiter, op) {
            Ok(received) => received,
            Err(Offered { waiter, deal }) => {
                waiter.wait(WaitReason::new("channel receive", op.at));
                finish_receive(&deal, op)
            }
        }
    }

    /// Receives a value, or `None` from a closed channel, if that is possible at once; if not,
    /// offers to, on behalf of a new `waiter`.
    pub(super) fn receive_or_offer(
        &self,
        waiter: impl FnOnce() -> Arc<Waiter>,
        op: SyncOp,
    ) -> Result<Option<T>, Offered<T>> {
        let mut state = self.state.lock();
        let (result, completed) = state.receive(op);
        if !matches!(result, Err(TryRecvError::Empty)) {
            drop(state);
            wake(completed);
            return Ok(result.ok());
        }
        let waiter = waiter();
        let deal = offer(&mut state, Direction::Receive, None, &waiter, 0, op);
        Err(Offered { waiter, deal })
    }

    /// Gives up an offer that may have been taken. Of one to receive, the value that it was given
    /// goes to whoever receives next.
    pub(super) fn give_up(&self, direction: Direction, offered: &Offered<T>) {
        let mut state = self.state.lock();
        if offered.waiter.claim(GIVEN_UP) {
            let queue = state.queue(direction);
            queue.retain(|offer| !Arc::ptr_eq(&offer.waiter, &offered.waiter));
            return;
        }
        // Whoever claimed it has done the rest under the lock.
        if direction == Direction::Send {
            return;
        }
        let mut deal = offered.deal.lock();
        let Some(value) = deal.value.take() else {
            return;
        };
        let edge = std::mem::take(&mut deal.taken);
        drop(deal);
        let completed = state.hand_on(value, edge);
        drop(state);
        wake(completed);
    }

    /// Leaves an offer for `case` of `waiter`, unless the operation could go on at once: then
    /// gives the value back.
    pub(super) fn offer(
        &self,
        direction: Direction,
        value: Option<T>,
        waiter: &Arc<Waiter>,
        case: usize,
        op: SyncOp,
    ) -> Result<Arc<Mutex<Deal<T>>>, Option<T>> {
        let mut state = self.state.lock();
        if state.is_ready(direction, waiter) {
            return Err(value);
        }
        // A blocked send stands ready to send: closing the channel now conflicts with it.
        if direction == Direction::Send {
            self.access(AccessKind::Read, op.at);
        }
        Ok(offer(&mut state, direction, value, waiter, case, op))
    }

    /// Takes back what `waiter` offers.
    pub(super) fn withdraw(&self, direction: Direction, waiter: &Arc<Waiter>) {
        let mut state = self.state.lock();
        state
            .queue(direction)
            .retain(|offer| !Arc::ptr_eq(&offer.waiter, waiter));
    }

    /// # Panics
    ///
    /// Where the channel is closed.
    pub(super) fn close(&self, op: SyncOp) {
        self.access(AccessKind::Write, op.at);
        let state = self.state.lock();
        if state.closed {
            drop(state);
            panic!("close of closed channel (made at {})", self.declared);
        }
        close_and_wake(state, op, false);
    }

    pub(super) fn len(&self) -> usize {
        self.state.lock().len()
    }

    pub(super) fn capacity(&self) -> usize {
        self.state.lock().capacity
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    pub(super) fn add_end(&self, direction: Direction) {
        let mut state = self.state.lock();
        match direction {
            Direction::Send => state.senders += 1,
            Direction::Receive => state.receivers += 1,
        }
    }

    /// A sender or receiver was dropped. The last sender's drop closes the channel; the last
    /// receiver's completes all senders with an error.
    pub(super) fn drop_end(&self, direction: Direction) {
        let op = SyncOp {
            what: "drop of a channel's end",
            at: self.declared,
        };
        let mut state = self.state.lock();
        match direction {
            Direction::Send => {
                state.senders -= 1;
                let last = state.senders == 0;
                let drop_edge = &mut state.drop_edge;
                detect::with(|_, thread| thread.release_merge(drop_edge, op));
                if last && !state.closed {
                    close_and_wake(state, op, true);
                }
            }
            Direction::Receive => {
                state.receivers -= 1;
                if state.receivers > 0 {
                    return;
                }
                let unreceived = std::mem::take(&mut state.buffer);
                let handed_back = std::mem::take(&mut state.handed_back);
                let senders: Vec<_> = state.sending.drain(..).filter(Offer::claim).collect();
                drop(state);
                senders.iter().for_each(|offer| offer.waiter.wake());
                // Last: the values' destructors may do anything.
                drop((unreceived, handed_back));
            }
        }
    }
}

/// What an access to a channel is.
fn operation(kind: AccessKind) -> Option<&'static str> {
    Some(if kind == AccessKind::Read {
        "channel send"
    } else {
        "channel close"
    })
}

fn close_and_wake<T>(mut state: MutexGuard<'_, State<T>>, op: SyncOp, by_drop: bool) {
    let completed = state.close(op, by_drop);
    drop(state);
    completed.iter().for_each(|waiter| waiter.wake());
}

fn offer<T>(
    state: &mut State<T>,
    direction: Direction,
    value: Option<T>,
    waiter: &Arc<Waiter>,
    case: usize,
    op: SyncOp,
) -> Arc<Mutex<Deal<T>>> {
    let mut deal = Deal {
        value,
        offered: SyncVar::new(),
        taken: SyncVar::new(),
    };
    detect::with(|_, thread| thread.release(&mut deal.offered, op));
    let deal = Arc::new(Mutex::new(deal));
    let offer = Offer {
        waiter: Arc::clone(waiter),
        case,
        deal: Arc::clone(&deal),
    };
    state.queue(direction).push_back(offer);
    deal
}

/// What became of an offer to send that was claimed.
pub(super) fn finish_send<T>(deal: &Mutex<Deal<T>>, op: SyncOp) -> Result<(), SendError<T>> {
    let mut deal = deal.lock();
    match deal.value.take() {
        // Nobody took the value: the channel was closed, or has no receiver left.
        Some(value) => Err(SendError(value)),
        None => {
            detect::with(|_, thread| thread.acquire(&deal.taken, op));
            Ok(())
        }
    }
}

/// What became of an offer to receive that was claimed; `None` where the channel was closed.
pub(super) fn finish_receive<T>(deal: &Mutex<Deal<T>>, op: SyncOp) -> Option<T> {
    let mut deal = deal.lock();
    detect::with(|_, thread| thread.acquire(&deal.taken, op));
    deal.value.take()
}

fn wake(completed: Option<Arc<Waiter>>) {
    if let Some(waiter) = completed {
        waiter.wake();
    }
}
