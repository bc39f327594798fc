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

    pub(crate) fn trie(&self) -> Index {
        self.trie
    }

    /// Whether what happened at `epoch` is known.
    pub(crate) fn has(&self, epoch: Epoch) -> bool {
        trie::get(&self.shared.pool, self.trie, epoch.tid().key()) >= epoch.time().get()
    }

    /// Whether all that was left at `var` is known: nobody who acquires it learns anything.
    #[must_use]
    pub fn has_all_of(&self, var: &SyncVar) -> bool {
        var.is_empty()
            || var
                .clock_of(&self.shared)
                .is_some_and(|clock| self.has_clock(clock))
    }

    /// Whether all that `clock` knows is known. What only the soft order knows is not compared.
    pub(crate) fn has_clock(&self, clock: &Clock) -> bool {
        let own = clock.own();
        clock.roots()[1] == 0
            && (own.is_none() || self.has(own))
            && (self.vouches_for(own) || self.has_components(clock))
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
        let whole = trie::all(pool, all, |key, time| {
            trie::get(pool, self.trie, key) >= time
        });
        pool.release(all, 0);
        whole
    }
}

impl Drop for KnownToAll {
    fn drop(&mut self) {
        self.shared.pool.release(self.trie, 0);
    }
}
