//! A long sequence, as a recorded trace would be: many threads over much memory.

use deadheat_detector::event::Event;
use deadheat_oracle::compare::Comparison;
use deadheat_oracle::event::{acquire, fork, read, release, rmw, word, write};
use std::sync::atomic::Ordering::AcqRel;

const ACCESSES: usize = 100_000;
const THREADS: u64 = 8;
const MEMORY: usize = 0x1_0000;
const MEETING: usize = 0x40;
const BASE: usize = 0x7f00_0000_0000;
const LOCKS: usize = 64;

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit
    }
}

/// An access anywhere, or, one time in four, to where all meet; most hold the lock of the place.
fn accesses(random: &mut Random) -> Vec<Event> {
    let thread = random.below(THREADS as usize) as u64;
    let len = 1 << random.below(5);
    let memory = *[MEETING, MEMORY, MEMORY, MEMORY]
        .get(random.below(4))
        .unwrap();
    let start = random.below(memory) / len * len;
    let lock = (start * LOCKS / MEMORY) as u64;
    let access = match random.below(10) {
        0..6 => read(thread, BASE + start, len),
        6..9 => write(thread, BASE + start, len),
        _ => rmw(thread, word(BASE + start, len), AcqRel),
    };
    if random.below(100) == 0 {
        vec![access]
    } else {
        vec![acquire(thread, lock), access, release(thread, lock)]
    }
}

#[test]
fn a_long_trace_is_compared() {
    let mut random = Random(0x5eed);
    let mut comparison = Comparison::new();
    let mut step = |event: &Event| comparison.step(event).unwrap();
    for child in 1..THREADS {
        step(&fork(0, child));
    }
    for _ in 0..ACCESSES {
        accesses(&mut random).iter().for_each(&mut step);
    }
    let tally = comparison.finish().unwrap();
    assert!(tally.races > 100, "{tally:?}");
}
