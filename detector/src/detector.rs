//! One run under detection: the engine, and the reports of what it finds.

use crate::access::{AccessKind, ByteRange};
use crate::clock::{Epoch, Time};
use crate::context::{ContextTree, Frame, HeldLock, LockMode, NodeId, Site};
use crate::engine::{Engine, Footprint, Race};
use crate::event::{Action, Atomic, Event};
use crate::excerpt;
use crate::fingerprint::fingerprint;
use crate::housekeeping::Housekeeping;
use crate::known::KnownToAll;
use crate::memory::{CellId, Declaration, Memory};
use crate::once::Complaint;
use crate::report::{
    Access, Goroutine, MemoryLocation, OtherAccess, Outcome, RaceReport, Record, RunInfo, Sink,
    SyncEvent, Unordered,
};
use crate::seen::{Seen, SeenAccesses};
use crate::stack::{self, Operation};
use crate::symbolize;
use crate::sync::{AtomicEffect, AtomicWord, Foreseen, SyncId, SyncVar};
use crate::thread::{Registry, SyncOp, Thread, ThreadInfo};
use crate::trace::Recorder;
use crate::unwind::{Bounds, Walks};
use dashmap::DashSet;
use smallvec::SmallVec;
use std::ops::Range;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A pair of accesses, whichever came first: one report is enough for it.
type Pair = [(NodeId, AccessKind); 2];

const OUT_OF_MEMORY: &str = "there was no memory left to follow what happens-before what; no race was reported from then on";

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// The races of one access: mostly none.
type Races = SmallVec<[Race; 1]>;

/// An instance of the detector. Any number can live in one process; they share nothing.
pub struct Detector {
    engine: Engine,
    contexts: ContextTree,
    walks: Walks,
    memory: Memory,
    seen: SeenAccesses,
    threads: Registry,
    run: RunInfo,
    sinks: Vec<Arc<dyn Sink>>,
    reported: DashSet<Pair>,
    races: AtomicU64,
    id: u64,
    housekeeping: Housekeeping,
    out_of_memory: Complaint,
    recorder: Option<Arc<Recorder>>,
}

impl Detector {
    /// A detector for the run `run`, which writes what it finds to every one of `sinks`.
    #[must_use]
    pub fn new(run: RunInfo, sinks: Vec<Arc<dyn Sink>>) -> Self {
        Self {
            engine: Engine::new(),
            contexts: ContextTree::default(),
            walks: Walks::default(),
            memory: Memory::default(),
            seen: SeenAccesses::default(),
            threads: Registry::default(),
            run,
            sinks,
            reported: DashSet::new(),
            races: AtomicU64::new(0),
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            housekeeping: Housekeeping::default(),
            out_of_memory: Complaint::new(),
            recorder: None,
        }
    }

    /// Records every event, too; see [`crate::trace`].
    #[must_use]
    pub fn recording(mut self, recorder: Recorder) -> Self {
        self.recorder = Some(Arc::new(recorder));
        self
    }

    /// What tells this instance from all others in the process; never 0.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The run's first thread; all others are forked.
    ///
    /// # Panics
    ///
    /// Where there is one already.
    #[must_use]
    pub fn main_thread(&self) -> Thread {
        let (info, label) = self.threads.add(None, NodeId::ROOT);
        let clock = self.engine.first_thread(label);
        self.engine.no_more_first_threads();
        Thread::new(
            clock.expect("the first thread fits"),
            info,
            self.recorder.clone(),
        )
    }

