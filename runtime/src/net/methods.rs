//! Methods that several kinds of sockets have, each a tuple of a shared `Socket`.

/// What every socket has.
macro_rules! common_methods {
    () => {
        /// Another handle of the same socket, deadlines included.
        ///
        /// # Errors
        ///
        /// None at present.
        pub fn try_clone(&self) -> io::Result<Self> {
            Ok(Self(Arc::clone(&self.0)))
        }

        /// Ends the socket for all who have it, and frees its address. Operations that are blocked
        /// on it, and later ones, fail with an error for which [`is_closed`](super::is_closed) is
        /// true. A socket that was closed already stays as it is.
        ///
        /// **Happens-before:** as all that is [given to the network](super#happens-before).
        #[track_caller]
        pub fn close(&self) {
            self.0.close(SyncOp::here("close of a socket"));
        }

        /// The error of an operation that failed in the background, once.
        ///
        /// # Errors
        ///
        /// Where the socket was closed, and as the operating system says.
        pub fn take_error(&self) -> io::Result<Option<io::Error>> {
            self.0.with(|io| io.take_error())
        }
    };
}

/// Deadlines of what both sends and receives.
macro_rules! deadline_methods {
    () => {
        /// From `deadline` on, operations fail with [`TimedOut`](io::ErrorKind::TimedOut), those that
        /// are blocked included; `None` for no deadline. One that has passed fails them at once.
        pub fn set_deadline(&self, deadline: Option<Instant>) {
            self.set_read_deadline(deadline);
            self.set_write_deadline(deadline);
        }

        /// [`Self::set_deadline`], for receiving.
        pub fn set_read_deadline(&self, deadline: Option<Instant>) {
            self.0.set_deadline(Way::In, deadline);
        }

        /// [`Self::set_deadline`], for sending.
        pub fn set_write_deadline(&self, deadline: Option<Instant>) {
            self.0.set_deadline(Way::Out, deadline);
        }

        /// How long each operation that receives may wait before it fails with
        /// [`TimedOut`](io::ErrorKind::TimedOut); `None` for as long as it takes.
        ///
        /// # Errors
        ///
        /// Where `timeout` is zero.
        pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
            self.0.set_timeout(Way::In, timeout)
        }

        /// The same for each operation that sends.
        ///
        /// # Errors
        ///
        /// Where `timeout` is zero.
        pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
            self.0.set_timeout(Way::Out, timeout)
        }

        /// What [`Self::set_read_timeout`] set.
        ///
        /// # Errors
        ///
        /// None at present.
        pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
            Ok(self.0.timeout(Way::In))
        }

        /// What [`Self::set_write_timeout`] set.
        ///
        /// # Errors
        ///
        /// None at present.
        pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
            Ok(self.0.timeout(Way::Out))
        }
    };
}

/// Reading and writing, for a stream by value and by reference: several goroutines may read and
/// write at the same time.
macro_rules! stream_io {
    ($stream:ty) => {
        impl Read for &$stream {
            #[track_caller]
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let op = SyncOp::here("network read");
                self.0.receive(op, |mut io| io.read(buffer))
            }

            #[track_caller]
            fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                let op = SyncOp::here("network read");
                self.0.receive(op, |mut io| io.read_vectored(buffers))
            }
        }

        impl Read for $stream {
            #[track_caller]
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                (&*self).read(buffer)
            }

            #[track_caller]
            fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                (&*self).read_vectored(buffers)
            }
        }

        impl Write for &$stream {
            #[track_caller]
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                let op = SyncOp::here("network write");
                self.0.send(op, |mut io| io.write(bytes))
            }

            #[track_caller]
            fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
                let op = SyncOp::here("network write");
                self.0.send(op, |mut io| io.write_vectored(slices))
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        impl Write for $stream {
            #[track_caller]
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                (&*self).write(bytes)
            }

            #[track_caller]
            fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
                (&*self).write_vectored(slices)
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
    };
}
