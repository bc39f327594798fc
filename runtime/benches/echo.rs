//! A TCP echo over the loopback interface: `MAXPROCS=2 cargo bench -p deadheat-runtime --bench echo --
//! [ROUND TRIPS]`. 50 connections make 2,000 round trips of 64 bytes each, unless told otherwise.
//!
//! Prints what Go's workload of the same name prints: `RESULT`, the name, the wall-clock time of a round
//! trip and the processor time of one, in nanoseconds.

#[cfg(unix)]
mod echo {
    use deadheat_runtime::Run;
    use deadheat_runtime::detector::report::Scheduler;
    use deadheat_runtime::go;
    use deadheat_runtime::net::{TcpListener, TcpStream};
    use deadheat_runtime::sync::WaitGroup;
    use std::io::{self, Read, Write};
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    const CONNECTIONS: usize = 50;

    /// The processor time that this process has used.
    fn used() -> Duration {
        // SAFETY: an all-zero `rusage` is one, and the call fills it.
        let usage = unsafe {
            let mut usage: libc::rusage = std::mem::zeroed();
            libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
            usage
        };
        let time = |t: libc::timeval| {
            Duration::from_secs(t.tv_sec as u64) + Duration::from_micros(t.tv_usec as u64)
        };
        time(usage.ru_utime) + time(usage.ru_stime)
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

    fn echo(round_trips: usize) -> io::Result<(Duration, Duration)> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let accepting = listener.try_clone()?;
        drop(go(move || {
            for stream in accepting.incoming().flatten() {
                drop(go(move || serve(stream)));
            }
        }));
        let streams: io::Result<Vec<_>> = (0..CONNECTIONS)
            .map(|_| TcpStream::connect(address))
            .collect();
        let all = Arc::new(WaitGroup::new());
        let (begin, before) = (Instant::now(), used());
        for stream in streams? {
            all.add(1);
            let all = Arc::clone(&all);
            drop(go(move || {
                ask(&stream, round_trips).expect("an echo");
                all.done();
            }));
        }
        all.wait();
        let took = (begin.elapsed(), used() - before);
        listener.close();
        Ok(took)
    }

    pub(crate) fn main() {
        let mut numbers = std::env::args().filter_map(|arg| arg.parse().ok());
        let round_trips: usize = numbers.next().unwrap_or(2000);
        let procs = std::env::var("MAXPROCS").ok().and_then(|n| n.parse().ok());
        let detect = std::env::var("DETECT").is_ok_and(|on| on == "1");
        let mut run = Run::new("echo")
            .scheduler(Scheduler::Parallel)
            .detect(detect);
        if let Some(procs) = procs {
            run = run.max_procs(procs);
        }
        let took = run.go(move || echo(round_trips)).result;
        let (wall, cpu) = took.expect("the run returns").expect("a network");
        let each = |time: Duration| time.as_nanos() as f64 / (CONNECTIONS * round_trips) as f64;
        println!(
            "RESULT echo{CONNECTIONS}x{round_trips} {:.2} {:.2}",
            each(wall),
            each(cpu)
        );
    }
}

fn main() {
    #[cfg(unix)]
    echo::main();
}
