//! What all goroutines of a run do, with their stacks.
//!
//! A goroutine's stack is captured by itself. One that is parked is resumed by whoever asks, for
//! just long enough to do that, and parks again; one that runs, or is about to, does it at its
//! next safepoint, if it comes to one in time. So a dump costs those who are not dumped nothing.
//!
//! Dumps of one run do not overlap, and a run is not taken to be deadlocked during one: a
//! goroutine that is woken while it shows its stack becomes ready afterwards.

use crate::current::{self, Asking};
use crate::goroutine::{G, Shown};
use crate::run::Run;
use crate::runs;
use deadheat_detector::RawStack;
use deadheat_detector::report::text::frames;
use deadheat_detector::report::{RunInfo, StackFrame};
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// For how long goroutines that run may take to come to a safepoint.
const PATIENCE: Duration = Duration::from_millis(200);

/// How often it is looked whether they have.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// Waits shorter than this are not told in text.
const WORTH_TELLING: Duration = Duration::from_secs(1);

/// What all goroutines of a run did at about one moment.
///
/// As text: a paragraph for each, as in the message of a deadlock.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Dump {
    /// The run.
    pub run: RunInfo,
    /// Its goroutines, those started first first.
    pub goroutines: Vec<GoroutineDump>,
}

/// What a goroutine did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GoroutineDump {
    /// Its number; 1 is the run's main one.
    pub id: u64,
    /// Its name, if it was given one.
    pub name: Option<String>,
    /// Whether it ran.
    pub state: GoroutineState,
    /// Its stack, innermost frame first, or why there is none.
    pub stack: Result<Vec<StackFrame>, NoStack>,
    /// The goroutine that started it; `None` for the main one.
    pub creator: Option<u64>,
    /// Where it was started.
    pub created: &'static Location<'static>,
}

/// Whether a goroutine ran.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum GoroutineState {
    /// It ran.
    Running,
    /// It could run, and waited for its turn.
    Runnable,
    /// It was blocked.
    #[non_exhaustive]
    Waiting {
        /// The operation, such as `channel receive`.
        what: &'static str,
        /// Where in the source.
        at: &'static Location<'static>,
        /// For how long: to 5 ms on the parallel scheduler, in virtual time on the controlled one.
        waited: Duration,
    },
}

/// Why a goroutine's stack is not there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum NoStack {
    /// The goroutine has not started.
    NotStarted,
    /// It runs, and came to no safepoint in time.
    NoSafepoint,
    /// It can run, and did not get to it in time.
    NoTurn,
    /// It blocks the OS thread itself.
    HoldsThread,
}

/// What all goroutines of the caller's run do. `None` outside a run.
///
/// On the parallel scheduler the goroutines that run get 200 ms to come to a safepoint, and the
/// caller waits for those that do not. On the controlled one the call changes nothing in the
/// schedule. Orders nothing.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::{Goroutine, chan, dump, yield_now};
///
/// let (tx, rx) = chan::unbuffered::<()>();
/// let waiting = Goroutine::new().name("waiter").go(move || rx.recv());
/// while !dump().unwrap().to_string().contains("channel receive") {
///     yield_now();
/// }
/// let dump = dump().unwrap();
/// assert_eq!(dump.goroutines[1].name.as_deref(), Some("waiter"));
/// drop(tx);
/// assert!(waiting.join().unwrap().is_err());
/// # }).result.unwrap();
/// ```
#[must_use]
pub fn dump() -> Option<Dump> {
    let run = current::with(|g| Arc::clone(&g.run))?;
    Dump::of_running(&run)
}

/// What all goroutines of all runs in the process do.
///
/// As [`dump`], but for the controlled scheduler: where the caller is no goroutine of the run, the
/// goroutines that can run are asked too, and one that was woken meanwhile becomes ready at a
/// moment that no seed has drawn.
#[must_use]
pub fn dump_all() -> Vec<Dump> {
    runs::all().iter().filter_map(Dump::of_running).collect()
}

/// A goroutine that was looked at.
struct Seen {
    g: G,
    state: GoroutineState,
    shown: Shown,
}

impl Dump {
    fn of_running(run: &Arc<Run>) -> Option<Self> {
        let here = current::run_id() == run.id;
        // Nobody else resumes goroutines while one of a controlled run runs.
        let stopped = here && !run.scheduler.is_parallel();
        let look = || Self::of(run, stopped);
        if here && !stopped {
            crate::blocking(look)
        } else {
            look()
        }
    }

    /// The same of a run whose scheduler has stopped.
    pub(crate) fn of_stopped(run: &Arc<Run>) -> Self {
        Self::of(run, true).expect("the goroutines are not unwound yet")
    }

