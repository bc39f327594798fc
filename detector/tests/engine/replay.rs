//! The engine, driven by events.
//!
//! A thread's end is a release to a variable that a join acquires. The call stack of an access
//! is the number of its event, so that a race says exactly which access it means.

use crate::event::{Event, Word};
use deadheat_detector::access::{AccessKind, ByteRange};
use deadheat_detector::context::{ContextTree, Frame, NodeId};
use deadheat_detector::engine::{Engine, Race};
use deadheat_detector::sync::{AtomicEffect, SyncId, SyncVar, ThreadClock};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A race that the engine found, in the terms of the events.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Found {
    pub(crate) bytes: Range<usize>,
    /// The number of the event that made the earlier access.
    pub(crate) previous: usize,
    pub(crate) previous_thread: usize,
    pub(crate) previous_kind: AccessKind,
    pub(crate) dependent: bool,
}

/// An engine, and what its callers keep for it.
pub(crate) struct Replay {
    engine: Engine,
    threads: BTreeMap<usize, ThreadClock>,
    ends: BTreeMap<usize, SyncVar>,
    contexts: ContextTree,
    events: usize,
}

impl Replay {
    /// Thread 0 runs; nothing happened.
    pub(crate) fn new() -> Self {
        let engine = Engine::new();
        let first = engine.first_thread(0).expect("the first thread fits");
        Self {
            engine,
            threads: BTreeMap::from([(0, first)]),
            ends: BTreeMap::new(),
            contexts: ContextTree::default(),
            events: 0,
        }
    }

    /// The bytes that the engine holds for racy.
    pub(crate) fn racy_bytes(&self) -> BTreeSet<usize> {
        let ranges = self.engine.racy_bytes();
        ranges.iter().flat_map(|r| r.start()..r.end()).collect()
    }

    /// Tells the engine of `event`; gives the races that the engine finds in it.
    #[rustfmt::skip]
    pub(crate) fn step(&mut self, event: Event) -> Vec<Found> {
        let races = self.pass_on(event);
        self.events += 1;
        races
    }

    #[rustfmt::skip]
    fn pass_on(&mut self, event: Event) -> Vec<Found> {
        match event {
            Event::Fork { parent, child } => {
                let clock = self.engine.fork(at(&mut self.threads, parent), child as u64);
                self.threads.insert(child, clock.expect("few threads fit"));
            }
            Event::End { thread } => {
                at(&mut self.threads, thread).release(self.ends.entry(thread).or_default());
            }
            Event::Join { joiner, ended } => at(&mut self.threads, joiner).acquire(&self.ends[&ended]),
            Event::Acquire { thread, object } => self.sync(thread, object, |thread, var| thread.acquire(var)),
            Event::Release { thread, object } => self.sync(thread, object, ThreadClock::release),
            Event::ReleaseMerge { thread, object } => self.sync(thread, object, ThreadClock::release_merge),
            Event::ReleaseAcquire { thread, object } => self.sync(thread, object, ThreadClock::release_acquire),
            Event::Fence { thread, ordering } => at(&mut self.threads, thread).fence(ordering),
            Event::Reset { start, len } => self.engine.reset(range(start, len)),
            Event::Read { thread, start, len } => return self.access(thread, AccessKind::Read, start, len),
            Event::Write { thread, start, len } => return self.access(thread, AccessKind::Write, start, len),
            Event::AtomicLoad { thread, word, ordering } => {
                return self.atomic(thread, word, AtomicEffect::Load(ordering));
            }
            Event::AtomicStore { thread, word, ordering } => {
                return self.atomic(thread, word, AtomicEffect::Store(ordering));
            }
            Event::AtomicRmw { thread, word, ordering } => {
                return self.atomic(thread, word, AtomicEffect::ReadModifyWrite(ordering));
            }
        }
        Vec::new()
    }

    fn sync(&mut self, thread: usize, object: usize, f: fn(&mut ThreadClock, &mut SyncVar)) {
        let thread = at(&mut self.threads, thread);
        self.engine
            .sync(SyncId(object as u64), |var| f(thread, var));
    }

    fn access(&mut self, thread: usize, kind: AccessKind, start: usize, len: usize) -> Vec<Found> {
        let thread = at(&mut self.threads, thread);
        let stack = || stack(&self.contexts, self.events);
        let mut races = Vec::new();
        self.engine
            .access(thread, kind, range(start, len), stack, |r| races.push(*r));
        self.found(&races)
    }

    fn atomic(&mut self, thread: usize, word: Word, effect: AtomicEffect) -> Vec<Found> {
        let thread = at(&mut self.threads, thread);
        let id = SyncId(word.start as u64);
        let bytes = range(word.start, word.len);
        let stack = || stack(&self.contexts, self.events);
        let mut races = Vec::new();
        self.engine.atomic(
            thread,
            id,
            bytes,
            || ((), effect),
            stack,
            |r| races.push(*r),
        );
        self.found(&races)
    }

    fn found(&self, races: &[Race]) -> Vec<Found> {
        let found = |race: &Race| {
            let frames = self.contexts.frames(race.previous_node);
            let [Frame::Return(previous)] = frames[..] else {
                panic!("{race:?} has a stack that no access was made with: {frames:?}");
            };
            Found {
                bytes: race.bytes.start()..race.bytes.end(),
                previous,
                previous_thread: self.engine.label(race.previous_epoch) as usize,
                previous_kind: race.previous_kind,
                dependent: race.dependent,
            }
        };
        races.iter().map(found).collect()
    }
}

fn at(threads: &mut BTreeMap<usize, ThreadClock>, thread: usize) -> &mut ThreadClock {
    threads.get_mut(&thread).expect("the thread was forked")
}

fn range(start: usize, len: usize) -> ByteRange {
    ByteRange::new(start, len).expect("memory has bytes")
}

fn stack(contexts: &ContextTree, event: usize) -> NodeId {
    contexts.child(NodeId::ROOT, Frame::Return(event))
}
