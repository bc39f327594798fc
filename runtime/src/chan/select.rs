//! Waiting for the first of several channel operations; the [`select!`](crate::select!) macro.
//!
//! A round tries every case, in an order that the scheduler draws, and takes the first that
//! can go on. Where none can, it leaves an offer on every channel. A channel that became ready
//! meanwhile refuses the offer; then all are withdrawn, unless a peer has already taken one,
//! and the next round begins. Nobody needs two channels' locks at once.

use super::core::Direction;
use super::deal::{Place, When};
use super::error::{RecvError, SendError, TryRecvError, TrySendError};
use super::receiver::Flavor;
use super::{Receiver, Sender};
use crate::claim::CASES;
use crate::current;
use crate::detect;
use crate::time::clock::now;
use crate::waiter::{Wait, WaitReason, Waiter};
use deadheat_detector::sync::SyncVar;
use deadheat_detector::thread::SyncOp;
use smallvec::SmallVec;
use std::cell::UnsafeCell;
use std::panic::Location;
use std::ptr::NonNull;
use std::time::Duration;

/// One operation of a select.
#[doc(hidden)]
pub trait Case {
    /// Performs the operation if that is possible at once.
    fn attempt(&mut self, op: SyncOp) -> bool;
    /// The operation is about to be offered.
    fn stand_ready(&self, _op: SyncOp) {}
    /// Offers it to peers; `false` where it has become possible.
    fn offer(&mut self, to: &Offering<'_>) -> bool;
    /// Takes the offer back, or completes the operation if `taken`.
    fn settle(&mut self, offering: &Offering<'_>, taken: bool);
    /// How long it takes until it becomes possible by itself, as things stand.
    fn due_in(&self) -> Option<Duration> {
        None
    }
}

/// The place that a case's offer is made for.
#[doc(hidden)]
pub struct Offering<'a> {
    waiter: Waiter,
    case: usize,
    op: SyncOp,
    /// What happened before the offers, where somebody detects; whoever takes one has it.
    clock: Option<&'a UnsafeCell<SyncVar>>,
}

impl Offering<'_> {
    fn when(&self) -> When {
        When::Of(self.clock.and_then(|clock| NonNull::new(clock.get())))
    }
}

/// A claim that means: some case became ready, try again.
pub(super) const AGAIN: usize = CASES;
/// A claim that means: the time is up.
const TIMEOUT: usize = AGAIN + 1;
/// A claim that means: the time of a case has come, try again.
pub(super) const DUE: usize = AGAIN + 2;

/// What a select came to.
#[doc(hidden)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Chosen {
    /// The case with this index was performed.
    Case(usize),
    /// No case could go on at once, or before the time was up.
    Otherwise,
}

/// What to do where no case can go on.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Otherwise {
    /// Wait for as long as it takes.
    Block,
    /// Take the default.
    Default,
    /// Wait for at most this long.
    Timeout(Duration),
}

/// Performs one of `cases`.
#[doc(hidden)]
#[track_caller]
pub fn select(cases: &mut [&mut dyn Case], otherwise: Otherwise) -> Chosen {
    let op = SyncOp {
        what: "select",
        at: Location::caller(),
    };
    select_as(op, cases, otherwise)
}

/// [`select`], under the name of the operation `op`.
pub(super) fn select_as(op: SyncOp, cases: &mut [&mut dyn Case], otherwise: Otherwise) -> Chosen {
    assert!(cases.len() < CASES, "a select of {} cases", cases.len());
    current::safepoint();
    let end = match otherwise {
        Otherwise::Timeout(wait) => Some(now().saturating_add(wait)),
        _ => None,
    };
    loop {
        if let Some(case) = try_all(cases, op) {
            return Chosen::Case(case);
        }
        if matches!(otherwise, Otherwise::Default) {
            return Chosen::Otherwise;
        }
        match offer_all(cases, end.map(|end| end.saturating_sub(now())), op) {
            AGAIN | DUE => {}
            TIMEOUT => return Chosen::Otherwise,
            case => return Chosen::Case(case),
        }
    }
}

fn try_all(cases: &mut [&mut dyn Case], op: SyncOp) -> Option<usize> {
    if cases.is_empty() {
        return None;
    }
    let mut order: SmallVec<[usize; 8]> = (0..cases.len()).collect();
    shuffle(&mut order);
    order.into_iter().find(|&case| cases[case].attempt(op))
}

