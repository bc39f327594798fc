//! The engine's own clocks: a few components inline, and a trie for the rest that clocks share.

use crate::Clocks;
use deadheat_engine::access::{AccessKind, ByteRange};
use deadheat_engine::clock::Epoch;
use deadheat_engine::context::NodeId;
use deadheat_engine::engine::Engine;
use deadheat_engine::sync::{SyncVar, ThreadClock};

/// An engine.
#[derive(Default)]
pub struct Shared {
    engine: Engine,
    threads: u64,
    steps: usize,
}

impl Shared {
    /// The engine that keeps the clocks.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}

impl Clocks for Shared {
    const NAME: &'static str = "engine";
    type Thread = ThreadClock;
    type Var = SyncVar;
    type Epoch = Epoch;

    fn new() -> Self {
        Self::default()
    }

    fn first_thread(&mut self) -> ThreadClock {
        let first = self.engine.first_thread(0);
        first.expect("the first thread fits")
    }

    fn fork(&mut self, parent: &mut ThreadClock) -> ThreadClock {
        self.threads += 1;
        let child = self.engine.fork(parent, self.threads);
        child.expect("the threads of a measurement fit")
    }

    fn acquire(&mut self, thread: &mut ThreadClock, var: &SyncVar) {
        thread.acquire(var);
    }

    fn release(&mut self, thread: &mut ThreadClock, var: &mut SyncVar) {
        thread.release(var);
    }

    fn release_merge(&mut self, thread: &mut ThreadClock, var: &mut SyncVar) {
        thread.release_merge(var);
    }

    /// The engine's threads have times only for what they access: every step is a write, and no
    /// two write the same bytes.
    fn step(&mut self, thread: &ThreadClock) -> Epoch {
        self.steps += 1;
        let bytes = ByteRange::new(8 * self.steps, 8).expect("few steps are made");
        let node = || NodeId::ROOT;
        let kind = AccessKind::Write;
        self.engine.access(thread, kind, bytes, node, |_| {});
        thread.epoch()
    }

    fn knows(&self, thread: &ThreadClock, epoch: Epoch) -> bool {
        thread.knows(epoch)
    }

    fn mapped(&self) -> u64 {
        self.engine.footprint().total()
    }
}
