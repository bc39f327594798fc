//! A run: a main goroutine, all that come of it, and what watches them.
//!
//! Runs share nothing. Any number can go on side by side in one process, each with its own
//! goroutine numbers, scheduler, seed and detector; that is how tests are isolated.

use crate::blocks::Blocks;
use crate::current::{self, Counted};
use crate::dump::Dump;
use crate::go::{self, JoinHandle};
use crate::goroutine::{About, G, Goroutine};
use crate::goroutines::Goroutines;
use crate::line::Line;
use crate::runs;
use crate::scheduler::controlled::Controlled;
use crate::scheduler::parallel::{Parallel, Worker};
use crate::scheduler::{End, PATIENCE, Scheduler};
use crate::sigquit;
use crate::stack::{self, StackPool};
use deadheat_detector::Detector;
use deadheat_detector::report::{self, FailureKind, Record, RunInfo, Sink};
use deadheat_detector::thread::Thread;
use deadheat_detector::trace::Recorder;
use parking_lot::Mutex;
use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZero;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How many scheduling steps a controlled run may take unless told otherwise.
pub const DEFAULT_STEPS: u64 = 20_000_000;

/// A run to come: who schedules it, from which seed, and whether it is watched.
///
/// # Example
///
/// ```
/// use deadheat_runtime::{Run, go};
///
/// let outcome = Run::new("sum").seed(7).go(|| {
///     let half = go(|| (1..=50).sum::<u32>());
///     (51..=100).sum::<u32>() + half.join().unwrap()
/// });
/// assert_eq!(outcome.result.unwrap(), 5050);
/// ```
#[derive(Clone)]
pub struct Builder {
    info: RunInfo,
    procs: usize,
    steps: u64,
    detect: bool,
    sinks: Vec<Arc<dyn Sink>>,
    traces: Option<PathBuf>,
    stack_size: Option<usize>,
    sigquit: bool,
    schedtrace: Option<Duration>,
}

impl Builder {
    fn new(name: &str) -> Self {
        Self {
            info: RunInfo {
                name: name.to_owned(),
                ..RunInfo::default()
            },
            procs: std::thread::available_parallelism().map_or(1, NonZero::get),
            steps: DEFAULT_STEPS,
            detect: false,
            sinks: Vec::new(),
            traces: None,
            stack_size: None,
            sigquit: true,
            schedtrace: None,
        }
    }

    /// Who decides which goroutine runs; the controlled scheduler unless told otherwise.
    #[must_use]
    pub fn scheduler(mut self, scheduler: report::Scheduler) -> Self {
        self.info.scheduler = scheduler;
        self
    }

