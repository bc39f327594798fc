//! The stacks of goroutines: reserved address space that fills as it is used, kept for reuse.

use corosensei::stack::{DefaultStack, Stack, StackPointer};
use parking_lot::Mutex;
use std::io;
use std::ops::Range;

/// The address space of a goroutine's stack, in bytes. Memory is taken for what is touched only.
const STACK_SIZE: usize = 2 << 20;

/// How far stacks' beginnings lie apart within the cache: stacks that all begin at the same
/// cache index push each other out.
const COLOURS: usize = 8;
const COLOUR_STEP: usize = 128;

/// How many stacks a run keeps for reuse.
const KEPT: usize = 1024;

/// The stack of one goroutine, with a guard page below.
pub(crate) struct GoroutineStack {
    memory: DefaultStack,
    base: StackPointer,
}

impl GoroutineStack {
    fn new(colour: usize) -> io::Result<Self> {
        let memory = DefaultStack::new(STACK_SIZE)?;
        let base = memory.base().get() - colour % COLOURS * COLOUR_STEP;
        let base = StackPointer::new(base).expect("a stack is not at address 0");
        Ok(Self { memory, base })
    }

    /// The addresses of the stack, where the frames of whoever resumes the goroutine cannot be.
    pub(crate) fn addresses(&self) -> Range<usize> {
        self.memory.limit().get()..self.memory.base().get()
    }
}

// SAFETY: base and limit are those of `memory`, which is a valid stack with a guard page; the
// base is lowered by a multiple of 128 bytes that is small beside the stack's size, so it stays
// aligned and within the mapping.
unsafe impl Stack for GoroutineStack {
    fn base(&self) -> StackPointer {
        self.base
    }

    fn limit(&self) -> StackPointer {
        self.memory.limit()
    }
}

/// Stacks to be used again, last in first out.
#[derive(Default)]
pub(crate) struct StackPool {
    free: Mutex<(Vec<GoroutineStack>, usize)>,
}

impl StackPool {
    /// A stack that nobody uses.
    ///
    /// # Errors
    ///
    /// Where the operating system gives no memory.
    pub(crate) fn take(&self) -> io::Result<GoroutineStack> {
        let mut free = self.free.lock();
        if let Some(stack) = free.0.pop() {
            return Ok(stack);
        }
        free.1 += 1;
        let colour = free.1;
        drop(free);
        GoroutineStack::new(colour)
    }

    pub(crate) fn put(&self, stack: GoroutineStack) {
        let mut free = self.free.lock();
        if free.0.len() < KEPT {
            free.0.push(stack);
        }
    }
}
