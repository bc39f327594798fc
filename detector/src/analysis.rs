//! The engine, driven by events as data: what a recorded trace is analysed with.

use crate::access::{AccessKind, ByteRange};
use crate::context::{ContextTree, Frame, NodeId};
use crate::engine::{Engine, Race};
use crate::event::{Action, Atomic, Event, SiteId, ThreadId};
use crate::sync::{AtomicEffect, SyncId, SyncVar, ThreadClock};
use std::collections::HashMap;
use std::fmt;

/// A race that an event completed.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What the engine says.
    pub race: Race,
    /// The thread of the later access.
    pub thread: ThreadId,
    /// The kind of the later access.
    pub kind: AccessKind,
    /// The call stack of the later access.
    pub node: NodeId,
    /// The thread of the earlier access.
    pub previous_thread: ThreadId,
}

/// An event that cannot follow those before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Impossible {
    /// The thread acts after its end.
    Ended(ThreadId),
    /// The thread is forked, but it has acted or was forked before.
    ForkedTwice(ThreadId),
    /// There are more threads than an engine can tell apart.
    TooManyThreads,
}

impl fmt::Display for Impossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(thread) => write!(f, "thread {} acts after its end", thread.0),
            Self::ForkedTwice(thread) => {
                write!(f, "thread {} is forked, but it is there already", thread.0)
            }
            Self::TooManyThreads => f.write_str("more threads than the engine can tell apart"),
        }
    }
}

impl std::error::Error for Impossible {}

struct Actor {
    clock: ThreadClock,
    context: NodeId,
    callers: Vec<NodeId>,
}

impl Actor {
    fn new(clock: ThreadClock) -> Self {
        Self {
            clock,
            context: NodeId::ROOT,
            callers: Vec::new(),
        }
    }
}

/// An engine, and what its callers keep for it.
///
/// A thread that acts without having been forked runs from the start. A thread that is joined
/// without having ended is joined as it is.
#[derive(Default)]
pub struct Analysis {
    engine: Engine,
    contexts: ContextTree,
    running: HashMap<ThreadId, Actor>,
    ended: HashMap<ThreadId, SyncVar>,
    /// The thread of each index of the engine's clocks.
    numbers: Vec<ThreadId>,
}

impl Analysis {
    /// Nothing happened.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The bytes on which a race was found, and that were not given back since.
    #[must_use]
    pub fn racy_bytes(&self) -> Vec<ByteRange> {
        self.engine.racy_bytes()
    }

    /// The places of the call stack `node`, innermost first.
    #[must_use]
    pub fn sites(&self, node: NodeId) -> Vec<SiteId> {
        let frames = self.contexts.frames(node);
        let site = |frame: &Frame| match frame {
            Frame::Return(number) => Some(SiteId(u32::try_from(*number).unwrap_or(0))),
            Frame::Site(_) | Frame::Size(_) => None,
        };
        frames.iter().filter_map(site).collect()
    }

    /// Tells the engine of `event`; calls `found` with each race that it completes.
    ///
    /// # Errors
    ///
    /// Where no program could have caused the event after those before it. Nothing changes.
    pub fn step(
        &mut self,
        event: &Event,
        mut found: impl FnMut(&Finding),
    ) -> Result<(), Impossible> {
        let Event {
            thread,
            action,
            site,
        } = *event;
        self.ensure_running(thread)?;
        match action {
            Action::Fork(child) => return self.fork(thread, child),
            Action::End => {
                let mut actor = self.running.remove(&thread).expect("it runs");
                actor.clock.release(self.ended.entry(thread).or_default());
            }
            Action::Join(other) => self.join(thread, other),
            Action::Acquire(id) => self.sync(thread, id, |thread, var| thread.acquire(var)),
            Action::Release(id) => self.sync(thread, id, ThreadClock::release),
            Action::ReleaseMerge(id) => self.sync(thread, id, ThreadClock::release_merge),
            Action::ReleaseAcquire(id) => self.sync(thread, id, ThreadClock::release_acquire),
            Action::Transfer { from, into } => self.transfer(from, into),
            Action::Read(bytes) => self.access(thread, AccessKind::Read, bytes, site, &mut found),
            Action::Write(bytes) => self.access(thread, AccessKind::Write, bytes, site, &mut found),
            Action::AtomicLoad(a) => {
                self.atomic(thread, a, AtomicEffect::Load(a.ordering), site, &mut found);
            }
            Action::AtomicStore(a) => {
                self.atomic(thread, a, AtomicEffect::Store(a.ordering), site, &mut found);
            }
            Action::AtomicRmw(a) => {
                let effect = AtomicEffect::ReadModifyWrite(a.ordering);
                self.atomic(thread, a, effect, site, &mut found);
            }
            Action::Fence(ordering) => self.actor(thread).clock.fence(ordering),
            Action::Alloc(bytes) | Action::Free(bytes) => self.engine.reset(bytes),
            Action::Call => {
                let actor = self.running.get_mut(&thread).expect("it runs");
                actor.callers.push(actor.context);
                actor.context = child(&self.contexts, actor.context, site);
            }
            Action::Return => {
                let actor = self.actor(thread);
                actor.context = actor.callers.pop().unwrap_or(NodeId::ROOT);
            }
        }
        Ok(())
    }

