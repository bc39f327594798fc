//! The state of a channel, and every happens-before edge that it makes.
//!
//! An operation that cannot go on leaves an [`Offer`] in the channel and waits; the peer that
//! takes the offer moves the value and the clocks both ways, then wakes it. Clocks travel with
//! what they belong to: with a value in the buffer, with the slot that a value left, with an
//! offer. A slot has two of them, because a receive orders the completion of a later send, not
//! the receive of what that send brings. A future that was given a value and is dropped before
//! it was polled again hands it on, with the clock of its sender.

use super::deal::{Deal, Offer, Place, Taken, When, take_first};
use super::error::{SendError, TryRecvError, TrySendError};
use crate::current;
use crate::detect::{self, Anchor};
use crate::spin::{SpinGuard, SpinLock};
use crate::waiter::{WaitReason, Waiter};
use deadheat_detector::access::AccessKind;
use deadheat_detector::memory::Declaration;
use deadheat_detector::sync::SyncVar;
use deadheat_detector::thread::SyncOp;
use std::collections::VecDeque;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::Arc;
use std::task::Waker;

/// The clocks of one place in the buffer.
#[derive(Default)]
struct Slot {
    /// From the send that filled it to the receive that empties it.
    to_receiver: SyncVar,
    /// From the receive that emptied it to the send that fills it again.
    to_sender: SyncVar,
}

/// The places of a buffer, which are made when a detector first needs one.
struct Slots {
    capacity: usize,
    slots: Vec<Slot>,
}

impl Slots {
    fn new(capacity: usize) -> Self {
        Self {
            capacity,
            slots: Vec::new(),
        }
    }

    fn at(&mut self, place: usize) -> &mut Slot {
        if self.slots.is_empty() {
            self.slots.resize_with(self.capacity, Slot::default);
        }
        &mut self.slots[place]
    }

    /// The place after this one.
    fn after(&self, place: usize) -> usize {
        let next = place + 1;
        if next == self.capacity { 0 } else { next }
    }
}

/// An operation that could not go on, as the future sees it that waits for it.
pub(super) struct Offered<T> {
    pub(super) waiter: Waiter,
    pub(super) place: Arc<Place<T>>,
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
    slots: Slots,
    /// The slots that the next send fills and the next receive empties.
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
    state: SpinLock<State<T>>,
    anchor: Anchor,
    declared: &'static Location<'static>,
}

/// What a non-blocking attempt came to, and whom it completed.
type Attempt<R> = (R, Option<Waiter>);

/// A value that there is no room for, and the channel, locked.
type Full<'a, T> = (T, SpinGuard<'a, State<T>>);

