//! The network: what is sent arrives, on all kinds of sockets; who waits is woken, and nobody starves.

use crate::{everywhere, passes};
use deadheat_runtime::detector::report::Scheduler;
use deadheat_runtime::net::{
    Shutdown, TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream, is_closed,
};
use deadheat_runtime::{Builder, JoinHandle, Run, chan, go, safepoint, stats, yield_now};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

fn parallel(procs: usize) -> Builder {
    let run = Run::new("net").scheduler(Scheduler::Parallel);
    run.max_procs(procs)
}

/// Sends back what comes, until the end.
fn echo(mut stream: impl Read + Write) -> io::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            len => stream.write_all(&buffer[..len])?,
        }
    }
}

/// A listener whose connections are echoed, each by a goroutine of its own, until it is closed.
fn echoing() -> (TcpListener, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let accepting = listener.try_clone().unwrap();
    let server = go(move || {
        for stream in accepting.incoming() {
            drop(go(move || echo(stream.unwrap()).unwrap()));
        }
    });
    (listener, server)
}

/// Says `text`, and gives the answer.
fn ask(mut stream: impl Read + Write, text: &[u8]) -> Vec<u8> {
    stream.write_all(text).unwrap();
    let mut answer = vec![0; text.len()];
    stream.read_exact(&mut answer).unwrap();
    answer
}

/// A path for a socket that nobody else has.
fn socket_path() -> PathBuf {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("deadheat-test-{}-{number}.socket", std::process::id());
    std::env::temp_dir().join(name)
}

#[test]
fn tcp_echoes_for_many_at_once() {
    passes(|| {
        let (listener, server) = echoing();
        let address = listener.local_addr().unwrap();
        let clients: Vec<_> = (0..8_u8)
            .map(|i| {
                go(move || {
                    let stream = TcpStream::connect(address).unwrap();
                    for round in 0..4 {
                        let text = [i, round, 7];
                        assert_eq!(ask(&stream, &text), text);
                    }
                })
            })
            .collect();
        for client in clients {
            client.join().unwrap();
        }
        listener.close();
        server.join().unwrap();
    });
}

#[test]
fn unix_sockets_echo() {
    passes(|| {
        let path = socket_path();
        let listener = UnixListener::bind(&path).unwrap();
        assert_eq!(listener.local_addr().unwrap().as_pathname(), Some(&*path));
        let server = go(move || echo(listener.accept().unwrap().0).unwrap());
        let stream = UnixStream::connect(&path).unwrap();
        assert_eq!(ask(&stream, b"near"), b"near");
        stream.shutdown(Shutdown::Write).unwrap();
        server.join().unwrap();
        std::fs::remove_file(&path).unwrap();
    });
}

#[test]
fn a_unix_listener_that_takes_no_more_makes_others_wait() {
    passes(|| {
        const N: usize = 3;
        let path = socket_path();
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let fd = std::os::fd::AsRawFd::as_raw_fd(&listener);
        // SAFETY: a system call that touches no memory, on a file that the listener keeps open.
        assert_eq!(unsafe { libc::listen(fd, 0) }, 0);
        let listener = UnixListener::from_std(listener).unwrap();
        let clients: Vec<_> = (0..N)
            .map(|_| {
                let path = path.clone();
                go(move || UnixStream::connect(path).unwrap())
            })
            .collect();
        for _ in 0..N {
            listener.accept().unwrap();
        }
        for client in clients {
            client.join().unwrap();
        }
        std::fs::remove_file(&path).unwrap();
    });
}

#[test]
fn datagrams_go_both_ways() {
    passes(|| {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        let serving = go(move || {
            let mut buffer = [0; 64];
            let (len, peer) = server.recv_from(&mut buffer).unwrap();
            server.send_to(&buffer[..len], peer).unwrap();
        });
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.connect(address).unwrap();
        assert_eq!(client.send(b"whole").unwrap(), 5);
        let mut buffer = [0; 64];
        assert_eq!(client.peek(&mut buffer).unwrap(), 5);
        assert_eq!(client.recv(&mut buffer).unwrap(), 5);
        assert_eq!(&buffer[..5], b"whole");
        assert_eq!(client.peer_addr().unwrap(), address);
        serving.join().unwrap();
    });
}

