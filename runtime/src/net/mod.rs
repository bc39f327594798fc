//! The network, for goroutines: sockets like those of `std`, on which a goroutine that would block
//! lets others run.
//!
//! - [`TcpListener`], [`TcpStream`], [`UdpSocket`]: the internet;
//! - [`UnixListener`], [`UnixStream`]: processes of this machine.
//!
//! ```
//! # deadheat_runtime::Run::new("doc").go(|| {
//! use deadheat_runtime::{go, net::{TcpListener, TcpStream}};
//! use std::io::{Read, Write};
//!
//! let listener = TcpListener::bind("127.0.0.1:0")?;
//! let address = listener.local_addr()?;
//! let server = go(move || {
//!     let (mut stream, _) = listener.accept()?;
//!     let mut question = String::new();
//!     stream.read_to_string(&mut question)?;
//!     stream.write_all(question.to_uppercase().as_bytes())
//! });
//! let mut stream = TcpStream::connect(address)?;
//! stream.write_all(b"race?")?;
//! stream.shutdown(std::net::Shutdown::Write)?;
//! let mut answer = String::new();
//! stream.read_to_string(&mut answer)?;
//! assert_eq!(answer, "RACE?");
//! server.join().unwrap()
//! # }).result.unwrap().unwrap();
//! ```
//!
//! # Deadlines, and closing
//!
//! A *deadline* is a moment after which operations fail with
//! [`TimedOut`](std::io::ErrorKind::TimedOut), whether they began before it or after; one that is
//! set while an operation is blocked counts for that too. A *timeout* is what each operation may
//! take by itself. Of both the earlier counts; none is set at first.
//!
//! `close` ends a socket for everybody who has it: operations that are blocked on it, and later ones,
//! fail with an error for which [`is_closed`] is true. A socket that is dropped by all who have it
//! is closed too.
//!
//! # Happens-before
//!
//! Whatever gives something to the network (a connection, bytes, a datagram, an end) comes before
//! every operation after it, on whatever socket, that learns something from the network: by
//! accepting, connecting, receiving, an end of the stream, or an error of the peer's making. So
//! nothing that the network orders is ever reported, also where it went by way of another process;
//! some races that it does not order are not seen. Go's race detector does the same. An operation
//! that ends by its deadline orders nothing. Two runs order nothing with each other.
//!
//! # Schedulers
//!
//! On the parallel scheduler, readiness comes from the kernel to whichever thread has nothing
//! else to do, and within 10 ms where all are busy.
//!
//! On the controlled scheduler a run that uses the network does not replay exactly: what comes, and when,
//! is not drawn from the seed. Between goroutines of one run, over the loopback interface, it nearly does.
//! The run's virtual time does not jump while a goroutine waits for the network; it passes as
//! real time does, so that a deadline gives the peer the time that it says. Deadlines are moved
//! to the run's clock when they are set.
//!
//! A goroutine that waits for the network is not deadlocked, as far as anybody can tell. Once the main
//! goroutine has returned, those that wait for the network are given up when nothing has come for 20 ms.
//!
//! A plain thread blocks, and a thread of the runtime's waits for the kernel on its behalf. Names are resolved
//! by the operating system, within [`blocking`](crate::blocking).

#[macro_use]
mod methods;
mod address;
mod deadline;
mod direction;
mod edges;
mod socket;
mod tcp_listener;
mod tcp_stream;
mod udp;
mod unix_listener;
mod unix_stream;

pub use socket::is_closed;
pub use std::net::{Shutdown, ToSocketAddrs};
pub use tcp_listener::{Incoming, TcpListener};
pub use tcp_stream::TcpStream;
pub use udp::UdpSocket;
pub use unix_listener::{UnixIncoming, UnixListener};
pub use unix_stream::UnixStream;
