//! The kinds of work. Each is done when all of its goroutines are, and panics where something does
//! not hold that must.
//!
//! - `channels`: values that pass through channels and `select!`, by goroutines and futures;
//! - `locks`: what one at a time may touch, or so many;
//! - `shared`: what many use, and make once;
//! - `times`: timers, timeouts, what is cancelled;
//! - `network`: an echo over sockets;
//! - `threads`: who blocks or keeps an OS thread.

mod channels;
mod locks;
#[cfg(unix)]
mod network;
mod shared;
mod threads;
mod times;

use crate::board::Board;
use crate::random::Random;
use deadheat::{JoinHandle, go};
use std::io;
use std::sync::Arc;

/// The payload of a panic that was asked for.
pub(crate) struct Injected;

type Work = fn(&Arc<Site>, &mut Random);

/// The kinds of work, and their names.
pub(crate) const KINDS: &[(&str, Work)] = &[
    ("pipeline", channels::pipeline),
    ("select", channels::fan_in),
    ("ping", channels::ping),
    ("futures", channels::futures),
    ("crowd", channels::crowd),
    ("mutex", locks::mutex),
    ("rwmutex", locks::rwmutex),
    ("cond", locks::cond),
    ("semaphore", locks::semaphore),
    ("once", shared::once),
    ("pool", shared::pool),
    ("map", shared::map),
    ("flights", shared::flights),
    ("group", shared::group),
    ("context", times::context),
    ("timeouts", times::timeouts),
    ("timers", times::timers),
    ("panics", threads::panics),
    ("blocking", threads::blocking_calls),
    ("spin", threads::spin),
    #[cfg(unix)]
    ("echo", network::echo),
    #[cfg(unix)]
    ("deadline", network::deadline),
];

/// A kind of work; those that keep a thread are rare.
pub(crate) fn draw(random: &mut Random) -> usize {
    let kind = random.below(KINDS.len());
    let rare = KINDS[kind].0 == "spin" && !random.once_in(50);
    if rare { 0 } else { kind }
}

/// What all work shares.
pub(crate) struct Site {
    board: Arc<Board>,
    pub(crate) locks: locks::Accounts,
    pub(crate) shared: shared::Counts,
    #[cfg(unix)]
    pub(crate) network: network::Echo,
}

impl Site {
    pub(crate) fn new(board: Arc<Board>) -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            network: network::Echo::start(&board)?,
            board,
            locks: locks::Accounts::new(),
            shared: shared::Counts::new(),
        })
    }

    /// Starts a goroutine.
    pub(crate) fn go<T: Send + 'static>(
        &self,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        self.board.count_goroutine();
        go(f)
    }

    /// Takes the end of a goroutine that panics where it was told to.
    pub(crate) fn join<T>(&self, goroutine: JoinHandle<T>, panics: bool) -> Option<T> {
        match goroutine.join() {
            Ok(value) => {
                assert!(!panics, "a panic was lost");
                Some(value)
            }
            Err(payload) if payload.is::<Injected>() => {
                assert!(panics, "a panic that nobody asked for");
                self.board.count_panic();
                None
            }
            Err(payload) => std::panic::resume_unwind(payload),
        }
    }

    pub(crate) fn board(&self) -> &Board {
        &self.board
    }

    /// For those who live as long as the run: see `network::Meeting`.
    pub(crate) fn attend(&self) {
        #[cfg(unix)]
        self.network.meeting().attend();
    }

    /// What must hold when all work is done.
    pub(crate) fn check(&self) {
        self.locks.check();
        self.shared.check();
    }

    /// Ends what still goes on.
    pub(crate) fn close(&self) {
        #[cfg(unix)]
        self.network.close();
    }
}

/// Panics, as asked for.
pub(crate) fn inject() -> ! {
    std::panic::panic_any(Injected)
}
