//! Values that are kept apart from others in the caches.

use std::ops::{Deref, DerefMut};

/// A value on cache lines of its own, so that writing it does not take from others what lies beside it: two of
/// 64 bytes, because x86-64 processors fetch them in pairs.
#[repr(align(128))]
#[derive(Debug, Default)]
pub(crate) struct Line<T>(pub(crate) T);

impl<T> Deref for Line<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Line<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}