#[test]
fn each_of_several_datagrams_finds_one_of_several_readers() {
    passes(|| {
        const N: usize = 6;
        let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap());
        let address = socket.local_addr().unwrap();
        let readers: Vec<_> = (0..N)
            .map(|_| {
                let socket = Arc::clone(&socket);
                go(move || {
                    let mut byte = [0];
                    socket.recv(&mut byte).unwrap();
                    usize::from(byte[0])
                })
            })
            .collect();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        for i in 0..N {
            sender.send_to(&[i as u8], address).unwrap();
        }
        let sum: usize = readers.into_iter().map(|g| g.join().unwrap()).sum();
        assert_eq!(sum, N * (N - 1) / 2);
    });
}

#[test]
fn a_writer_waits_for_its_reader() {
    passes(|| {
        const LEN: usize = 1 << 20;
        let (mut near, mut far) = UnixStream::pair().unwrap();
        let writer = go(move || near.write_all(&vec![3; LEN]).unwrap());
        let mut all = Vec::new();
        far.read_to_end(&mut all).unwrap();
        assert!(all.len() == LEN && all.iter().all(|&byte| byte == 3));
        writer.join().unwrap();
    });
}

#[test]
fn close_wakes_those_who_are_blocked() {
    passes(|| {
        let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
        let address = listener.local_addr().unwrap();
        let stream = Arc::new(TcpStream::connect(address).unwrap());
        let (_peer, _) = listener.accept().unwrap();
        let accepting = [(); 2].map(|()| {
            let listener = Arc::clone(&listener);
            go(move || listener.accept().map(drop))
        });
        let reader = Arc::clone(&stream);
        let reading = go(move || (&*reader).read(&mut [0]).map(drop));
        yield_now();
        listener.close();
        stream.close();
        stream.close();
        for blocked in accepting.into_iter().chain([reading]) {
            let error = blocked.join().unwrap().unwrap_err();
            assert!(is_closed(&error), "{error}");
        }
        assert!(is_closed(&stream.peer_addr().unwrap_err()));
        // The address is free again.
        drop(TcpListener::bind(address).unwrap());
    });
}

#[test]
fn dropping_the_last_handle_ends_the_stream() {
    passes(|| {
        let (near, mut far) = UnixStream::pair().unwrap();
        let other = near.try_clone().unwrap();
        drop(near);
        (&other).write_all(b"still here").unwrap();
        drop(other);
        let mut text = String::new();
        far.read_to_string(&mut text).unwrap();
        assert_eq!(text, "still here");
    });
}

#[test]
fn nobody_listens() {
    passes(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let error = TcpStream::connect(address).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let error = UnixStream::connect(socket_path()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    });
}

#[test]
fn what_the_network_orders_is_no_race() {
    everywhere(
        || {
            let (mut near, mut far) = UnixStream::pair().unwrap();
            let (tx, rx) = chan::unbuffered();
            // Blocked on the network, the main goroutine is not in the channel's way.
            let sender = go(move || {
                near.write_all(b"x").unwrap();
                tx.send(()).unwrap();
            });
            far.read_exact(&mut [0]).unwrap();
            rx.recv().unwrap();
            sender.join().unwrap();
        },
        |outcome| {
            outcome.result.unwrap();
            assert_eq!(outcome.races, 0);
        },
    );
}

#[test]
fn a_busy_goroutine_does_not_starve_the_network() {
    // It yields, so that its processor's queue is never empty; it only passes safepoints; it does
    // neither.
    for busy in [yield_now as fn(), safepoint, std::hint::spin_loop] {
        let outcome = parallel(1).go(move || {
            let (listener, server) = echoing();
            let stop = Arc::new(AtomicBool::new(false));
            let stopped = Arc::clone(&stop);
            let spinner = go(move || {
                while !stopped.load(Ordering::Relaxed) {
                    busy();
                }
            });
            let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            for round in 0..3 {
                assert_eq!(ask(&stream, &[round]), [round]);
            }
            stop.store(true, Ordering::Relaxed);
            spinner.join().unwrap();
            listener.close();
            server.join().unwrap();
        });
        outcome.result.unwrap();
    }
}

