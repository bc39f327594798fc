//! Atomics: those of `std`, seen by the detector.
//!
//! **Happens-before:** as in C++20 and Rust. A store with release ordering comes before every
//! load with acquire ordering that reads it, or reads from its release sequence; relaxed
//! operations order nothing by themselves; fences turn them into edges. An atomic operation
//! and a plain access of the same memory, unordered, are a race; two atomic ones never are.
//!
//! On the controlled scheduler an operation sees the latest value: interleavings are explored,
//! weaker memory than that is not.

use crate::current;
use crate::detect::{self, Anchor, SyncName};
use deadheat_detector::memory::Declaration;
use deadheat_detector::sync::AtomicEffect;
use deadheat_detector::thread::SyncOp;
use std::fmt;
use std::panic::Location;
use std::sync::atomic as plain;

pub use std::sync::atomic::Ordering;

/// What makes an atomic known to the detector.
struct Watch {
    anchor: Anchor,
    name: SyncName,
    declared: &'static Location<'static>,
}

impl Watch {
    #[track_caller]
    const fn new() -> Self {
        Self {
            anchor: Anchor::new(),
            name: SyncName::new(),
            declared: Location::caller(),
        }
    }

    /// Makes the atomic of type `A` at `address` known to the caller's run.
    fn claim<A>(&self, address: *const A, holds: &'static str) {
        let bytes = detect::bytes_at(address as usize, size_of::<A>());
        detect::claim_cell(&self.anchor, bytes, || self.declaration(holds));
    }

    fn declaration(&self, holds: &'static str) -> Declaration {
        Declaration {
            cell: "Atomic",
            holds,
            name: None,
            declared: self.declared,
            stride: None,
            operation: Declaration::plain,
        }
    }

    /// Performs `operation` on the atomic of type `A` at `address`, with its events.
    fn perform<A, R>(
        &self,
        address: *const A,
        holds: &'static str,
        op: SyncOp,
        operation: impl Fn() -> (R, AtomicEffect),
    ) -> R {
        current::safepoint();
        let bytes = detect::bytes_at(address as usize, size_of::<A>());
        let watched = detect::with(|detector, thread| {
            self.anchor
                .claim(detector, thread, bytes, || self.declaration(holds));
            detector.atomic(thread, self.name.id(), bytes, op, &operation)
        });
        watched.unwrap_or_else(|| operation().0)
    }
}

/// A memory fence, as [`std::sync::atomic::fence`].
///
/// # Panics
///
/// Where `ordering` is relaxed.
#[track_caller]
pub fn fence(ordering: Ordering) {
    let op = SyncOp::here("fence");
    current::safepoint();
    plain::fence(ordering);
    detect::with(|_, thread| thread.fence(ordering, op));
}

/// What all atomics have: the parts of one definition.
macro_rules! atomic {
    ($(#[$doc:meta])* $name:ident $(<$param:ident>)?, $plain:ty, $value:ty, $holds:expr) => {
        $(#[$doc])*
        ///
        /// See the [module](self) for its happens-before edges, and `std`'s type of the same
        /// name for each operation.
        pub struct $name $(<$param>)? {
            atomic: $plain,
            watch: Watch,
        }

        impl $(<$param>)? $name $(<$param>)? {
            /// An atomic with this value.
            #[must_use]
            #[track_caller]
            pub const fn new(value: $value) -> Self {
                Self { atomic: <$plain>::new(value), watch: Watch::new() }
            }

            /// The value. Orderings as in `std`.
            #[track_caller]
            pub fn load(&self, ordering: Ordering) -> $value {
                self.perform("atomic load", || (self.atomic.load(ordering), AtomicEffect::Load(ordering)))
            }

            /// Replaces the value. Orderings as in `std`.
            #[track_caller]
            pub fn store(&self, value: $value, ordering: Ordering) {
                self.perform("atomic store", || {
                    self.atomic.store(value, ordering);
                    ((), AtomicEffect::Store(ordering))
                });
            }

            /// Replaces the value and returns the one before.
            #[track_caller]
            pub fn swap(&self, value: $value, ordering: Ordering) -> $value {
                self.read_modify_write(ordering, || self.atomic.swap(value, ordering))
            }

            /// Replaces the value if it is `current`.
            ///
            /// # Errors
            ///
            /// The value, where it is another one; the operation was a load then.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.perform("atomic compare-exchange", || {
                    let result = self.atomic.compare_exchange(current, new, success, failure);
                    (result, exchange_effect(result.is_ok(), success, failure))
                })
            }

            /// As [`compare_exchange`](Self::compare_exchange), but may fail for no reason.
            ///
            /// # Errors
            ///
            /// The value, where nothing was replaced.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.compare_exchange(current, new, success, failure)
            }

            /// Replaces the value by what `f` makes of it, as often tried as needed.
            ///
            /// # Errors
            ///
            /// The value, where `f` gives `None`.
            #[track_caller]
            pub fn fetch_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                mut f: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                let mut value = self.load(fetch);
                while let Some(next) = f(value) {
                    match self.compare_exchange_weak(value, next, set, fetch) {
                        Ok(before) => return Ok(before),
                        Err(now) => value = now,
                    }
                }
                Err(value)
            }

            /// The value, which nobody else can use now.
            pub fn get_mut(&mut self) -> &mut $value {
                self.atomic.get_mut()
            }

            /// The value.
            #[must_use]
            pub fn into_inner(self) -> $value {
                self.atomic.into_inner()
            }

            /// The address of the value, for plain accesses, which race with atomic ones unless
            /// they are ordered. What one does with it is as unsafe as for `std`'s `as_ptr`.
            #[must_use]
            pub fn as_ptr(&self) -> *mut $value {
                self.watch.claim(self.atomic.as_ptr(), $holds);
                self.atomic.as_ptr()
            }

            #[track_caller]
            fn perform<R>(&self, what: &'static str, operation: impl Fn() -> (R, AtomicEffect)) -> R {
                self.watch.perform(self.atomic.as_ptr(), $holds, SyncOp::here(what), operation)
            }

            #[track_caller]
            fn read_modify_write<R>(&self, ordering: Ordering, operation: impl Fn() -> R) -> R {
                self.perform("atomic read-modify-write", || {
                    (operation(), AtomicEffect::ReadModifyWrite(ordering))
                })
            }
        }

        impl $(<$param>)? From<$value> for $name $(<$param>)? {
            #[track_caller]
            fn from(value: $value) -> Self {
                Self::new(value)
            }
        }

        impl $(<$param>)? fmt::Debug for $name $(<$param>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.atomic.fmt(f)
            }
        }
    };
}

