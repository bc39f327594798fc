//! Things that are to be used again.

use crate::current;
use crate::detect;
use crate::scheduler::parallel::Worker;
use deadheat_detector::sync::SyncVar;
use deadheat_detector::thread::SyncOp;
use parking_lot::Mutex as PlainMutex;
use std::fmt;
use std::num::NonZero;

/// Under detection, each so manieth `put` keeps nothing; Go's.
const FORGETFUL: usize = 4;

/// Things that are to be used again, rather than made anew: Go's `sync.Pool`.
///
/// Whoever needs one [gets](Self::get) one, and [puts](Self::put) it back when done. Which one a
/// `get` returns is not said; do not rely on it being one that was put in. Every processor has a
/// list of its own; where that is empty, others' are looked at, and then one is made. Items are
/// kept until they are had, or the pool is [cleared](Self::clear) or dropped.
///
/// **Happens-before:** a `put` comes before the `get` that returns the same item. Nothing else: a
/// `get` whose item is made for it orders nothing.
///
/// Under detection one `put` in four drops its item, drawn from the seed, as Go's does: code
/// that only works because an item comes back is found out.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::sync::Pool;
///
/// let buffers = Pool::new(|| Vec::<u8>::with_capacity(1024));
/// let mut buffer = buffers.get();
/// buffer.extend_from_slice(b"hello");
/// buffer.clear();
/// buffers.put(buffer);
/// assert!(buffers.get().capacity() >= 1024);
/// # }).result.unwrap();
/// ```
pub struct Pool<T> {
    shards: Box<[Shard<T>]>,
    make: Box<dyn Fn() -> T + Send + Sync>,
}

/// A list that as a rule one processor uses; alone on its cache lines.
#[repr(align(128))]
struct Shard<T>(PlainMutex<Vec<Item<T>>>);

struct Item<T> {
    value: T,
    /// From its `put` to its `get`.
    edge: SyncVar,
}

impl<T> Pool<T> {
    /// An empty pool, for which `make` makes what is missing. It is called by whoever gets, and
    /// may do anything.
    #[must_use]
    pub fn new(make: impl Fn() -> T + Send + Sync + 'static) -> Self {
        let shards = std::thread::available_parallelism().map_or(1, NonZero::get);
        let shard = || Shard(PlainMutex::default());
        Self {
            shards: std::iter::repeat_with(shard).take(shards).collect(),
            make: Box::new(make),
        }
    }

    /// An item that was put in, or a new one.
    #[track_caller]
    pub fn get(&self) -> T {
        let op = SyncOp::here("Pool get");
        self.take(op).unwrap_or_else(&self.make)
    }

    /// An item that was put in, if there is one. Where there is none, it orders nothing.
    #[track_caller]
    pub fn try_get(&self) -> Option<T> {
        self.take(SyncOp::here("Pool get"))
    }

    /// Puts `value` in, for somebody to get.
    #[track_caller]
    pub fn put(&self, value: T) {
        let op = SyncOp::here("Pool put");
        current::safepoint();
        if is_forgotten() {
            return;
        }
        let mut edge = SyncVar::new();
        detect::with(|_, thread| thread.release(&mut edge, op));
        let mut items = self.shards[self.home()].0.lock();
        items.push(Item { value, edge });
    }

    /// Drops all items. Orders nothing.
    pub fn clear(&self) {
        current::safepoint();
        for shard in &self.shards {
            // Their destructors may do anything: not under the lock.
            let items = std::mem::take(&mut *shard.0.lock());
            drop(items);
        }
    }

    fn take(&self, op: SyncOp) -> Option<T> {
        current::safepoint();
        let (before, from_home) = self.shards.split_at(self.home());
        let mut shards = from_home.iter().chain(before);
        let item = shards.find_map(|shard| shard.0.lock().pop())?;
        detect::with(|_, thread| thread.acquire(&item.edge, op));
        Some(item.value)
    }

    /// The shard of the caller's processor. On the controlled scheduler, and outside a run, the
    /// first: nothing there may depend on addresses.
    fn home(&self) -> usize {
        let mark = current::with(|g| g.worker().map_or(0, Worker::processor_mark));
        mark.unwrap_or(0) % self.shards.len()
    }
}

/// Draws whether a `put` keeps nothing.
fn is_forgotten() -> bool {
    let drawn =
        current::with(|g| g.run.detector.is_some() && g.run.scheduler.choose(FORGETFUL) == 0);
    drawn == Some(true)
}

impl<T: Default + 'static> Default for Pool<T> {
    fn default() -> Self {
        Self::new(T::default)
    }
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pool { .. }")
    }
}
