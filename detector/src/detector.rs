//! One run under detection: the engine, and the reports of what it finds.

use crate::access::{AccessKind, ByteRange};
use crate::context::{ContextTree, Frame, NodeId};
use crate::engine::{Engine, Race, Races};
use crate::fingerprint::fingerprint;
use crate::memory::{CellId, Declaration, Memory};
use crate::report::{
    Access, Goroutine, MemoryLocation, Outcome, RaceReport, Record, RunInfo, Sink, SyncEvent,
    Unordered,
};
use crate::stack;
use crate::symbolize;
use crate::sync::{AtomicEffect, SyncId, SyncVar};
use crate::thread::{Registry, SyncOp, Thread, ThreadInfo};
use dashmap::DashSet;
use std::ops::Range;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A pair of accesses, whichever came first: one report is enough for it.
type Pair = [(NodeId, AccessKind); 2];

/// An instance of the detector. Any number can live in one process; they share nothing.
pub struct Detector {
    engine: Engine,
    contexts: ContextTree,
    memory: Memory,
    threads: Registry,
    run: RunInfo,
    sinks: Vec<Arc<dyn Sink>>,
    reported: DashSet<Pair>,
    races: AtomicU64,
}

impl Detector {
    /// A detector for the run `run`, which writes what it finds to every one of `sinks`.
    #[must_use]
    pub fn new(run: RunInfo, sinks: Vec<Arc<dyn Sink>>) -> Self {
        Self {
            engine: Engine::new(),
            contexts: ContextTree::default(),
            memory: Memory::default(),
            threads: Registry::default(),
            run,
            sinks,
            reported: DashSet::new(),
            races: AtomicU64::new(0),
        }
    }

    /// What tells this instance from all others in the process; never 0.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.engine.id().0
    }

    /// The run's first thread.
    ///
    /// # Panics
    ///
    /// Where the detector already knows as many threads as it can tell apart.
    #[must_use]
    pub fn main_thread(&self) -> Thread {
        let clock = self.engine.first_thread().expect("the first thread fits");
        let info = ThreadInfo::new(clock.tid(), None, NodeId::ROOT);
        self.threads.add(&info);
        Thread::new(clock, info)
    }

    /// Event *fork*: `parent` starts a thread, at `op`. `None` where the detector already knows
    /// as many threads as it can tell apart ([`crate::clock::Tid::LIMIT`]).
    #[must_use]
    pub fn fork(&self, parent: &mut Thread, op: SyncOp) -> Option<Thread> {
        parent.note_release(op);
        let clock = self.engine.fork(&mut parent.clock)?;
        let created_at = stack::capture(&self.contexts, &parent.stack, op.at);
        let info = ThreadInfo::new(clock.tid(), Some(parent.number()), created_at);
        self.threads.add(&info);
        let mut child = Thread::new(clock, info);
        child.last_acquire = Some(SyncOp {
            what: "goroutine start",
            at: op.at,
        });
        Some(child)
    }

    /// An event on a sync object that is known by name: `f` does it.
    pub fn sync<R>(&self, id: SyncId, f: impl FnOnce(&mut SyncVar) -> R) -> R {
        self.engine.sync(id, f)
    }

    /// Forgets a sync object whose owner is gone.
    pub fn forget_sync(&self, id: SyncId) {
        self.engine.forget_sync(id);
    }

    /// Events *read* and *write*, by `thread` at `at`.
    pub fn access(
        &self,
        thread: &Thread,
        kind: AccessKind,
        bytes: ByteRange,
        at: &'static Location<'static>,
    ) {
        let mut node = NodeId::ROOT;
        let races = self.engine.access(&thread.clock, kind, bytes, || {
            node = self.access_node(&thread.stack, bytes, at);
            node
        });
        self.report(thread, kind, node, &races);
    }

    /// Events *atomic load*, *store*, *read-modify-write*: performs `operation` on `bytes`, whose
    /// clock is `id`.
    pub fn atomic<R>(
        &self,
        thread: &mut Thread,
        id: SyncId,
        bytes: ByteRange,
        op: SyncOp,
        operation: impl FnOnce() -> (R, AtomicEffect),
    ) -> R {
        let stack = thread.stack.clone();
        let mut node = NodeId::ROOT;
        let capture = || {
            node = self.access_node(&stack, bytes, op.at);
            node
        };
        let before = thread.clock.epoch().time();
        let (result, effect, races) =
            self.engine
                .atomic(&mut thread.clock, id, bytes, operation, capture);
        if effect.acquires() {
            thread.last_acquire = Some(op);
        }
        if effect.releases() {
            *thread.info.last_release.lock() = Some((before, op));
        }
        self.report(thread, effect.access(), node, &races);
        result
    }

    fn access_node(
        &self,
        stack: &Range<usize>,
        bytes: ByteRange,
        at: &'static Location<'static>,
    ) -> NodeId {
        let stack = stack::capture(&self.contexts, stack, at);
        self.contexts.child(stack, Frame::Size(bytes.len()))
    }

    /// Event *alloc* for a cell: `bytes` are its memory from now on. Repeating it does nothing.
    pub fn claim(&self, bytes: ByteRange, owner: CellId, declaration: Declaration) {
        self.memory
            .claim(bytes, owner, declaration, || self.engine.reset(bytes));
    }

    /// Event *free* for a cell whose claimed memory starts at `start`.
    pub fn release_memory(&self, start: usize, owner: CellId) {
        self.memory
            .release(start, owner, |bytes| self.engine.reset(bytes));
    }

    /// Events *alloc* and *free* for memory that no cell claims: forgets its history.
    pub fn reset(&self, bytes: ByteRange) {
        self.engine.reset(bytes);
    }

    /// How often an access was found to race so far.
    #[must_use]
    pub fn races(&self) -> u64 {
        self.races.load(Ordering::Relaxed)
    }

    /// Writes the end of the run to the sinks.
    pub fn finish(&self) {
        self.emit(&Record::Outcome(Outcome {
            run: self.run.clone(),
            races: self.races(),
            reported: self.reported.len() as u64,
            goroutines: self.threads.count() as u64,
            unfinished: self.threads.unfinished() as u64,
        }));
    }

    fn emit(&self, record: &Record) {
        for sink in &self.sinks {
            sink.record(record);
        }
    }

    fn report(&self, thread: &Thread, kind: AccessKind, node: NodeId, races: &Races) {
        for race in races {
            self.races.fetch_add(1, Ordering::Relaxed);
            let mut pair = [(node, kind), (race.previous_node, race.previous_kind)];
            pair.sort_unstable_by_key(|(node, _)| *node);
            if self.reported.insert(pair) {
                let report = self.describe(thread, kind, node, race);
                self.emit(&Record::Race(Box::new(report)));
            }
        }
    }

    fn describe(&self, thread: &Thread, kind: AccessKind, node: NodeId, race: &Race) -> RaceReport {
        let other = self.threads.get(race.previous_epoch.tid());
        let found = self.memory.find(race.bytes.start());
        let declaration = found.map(|(declaration, _)| declaration);
        let current = self.describe_access(kind, node, thread.number(), declaration);
        let previous = self.describe_access(
            race.previous_kind,
            race.previous_node,
            other.number(),
            declaration,
        );
        RaceReport {
            fingerprint: fingerprint(
                (current.kind, &current.stack),
                (previous.kind, &previous.stack),
            ),
            run: self.run.clone(),
            current,
            previous,
            location: describe_location(race.bytes, found),
            goroutines: [
                self.describe_thread(&thread.info),
                self.describe_thread(&other),
            ],
            unordered: describe_order(thread, &other, race),
            dependent: race.dependent,
        }
    }

    fn describe_access(
        &self,
        kind: AccessKind,
        node: NodeId,
        goroutine: u64,
        declaration: Option<Declaration>,
    ) -> Access {
        let operation = declaration.and_then(|d| (d.operation)(kind));
        Access {
            kind,
            operation: operation.map(str::to_owned),
            size: symbolize::access_size(&self.contexts, node) as u64,
            goroutine,
            stack: symbolize::stack(&self.contexts, node),
        }
    }

    fn describe_thread(&self, info: &ThreadInfo) -> Goroutine {
        Goroutine {
            id: info.number(),
            name: info.name.get().cloned(),
            finished: info.finished.load(Ordering::Relaxed),
            creator: info.creator,
            created_at: symbolize::stack(&self.contexts, info.created_at),
        }
    }
}