    fn ensure_running(&mut self, thread: ThreadId) -> Result<(), Impossible> {
        if self.running.contains_key(&thread) {
            return Ok(());
        }
        if self.ended.contains_key(&thread) {
            return Err(Impossible::Ended(thread));
        }
        let clock = self.engine.first_thread();
        self.add(thread, clock.ok_or(Impossible::TooManyThreads)?);
        Ok(())
    }

    fn add(&mut self, thread: ThreadId, clock: ThreadClock) {
        let index = clock.tid().index();
        self.numbers
            .resize(self.numbers.len().max(index + 1), thread);
        self.numbers[index] = thread;
        self.running.insert(thread, Actor::new(clock));
    }

    fn actor(&mut self, thread: ThreadId) -> &mut Actor {
        self.running.get_mut(&thread).expect("it runs")
    }

    fn fork(&mut self, parent: ThreadId, child: ThreadId) -> Result<(), Impossible> {
        if self.running.contains_key(&child) || self.ended.contains_key(&child) {
            return Err(Impossible::ForkedTwice(child));
        }
        let parent = &mut self.running.get_mut(&parent).expect("it runs").clock;
        let clock = self.engine.fork(parent);
        self.add(child, clock.ok_or(Impossible::TooManyThreads)?);
        Ok(())
    }

    fn join(&mut self, joiner: ThreadId, other: ThreadId) {
        let mut present = SyncVar::new();
        if let Some(other) = self.running.get_mut(&other) {
            other.clock.release(&mut present);
        }
        let end = self.ended.get(&other).unwrap_or(&present);
        let joiner = self.running.get_mut(&joiner).expect("it runs");
        joiner.clock.acquire(end);
    }

    fn sync(&mut self, thread: ThreadId, id: SyncId, f: fn(&mut ThreadClock, &mut SyncVar)) {
        let thread = &mut self.running.get_mut(&thread).expect("it runs").clock;
        self.engine.sync(id, |var| f(thread, var));
    }

    fn transfer(&mut self, from: SyncId, into: SyncId) {
        let mut carried = SyncVar::new();
        self.engine.sync(from, |var| carried.add(var));
        self.engine.sync(into, |var| var.add(&carried));
    }

    fn access(
        &mut self,
        thread: ThreadId,
        kind: AccessKind,
        bytes: ByteRange,
        site: SiteId,
        found: &mut impl FnMut(&Finding),
    ) {
        let actor = &self.running[&thread];
        let node = child(&self.contexts, actor.context, site);
        let races = self.engine.access(&actor.clock, kind, bytes, || node);
        for race in races {
            found(&self.finding(race, thread, kind, node));
        }
    }

    fn atomic(
        &mut self,
        thread: ThreadId,
        Atomic { bytes, object, .. }: Atomic,
        effect: AtomicEffect,
        site: SiteId,
        found: &mut impl FnMut(&Finding),
    ) {
        let actor = self.running.get_mut(&thread).expect("it runs");
        let node = child(&self.contexts, actor.context, site);
        let done = || ((), effect);
        let ((), _, races) = self
            .engine
            .atomic(&mut actor.clock, object, bytes, done, || node);
        for race in races {
            found(&self.finding(race, thread, effect.access(), node));
        }
    }

    fn finding(&self, race: Race, thread: ThreadId, kind: AccessKind, node: NodeId) -> Finding {
        let previous_thread = self.numbers[race.previous_epoch.tid().index()];
        Finding {
            race,
            thread,
            kind,
            node,
            previous_thread,
        }
    }
}

fn child(contexts: &ContextTree, caller: NodeId, site: SiteId) -> NodeId {
    contexts.child(caller, Frame::Return(site.0 as usize))
}