/// Draws an order: with equal chances for each in a run; as it is, outside one.
fn shuffle(order: &mut [usize]) {
    current::with(|g| {
        for last in (1..order.len()).rev() {
            order.swap(last, g.run.scheduler.choose(last + 1));
        }
    });
}

fn offer_all(cases: &mut [&mut dyn Case], timeout: Option<Duration>, op: SyncOp) -> usize {
    let wait = current::wait();
    let clock = stand_ready(cases, op);
    let mut offering = Offering {
        waiter: wait.waiter(),
        case: 0,
        op,
        clock: clock.as_ref(),
    };
    let mut again = false;
    for (i, case) in cases.iter_mut().enumerate() {
        offering.case = i;
        // Refused: the case is possible now. If a peer has claimed another one, that counts.
        if !case.offer(&offering) && wait.give_up(AGAIN) {
            again = true;
            break;
        }
    }
    let claimed = if again {
        AGAIN
    } else {
        wait_for_one(&wait, cases, timeout, op)
    };
    for (i, case) in cases.iter_mut().enumerate() {
        offering.case = i;
        case.settle(&offering, i == claimed);
    }
    claimed
}

/// The operation is about to be offered in all its cases. Gives what happened before, where somebody detects.
fn stand_ready(cases: &[&mut dyn Case], op: SyncOp) -> Option<UnsafeCell<SyncVar>> {
    if !detect::any() {
        return None;
    }
    cases.iter().for_each(|case| case.stand_ready(op));
    detect::with(|_, thread| {
        let mut clock = SyncVar::new();
        thread.release(&mut clock, op);
        UnsafeCell::new(clock)
    })
}

/// Blocks until a case, or the time, has claimed the operation. Unwinding a cancelled goroutine from here
/// leaves claimed offers behind, which nobody takes.
fn wait_for_one(
    wait: &Wait,
    cases: &[&mut dyn Case],
    timeout: Option<Duration>,
    op: SyncOp,
) -> usize {
    let reason = WaitReason::new(op.what, op.at);
    match first_end(cases, timeout) {
        Some((timeout, claim)) => wait.wait_at_most(timeout, claim, reason),
        None => wait.wait(reason),
    }
}

/// How long to wait at most, and what it means when that time is up. Of a case and the timeout that
/// come together, it is the case.
fn first_end(cases: &[&mut dyn Case], timeout: Option<Duration>) -> Option<(Duration, usize)> {
    let due = cases.iter().filter_map(|case| case.due_in()).min();
    let due = due.map(|due| (due, DUE));
    let timeout = timeout.map(|timeout| (timeout, TIMEOUT));
    due.into_iter().chain(timeout).min_by_key(|(end, _)| *end)
}

/// `recv(receiver)` in a select.
#[doc(hidden)]
pub struct RecvCase<'a, T> {
    receiver: &'a Receiver<T>,
    place: Option<Place<T>>,
    result: Option<Result<T, RecvError>>,
}

impl<'a, T> RecvCase<'a, T> {
    /// A case that has not been tried.
    #[must_use]
    pub fn new(receiver: &'a Receiver<T>) -> Self {
        Self {
            receiver,
            place: None,
            result: None,
        }
    }

    /// What the receive gave.
    ///
    /// # Panics
    ///
    /// Where the select did not choose this case.
    pub fn finish(self) -> Result<T, RecvError> {
        self.result.expect("the select chose this case")
    }
}

