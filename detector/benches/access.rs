//! What recording an access costs, and how much shadow it takes, beside the bounds.
//!
//! Accesses with and without a detector alternate, round by round, in one process; each line gives
//! medians, in the form that `scripts/figures.sh` reads. `cargo bench -p deadheat-detector --bench
//! access`; with `--count WHAT` it runs one kind of access a fixed number of times and prints
//! nothing, for `valgrind --tool=callgrind`.

use deadheat_detector::Detector;
use deadheat_detector::access::{AccessKind, ByteRange};
use deadheat_detector::context::{ContextTree, Frame, NodeId};
use deadheat_detector::engine::Engine;
use deadheat_detector::report::RunInfo;
use deadheat_detector::sync::{SyncVar, ThreadClock};
use deadheat_detector::thread::SyncOp;
use std::hint::black_box;
use std::panic::Location;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Instant;

const WORDS: usize = 512;
const ROUNDS: usize = 401;
const PASSES: usize = 20;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == "--count") {
        return count(args.get(at + 1).map_or("", String::as_str));
    }
    println!("figure\tmeasured\tunit\tbound");
    same_epoch();
    ordered_epoch("from the same call stack", Pair::new());
    ordered_epoch("from another call stack", Pair::with_two_stacks());
    exchanged();
    walked();
    shadow();
}

/// Two threads that hand a lock to each other, and the memory that it protects.
struct Pair {
    engine: Engine,
    threads: [ThreadClock; 2],
    /// The call stacks that they access it from.
    stacks: [NodeId; 2],
    lock: SyncVar,
    words: Vec<u64>,
}

impl Pair {
    fn new() -> Self {
        let engine = Engine::new();
        let mut a = engine.first_thread(0).expect("memory");
        let b = engine.fork(&mut a, 1).expect("memory");
        Self {
            engine,
            threads: [a, b],
            stacks: [NodeId::ROOT; 2],
            lock: SyncVar::new(),
            words: vec![0; WORDS],
        }
    }

    fn with_two_stacks() -> Self {
        let tree = ContextTree::default();
        let stacks = [1, 2].map(|address| tree.child(NodeId::ROOT, Frame::Return(address)));
        Self {
            stacks,
            ..Self::new()
        }
    }

    /// Thread `i` takes the lock and begins a new epoch.
    fn hand_to(&mut self, i: usize) {
        let var = &mut self.lock;
        self.threads[1 - i].release(var);
        self.threads[i].acquire(var);
    }

    /// Thread `i` writes each word, recorded where `RECORD`.
    #[inline(never)]
    fn write<const RECORD: bool>(&mut self, i: usize) {
        let stack = self.stacks[i];
        for word in &mut self.words {
            if RECORD {
                let bytes = ByteRange::new(std::ptr::from_ref(word).addr(), 8).expect("8 bytes");
                let (engine, thread) = (&self.engine, &self.threads[i]);
                engine.access(thread, AccessKind::Write, bytes, || stack, |_| race());
            }
            *word = black_box(word.wrapping_add(1));
        }
    }

    /// Thread `i` reads each word, and that is recorded.
    #[inline(never)]
    fn read(&mut self, i: usize) {
        for word in &self.words {
            let bytes = ByteRange::new(std::ptr::from_ref(word).addr(), 8).expect("8 bytes");
            let (engine, thread) = (&self.engine, &self.threads[i]);
            let node = || NodeId::ROOT;
            engine.access(thread, AccessKind::Read, bytes, node, |_| race());
            black_box(*word);
        }
    }
}

#[cold]
fn race() {
    panic!("ordered accesses race");
}

