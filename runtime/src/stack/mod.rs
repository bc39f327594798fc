//! The stacks of goroutines: reserved address space that fills as it is used.
//!
//! - [`pool`]: stacks to be used again, by size;
//! - [`slab`]: many stacks in one mapping, each with a guard below, where that is to be had;
//! - [`overflow`]: what is said when a goroutine runs into its guard.
//!
//! A goroutine is given a stack at its first step and gives it back after its last, so one that
//! has not started owns none.

#[cfg_attr(all(unix, not(miri)), path = "overflow.rs")]
#[cfg_attr(not(all(unix, not(miri))), path = "overflow_unknown.rs")]
pub(crate) mod overflow;
mod pool;
#[cfg_attr(target_os = "linux", path = "slab.rs")]
#[cfg_attr(not(target_os = "linux"), path = "slab_single.rs")]
mod slab;

pub(crate) use pool::StackPool;

use corosensei::stack::{Stack, StackPointer};
use std::ops::Range;

/// The stack of a goroutine, in bytes, unless told otherwise.
pub const DEFAULT_STACK: usize = 256 << 10;

/// The same for a run's main goroutine, which is what a program's main thread has.
pub(crate) const MAIN_STACK: usize = 8 << 20;

const SMALLEST: usize = 16 << 10;
const LARGEST: usize = 1 << 30;

/// The size of the stack for a wish of `bytes`: the next power of two, within bounds.
pub(crate) fn size_for(bytes: usize) -> usize {
    let smallest = SMALLEST.max(4 * slab::guard_bytes());
    bytes.clamp(smallest, LARGEST).next_power_of_two()
}

/// How far stacks' beginnings lie apart within the cache: stacks that all begin at the same
/// cache index push each other out.
const COLOURS: usize = 8;
const COLOUR_STEP: usize = 128;

/// The stack of one goroutine.
pub(crate) struct GoroutineStack {
    memory: slab::Memory,
    base: StackPointer,
    limit: StackPointer,
}

impl GoroutineStack {
    fn new(memory: slab::Memory, colour: usize) -> Self {
        let Range { start, end } = memory.addresses();
        let base = end - colour % COLOURS * COLOUR_STEP;
        let pointer = |address| StackPointer::new(address).expect("a stack is not at address 0");
        Self {
            memory,
            base: pointer(base),
            limit: pointer(start),
        }
    }

    /// The addresses of the stack and the guard below it, where the frames of whoever resumes
    /// the goroutine cannot be.
    pub(crate) fn addresses(&self) -> Range<usize> {
        self.memory.addresses()
    }
}

// SAFETY: base and limit are the ends of `memory`, which is mapped, used by nobody else, and has a
// guard at its low end; the base is lowered by a multiple of 128 bytes that is small beside the
// smallest stack, so it stays aligned and within.
unsafe impl Stack for GoroutineStack {
    fn base(&self) -> StackPointer {
        self.base
    }

    fn limit(&self) -> StackPointer {
        self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_powers_of_two_within_bounds() {
        let smallest = size_for(0);
        assert!(smallest >= SMALLEST);
        assert_eq!(size_for(smallest + 1), 2 * smallest);
        assert_eq!(size_for(DEFAULT_STACK), DEFAULT_STACK);
        assert_eq!(size_for(usize::MAX), LARGEST);
    }

    #[test]
    fn a_stack_that_is_given_back_is_given_out_again() {
        let pool = StackPool::default();
        let stack = pool.take(size_for(0)).unwrap();
        let addresses = stack.addresses();
        pool.put(stack);
        assert_eq!(pool.take(size_for(0)).unwrap().addresses(), addresses);
    }

    #[test]
    fn stacks_do_not_overlap() {
        let pool = StackPool::default();
        let sizes = [0, 1, 100_000, DEFAULT_STACK].map(size_for);
        let stacks: Vec<_> = (0..400)
            .map(|i| pool.take(sizes[i % sizes.len()]).unwrap())
            .collect();
        let mut ranges: Vec<_> = stacks.iter().map(GoroutineStack::addresses).collect();
        ranges.sort_by_key(|range| range.start);
        for (i, range) in ranges.iter().enumerate() {
            assert!(ranges.get(i + 1).is_none_or(|next| range.end <= next.start));
        }
    }

    /// The whole of a stack but its guard can be written to.
    #[test]
    fn a_stack_is_memory() {
        let pool = StackPool::default();
        let stack = pool.take(size_for(0)).unwrap();
        let Range { start, end } = stack.addresses();
        for address in [
            end - 1,
            start + (end - start) / 2,
            start + slab::guard_bytes(),
        ] {
            let byte = address as *mut u8;
            // SAFETY: the address lies within the stack, above its guard, and nobody runs on it.
            unsafe {
                byte.write_volatile(7);
                assert_eq!(byte.read_volatile(), 7);
            }
        }
    }
}
