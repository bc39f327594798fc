//! Races as data: who, where, and what would have ordered the two.

use crate::intentional::is_meant;
use crate::ours;
use crate::runtime::Runtime;
use crate::thread::{Class, Info, Inside, LastSync, Place};
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use deadheat_detector::access::{AccessKind, ByteRange};
use deadheat_detector::context::{ContextTree, Frame, NodeId};
use deadheat_detector::describe;
use deadheat_detector::engine::{AtOnce, Race};
use deadheat_detector::report::jsonl::JsonLinesSink;
use deadheat_detector::report::known::Known;
use deadheat_detector::report::text::TextSink;
use deadheat_detector::report::{
    Access, Allocation, Goroutine, MemoryLocation, Outcome, RaceReport, Record, RunInfo, Scheduler,
    Sink, SyncEvent, Unordered,
};
use deadheat_detector::settings::Settings;
use smallvec::SmallVec;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A pair of accesses, whichever came first: one report is enough for it.
type Pair = [(NodeId, AccessKind); 2];

/// The last bytes of the address space are nobody's: so no sum of addresses overflows.
const LAST: usize = usize::MAX & !0xfff;

/// Where reports go.
pub(crate) struct Reporter {
    run: RunInfo,
    text: TextSink<std::io::Stderr>,
    log: Option<JsonLinesSink>,
    known: Known,
    /// Whether races are reported that are meant.
    intentional: bool,
    /// The pairs that have raced, and whether they count.
    seen: DashMap<Pair, bool>,
    races: AtomicU64,
    /// Those that were reported.
    reported: AtomicU64,
    /// Reports of races that are news.
    news: AtomicU64,
}

impl Reporter {
    /// As the `DEADHEAT` variable says.
    pub(crate) fn new(settings: &Settings) -> Result<Self, String> {
        let log = settings.log.as_deref().map(|path| {
            JsonLinesSink::append(path)
                .map_err(|error| format!("reports cannot be added to {}: {error}", path.display()))
        });
        let known = settings.known.as_deref().map(|path| {
            Known::read(path).map_err(|error| {
                format!(
                    "known races cannot be read from {}: {error}",
                    path.display()
                )
            })
        });
        Ok(Self {
            run: RunInfo {
                name: program(),
                scheduler: Scheduler::System,
                seed: 0,
                replay: None,
            },
            text: TextSink::new(std::io::stderr()),
            log: log.transpose()?,
            known: known.transpose()?.unwrap_or_default(),
            intentional: settings.intentional == Some(true),
            seen: DashMap::new(),
            races: AtomicU64::new(0),
            reported: AtomicU64::new(0),
            news: AtomicU64::new(0),
        })
    }

    /// Writes the end of the process to the log; whether there were races that are news.
    pub(crate) fn finish(&self, runtime: &Runtime) -> bool {
        let started = runtime.started.load(Ordering::Relaxed);
        if let Some(log) = &self.log {
            log.record(&Record::Outcome(Outcome {
                run: self.run.clone(),
                races: self.races.load(Ordering::Relaxed),
                reported: self.reported.load(Ordering::Relaxed),
                goroutines: started,
                unfinished: started - runtime.ended.load(Ordering::Relaxed),
            }));
        }
        self.news.load(Ordering::Relaxed) > 0
    }

    /// In a process that was forked: what its parent has found is its parent's to tell.
    pub(crate) fn begin_again(&self) {
        self.news.store(0, Ordering::Relaxed);
        self.races.store(0, Ordering::Relaxed);
        self.reported.store(0, Ordering::Relaxed);
    }

    /// Tells a race, unless it is meant; whether it counts.
    fn emit(&self, report: RaceReport) -> bool {
        if !self.intentional && is_meant(&report) {
            return false;
        }
        self.reported.fetch_add(1, Ordering::Relaxed);
        let is_known = self.known.reason(&report).is_some();
        let record = Record::Race(Box::new(report));
        if !is_known {
            self.news.fetch_add(1, Ordering::Relaxed);
            self.text.record(&record);
        }
        if let Some(log) = &self.log {
            log.record(&record);
        }
        true
    }
}

/// The program's name, without what cargo adds to it.
fn program() -> String {
    let path = std::env::current_exe().unwrap_or_default();
    let name = path.file_name().unwrap_or(Path::new("program").as_os_str());
    let name = name.to_string_lossy();
    let is_hash = |hash: &str| hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    match name.rsplit_once('-') {
        Some((stem, hash)) if is_hash(hash) => stem.to_owned(),
        _ => name.into_owned(),
    }
}

/// The races of one access: mostly none.
pub(crate) type Races = SmallVec<[Race; 1]>;

/// The bytes of an access, if it has any.
pub(crate) fn bytes_at(address: usize, size: usize) -> Option<ByteRange> {
    ByteRange::new(address, size.min(LAST.saturating_sub(address)))
}

/// Event: an access of which an `attempt` to record it at once has told so much.
#[inline(never)]
pub(crate) fn access_after(
    attempt: AtOnce,
    inside: &Inside,
    kind: AccessKind,
    address: usize,
    size: usize,
    place: Place,
) {
    let runtime = inside.runtime();
    if let Some(bytes) = bytes_at(address, size) {
        let node = inside.state.node_at(runtime, place);
        let engine = &runtime.engine;
        let mut races = Races::new();
        let found = |race: &Race| races.push(*race);
        engine.access_after(attempt, inside.clock(), kind, bytes, node, found);
        if !races.is_empty() {
            report(inside, kind, place, &races);
            inside.clock().has_asked();
        }
    }
}