impl<T> State<T> {
    /// `access` is called if the operation takes place, or finds the channel closed, before it
    /// releases anything.
    #[inline(always)]
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
        if let Some(taken) = take_first(&mut self.receiving) {
            access();
            return (Ok(()), Some(self.send_to(taken, value, op)));
        }
        if self.buffer.len() == self.capacity {
            return (Err(TrySendError::Full(value)), None);
        }
        access();
        if detect::any() {
            self.note_send(op);
        }
        self.sent = self.slots.after(self.sent);
        self.buffer.push_back(value);
        (Ok(()), None)
    }

    /// Hands `value` to a waiting receiver; on a bounded channel, as if by way of the buffer,
    /// which is empty.
    #[inline]
    fn send_to(&mut self, mut taken: Taken<T>, value: T, op: SyncOp) -> Waiter {
        let deal = taken.deal();
        deal.value = Some(value);
        if detect::any() {
            let clocks = deal.clocks();
            detect::with(|_, thread| thread.release(clocks.taken, op));
            if self.capacity == 0 {
                detect::with(|_, thread| thread.acquire(clocks.offered, op));
            } else {
                let slot = self.slots.at(self.sent);
                detect::with(|_, thread| thread.acquire(&slot.to_sender, op));
                slot.to_sender = std::mem::take(clocks.offered);
                detect::transfer(clocks.taken, &mut slot.to_sender, op);
            }
        }
        if self.capacity == 0 {
            return taken.waiter;
        }
        self.sent = self.slots.after(self.sent);
        self.received = self.slots.after(self.received);
        taken.waiter
    }

    #[inline(always)]
    fn receive(&mut self, op: SyncOp) -> Attempt<Result<T, TryRecvError>> {
        if let Some((value, edge)) = self.handed_back.pop_front() {
            detect::with(|_, thread| thread.acquire(&edge, op));
            return (Ok(value), None);
        }
        if let Some(value) = self.buffer.pop_front() {
            if detect::any() {
                self.note_receive(op);
            }
            self.received = self.slots.after(self.received);
            let refilled = if self.sending.is_empty() {
                None
            } else {
                self.refill(op)
            };
            return (Ok(value), refilled);
        }
        if let Some(mut taken) = take_first(&mut self.sending) {
            let value = receive_from(taken.deal(), op);
            return (Ok(value), Some(taken.waiter));
        }
        if self.closed || self.senders == 0 {
            detect::with(|_, thread| thread.acquire(&self.close_edge, op));
            return (Err(TryRecvError::Closed), None);
        }
        (Err(TryRecvError::Empty), None)
    }

    /// The edges of a send into the buffer, for the detector. Out of line, as those of a receive are:
    /// nothing of it is to be got ready where nobody detects.
    #[inline(never)]
    fn note_send(&mut self, op: SyncOp) {
        let slot = self.slots.at(self.sent);
        detect::with(|_, thread| {
            thread.release(&mut slot.to_receiver, op);
            thread.acquire(&slot.to_sender, op);
        });
    }

    #[inline(never)]
    fn note_receive(&mut self, op: SyncOp) {
        let slot = self.slots.at(self.received);
        detect::with(|_, thread| {
            thread.acquire(&slot.to_receiver, op);
            thread.release(&mut slot.to_sender, op);
        });
    }

    /// Lets a waiting sender put its value into the slot that has just become free.
    fn refill(&mut self, op: SyncOp) -> Option<Waiter> {
        let mut taken = take_first(&mut self.sending)?;
        let deal = taken.deal();
        if detect::any() {
            let slot = self.slots.at(self.sent);
            let clocks = deal.clocks();
            slot.to_receiver = std::mem::take(clocks.offered);
            detect::transfer(&slot.to_sender, clocks.taken, op);
        }
        self.sent = self.slots.after(self.sent);
        self.buffer.extend(deal.value.take());
        Some(taken.waiter)
    }

    /// Gives a value that a receive was given, and nobody took, to whoever waits to receive, or keeps
    /// it for whoever comes.
    fn hand_on(&mut self, value: T, edge: SyncVar) -> Option<Waiter> {
        let Some(mut taken) = take_first(&mut self.receiving) else {
            self.handed_back.push_back((value, edge));
            return None;
        };
        let deal = taken.deal();
        deal.value = Some(value);
        *deal.clocks().taken = edge;
        Some(taken.waiter)
    }

    /// How many values wait to be received.
    fn len(&self) -> usize {
        self.buffer.len() + self.handed_back.len()
    }

    /// Closes the channel, by hand or by the last sender's drop; returns whom that completes.
    fn close(&mut self, op: SyncOp, by_drop: bool) -> Vec<Waiter> {
        self.closed = true;
        detect::with(|_, thread| thread.release(&mut self.close_edge, op));
        if by_drop {
            detect::transfer(&self.drop_edge, &mut self.close_edge, op);
        }
        let offers = self.sending.drain(..).chain(self.receiving.drain(..));
        offers
            .filter_map(Offer::take)
            .map(|mut taken| {
                if detect::any() {
                    let clocks = taken.deal().clocks();
                    detect::transfer(&self.close_edge, clocks.taken, op);
                }
                taken.waiter
            })
            .collect()
    }

    /// Whether the operation could go on now, be it with an error, `me` left aside.
    fn is_ready(&self, direction: Direction, me: &Waiter) -> bool {
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

    /// Leaves an offer in the queue.
    ///
    /// # Safety
    ///
    /// `place` stays where it is until the operation of `waiter` was claimed and, unless it claimed itself,
    /// is done. Its deal is the caller's up to now.
    #[inline]
    unsafe fn offer(
        &mut self,
        direction: Direction,
        place: &Place<T>,
        waiter: Waiter,
        case: usize,
        when: When,
    ) {
        // SAFETY: by the caller.
        unsafe { place.deal() }.offer_by(when);
        let place = NonNull::from(place);
        self.queue(direction).push_back(Offer {
            waiter,
            case,
            place,
        });
    }
}