#[test]
fn a_busy_goroutine_does_not_starve_the_network_of_a_controlled_run() {
    for seed in 0..10 {
        let outcome = Run::new("net").seed(seed).go(|| {
            let (near, mut far) = UnixStream::pair().unwrap();
            // A plain thread, which the scheduler knows nothing of.
            let peer = std::thread::spawn(move || ask(near, b"!"));
            let reader = go(move || {
                let mut byte = [0];
                far.read_exact(&mut byte).unwrap();
                far.write_all(&byte).unwrap();
            });
            while !reader.is_finished() {
                yield_now();
            }
            assert_eq!(peer.join().unwrap(), b"!");
        });
        outcome.result.unwrap();
    }
}

#[test]
fn a_run_that_waits_for_the_network_is_not_deadlocked() {
    passes(|| {
        let (near, mut far) = UnixStream::pair().unwrap();
        let (go_on, wait) = std::sync::mpsc::channel();
        let peer = std::thread::spawn(move || {
            wait.recv().unwrap();
            // Time enough to look for a deadlock in; the run must wait, however long this takes.
            std::thread::sleep(std::time::Duration::from_millis(1));
            (&near).write_all(b"late").unwrap();
        });
        go_on.send(()).unwrap();
        let mut text = String::new();
        far.read_to_string(&mut text).unwrap();
        assert_eq!(text, "late");
        peer.join().unwrap();
    });
}

#[test]
fn a_run_ends_though_somebody_still_accepts() {
    passes(|| {
        let (listener, _) = echoing();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert_eq!(ask(&stream, b"last"), b"last");
    });
}

#[test]
fn two_runs_talk_to_each_other() {
    for scheduler in [Scheduler::Controlled, Scheduler::Parallel] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let run = Run::new("net").scheduler(scheduler);
        let other = run.clone();
        let server = std::thread::spawn(move || {
            other.go(move || {
                let listener = TcpListener::from_std(listener).unwrap();
                for _ in 0..5 {
                    echo(listener.accept().unwrap().0).unwrap();
                }
            })
        });
        let client = run.go(move || {
            for round in 0..5 {
                let stream = TcpStream::connect(address).unwrap();
                assert_eq!(ask(&stream, &[round]), [round]);
            }
        });
        client.result.unwrap();
        server.join().unwrap().result.unwrap();
    }
}

#[test]
fn two_runs_read_from_one_socket() {
    for scheduler in [Scheduler::Controlled, Scheduler::Parallel] {
        let (near, far) = UnixStream::pair().unwrap();
        let far = Arc::new(far);
        let readers = [(); 2].map(|()| {
            let (run, far) = (Run::new("net").scheduler(scheduler), Arc::clone(&far));
            std::thread::spawn(move || run.go(move || (&*far).read_exact(&mut [0]).unwrap()))
        });
        (&near).write_all(b"12").unwrap();
        for reader in readers {
            reader.join().unwrap().result.unwrap();
        }
    }
}

#[test]
fn plain_threads_wait_too() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let other = listener.try_clone().unwrap();
    let server = std::thread::spawn(move || {
        echo(other.accept().unwrap().0).unwrap();
        other.accept().map(drop)
    });
    let stream = TcpStream::connect(address).unwrap();
    assert_eq!(ask(&stream, b"plain"), b"plain");
    drop(stream);
    listener.close();
    assert!(is_closed(&server.join().unwrap().unwrap_err()));
}

#[test]
fn many_connections_on_two_processors() {
    let outcome = parallel(2).go(|| {
        let (listener, server) = echoing();
        let address = listener.local_addr().unwrap();
        let clients: Vec<_> = (0..100_u8)
            .map(|i| {
                go(move || {
                    let stream = TcpStream::connect(address).unwrap();
                    for _ in 0..50 {
                        assert_eq!(ask(&stream, &[i; 64]), [i; 64]);
                    }
                })
            })
            .collect();
        for client in clients {
            client.join().unwrap();
        }
        listener.close();
        server.join().unwrap();
        stats().unwrap().procs
    });
    assert_eq!(outcome.result.unwrap(), 2);
    assert_eq!(outcome.panics, [""; 0]);
}
