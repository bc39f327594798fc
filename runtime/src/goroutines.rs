//! All goroutines of a run, and those that have ended, to be used again.
//!
//! What a goroutine is takes a few hundred bytes, which are made once and serve one goroutine after the
//! other, as in Go; a run gives them back when it is over. So a goroutine that starts or ends need not
//! be entered anywhere: which ones there are is found out by looking at all.
//!
//! # Use again
//!
//! What has ended is used again only where nobody else keeps it. Whoever looks at all counts one in
//! first, and then looks at whether it has ended: it finds that it has, and lets go, or that it has not,
//! and what it counted stays what it is.

use crate::goroutine::{About, G, Goroutine};
use crate::run::Run;
use crate::spares::{Own, Spares};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};

/// The goroutines of a run.
#[derive(Default)]
pub(crate) struct Goroutines {
    all: Mutex<Vec<G>>,
    /// Those that have ended, but for each worker's own.
    ended: Spares<G>,
}

impl Goroutines {
    /// A goroutine that is not queued yet: from the worker's `own` where there is one, from those of
    /// all, or a new one.
    pub(crate) fn start(&self, run: &Arc<Run>, own: Option<&mut Own<G>>, about: About) -> G {
        let ended = match own {
            Some(own) => self.ended.take(own),
            None => self.ended.take_one(),
        };
        match ended {
            Some(g) if is_unused(&g) => {
                // SAFETY: it has ended, and nobody but this function and `all` has it.
                unsafe { g.use_again(about) };
                g
            }
            kept => {
                if let Some(g) = kept {
                    self.ended.put_last(g);
                }
                let g = Goroutine::new(Arc::clone(run), about);
                self.all.lock().push(G::clone(&g));
                g
            }
        }
    }

    /// Takes back a goroutine that has ended, for the worker's `own` where there is one.
    pub(crate) fn end(&self, own: Option<&mut Own<G>>, g: G) {
        match own {
            Some(own) => self.ended.put(own, g),
            None => self.ended.put_one(g),
        }
    }

    /// Those that have not ended, by number.
    pub(crate) fn live(&self) -> Vec<G> {
        let all = self.all.lock();
        let mut live: Vec<G> = all.iter().filter_map(if_live).collect();
        live.sort_by_key(|g| g.id());
        live
    }

    /// Whether one of those that have not ended is such.
    pub(crate) fn any(&self, f: impl Fn(&G) -> bool) -> bool {
        let all = self.all.lock();
        all.iter().filter_map(if_live).any(|g| f(&g))
    }

    /// Lets go of all: they know their run, which keeps them.
    pub(crate) fn clear(&self) {
        let all = std::mem::take(&mut *self.all.lock());
        drop(all);
        self.ended.clear();
    }
}

/// The goroutine, to keep, if it has not ended. Counted in before it is looked at, as the module's head says.
fn if_live(g: &G) -> Option<G> {
    let g = G::clone(g);
    (!g.is_finished()).then_some(g)
}

/// Whether nobody but the caller and `all` has the goroutine, which has ended. One that somebody still has
/// is not used again before they let go of it.
fn is_unused(g: &G) -> bool {
    let unused = Arc::strong_count(g) == 2;
    // What those who had it did with it comes before what the caller does.
    fence(Ordering::Acquire);
    unused
}
