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
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

/// How many a worker keeps for itself, and how many it gives or takes at a time.
const OWN: usize = 128;
const BATCH: usize = OWN / 2;

/// The goroutines of a run.
#[derive(Default)]
pub(crate) struct Goroutines {
    all: Mutex<Vec<G>>,
    ended: Mutex<Vec<G>>,
    /// The length of `ended`, for those who only look.
    ended_len: AtomicUsize,
}

/// Those that have ended, and are a worker's to use again.
#[derive(Default)]
pub(crate) struct Own(Vec<G>);

impl Goroutines {
    /// A goroutine that is not queued yet: from the worker's `own` where there is one, from those of
    /// all, or a new one.
    pub(crate) fn start(&self, run: &Arc<Run>, own: Option<&mut Own>, about: About) -> G {
        let ended = match own {
            Some(own) => {
                if own.0.is_empty() {
                    self.take_ended(BATCH, &mut own.0);
                }
                own.0.pop()
            }
            None => {
                let mut one = Vec::new();
                self.take_ended(1, &mut one);
                one.pop()
            }
        };
        match ended {
            Some(g) if is_unused(&g) => {
                // SAFETY: it has ended, and nobody but this function and `all` has it.
                unsafe { g.use_again(about) };
                g
            }
            kept => {
                if let Some(g) = kept {
                    self.put_last(g);
                }
                let g = Goroutine::new(Arc::clone(run), about);
                self.all.lock().push(G::clone(&g));
                g
            }
        }
    }

    /// Takes back one that somebody keeps, to be tried again after all others.
    #[cold]
    fn put_last(&self, g: G) {
        let mut ended = self.ended.lock();
        ended.push(g);
        let first_out = ended.len() - 1;
        ended.swap(0, first_out);
        self.ended_len.store(ended.len(), Ordering::Relaxed);
    }

    fn take_ended(&self, most: usize, into: &mut Vec<G>) {
        if self.ended_len.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut ended = self.ended.lock();
        let keep = ended.len().saturating_sub(most);
        into.extend(ended.drain(keep..));
        self.ended_len.store(keep, Ordering::Relaxed);
    }

    /// Takes back a goroutine that has ended.
    pub(crate) fn end(&self, g: G) {
        self.end_all(std::iter::once(g));
    }

    /// Takes back a goroutine that has ended, for the worker's `own`.
    pub(crate) fn end_on(&self, Own(own): &mut Own, g: G) {
        own.push(g);
        if own.len() >= OWN {
            self.end_all(own.drain(..BATCH));
        }
    }

    fn end_all(&self, goroutines: impl Iterator<Item = G>) {
        let mut ended = self.ended.lock();
        ended.extend(goroutines);
        self.ended_len.store(ended.len(), Ordering::Relaxed);
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
        let ended = std::mem::take(&mut *self.ended.lock());
        drop((all, ended));
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
