//! A connection between processes of this machine.

use super::edges;
use super::socket::{Socket, Way};
use crate::time::sleep;
use deadheat_detector::thread::SyncOp;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long it is until a listener is tried again that has taken no connection for a while.
const FULL: Duration = Duration::from_millis(1);

/// A connection between processes of this machine; like [`std::os::unix::net::UnixStream`], but a
/// goroutine that waits for it lets others run.
///
/// **Happens-before:** see [the module](super#happens-before).
#[derive(Debug)]
pub struct UnixStream(Arc<Socket<mio::net::UnixStream>>);

impl UnixStream {
    pub(super) fn new(stream: mio::net::UnixStream) -> Self {
        Self(Socket::new(stream))
    }

    /// Connects to the listener at `path`.
    ///
    /// # Errors
    ///
    /// Where nobody listens there, and as the operating system says.
    #[track_caller]
    pub fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        let op = SyncOp::here("network connect");
        crate::current::safepoint();
        edges::give(op);
        loop {
            match begin_to_connect(path.as_ref()) {
                // So many wait to be accepted that the kernel takes no more; it does not say when it will.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(FULL),
                tried => {
                    edges::learn(op);
                    return tried.map(Self::new);
                }
            }
        }
    }

    /// Two that are connected to each other.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    #[inline(never)]
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = mio::net::UnixStream::pair()?;
        Ok((Self::new(one), Self::new(other)))
    }

    /// Takes a connection of the standard library over.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    #[inline(never)]
    pub fn from_std(stream: std::os::unix::net::UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self::new(mio::net::UnixStream::from_std(stream)))
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
        self.0.with(mio::net::UnixStream::local_addr)
    }

    /// The other end's address.
    ///
    /// # Errors
    ///
    /// Where it was closed.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.with(mio::net::UnixStream::peer_addr)
    }

    deadline_methods!();
    common_methods!();
}

stream_io!(UnixStream);

/// Never inlined: it makes system calls, and its callers may switch.
#[inline(never)]
fn begin_to_connect(path: &Path) -> io::Result<mio::net::UnixStream> {
    mio::net::UnixStream::connect(path)
}
