//! The scheduler's protocols, in every interleaving: `scripts/loom.sh`, built with `--cfg loom` only.
//! What runs here is what the scheduler runs, over `loom`'s atomics (`primitive.rs`), on rings of four
//! slots. `docs/scheduler.md` says what each protocol is for.
//!
//! - [`steal`]: the ring, and what is next;
//! - [`sleep`]: who sleeps, and who wakes whom;
//! - [`retake`]: a processor that is taken from whoever does not let go;
//! - [`park`]: a goroutine that blocks, and who wakes it;
//! - [`part`]: a goroutine's end, and who frees what it shares with its handle.

mod park;
mod part;
mod retake;
mod sleep;
mod steal;

use loom::cell::UnsafeCell;
use std::sync::Arc;

/// Runs `f` in every interleaving with at most so many preemptions.
fn interleave(preemptions: usize, f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 20_000;
    builder.check(f);
}

/// What stands for a goroutine in queues: whoever takes it must see what whoever queued it wrote.
struct Entry(UnsafeCell<usize>);

impl Entry {
    fn new(number: usize) -> Arc<Self> {
        let entry = Self(UnsafeCell::new(0));
        // SAFETY: nobody else has it yet.
        entry.0.with_mut(|place| unsafe { *place = number });
        Arc::new(entry)
    }

    fn number(&self) -> usize {
        // SAFETY: nobody writes once it was queued; `loom` checks that the write came before.
        self.0.with(|place| unsafe { *place })
    }
}

// SAFETY: written before it is shared only, which is what the models check.
unsafe impl Sync for Entry {}
// SAFETY: as above.
unsafe impl Send for Entry {}
