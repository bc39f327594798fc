//! What all sockets have in common: operations that let others run where they would block,
//! deadlines, and an end that everybody sees.

use super::deadline::{Deadline, Limits};
use super::direction::{Direction, timed_out};
use super::edges;
use crate::current;
use crate::netpoll::{Netpoll, Pollable};
use crate::waiter::{WaitReason, Waiter};
use deadheat_detector::thread::SyncOp;
use parking_lot::{Mutex, RwLock};
use smallvec::SmallVec;
use std::error::Error;
use std::fmt;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// The error of an operation on a socket that was closed.
#[derive(Debug)]
struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("use of a closed network connection")
    }
}

impl Error for Closed {}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, Closed)
}

/// Whether `error` says that the socket was closed by this process, before the operation or while
/// it was blocked.
#[must_use]
pub fn is_closed(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(<dyn Error + Send + Sync>::is::<Closed>)
}

/// The directions of a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    In,
    Out,
}

/// Those who wait for a socket.
#[derive(Default)]
struct Ready {
    read: Direction,
    write: Direction,
}

impl Pollable for Ready {
    fn ready(&self, readable: bool, writable: bool, woken: &mut Vec<Waiter>) {
        if readable {
            self.read.change(woken);
        }
        if writable {
            self.write.change(woken);
        }
    }
}

/// A poller that knows a socket, and the socket's number there.
type Registration = (Weak<Netpoll>, usize);

/// No run has this number.
const NOBODY: u64 = u64::MAX;

/// A socket of the kind `S`, which does not block, shared by all who have it.
pub(super) struct Socket<S: AsRawFd> {
    /// `None` once it was closed. Locked for the time of one system call, never across a switch.
    io: RwLock<Option<S>>,
    ready: Arc<Ready>,
    /// The run whose poller was told of it last, 0 for that of plain threads.
    registered: AtomicU64,
    registrations: Mutex<SmallVec<[(u64, Registration); 1]>>,
}

impl<S: AsRawFd> Socket<S> {
    pub(super) fn new(io: S) -> Arc<Self> {
        Arc::new(Self {
            io: RwLock::new(Some(io)),
            ready: Arc::default(),
            registered: AtomicU64::new(NOBODY),
            registrations: Mutex::default(),
        })
    }

    /// Calls `f` with the socket, unless it was closed.
    ///
    /// Never inlined: `f` makes a system call and reads the thread's error number, and the compiler
    /// must not keep the address of that across a switch.
    #[inline(never)]
    pub(super) fn with<T>(&self, f: impl FnOnce(&S) -> io::Result<T>) -> io::Result<T> {
        match &*self.io.read() {
            Some(io) => f(io),
            None => Err(closed()),
        }
    }

    fn direction(&self, way: Way) -> &Direction {
        match way {
            Way::In => &self.ready.read,
            Way::Out => &self.ready.write,
        }
    }

    /// Takes from the network what `f` does; blocks the goroutine while there is nothing.
    pub(super) fn receive<T>(
        &self,
        op: SyncOp,
        f: impl FnMut(&S) -> io::Result<T>,
    ) -> io::Result<T> {
        current::safepoint();
        let received = self.operate(Way::In, op, f);
        if !is_timeout(&received) {
            edges::learn(op);
        }
        received
    }

    /// Gives to the network what `f` does; blocks the goroutine while there is no room.
    pub(super) fn send<T>(&self, op: SyncOp, f: impl FnMut(&S) -> io::Result<T>) -> io::Result<T> {
        current::safepoint();
        edges::give(op);
        let sent = self.operate(Way::Out, op, f);
        if sent.is_err() && !is_timeout(&sent) {
            // Others made it fail.
            edges::learn(op);
        }
        sent
    }

