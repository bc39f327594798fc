//! Computing something once.

use super::caught::Caught;
use super::once_cell::OnceCell;
use parking_lot::Mutex as PlainMutex;
use std::panic::Location;

/// A function that calls `f` the first time it is called, and gives what that gave ever after.
/// Go's [`sync.OnceValue`](https://pkg.go.dev/sync#OnceValue).
///
/// **Happens-before:** the completion of `f` comes before every return of the function.
///
/// # Panics
///
/// The function does where `f` panicked, each time: with the payload of `f` in the call that
/// ran it, with its text in the others.
///
/// ```
/// # deadheat_runtime::Run::new("doc").go(|| {
/// use deadheat_runtime::{go, sync::once_value};
/// use std::sync::Arc;
///
/// let config = Arc::new(once_value(|| "parsed".to_owned()));
/// let other = config.clone();
/// let other = go(move || other());
/// assert_eq!(config(), other.join().unwrap());
/// # }).result.unwrap();
/// ```
#[track_caller]
pub fn once_value<T, F>(f: F) -> impl Fn() -> T + Send + Sync
where
    T: Clone + Send + Sync,
    F: FnOnce() -> T + Send,
{
    let at = Location::caller();
    let f = PlainMutex::new(Some(f));
    let computed = OnceCell::new();
    move || {
        let mut payload = None;
        let result = computed.get_or_init_at(
            || {
                let f = f.lock().take();
                let f = f.expect("the computation was cut off by the end of its run");
                let caught = Caught::call(f);
                payload = caught.payload;
                caught.result
            },
            at,
        );
        super::caught::repeat(result, payload)
    }
}
