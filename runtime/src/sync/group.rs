//! Goroutines that work on one thing, of which one may fail.

use super::semaphore::Semaphore;
use super::waitgroup::WaitGroup;
use crate::context::{Canceller, Context};
use parking_lot::Mutex as PlainMutex;
use std::fmt;
use std::sync::Arc;

/// Goroutines that are waited for together; the first error is what the wait gives.
///
/// Go's [`golang.org/x/sync/errgroup`][go].
///
/// **Happens-before:** a call of [`go`](Self::go) comes before the first step of its goroutine;
/// the end of each comes before the return of [`wait`](Self::wait). With a limit, the end of a
/// goroutine also comes before the return of every later `go`, as with [`Semaphore`]. With a
/// context, what the goroutine did that failed first comes before whatever the cancelling does
/// ([`Context`]).
///
/// A group counts as a [`WaitGroup`]: to start a goroutine in it when none is left, while
/// another goroutine may wait, is a race, and reported as one.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::sync::Group;
///
/// let group = Group::with_limit(2);
/// for page in 0..4 {
///     group.go(move || if page == 3 { Err("no such page") } else { Ok(()) });
/// }
/// assert_eq!(group.wait(), Err("no such page"));
/// # }).result.unwrap();
/// ```
///
/// [go]: https://pkg.go.dev/golang.org/x/sync/errgroup
pub struct Group<E> {
    tasks: Arc<WaitGroup>,
    shared: Arc<Shared<E>>,
}

/// What a group shares with its goroutines.
struct Shared<E> {
    places: Option<Semaphore>,
    first: PlainMutex<Option<E>>,
    canceller: Option<Canceller>,
}

impl<E: Send + 'static> Group<E> {
    /// A group of any number of goroutines.
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        Self::made(None, None)
    }

    /// A group of at most `limit` goroutines at once.
    ///
    /// # Panics
    ///
    /// Where `limit` is 0: no goroutine could ever start.
    #[must_use]
    #[track_caller]
    pub fn with_limit(limit: usize) -> Self {
        Self::made(Some(limit), None)
    }

    /// A group of any number of goroutines, and a context for them, derived from `context`: it is
    /// cancelled when the first of them gives an error, and when a [`wait`](Self::wait) returns.
    ///
    /// ```
    /// # deadheat_runtime::Run::new("doc").go(|| {
    /// use deadheat_runtime::context::Context;
    /// use deadheat_runtime::sync::Group;
    ///
    /// let (group, context) = Group::with_context(&Context::background());
    /// group.go(move || {
    ///     let _ = context.done().recv(); // until the other fails
    ///     Ok(())
    /// });
    /// group.go(|| Err("no such page"));
    /// assert_eq!(group.wait(), Err("no such page"));
    /// # }).result.unwrap();
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_context(context: &Context) -> (Self, Context) {
        let (context, canceller) = context.with_cancel();
        (Self::made(None, Some(canceller)), context)
    }

    /// [`with_context`](Self::with_context), with at most `limit` goroutines at once.
    ///
    /// # Panics
    ///
    /// Where `limit` is 0: no goroutine could ever start.
    #[must_use]
    #[track_caller]
    pub fn with_context_and_limit(context: &Context, limit: usize) -> (Self, Context) {
        let (context, canceller) = context.with_cancel();
        (Self::made(Some(limit), Some(canceller)), context)
    }

    #[track_caller]
    fn made(limit: Option<usize>, canceller: Option<Canceller>) -> Self {
        assert!(limit != Some(0), "a group that no goroutine may be in");
        let shared = Shared {
            places: limit.map(Semaphore::new),
            first: PlainMutex::new(None),
            canceller,
        };
        Self {
            tasks: Arc::new(WaitGroup::new()),
            shared: Arc::new(shared),
        }
    }

    /// Starts a goroutine that calls `f`; blocks while the group is at its limit.
    ///
    /// A panic of `f` is no error of the group: it fails the run, as nobody joins the goroutine.
    ///
    /// # Panics
    ///
    /// Outside a run.
    #[track_caller]
    pub fn go(&self, f: impl FnOnce() -> Result<(), E> + Send + 'static) {
        if let Some(places) = &self.shared.places {
            places.acquire(1).forget();
        }
        self.start(f);
    }

    /// Starts a goroutine that calls `f`, unless the group is at its limit: says whether it did.
    /// Where it did not, it orders nothing.
    ///
    /// # Panics
    ///
    /// Outside a run.
    #[track_caller]
    pub fn try_go(&self, f: impl FnOnce() -> Result<(), E> + Send + 'static) -> bool {
        if let Some(places) = &self.shared.places {
            let Some(place) = places.try_acquire(1) else {
                return false;
            };
            place.forget();
        }
        self.start(f);
        true
    }

    /// Blocks the goroutine until every goroutine of the group has ended.
    ///
    /// # Errors
    ///
    /// The first error that one of them gave. It is given out once: the next wait does not see
    /// it.
    #[track_caller]
    pub fn wait(&self) -> Result<(), E> {
        self.tasks.wait();
        self.shared.cancel();
        self.shared.first.lock().take().map_or(Ok(()), Err)
    }

    #[track_caller]
    fn start(&self, f: impl FnOnce() -> Result<(), E> + Send + 'static) {
        let place = Place(Arc::clone(&self.shared));
        self.tasks.go(move || {
            // Released at the end of `f`, however it ends.
            let place = place;
            if let Err(error) = f() {
                place.0.fail(error);
            }
        });
    }
}

impl<E> Shared<E> {
    /// Keeps the first error, and cancels the group's context; drops others, whose destructors may do anything, without the lock.
    fn fail(&self, error: E) {
        let mut first = self.first.lock();
        if first.is_none() {
            *first = Some(error);
            drop(first);
            self.cancel();
        } else {
            drop(first);
            drop(error);
        }
    }

    #[track_caller]
    fn cancel(&self) {
        if let Some(canceller) = &self.canceller {
            canceller.cancel();
        }
    }
}

/// A goroutine's place in its group; dropping it releases it.
struct Place<E>(Arc<Shared<E>>);

impl<E> Drop for Place<E> {
    fn drop(&mut self) {
        if let Some(places) = &self.0.places {
            places.release(1);
        }
    }
}

impl<E: Send + 'static> Default for Group<E> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<E> fmt::Debug for Group<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Group { .. }")
    }
}