    fn of(run: &Arc<Run>, stopped: bool) -> Option<Self> {
        let outside = run.outside();
        let seen = run.look(|| {
            let seen = run.live().into_iter().map(|g| Seen::new(g, stopped));
            let mut seen: Vec<_> = seen.collect();
            wait_for_shown(&mut seen);
            seen
        });
        drop(outside);
        Some(Self {
            run: run.info().clone(),
            goroutines: seen?.into_iter().filter_map(Seen::describe).collect(),
        })
    }

    /// A line that says which run it is.
    pub(crate) fn title(&self) -> String {
        let RunInfo {
            name,
            scheduler,
            seed,
            ..
        } = &self.run;
        let name = name.escape_debug();
        format!("run '{name}', seed {seed} ({scheduler} scheduler):\n")
    }
}

/// Takes what those show who were asked to, while there is time. Who comes to a safepoint later shows it at
/// its next switch, for nobody.
fn wait_for_shown(seen: &mut [Seen]) {
    let _asking = Asking::new();
    let end = Instant::now() + PATIENCE;
    loop {
        let open = seen
            .iter_mut()
            .fold(false, |open, seen| open | !seen.look_again());
        if !open || Instant::now() >= end {
            return;
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

impl Seen {
    fn new(g: G, stopped: bool) -> Self {
        let here = current::with(|own| std::ptr::eq(own, &*g)) == Some(true);
        let (state, shown) = if here {
            (GoroutineState::Running, g.own_stack())
        } else {
            (g.state(), g.show(stopped))
        };
        Self { g, state, shown }
    }

    /// Looks whether the goroutine has shown its stack; `true` where it has, or will not.
    fn look_again(&mut self) -> bool {
        let Self { g, state, shown } = self;
        if !matches!(shown, Shown::Asked) || g.is_finished() {
            return true;
        }
        // It may have parked before it came to a safepoint.
        let parked = g.show_parked();
        if let Some(stack) = g.take_shown() {
            *shown = Shown::Stack(stack);
        }
        if parked {
            *state = g.state();
        }
        parked || matches!(shown, Shown::Stack(_)) || g.holds_thread()
    }

    /// `None` where it was about to end, and has.
    fn describe(self) -> Option<GoroutineDump> {
        let Self { g, state, shown } = self;
        let stack = match (shown, state) {
            (Shown::Stack(raw), _) => Ok(RawStack::frames(&raw)),
            (Shown::NotStarted, _) => Err(NoStack::NotStarted),
            (Shown::Asked, _) if g.is_finished() => return None,
            (Shown::Asked, GoroutineState::Running) => Err(NoStack::NoSafepoint),
            (Shown::Asked, GoroutineState::Runnable) => Err(NoStack::NoTurn),
            (Shown::Asked, GoroutineState::Waiting { .. }) => Err(NoStack::HoldsThread),
        };
        Some(GoroutineDump {
            id: g.id(),
            name: g.name().map(str::to_owned),
            state,
            stack,
            creator: g.creator(),
            created: g.created(),
        })
    }
}

impl fmt::Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, goroutine) in self.goroutines.iter().enumerate() {
            let gap = if i == 0 { "" } else { "\n\n" };
            write!(f, "{gap}{goroutine}")?;
        }
        Ok(())
    }
}

impl fmt::Display for GoroutineDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Who(self.id))?;
        if let Some(name) = &self.name {
            write!(f, " {name:?}")?;
        }
        writeln!(f, " [{}]:", self.state)?;
        match &self.stack {
            Ok(stack) => f.write_str(frames(stack).trim_end())?,
            Err(why) => write!(f, "  (no stack: {why})")?,
        }
        match self.creator {
            Some(creator) => write!(f, "\n  created by {} at {}", Who(creator), self.created),
            None => Ok(()),
        }
    }
}

/// How a goroutine is called.
struct Who(u64);

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("main goroutine"),
            id => write!(f, "goroutine {id}"),
        }
    }
}

impl fmt::Display for GoroutineState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running => f.write_str("running"),
            Self::Runnable => f.write_str("runnable"),
            Self::Waiting { what, at, waited } => {
                write!(f, "{what} at {at}")?;
                if *waited >= WORTH_TELLING {
                    write!(f, ", {:.1} s", waited.as_secs_f64())?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for NoStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotStarted => "it has not started",
            Self::NoSafepoint => "it has passed no safepoint for 200 ms",
            Self::NoTurn => "it has not had its turn for 200 ms",
            Self::HoldsThread => "it blocks its OS thread",
        })
    }
}
