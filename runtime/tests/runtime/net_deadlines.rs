//! Deadlines of network operations: those that have passed, that pass while an operation is blocked,
//! and that are changed meanwhile.

use crate::passes;
use deadheat_runtime::net::{TcpListener, UdpSocket, UnixStream, is_closed};
use deadheat_runtime::time::{since_start, sleep};
use deadheat_runtime::{go, yield_now};
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(5);
/// Never waited for.
const LONG: Duration = Duration::from_secs(3600);

fn is_timeout<T>(result: io::Result<T>) -> bool {
    result.is_err_and(|error| error.kind() == io::ErrorKind::TimedOut)
}

#[test]
fn a_read_ends_at_its_deadline() {
    passes(|| {
        let (mut near, _far) = UnixStream::pair().unwrap();
        let (begin, real) = (since_start().unwrap(), Instant::now());
        near.set_read_deadline(Some(real + SHORT));
        assert!(is_timeout(near.read(&mut [0])));
        // The peer had the time that was said, on either clock; on the controlled scheduler they
        // differ by what the steps meanwhile took.
        assert!(since_start().unwrap() - begin >= SHORT / 2);
        assert!(real.elapsed() >= SHORT / 2);
        // Writing has no deadline.
        near.write_all(b"x").unwrap();
    });
}

#[test]
fn a_deadline_that_has_passed_counts_also_where_there_is_something_to_read() {
    passes(|| {
        let (mut near, mut far) = UnixStream::pair().unwrap();
        far.write_all(b"x").unwrap();
        near.set_deadline(Some(Instant::now()));
        assert!(is_timeout(near.read(&mut [0])));
        assert!(is_timeout(near.write(b"x")));
        near.set_deadline(None);
        assert_eq!(near.read(&mut [0]).unwrap(), 1);
        near.set_deadline(Some(Instant::now() + LONG));
        near.write_all(b"x").unwrap();
        near.close();
        near.set_deadline(Some(Instant::now()));
        assert!(is_closed(&near.read(&mut [0]).unwrap_err()));
    });
}

#[test]
fn a_timeout_is_for_each_operation() {
    passes(|| {
        let (mut near, mut far) = UnixStream::pair().unwrap();
        near.set_read_timeout(Some(SHORT)).unwrap();
        assert_eq!(near.read_timeout().unwrap(), Some(SHORT));
        assert!(is_timeout(near.read(&mut [0])));
        assert!(is_timeout(near.read(&mut [0])));
        far.write_all(b"x").unwrap();
        assert_eq!(near.read(&mut [0]).unwrap(), 1);
        let error = near.set_read_timeout(Some(Duration::ZERO)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    });
}

#[test]
fn a_write_ends_at_its_timeout() {
    passes(|| {
        let (mut near, _far) = UnixStream::pair().unwrap();
        near.set_write_timeout(Some(SHORT)).unwrap();
        assert!(is_timeout(near.write_all(&vec![0; 4 << 20])));
    });
}

#[test]
fn accepting_and_receiving_have_deadlines() {
    passes(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_deadline(Some(Instant::now() + SHORT));
        assert!(is_timeout(listener.accept()));
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_deadline(Some(Instant::now() + SHORT));
        assert!(is_timeout(socket.recv(&mut [0])));
    });
}

#[test]
fn a_deadline_that_is_set_counts_for_who_is_blocked() {
    passes(|| {
        let (near, _far) = UnixStream::pair().unwrap();
        let near = Arc::new(near);
        near.set_read_deadline(Some(Instant::now() + LONG));
        let reader = Arc::clone(&near);
        let reading = go(move || is_timeout((&*reader).read(&mut [0])));
        yield_now();
        near.set_read_deadline(Some(Instant::now()));
        assert!(reading.join().unwrap());
    });
}

#[test]
fn a_deadline_that_is_taken_away_does_not_count_for_who_is_blocked() {
    passes(|| {
        let (near, mut far) = UnixStream::pair().unwrap();
        let near = Arc::new(near);
        near.set_read_timeout(Some(LONG)).unwrap();
        let reader = Arc::clone(&near);
        let reading = go(move || (&*reader).read(&mut [0]).unwrap());
        yield_now();
        near.set_read_timeout(None).unwrap();
        near.set_read_deadline(None);
        sleep(SHORT);
        far.write_all(b"x").unwrap();
        assert_eq!(reading.join().unwrap(), 1);
    });
}

#[test]
fn plain_threads_have_deadlines_too() {
    let (near, _far) = UnixStream::pair().unwrap();
    let near = Arc::new(near);
    let begin = Instant::now();
    near.set_read_deadline(Some(begin + SHORT));
    assert!(is_timeout((&*near).read(&mut [0])));
    assert!(begin.elapsed() >= SHORT);
    near.set_read_deadline(None);
    let reader = Arc::clone(&near);
    let reading = std::thread::spawn(move || is_timeout((&*reader).read(&mut [0])));
    near.set_read_deadline(Some(Instant::now()));
    assert!(reading.join().unwrap());
}