/// The operations of whole numbers.
macro_rules! arithmetic {
    ($name:ident, $value:ty) => {
        impl $name {
            arithmetic!(@op $value, fetch_add, "Adds, wrapping around; returns the value before.");
            arithmetic!(@op $value, fetch_sub, "Subtracts, wrapping around; returns the value before.");
            arithmetic!(@op $value, fetch_and, "Bitwise and; returns the value before.");
            arithmetic!(@op $value, fetch_nand, "Bitwise nand; returns the value before.");
            arithmetic!(@op $value, fetch_or, "Bitwise or; returns the value before.");
            arithmetic!(@op $value, fetch_xor, "Bitwise exclusive or; returns the value before.");
            arithmetic!(@op $value, fetch_max, "The greater of the two; returns the value before.");
            arithmetic!(@op $value, fetch_min, "The lesser of the two; returns the value before.");
        }

        impl Default for $name {
            #[track_caller]
            fn default() -> Self {
                Self::new(0)
            }
        }
    };
    (@op $value:ty, $op:ident, $doc:literal) => {
        #[doc = $doc]
        #[track_caller]
        pub fn $op(&self, value: $value, ordering: Ordering) -> $value {
            self.read_modify_write(ordering, || self.atomic.$op(value, ordering))
        }
    };
}

macro_rules! integer {
    ($name:ident, $value:ty) => {
        atomic!(
            #[doc = concat!("An atomic `", stringify!($value), "`.")]
            $name,
            plain::$name,
            $value,
            stringify!($value)
        );
        arithmetic!($name, $value);
    };
}

integer!(AtomicI8, i8);
integer!(AtomicI16, i16);
integer!(AtomicI32, i32);
integer!(AtomicI64, i64);
integer!(AtomicIsize, isize);
integer!(AtomicU8, u8);
integer!(AtomicU16, u16);
integer!(AtomicU32, u32);
integer!(AtomicU64, u64);
integer!(AtomicUsize, usize);

atomic!(
    /// An atomic `bool`.
    AtomicBool, plain::AtomicBool, bool, "bool"
);

impl AtomicBool {
    arithmetic!(@op bool, fetch_and, "Logical and; returns the value before.");
    arithmetic!(@op bool, fetch_nand, "Logical nand; returns the value before.");
    arithmetic!(@op bool, fetch_or, "Logical or; returns the value before.");
    arithmetic!(@op bool, fetch_xor, "Logical exclusive or; returns the value before.");
}

impl Default for AtomicBool {
    #[track_caller]
    fn default() -> Self {
        Self::new(false)
    }
}

atomic!(
    /// An atomic pointer.
    AtomicPtr<T>, plain::AtomicPtr<T>, *mut T, std::any::type_name::<*mut T>()
);

fn exchange_effect(succeeded: bool, success: Ordering, failure: Ordering) -> AtomicEffect {
    if succeeded {
        AtomicEffect::ReadModifyWrite(success)
    } else {
        AtomicEffect::Load(failure)
    }
}