    /// Calls `f`, and again whenever that may be worth it, until it does not block.
    pub(super) fn operate<T>(
        &self,
        way: Way,
        op: SyncOp,
        mut f: impl FnMut(&S) -> io::Result<T>,
    ) -> io::Result<T> {
        let direction = self.direction(way);
        let mut begin = None;
        loop {
            let seen = direction.tick();
            let limits = direction.limits().unwrap_or_default();
            if limits.is_over() {
                // A closed socket says so first, as in Go.
                return self.with(|_| Err(timed_out()));
            }
            match self.with(&mut f) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                done => return done,
            }
            self.wait(direction, seen, limits.left(&mut begin), op)?;
        }
    }

    fn wait(
        &self,
        direction: &Direction,
        seen: usize,
        left: Option<Duration>,
        op: SyncOp,
    ) -> io::Result<()> {
        let reason = WaitReason::new(op.what, op.at);
        let Some(g) = current::get() else {
            self.register(0, Netpoll::of_threads()?)?;
            return direction.wait(seen, left, reason);
        };
        let netpoll = g.run.scheduler.netpoll();
        self.register(g.run.id, netpoll)?;
        let _counted = netpoll.count();
        direction.wait(seen, left, reason)
    }

    /// Makes sure that the poller of `run` knows the socket.
    #[inline]
    fn register(&self, run: u64, netpoll: &Arc<Netpoll>) -> io::Result<()> {
        if self.registered.load(Ordering::Acquire) == run {
            return Ok(());
        }
        self.register_first(run, netpoll)
    }

    #[cold]
    fn register_first(&self, run: u64, netpoll: &Arc<Netpoll>) -> io::Result<()> {
        let mut registrations = self.registrations.lock();
        if !registrations.iter().any(|(known, _)| *known == run) {
            // Runs that have ended.
            registrations.retain(|(_, (netpoll, _))| netpoll.strong_count() > 0);
            let socket = Arc::clone(&self.ready);
            let place = self.with(|io| netpoll.register(io.as_raw_fd(), socket))?;
            registrations.push((run, (Arc::downgrade(netpoll), place)));
        }
        self.registered.store(run, Ordering::Release);
        Ok(())
    }

    /// Ends the socket for all who have it.
    pub(super) fn close(&self, op: SyncOp) {
        current::safepoint();
        edges::give(op);
        drop(self.take());
        let mut woken = Vec::new();
        self.ready.ready(true, true, &mut woken);
        woken.into_iter().for_each(Waiter::wake);
    }

    fn take(&self) -> Option<S> {
        let io = self.io.write().take();
        let registrations = std::mem::take(&mut *self.registrations.lock());
        for (_, (netpoll, place)) in registrations {
            if let Some(netpoll) = netpoll.upgrade() {
                netpoll.deregister(place);
            }
        }
        io
    }

    pub(super) fn set_deadline(&self, way: Way, deadline: Option<Instant>) {
        current::safepoint();
        let deadline = deadline.map(Deadline::new);
        self.set_limits(way, |limits| limits.deadline = deadline);
    }

    /// # Errors
    ///
    /// Where `timeout` is zero.
    pub(super) fn set_timeout(&self, way: Way, timeout: Option<Duration>) -> io::Result<()> {
        current::safepoint();
        if timeout.is_some_and(|timeout| timeout.is_zero()) {
            let message = "a timeout of zero: `None` stands for no timeout";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        self.set_limits(way, |limits| limits.timeout = timeout);
        Ok(())
    }

    pub(super) fn timeout(&self, way: Way) -> Option<Duration> {
        self.direction(way)
            .limits()
            .and_then(|limits| limits.timeout)
    }

    fn set_limits(&self, way: Way, f: impl FnOnce(&mut Limits)) {
        self.direction(way).set_limits(f);
    }
}

fn is_timeout<T>(result: &io::Result<T>) -> bool {
    result
        .as_ref()
        .is_err_and(|error| error.kind() == io::ErrorKind::TimedOut)
}

impl<S: AsRawFd> Drop for Socket<S> {
    fn drop(&mut self) {
        if self.io.get_mut().is_some() {
            edges::give(SyncOp::here("drop of a socket"));
            drop(self.take());
        }
    }
}

impl<S: AsRawFd + fmt::Debug> fmt::Debug for Socket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.io.read() {
            Some(io) => io.fmt(f),
            None => f.write_str("closed"),
        }
    }
}
