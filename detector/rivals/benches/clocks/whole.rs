//! What a goroutine costs the whole detector: clocks, what reports say of it, where it was
//! started.

use crate::heap;
use crate::watch::Watch;
use crate::workloads::Figures;
use deadheat_detector::Detector;
use deadheat_detector::report::RunInfo;
use deadheat_detector::sync::SyncVar;
use deadheat_detector::thread::{SyncOp, Thread};
use std::hint::black_box;

pub(crate) const FIGURES: &[(&str, Option<f64>)] = &[
    ("bytes per goroutine", Some(1000.0)),
    ("resident bytes per goroutine", Some(1000.0)),
    ("fork + end, ns", Some(1500.0)),
    ("fork, ns", None),
    ("exchange, ns", None),
    ("end, ns", None),
];

/// What a fork walks of the stack, for the report to say where a goroutine was started.
#[derive(Clone, Copy)]
pub(crate) enum Walk {
    /// No frame.
    Nothing,
    /// The frames from the fork to `main`, and so many more.
    Deeper(usize),
}

pub(crate) const WALKS: [(&str, Walk); 3] = [
    ("no stack", Walk::Nothing),
    ("stack of main", Walk::Deeper(0)),
    ("16 frames more", Walk::Deeper(16)),
];

/// As the exchange of clocks alone, at this depth of the stack.
pub(crate) fn run(threads: usize, walk: Walk) -> Figures {
    match walk {
        Walk::Nothing => exchange(threads, false),
        Walk::Deeper(0) => exchange(threads, true),
        Walk::Deeper(frames) => deeper(threads, frames),
    }
}

#[inline(never)]
fn deeper(threads: usize, frames: usize) -> Figures {
    // What is done with the result afterwards keeps the frame.
    black_box(run(threads, Walk::Deeper(frames - 1)))
}

#[inline(never)]
fn exchange(threads: usize, walked: bool) -> Figures {
    let detector = Detector::new(RunInfo::default(), Vec::new());
    let mut main = detector.main_thread();
    if !walked {
        main.set_stack(0..0);
    }
    let (heap_before, resident_before) = (heap::bytes(), heap::resident());
    let mut children: Vec<Thread> = Vec::with_capacity(threads);
    let watch = Watch::start();
    for _ in 0..threads {
        let child = detector.fork(&mut main, SyncOp::here("goroutine start"));
        children.push(child.expect("so many fit"));
    }
    let fork = watch.each(threads);
    // What is sent, and that it was received: both stay in the channel.
    let mut channels: Vec<[SyncVar; 2]> = Vec::new();
    channels.resize_with(threads, Default::default);
    let watch = Watch::start();
    for (child, [sent, received]) in children.iter_mut().zip(&mut channels) {
        child.release(sent, SyncOp::here("channel send"));
        main.acquire(sent, SyncOp::here("channel receive"));
        main.release(received, SyncOp::here("channel receive"));
        child.acquire(received, SyncOp::here("channel send"));
    }
    let exchange = watch.each(threads);
    let mapped = detector.footprint().total();
    let bytes = (heap::bytes() - heap_before + mapped) as f64 / threads as f64;
    let resident = (heap::resident() - resident_before) as f64 / threads as f64;
    let mut ends: Vec<SyncVar> = Vec::new();
    ends.resize_with(threads, SyncVar::new);
    let watch = Watch::start();
    for (mut child, end) in children.drain(..).zip(&mut ends) {
        detector.end(&mut child, end, SyncOp::here("goroutine end"));
        drop(child);
    }
    let end = watch.each(threads);
    black_box(&channels);
    vec![bytes, resident, fork + end, fork, exchange, end]
}
