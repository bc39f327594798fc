//! What an operation on a sync object costs that is known by name, among few and among millions.
//!
//! Both crowds take turns, round by round, in one process; each line gives a median, in the form
//! that `scripts/figures.sh` reads. `cargo bench -p deadheat-detector --bench objects`; it takes
//! 400 MB of memory.

use deadheat_detector::engine::Engine;
use deadheat_detector::sync::{SyncId, ThreadClock};
use std::time::Instant;

const CROWDS: [u64; 2] = [10_000, 4_000_000];
const ROUNDS: usize = 31;
/// Operations of a round.
const OPERATIONS: u64 = 100_000;

fn main() {
    println!("figure\tmeasured\tunit\tbound");
    let mut crowds = CROWDS.map(Crowd::new);
    let mut times = [const { Vec::new() }; 2];
    for _ in 0..ROUNDS {
        for (crowd, times) in crowds.iter_mut().zip(&mut times) {
            times.push(crowd.round());
        }
    }
    for (crowd, mut times) in CROWDS.into_iter().zip(times) {
        times.sort_by(f64::total_cmp);
        let median = times[times.len() / 2];
        println!("an acquire of one among {crowd} named sync objects\t{median:.2}\tns\t-");
    }
}

/// An engine with so many sync objects, and a thread that has released to all.
struct Crowd {
    engine: Engine,
    thread: ThreadClock,
    objects: u64,
    next: u64,
}

impl Crowd {
    fn new(objects: u64) -> Self {
        let engine = Engine::new();
        let mut thread = engine.first_thread(0).expect("memory");
        for id in 0..objects {
            engine.sync(SyncId(id), |var| thread.release(var));
        }
        Self {
            engine,
            thread,
            objects,
            next: 1,
        }
    }

    /// Nanoseconds for each of many operations on objects in no order.
    fn round(&mut self) -> f64 {
        let start = Instant::now();
        for _ in 0..OPERATIONS {
            // A generator of 64-bit numbers with a full period (Knuth's constants for MMIX).
            self.next = self
                .next
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let id = (self.next >> 32) % self.objects;
            self.engine.sync(SyncId(id), |var| self.thread.acquire(var));
        }
        start.elapsed().as_nanos() as f64 / OPERATIONS as f64
    }
}
