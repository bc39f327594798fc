//! Small blocks of memory that workers keep, and use again: what each goroutine takes on its start and gives
//! back at its end, often on another worker, which a general allocator makes dear.
//!
//! They come from the global allocator one by one, and go back there with their run; where they are given back
//! outside the workers of their run, or are large, at once.

use crate::current;
use crate::run::Run;
use crate::spares::{Own, Spares};
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::Arc;

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

impl Blocks {
    fn of(&self, size: usize) -> &Spares<Block> {
        &self.0[size]
    }
}

/// Those that are one worker's.
#[derive(Default)]
pub(crate) struct OwnBlocks([Own<Block>; SIZES]);

/// The run that a block was taken for, which alone keeps it: so no run keeps more than it had in use at once.
#[derive(Clone, Copy)]
pub(crate) struct Home(u64);

/// Memory of this layout, for `run`.
pub(crate) fn take(run: &Arc<Run>, layout: Layout) -> (NonNull<u8>, Home) {
    let home = Home(run.id);
    let Some(size) = size_of(layout) else {
        return (allocate(layout), home);
    };
    let all = run.blocks.of(size);
    let kept = run.with_own_worker(|worker| match worker {
        Some(worker) => worker.with_blocks(|own| all.take(&mut own.0[size])),
        None => all.take_one(),
    });
    let start = kept.map_or_else(|| allocate(layout_of(size)), Block::into_start);
    (start, home)
}

/// Gives memory back.
///
/// # Safety
///
/// It comes from [`take`], with this home, of the same layout, and nobody uses it any more.
pub(crate) unsafe fn put(start: NonNull<u8>, home: Home, layout: Layout) {
    let Some(size) = size_of(layout) else {
        // SAFETY: by the caller; `take` allocated it so.
        return unsafe { dealloc(start.as_ptr(), layout) };
    };
    let block = Block { start, size };
    current::with(|g| {
        if let Some(worker) = g.worker().filter(|_| g.run.id == home.0) {
            let all = g.run.blocks.of(size);
            worker.with_blocks(|own| all.put(&mut own.0[size], block));
        }
    });
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
    use deadheat_detector::report::Scheduler;

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

    /// What is given back by others, or was taken by others, does not make a run keep more and more.
    #[test]
    fn a_run_keeps_what_was_taken_for_it_only() {
        let layout = Layout::new::<[u64; 7]>();
        let size = size_of(layout).unwrap();
        let outcome = Run::new("blocks")
            .scheduler(Scheduler::Parallel)
            .go(move || {
                let run = current::with(|g| Arc::clone(&g.run)).unwrap();
                let kept = || {
                    run.with_own_worker(|worker| {
                        worker.unwrap().with_blocks(|own| own.0[size].len())
                    })
                };
                let before = kept();
                for _ in 0..5 {
                    // SAFETY: the blocks are the test's own.
                    unsafe {
                        let (block, home) = take(&run, layout);
                        block.write_bytes(0xa5, layout.size());
                        put(block, Home(home.0 + 1), layout);
                    }
                }
                assert!(kept() <= before);
                for _ in 0..5 {
                    // Nothing is started meanwhile, so what was given back is taken.
                    let (block, home) = take(&run, layout);
                    // SAFETY: as above.
                    unsafe { put(block, home, layout) };
                }
                assert!(kept() <= before + 1);
                // A plain thread takes of the run's, and gives back to the allocator.
                let other = Arc::clone(&run);
                let thread = std::thread::spawn(move || {
                    let (block, home) = take(&other, layout);
                    // SAFETY: as above.
                    unsafe { put(block, home, layout) };
                });
                thread.join().unwrap();
                assert!(kept() <= before + 1);
            });
        outcome.result.unwrap();
    }
}
