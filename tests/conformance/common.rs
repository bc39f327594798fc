//! What cases of several subjects share.

use deadheat::{Shared, yield_now};
use std::sync::Arc;

/// Several handles of one cell named `name`, which holds 0.
pub(crate) fn cell<const N: usize>(name: &'static str) -> [Arc<Shared<i32>>; N] {
    share(Shared::named(name, 0))
}

/// Several handles of `value`.
pub(crate) fn share<T, const N: usize>(value: T) -> [Arc<T>; N] {
    let value = Arc::new(value);
    std::array::from_fn(|_| value.clone())
}

/// Lets others run until `condition` holds. Orders nothing by itself.
pub(crate) fn until(mut condition: impl FnMut() -> bool) {
    while !condition() {
        yield_now();
    }
}
