//! A TCP connection.

use super::address::first_of;
use super::edges;
use super::socket::{Socket, Way};
use deadheat_detector::thread::SyncOp;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A TCP connection; like [`std::net::TcpStream`], but a goroutine that waits for it lets others
/// run.
///
/// Small writes are sent at once unless [`Self::set_nodelay`] says otherwise, as in Go.
///
/// **Happens-before:** see [the module](super#happens-before).
#[derive(Debug)]
pub struct TcpStream(Arc<Socket<mio::net::TcpStream>>);

impl TcpStream {
    #[inline(never)]
    pub(super) fn new(stream: mio::net::TcpStream) -> Self {
        // Where the peer has gone already, the first operation says so.
        let _ = stream.set_nodelay(true);
        Self(Socket::new(stream))
    }

    /// Connects to the first of the addresses that answers.
    ///
    /// # Errors
    ///
    /// Where the name has no address, or none of them answers: the last one's error.
    #[track_caller]
    pub fn connect(addresses: impl ToSocketAddrs) -> io::Result<Self> {
        let op = SyncOp::here("network connect");
        first_of(addresses, |address| Self::connect_to(&address, None, op))
    }

    /// Connects to `address`, within `timeout`.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](io::ErrorKind::TimedOut) where that takes longer; where `timeout` is zero; and as the
    /// operating system says.
    #[track_caller]
    pub fn connect_timeout(address: &SocketAddr, timeout: Duration) -> io::Result<Self> {
        let op = SyncOp::here("network connect");
        Self::connect_to(address, Some(timeout), op)
    }

    fn connect_to(address: &SocketAddr, timeout: Option<Duration>, op: SyncOp) -> io::Result<Self> {
        edges::give(op);
        let stream = Self(Socket::new(begin_to_connect(address)?));
        stream.set_write_timeout(timeout)?;
        stream.0.send(op, is_connected)?;
        edges::learn(op);
        stream.set_write_timeout(None)?;
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    /// Takes a connection of the standard library over.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    #[inline(never)]
    pub fn from_std(stream: std::net::TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let stream = mio::net::TcpStream::from_std(stream);
        Ok(Self(Socket::new(stream)))
    }

    /// Waits for bytes, and reads them as [`Read::read`] does, but leaves them to be read again.
    ///
    /// # Errors
    ///
    /// As reading.
    #[track_caller]
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let op = SyncOp::here("network peek");
        self.0.receive(op, |io| io.peek(buffer))
    }

    /// Ends reading, writing, or both. The peer sees the end of what was written.
    ///
    /// # Errors
    ///
    /// Where it was closed, and as the operating system says.
    #[track_caller]
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0
            .send(SyncOp::here("network shutdown"), |io| io.shutdown(how))
    }

    /// This end's address.
    ///
    /// # Errors
    ///
    /// Where it was closed.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.with(mio::net::TcpStream::local_addr)
    }

    /// The other end's address.
    ///
    /// # Errors
    ///
    /// Where it was closed, or the peer has gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.with(mio::net::TcpStream::peer_addr)
    }

    /// Whether small writes are sent at once, rather than collected (Nagle's algorithm).
    ///
    /// # Errors
    ///
    /// Where it was closed, and as the operating system says.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.0.with(mio::net::TcpStream::nodelay)
    }

    /// Sets whether small writes are sent at once.
    ///
    /// # Errors
    ///
    /// Where it was closed, and as the operating system says.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.0.with(|io| io.set_nodelay(nodelay))
    }

    /// The time to live of the packets that it sends.
    ///
    /// # Errors
    ///
    /// Where it was closed, and as the operating system says.
    pub fn ttl(&self) -> io::Result<u32> {
        self.0.with(mio::net::TcpStream::ttl)
    }

    /// Sets the time to live of the packets that it sends.
    ///
    /// # Errors
    ///
    /// Where it was closed, and as the operating system says.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.0.with(|io| io.set_ttl(ttl))
    }

    deadline_methods!();
    common_methods!();
}

stream_io!(TcpStream);

/// Never inlined: it makes system calls, and its callers may switch.
#[inline(never)]
fn begin_to_connect(address: &SocketAddr) -> io::Result<mio::net::TcpStream> {
    mio::net::TcpStream::connect(*address)
}

/// Would block until the peer has answered.
fn is_connected(stream: &mio::net::TcpStream) -> io::Result<()> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    match stream.peer_addr() {
        Err(error) if error.kind() == io::ErrorKind::NotConnected => {
            Err(io::ErrorKind::WouldBlock.into())
        }
        Err(error) => Err(error),
        Ok(_) => Ok(()),
    }
}
