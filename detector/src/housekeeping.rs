//! When to free what no race can be with any more.
//!
//! Finding out takes time in proportion to the threads and, for shadow memory, to all of that. So
//! it is done when what may be freed has doubled since the last time, and costs no more, on
//! average, than making it did.

use crate::engine::{Engine, Sweep};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Forks between two looks at how many threads have ended.
const FORKS: u64 = 256;
/// Ended threads that are not worth a look.
const FEW_ENDED: usize = 1024;
/// Bytes of shadow that are not worth a sweep.
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
    ended: usize,
    shadow: u64,
    /// The one that goes on.
    sweep: Option<Sweep>,
}

impl Left {
    fn is_little_beside(&self, engine: &Engine) -> bool {
        engine.shadow_bytes() > 2 * self.shadow + SMALL_SHADOW
    }
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
        let indices = engine.footprint().indices;
        if indices.ended + indices.former > 2 * left.ended + indices.running + FEW_ENDED {
            engine.reclaim(forget);
            let indices = engine.footprint().indices;
            left.ended = indices.ended + indices.former;
        }
    }

    /// Whether [`Self::when_idle`] has something to do, as far as that can be told at once.
    pub fn is_due(&self, engine: &Engine) -> bool {
        let left = self.left.try_lock();
        left.is_some_and(|left| left.sweep.is_some() || left.is_little_beside(engine))
    }

    /// Frees shadow memory, too, if there may be much to free: a part at a time. `true` where there is
    /// more to do.
    pub fn when_idle(&self, engine: &Engine, forget: impl FnMut(u64)) -> bool {
        let Some(mut left) = self.left.try_lock() else {
            return false;
        };
        if let Some(sweep) = &mut left.sweep {
            if !engine.sweep_some(sweep, PART) {
                let footprint = engine.footprint();
                *left = Left {
                    ended: footprint.indices.ended + footprint.indices.former,
                    shadow: footprint.shadow,
                    sweep: None,
                };
            }
        } else if left.is_little_beside(engine) {
            left.sweep = engine.begin_sweep(forget);
        }
        left.sweep.is_some()
    }
}
