//! Work that is under way already is not done a second time.

use super::caught::{Caught, repeat};
use super::once_cell::OnceCell;
use crate::current;
use parking_lot::Mutex as PlainMutex;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Calls by key: while one goes on, others with the same key wait for its value rather than
/// compute it again. After it, a call computes anew: this is no cache.
///
/// Go's [`golang.org/x/sync/singleflight`][go].
///
/// **Happens-before:** the completion of the one computation comes before the return of every
/// call that shares its value. Calls that computed their own are unordered.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::{go, sync::Singleflight};
/// use std::sync::Arc;
///
/// let flights = Arc::new(Singleflight::new());
/// let other = flights.clone();
/// let other = go(move || other.do_("page", || "text").0);
/// assert_eq!(flights.do_("page", || "text").0, "text");
/// assert_eq!(other.join().unwrap(), "text");
/// # }).result.unwrap();
/// ```
///
/// [go]: https://pkg.go.dev/golang.org/x/sync/singleflight
pub struct Singleflight<K, V> {
    /// Looked up by key only: its order is nobody's.
    flights: PlainMutex<HashMap<K, Arc<Flight<V>>>>,
}

struct Flight<V> {
    result: OnceCell<Result<V, String>>,
    /// How many calls have joined.
    callers: AtomicUsize,
}

impl<K, V> Singleflight<K, V>
where
    K: Eq + Hash + Clone,
    V: Clone + Send + Sync,
{
    /// Nothing under way.
    #[must_use]
    pub fn new() -> Self {
        Self {
            flights: PlainMutex::default(),
        }
    }

    /// The value for `key`: that of the call that is under way, or else what `f` gives. Says
    /// also whether several calls got that value. Blocks the goroutine while another computes.
    ///
    /// A call with the same key from within `f` never returns; the run reports the deadlock.
    ///
    /// # Panics
    ///
    /// Where the one computation panics, in all calls that wait for it: with its payload in the
    /// call that ran it, with its text in the others.
    #[track_caller]
    #[allow(
        clippy::needless_pass_by_value,
        reason = "keys are short-lived, and mostly literals"
    )]
    pub fn do_(&self, key: K, f: impl FnOnce() -> V) -> (V, bool) {
        let at = Location::caller();
        current::safepoint();
        let flight = self.join(&key);
        let mut payload = None;
        let result = flight.result.get_or_init_at(
            || {
                // However `f` ends, who comes after it computes anew.
                let _landing = Landing(self, &key, &flight);
                let caught = Caught::call(f);
                payload = caught.payload;
                caught.result
            },
            at,
        );
        let shared = flight.callers.load(Ordering::Relaxed) > 1;
        (repeat(result, payload), shared)
    }

    /// From now on a call with `key` computes anew, whatever is under way. Orders nothing.
    pub fn forget(&self, key: &K) {
        current::safepoint();
        let forgotten = self.flights.lock().remove(key);
        drop(forgotten);
    }

    fn join(&self, key: &K) -> Arc<Flight<V>> {
        let mut flights = self.flights.lock();
        let flight = flights.entry(key.clone()).or_insert_with(|| {
            Arc::new(Flight {
                result: OnceCell::new(),
                callers: AtomicUsize::new(0),
            })
        });
        flight.callers.fetch_add(1, Ordering::Relaxed);
        Arc::clone(flight)
    }
}

impl<K, V> Default for Singleflight<K, V>
where
    K: Eq + Hash + Clone,
    V: Clone + Send + Sync,
{
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> fmt::Debug for Singleflight<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Singleflight { .. }")
    }
}

/// Takes a flight off the list when it is over, unless that was done and another has begun.
struct Landing<'a, K: Eq + Hash, V>(&'a Singleflight<K, V>, &'a K, &'a Arc<Flight<V>>);

impl<K: Eq + Hash, V> Drop for Landing<'_, K, V> {
    fn drop(&mut self) {
        let Self(singleflight, key, flight) = self;
        let mut flights = singleflight.flights.lock();
        if flights
            .get(*key)
            .is_some_and(|other| Arc::ptr_eq(other, flight))
        {
            let landed = flights.remove(*key);
            drop(flights);
            drop(landed);
        }
    }
}
