//! A socket that takes connections of this machine's processes.

use super::UnixStream;
use super::socket::{Socket, Way};
use deadheat_detector::thread::SyncOp;
use std::io;
use std::iter::FusedIterator;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// A socket in the file system that takes connections; like [`std::os::unix::net::UnixListener`],
/// but a goroutine that waits for one lets others run.
///
/// The file stays when the listener is closed.
///
/// **Happens-before:** see [the module](super#happens-before).
#[derive(Debug)]
pub struct UnixListener(Arc<Socket<mio::net::UnixListener>>);

impl UnixListener {
    /// Makes a socket at `path` and listens there.
    ///
    /// # Errors
    ///
    /// Where there is a file already, and as the operating system says.
    #[track_caller]
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        let op = SyncOp::here("network listen");
        let listener = bind(path.as_ref())?;
        super::edges::give(op);
        Self::from_std(listener)
    }

    /// Takes a listener of the standard library over.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    #[inline(never)]
    pub fn from_std(listener: std::os::unix::net::UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = mio::net::UnixListener::from_std(listener);
        Ok(Self(Socket::new(listener)))
    }

    /// Waits for the next connection; gives it, and the peer's address.
    ///
    /// # Errors
    ///
    /// Where the listener was closed, its deadline has passed, and as the operating system says.
    #[track_caller]
    pub fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let op = SyncOp::here("network accept");
        let (stream, peer) = self.0.receive(op, mio::net::UnixListener::accept)?;
        Ok((UnixStream::new(stream), peer))
    }

    /// The connections to come. It ends where the listener was closed.
    pub fn incoming(&self) -> UnixIncoming<'_> {
        UnixIncoming(self)
    }

    /// The address at which it listens.
    ///
    /// # Errors
    ///
    /// Where the listener was closed.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.with(mio::net::UnixListener::local_addr)
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
fn bind(path: &Path) -> io::Result<std::os::unix::net::UnixListener> {
    std::os::unix::net::UnixListener::bind(path)
}

/// The connections to a [`UnixListener`].
#[derive(Debug)]
pub struct UnixIncoming<'a>(&'a UnixListener);

impl Iterator for UnixIncoming<'_> {
    type Item = io::Result<UnixStream>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.0.accept() {
            Err(error) if super::is_closed(&error) => None,
            accepted => Some(accepted.map(|(stream, _)| stream)),
        }
    }
}

impl FusedIterator for UnixIncoming<'_> {}
