//! The channel of a timer: one whose values come with the time.
//!
//! Nobody sends to it. Whether a value is there is a question of what time it is, and is answered
//! when somebody asks: a receive takes the value if its time has come, and else waits until then, at
//! the most, and looks again. So a timer that nobody waits for is no more than these few words: it is
//! in no heap, keeps no run going and hides no deadlock, and when it is stopped or set again there is
//! no old value that could still be received.
//!
//! **Happens-before:** the setting of the timer comes before a receive of a value that comes of it.
//! Whoever is woken receives by itself, under the lock, so the edge is never one of a later setting.

use super::error::TryRecvError;
use super::select::AGAIN;
use crate::detect;
use crate::time::clock::Clock;
use crate::waiter::Waiter;
use deadheat_detector::sync::SyncVar;
use deadheat_detector::thread::SyncOp;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;

/// A channel whose values come with the time.
pub(crate) struct Alarm {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When there will be a value, or since when there is one. `None` where nothing is set.
    due: Option<Duration>,
    /// After how long there will be another.
    period: Option<Duration>,
    /// From the last setting to the receives.
    set: SyncVar,
    /// Those who wait for the time; they are woken where it changes.
    waiting: Vec<Waiter>,
}

impl State {
    /// Takes the value that there is at `now`: the time when it came. Those that came after it,
    /// while it was there, were dropped.
    fn take(&mut self, now: Option<Duration>) -> Option<Duration> {
        let due = self.due.filter(|due| now.is_some_and(|now| *due <= now))?;
        self.due = self.period.map(|period| next(due, period, now));
        Some(due)
    }
}

/// The first of the times `due`, `due + period`, and so on, after `now`.
fn next(due: Duration, period: Duration, now: Option<Duration>) -> Duration {
    let now = now.unwrap_or(due);
    let since_last = (now - due).as_nanos() % period.as_nanos().max(1);
    let seconds = u64::try_from(since_last / 1_000_000_000).unwrap_or(u64::MAX);
    let since_last = Duration::new(seconds, (since_last % 1_000_000_000) as u32);
    now.saturating_add(period.saturating_sub(since_last))
}

impl Alarm {
    /// A channel without a value.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            clock: Clock::here(),
            state: Mutex::default(),
        })
    }

    /// Has a value come `after` from now, then one each `period`; none, without `after`. What was
    /// set before is forgotten: says whether there was, or would have been, a value of it.
    pub(crate) fn set(
        &self,
        after: Option<Duration>,
        period: Option<Duration>,
        op: SyncOp,
    ) -> bool {
        let now = self.clock.now();
        let mut state = self.state.lock();
        let due = after.and_then(|after| Some(now?.saturating_add(after)));
        let before = std::mem::replace(&mut state.due, due);
        state.period = period;
        detect::with(|_, thread| thread.release(&mut state.set, op));
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        for waiter in waiting {
            if waiter.claim(AGAIN) {
                waiter.wake();
            }
        }
        before.is_some()
    }

    /// What it is timed by.
    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Takes the value, if there is one: the time when it came, since the run's start.
    pub(super) fn try_receive(&self, op: SyncOp) -> Result<Duration, TryRecvError> {
        let mut state = self.state.lock();
        let value = state.take(self.clock.now()).ok_or(TryRecvError::Empty)?;
        detect::with(|_, thread| thread.acquire(&state.set, op));
        Ok(value)
    }

    /// Has `waiter` woken where the time changes; `false` where there is a value.
    pub(super) fn offer(&self, waiter: &Waiter) -> bool {
        if self.is_ready() {
            return false;
        }
        self.state.lock().waiting.push(waiter.clone());
        true
    }

    /// Forgets `waiter`.
    pub(super) fn withdraw(&self, waiter: &Waiter) {
        let mut state = self.state.lock();
        state.waiting.retain(|other| !other.is(waiter));
    }

    /// Whether there is a value.
    pub(super) fn is_ready(&self) -> bool {
        self.due_in().is_some_and(|left| left.is_zero())
    }

    /// How long it takes until there is a value, as things stand.
    pub(super) fn due_in(&self) -> Option<Duration> {
        let due = self.state.lock().due?;
        Some(due.saturating_sub(self.clock.now()?))
    }
}

#[cfg(test)]
mod tests {
    use super::next;
    use std::time::Duration;

    #[test]
    fn ticks_keep_their_distance() {
        let ms = Duration::from_millis;
        let after = |now| next(ms(10), ms(10), Some(ms(now)));
        assert_eq!(after(10), ms(20));
        assert_eq!(after(19), ms(20));
        assert_eq!(after(20), ms(30));
        assert_eq!(after(35), ms(40));
        assert_eq!(next(ms(10), Duration::MAX, Some(ms(10))), Duration::MAX);
    }
}
