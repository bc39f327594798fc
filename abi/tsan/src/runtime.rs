//! What all threads share, and the beginning and the end of the process.

use crate::current;
use crate::interpose::{blocks::Blocks, objects::Objects, process, threads};
use crate::report::Reporter;
use crate::thread::{Info, LastSync, State};
use deadheat_detector::context::{ContextTree, NodeId};
use deadheat_detector::describe::Housekeeping;
use deadheat_detector::engine::Engine;
use deadheat_detector::settings::{EXIT_RACES, EXIT_USAGE, Settings};
use deadheat_detector::sync::ThreadClock;
use parking_lot::Mutex;
use std::cell::UnsafeCell;
use std::io::Write;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The engine and what belongs to it.
pub(crate) struct Runtime {
    pub(crate) engine: Engine,
    pub(crate) contexts: ContextTree,
    /// Where in memory sync objects are.
    pub(crate) objects: Objects,
    /// Where memory was allocated.
    pub(crate) blocks: Blocks,
    pub(crate) threads: threads::Table,
    /// The states of all that have not ended.
    pub(crate) living: Mutex<Vec<*const State>>,
    pub(crate) reporter: Reporter,
    pub(crate) housekeeping: Housekeeping,
    pub(crate) started: AtomicU64,
    pub(crate) ended: AtomicU64,
    /// Whether the program switches stacks: then it may run goroutines.
    pub(crate) switches: AtomicBool,
}

// SAFETY: the states in `living` are looked at only while their threads stand still.
unsafe impl Sync for Runtime {}

struct Place(UnsafeCell<MaybeUninit<Runtime>>);

// SAFETY: it is written once, before any state is there, and only read since.
unsafe impl Sync for Place {}

/// In a place of its own, so that the way to the shadow has one step less.
static RUNTIME: Place = Place(UnsafeCell::new(MaybeUninit::uninit()));
static BEGUN: Once = Once::new();
static IS_ON: AtomicBool = AtomicBool::new(false);

/// What all threads share. Only for threads that have a state.
#[inline(always)]
pub(crate) fn get() -> &'static Runtime {
    // SAFETY: it is written before the first state is made.
    unsafe { (*RUNTIME.0.get()).assume_init_ref() }
}

/// Begins detection if the `DEADHEAT` variable asks for it, once.
pub(crate) fn begin() {
    BEGUN.call_once(|| {
        let settings = Settings::from_env().unwrap_or_else(|error| stop(&error.to_string()));
        if settings.detect == Some(true) {
            start(&settings);
        }
    });
}

/// Ends the process because it could not do what it was asked to.
fn stop(why: &str) -> ! {
    let _ = writeln!(std::io::stderr(), "deadheat: {why}");
    // SAFETY: the call has no preconditions.
    unsafe { libc::_exit(EXIT_USAGE) }
}

fn start(settings: &Settings) {
    let reporter = Reporter::new(settings).unwrap_or_else(|error| stop(&error));
    let Some((objects, blocks)) = Objects::new().zip(Blocks::new()) else {
        stop("there is no memory for the detector's tables");
    };
    let runtime = Runtime {
        engine: Engine::new(),
        contexts: ContextTree::default(),
        objects,
        blocks,
        threads: threads::Table::default(),
        living: Mutex::new(Vec::new()),
        reporter,
        housekeeping: Housekeeping::default(),
        started: AtomicU64::new(0),
        ended: AtomicU64::new(0),
        switches: AtomicBool::new(false),
    };
    // SAFETY: the first caller of `begin` writes it, and nobody reads it before.
    unsafe { (*RUNTIME.0.get()).write(runtime) };
    process::prepare();
    threads::prepare();
    let info = get().register(None, NodeId::ROOT);
    let Some(clock) = get().engine.first_thread(label(&info)) else {
        stop("there is no memory for the first thread");
    };
    get().engine.no_more_first_threads();
    let state = get().adopt(clock, info);
    // SAFETY: the state was just made, and the first thread's is never freed.
    unsafe { current::set(state) };
    IS_ON.store(true, Ordering::Release);
    // SAFETY: `finish` may be called at any time.
    unsafe { libc::atexit(finish) };
}

/// What the engine calls a thread: the address of what is known of it, with one count of its own.
pub(crate) fn label(info: &Arc<Info>) -> u64 {
    Arc::into_raw(Arc::clone(info)) as u64
}

/// Frees a label.
pub(crate) fn forget(label: u64) {
    // SAFETY: the engine gives each label back once, and `label` counted it.
    drop(unsafe { Arc::from_raw(label as *const Info) });
}

impl Runtime {
    /// Numbers a new thread.
    pub(crate) fn register(&self, creator: Option<u64>, created_at: NodeId) -> Arc<Info> {
        Arc::new(Info {
            number: self.started.fetch_add(1, Ordering::Relaxed) + 1,
            creator,
            created_at,
            name: Mutex::new(None),
            finished: AtomicBool::new(false),
            last_release: LastSync::default(),
        })
    }

    /// Makes the state of a thread, which lives until [`Self::end`].
    pub(crate) fn adopt(&self, clock: ThreadClock, info: Arc<Info>) -> *const State {
        let state: *const State = Box::into_raw(State::new(clock, info));
        self.living.lock().push(state);
        state
    }

    /// Frees what no race can be with any more, if there is much of it: some of these parts, of 50
    /// microseconds each.
    pub(crate) fn keep_house(&self, parts: usize) {
        if self.housekeeping.is_due(&self.engine) {
            let mut parts = 0..parts;
            while parts.next().is_some() && self.housekeeping.when_idle(&self.engine, forget) {}
        }
    }

    /// Ends a thread.
    ///
    /// # Safety
    ///
    /// `state` came from [`Self::adopt`], has not ended, and nobody uses it any more.
    pub(crate) unsafe fn end(&self, state: *const State) {
        // Whoever forks the process holds the lock, too: so the thread has ended or not.
        let mut living = self.living.lock();
        living.retain(|other| *other != state);
        // SAFETY: as the caller says.
        let state = unsafe { Box::from_raw(state.cast_mut()) };
        if !state.info.finished.swap(true, Ordering::Relaxed) {
            self.ended.fetch_add(1, Ordering::Relaxed);
        }
        drop(state);
        drop(living);
    }
}

/// The process comes to its end: one that found races tells so by its exit code.
extern "C" fn finish() {
    let inside = current::get().and_then(State::enter);
    let found = get().reporter.finish(get());
    drop(inside);
    if found {
        // SAFETY: what the standard library does at the end of a process, and what is left to do: to
        // flush the streams.
        unsafe {
            libc::fflush(std::ptr::null_mut());
            libc::_exit(EXIT_RACES);
        }
    }
}
