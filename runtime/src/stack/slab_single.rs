//! A mapping for each stack: where slabs are not to be had.

use corosensei::stack::{DefaultStack, Stack};
use std::io;
use std::ops::Range;

/// The bytes of a stack at its low end that must not be touched; none, for the guard lies below.
pub(crate) fn guard_bytes() -> usize {
    0
}

/// The memory of one stack.
pub(super) struct Memory(DefaultStack, usize);

impl Memory {
    pub(super) fn addresses(&self) -> Range<usize> {
        let end = self.0.base().get();
        end - self.1..end
    }

    /// Would give the memory back to the system; here it is kept.
    pub(super) fn give_back(&self) {}
}

/// Stacks of one size.
pub(super) struct Slabs(usize);

impl Slabs {
    pub(super) fn new(bytes: usize) -> Self {
        Self(bytes)
    }

    /// A stack that was never used.
    ///
    /// # Errors
    ///
    /// Where the operating system gives no memory.
    pub(super) fn take(&mut self) -> io::Result<Memory> {
        Ok(Memory(DefaultStack::new(self.0)?, self.0))
    }
}
