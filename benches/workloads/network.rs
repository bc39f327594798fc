//! A TCP echo over the loopback interface.

use crate::measure::measure;
use deadheat::go;
use deadheat::net::{TcpListener, TcpStream};
use deadheat::sync::WaitGroup;
use std::io::{self, Read, Write};
use std::sync::Arc;

const CONNECTIONS: usize = 50;

/// So many round trips of 64 bytes on each of 50 connections.
pub(crate) fn echo(round_trips: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let accepting = listener.try_clone().expect("a descriptor");
    drop(go(move || {
        for stream in accepting.incoming().flatten() {
            drop(go(move || serve(stream)));
        }
    }));
    let streams: io::Result<Vec<_>> = (0..CONNECTIONS)
        .map(|_| TcpStream::connect(address))
        .collect();
    let streams = streams.expect("connections");
    let name = format!("echo{CONNECTIONS}x{round_trips}");
    measure(&name, CONNECTIONS * round_trips, || {
        let group = Arc::new(WaitGroup::new());
        for stream in streams {
            group.go(move || ask(&stream, round_trips).expect("an echo"));
        }
        group.wait();
    });
    listener.close();
}

fn serve(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 64];
    loop {
        stream.read_exact(&mut buffer)?;
        stream.write_all(&buffer)?;
    }
}

fn ask(mut stream: &TcpStream, round_trips: usize) -> io::Result<()> {
    let mut buffer = [0; 64];
    for _ in 0..round_trips {
        stream.write_all(&buffer)?;
        stream.read_exact(&mut buffer)?;
    }
    Ok(())
}