fn describe_location(
    bytes: ByteRange,
    found: Option<(Declaration, Option<u64>)>,
) -> MemoryLocation {
    let declaration = found.map(|(declaration, _)| declaration);
    MemoryLocation {
        address: bytes.start() as u64,
        size: bytes.len() as u64,
        cell: declaration.map(|d| cell_type(&d)),
        name: declaration.and_then(|d| d.name).map(str::to_owned),
        index: found.and_then(|(_, index)| index),
        declared: declaration.map(|d| symbolize::position(d.declared)),
    }
}

fn describe_order(thread: &Thread, other: &ThreadInfo, race: &Race) -> Unordered {
    let release = *other.last_release.lock();
    Unordered {
        previous_release: release.map(|(_, op)| describe_sync(op)),
        released_after_access: release.is_some_and(|(time, _)| time >= race.previous_epoch.time()),
        current_acquire: thread.last_acquire.map(describe_sync),
    }
}

fn describe_sync(op: SyncOp) -> SyncEvent {
    SyncEvent {
        operation: op.what.to_owned(),
        at: symbolize::position(op.at),
    }
}

fn cell_type(declaration: &Declaration) -> String {
    if declaration.holds.is_empty() {
        return declaration.cell.to_owned();
    }
    format!(
        "{}<{}>",
        declaration.cell,
        without_modules(declaration.holds)
    )
}

/// `alloc::vec::Vec<alloc::string::String>` as `Vec<String>`.
fn without_modules(type_name: &str) -> String {
    let mut short = String::new();
    let mut path = String::new();
    for c in type_name.chars() {
        if c.is_alphanumeric() || c == '_' {
            path.push(c);
        } else if c == ':' {
            path.clear();
        } else {
            short.push_str(&path);
            path.clear();
            short.push(c);
        }
    }
    short + &path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_names_lose_their_modules() {
        assert_eq!(
            without_modules("alloc::vec::Vec<alloc::string::String>"),
            "Vec<String>"
        );
        assert_eq!(
            without_modules("(u8, &str, [core::any::TypeId; 3])"),
            "(u8, &str, [TypeId; 3])"
        );
    }
}
