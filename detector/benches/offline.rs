//! How fast a recorded trace is analysed, on one core, and whether memory stays flat.
//!
//! The trace is ten million events of 16 threads: loops of reads and writes over private and
//! shared memory, locks, atomics, calls. It is decoded from the bytes that a recorder writes, as
//! `deadheat analyze` does. `cargo bench -p deadheat-detector --bench offline`.

use deadheat_detector::access::ByteRange;
use deadheat_detector::analysis::Analysis;
use deadheat_detector::event::{Action, Atomic, Event, SiteId, ThreadId};
use deadheat_detector::sync::SyncId;
use deadheat_detector::trace::{Reader, Writer};
use std::sync::atomic::Ordering;
use std::time::Instant;

const EVENTS: u64 = 10_000_000;
const THREADS: u64 = 16;
const ROUNDS: usize = 5;

fn main() {
    println!("figure\tmeasured\tunit\tbound");
    let whole = trace(EVENTS);
    let mut speeds = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let races = analyse(&whole).0;
        speeds.push(EVENTS as f64 / start.elapsed().as_secs_f64() / 1e6);
        assert_eq!(races, 0, "all shared memory is locked or atomic");
    }
    speeds.sort_by(f64::total_cmp);
    let median = speeds[ROUNDS / 2];
    println!("offline analysis of 10 million mixed events\t{median:.2}\tmillion events/s\t>= 5.00");
    let part = analyse(&trace(EVENTS / 4)).1;
    let all = analyse(&whole).1;
    let ratio = all as f64 / part as f64;
    println!(
        "memory after 10 million events over that after 2.5 million\t{ratio:.2}\tratio\t<= 1.10"
    );
}

/// The number of races in a trace, and what the engine then has in memory.
fn analyse(trace: &[u8]) -> (u64, u64) {
    let mut reader = Reader::new(trace).expect("a trace");
    let (mut analysis, mut races) = (Analysis::new(), 0);
    while let Some(event) = reader.next_event().expect("a whole trace") {
        analysis
            .step(&event, |_| races += 1)
            .expect("a possible event");
    }
    (races, analysis.footprint().total())
}

/// The bytes of a trace of at least `events` events.
fn trace(events: u64) -> Vec<u8> {
    let mut program = Program {
        writer: Writer::new(Vec::new()).expect("memory"),
        state: 0x1234_5678_9abc_def1,
    };
    for child in 1..THREADS {
        program.emit(0, 1, Action::Fork(ThreadId(child)));
    }
    while program.writer.events() < events {
        let thread = program.draw(THREADS);
        program.run_loop(thread);
    }
    program.writer.finish().expect("memory")
}

struct Program {
    writer: Writer<Vec<u8>>,
    state: u64,
}

/// One step of a loop's body: what, at which site, where, and how far on in each turn.
struct Step {
    what: u64,
    site: u32,
    start: usize,
    stride: usize,
}

impl Program {
    /// A number below `limit` (xorshift64).
    fn draw(&mut self, limit: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 16) % limit
    }

    fn emit(&mut self, thread: u64, site: u32, action: Action) {
        let event = Event {
            thread: ThreadId(thread),
            action,
            site: SiteId(site),
        };
        self.writer.event(&event).expect("memory");
    }

    fn run_loop(&mut self, thread: u64) {
        let steps = 8 + self.draw(24);
        let body: Vec<_> = (0..steps).map(|_| self.step()).collect();
        for turn in 0..20 + self.draw(100) as usize {
            for step in &body {
                self.perform(thread, step, turn);
            }
        }
    }

    fn step(&mut self) -> Step {
        Step {
            what: self.draw(100),
            site: 1 + self.draw(2000) as u32,
            start: self.draw(1 << 15) as usize & !7,
            stride: [0, 8, 8, 64][self.draw(4) as usize],
        }
    }

    fn perform(&mut self, thread: u64, step: &Step, turn: usize) {
        let site = step.site;
        let own = 0x7f00_0000_0000 + (thread << 24) as usize;
        let bytes = range(own + step.start + turn * step.stride);
        match step.what {
            0..55 => self.emit(thread, site, Action::Read(bytes)),
            55..80 => self.emit(thread, site, Action::Write(bytes)),
            80..88 => {
                let lock = step.start as u64 / 8 % 64;
                let shared = range(0x5555_0000_0000 + (lock << 12) as usize);
                self.emit(thread, site, Action::Acquire(SyncId(lock)));
                self.emit(thread, site, Action::Read(shared));
                self.emit(thread, site, Action::Write(shared));
                self.emit(thread, site, Action::Release(SyncId(lock)));
            }
            88..94 => {
                let word = step.start / 8 % 64;
                let atomic = Atomic {
                    bytes: range(0x6666_0000_0000 + word * 64),
                    object: SyncId(1000 + word as u64),
                    ordering: Ordering::AcqRel,
                };
                self.emit(thread, site, Action::AtomicRmw(atomic));
            }
            _ => {
                self.emit(thread, site, Action::Call);
                self.emit(thread, site, Action::Return);
            }
        }
    }
}

fn range(start: usize) -> ByteRange {
    ByteRange::new(start, 8).expect("eight bytes")
}
