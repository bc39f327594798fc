//! A server that sends back what its clients say, and counts those whom it has served.
//!
//! Category: unprotected shared variable.
//!
//! What goes wrong: each connection has a goroutine of its own, and each of them counts its
//! connection when that is over. Connections that end at the same time count at the same time.
//! The requests themselves hide that as a rule: the network orders one that came after an answer to
//! another. The count comes after the last answer, when nothing orders it any more.
//!
//! What mends it: count under a lock.

use deadheat::net::{TcpListener, TcpStream};
use deadheat::prelude::*;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;

const CLIENTS: u32 = 3;

/// What the server knows about its work.
struct Served {
    lock: Mutex<()>,
    connections: Shared<u32>,
}

impl Served {
    fn new() -> Self {
        Self {
            lock: Mutex::new(()),
            connections: Shared::named("Served.connections", 0),
        }
    }

    /// Racy: others may count at the same time.
    fn count_alone(&self) {
        self.connections.update(|n| *n += 1);
    }

    fn count(&self) {
        let _guard = self.lock.lock();
        self.connections.update(|n| *n += 1);
    }
}

/// Sends back what the client says, until it says no more.
fn echo(mut client: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 64];
    loop {
        match client.read(&mut buffer)? {
            0 => return Ok(()),
            len => client.write_all(&buffer[..len])?,
        }
    }
}

fn ask(server: SocketAddr, question: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(server)?;
    stream.write_all(question.as_bytes())?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Serves a few clients at once. Tells how many the server has counted.
fn serve(count: fn(&Served)) -> io::Result<u32> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let served = Arc::new(Served::new());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|i| {
            go(move || {
                let question = format!("is anybody there? asks client {i}");
                assert_eq!(ask(address, &question).unwrap(), question);
            })
        })
        .collect();
    let mut connections = Vec::new();
    for _ in 0..CLIENTS {
        let (stream, _) = listener.accept()?;
        let served = Arc::clone(&served);
        connections.push(go(move || {
            echo(stream).unwrap();
            count(&served);
        }));
    }
    for goroutine in clients.into_iter().chain(connections) {
        goroutine.join().unwrap();
    }
    Ok(served.connections.get())
}

#[deadheat::main]
fn main() {
    let mended = std::env::args().nth(1).is_some_and(|arg| arg == "mended");
    let count = if mended {
        Served::count
    } else {
        Served::count_alone
    };
    let counted = serve(count).expect("a loopback interface");
    println!("{counted} of {CLIENTS} connections counted");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[deadheat::test]
    fn echo_server_racy() {
        serve(Served::count_alone).unwrap();
    }

    #[deadheat::test]
    fn echo_server_mended() {
        assert_eq!(serve(Served::count).unwrap(), CLIENTS);
    }
}
