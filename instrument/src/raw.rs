//! Accesses to memory that is no cell, annotated by hand.
//!
//! The functions record that the caller accesses the memory; they do not touch it, so any
//! pointer will do. The access itself is the caller's, with the caller's own obligations.
//! Memory that is freed and used again for something else keeps its history unless
//! [`reset_range`] is called in between.

use deadheat_runtime::detect::{access_memory, bytes_at, reset_memory};
use deadheat_runtime::detector::access::AccessKind;
use deadheat_runtime::{any_watched, safepoint};
use std::panic::Location;

/// Records a read of the value at `place`.
#[inline]
#[track_caller]
pub fn read<T>(place: *const T) {
    record(
        AccessKind::Read,
        place as usize,
        size_of::<T>(),
        Location::caller(),
    );
}

/// Records a write of the value at `place`.
#[inline]
#[track_caller]
pub fn write<T>(place: *const T) {
    record(
        AccessKind::Write,
        place as usize,
        size_of::<T>(),
        Location::caller(),
    );
}

/// Records a read of `count` values from `start` on.
#[inline]
#[track_caller]
pub fn read_range<T>(start: *const T, count: usize) {
    let len = size_of::<T>().saturating_mul(count);
    record(AccessKind::Read, start as usize, len, Location::caller());
}

/// Records a write of `count` values from `start` on.
#[inline]
#[track_caller]
pub fn write_range<T>(start: *const T, count: usize) {
    let len = size_of::<T>().saturating_mul(count);
    record(AccessKind::Write, start as usize, len, Location::caller());
}

/// Forgets the accesses to `count` values from `start` on: the memory was allocated, or is
/// about to be freed.
pub fn reset_range<T>(start: *const T, count: usize) {
    let len = size_of::<T>().saturating_mul(count);
    if any_watched() && len > 0 {
        reset_memory(bytes_at(start as usize, len));
    }
}

#[inline]
fn record(kind: AccessKind, address: usize, len: usize, at: &'static Location<'static>) {
    if any_watched() && len > 0 {
        safepoint();
        access_memory(kind, bytes_at(address, len), at);
    }
}
