//! Datagrams.

use super::address::first_of;
use super::socket::{Socket, Way};
use deadheat_detector::thread::SyncOp;
use std::borrow::Borrow;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A socket for datagrams; like [`std::net::UdpSocket`], but a goroutine that waits for one lets
/// others run.
///
/// **Happens-before:** see [the module](super#happens-before).
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::{go, net::UdpSocket};
///
/// let here = UdpSocket::bind("127.0.0.1:0")?;
/// let address = here.local_addr()?;
/// let sender = go(move || UdpSocket::bind("127.0.0.1:0")?.send_to(b"ping", address));
/// let mut buffer = [0; 16];
/// let (len, _) = here.recv_from(&mut buffer)?;
/// assert_eq!(&buffer[..len], b"ping");
/// sender.join().unwrap()
/// # }).result.unwrap().unwrap();
/// ```
#[derive(Debug)]
pub struct UdpSocket(Arc<Socket<mio::net::UdpSocket>>);

impl UdpSocket {
    /// A socket at the first of the addresses that can be had. Port 0 stands for any that is free.
    ///
    /// # Errors
    ///
    /// Where the name has no address, or none can be had.
    pub fn bind(addresses: impl ToSocketAddrs) -> io::Result<Self> {
        Self::from_std(first_of(addresses, bind)?)
    }

    /// Takes a socket of the standard library over.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    #[inline(never)]
    pub fn from_std(socket: std::net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let socket = mio::net::UdpSocket::from_std(socket);
        Ok(Self(Socket::new(socket)))
    }

    /// Makes the first of the addresses that will do the one that [`Self::send`] sends to, and
    /// that all is received from.
    ///
    /// # Errors
    ///
    /// Where the name has no address, or none will do.
    pub fn connect(&self, addresses: impl ToSocketAddrs) -> io::Result<()> {
        first_of(addresses, |address| self.0.with(|io| io.connect(address)))
    }

    /// Sends a datagram to `address`; gives its length. To look a name up for each datagram would
    /// block a thread each time, so this takes an address, by value or by reference.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    #[track_caller]
    pub fn send_to(&self, bytes: &[u8], address: impl Borrow<SocketAddr>) -> io::Result<usize> {
        let op = SyncOp::here("network write");
        let address = *address.borrow();
        self.0.send(op, |io| io.send_to(bytes, address))
    }

    /// Waits for a datagram; gives its length, and whose it is. What the buffer has no room for is
    /// lost.
    ///
    /// # Errors
    ///
    /// Where the socket was closed, its deadline has passed, and as the operating system says.
    #[track_caller]
    pub fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let op = SyncOp::here("network read");
        self.0.receive(op, |io| io.recv_from(buffer))
    }

    /// [`Self::recv_from`], but leaves the datagram to be received again.
    ///
    /// # Errors
    ///
    /// As [`Self::recv_from`].
    #[track_caller]
    pub fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let op = SyncOp::here("network peek");
        self.0.receive(op, |io| io.peek_from(buffer))
    }

    /// Sends a datagram to where the socket is connected to; gives its length.
    ///
    /// # Errors
    ///
    /// Where the socket is not connected, and as the operating system says.
    #[track_caller]
    pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        let op = SyncOp::here("network write");
        self.0.send(op, |io| io.send(bytes))
    }

    /// Waits for a datagram from where the socket is connected to; gives its length.
    ///
    /// # Errors
    ///
    /// As [`Self::recv_from`].
    #[track_caller]
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let op = SyncOp::here("network read");
        self.0.receive(op, |io| io.recv(buffer))
    }

    /// [`Self::recv`], but leaves the datagram to be received again.
    ///
    /// # Errors
    ///
    /// As [`Self::recv_from`].
    #[track_caller]
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let op = SyncOp::here("network peek");
        self.0.receive(op, |io| io.peek(buffer))
    }

    /// The socket's address.
    ///
    /// # Errors
    ///
    /// Where the socket was closed.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.with(mio::net::UdpSocket::local_addr)
    }

    /// Where the socket is connected to.
    ///
    /// # Errors
    ///
    /// Where it is not, or was closed.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.with(mio::net::UdpSocket::peer_addr)
    }

    /// Whether it may send to a broadcast address.
    ///
    /// # Errors
    ///
    /// Where the socket was closed, and as the operating system says.
    pub fn broadcast(&self) -> io::Result<bool> {
        self.0.with(mio::net::UdpSocket::broadcast)
    }

    /// Sets whether it may send to a broadcast address.
    ///
    /// # Errors
    ///
    /// Where the socket was closed, and as the operating system says.
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        self.0.with(|io| io.set_broadcast(on))
    }

    /// The time to live of its datagrams.
    ///
    /// # Errors
    ///
    /// Where the socket was closed, and as the operating system says.
    pub fn ttl(&self) -> io::Result<u32> {
        self.0.with(mio::net::UdpSocket::ttl)
    }

    /// Sets the time to live of its datagrams.
    ///
    /// # Errors
    ///
    /// Where the socket was closed, and as the operating system says.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.0.with(|io| io.set_ttl(ttl))
    }

    /// Joins the multicast group `group`, at the address `interface` of this machine.
    ///
    /// # Errors
    ///
    /// Where the socket was closed, and as the operating system says.
    pub fn join_multicast_v4(&self, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.0.with(|io| io.join_multicast_v4(group, interface))
    }

    /// Leaves the multicast group that [`Self::join_multicast_v4`] joined.
    ///
    /// # Errors
    ///
    /// Where the socket was closed, and as the operating system says.
    pub fn leave_multicast_v4(&self, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.0.with(|io| io.leave_multicast_v4(group, interface))
    }

    /// Joins the multicast group `group`, at the interface of that number.
    ///
    /// # Errors
    ///
    /// Where the socket was closed, and as the operating system says.
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.0.with(|io| io.join_multicast_v6(group, interface))
    }

    /// Leaves the multicast group that [`Self::join_multicast_v6`] joined.
    ///
    /// # Errors
    ///
    /// Where the socket was closed, and as the operating system says.
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.0.with(|io| io.leave_multicast_v6(group, interface))
    }

    deadline_methods!();
    common_methods!();
}

/// Never inlined: it makes system calls, and its callers may switch.
#[inline(never)]
fn bind(address: SocketAddr) -> io::Result<std::net::UdpSocket> {
    std::net::UdpSocket::bind(address)
}
