//! Small blocks of memory that workers keep, and use again: what each goroutine takes on its start and gives
//! back at its end, often on another worker, which a general allocator makes dear.
//!
//! They come from the global allocator one by one, and go back there with their run; outside the workers of
//! the parallel scheduler, or where they are large, at once.

use crate::current;
use crate::goroutine::Goroutine;
use crate::spares::{Own, Spares};
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

/// Blocks are of so many sizes, each by so much greater than the one before.
const SIZES: usize = 8;
const STEP: usize = 64;
const ALIGN: usize = 16;

/// A block that nobody uses.
struct Block {
    start: NonNull<u8>,
    size: usize,
}

// SAFETY: nobody else has the memory.
unsafe impl Send for Block {}

/// The blocks that any worker of a run may use again.
#[derive(Default)]
pub(crate) struct Blocks([Spares<Block>; SIZES]);

/// Those that are one worker's.
#[derive(Default)]
pub(crate) struct OwnBlocks([Own<Block>; SIZES]);

/// Memory of this layout.
pub(crate) fn take(layout: Layout) -> NonNull<u8> {
    let Some(size) = size_of(layout) else {
        return allocate(layout);
    };
    let kept = with_own(|all, own| all.0[size].take(&mut own.0[size]));
    kept.flatten()
        .map_or_else(|| allocate(layout_of(size)), Block::into_start)
}

/// Gives memory back.
///
/// # Safety
///
/// It comes from [`take`], of the same layout, and nobody uses it any more.
pub(crate) unsafe fn put(start: NonNull<u8>, layout: Layout) {
    let Some(size) = size_of(layout) else {
        // SAFETY: by the caller; `take` allocated it so.
        return unsafe { dealloc(start.as_ptr(), layout) };
    };
    let block = Block { start, size };
    with_own(|all, own| all.0[size].put(&mut own.0[size], block));
}

/// Calls `f` with the blocks of the caller's run, and those of its worker, if it has one.
fn with_own<R>(f: impl FnOnce(&Blocks, &mut OwnBlocks) -> R) -> Option<R> {
    let f = |g: &Goroutine| {
        g.worker()
            .map(|worker| worker.with_blocks(|own| f(&g.run.blocks, own)))
    };
    current::with(f).flatten()
}

/// Which size of block is for this layout, if any.
fn size_of(layout: Layout) -> Option<usize> {
    let size = layout.size().saturating_sub(1) / STEP;
    (size < SIZES && layout.align() <= ALIGN).then_some(size)
}

fn layout_of(size: usize) -> Layout {
    Layout::from_size_align((size + 1) * STEP, ALIGN).expect("a small block")
}

fn allocate(layout: Layout) -> NonNull<u8> {
    // SAFETY: no layout is of size zero here: a task has a head.
    NonNull::new(unsafe { alloc(layout) }).unwrap_or_else(|| handle_alloc_error(layout))
}

impl Block {
    fn into_start(self) -> NonNull<u8> {
        ManuallyDrop::new(self).start
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: `take` allocated it so, and nobody uses it.
        unsafe { dealloc(self.start.as_ptr(), layout_of(self.size)) };
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_large_enough_and_none_is_for_what_is_larger() {
        for bytes in 1..=SIZES * STEP {
            let size = size_of(Layout::from_size_align(bytes, 8).unwrap()).unwrap();
            let has = layout_of(size).size();
            assert!((bytes..bytes + STEP).contains(&has), "{bytes}: {has}");
        }
        let larger = Layout::from_size_align(SIZES * STEP + 1, 8).unwrap();
        let aligned = Layout::from_size_align(64, 2 * ALIGN).unwrap();
        assert_eq!((size_of(larger), size_of(aligned)), (None, None));
    }

    #[test]
    fn outside_a_run_a_block_goes_back_at_once() {
        let layout = Layout::new::<[u64; 7]>();
        let block = take(layout);
        // SAFETY: it is the test's own.
        unsafe {
            block.write_bytes(0xa5, layout.size());
            put(block, layout);
        }
    }
}
