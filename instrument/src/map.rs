//! A shared map.

use crate::lock::CellLock;
use crate::watch::{Extent, Watch};
use deadheat_runtime::detect::bytes_at;
use deadheat_runtime::detector::access::AccessKind;
use std::any::type_name;
use std::borrow::Borrow;
use std::cell::UnsafeCell;
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, DefaultHasher, Hash};
use std::panic::Location;

/// Hashes alike in every process, so that a schedule replays with the same iteration order.
#[derive(Clone, Copy, Default, Debug)]
pub struct FixedState;

impl BuildHasher for FixedState {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        DefaultHasher::new()
    }
}

/// A map that goroutines share without protection of its own.
///
/// The map is one location as a whole, as in Go: an operation that changes it conflicts with
/// any other, whatever their keys.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_instrument::SharedMap;
///
/// let ages = SharedMap::new();
/// ages.insert("Ada", 36);
/// assert_eq!(ages.get("Ada"), Some(36));
/// # }).result.unwrap();
/// ```
pub struct SharedMap<K, V> {
    watch: Watch,
    lock: CellLock,
    map: UnsafeCell<HashMap<K, V, FixedState>>,
}

// SAFETY: the lock lets one thread at a time at the map, so keys and values need not be `Sync`.
unsafe impl<K: Send, V: Send> Sync for SharedMap<K, V> {}

impl<K, V> SharedMap<K, V> {
    /// An empty map. Reports name it by this place in the source.
    #[must_use]
    #[track_caller]
    pub const fn new() -> Self {
        Self::build(Watch::new(None))
    }

    /// An empty map. Reports name it `name`.
    #[must_use]
    #[track_caller]
    pub const fn named(name: &'static str) -> Self {
        Self::build(Watch::new(Some(name)))
    }

    const fn build(watch: Watch) -> Self {
        let map = HashMap::with_hasher(FixedState);
        Self {
            watch,
            lock: CellLock::new(),
            map: UnsafeCell::new(map),
        }
    }

    /// The number of entries: a read.
    #[must_use]
    #[track_caller]
    pub fn len(&self) -> usize {
        self.with(HashMap::len)
    }

    /// Whether there is no entry: a read.
    #[must_use]
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.with(HashMap::is_empty)
    }

    /// Takes all entries out: a write.
    #[track_caller]
    pub fn clear(&self) {
        drop(self.with_mut(std::mem::take));
    }

    /// Looks at the map: a read. Other users wait while `f` runs.
    ///
    /// # Panics
    ///
    /// Where `f` uses the same map; the same holds for all that take a function.
    #[track_caller]
    pub fn with<R>(&self, f: impl FnOnce(&HashMap<K, V, FixedState>) -> R) -> R {
        self.inside(AccessKind::Read, |map| f(map))
    }

    /// Uses the map: a write. Other users wait while `f` runs.
    #[track_caller]
    pub fn with_mut<R>(&self, f: impl FnOnce(&mut HashMap<K, V, FixedState>) -> R) -> R {
        self.inside(AccessKind::Write, f)
    }

    /// The entries.
    pub fn into_inner(self) -> HashMap<K, V, FixedState> {
        self.map.into_inner()
    }

    #[track_caller]
    fn inside<R>(
        &self,
        kind: AccessKind,
        f: impl FnOnce(&mut HashMap<K, V, FixedState>) -> R,
    ) -> R {
        let at = Location::caller();
        self.watch.access(kind, at, || {
            let extent = self.extent();
            (extent, bytes_at(extent.start, extent.len))
        });
        // SAFETY: the lock lets nobody else at the map while `f` runs.
        self.lock.inside(at, || f(unsafe { &mut *self.map.get() }))
    }

    /// One word stands for the map, as the pointer to it does in Go.
    fn extent(&self) -> Extent {
        Extent {
            cell: "SharedMap",
            holds: type_name::<(K, V)>(),
            start: self.map.get() as usize,
            len: size_of::<usize>(),
            stride: None,
        }
    }
}

impl<K: Eq + Hash, V> SharedMap<K, V> {
    /// A copy of the value for `key`: a read.
    #[must_use]
    #[track_caller]
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
        V: Clone,
    {
        self.with(|map| map.get(key).cloned())
    }

    /// Whether there is a value for `key`: a read.
    #[must_use]
    #[track_caller]
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.with(|map| map.contains_key(key))
    }

    /// Sets the value for `key` and returns the old one: a write.
    #[track_caller]
    pub fn insert(&self, key: K, value: V) -> Option<V> {
        self.with_mut(|map| map.insert(key, value))
    }

    /// Takes the value for `key` out: a write.
    #[track_caller]
    pub fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.with_mut(|map| map.remove(key))
    }

    /// Changes the value for `key`, made by `Default` where there is none: a write.
    #[track_caller]
    pub fn update(&self, key: K, f: impl FnOnce(&mut V))
    where
        V: Default,
    {
        self.with_mut(|map| f(map.entry(key).or_default()));
    }
}

impl<K, V> Default for SharedMap<K, V> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

/// Does not show the entries: looking at them would be an access.
impl<K, V> fmt::Debug for SharedMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedMap { .. }")
    }
}