/// Takes the value of a waiting sender of an unbuffered channel.
fn receive_from<T>(deal: &mut Deal<T>, op: SyncOp) -> T {
    detect::with(|_, thread| {
        let clocks = deal.clocks();
        thread.release(clocks.taken, op);
        thread.acquire(clocks.offered, op);
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
            slots: Slots::new(capacity),
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
            state: SpinLock::new(state),
            anchor: Anchor::new(),
            declared,
        }
    }

    /// Records that the channel is sent to (`Read`) or closed (`Write`).
    #[inline]
    fn access(&self, kind: AccessKind, at: &'static Location<'static>) {
        if detect::any() {
            self.access_watched(kind, at);
        }
    }

    #[cold]
    fn access_watched(&self, kind: AccessKind, at: &'static Location<'static>) {
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
        let (value, mut state) = match self.send_at_once(value, op) {
            Ok(done) => return done,
            Err(full) => full,
        };
        let place = Place::new(Some(value));
        let wait = current::wait();
        // SAFETY: the place stays in this frame until the wait is over.
        unsafe { state.offer(Direction::Send, &place, wait.waiter(), 0, When::Now(op)) };
        drop(state);
        wait.wait(WaitReason::new("channel send", op.at));
        // SAFETY: the wait is over.
        unsafe { place.finish_send(op) }
    }

    /// Sends `value` if that is possible at once; if not, offers it on behalf of `waker`'s task.
    pub(super) fn send_or_offer(
        &self,
        value: T,
        waker: Waker,
        op: SyncOp,
    ) -> Result<Result<(), SendError<T>>, Offered<T>> {
        let (value, mut state) = match self.send_at_once(value, op) {
            Ok(done) => return Ok(done),
            Err(full) => full,
        };
        Err(offer_for(
            &mut state,
            Direction::Send,
            Some(value),
            waker,
            op,
        ))
    }

    /// Sends `value` if that is possible at once. If not, gives it back with the channel locked, and
    /// stands ready to send.
    #[inline]
    fn send_at_once(&self, value: T, op: SyncOp) -> Result<Result<(), SendError<T>>, Full<'_, T>> {
        let mut state = self.state.lock();
        let access = || self.access(AccessKind::Read, op.at);
        let (result, completed) = state.send(value, op, access);
        match result {
            Err(TrySendError::Full(value)) => {
                self.stand_ready_to_send(op);
                Err((value, state))
            }
            done => {
                drop(state);
                wake(completed);
                Ok(done.map_err(|error| SendError(error.into_inner())))
            }
        }
    }

    pub(super) fn receive(&self, op: SyncOp) -> Option<T> {
        let mut state = match self.receive_at_once(op) {
            Ok(received) => return received,
            Err(empty) => empty,
        };
        let place = Place::new(None);
        let wait = current::wait();
        // SAFETY: the place stays in this frame until the wait is over.
        unsafe { state.offer(Direction::Receive, &place, wait.waiter(), 0, When::Now(op)) };
        drop(state);
        wait.wait(WaitReason::new("channel receive", op.at));
        // SAFETY: the wait is over.
        unsafe { place.finish_receive(op) }
    }

    /// Receives a value, or `None` from a closed channel, if that is possible at once; if not,
    /// offers to, on behalf of `waker`'s task.
    pub(super) fn receive_or_offer(
        &self,
        waker: Waker,
        op: SyncOp,
    ) -> Result<Option<T>, Offered<T>> {
        let mut state = match self.receive_at_once(op) {
            Ok(received) => return Ok(received),
            Err(empty) => empty,
        };
        Err(offer_for(&mut state, Direction::Receive, None, waker, op))
    }

    /// Receives a value, or `None` from a closed channel, if that is possible at once. If not, leaves the
    /// channel locked.
    #[inline]
    fn receive_at_once(&self, op: SyncOp) -> Result<Option<T>, SpinGuard<'_, State<T>>> {
        let mut state = self.state.lock();
        let (result, completed) = state.receive(op);
        if matches!(result, Err(TryRecvError::Empty)) {
            return Err(state);
        }
        drop(state);
        wake(completed);
        Ok(result.ok())
    }

    /// Gives up an offer that may have been taken. Of one to receive, the value that it was given
    /// goes to whoever receives next.
    pub(super) fn give_up(&self, direction: Direction, offered: &Offered<T>) {
        let mut state = self.state.lock();
        if offered.waiter.claim(GIVEN_UP) {
            let queue = state.queue(direction);
            queue.retain(|offer| !offer.waiter.is(&offered.waiter));
            return;
        }
        // Whoever claimed it has done the rest under the lock.
        if direction == Direction::Send {
            return;
        }
        // SAFETY: as it could not be claimed, somebody else did so, under the lock, and has left the
        // deal with the lock.
        let deal = unsafe { offered.place.deal() };
        let Some(value) = deal.value.take() else {
            return;
        };
        let edge = std::mem::take(deal.clocks().taken);
        let completed = state.hand_on(value, edge);
        drop(state);
        wake(completed);
    }

    /// Leaves an offer for `case` of `waiter` at `place`, unless the operation could go on at once;
    /// says whether it has.
    ///
    /// # Safety
    ///
    /// The place stays where it is until the operation of `waiter` was claimed and, unless it claimed
    /// itself, is done. Its deal is the caller's up to now.
    pub(super) unsafe fn offer(
        &self,
        direction: Direction,
        place: &Place<T>,
        waiter: &Waiter,
        case: usize,
        when: When,
    ) -> bool {
        let mut state = self.state.lock();
        if state.is_ready(direction, waiter) {
            return false;
        }
        // SAFETY: by the caller.
        unsafe { state.offer(direction, place, waiter.clone(), case, when) };
        true
    }

    /// A send that blocks stands ready to send: closing the channel from now on conflicts with it.
    pub(super) fn stand_ready_to_send(&self, op: SyncOp) {
        self.access(AccessKind::Read, op.at);
    }

    /// Takes back what `waiter` offers.
    pub(super) fn withdraw(&self, direction: Direction, waiter: &Waiter) {
        let mut state = self.state.lock();
        state
            .queue(direction)
            .retain(|offer| !offer.waiter.is(waiter));
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
                let senders = state.sending.drain(..).filter_map(Offer::take);
                let senders: Vec<_> = senders.map(|taken| taken.waiter).collect();
                drop(state);
                senders.into_iter().for_each(Waiter::wake);
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

fn close_and_wake<T>(mut state: SpinGuard<'_, State<T>>, op: SyncOp, by_drop: bool) {
    let completed = state.close(op, by_drop);
    drop(state);
    completed.into_iter().for_each(Waiter::wake);
}

/// Leaves an offer on behalf of the task of `waker`.
fn offer_for<T>(
    state: &mut State<T>,
    direction: Direction,
    value: Option<T>,
    waker: Waker,
    op: SyncOp,
) -> Offered<T> {
    let offered = Offered {
        waiter: Waiter::task(waker),
        place: Arc::new(Place::new(value)),
    };
    // SAFETY: the future keeps the place until the operation is done, or gives it up (`give_up`); where it
    // is forgotten, the place is never freed.
    unsafe {
        state.offer(
            direction,
            &offered.place,
            offered.waiter.clone(),
            0,
            When::Now(op),
        );
    };
    offered
}

#[inline]
fn wake(completed: Option<Waiter>) {
    if let Some(waiter) = completed {
        waiter.wake();
    }
}
