//! Clocks that the engine could have had, behind one trait, to be measured beside the engine's.
//!
//! - [`dense`]: a vector with a component for every thread up to the last known one;
//! - [`sparse`]: the known components only, sorted, a few of them inline;
//! - [`tree`]: tree clocks, which remember from whom each component was learned;
//! - [`shared`]: the engine's, which share their tries.
//!
//! All of them keep a thread's own component apart, and none learns from a clock whose single
//! owner's time it knows already. `tests/agreement.rs` holds them against the definition of
//! happens-before; `cargo bench -p deadheat-rivals --bench clocks` measures them, and
//! `docs/clocks.md` says what came of it.

pub mod dense;
pub mod shared;
pub mod sparse;
pub mod tree;

/// The clocks of the threads and sync objects of one program.
pub trait Clocks {
    /// What a table of figures calls them.
    const NAME: &'static str;
    /// The clock of a thread. Dropping it ends the thread.
    type Thread;
    /// The clock of a sync object; by default, of one that nobody has released to.
    type Var: Default;
    /// Names a step of a thread.
    type Epoch: Copy;

    /// Clocks of a program that has not begun.
    fn new() -> Self;

    /// The one thread that nothing precedes.
    fn first_thread(&mut self) -> Self::Thread;

    /// A thread that `parent` starts.
    fn fork(&mut self, parent: &mut Self::Thread) -> Self::Thread;

    /// Orders `thread` after what was released to `var`.
    fn acquire(&mut self, thread: &mut Self::Thread, var: &Self::Var);

    /// Leaves the clock of `thread` at `var`, in place of what was there.
    fn release(&mut self, thread: &mut Self::Thread, var: &mut Self::Var);

    /// Adds the clock of `thread` to what is at `var`.
    fn release_merge(&mut self, thread: &mut Self::Thread, var: &mut Self::Var);

    /// `thread` does something that may have to be ordered before something else.
    fn step(&mut self, thread: &Self::Thread) -> Self::Epoch;

    /// Whether the step at `epoch` happens-before the next one of `thread`.
    fn knows(&self, thread: &Self::Thread, epoch: Self::Epoch) -> bool;

    /// Bytes that were not asked of Rust's allocator.
    fn mapped(&self) -> u64 {
        0
    }
}

/// A component of a clock, as the rivals keep it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Component {
    /// The thread's number, from 0 in order of their start.
    pub thread: usize,
    /// Its time: how often it has released, plus one.
    pub time: u64,
}

impl Component {
    fn start(thread: usize) -> Self {
        Self { thread, time: 1 }
    }
}
