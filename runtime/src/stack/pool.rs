//! Stacks to be used again, by size, last in first out.
//!
//! A stack that is used again soon is still in the cache, and its memory is there already. The
//! memory of stacks that many goroutines once needed is given back to the system: past
//! [`WARM`] a stack keeps its addresses only.

use super::GoroutineStack;
use super::slab::Slabs;
use parking_lot::Mutex;
use std::io;

/// How many free stacks of a size keep their memory.
const WARM: usize = 1024;

/// The stacks of a run.
#[derive(Default)]
pub(crate) struct StackPool {
    sizes: Mutex<Vec<Size>>,
}

/// The stacks of one size.
struct Size {
    bytes: usize,
    slabs: Slabs,
    warm: Vec<GoroutineStack>,
    /// Stacks without memory.
    cold: Vec<GoroutineStack>,
    made: usize,
}

impl StackPool {
    /// A stack of `bytes` that nobody uses, a size of [`size_for`](super::size_for).
    ///
    /// # Errors
    ///
    /// Where the operating system gives no memory.
    pub(crate) fn take(&self, bytes: usize) -> io::Result<GoroutineStack> {
        let mut sizes = self.sizes.lock();
        let size = match sizes.iter().position(|size| size.bytes == bytes) {
            Some(index) => &mut sizes[index],
            None => {
                sizes.push(Size::new(bytes));
                sizes.last_mut().expect("just pushed")
            }
        };
        size.take()
    }

    /// Takes back a stack that nobody runs on any more.
    pub(crate) fn put(&self, stack: GoroutineStack) {
        let bytes = stack.addresses().len();
        let mut sizes = self.sizes.lock();
        if let Some(size) = sizes.iter_mut().find(|size| size.bytes == bytes) {
            size.put(stack);
        }
    }
}

impl Size {
    fn new(bytes: usize) -> Self {
        Self {
            bytes,
            slabs: Slabs::new(bytes),
            warm: Vec::new(),
            cold: Vec::new(),
            made: 0,
        }
    }

    fn take(&mut self) -> io::Result<GoroutineStack> {
        if let Some(stack) = self.warm.pop().or_else(|| self.cold.pop()) {
            return Ok(stack);
        }
        let memory = self.slabs.take()?;
        self.made += 1;
        Ok(GoroutineStack::new(memory, self.made))
    }

    fn put(&mut self, stack: GoroutineStack) {
        if self.warm.len() < WARM {
            self.warm.push(stack);
        } else {
            stack.memory.give_back();
            self.cold.push(stack);
        }
    }
}
