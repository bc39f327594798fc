//! A socket that takes TCP connections.

use super::TcpStream;
use super::address::first_of;
use super::socket::{Socket, Way};
use deadheat_detector::thread::SyncOp;
use std::io;
use std::iter::FusedIterator;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Instant;

/// A socket that takes connections; like [`std::net::TcpListener`], but a goroutine that waits for
/// one lets others run.
///
/// Any number of goroutines may accept at the same time.
///
/// **Happens-before:** see [the module](super#happens-before).
#[derive(Debug)]
pub struct TcpListener(Arc<Socket<mio::net::TcpListener>>);

impl TcpListener {
    /// Listens at the first of the addresses that can be had. Port 0 stands for any that is free.
    ///
    /// # Errors
    ///
    /// Where the name has no address, or none can be had.
    #[track_caller]
    pub fn bind(addresses: impl ToSocketAddrs) -> io::Result<Self> {
        let op = SyncOp::here("network listen");
        let listener = first_of(addresses, bind)?;
        super::edges::give(op);
        Self::from_std(listener)
    }

    /// Takes a listener of the standard library over.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    #[inline(never)]
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = mio::net::TcpListener::from_std(listener);
        Ok(Self(Socket::new(listener)))
    }

    /// Waits for the next connection; gives it, and the peer's address.
    ///
    /// # Errors
    ///
    /// Where the listener was closed, its deadline has passed, and as the operating system says.
    #[track_caller]
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let op = SyncOp::here("network accept");
        let (stream, peer) = self.0.receive(op, mio::net::TcpListener::accept)?;
        Ok((TcpStream::new(stream), peer))
    }

    /// The connections to come. It ends where the listener was closed.
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming(self)
    }

    /// The address at which it listens.
    ///
    /// # Errors
    ///
    /// Where the listener was closed.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.with(mio::net::TcpListener::local_addr)
    }

    /// The time to live of the packets that it sends.
    ///
    /// # Errors
    ///
    /// Where the listener was closed, and as the operating system says.
    pub fn ttl(&self) -> io::Result<u32> {
        self.0.with(mio::net::TcpListener::ttl)
    }

    /// Sets the time to live of the packets that it sends.
    ///
    /// # Errors
    ///
    /// Where the listener was closed, and as the operating system says.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.0.with(|io| io.set_ttl(ttl))
    }

    /// From `deadline` on, [`Self::accept`] fails with [`TimedOut`](io::ErrorKind::TimedOut), also where it
    /// is blocked; `None` for no deadline. One that has passed fails it at once.
    pub fn set_deadline(&self, deadline: Option<Instant>) {
        self.0.set_deadline(Way::In, deadline);
    }

    common_methods!();
}

/// Never inlined: it makes system calls, and its callers may switch.
#[inline(never)]
fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    std::net::TcpListener::bind(address)
}

/// The connections to a [`TcpListener`].
#[derive(Debug)]
pub struct Incoming<'a>(&'a TcpListener);

impl Iterator for Incoming<'_> {
    type Item = io::Result<TcpStream>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.0.accept() {
            Err(error) if super::is_closed(&error) => None,
            accepted => Some(accepted.map(|(stream, _)| stream)),
        }
    }
}

impl FusedIterator for Incoming<'_> {}
