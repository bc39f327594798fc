//! Who runs when: two schedulers behind one trait.
//!
//! - [`controlled`]: one OS thread, every choice from a seed, virtual time; a run replays from
//!   its seed;
//! - [`parallel`]: goroutines over as many OS threads as may run at once, real time;
//! - [`rng`]: the source of choices.

pub(crate) mod controlled;
pub(crate) mod parallel;
pub(crate) mod rng;

use crate::goroutine::{G, Goroutine};
use crate::later::Call;
use crate::netpoll::Netpoll;
use crate::run::Run;
use crate::stats::Stats;
use crate::timers::{Target, TimerKey};
use std::sync::Arc;
use std::time::Duration;

/// How long a run whose goroutines are all blocked waits for a lock that another run, or a
/// plain thread, has, before it takes that for a deadlock between the two.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How long goroutines may go on once the main one has returned.
pub(crate) const GRACE: Duration = Duration::from_secs(1);

/// How often it looks whether the lock has changed hands meanwhile.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// How long a run whose main goroutine has returned, and whose others all wait for the network,
/// gives the network.
pub(crate) const NETWORK_GRACE: Duration = Duration::from_millis(20);

/// How a scheduler's work came to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// The main goroutine has returned, and what could still run of the others has run.
    MainReturned,
    /// Every goroutine is blocked, the main one included.
    Deadlock,
    /// The run took more steps than it may.
    StepLimit(u64),
}

/// Decides which goroutine runs.
pub(crate) trait Scheduler: Send + Sync {
    /// Runs `main`, and all goroutines that come of it, to the end. When this returns none runs
    /// any more, but for those that hold a thread and do not give it back.
    fn drive(&self, run: &Arc<Run>, main: G) -> End;

    /// Takes a goroutine that can run.
    fn ready(&self, g: G);

    /// Whether the running goroutine `g`, at a safepoint, is to let others run.
    fn should_yield(&self, g: &Goroutine) -> bool;

    /// A choice among `n` equal possibilities: 0 to n - 1.
    fn choose(&self, n: usize) -> usize;

    /// Has `target` fire when `after` has passed.
    fn add_timer(&self, after: Duration, target: Target) -> TimerKey;

    /// Takes a timer out before its time; `None` where it has fired. The caller drops it, which may
    /// call anything, without any lock.
    fn remove_timer(&self, timer: TimerKey) -> Option<Target>;

    /// Takes out all goroutines that were to start later, when none runs any more, and all other
    /// timers.
    fn take_calls(&self) -> Vec<Arc<Call>>;

    /// Who waits for the network.
    fn netpoll(&self) -> &Arc<Netpoll>;

    /// The time since the run's start.
    fn now(&self) -> Duration;

    /// The nanoseconds since the run's start, as of some moments ago: cheap.
    fn about_now(&self) -> u64;

    /// The calling thread is about to block outside the scheduler (`true`), or is done with it.
    fn blocking(&self, begins: bool);

    /// The calling thread's goroutine, which blocked outside the scheduler, is about to go on.
    fn return_from_blocking(&self);

    /// The calling thread keeps its goroutine, but is about to let others go first (`true`), or
    /// is done with it: until then one more thread may run goroutines.
    fn lend(&self, begins: bool);

    /// Lets go of all goroutines and timers, now that none will run any more.
    fn clear(&self);

    /// What goes on at this moment.
    fn stats(&self) -> Stats;

    /// Whether goroutines run on several threads.
    fn is_parallel(&self) -> bool;
}
