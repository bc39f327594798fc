//! An echo over sockets.

use super::Site;
use crate::board::Board;
use crate::random::Random;
use deadheat::chan::{self, Receiver, Sender};
use deadheat::go;
use deadheat::net::{TcpListener, TcpStream, UnixStream};
use deadheat::sync::Mutex;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Connections that are kept: each new one would leave a port that waits for a minute.
const CONNECTIONS: usize = 24;

/// A server, and connections to it.
pub(crate) struct Echo {
    listener: TcpListener,
    give_back: Sender<TcpStream>,
    connections: Receiver<TcpStream>,
    meeting: Arc<Meeting>,
}

/// Where goroutines that live long learn what others have done. One that never did would keep the
/// detector from forgetting anything: it might race with all of it.
#[derive(Default)]
pub(crate) struct Meeting(Mutex<()>);

impl Meeting {
    pub(crate) fn attend(&self) {
        drop(self.0.lock());
    }
}

/// How often whoever waits for long attends it.
const ATTENDANCE: Duration = Duration::from_millis(100);

impl Echo {
    pub(super) fn start(board: &Arc<Board>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let accepting = listener.try_clone()?;
        let meeting = Arc::<Meeting>::default();
        let (counting, met) = (Arc::clone(board), Arc::clone(&meeting));
        board.count_goroutine();
        drop(go(move || {
            loop {
                met.attend();
                accepting.set_deadline(Some(Instant::now() + ATTENDANCE));
                match accepting.accept() {
                    Ok((stream, _)) => {
                        let met = Arc::clone(&met);
                        counting.count_goroutine();
                        drop(go(move || serve(stream, &met)));
                    }
                    Err(error) if error.kind() == io::ErrorKind::TimedOut => {}
                    Err(_) => break,
                }
            }
        }));
        let (give_back, connections) = chan::bounded(CONNECTIONS);
        let echo = Self {
            listener,
            give_back,
            connections,
            meeting,
        };
        for _ in 0..CONNECTIONS {
            echo.give_back.send(echo.connect()?).expect("room for all");
        }
        Ok(echo)
    }

    fn connect(&self) -> io::Result<TcpStream> {
        TcpStream::connect(self.listener.local_addr()?)
    }

    pub(crate) fn meeting(&self) -> &Meeting {
        &self.meeting
    }

    pub(super) fn close(&self) {
        self.listener.close();
        self.give_back.close();
        self.connections.iter().for_each(drop);
    }
}

fn serve(mut stream: impl Read + Write, meeting: &Meeting) {
    let mut buffer = [0; 64];
    while stream.read_exact(&mut buffer).is_ok() && stream.write_all(&buffer).is_ok() {
        meeting.attend();
    }
}

/// What was sent comes back.
fn ask(mut stream: impl Read + Write, number: u8) -> io::Result<()> {
    stream.write_all(&[number; 64])?;
    let mut buffer = [0; 64];
    stream.read_exact(&mut buffer)?;
    assert_eq!(buffer, [number; 64]);
    Ok(())
}

/// Round trips over a connection that is kept, or, now and then, a new one in its place.
pub(super) fn echo(site: &Arc<Site>, random: &mut Random) {
    let network = &site.network;
    let stream = network.connections.recv().expect("not closed yet");
    for _ in 0..random.between(1, 20) {
        ask(&stream, random.next() as u8).expect("an echo");
    }
    let stream = match random.once_in(200) {
        true => network.connect().expect("a connection"),
        false => stream,
    };
    network.give_back.send(stream).expect("room for all");
}

/// A peer that answers too late, and one that goes away.
pub(super) fn deadline(site: &Arc<Site>, random: &mut Random) {
    let (here, mut there) = UnixStream::pair().expect("a pair of sockets");
    let answers = random.once_in(2);
    let wait = Duration::from_micros(random.between(100, 2000) as u64);
    here.set_read_timeout(Some(wait))
        .expect("a timeout above zero");
    let (give_up, given_up) = chan::unbuffered::<()>();
    let peer = site.go(move || {
        if answers {
            serve(&mut there, &Meeting::default());
        } else {
            let _ = given_up.recv();
        }
    });
    match ask(&here, 7) {
        Ok(()) => assert!(answers),
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{error}"),
    }
    drop((here, give_up));
    peer.join().expect("no panic");
}