/// Reports the races of an access.
#[cold]
pub(crate) fn report(inside: &Inside, kind: AccessKind, place: Place, races: &Races) {
    let runtime = inside.runtime();
    let node = inside.state.node_at(runtime, place);
    let reporter = &runtime.reporter;
    for race in races {
        let mut pair = [(node, kind), (race.previous_node, race.previous_kind)];
        pair.sort_unstable_by_key(|(node, _)| *node);
        let counts = match reporter.seen.entry(pair) {
            Entry::Occupied(seen) => *seen.get(),
            Entry::Vacant(new) => *new.insert(
                !is_ours(runtime, [node, race.previous_node], place)
                    && reporter.emit(describe(inside, kind, node, race)),
            ),
        };
        if counts {
            reporter.races.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Whether one side of a race, which is at `place` now, is Deadheat's own code: also before the first
/// goroutine runs.
fn is_ours(runtime: &Runtime, nodes: [NodeId; 2], place: Place) -> bool {
    let may_call = matches!(place.class(), Class::Free | Class::Library)
        && runtime.switches.load(Ordering::Relaxed);
    nodes.into_iter().any(|node| ours::is_at(runtime, node)) || may_call && ours::has_called()
}

fn describe(inside: &Inside, kind: AccessKind, node: NodeId, race: &Race) -> RaceReport {
    let runtime = inside.runtime();
    let contexts = &runtime.contexts;
    let label = runtime.engine.label(race.previous_epoch) as *const Info;
    // SAFETY: the label of a thread that can race is not forgotten, and `label` counted it.
    let other = unsafe {
        Arc::increment_strong_count(label);
        Arc::from_raw(label)
    };
    let mine = &inside.state.info;
    let bytes = race.bytes.len() as u64;
    let current = describe_access(contexts, kind, node, mine, bytes);
    let previous = describe_access(
        contexts,
        race.previous_kind,
        race.previous_node,
        &other,
        bytes,
    );
    let location = describe_memory(runtime, race.bytes);
    let release = other.last_release.get();
    let released_after_access =
        release.is_some_and(|(_, _, time)| time >= race.previous_epoch.time().get());
    RaceReport {
        fingerprint: describe::identity(&current, &previous, &location),
        run: runtime.reporter.run.clone(),
        current,
        previous,
        location,
        goroutines: [
            describe_thread(contexts, mine),
            describe_thread(contexts, &other),
        ],
        unordered: Unordered {
            previous_release: describe_sync(&other.last_release),
            released_after_access,
            current_acquire: describe_sync(&inside.state.last_acquire),
        },
        dependent: race.dependent,
        // Memory has no declaration that would tell which other accesses are of interest.
        others: Vec::new(),
    }
}

fn describe_access(
    contexts: &ContextTree,
    kind: AccessKind,
    node: NodeId,
    thread: &Info,
    bytes: u64,
) -> Access {
    let mut frames = contexts.frames(node);
    let mut place = Place(0);
    if let Some(Frame::Return(site)) = frames.first_mut() {
        place = Place(*site);
        *site = place.site();
    }
    let operation = match place.class() {
        Class::Ordinary | Class::Library => None,
        Class::Volatile if kind.is_write() => Some("volatile write"),
        Class::Volatile => Some("volatile read"),
        Class::Free => Some("free"),
    };
    let mut access = Access {
        kind,
        operation: operation.map(str::to_owned),
        size: place.size().unwrap_or(bytes),
        goroutine: thread.number,
        stack: describe::stack(frames),
        // Which lock guards what is the program's to know: the library sees addresses.
        locks: None,
        source: None,
    };
    describe::quote(&mut access);
    access
}

fn describe_memory(runtime: &Runtime, bytes: ByteRange) -> MemoryLocation {
    let origin = runtime.blocks.origin(bytes.start());
    let allocated = origin.map(|origin| Allocation {
        goroutine: origin.thread,
        stack: describe::stack(runtime.contexts.frames(origin.node)),
    });
    let variable = match allocated {
        Some(_) => None,
        None => describe::variable(bytes.start()),
    };
    MemoryLocation {
        address: bytes.start() as u64,
        size: bytes.len() as u64,
        cell: variable.map(|name| format!("static {name}")),
        name: None,
        index: None,
        declared: None,
        allocated,
    }
}

fn describe_thread(contexts: &ContextTree, info: &Info) -> Goroutine {
    let mut created_at = describe::stack(contexts.frames(info.created_at));
    // Where that begins with Deadheat's own code, there is no other: a run starts its first goroutine.
    if created_at
        .first()
        .is_some_and(|frame| ours::is_ours([&*frame.function]))
    {
        created_at.clear();
    }
    Goroutine {
        id: info.number,
        name: info.name.lock().clone(),
        finished: info.finished.load(Ordering::Relaxed),
        creator: info.creator,
        created_at,
    }
}

fn describe_sync(sync: &LastSync) -> Option<SyncEvent> {
    let (operation, site, _) = sync.get()?;
    Some(SyncEvent {
        operation: operation.to_owned(),
        at: describe::place(site)?,
    })
}
