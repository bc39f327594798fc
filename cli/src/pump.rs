//! A suite's standard output on its way to ours: passed on byte for byte, and looked through.
//!
//! A process that a test leaves behind may hold the output open for ever, long after cargo has
//! ended. So the end of the output is awaited only while something comes, or while what came is
//! still being written.

use crate::console;
use crate::libtest::Counts;
use std::io::{ErrorKind, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Looks through an output.
pub(crate) trait Scan: Send {
    /// Looks through the next piece, and gives what of all so far is to be passed on now.
    fn scan<'a>(&'a mut self, piece: &'a [u8]) -> &'a [u8];

    /// The numbers found so far.
    fn counts(&self) -> Counts;
}

/// Looks for nothing.
pub(crate) struct Passed;

impl Scan for Passed {
    fn scan<'a>(&'a mut self, piece: &'a [u8]) -> &'a [u8] {
        piece
    }

    fn counts(&self) -> Counts {
        Counts::default()
    }
}

/// A thread that passes an output on.
pub(crate) struct Pump {
    shared: Arc<Shared>,
    end: Receiver<()>,
}

struct Shared {
    scanner: Mutex<Box<dyn Scan>>,
    /// Even while a piece is awaited, odd while one is passed on.
    turn: AtomicU64,
}

impl Pump {
    /// Starts to pass on what `from` gives to `to`, as far as `scanner` says.
    pub(crate) fn start(
        from: impl Read + Send + 'static,
        to: impl Write + Send + 'static,
        scanner: impl Scan + 'static,
    ) -> Self {
        let shared = Arc::new(Shared {
            scanner: Mutex::new(Box::new(scanner)),
            turn: AtomicU64::new(0),
        });
        let (ended, end) = mpsc::channel();
        thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                pass_on(from, to, &shared);
                // Nobody waits any more where this fails.
                let _ = ended.send(());
            }
        });
        Self { shared, end }
    }

    /// Waits for the end, but not longer than `patience` for one piece. Gives the numbers found,
    /// and whether the end was seen.
    pub(crate) fn finish(self, patience: Duration) -> (Counts, bool) {
        let mut turn = self.shared.turn.load(Ordering::Acquire);
        let ended = loop {
            match self.end.recv_timeout(patience) {
                Ok(()) | Err(RecvTimeoutError::Disconnected) => break true,
                Err(RecvTimeoutError::Timeout) => {
                    let before = turn;
                    turn = self.shared.turn.load(Ordering::Acquire);
                    if turn == before && turn.is_multiple_of(2) {
                        break false;
                    }
                }
            }
        };
        let scanner = self.shared.scanner.lock();
        let counts = scanner.unwrap_or_else(PoisonError::into_inner).counts();
        (counts, ended)
    }
}

fn pass_on(mut from: impl Read, mut to: impl Write, shared: &Shared) {
    let mut buffer = vec![0; 1 << 16];
    let mut open = true;
    loop {
        let piece = match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => &buffer[..count],
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => {
                console::note(format_args!("the tests' output cannot be read: {error}"));
                return;
            }
        };
        shared.turn.fetch_add(1, Ordering::AcqRel);
        let scanner = shared.scanner.lock();
        let mut scanner = scanner.unwrap_or_else(PoisonError::into_inner);
        let piece = scanner.scan(piece);
        // Where our reader has gone the tests still run to their end.
        if open && let Err(error) = to.write_all(piece).and_then(|()| to.flush()) {
            open = false;
            if !console::is_closed(&error) {
                console::note(format_args!(
                    "the tests' output cannot be passed on: {error}"
                ));
            }
        }
        drop(scanner);
        shared.turn.fetch_add(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libtest::Scanner;
    use std::io;

    const LONG: Duration = Duration::from_secs(600);

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const OUTPUT: &[u8] = b"\xff\x00\r\ntest result: ok. 2 passed; 1 failed; 0 ignored; x\nend";

    #[test]
    fn bytes_pass_unchanged_and_counted() {
        let kept = Kept::default();
        let (counts, ended) = Pump::start(OUTPUT, kept.clone(), Scanner::default()).finish(LONG);
        assert_eq!((counts.passed, counts.failed), (2, 1));
        assert!(ended);
        assert_eq!(*kept.0.lock().unwrap(), OUTPUT);
    }

    #[test]
    fn a_closed_reader_does_not_end_the_count() {
        let (counts, ended) = Pump::start(OUTPUT, Closed, Scanner::default()).finish(LONG);
        assert_eq!((counts.passed, ended), (2, true));
    }

    #[test]
    fn an_output_held_open_is_not_awaited_for_ever() {
        let (from, mut held) = io::pipe().unwrap();
        held.write_all(OUTPUT).unwrap();
        let (seen, mut passed) = io::pipe().unwrap();
        let to = {
            passed.flush().unwrap();
            passed
        };
        let pump = Pump::start(from, to, Scanner::default());
        let mut buffer = vec![0; OUTPUT.len()];
        io::BufReader::new(seen).read_exact(&mut buffer).unwrap();
        let (counts, ended) = pump.finish(Duration::from_millis(1));
        assert_eq!((counts.passed, ended), (2, false));
    }
}
