//! What every running thread knows at some moment, and so every one that they fork.

use crate::clock::{Clock, Epoch};
use crate::pool::{Index, Need};
use crate::sync::{Shared, SyncVar};
use crate::trie::{self, Maker};
use alloc::sync::Arc;

/// What every running thread of an engine knew at some moment: [`crate::engine::Engine::known_to_all`].
///
/// Times only grow: what they knew, they and all that they fork know from then on.
pub struct KnownToAll {
    shared: Arc<Shared>,
    trie: Index,
}

impl KnownToAll {
    /// `None` where there is no memory for it.
    pub(crate) fn now(shared: &Arc<Shared>) -> Option<Self> {
        Some(Self {
            trie: shared.slots.known_to_all(&shared.pool)?,
            shared: Arc::clone(shared),
        })
    }

    /// Whether what happened at `epoch` is known.
    pub(crate) fn has(&self, epoch: Epoch) -> bool {
        trie::get(&self.shared.pool, self.trie, epoch.tid().key()) >= epoch.time().get()
    }

    /// Whether all that was left at `var` is known, or is of an engine that is gone: nobody who acquires it learns
    /// anything. What is another engine's that is there may be news to its threads.
    #[must_use]
    pub fn has_all_of(&self, var: &SyncVar) -> bool {
        var.is_over()
            || var
                .clock_of(&self.shared)
                .is_some_and(|clock| self.has_clock(clock))
    }

    /// Whether all that `clock` knows is known.
    pub(crate) fn has_clock(&self, clock: &Clock) -> bool {
        let own = clock.own();
        let [_, soft] = clock.roots();
        (own.is_none() || self.has(own))
            && (self.vouches_for(own) || self.has_components(clock))
            // What happens before all that is to come, the soft order adds nothing to.
            && self.has_trie(soft)
    }

    fn has_trie(&self, root: Index) -> bool {
        let pool = &self.shared.pool;
        trie::all(pool, root, |key, time| {
            trie::get(pool, self.trie, key) >= time
        })
    }

    /// Whether all that was released at `epoch` is known, as it is known itself: whoever had come to know a later
    /// generation instead would know less, and there is none yet.
    fn vouches_for(&self, epoch: Epoch) -> bool {
        !epoch.is_none() && self.shared.slots.own(epoch.tid()).vouches_for(epoch)
    }

    fn has_components(&self, clock: &Clock) -> bool {
        let pool = &self.shared.pool;
        let maker = Maker {
            pool,
            origin: 0,
            shard: 0,
            need: Need::Tidiness,
        };
        let Ok(all) = clock.as_trie(maker) else {
            return false;
        };
        let whole = self.has_trie(all);
        pool.release(all, 0);
        whole
    }
}

impl Drop for KnownToAll {
    fn drop(&mut self) {
        self.shared.pool.release(self.trie, 0);
    }
}
