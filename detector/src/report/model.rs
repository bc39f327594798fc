//! The data of reports.

use crate::access::AccessKind;
use serde::{Deserialize, Serialize};

/// One line of a report file.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Record {
    /// A data race, written when it is found.
    Race(Box<RaceReport>),
    /// A deadlock, a panic that nobody joined, or a run that did not end.
    Failure(Failure),
    /// A run came to its end; what it found was written before.
    Outcome(Outcome),
}

/// The run under which something was found.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct RunInfo {
    /// The test or program, as `crate::module::function`.
    pub name: String,
    /// Who decided which goroutine runs.
    pub scheduler: Scheduler,
    /// The seed of the scheduler's choices.
    pub seed: u64,
    /// The command that runs this schedule again; absent where the schedule cannot be had again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<String>,
}

/// Who decides which goroutine runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheduler {
    /// One OS thread; every choice comes from the seed.
    #[default]
    Controlled,
    /// Many OS threads; the machine decides.
    Parallel,
    /// The operating system: what runs are threads of the program's own, not goroutines.
    System,
}

impl Scheduler {
    /// What it runs: `goroutine` or `thread`.
    #[must_use]
    pub fn runs(self) -> &'static str {
        match self {
            Self::Controlled | Self::Parallel => "goroutine",
            Self::System => "thread",
        }
    }
}

impl std::fmt::Display for Scheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Controlled => "controlled",
            Self::Parallel => "parallel",
            Self::System => "system",
        })
    }
}

/// Two unordered, conflicting accesses to the same memory.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RaceReport {
    /// Equal for the same race found again, also after edits that do not concern it: a hash of
    /// both accesses' kinds and functions, and of the cell. Lines do not count.
    pub fingerprint: String,
    /// The run that found it.
    pub run: RunInfo,
    /// The access that found the race.
    pub current: Access,
    /// The access that it races with.
    pub previous: Access,
    /// The memory that both touched.
    pub location: MemoryLocation,
    /// The two goroutines: the current access's, then the previous one's.
    pub goroutines: [Goroutine; 2],
    /// Why no happens-before path orders the two.
    pub unordered: Unordered,
    /// What else has accessed cells of the same declaration, in this run and up to now, and under which
    /// locks: each place once, and not all of very many. None of these is known to race.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<OtherAccess>,
    /// Whether this race may follow from an earlier one of this run: a racing read orders its
    /// accesses in the schedulable-happens-before order, see [`crate::engine`].
    pub dependent: bool,
}

/// One of the two accesses of a race.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Access {
    /// Read or write, plain or atomic.
    pub kind: AccessKind,
    /// What it really is, where it only counts as a read or write: `WaitGroup wait`, say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The number of bytes it touched.
    pub size: u64,
    /// The goroutine that made it.
    pub goroutine: u64,
    /// Where it was made, innermost frame first.
    pub stack: Vec<StackFrame>,
    /// The locks that its goroutine held, the one taken last first, as `mutex lock`, `read lock` or
    /// `write lock`, and where each was taken; absent where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locks: Option<Vec<SyncEvent>>,
    /// The source around [`Access::place`]; absent where it was not there, or had changed since
    /// the program was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Excerpt>,
}

impl Access {
    /// The innermost place that is known.
    #[must_use]
    pub fn place(&self) -> Option<&Position> {
        innermost(&self.stack)
    }
}

fn innermost(stack: &[StackFrame]) -> Option<&Position> {
    stack.iter().find_map(|frame| frame.at.as_ref())
}

/// An access of the same memory as a race's, or of a cell that was declared at the same place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OtherAccess {
    /// Read or write.
    pub kind: AccessKind,
    /// What it really is, as in [`Access::operation`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The innermost place that is known.
    pub at: Option<Position>,
    /// The locks that its goroutine held, as in [`Access::locks`].
    pub locks: Vec<SyncEvent>,
    /// The goroutine that made it, the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goroutine: Option<u64>,
    /// Whether the first such access happens-before the race's current one; absent where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered: Option<bool>,
    /// The last release of its goroutine, where that came after it and the current access's goroutine had
    /// acquired it: what ordered the two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<SyncEvent>,
}