impl<T> Case for RecvCase<'_, T> {
    fn attempt(&mut self, op: SyncOp) -> bool {
        self.result = match self.receiver.try_receive(op) {
            Ok(value) => Some(Ok(value)),
            Err(TryRecvError::Closed) => Some(Err(RecvError)),
            Err(TryRecvError::Empty) => None,
        };
        self.result.is_some()
    }

    fn offer(&mut self, to: &Offering<'_>) -> bool {
        let core = match &self.receiver.flavor {
            Flavor::Channel(core) => core,
            Flavor::Alarm(alarm, _) => return alarm.offer(&to.waiter),
        };
        let place = self.place.insert(Place::new(None));
        // SAFETY: the select keeps the case where it is until the operation is over.
        unsafe { core.offer(Direction::Receive, place, &to.waiter, to.case, to.when()) }
    }

    fn settle(&mut self, to: &Offering<'_>, taken: bool) {
        let core = match &self.receiver.flavor {
            Flavor::Channel(core) => core,
            Flavor::Alarm(alarm, _) => return alarm.withdraw(&to.waiter),
        };
        let Some(place) = self.place.take() else {
            return;
        };
        if taken {
            // SAFETY: the operation is over.
            let received = unsafe { place.finish_receive(to.op) };
            self.result = Some(received.ok_or(RecvError));
        } else {
            core.withdraw(Direction::Receive, &to.waiter);
        }
    }

    fn due_in(&self) -> Option<Duration> {
        match &self.receiver.flavor {
            Flavor::Channel(_) => None,
            Flavor::Alarm(alarm, _) => alarm.due_in(),
        }
    }
}

/// `send(sender, value)` in a select.
#[doc(hidden)]
pub struct SendCase<'a, T> {
    sender: &'a Sender<T>,
    value: Option<T>,
    place: Option<Place<T>>,
    result: Option<Result<(), SendError<T>>>,
}

impl<'a, T> SendCase<'a, T> {
    /// A case that has not been tried.
    #[must_use]
    pub fn new(sender: &'a Sender<T>, value: T) -> Self {
        Self {
            sender,
            value: Some(value),
            place: None,
            result: None,
        }
    }

    /// What the send gave.
    ///
    /// # Errors
    ///
    /// The value, where the channel was closed.
    ///
    /// # Panics
    ///
    /// Where the select did not choose this case.
    pub fn finish(self) -> Result<(), SendError<T>> {
        self.result.expect("the select chose this case")
    }

    /// What became of the send where the select may have chosen nothing: then the value is in
    /// its place.
    pub(super) fn finish_or_unsent(self) -> Result<Result<(), SendError<T>>, T> {
        match self.result {
            Some(result) => Ok(result),
            None => Err(self.value.expect("a case that was not taken has its value")),
        }
    }
}

impl<T> Case for SendCase<'_, T> {
    fn attempt(&mut self, op: SyncOp) -> bool {
        let Some(value) = self.value.take() else {
            return false;
        };
        self.result = match self.sender.core.try_send(value, op) {
            Ok(()) => Some(Ok(())),
            Err(TrySendError::Closed(value)) => Some(Err(SendError(value))),
            Err(TrySendError::Full(value)) => {
                self.value = Some(value);
                None
            }
        };
        self.result.is_some()
    }

    fn stand_ready(&self, op: SyncOp) {
        self.sender.core.stand_ready_to_send(op);
    }

    fn offer(&mut self, to: &Offering<'_>) -> bool {
        let place = self.place.insert(Place::new(self.value.take()));
        let core = &self.sender.core;
        // SAFETY: the select keeps the case where it is until the operation is over.
        unsafe { core.offer(Direction::Send, place, &to.waiter, to.case, to.when()) }
    }

    fn settle(&mut self, to: &Offering<'_>, taken: bool) {
        let Some(place) = self.place.take() else {
            return;
        };
        if taken {
            // SAFETY: the operation is over.
            self.result = Some(unsafe { place.finish_send(to.op) });
        } else {
            self.sender.core.withdraw(Direction::Send, &to.waiter);
            // SAFETY: the operation is over, and was not completed by way of this case.
            self.value = unsafe { place.take_back() };
        }
    }
}

/// Waits until one of several channel operations can go on, and performs it.
///
/// Cases are `recv(receiver) -> result => body` and `send(sender, value) -> result => body`;
/// at most one of `default => body`, taken where no case can go on at once, and
/// `timeout(duration) => body`, may come last. Where several cases can go on, the scheduler
/// draws one, each with the same chance. Operands are evaluated once, in order. Only the case
/// that was taken orders anything.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::{chan, select};
/// use std::time::Duration;
///
/// let (tx, rx) = chan::bounded(1);
/// let (_quiet, never) = chan::unbuffered::<()>();
/// select! {
///     send(tx, 5) -> sent => sent.unwrap(),
///     recv(never) -> _ => unreachable!(),
/// }
/// let five = select! {
///     recv(rx) -> value => value.unwrap(),
///     timeout(Duration::from_secs(1)) => unreachable!(),
/// };
/// assert_eq!(five, 5);
/// let empty = select! { recv(rx) -> _ => false, default => true };
/// assert!(empty);
/// # }).result.unwrap();
/// ```
#[macro_export]
macro_rules! select {
    ($($cases:tt)*) => { $crate::__select!(@parse [] $($cases)*) };
}