    /// The seed of the scheduler's choices; 0 unless told otherwise.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.info.seed = seed;
        self
    }

    /// The command that reports give for running this schedule again.
    #[must_use]
    pub fn replay(mut self, command: String) -> Self {
        self.info.replay = Some(command);
        self
    }

    /// How many goroutines the parallel scheduler runs at once; as many as there are cores
    /// unless told otherwise.
    ///
    /// # Panics
    ///
    /// Where `procs` is 0.
    #[must_use]
    pub fn max_procs(mut self, procs: usize) -> Self {
        assert!(procs > 0, "a run needs at least one processor");
        self.procs = procs;
        self
    }

    /// How many scheduling steps the controlled scheduler takes before it gives the run up as
    /// one that does not end; [`DEFAULT_STEPS`] unless told otherwise.
    #[must_use]
    pub fn max_steps(mut self, steps: u64) -> Self {
        self.steps = steps;
        self
    }

    /// The bytes of every goroutine's stack that is not given one of its own size
    /// ([`Goroutine::stack_size`](crate::Goroutine::stack_size)); [`DEFAULT_STACK`](crate::DEFAULT_STACK),
    /// and 8 MiB for the main goroutine, unless told otherwise. The next power of two is taken, at
    /// least 16 KiB and at most 1 GiB. It is address space: memory is taken for what is touched only.
    #[must_use]
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Whether SIGQUIT (Ctrl-\) makes the process print [what all goroutines do](crate::dump_all)
    /// and exit with code 2, as a Go program does; it does unless told otherwise, or the program
    /// handles the signal itself when its first run starts. It stays so for the process once a run
    /// has started that wants it. Only on Unix.
    #[must_use]
    pub fn sigquit(mut self, on: bool) -> Self {
        self.sigquit = on;
        self
    }

    /// Has the parallel scheduler write a line to the standard error stream every `period`, to
    /// about 5 ms, beginning at once, that says what it does ([`Stats`](crate::Stats)): Go's
    /// `schedtrace`. The controlled scheduler writes none.
    ///
    /// ```text
    /// SCHED 1004ms: gomaxprocs=2 idleprocs=1 threads=3 spinningthreads=0 idlethreads=2 runqueue=0 [0 0] steals=3 retaken=0 preempted=1 run=app
    /// ```
    #[must_use]
    pub fn schedtrace(mut self, period: Duration) -> Self {
        self.schedtrace = Some(period);
        self
    }

    /// Whether accesses and synchronisation are checked for races; not unless told otherwise.
    #[must_use]
    pub fn detect(mut self, on: bool) -> Self {
        self.detect = on;
        self
    }

    /// Adds a destination of reports.
    #[must_use]
    pub fn sink(mut self, sink: Arc<dyn Sink>) -> Self {
        self.sinks.push(sink);
        self
    }

    /// Records every event of the run in a file of its own in the folder `traces`, if it is
    /// checked for races. Where no file can be made, the run says so and goes on.
    #[must_use]
    pub fn record(mut self, traces: &Path) -> Self {
        self.traces = Some(traces.to_path_buf());
        self
    }

    /// Runs `main` as the run's main goroutine, until it and all others have ended.
    ///
    /// When `main` has returned, the goroutines that can still run may do so for a while (a
    /// second, or 100,000 scheduling steps); those that are blocked then are unwound.
    ///
    /// # Panics
    ///
    /// Where the operating system gives no thread to run on.
    pub fn go<T: Send + 'static>(self, main: impl FnOnce() -> T + Send + 'static) -> Outcome<T> {
        // A thread of its own: what the run leaves in thread-locals ends with it.
        let thread = std::thread::Builder::new().name(self.info.name.clone());
        let running = thread.spawn(move || self.go_here(main));
        let running = running.unwrap_or_else(|error| panic!("no thread for a run: {error}"));
        match running.join() {
            Ok(outcome) => outcome,
            Err(bug) => std::panic::resume_unwind(bug),
        }
    }

    fn go_here<T: Send + 'static>(self, main: impl FnOnce() -> T + Send + 'static) -> Outcome<T> {
        stack::overflow::watch();
        let sigquit = self.sigquit;
        let run = self.build();
        runs::add(&run);
        if sigquit {
            sigquit::watch();
        }
        let (main, handle) = go::main_goroutine(&run, main);
        let end = run.scheduler.drive(&run, main);
        let stuck = run.describe_stuck(end);
        run.abandon_calls();
        *run.looked_at.lock() = true;
        run.cancel_all();
        run.scheduler.clear();
        run.goroutines.clear();
        run.outcome(&handle, stuck)
    }

    fn detector(&self) -> Detector {
        let detector = Detector::new(self.info.clone(), self.sinks.clone());
        let Some(traces) = &self.traces else {
            return detector;
        };
        let file = traces.join(trace_name(&self.info));
        match Recorder::create(&file) {
            Ok(recorder) => detector.recording(recorder),
            Err(error) => {
                let file = file.display();
                eprintln!("deadheat: the trace {file} cannot be written: {error}; not recording");
                detector
            }
        }
    }

    fn build(self) -> Arc<Run> {
        let seed = self.info.seed;
        let scheduler: Arc<dyn Scheduler> = match self.info.scheduler {
            report::Scheduler::Controlled => Arc::new(Controlled::new(seed, self.steps)),
            report::Scheduler::Parallel | report::Scheduler::System => {
                Parallel::new(self.procs, seed, self.schedtrace)
            }
        };
        // Where nothing is recorded, and no choice drawn, accesses to cells need no attention.
        let draws = self.info.scheduler == report::Scheduler::Controlled;
        let watched = self.detect || draws;
        let detector = self.detect.then(|| self.detector());
        static RUNS: AtomicU64 = AtomicU64::new(1);
        Arc::new(Run {
            id: RUNS.fetch_add(1, Ordering::Relaxed),
            scheduler,
            detector,
            stacks: StackPool::default(),
            blocks: Line::default(),
            usual_stack: stack::size_for(self.stack_size.unwrap_or(stack::DEFAULT_STACK)),
            main_stack: stack::size_for(self.stack_size.unwrap_or(stack::MAIN_STACK)),
            info: self.info,
            sinks: self.sinks,
            started: Line::default(),
            goroutines: Line::default(),
            looked_at: Mutex::new(false),
            outside: AtomicUsize::new(0),
            foreign: AtomicUsize::new(0),
            panics: Mutex::default(),
            _counted: Counted::new(watched, self.detect, draws),
        })
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome<T> {
    /// What the main goroutine returned, or why it did not.
    pub result: Result<T, Failure>,
    /// How often an access was found to race; 0 where detection was off.
    pub races: u64,
    /// Panics of goroutines that nobody joined, each as text.
    pub panics: Vec<String>,
}

/// Why a main goroutine did not return.
#[derive(Debug)]
pub enum Failure {
    /// It panicked, with this payload.
    Panic(Box<dyn Any + Send>),
    /// Every goroutine was blocked; the text lists them.
    Deadlock(String),
    /// The run took more steps than it may; the text lists the goroutines.
    StepLimit(String),
}

/// A panic that ended a goroutine.
pub(crate) struct PanicNote {
    run: Weak<Run>,
    number: u64,
}

impl PanicNote {
    /// Somebody has joined the goroutine, and has got the panic.
    pub(crate) fn joined(&self) {
        if let Some(run) = self.run.upgrade() {
            run.panics.lock().texts.remove(&self.number);
        }
    }
}

/// The panics that nobody has joined, as text, in their order.
#[derive(Default)]
struct Panics {
    noted: u64,
    texts: BTreeMap<u64, String>,
}

/// A run that goes on.
///
/// [`Run::new`] describes one to come.
pub struct Run {
    /// What tells it from all other runs in the process; neither 0 nor the greatest number.
    pub(crate) id: u64,
    pub(crate) scheduler: Arc<dyn Scheduler>,
    pub(crate) detector: Option<Detector>,
    pub(crate) stacks: StackPool,
    pub(crate) blocks: Line<Blocks>,
    /// The size of the stack of a goroutine that does not ask for one of its own, and of the main one's.
    pub(crate) usual_stack: usize,
    main_stack: usize,
    info: RunInfo,
    sinks: Vec<Arc<dyn Sink>>,
    started: Line<AtomicU64>,
    goroutines: Line<Goroutines>,
    /// Held while a dump looks at goroutines; says whether the run is over, and none may any more.
    looked_at: Mutex<bool>,
    /// Who, outside of the scheduler, may be about to make a goroutine ready.
    outside: AtomicUsize,
    /// Those of them that the run waits for as long as it takes.
    foreign: AtomicUsize,
    panics: Mutex<Panics>,
    /// While anybody runs a goroutine of this run, callers must ask which.
    _counted: Counted,
}

impl Run {
    /// A run to come, named after its test or program.
    #[must_use]
    #[allow(clippy::new_ret_no_self, reason = "a run exists only while it goes on")]
    pub fn new(name: &str) -> Builder {
        Builder::new(name)
    }

    pub(crate) fn name(&self) -> &str {
        &self.info.name
    }

    /// The size of the stack of a goroutine that does not ask for one of its own.
    pub(crate) fn stack_size(&self, main: bool) -> usize {
        if main {
            self.main_stack
        } else {
            self.usual_stack
        }
    }

    /// The number of a goroutine that starts now. Where there is a detector, it counts; otherwise a worker takes
    /// some at a time, as a processor does in Go, so that they need not be in order of the starts.
    pub(crate) fn number(self: &Arc<Self>, thread: Option<&Thread>) -> u64 {
        let next = |some| self.started.fetch_add(some, Ordering::Relaxed) + 1;
        thread.map(Thread::number).unwrap_or_else(|| {
            self.with_own_worker(|worker| match worker {
                Some(worker) => worker.number(next),
                None => next(1),
            })
        })
    }

    /// A goroutine that is not queued yet.
    pub(crate) fn start(self: &Arc<Self>, about: About) -> G {
        self.with_own_worker(|worker| match worker {
            Some(worker) => worker.with_ended(|own| self.goroutines.start(self, Some(own), about)),
            None => self.goroutines.start(self, None, about),
        })
    }

    /// Calls `f`, which does not switch, with the caller's worker, if that is one of this run: a goroutine of
    /// another run may be the one on whose stack it is time for one of this.
    pub(crate) fn with_own_worker<R>(self: &Arc<Self>, f: impl FnOnce(Option<&Worker>) -> R) -> R {
        let here = |g: &Goroutine| {
            let worker = g.worker().filter(|_| g.is_of(self));
            worker.map(ptr::from_ref)
        };
        // SAFETY: the caller runs on this worker, and does so until `f` has returned.
        f(current::with(here)
            .flatten()
            .map(|worker| unsafe { &*worker }))
    }

    /// Takes back a goroutine that has finished, on the `worker` that ran it, or on none.
    pub(crate) fn end(&self, worker: Option<&Worker>, g: G) {
        match worker {
            Some(worker) => worker.with_ended(|own| self.goroutines.end(Some(own), g)),
            None => self.goroutines.end(None, g),
        }
    }

    /// Takes note of a panic that ended goroutine `id`.
    pub(crate) fn note_panic(&self, g: &Goroutine, payload: &(dyn Any + Send)) -> PanicNote {
        let text = format!(
            "goroutine {} (created at {}) panicked: {}",
            g.id(),
            g.created(),
            panic_text(payload)
        );
        let mut panics = self.panics.lock();
        let number = panics.noted;
        panics.noted += 1;
        panics.texts.insert(number, text);
        PanicNote {
            run: Arc::downgrade(&g.run),
            number,
        }
    }

    /// Whether a goroutine waits for a lock in a `static` that another run, or a plain thread,
    /// has, or somebody outside of the scheduler is about to make a goroutine ready: then the run
    /// is not deadlocked, as far as it can tell.
    ///
    /// Gives for how long at most it is to wait then.
    ///
    /// To be called only while no goroutine of this run runs.
    pub(crate) fn waits_for_outside(&self) -> Option<Duration> {
        if self.foreign.load(Ordering::SeqCst) > 0 {
            return Some(Duration::MAX);
        }
        let waits = self.outside.load(Ordering::SeqCst) > 0
            || self.goroutines.any(|g| g.waits_outside(self.id));
        waits.then_some(PATIENCE)
    }

    /// Somebody outside of the scheduler may make a goroutine ready, until the value is dropped.
    pub(crate) fn outside(self: &Arc<Self>) -> Outside {
        Outside::new(self, |run| &run.outside)
    }

    /// The same, and the run waits for it however long that takes.
    pub(crate) fn foreign(self: &Arc<Self>) -> Outside {
        Outside::new(self, |run| &run.foreign)
    }

    /// What tells this run from others, for a reader.
    pub(crate) fn info(&self) -> &RunInfo {
        &self.info
    }

    /// Calls `f` where nobody else looks at the run's goroutines, unless it is over.
    pub(crate) fn look<R>(&self, f: impl FnOnce() -> R) -> Option<R> {
        let over = self.looked_at.lock();
        (!*over).then(f)
    }

    pub(crate) fn live(&self) -> Vec<G> {
        self.goroutines.live()
    }

    /// Makes goroutines of what was still to start, to be ended with the others.
    fn abandon_calls(&self) {
        for call in self.scheduler.take_calls() {
            if let Some(later) = call.take() {
                later.abandon();
            }
        }
    }

    /// Ends all goroutines that are left, on this thread. One that blocks for good while its
    /// destructors run is abandoned with its stack; one that holds an OS thread, with that.
    fn cancel_all(&self) {
        loop {
            let mut progress = false;
            for g in self.live() {
                if g.is_running() {
                    continue;
                }
                g.cancel();
                g.resume();
                progress |= g.is_finished();
            }
            if !progress {
                break;
            }
        }
        for g in self.live() {
            if !g.is_running() {
                // SAFETY: the scheduler has stopped and this thread resumes nobody any more.
                unsafe { g.abandon() };
            }
        }
    }

    fn describe_stuck(self: &Arc<Self>, end: End) -> Option<Failure> {
        match end {
            End::MainReturned => None,
            End::Deadlock => {
                let dump = Dump::of_stopped(self);
                let text = format!("all goroutines are asleep - deadlock!\n\n{dump}");
                self.emit_failure(FailureKind::Deadlock, &text);
                Some(Failure::Deadlock(text))
            }
            End::StepLimit(limit) => {
                let dump = Dump::of_stopped(self);
                let text = format!(
                    "no end after {limit} scheduling steps; a run that needs more sets steps=N in DEADHEAT\n\n{dump}"
                );
                self.emit_failure(FailureKind::StepLimit, &text);
                Some(Failure::StepLimit(text))
            }
        }
    }

    fn emit_failure(&self, kind: FailureKind, message: &str) {
        let failure = report::Failure {
            run: self.info.clone(),
            kind,
            message: message.to_owned(),
        };
        for sink in &self.sinks {
            sink.record(&Record::Failure(failure.clone()));
        }
    }

    fn outcome<T>(&self, main: &JoinHandle<T>, stuck: Option<Failure>) -> Outcome<T> {
        let panics = std::mem::take(&mut self.panics.lock().texts);
        let panics: Vec<_> = panics.into_values().collect();
        for text in &panics {
            self.emit_failure(FailureKind::Panic, text);
        }
        if let Some(detector) = &self.detector {
            detector.finish();
        }
        let result = match stuck {
            Some(failure) => Err(failure),
            None => match main.take_result() {
                Some(result) => result.map_err(Failure::Panic),
                None => Err(Failure::Panic(Box::new(
                    "the main goroutine could not start",
                ))),
            },
        };
        Outcome {
            result,
            races: self.detector.as_ref().map_or(0, Detector::races),
            panics,
        }
    }
}

/// While it lives, the run is not taken to be deadlocked at once where all goroutines are blocked.
pub(crate) struct Outside {
    run: Arc<Run>,
    count: fn(&Run) -> &AtomicUsize,
}

impl Outside {
    fn new(run: &Arc<Run>, count: fn(&Run) -> &AtomicUsize) -> Self {
        count(run).fetch_add(1, Ordering::SeqCst);
        Self {
            run: Arc::clone(run),
            count,
        }
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        (self.count)(&self.run).fetch_sub(1, Ordering::SeqCst);
    }
}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outside { .. }")
    }
}

/// A panic's message.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "a value that is not text"
    }
}

/// The location of a caller, for the main goroutine of a run.
#[track_caller]
pub(crate) fn here() -> &'static Location<'static> {
    Location::caller()
}

/// A file name that no other run of any process has: the run's name, seed, and a number.
fn trace_name(info: &RunInfo) -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let plain = |c: char| {
        if c.is_alphanumeric() || c == '_' {
            c
        } else {
            '-'
        }
    };
    let name: String = info.name.chars().map(plain).take(100).collect();
    let (process, number) = (std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    format!("{name}-seed{}-{process}-{number}.trace", info.seed)
}