impl OtherAccess {
    /// Whether `other` is the same access, as far as a reader of the source can tell: whoever made it.
    #[must_use]
    pub fn is_same_place(&self, other: &Self) -> bool {
        let key = |it: &Self| {
            (
                it.kind,
                it.operation.clone(),
                it.at.clone(),
                it.locks.clone(),
            )
        };
        key(self) == key(other)
    }
}

/// Lines of a source file, as they were when the program was built.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Excerpt {
    /// The number of the first of them, from 1.
    pub first_line: u32,
    /// The lines, without their line feeds.
    pub lines: Vec<String>,
}

/// A goroutine of a report.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Goroutine {
    /// Its number; 1 is the main goroutine of the run.
    pub id: u64,
    /// The name it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it had ended when the race was found.
    pub finished: bool,
    /// The goroutine that started it; absent for the main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creator: Option<u64>,
    /// Where it was started, innermost frame first; empty for the main one.
    pub created_at: Vec<StackFrame>,
}

/// The memory of a race.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MemoryLocation {
    /// The first byte that both accesses touched.
    pub address: u64,
    /// The number of bytes that both touched.
    pub size: u64,
    /// The type of the cell that the memory belongs to, such as `Shared<u64>`; or the static variable, as `static
    /// app::COUNTER`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
    /// The name that the cell was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The element of the cell, where it has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// Where the cell was declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<Position>,
    /// Who allocated the memory, where that is known and the memory has not been freed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocated: Option<Allocation>,
}

/// The allocation of a block of memory.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Allocation {
    /// The goroutine that asked for the block, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goroutine: Option<u64>,
    /// Where it asked, innermost frame first.
    pub stack: Vec<StackFrame>,
}

impl Allocation {
    /// The innermost place that is known.
    #[must_use]
    pub fn place(&self) -> Option<&Position> {
        innermost(&self.stack)
    }
}

/// Why two accesses are unordered: the nearest that their goroutines came to an edge.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Unordered {
    /// The last release by the goroutine of the previous access.
    pub previous_release: Option<SyncEvent>,
    /// Whether that release came after the access, so that acquiring it would have ordered the two.
    pub released_after_access: bool,
    /// The last acquire by the goroutine of the current access.
    pub current_acquire: Option<SyncEvent>,
}

/// A synchronisation by one goroutine.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SyncEvent {
    /// What it did, such as `mutex unlock`.
    pub operation: String,
    /// Where.
    pub at: Position,
}

/// A place in the source.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Position {
    /// The file, relative to the workspace where it lies within it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1; 0 where it is not known.
    pub column: u32,
}

/// One frame of a stack.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StackFrame {
    /// The function, demangled; [`StackFrame::UNNAMED`] where none was found. [`StackFrame::LEFT_OUT`] is no
    /// function: it stands where calls are left out.
    pub function: String,
    /// Where in it; absent where there is no debug information.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Position>,
}

impl StackFrame {
    /// Stands in place of a function whose name is not known.
    pub const UNNAMED: &str = "<no debug information>";

    /// Stands in place of rounds of a recursion which are left out, because there are too many stacks.
    pub const LEFT_OUT: &str = "<rounds of a recursion, left out>";

    /// The function without what a compiler makes up (the hash of a symbol, the numbers of
    /// closures), or the file where the function is not known: what a fingerprint is made of.
    #[must_use]
    pub fn steady_name(&self) -> String {
        crate::fingerprint::normalised(self)
    }

    /// Whether it stands for calls that are left out.
    #[must_use]
    pub fn is_left_out(&self) -> bool {
        self.function == Self::LEFT_OUT
    }

    /// Whether the function's name is known.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.function != Self::UNNAMED && !self.is_left_out()
    }
}

/// A failure of a run that is not a race.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Failure {
    /// The run that failed.
    pub run: RunInfo,
    /// In which way.
    pub kind: FailureKind,
    /// The whole message, several lines long.
    pub message: String,
}

/// The ways in which a run can fail without a race.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// Every goroutine was blocked.
    Deadlock,
    /// A goroutine panicked, and nobody joined it.
    Panic,
    /// The run made more scheduling steps than it may.
    StepLimit,
}

/// The end of a run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The run that ended.
    pub run: RunInfo,
    /// How often an access was found to race; repetitions of a reported race count.
    pub races: u64,
    /// How many of these were reported.
    pub reported: u64,
    /// The number of goroutines that were started, the main one included.
    pub goroutines: u64,
    /// How many of them had not ended when the run did.
    pub unfinished: u64,
}
