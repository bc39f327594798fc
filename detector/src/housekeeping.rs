//! When to free what no race can be with any more.
//!
//! Finding out takes time in proportion to the threads and, for shadow memory, to all of that. So
//! it is done when what may be freed has doubled since the last time, and costs no more, on
//! average, than making it did.
//!
//! A sweep of the shadow also finds out which ended threads have no record any more, and so can go
//! though not everybody knows what they did.

use crate::engine::{Engine, Sweep};
use deadheat_engine::slots::Indices;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Forks between two looks at how many threads have ended.
const FORKS: u64 = 256;
/// Ended threads that are not worth a look.
const FEW_ENDED: usize = 1024;
/// Ended threads that are not worth a sweep.
const MANY_ENDED: usize = 8 * FEW_ENDED;
/// Bytes of shadow that are not worth one.
const SMALL_SHADOW: u64 = 64 << 20;
/// Pages of shadow in one part of a sweep: some 50 microseconds.
const PART: usize = 8;

/// When to free what no race can be with any more; it remembers what was left by the last time.
#[derive(Default)]
pub struct Housekeeping {
    forks: AtomicU64,
    left: Mutex<Left>,
}

#[derive(Default)]
struct Left {
    /// Ended threads after the last look at those.
    ended: usize,
    /// Ended threads after the last sweep.
    swept: usize,
    /// Bytes of shadow after the last sweep.
    shadow: u64,
    /// The one that goes on.
    sweep: Option<Sweep>,
}

impl Left {
    /// Whether a sweep goes on, or should begin.
    fn wants_sweep(&self, engine: &Engine) -> bool {
        self.sweep.is_some()
            || has_more_ended(engine, self.swept, MANY_ENDED)
            || engine.shadow_bytes() > 2 * self.shadow + SMALL_SHADOW
    }

    /// Does a part of a sweep.
    fn sweep_some(&mut self, engine: &Engine, forget: impl FnMut(u64)) {
        let Some(sweep) = &mut self.sweep else {
            self.sweep = engine.begin_sweep(forget);
            self.note_indices(engine);
            if self.sweep.is_none() {
                // There is no memory: that is worth another attempt when there is more to be had.
                self.note_swept(engine);
            }
            return;
        };
        if !engine.sweep_some(sweep, PART) {
            self.sweep = None;
            // What it has found out is counted with.
            engine.reclaim(forget);
            self.note_indices(engine);
            self.note_swept(engine);
        }
    }

    fn reclaim(&mut self, engine: &Engine, forget: impl FnMut(u64)) {
        engine.reclaim(forget);
        self.note_indices(engine);
    }

    fn note_indices(&mut self, engine: &Engine) {
        self.ended = ended(engine.indices());
        // What could be freed only later leaves less for the next sweep than was there after the last.
        self.swept = self.swept.min(self.ended);
    }

    fn note_swept(&mut self, engine: &Engine) {
        self.swept = self.ended;
        self.shadow = engine.shadow_bytes();
    }
}

/// Ended threads, with those whose index another one has.
fn ended(indices: Indices) -> usize {
    indices.ended + indices.former
}

/// Whether they have doubled since there were so many, and are more than run and more than a `few`.
fn has_more_ended(engine: &Engine, before: usize, few: usize) -> bool {
    let indices = engine.indices();
    ended(indices) > 2 * before + indices.running + few
}

impl Housekeeping {
    /// Frees indices of ended threads, if there may be many to free; `forget` gets their labels.
    pub fn on_fork(&self, engine: &Engine, forget: impl FnMut(u64)) {
        if !self
            .forks
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(FORKS)
        {
            return;
        }
        // Whoever finds another one at it leaves it to that one.
        let Some(mut left) = self.left.try_lock() else {
            return;
        };
        if has_more_ended(engine, left.ended, FEW_ENDED) || engine.has_become_free() {
            left.reclaim(engine, forget);
        }
    }

    /// Whether [`Self::when_idle`] has something to do, as far as that can be told at once.
    pub fn is_due(&self, engine: &Engine) -> bool {
        let left = self.left.try_lock();
        left.is_some_and(|left| left.wants_sweep(engine) || engine.has_become_free())
    }

    /// Sweeps, if there may be much shadow to free, or there are many ended threads left: a part at a time. `true` where there is
    /// more to do.
    pub fn when_idle(&self, engine: &Engine, forget: impl FnMut(u64)) -> bool {
        let Some(mut left) = self.left.try_lock() else {
            return false;
        };
        if left.wants_sweep(engine) {
            left.sweep_some(engine, forget);
        } else if engine.has_become_free() {
            left.reclaim(engine, forget);
        }
        left.sweep.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{AccessKind, ByteRange};
    use crate::context::NodeId;
    use crate::sync::{SyncVar, ThreadClock};

    const THREADS: u64 = 200_000;

    /// The most that was kept of threads that nobody joins; `live` is given their parent and one of them.
    fn most_kept(mut live: impl FnMut(&Engine, &mut ThreadClock, &mut ThreadClock)) -> usize {
        let (engine, housekeeping) = (Engine::new(), Housekeeping::default());
        let mut main = engine.first_thread(0).expect("memory");
        let mut most = 0;
        for label in 1..THREADS {
            housekeeping.on_fork(&engine, |_| {});
            if housekeeping.is_due(&engine) {
                housekeeping.when_idle(&engine, |_| {});
            }
            let mut child = engine.fork(&mut main, label).expect("an index");
            live(&engine, &mut main, &mut child);
            drop(child);
            most = most.max(ended(engine.indices()));
        }
        most
    }

    fn write(engine: &Engine, thread: &ThreadClock) -> ByteRange {
        let bytes = ByteRange::new(64, 8).expect("eight bytes");
        let node = || NodeId::ROOT;
        engine.access(thread, AccessKind::Write, bytes, node, |_| {});
        bytes
    }

    #[test]
    fn who_only_learns_in_the_end_is_not_kept() {
        let most = most_kept(|engine, main, child| {
            let mut news = SyncVar::new();
            write(engine, main);
            main.release(&mut news);
            child.acquire(&news);
        });
        assert!(most < 8 * FEW_ENDED, "{most}");
    }

    #[test]
    fn who_is_joined_is_not_kept_though_somebody_knows_nothing_of_it() {
        let mut other = None;
        let most = most_kept(|engine, main, child| {
            other = other.take().or_else(|| engine.fork(main, 0));
            engine.reset(write(engine, child));
            let mut end = SyncVar::new();
            child.release(&mut end);
            main.acquire(&end);
        });
        assert!(most < 4 * MANY_ENDED, "{most}");
    }

    #[test]
    fn who_is_joined_is_not_kept_for_the_sake_of_another_one() {
        let mut lives = 0;
        let mut other = None;
        let most = most_kept(|engine, main, child| {
            other = other.take().or_else(|| engine.fork(main, 0));
            // Now and then, one leaves something.
            if lives % 5_000 == 0 {
                let bytes = ByteRange::new((1 << 30) + 8 * lives, 8).expect("eight bytes");
                engine.access(child, AccessKind::Write, bytes, || NodeId::ROOT, |_| {});
            }
            lives += 1;
            engine.reset(write(engine, child));
            let mut end = SyncVar::new();
            child.release(&mut end);
            main.acquire(&end);
        });
        assert!(most < 5 * MANY_ENDED, "{most}");
    }

    #[test]
    fn who_used_memory_that_was_freed_is_not_kept() {
        let most = most_kept(|engine, _, child| engine.reset(write(engine, child)));
        assert!(most < 4 * MANY_ENDED, "{most}");
    }
}