    /// Event *fork*: `parent` starts a thread, at `op`. `None` where the detector already knows
    /// as many threads as it can tell apart ([`crate::clock::Tid::LIMIT`]).
    #[must_use]
    #[inline(never)]
    pub fn fork(&self, parent: &mut Thread, op: SyncOp) -> Option<Thread> {
        self.housekeeping
            .on_fork(&self.engine, |label| self.threads.forget(label));
        parent.note_release(op);
        let here = 0u8;
        let created_at = self.node(&parent.stack, &[], &here, Operation::at(op.at));
        let (info, label) = self.threads.add(Some(parent.number()), created_at);
        let Some(clock) = self.engine.fork(&mut parent.clock, label) else {
            self.threads.note_finished(&info);
            self.threads.forget(label);
            return None;
        };
        let mut child = Thread::new(clock, info, self.recorder.clone());
        parent.record(op.at, || Action::Fork(child.id()));
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

    /// Event *acquire* on a sync object that is known by name; see [`Thread::acquire`].
    pub fn acquire(&self, thread: &mut Thread, id: SyncId, op: SyncOp) {
        if thread.is_told() {
            // Events are recorded in their order.
            return self.sync(id, |var| thread.acquire(var, op));
        }
        self.engine.acquire(&mut thread.clock, id);
        thread.last_acquire = Some(op);
    }

    /// Event *release* on a sync object that is known by name; see [`Thread::release`].
    pub fn release(&self, thread: &mut Thread, id: SyncId, op: SyncOp) {
        if thread.is_told() {
            return self.sync(id, |var| thread.release(var, op));
        }
        thread.note_release(op);
        self.engine.release(&mut thread.clock, id);
    }

    /// Event *release_merge* on a sync object that is known by name; see [`Thread::release_merge`].
    pub fn release_merge(&self, thread: &mut Thread, id: SyncId, op: SyncOp) {
        if thread.is_told() {
            return self.sync(id, |var| thread.release_merge(var, op));
        }
        thread.note_release(op);
        self.engine.release_merge(&mut thread.clock, id);
    }

    /// Forgets a sync object whose owner is gone.
    pub fn forget_sync(&self, id: SyncId) {
        self.engine.forget_sync(id);
    }

    /// Events *read* and *write*, by `thread` at `at`.
    // Never inlined: stacks begin with the caller's frame.
    #[inline(never)]
    pub fn access(
        &self,
        thread: &Thread,
        kind: AccessKind,
        bytes: ByteRange,
        at: &'static Location<'static>,
    ) {
        thread.record(at, || match kind {
            AccessKind::Write => Action::Write(bytes),
            _ => Action::Read(bytes),
        });
        let mut node = NodeId::ROOT;
        let here = 0u8;
        let operation = Operation {
            site: Site(at),
            size: Some(bytes.len()),
        };
        let capture = || {
            node = self.access_node(thread, kind, bytes, &here, operation);
            node
        };
        let mut races = Races::new();
        let found = |race: &Race| races.push(*race);
        self.engine
            .access(&thread.clock, kind, bytes, capture, found);
        if !races.is_empty() {
            self.report(thread, kind, node, &races);
        }
    }

    /// Events *atomic load*, *store*, *read-modify-write*: performs `operation` on `bytes`, whose
    /// clock is `id`.
    #[inline(never)]
    pub fn atomic<R>(
        &self,
        thread: &mut Thread,
        id: SyncId,
        bytes: ByteRange,
        op: SyncOp,
        operation: impl FnOnce() -> (R, AtomicEffect),
    ) -> R {
        let (stack, locks) = (&thread.stack, &thread.locks);
        let mut node = NodeId::ROOT;
        let here = 0u8;
        let access = Operation {
            site: Site(op.at),
            size: Some(bytes.len()),
        };
        let mut is_new = false;
        let capture = || {
            let known = self.contexts.len();
            node = self.node(stack, locks, &here, access);
            is_new = self.contexts.len() != known;
            node
        };
        let made = thread.clock.epoch();
        // Reports are made once the word's clock is not held any more.
        let mut races = Races::new();
        let found = |race: &Race| races.push(*race);
        let (number, recorder, twin) = (thread.id(), thread.recorder.clone(), thread.twin());
        let operation = || {
            let (result, effect) = operation();
            let action = atomic_action(effect, bytes, id);
            if let Some(twin) = twin {
                twin.note(&action);
            }
            if let Some(recorder) = recorder {
                recorder.record(&Event {
                    thread: number,
                    action,
                    site: recorder.site(op.at),
                });
            }
            (result, effect)
        };
        let clock = &mut thread.clock;
        let word = AtomicWord {
            id,
            foreseen: Foreseen::Release,
        };
        let (result, effect) = self
            .engine
            .atomic(clock, word, bytes, operation, capture, found);
        if effect.acquires() {
            thread.last_acquire = Some(op);
        }
        if effect.releases() {
            thread.info.last_release.set(made.time(), op);
        }
        if is_new && let Some((declaration, _)) = self.memory.find(bytes.start()) {
            self.note_seen(thread, &declaration, made, (node, effect.access()));
        }
        self.report(thread, effect.access(), node, &races);
        result
    }

    /// The stack and the locks of a plain access.
    fn access_node(
        &self,
        thread: &Thread,
        kind: AccessKind,
        bytes: ByteRange,
        here: &u8,
        operation: Operation,
    ) -> NodeId {
        let known = self.contexts.len();
        let node = self.node(&thread.stack, &thread.locks, here, operation);
        // Where another thread adds a stack meanwhile, this one is noted once more, and found there.
        if self.contexts.len() != known
            && let Some((declaration, _)) = self.memory.find(bytes.start())
        {
            self.note_seen(thread, &declaration, thread.clock.epoch(), (node, kind));
        }
        node
    }

    /// Notes an access that `thread` made at the time `first`, for [`Self::describe_others`].
    fn note_seen(
        &self,
        thread: &Thread,
        declaration: &Declaration,
        first: Epoch,
        (node, kind): (NodeId, AccessKind),
    ) {
        let seen = Seen {
            node,
            kind,
            first,
            by: thread.info.clone(),
        };
        self.seen.note(declaration, seen);
    }

    /// `here` is a variable of the function that the program has called: a stack begins outside of it.
    fn node(
        &self,
        stack: &Range<usize>,
        locks: &[HeldLock],
        here: &u8,
        operation: Operation,
    ) -> NodeId {
        let from = std::ptr::from_ref(here).addr();
        let bounds = Bounds { stack, from };
        let access = stack::capture(&self.contexts, &self.walks, bounds, operation);
        let hold = |node, lock: &HeldLock| self.contexts.child(node, Frame::Lock(*lock));
        locks.iter().fold(access, hold)
    }

    /// `node` without the locks that were held.
    fn without_locks(&self, mut node: NodeId) -> NodeId {
        while let Some(Frame::Lock(_)) = self.contexts.frame(node) {
            node = self.contexts.caller(node);
        }
        node
    }

    /// Event *alloc* for a cell: `bytes` are its memory from now on. Repeating it does nothing.
    pub fn claim(
        &self,
        thread: &Thread,
        bytes: ByteRange,
        owner: CellId,
        declaration: Declaration,
    ) {
        self.memory.claim(bytes, owner, declaration, || {
            thread.record(declaration.declared, || Action::Alloc(bytes));
            if let Some(recorder) = &self.recorder {
                recorder.define_memory(bytes, &describe_cell(&declaration));
            }
            self.engine.reset(bytes);
        });
    }

    /// Event *free* for a cell whose claimed memory starts at `start`.
    pub fn release_memory(&self, thread: &Thread, start: usize, owner: CellId, op: SyncOp) {
        self.memory.release(start, owner, |bytes| {
            thread.record(op.at, || Action::Free(bytes));
            self.engine.reset(bytes);
        });
    }

    /// Events *alloc* and *free* for memory that no cell claims: forgets its history.
    pub fn reset(&self, thread: &Thread, bytes: ByteRange, op: SyncOp) {
        thread.record(op.at, || Action::Alloc(bytes));
        self.engine.reset(bytes);
    }

    /// Event *end*: `thread` does nothing more; `var` is what a join acquires.
    pub fn end(&self, thread: &mut Thread, var: &mut SyncVar, op: SyncOp) {
        thread.release(var, op);
        thread.record(op.at, || Action::End);
        self.threads.note_finished(&thread.info);
    }

    /// Whether [`Self::housekeep`] has something to do: cheap.
    #[must_use]
    pub fn wants_housekeeping(&self) -> bool {
        self.housekeeping.is_due(&self.engine)
    }

    /// Frees what no race can be with any more, if there is much of it: a part, of some 50
    /// microseconds, at a time. `true` where there is more to do. For whoever is idle.
    pub fn housekeep(&self) -> bool {
        self.housekeeping
            .when_idle(&self.engine, |label| self.threads.forget(label))
    }

    /// What every running thread knows; `None` where there is no memory for it. Takes time in proportion to their number,
    /// which [`Self::footprint`] has.
    #[must_use]
    pub fn known_to_all(&self) -> Option<KnownToAll> {
        self.engine.known_to_all()
    }

    /// What the engine has in memory.
    #[must_use]
    pub fn footprint(&self) -> Footprint {
        self.engine.footprint()
    }

    /// The bytes on which a race was found, and that were not reset since.
    #[must_use]
    pub fn racy_bytes(&self) -> Vec<ByteRange> {
        self.engine.racy_bytes()
    }

    /// How often an access was found to race so far.
    #[must_use]
    pub fn races(&self) -> u64 {
        self.races.load(Ordering::Relaxed)
    }

    /// Writes the end of the run to the sinks.
    pub fn finish(&self) {
        if self.engine.is_exhausted() {
            self.out_of_memory.say(OUT_OF_MEMORY);
        }
        if let Some(recorder) = &self.recorder {
            // What went wrong, the recorder has said.
            let _ = recorder.finish();
        }
        self.emit(&Record::Outcome(Outcome {
            run: self.run.clone(),
            races: self.races(),
            reported: self.reported.len() as u64,
            goroutines: self.threads.count(),
            unfinished: self.threads.unfinished(),
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
            let sides = [(node, kind), (race.previous_node, race.previous_kind)];
            let mut pair = sides.map(|(node, kind)| (self.without_locks(node), kind));
            pair.sort_unstable_by_key(|(node, _)| *node);
            if self.reported.insert(pair) {
                let report = self.describe(thread, kind, node, race);
                self.emit(&Record::Race(Box::new(report)));
            }
        }
        if !races.is_empty() {
            thread.clock.has_asked();
        }
    }

    fn describe(&self, thread: &Thread, kind: AccessKind, node: NodeId, race: &Race) -> RaceReport {
        let other = self.threads.get(self.engine.label(race.previous_epoch));
        let found = self.memory.find(race.bytes.start());
        let declaration = found.map(|(declaration, _)| declaration);
        let current = self.describe_access(kind, node, thread.number(), declaration);
        let previous = self.describe_access(
            race.previous_kind,
            race.previous_node,
            other.number(),
            declaration,
        );
        let location = describe_location(race.bytes, found);
        let sides = [node, race.previous_node];
        let others =
            declaration.map(|declaration| self.describe_others(thread, &declaration, sides));
        RaceReport {
            fingerprint: fingerprint(&current, &previous, &location),
            run: self.run.clone(),
            current,
            previous,
            location,
            goroutines: [
                self.describe_thread(&thread.info),
                self.describe_thread(&other),
            ],
            unordered: describe_order(thread, &other, race),
            others: others.unwrap_or_default(),
            dependent: race.dependent,
        }
    }

    /// What else has accessed cells of this declaration.
    fn describe_others(
        &self,
        thread: &Thread,
        declaration: &Declaration,
        sides: [NodeId; 2],
    ) -> Vec<OtherAccess> {
        let sides = sides.map(|node| self.without_locks(node));
        let seen = self.seen.of(declaration);
        let others = seen
            .iter()
            .filter(|seen| !sides.contains(&self.without_locks(seen.node)));
        let mut told: Vec<OtherAccess> = Vec::new();
        for seen in others {
            let (node, kind) = (seen.node, seen.kind);
            let stack = symbolize::stack(&self.contexts, node);
            let other = OtherAccess {
                kind,
                operation: (declaration.operation)(kind).map(str::to_owned),
                at: stack.into_iter().find_map(|frame| frame.at),
                locks: self.describe_locks(node),
                goroutine: Some(seen.by.number()),
                ordered: Some(thread.clock.knows(seen.first)),
                released: handed_over(&self.engine, thread, seen).map(describe_sync),
            };
            // Of several callers one is enough.
            if !told.iter().any(|told| told.is_same_place(&other)) {
                told.push(other);
            }
        }
        told
    }

    fn describe_locks(&self, node: NodeId) -> Vec<SyncEvent> {
        let locks = symbolize::locks(&self.contexts, node);
        locks.iter().map(describe_lock).collect()
    }

    fn describe_access(
        &self,
        kind: AccessKind,
        node: NodeId,
        goroutine: u64,
        declaration: Option<Declaration>,
    ) -> Access {
        let operation = declaration.and_then(|d| (d.operation)(kind));
        let mut access = Access {
            kind,
            operation: operation.map(str::to_owned),
            size: symbolize::access_size(&self.contexts, node) as u64,
            goroutine,
            stack: symbolize::stack(&self.contexts, node),
            locks: Some(self.describe_locks(node)),
            source: None,
        };
        access.source = access.place().and_then(excerpt::around);
        access
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
        allocated: None,
    }
}

fn describe_order(thread: &Thread, other: &ThreadInfo, race: &Race) -> Unordered {
    let release = other.last_release.get();
    Unordered {
        previous_release: release.map(|(_, op)| describe_sync(op)),
        released_after_access: release
            .is_some_and(|(time, _)| time >= race.previous_epoch.time().get()),
        current_acquire: thread.last_acquire.map(describe_sync),
    }
}

/// The release by which what `seen` did came to `thread`: its goroutine's last, if it came after the access
/// and `thread` knows of it. That it came by way of an earlier release is not kept.
fn handed_over(engine: &Engine, thread: &Thread, seen: &Seen) -> Option<SyncOp> {
    if seen.by.number() == thread.number() {
        return None;
    }
    let (noted, op) = seen.by.last_release.get()?;
    let at = |time| Epoch::new(seen.first.tid(), time);
    let is_known = match engine.released(seen.first) {
        // The release may have repeated the one before it, for want of news: what counts is what was released.
        Some(last) => seen.first.time() <= last && thread.clock.knows(at(last)),
        // Another one may have the index by now, whose times tell nothing of this release.
        None => thread.clock.knows_all_of(at(Time::from_bits(noted))),
    };
    (seen.first.time().get() <= noted && is_known).then_some(op)
}

fn describe_lock(lock: &HeldLock) -> SyncEvent {
    SyncEvent {
        operation: match lock.mode {
            LockMode::Mutex => "mutex lock",
            LockMode::Read => "read lock",
            LockMode::Write => "write lock",
        }
        .to_owned(),
        at: symbolize::position(lock.taken.0),
    }
}

fn describe_sync(op: SyncOp) -> SyncEvent {
    SyncEvent {
        operation: op.what.to_owned(),
        at: symbolize::position(op.at),
    }
}

fn atomic_action(effect: AtomicEffect, bytes: ByteRange, object: SyncId) -> Action {
    let atomic = |ordering| Atomic {
        bytes,
        object,
        ordering,
    };
    match effect {
        AtomicEffect::Load(ordering) => Action::AtomicLoad(atomic(ordering)),
        AtomicEffect::Store(ordering) => Action::AtomicStore(atomic(ordering)),
        AtomicEffect::ReadModifyWrite(ordering) => Action::AtomicRmw(atomic(ordering)),
    }
}

/// A cell as a trace names it: type, name, declaration.
fn describe_cell(declaration: &Declaration) -> String {
    let name = declaration
        .name
        .map_or(String::new(), |name| format!(" {name}"));
    let at = symbolize::position(declaration.declared);
    let cell = cell_type(declaration);
    format!("{cell}{name} ({}:{}:{})", at.file, at.line, at.column)
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
