//! The engine, driven by events as data: what a recorded trace is analysed with.

use crate::access::{AccessKind, ByteRange};
use crate::actors::Actors;
use crate::context::{ContextTree, Frame, NodeId};
use crate::engine::{Engine, Footprint, Race};
use crate::event::{Action, Atomic, Event, SiteId, ThreadId};
use crate::sync::{Acquired, AtomicEffect, AtomicWord, Foreseen, SyncId, SyncVar, ThreadClock};
use smallvec::SmallVec;
use std::cell::Cell;
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

/// What has become of a thread.
enum Life {
    Running(Actor),
    /// What it leaves to those that join it.
    Ended(SyncVar),
}

struct Actor {
    clock: ThreadClock,
    acquired: Acquired,
    context: NodeId,
    callers: Vec<NodeId>,
}

impl Actor {
    fn new(clock: ThreadClock) -> Self {
        Self {
            clock,
            acquired: Acquired::new(),
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
    contexts: Contexts,
    threads: Actors<Life>,
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

    /// Frees what no race can be with any more. From then on, a thread has to be forked before it acts.
    pub fn sweep(&self) {
        self.engine.sweep(|_| {});
    }

    /// What the engine has in memory.
    #[must_use]
    pub fn footprint(&self) -> Footprint {
        self.engine.footprint()
    }

    /// The places of the call stack `node`, innermost first.
    #[must_use]
    pub fn sites(&self, node: NodeId) -> Vec<SiteId> {
        let frames = self.contexts.tree.frames(node);
        let site = |frame: &Frame| match frame {
            Frame::Return(number) => Some(SiteId(u32::try_from(*number).unwrap_or(0))),
            Frame::LeftOut | Frame::Site(_) | Frame::Size(_) | Frame::Lock(_) => None,
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
                let mut end = SyncVar::new();
                self.actor(thread).clock.release(&mut end);
                self.threads.insert(thread, Life::Ended(end));
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
                let actor = running(&mut self.threads, thread);
                actor.callers.push(actor.context);
                actor.context = self.contexts.child(actor.context, site);
            }
            Action::Return => {
                let actor = self.actor(thread);
                actor.context = actor.callers.pop().unwrap_or(NodeId::ROOT);
            }
        }
        Ok(())
    }

    fn ensure_running(&mut self, thread: ThreadId) -> Result<(), Impossible> {
        match self.threads.get(thread) {
            Some(Life::Running(_)) => return Ok(()),
            Some(Life::Ended(_)) => return Err(Impossible::Ended(thread)),
            None => {}
        }
        let clock = self.engine.first_thread(thread.0);
        self.add(thread, clock.ok_or(Impossible::TooManyThreads)?);
        Ok(())
    }

    fn add(&mut self, thread: ThreadId, clock: ThreadClock) {
        self.threads
            .insert(thread, Life::Running(Actor::new(clock)));
    }

    fn actor(&mut self, thread: ThreadId) -> &mut Actor {
        running(&mut self.threads, thread)
    }

    fn fork(&mut self, parent: ThreadId, child: ThreadId) -> Result<(), Impossible> {
        if self.threads.get(child).is_some() {
            return Err(Impossible::ForkedTwice(child));
        }
        let parent = &mut running(&mut self.threads, parent).clock;
        let clock = self.engine.fork(parent, child.0);
        self.add(child, clock.ok_or(Impossible::TooManyThreads)?);
        Ok(())
    }

    fn join(&mut self, joiner: ThreadId, other: ThreadId) {
        let mut end = SyncVar::new();
        match self.threads.get_mut(other) {
            Some(Life::Running(other)) => other.clock.release(&mut end),
            Some(Life::Ended(left)) => end.add(left),
            None => return,
        }
        self.actor(joiner).clock.acquire(&end);
    }

    fn sync(&mut self, thread: ThreadId, id: SyncId, f: fn(&mut ThreadClock, &mut SyncVar)) {
        let thread = &mut running(&mut self.threads, thread).clock;
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
        let actor = running(&mut self.threads, thread);
        let (contexts, caller) = (&mut self.contexts, actor.context);
        let engine = &self.engine;
        let node = Cell::new(NodeId::ROOT);
        let stack = || kept(&node, contexts.child(caller, site));
        let mut raced = false;
        engine.access(&actor.clock, kind, bytes, stack, |race| {
            raced = true;
            found(&finding(engine, race, thread, kind, node.get()));
        });
        if raced {
            actor.clock.has_asked();
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
        let actor = running(&mut self.threads, thread);
        let (contexts, caller) = (&mut self.contexts, actor.context);
        let (engine, kind) = (&self.engine, effect.access());
        let node = Cell::new(NodeId::ROOT);
        let stack = || kept(&node, contexts.child(caller, site));
        // The engine holds the word's clock while it looks: what it finds is told afterwards.
        let mut races: SmallVec<[Race; 1]> = SmallVec::new();
        let found_one = |race: &Race| races.push(*race);
        let clock = &mut actor.clock;
        if let AtomicEffect::Load(ordering) = effect {
            engine.atomic_load(clock, &mut actor.acquired, object, ordering, || ());
            engine.access(clock, kind, bytes, stack, found_one);
        } else {
            let word = AtomicWord {
                id: object,
                foreseen: Foreseen::All(effect),
            };
            engine.atomic(clock, word, bytes, || ((), effect), stack, found_one);
        }
        for race in &races {
            found(&finding(engine, race, thread, kind, node.get()));
        }
        if !races.is_empty() {
            actor.clock.has_asked();
        }
    }
}

/// `node`, which is needed again where there is a race.
fn kept(place: &Cell<NodeId>, node: NodeId) -> NodeId {
    place.set(node);
    node
}

fn finding(
    engine: &Engine,
    race: &Race,
    thread: ThreadId,
    kind: AccessKind,
    node: NodeId,
) -> Finding {
    Finding {
        race: *race,
        thread,
        kind,
        node,
        previous_thread: ThreadId(engine.label(race.previous_epoch)),
    }
}

fn running(threads: &mut Actors<Life>, thread: ThreadId) -> &mut Actor {
    match threads.get_mut(thread) {
        Some(Life::Running(actor)) => actor,
        _ => unreachable!("it has been seen to run"),
    }
}

/// Call stacks, of which the ones that were last asked for need no look into the tree.
struct Contexts {
    tree: ContextTree,
    /// By the low bits of the site: caller, site, and the stack of both.
    recent: Box<[(NodeId, SiteId, NodeId)]>,
}

impl Default for Contexts {
    fn default() -> Self {
        let tree = ContextTree::default();
        let (caller, site) = (NodeId::ROOT, SiteId::default());
        let known = (caller, site, tree.child(caller, frame(site)));
        Self {
            tree,
            recent: vec![known; RECENT].into(),
        }
    }
}

/// How many call stacks are kept at hand.
const RECENT: usize = 4096;

impl Contexts {
    /// The call stack of `site`, called from `caller`.
    fn child(&mut self, caller: NodeId, site: SiteId) -> NodeId {
        let known = &mut self.recent[site.0 as usize % RECENT];
        if (known.0, known.1) != (caller, site) {
            *known = (caller, site, self.tree.child(caller, frame(site)));
        }
        known.2
    }
}

fn frame(site: SiteId) -> Frame {
    Frame::Return(site.0 as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(thread: u64, action: Action, site: u32) -> Event {
        Event {
            thread: ThreadId(thread),
            action,
            site: SiteId(site),
        }
    }

    fn write() -> Action {
        Action::Write(ByteRange::new(8, 8).unwrap())
    }

    /// The races that the last of the events completes.
    fn last(events: &[Event]) -> (Analysis, Vec<Finding>) {
        let (mut analysis, mut races) = (Analysis::new(), Vec::new());
        for event in events {
            races.clear();
            let found = |race: &Finding| races.push(race.clone());
            analysis.step(event, found).unwrap();
        }
        (analysis, races)
    }

    #[test]
    fn a_race_has_both_threads_and_stacks_whatever_their_numbers() {
        let far = RECENT as u32;
        for other in [1, 1 << 40] {
            let (analysis, races) = last(&[
                event(0, Action::Fork(ThreadId(other)), 1),
                event(0, Action::Call, 2),
                event(0, write(), 3),
                event(0, Action::Return, 0),
                event(0, Action::Call, 2 + far),
                event(0, Action::Call, 3 + far),
                event(other, write(), 3 + far),
            ]);
            assert_eq!(races.len(), 1);
            let race = &races[0];
            assert_eq!(race.thread, ThreadId(other));
            assert_eq!(race.previous_thread, ThreadId(0));
            assert_eq!(analysis.sites(race.node), [SiteId(3 + far)]);
            let previous = analysis.sites(race.race.previous_node);
            assert_eq!(previous, [SiteId(3), SiteId(2)]);
        }
    }

    #[test]
    fn a_join_orders_what_has_ended_and_what_has_not() {
        let fork = event(0, Action::Fork(ThreadId(1)), 0);
        let join = event(0, Action::Join(ThreadId(1)), 0);
        let (other, end) = (event(1, write(), 0), event(1, Action::End, 0));
        let own = event(0, write(), 0);
        assert_eq!(last(&[fork, other, end, join, own]).1.len(), 0);
        assert_eq!(last(&[fork, other, join, own]).1.len(), 0);
        assert_eq!(last(&[fork, other, join, own, other]).1.len(), 1);
        let stranger = event(0, Action::Join(ThreadId(9)), 0);
        assert_eq!(last(&[fork, other, stranger, own]).1.len(), 1);
    }

    #[test]
    fn what_no_program_does_is_refused_and_changes_nothing() {
        let fork = event(0, Action::Fork(ThreadId(1)), 0);
        let end = event(1, Action::End, 0);
        let (mut analysis, _) = last(&[fork, end]);
        let mut step = |event: Event| analysis.step(&event, |_| {});
        let (ended, twice) = (
            Impossible::Ended(ThreadId(1)),
            Impossible::ForkedTwice(ThreadId(1)),
        );
        assert_eq!(step(event(1, write(), 0)), Err(ended));
        assert_eq!(step(fork), Err(twice));
        let itself = event(0, Action::Fork(ThreadId(0)), 0);
        assert_eq!(step(itself), Err(Impossible::ForkedTwice(ThreadId(0))));
        assert_eq!(step(event(0, write(), 0)), Ok(()));
    }
}