/// Takes a select apart. Each case gets a variable of its own, by hygiene: the `case` of every
/// expansion is another one; so is the `end`.
#[doc(hidden)]
#[macro_export]
macro_rules! __select {
    (@parse [$($done:tt)*] recv($rx:expr) -> $result:pat => $body:block $(, $($rest:tt)*)?) => {
        $crate::__select!(@parse [$($done)* (case end RecvCase(&$rx), $result, $body)] $($($rest)*)?)
    };
    (@parse [$($done:tt)*] recv($rx:expr) -> $result:pat => $body:block $($rest:tt)+) => {
        $crate::__select!(@parse [$($done)* (case end RecvCase(&$rx), $result, $body)] $($rest)+)
    };
    (@parse [$($done:tt)*] recv($rx:expr) -> $result:pat => $body:expr $(, $($rest:tt)*)?) => {
        $crate::__select!(@parse [$($done)* (case end RecvCase(&$rx), $result, $body)] $($($rest)*)?)
    };
    (@parse [$($done:tt)*] send($tx:expr, $value:expr) -> $result:pat => $body:block $(, $($rest:tt)*)?) => {
        $crate::__select!(@parse [$($done)* (case end SendCase(&$tx, $value), $result, $body)] $($($rest)*)?)
    };
    (@parse [$($done:tt)*] send($tx:expr, $value:expr) -> $result:pat => $body:block $($rest:tt)+) => {
        $crate::__select!(@parse [$($done)* (case end SendCase(&$tx, $value), $result, $body)] $($rest)+)
    };
    (@parse [$($done:tt)*] send($tx:expr, $value:expr) -> $result:pat => $body:expr $(, $($rest:tt)*)?) => {
        $crate::__select!(@parse [$($done)* (case end SendCase(&$tx, $value), $result, $body)] $($($rest)*)?)
    };
    (@parse [$($done:tt)*] default => $body:expr $(,)?) => {
        $crate::__select!(@run [$($done)*] $crate::chan::select::Otherwise::Default, $body)
    };
    (@parse [$($done:tt)*] timeout($wait:expr) => $body:expr $(,)?) => {
        $crate::__select!(@run [$($done)*] $crate::chan::select::Otherwise::Timeout($wait), $body)
    };
    (@parse [$($done:tt)*]) => {
        $crate::__select!(@run [$($done)*] $crate::chan::select::Otherwise::Block, unreachable!("a select without default or timeout takes a case"))
    };
    (@parse [$($done:tt)*] $($wrong:tt)+) => {
        compile_error!(concat!(
            "select! takes cases `recv(receiver) -> result => body` and `send(sender, value) -> result => body`, ",
            "then at most one of `default => body` and `timeout(duration) => body`; this is none of them: ",
            stringify!($($wrong)+)
        ))
    };
    (@run [$(($case:ident $end:ident $kind:ident($channel:expr $(, $value:expr)?), $result:pat, $body:expr))*] $otherwise:expr, $default:expr) => {{
        // A statement of its own: a channel that is a temporary then lives as long as the select.
        $(let $end = $channel; let mut $case = $crate::chan::select::$kind::new($end $(, $value)?);)*
        let chosen = $crate::chan::select::select(
            &mut [$(&mut $case as &mut dyn $crate::chan::select::Case),*],
            $otherwise,
        );
        $crate::__select!(@dispatch chosen, 0usize, $default, $(($case, $result, $body))*)
    }};
    (@dispatch $chosen:ident, $index:expr, $default:expr, ($case:ident, $result:pat, $body:expr) $($rest:tt)*) => {
        if $chosen == $crate::chan::select::Chosen::Case($index) {
            let $result = $case.finish();
            $body
        } else {
            $crate::__select!(@dispatch $chosen, $index + 1, $default, $($rest)*)
        }
    };
    (@dispatch $chosen:ident, $index:expr, $default:expr,) => { $default };
}
