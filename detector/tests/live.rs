//! Many OS threads at once in one detector, held against the oracle.
//!
//! The detector records what it is told, in an order that every thread's steps and every object's
//! synchronisations agree with. Which bytes are racy follows from that order alone: so the oracle,
//! told of the recorded events one by one, must come to the same bytes.

use deadheat_detector::Detector;
use deadheat_detector::access::{AccessKind, ByteRange};
use deadheat_detector::report::RunInfo;
use deadheat_detector::sync::{AtomicEffect, SyncId, SyncVar};
use deadheat_detector::thread::{SyncOp, Thread};
use deadheat_detector::trace::{Reader, Recorder};
use deadheat_oracle::oracle::Oracle;
use std::fs::File;
use std::panic::Location;
use std::sync::atomic::Ordering;
use std::sync::{Barrier, Mutex};

const THREADS: u64 = 8;
/// In debug builds; the million takes a release build, see `scripts/oracle.sh`.
const ACCESSES: u64 = if cfg!(debug_assertions) {
    40_000
} else {
    1_000_000
};
/// So many accesses apart, at most, are the threads: one alone would be through before the next begins.
const ROUND: u64 = 20;
const BASE: usize = 0x7f00_0000_0000;
const MEMORY: u64 = 1 << 14;
const LOCKS: u64 = 512;

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % limit
    }
}

fn bytes(start: u64, len: u64) -> ByteRange {
    ByteRange::new(BASE + start as usize, len as usize).unwrap()
}

/// Accesses of any size anywhere: most hold the lock of their place, some are atomic.
///
/// All threads wait for each other after each round, which the detector does not see.
fn work(
    detector: &Detector,
    thread: &mut Thread,
    locks: &[Mutex<SyncVar>],
    round: &Barrier,
    seed: u64,
) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ (seed << 32));
    let here = Location::caller();
    for number in 0..ACCESSES / THREADS {
        if number % ROUND == 0 {
            round.wait();
        }
        let len = 1 << random.below(4);
        let start = random.below(MEMORY) & !(len - 1);
        let kind = match random.below(3) {
            0 => AccessKind::Write,
            _ => AccessKind::Read,
        };
        match random.below(1000) {
            0..940 => {
                let lock = &locks[(start * LOCKS / MEMORY) as usize];
                let mut lock = lock.lock().unwrap();
                thread.acquire(&lock, SyncOp::here("lock"));
                detector.access(thread, kind, bytes(start, len), here);
                thread.release(&mut lock, SyncOp::here("unlock"));
            }
            940..980 => {
                let word = MEMORY + 8 * (start % 16);
                let effect = AtomicEffect::ReadModifyWrite(Ordering::Relaxed);
                let op = SyncOp::here("update");
                let id = SyncId(word);
                detector.atomic(thread, id, bytes(word, 8), op, || ((), effect));
            }
            _ => detector.access(thread, kind, bytes(start, len), here),
        }
    }
}

#[test]
fn what_threads_do_at_once_is_judged_as_the_oracle_judges_its_trace() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("live.trace");
    let recorder = Recorder::create(&path).unwrap();
    let detector = Detector::new(RunInfo::default(), Vec::new()).recording(recorder);
    let locks: Vec<_> = (0..LOCKS).map(|_| Mutex::new(SyncVar::new())).collect();
    let mut main = detector.main_thread();
    let crew: Vec<_> = (0..THREADS)
        .map(|_| detector.fork(&mut main, SyncOp::here("start")).unwrap())
        .collect();
    let round = Barrier::new(THREADS as usize);
    std::thread::scope(|scope| {
        for (seed, mut thread) in (1..).zip(crew) {
            let (detector, locks, round) = (&detector, &locks, &round);
            scope.spawn(move || work(detector, &mut thread, locks, round, seed));
        }
    });
    detector.finish();

    let mut oracle = Oracle::new();
    let mut trace = Reader::new(File::open(&path).unwrap()).unwrap();
    while let Some(event) = trace.next_event().unwrap() {
        oracle.step(&event);
    }
    let found = detector.racy_bytes();
    let found: Vec<_> = found.iter().flat_map(|r| r.start()..r.end()).collect();
    let expected: Vec<_> = oracle.racy_bytes().iter().copied().collect();
    assert!(expected.len() > 20, "{} racy bytes are few", expected.len());
    assert!(
        found == expected,
        "{} found, {} expected",
        found.len(),
        expected.len()
    );
}
