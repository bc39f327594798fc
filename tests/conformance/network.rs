//! What the network orders: what was given to it, before what was learned from it.

use crate::check::{clean, racy};
use crate::common::cell;
use deadheat::net::{Shutdown, TcpListener, TcpStream, UdpSocket, UnixStream, is_closed};
use deadheat::{JoinHandle, Shared, go};
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Instant;

fn join(goroutines: impl IntoIterator<Item = JoinHandle<()>>) {
    for goroutine in goroutines {
        assert!(goroutine.join().is_ok());
    }
}

/// One goroutine sets the cell and then calls `gives`; another calls `learns`, and then sets it.
fn ordered_by<S: Send + 'static, T: Send + 'static>(
    (from, to): (S, T),
    gives: fn(S),
    learns: fn(T),
) {
    let [x, other]: [Arc<Shared<i32>>; 2] = cell("x");
    let giver = go(move || {
        x.set(1);
        gives(from);
    });
    let learner = go(move || {
        learns(to);
        other.set(2);
    });
    join([giver, learner]);
}

/// Both set the cell after what they do.
fn unordered_after<S: Send + Sync + 'static, T: Send + Sync + 'static>(
    (from, to): (S, T),
    first: fn(&S),
    second: fn(&T),
) {
    let [x, other]: [Arc<Shared<i32>>; 2] = cell("x");
    // The sockets outlive the goroutines: to drop one gives to the network.
    let (from, to) = (Arc::new(from), Arc::new(to));
    let (near, far) = (Arc::clone(&from), Arc::clone(&to));
    let one = go(move || {
        first(&near);
        x.set(1);
    });
    let two = go(move || {
        second(&far);
        other.set(2);
    });
    join([one, two]);
}

fn pair() -> (UnixStream, UnixStream) {
    UnixStream::pair().unwrap()
}

fn write(mut stream: &UnixStream) {
    stream.write_all(b"x").unwrap();
}

fn read(mut stream: &UnixStream) {
    stream.read_exact(&mut [0]).unwrap();
}

fn listener() -> (std::net::SocketAddr, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    (listener.local_addr().unwrap(), listener)
}

#[test]
fn write_before_read_clean() {
    clean(|| ordered_by(pair(), |near| write(&near), |far| read(&far)));
}

#[test]
fn after_write_and_read_racy() {
    // What the writer does after its write is not before the read.
    racy(&["x"], || unordered_after(pair(), write, read));
}

#[test]
fn connect_before_accept_clean() {
    clean(|| {
        ordered_by(
            listener(),
            |address| drop(TcpStream::connect(address).unwrap()),
            |listener| drop(listener.accept().unwrap()),
        );
    });
}

#[test]
fn after_connect_and_accept_racy() {
    racy(&["x"], || {
        let (address, listener) = listener();
        unordered_after(
            (address, listener),
            |address| std::mem::forget(TcpStream::connect(address).unwrap()),
            |listener| std::mem::forget(listener.accept().unwrap()),
        );
    });
}

#[test]
fn datagram_before_receipt_clean() {
    clean(|| {
        let to = UdpSocket::bind("127.0.0.1:0").unwrap();
        let from = UdpSocket::bind("127.0.0.1:0").unwrap();
        from.connect(to.local_addr().unwrap()).unwrap();
        ordered_by(
            (from, to),
            |from| assert_eq!(from.send(b"x").unwrap(), 1),
            |to| assert_eq!(to.recv_from(&mut [0]).unwrap().0, 1),
        );
    });
}

#[test]
fn shutdown_before_end_of_stream_clean() {
    clean(|| {
        ordered_by(
            pair(),
            |near| near.shutdown(Shutdown::Write).unwrap(),
            |mut far| assert_eq!(far.read(&mut [0]).unwrap(), 0),
        );
    });
}

#[test]
fn drop_before_end_of_stream_clean() {
    clean(|| {
        ordered_by(pair(), drop, |mut far| {
            assert_eq!(far.read(&mut [0]).unwrap(), 0);
        });
    });
}

#[test]
fn close_before_the_error_that_it_makes_clean() {
    clean(|| {
        let (near, _far) = pair();
        ordered_by(
            (near.try_clone().unwrap(), near),
            |near| near.close(),
            |mut near| assert!(is_closed(&near.read(&mut [0]).unwrap_err())),
        );
    });
}

#[test]
fn peer_gone_before_a_failed_write_clean() {
    clean(|| {
        ordered_by(pair(), drop, |mut far| {
            // Succeeds until the peer has gone.
            while far.write(b"x").is_ok() {
                deadheat::yield_now();
            }
        });
    });
}

#[test]
fn by_way_of_others_clean() {
    // A plain thread, of which the detector knows as little as of another process, passes on what
    // it reads from one connection by another.
    clean(|| {
        let (near, mut relayed) = std::os::unix::net::UnixStream::pair().unwrap();
        let (mut relaying, far) = std::os::unix::net::UnixStream::pair().unwrap();
        let relay = std::thread::spawn(move || {
            let mut byte = [0];
            relayed.read_exact(&mut byte).unwrap();
            relaying.write_all(&byte).unwrap();
        });
        let near = UnixStream::from_std(near).unwrap();
        let far = UnixStream::from_std(far).unwrap();
        ordered_by((near, far), |near| write(&near), |far| read(&far));
        relay.join().unwrap();
    });
}

#[test]
fn two_writers_racy() {
    // To write learns nothing.
    racy(&["x"], || {
        let [x, other]: [Arc<Shared<i32>>; 2] = cell("x");
        let (near, far) = pair();
        let (one, two) = (near.try_clone().unwrap(), near);
        join([
            go(move || {
                x.set(1);
                write(&one);
            }),
            go(move || {
                write(&two);
                other.set(2);
            }),
        ]);
        drop(far);
    });
}

#[test]
fn two_readers_racy() {
    // To read gives nothing.
    racy(&["x"], || {
        let (near, far) = pair();
        (&near).write_all(b"xx").unwrap();
        let readers = (far.try_clone().unwrap(), far);
        unordered_after(readers, read, read);
    });
}

#[test]
fn a_deadline_that_passes_orders_nothing_racy() {
    racy(&["x"], || {
        let [x, other]: [Arc<Shared<i32>>; 2] = cell("x");
        let (near, _far) = pair();
        let (mut silent, _peer) = pair();
        join([
            go(move || {
                x.set(1);
                write(&near);
            }),
            go(move || {
                silent.set_read_deadline(Some(Instant::now()));
                assert!(silent.read(&mut [0]).is_err());
                other.set(2);
            }),
        ]);
    });
}