fn nanoseconds(f: impl FnOnce()) -> f64 {
    let start = Instant::now();
    f();
    start.elapsed().as_nanos() as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn line(figure: &str, measured: f64, bound: f64, unit: &str) {
    println!("{figure}\t{measured:.2}\t{unit}\t<= {bound:.2}");
}

fn same_epoch() {
    let mut pair = Pair::new();
    pair.write::<true>(0);
    let (mut plain, mut recorded) = (Vec::new(), Vec::new());
    let each = (WORDS * PASSES) as f64;
    for _ in 0..ROUNDS {
        let pair = &mut pair;
        plain.push(nanoseconds(|| (0..PASSES).for_each(|_| pair.write::<false>(0))) / each);
        recorded.push(nanoseconds(|| (0..PASSES).for_each(|_| pair.write::<true>(0))) / each);
    }
    let (plain, recorded) = (median(plain), median(recorded));
    line(
        "same epoch, above the plain access",
        recorded - plain,
        3.0,
        "ns",
    );
}

fn ordered_epoch(stacks: &str, mut pair: Pair) {
    pair.write::<true>(0);
    let (mut plain, mut recorded) = (Vec::new(), Vec::new());
    let each = WORDS as f64;
    for round in 1..=ROUNDS * PASSES {
        let i = round % 2;
        pair.hand_to(i);
        plain.push(nanoseconds(|| pair.write::<false>(i)) / each);
        recorded.push(nanoseconds(|| pair.write::<true>(i)) / each);
    }
    let (plain, recorded) = (median(plain), median(recorded));
    let name = format!("different epoch, ordered, {stacks}, above the plain access");
    line(&name, recorded - plain, 12.0, "ns");
}

/// The least that an access of a different epoch costs: a record is put in place of another by one locked instruction.
fn exchanged() {
    let records: Vec<AtomicU64> = (0..WORDS).map(|_| Default::default()).collect();
    let times = (0..(ROUNDS * PASSES) as u64).map(|round| {
        nanoseconds(|| {
            for record in &records {
                let _ = record.compare_exchange(round, round + 1, SeqCst, SeqCst);
            }
        })
    });
    let time = median(times.collect()) / WORDS as f64;
    println!("the compare-exchange in it, alone\t{time:.2}\tns\t-");
}

/// As [`ordered_epoch`], by a whole detector, which keeps each access's stack: from here to `main`.
fn walked() {
    let detector = Detector::new(RunInfo::default(), Vec::new());
    let mut a = detector.main_thread();
    let b = detector.fork(&mut a, SyncOp::here("goroutine start"));
    let mut threads = [a, b.expect("memory")];
    let mut lock = SyncVar::new();
    let words = vec![0u64; WORDS];
    let mut times = Vec::new();
    for round in 1..=ROUNDS {
        let i = round % 2;
        threads[1 - i].release(&mut lock, SyncOp::here("mutex unlock"));
        threads[i].acquire(&lock, SyncOp::here("mutex lock"));
        let pass = || {
            for word in &words {
                let bytes = ByteRange::new(std::ptr::from_ref(word).addr(), 8).expect("8 bytes");
                let here = Location::caller();
                detector.access(&threads[i], AccessKind::Write, bytes, here);
            }
        };
        times.push(nanoseconds(pass) / WORDS as f64);
    }
    assert_eq!(detector.races(), 0);
    let name = "different epoch, ordered, with the walk of the stack";
    println!("{name}\t{:.2}\tns\t-", median(times));
}

/// Bytes of shadow and of spilled histories for each byte of touched memory.
fn shadow() {
    const MEMORY: usize = 16 << 20;
    let bound = 4.0;
    for (name, size, then) in [
        ("words, one writer", 8, None),
        ("bytes, one writer", 1, None),
        (
            "words, handed over to another writer",
            8,
            Some(AccessKind::Write),
        ),
        (
            "4-byte words, handed over to another writer",
            4,
            Some(AccessKind::Write),
        ),
        (
            "words, written and read by another later",
            8,
            Some(AccessKind::Read),
        ),
        (
            "bytes, written and read by another later",
            1,
            Some(AccessKind::Read),
        ),
    ] {
        let mut pair = Pair::new();
        let before = pair.engine.footprint();
        for (i, kind) in [Some(AccessKind::Write), then]
            .into_iter()
            .flatten()
            .enumerate()
        {
            if i > 0 {
                pair.hand_to(i);
            }
            for start in (0..MEMORY).step_by(size) {
                let bytes = ByteRange::new((1 << 32) + start, size).expect("some bytes");
                let node = || NodeId::ROOT;
                pair.engine
                    .access(&pair.threads[i], kind, bytes, node, |_| race());
            }
        }
        let after = pair.engine.footprint();
        let bytes =
            (after.shadow - before.shadow) + 80 * (after.nodes_in_use - before.nodes_in_use);
        let name = format!("shadow for each byte: {name}");
        line(&name, bytes as f64 / MEMORY as f64, bound, "bytes");
    }
}

/// A hundred thousand accesses of one kind, after as many that do not count.
fn count(what: &str) {
    let mut pair = Pair::new();
    pair.write::<true>(0);
    for round in 0..200 {
        match what {
            "plain" => pair.write::<false>(0),
            "same" => pair.write::<true>(0),
            "ordered" => {
                pair.hand_to((round + 1) % 2);
                pair.write::<true>((round + 1) % 2);
            }
            "read" => {
                pair.hand_to((round + 1) % 2);
                pair.read((round + 1) % 2);
            }
            "both" => {
                pair.hand_to((round + 1) % 2);
                pair.read((round + 1) % 2);
                pair.hand_to(round % 2);
                pair.write::<true>(round % 2);
            }
            _ => panic!("--count plain, same, ordered, read or both"),
        }
    }
}
