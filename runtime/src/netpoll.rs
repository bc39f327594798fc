//! The network poller of a run: which goroutines can go on because their sockets are ready.
//!
//! A socket is registered once with the poller of each run that has waited for it, for both
//! directions and edge-triggered: the kernel tells of each change, and nothing is asked for again
//! before a goroutine waits. Operations try first, and wait only where they would block
//! (`crate::net`).
//!
//! Whoever has nothing else to do asks: the schedulers call [`Netpoll::poll`] without waiting while
//! there may be other work, and one worker at most sleeps in it, until [`Netpoll::interrupt`]. The
//! kernel's part is made when the first goroutine waits; before, nothing here costs anything.
//!
//! Plain threads have a poller that serves all of them, on a thread of its own.

use crate::goroutine::{G, Goroutine};
use crate::waiter::Waiter;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token};
use parking_lot::Mutex;
use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How many sockets the kernel names at once.
const BATCH: usize = 256;

/// What the poller interrupts itself by.
const INTERRUPT: Token = Token(usize::MAX);

/// Something that goroutines wait for.
pub(crate) trait Pollable: Send + Sync {
    /// It may be worth trying again. Claims those who wait, for the caller to wake.
    fn ready(&self, readable: bool, writable: bool, woken: &mut Vec<Waiter>);
}

/// A poller.
#[derive(Default)]
pub(crate) struct Netpoll {
    kernel: OnceLock<Kernel>,
    /// Goroutines that wait.
    waiting: AtomicUsize,
}

struct Kernel {
    polling: Mutex<Polling>,
    registry: Registry,
    waker: mio::Waker,
    sockets: Mutex<Sockets>,
}

struct Polling {
    poll: Poll,
    events: Events,
    woken: Vec<Waiter>,
}

/// Who is behind a token. One that is used again may be named by an event that was meant for who
/// had it before: who waits then tries for nothing.
#[derive(Default)]
struct Sockets {
    places: Vec<Option<Arc<dyn Pollable>>>,
    free: Vec<usize>,
}

impl Sockets {
    fn insert(&mut self, socket: Arc<dyn Pollable>) -> usize {
        if let Some(place) = self.free.pop() {
            self.places[place] = Some(socket);
            return place;
        }
        self.places.push(Some(socket));
        self.places.len() - 1
    }

    fn remove(&mut self, place: usize) -> Option<Arc<dyn Pollable>> {
        self.free.push(place);
        self.places[place].take()
    }
}

/// A goroutine that waits, as long as this lives.
pub(crate) struct Counted<'a>(&'a Netpoll);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Netpoll {
    /// The poller of plain threads.
    pub(crate) fn of_threads() -> io::Result<&'static Arc<Self>> {
        static THREADS: OnceLock<Arc<Netpoll>> = OnceLock::new();
        static MAKING: Mutex<()> = Mutex::new(());
        let _making = MAKING.lock();
        if let Some(netpoll) = THREADS.get() {
            return Ok(netpoll);
        }
        let netpoll = Arc::<Self>::default();
        netpoll.kernel()?;
        let polled = Arc::clone(&netpoll);
        let thread = std::thread::Builder::new().name("netpoll".to_owned());
        thread.spawn(move || polled.serve_threads())?;
        Ok(THREADS.get_or_init(|| netpoll))
    }

    fn serve_threads(&self) {
        let mut ready = Vec::new();
        loop {
            self.poll(None, &mut ready);
            // Goroutines whose sockets plain threads use too.
            ready.drain(..).for_each(Goroutine::hand_over);
        }
    }

    /// Whether a goroutine waits. One that is about to park has said so before, and has
    /// registered its socket.
    #[inline]
    pub(crate) fn is_waited_for(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// The caller is about to wait.
    pub(crate) fn count(&self) -> Counted<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Counted(self)
    }

    /// From now on `socket` is told when the kernel's `fd` becomes ready, and, should it be so
    /// already, at the next poll. Gives the number for [`Self::deregister`].
    pub(crate) fn register(&self, fd: RawFd, socket: Arc<dyn Pollable>) -> io::Result<usize> {
        let kernel = self.kernel()?;
        let place = kernel.sockets.lock().insert(socket);
        let both = Interest::READABLE | Interest::WRITABLE;
        let registered = kernel
            .registry
            .register(&mut SourceFd(&fd), Token(place), both);
        if let Err(error) = registered {
            self.deregister(place);
            return Err(error);
        }
        Ok(place)
    }

    /// The socket is about to be closed, which the kernel need not be told twice.
    pub(crate) fn deregister(&self, place: usize) {
        let removed = self
            .kernel
            .get()
            .and_then(|kernel| kernel.sockets.lock().remove(place));
        drop(removed);
    }

    /// The kernel's part. Two threads may make one at the same time; one of them is kept.
    fn kernel(&self) -> io::Result<&Kernel> {
        if let Some(kernel) = self.kernel.get() {
            return Ok(kernel);
        }
        let made = Kernel::new()?;
        Ok(self.kernel.get_or_init(|| made))
    }

    /// Looks which sockets are ready, for `timeout` at most, and wakes those who wait for them.
    /// Goroutines that can run now are added to `ready`, for the caller to hand on. `false` where
    /// another thread is doing just that.
    pub(crate) fn poll(&self, timeout: Option<Duration>, ready: &mut Vec<G>) -> bool {
        let Some(kernel) = self.kernel.get() else {
            return true;
        };
        let polling = match timeout {
            Some(Duration::ZERO) => kernel.polling.try_lock(),
            _ => Some(kernel.polling.lock()),
        };
        let Some(mut polling) = polling else {
            return false;
        };
        polling.poll(timeout, &kernel.sockets, ready);
        true
    }

    /// Ends the poll that goes on, or the next one.
    pub(crate) fn interrupt(&self) {
        if let Some(kernel) = self.kernel.get() {
            // The only error is that of a counter that is full: then the poll ends anyway.
            let _ = kernel.waker.wake();
        }
    }
}

impl Kernel {
    fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let waker = mio::Waker::new(&registry, INTERRUPT)?;
        let polling = Polling {
            poll,
            events: Events::with_capacity(BATCH),
            woken: Vec::new(),
        };
        Ok(Self {
            polling: Mutex::new(polling),
            registry,
            waker,
            sockets: Mutex::default(),
        })
    }
}

impl Polling {
    fn poll(&mut self, timeout: Option<Duration>, sockets: &Mutex<Sockets>, ready: &mut Vec<G>) {
        // A signal ends it early; nothing else can fail.
        if self.poll.poll(&mut self.events, timeout).is_err() || self.events.is_empty() {
            return;
        }
        let sockets = sockets.lock();
        for event in &self.events {
            let Some(Some(socket)) = sockets.places.get(event.token().0) else {
                continue;
            };
            let readable = event.is_readable() || event.is_read_closed() || event.is_error();
            let writable = event.is_writable() || event.is_write_closed() || event.is_error();
            socket.ready(readable, writable, &mut self.woken);
        }
        drop(sockets);
        ready.extend(self.woken.drain(..).filter_map(Waiter::complete));
    }
}
