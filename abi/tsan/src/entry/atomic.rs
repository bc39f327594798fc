//! Atomic operations and fences.
//!
//! The operation and its edges are one step, under a lock of the word's clock, so that edges follow the
//! word's modification order. Where nobody has released to a word yet, there is no clock, and
//! an operation that does not release needs no lock. Nor does a load where nothing was left that the thread
//! has not read from before.

use super::rwlock;
use crate::current;
use crate::ours;
use crate::report::{self, Races, bytes_at};
use crate::runtime::{self, Runtime};
use crate::thread::{Class, Inside, Operation, Place, State};
use deadheat_detector::access::ByteRange;
use deadheat_detector::clock::Time;
use deadheat_detector::context::NodeId;
use deadheat_detector::engine::Race;
use deadheat_detector::sync::{AtomicEffect, AtomicWord, Foreseen, SyncId};
use std::arch::asm;
use std::ffi::c_int;
use std::sync::atomic::{
    AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering,
    fence,
};

/// The orderings of C and C++, by their numbers; *consume* is *acquire*.
#[inline(always)]
pub(crate) fn ordering(number: c_int) -> Ordering {
    // Compilers may add flags above.
    match number & 0x7fff {
        0 => Ordering::Relaxed,
        1 | 2 => Ordering::Acquire,
        3 => Ordering::Release,
        4 => Ordering::AcqRel,
        _ => Ordering::SeqCst,
    }
}

/// Whether an operation of this ordering releases.
#[inline(always)]
fn releases(ordering: Ordering) -> bool {
    !matches!(ordering, Ordering::Relaxed | Ordering::Acquire)
}

/// What a load may have.
#[inline(always)]
fn for_load(ordering: Ordering) -> Ordering {
    match ordering {
        Ordering::Release => Ordering::Relaxed,
        Ordering::AcqRel => Ordering::Acquire,
        other => other,
    }
}

/// What a store may have.
#[inline(always)]
fn for_store(ordering: Ordering) -> Ordering {
    match ordering {
        Ordering::Acquire => Ordering::Relaxed,
        Ordering::AcqRel => Ordering::Release,
        other => other,
    }
}

/// The thread of `state` is about to perform an atomic operation of the program's, and where, or has done so; `None`
/// where nothing is to be recorded of it.
#[inline(always)]
fn enter(
    state: &'static State,
    address: usize,
    size: usize,
    site: usize,
) -> Option<(Inside, ByteRange, Place)> {
    let inside = state.enter()?;
    let bytes = bytes_at(address, size)?;
    let place = Place::new(site, size, Class::Ordinary);
    (!ours::is_inside(&inside, place)).then_some((inside, bytes, place))
}

/// Event: an atomic operation on `size` bytes, which `operation` performs, and of which so much is `foreseen`.
#[inline]
fn atomic<R>(
    address: usize,
    size: usize,
    site: usize,
    foreseen: Foreseen,
    operation: impl FnOnce() -> (R, AtomicEffect),
) -> R {
    let Some(state) = current::recording() else {
        return operation().0;
    };
    let runtime = runtime::get();
    // SAFETY: this thread's own clock; whether there is a fence is one word.
    let releases = foreseen.may_release() || unsafe { (*state.clock.get()).has_release_fence() };
    if !releases && !runtime.objects.has(address) {
        return without_object(state, address, size, site, operation);
    }
    let Some((inside, bytes, place)) = enter(state, address, size, site) else {
        return operation().0;
    };
    let operation = || {
        // Who sees what is released sees that there is something; and not long before, for who performs an operation without the
        // clock's lock, and sees it only afterwards, takes what is there for what it has read.
        if releases {
            runtime.objects.note(address);
        }
        operation()
    };
    let mut node = NodeId::ROOT;
    let get = || {
        node = inside.state.node_at(runtime, place);
        node
    };
    let mut races = Races::new();
    let found = |race: &Race| races.push(*race);
    let before = inside.clock().epoch().time();
    let engine = &runtime.engine;
    let clock = inside.clock();
    let word = AtomicWord {
        id: SyncId(address as u64),
        foreseen,
    };
    let (result, effect) = engine.atomic(clock, word, bytes, operation, get, found);
    note(&inside, effect, site, before);
    if !races.is_empty() {
        if inside.records() {
            report::report(&inside, effect.access(), place, &races);
        }
        inside.clock().has_asked();
    }
    inside.end_atomic(address, effect);
    result
}

/// Event: an atomic operation on `size` bytes, which `operation` performs, and which is no other than `effect`.
#[inline]
fn foreseen<R>(
    address: usize,
    size: usize,
    site: usize,
    effect: AtomicEffect,
    operation: impl FnOnce() -> R,
) -> R {
    atomic(address, size, site, Foreseen::All(effect), || {
        (operation(), effect)
    })
}

/// Event: an atomic load of `size` bytes, which `operation` performs, perhaps several times.
#[inline]
fn load<R>(
    address: usize,
    size: usize,
    site: usize,
    order: Ordering,
    operation: impl Fn() -> R,
) -> R {
    let Some(state) = current::recording() else {
        return operation();
    };
    let runtime = runtime::get();
    let effect = AtomicEffect::Load(order);
    if !runtime.objects.has(address) {
        return without_object(state, address, size, site, || (operation(), effect));
    }
    state.looks.begin(address);
    let Some((inside, _, place)) = enter(state, address, size, site) else {
        return operation();
    };
    let (engine, object) = (&runtime.engine, SyncId(address as u64));
    let loaded = engine.atomic_load(inside.clock(), inside.acquired(), object, order, operation);
    note(&inside, effect, site, Time::START);
    inside.access_atomic(effect.access(), address, size, place);
    inside.end_look(address, loaded.has_changed);
    loaded.value
}

/// An operation that does not release, on a word to which nobody has released yet.
#[inline(always)]
fn without_object<R>(
    state: &'static State,
    address: usize,
    size: usize,
    site: usize,
    operation: impl FnOnce() -> (R, AtomicEffect),
) -> R {
    let (result, effect) = operation();
    let Runtime {
        engine, objects, ..
    } = runtime::get();
    // SAFETY: this thread's own clock; an epoch is one word.
    let epoch = unsafe { (*state.clock.get()).epoch() };
    let word = engine.word(address, size);
    let has_made = word.is_some_and(|word| engine.has_made(epoch, effect.access(), word));
    // Whoever released what was read has noted the object before.
    if !has_made || objects.has(address) {
        record(state, address, size, site, effect);
    }
    match effect {
        AtomicEffect::Load(_) => state.looks.in_vain(address, false),
        _ => state.looks.interrupt(),
    }
    result
}

/// The access of an operation that found no object, and its edges if it was the first to read from one.
#[inline(never)]
fn record(state: &'static State, address: usize, size: usize, site: usize, effect: AtomicEffect) {
    let Some((inside, _, place)) = enter(state, address, size, site) else {
        return;
    };
    inside.access_atomic(effect.access(), address, size, place);
    let Runtime {
        engine, objects, ..
    } = inside.runtime();
    if objects.has(address) {
        engine.sync(SyncId(address as u64), |var| {
            inside.clock().atomic_acquire(var, effect);
        });
        note(&inside, effect, site, inside.clock().epoch().time());
    }
}

/// Notes what an operation, begun at the thread's time `before`, did for reports.
#[inline]
fn note(inside: &Inside, effect: AtomicEffect, site: usize, before: Time) {
    let operation = match effect {
        AtomicEffect::Load(_) => Operation::AtomicLoad,
        AtomicEffect::Store(_) => Operation::AtomicStore,
        AtomicEffect::ReadModifyWrite(_) => Operation::AtomicUpdate,
    };
    if effect.acquires() {
        inside.note_acquire(operation, site);
    }
    if effect.releases() {
        inside.state.info.last_release.note(operation, site, before);
    }
}

macro_rules! update {
    ($($name:ident [$register:literal] $type:ty, $atomic:ty, $method:ident;)*) => {
        super::with_site! {$(
            #[unsafe(no_mangle)]
            fn $name[$register](address: *mut $type, value: $type, order: c_int; site) -> $type {
                let effect = AtomicEffect::ReadModifyWrite(ordering(order));
                foreseen(address.addr(), size_of::<$type>(), site, effect, || {
                    // SAFETY: the caller's atomic, as the compiler made it.
                    let word = unsafe { <$atomic>::from_ptr(address) };
                    word.$method(value, Ordering::SeqCst)
                })
            }
        )*}
    };
}

macro_rules! sized {
    ($type:ty, $atomic:ty, $load:ident, $store:ident, $value:ident, $strong:ident, $weak:ident;
     $value_register:literal, $compare_register:literal) => {
        super::with_site! {
            #[unsafe(no_mangle)]
            fn $load["rdx"](address: *mut $type, order: c_int; site) -> $type {
                let order = for_load(ordering(order));
                load(address.addr(), size_of::<$type>(), site, order, || {
                    // SAFETY: the caller's atomic, as the compiler made it.
                    let word = unsafe { <$atomic>::from_ptr(address) };
                    word.load(order)
                })
            }

            #[unsafe(no_mangle)]
            fn $store[$value_register](address: *mut $type, value: $type, order: c_int; site) {
                let order = for_store(ordering(order));
                let effect = AtomicEffect::Store(order);
                foreseen(address.addr(), size_of::<$type>(), site, effect, || {
                    // SAFETY: the caller's atomic, as the compiler made it.
                    let word = unsafe { <$atomic>::from_ptr(address) };
                    word.store(value, order);
                });
            }

            #[unsafe(no_mangle)]
            fn $value[$compare_register](address: *mut $type, old: $type, new: $type,
                order: c_int, failure: c_int; site) -> $type {
                let exchange = exchange::<$atomic>(address.cast(), old, new, order, failure, site);
                exchange.unwrap_or_else(|found| found)
            }

            #[unsafe(no_mangle)]
            fn $strong[$compare_register](address: *mut $type, old: *mut $type, new: $type,
                order: c_int, failure: c_int; site) -> c_int {
                // SAFETY: the caller's word to read, and to write where the exchange fails.
                unsafe { exchange_at::<$atomic>(address.cast(), old, new, order, failure, site) }
            }

            #[unsafe(no_mangle)]
            fn $weak[$compare_register](address: *mut $type, old: *mut $type, new: $type,
                order: c_int, failure: c_int; site) -> c_int {
                // SAFETY: as above.
                unsafe { exchange_at::<$atomic>(address.cast(), old, new, order, failure, site) }
            }
        }
    };
}

super::with_site! {
    /// Among the subtractions are those by which readers give a lock back.
    #[unsafe(no_mangle)]
    fn __tsan_atomic32_fetch_sub["rcx"](address: *mut u32, value: u32, order: c_int; site) -> u32 {
        let mut order = ordering(order);
        if order == Ordering::Release && value == 1 && is_read_unlock(address.addr(), site) {
            order = Ordering::Relaxed;
        }
        let effect = AtomicEffect::ReadModifyWrite(order);
        foreseen(address.addr(), 4, site, effect, || {
            // SAFETY: the caller's atomic, as the compiler made it.
            let word = unsafe { AtomicU32::from_ptr(address) };
            word.fetch_sub(value, Ordering::SeqCst)
        })
    }
}

/// Whether a reader gives a lock back. Then it has released to the object beside the word.
fn is_read_unlock(address: usize, site: usize) -> bool {
    let Some(inside) = current::recording().and_then(State::enter) else {
        return false;
    };
    let is_one = rwlock::is_read_unlock(&inside, Place::new(site, 4, Class::Ordinary));
    drop(inside);
    if is_one {
        rwlock::read_unlocking(address, site);
    }
    is_one
}

/// What a compare-exchange needs of an atomic.
trait Word {
    type Value: Copy;

    /// The lower eight bytes of a value.
    fn bits(value: Self::Value) -> u64;

    /// # Safety
    ///
    /// `at` is a valid atomic of this type.
    unsafe fn exchange(
        at: *mut Self,
        old: Self::Value,
        new: Self::Value,
    ) -> Result<Self::Value, Self::Value>;
}

macro_rules! word {
    ($($atomic:ty: $type:ty;)*) => {$(
        impl Word for $atomic {
            type Value = $type;

            #[inline(always)]
            #[allow(clippy::unnecessary_cast, reason = "one of the types is that one")]
            fn bits(value: $type) -> u64 {
                value as u64
            }

            #[inline(always)]
            unsafe fn exchange(at: *mut Self, old: $type, new: $type) -> Result<$type, $type> {
                // SAFETY: as the caller says.
                let word = unsafe { &*at };
                word.compare_exchange(old, new, Ordering::SeqCst, Ordering::SeqCst)
            }
        }
    )*};
}

word! { AtomicU8: u8; AtomicU16: u16; AtomicU32: u32; AtomicU64: u64; AtomicU128: u128; }

#[inline]
fn exchange<A: Word>(
    address: *mut A,
    old: A::Value,
    new: A::Value,
    order: c_int,
    failure: c_int,
    site: usize,
) -> Result<A::Value, A::Value> {
    let (order, failure) = (ordering(order), for_load(ordering(failure)));
    let foreseen = if releases(order) {
        Foreseen::Release
    } else {
        Foreseen::NoRelease
    };
    let result = atomic(
        address.addr(),
        size_of::<A::Value>(),
        site,
        foreseen,
        || {
            // SAFETY: the caller's atomic, as the compiler made it.
            let result = unsafe { A::exchange(address, old, new) };
            let effect = match result {
                Ok(_) => AtomicEffect::ReadModifyWrite(order),
                Err(_) => AtomicEffect::Load(failure),
            };
            (result, effect)
        },
    );
    if result.is_ok()
        && order == Ordering::Acquire
        && rwlock::is_write_lock(size_of::<A>(), A::bits(old), A::bits(new))
    {
        rwlock::write_locked(address.addr(), site);
    }
    result
}

/// # Safety
///
/// `old` is the caller's to read and write.
#[inline]
unsafe fn exchange_at<A: Word>(
    address: *mut A,
    old: *mut A::Value,
    new: A::Value,
    order: c_int,
    failure: c_int,
    site: usize,
) -> c_int {
    // SAFETY: as the caller says.
    let wanted = unsafe { *old };
    match exchange(address, wanted, new, order, failure, site) {
        Ok(_) => 1,
        Err(found) => {
            // SAFETY: as the caller says.
            unsafe { *old = found };
            0
        }
    }
}

/// Sixteen bytes as one atomic, by `cmpxchg16b`, of which the compiler would make a call.
#[repr(transparent)]
struct AtomicU128(std::cell::UnsafeCell<u128>);

impl AtomicU128 {
    /// # Safety
    ///
    /// `at` is valid and aligned to 16 bytes.
    unsafe fn from_ptr<'a>(at: *mut u128) -> &'a Self {
        // SAFETY: as the caller says; the layout is the same.
        unsafe { &*at.cast() }
    }

    fn compare_exchange(
        &self,
        old: u128,
        new: u128,
        _: Ordering,
        _: Ordering,
    ) -> Result<u128, u128> {
        let (low, high): (u64, u64);
        // SAFETY: the word is valid and aligned. `rbx`, which the instruction wants, is the compiler's
        // own: it is exchanged before and restored after, and all operands are in named registers, so
        // that none is `rbx`.
        unsafe {
            asm!(
                "xchg rsi, rbx",
                "lock cmpxchg16b [rdi]",
                "mov rbx, rsi",
                inout("rsi") new as u64 => _,
                in("rdi") self.0.get(),
                in("rcx") (new >> 64) as u64,
                inout("rax") old as u64 => low,
                inout("rdx") (old >> 64) as u64 => high,
                options(nostack),
            );
        }
        let found = u128::from(low) | u128::from(high) << 64;
        if found == old { Ok(found) } else { Err(found) }
    }

    fn load(&self, order: Ordering) -> u128 {
        self.compare_exchange(0, 0, order, order)
            .unwrap_or_else(|found| found)
    }

    fn update(&self, change: impl Fn(u128) -> u128) -> u128 {
        let mut seen = self.load(Ordering::SeqCst);
        loop {
            let order = Ordering::SeqCst;
            match self.compare_exchange(seen, change(seen), order, order) {
                Ok(old) => return old,
                Err(found) => seen = found,
            }
        }
    }

    fn store(&self, value: u128, _: Ordering) {
        self.update(|_| value);
    }

    fn swap(&self, value: u128, _: Ordering) -> u128 {
        self.update(|_| value)
    }

    fn fetch_add(&self, value: u128, _: Ordering) -> u128 {
        self.update(|seen| seen.wrapping_add(value))
    }

    fn fetch_sub(&self, value: u128, _: Ordering) -> u128 {
        self.update(|seen| seen.wrapping_sub(value))
    }

    fn fetch_and(&self, value: u128, _: Ordering) -> u128 {
        self.update(|seen| seen & value)
    }

    fn fetch_or(&self, value: u128, _: Ordering) -> u128 {
        self.update(|seen| seen | value)
    }

    fn fetch_xor(&self, value: u128, _: Ordering) -> u128 {
        self.update(|seen| seen ^ value)
    }

    fn fetch_nand(&self, value: u128, _: Ordering) -> u128 {
        self.update(|seen| !(seen & value))
    }
}

sized!(u8, AtomicU8, __tsan_atomic8_load, __tsan_atomic8_store,
    __tsan_atomic8_compare_exchange_val, __tsan_atomic8_compare_exchange_strong,
    __tsan_atomic8_compare_exchange_weak; "rcx", "r9");
sized!(u16, AtomicU16, __tsan_atomic16_load, __tsan_atomic16_store,
    __tsan_atomic16_compare_exchange_val, __tsan_atomic16_compare_exchange_strong,
    __tsan_atomic16_compare_exchange_weak; "rcx", "r9");
sized!(u32, AtomicU32, __tsan_atomic32_load, __tsan_atomic32_store,
    __tsan_atomic32_compare_exchange_val, __tsan_atomic32_compare_exchange_strong,
    __tsan_atomic32_compare_exchange_weak; "rcx", "r9");
sized!(u64, AtomicU64, __tsan_atomic64_load, __tsan_atomic64_store,
    __tsan_atomic64_compare_exchange_val, __tsan_atomic64_compare_exchange_strong,
    __tsan_atomic64_compare_exchange_weak; "rcx", "r9");

update! {
    __tsan_atomic8_exchange["rcx"] u8, AtomicU8, swap;
    __tsan_atomic8_fetch_add["rcx"] u8, AtomicU8, fetch_add;
    __tsan_atomic8_fetch_sub["rcx"] u8, AtomicU8, fetch_sub;
    __tsan_atomic8_fetch_and["rcx"] u8, AtomicU8, fetch_and;
    __tsan_atomic8_fetch_or["rcx"] u8, AtomicU8, fetch_or;
    __tsan_atomic8_fetch_xor["rcx"] u8, AtomicU8, fetch_xor;
    __tsan_atomic8_fetch_nand["rcx"] u8, AtomicU8, fetch_nand;
    __tsan_atomic16_exchange["rcx"] u16, AtomicU16, swap;
    __tsan_atomic16_fetch_add["rcx"] u16, AtomicU16, fetch_add;
    __tsan_atomic16_fetch_sub["rcx"] u16, AtomicU16, fetch_sub;
    __tsan_atomic16_fetch_and["rcx"] u16, AtomicU16, fetch_and;
    __tsan_atomic16_fetch_or["rcx"] u16, AtomicU16, fetch_or;
    __tsan_atomic16_fetch_xor["rcx"] u16, AtomicU16, fetch_xor;
    __tsan_atomic16_fetch_nand["rcx"] u16, AtomicU16, fetch_nand;
    __tsan_atomic32_exchange["rcx"] u32, AtomicU32, swap;
    __tsan_atomic32_fetch_add["rcx"] u32, AtomicU32, fetch_add;
    __tsan_atomic32_fetch_and["rcx"] u32, AtomicU32, fetch_and;
    __tsan_atomic32_fetch_or["rcx"] u32, AtomicU32, fetch_or;
    __tsan_atomic32_fetch_xor["rcx"] u32, AtomicU32, fetch_xor;
    __tsan_atomic32_fetch_nand["rcx"] u32, AtomicU32, fetch_nand;
    __tsan_atomic64_exchange["rcx"] u64, AtomicU64, swap;
    __tsan_atomic64_fetch_add["rcx"] u64, AtomicU64, fetch_add;
    __tsan_atomic64_fetch_sub["rcx"] u64, AtomicU64, fetch_sub;
    __tsan_atomic64_fetch_and["rcx"] u64, AtomicU64, fetch_and;
    __tsan_atomic64_fetch_or["rcx"] u64, AtomicU64, fetch_or;
    __tsan_atomic64_fetch_xor["rcx"] u64, AtomicU64, fetch_xor;
    __tsan_atomic64_fetch_nand["rcx"] u64, AtomicU64, fetch_nand;
    __tsan_atomic128_exchange["r8"] u128, AtomicU128, swap;
    __tsan_atomic128_fetch_add["r8"] u128, AtomicU128, fetch_add;
    __tsan_atomic128_fetch_sub["r8"] u128, AtomicU128, fetch_sub;
    __tsan_atomic128_fetch_and["r8"] u128, AtomicU128, fetch_and;
    __tsan_atomic128_fetch_or["r8"] u128, AtomicU128, fetch_or;
    __tsan_atomic128_fetch_xor["r8"] u128, AtomicU128, fetch_xor;
    __tsan_atomic128_fetch_nand["r8"] u128, AtomicU128, fetch_nand;
}

/// Minima and maxima, which the pass has no calls for: see the package `deadheat-compiler`.
macro_rules! extremes {
    ($($name:ident: $type:ty, $atomic:ty, $method:ident;)*) => {
        super::with_site! {$(
            #[unsafe(no_mangle)]
            fn $name["rcx"](address: *mut $type, value: u64, order: c_int; site) -> u64 {
                let effect = AtomicEffect::ReadModifyWrite(ordering(order));
                foreseen(address.addr(), size_of::<$type>(), site, effect, || {
                    // SAFETY: the caller's atomic, as the compiler made it.
                    let word = unsafe { <$atomic>::from_ptr(address) };
                    word.$method(value as $type, Ordering::SeqCst) as u64
                })
            }
        )*}
    };
}

extremes! {
    __deadheat_atomic8_fetch_max: i8, AtomicI8, fetch_max;
    __deadheat_atomic8_fetch_min: i8, AtomicI8, fetch_min;
    __deadheat_atomic8_fetch_umax: u8, AtomicU8, fetch_max;
    __deadheat_atomic8_fetch_umin: u8, AtomicU8, fetch_min;
    __deadheat_atomic16_fetch_max: i16, AtomicI16, fetch_max;
    __deadheat_atomic16_fetch_min: i16, AtomicI16, fetch_min;
    __deadheat_atomic16_fetch_umax: u16, AtomicU16, fetch_max;
    __deadheat_atomic16_fetch_umin: u16, AtomicU16, fetch_min;
    __deadheat_atomic32_fetch_max: i32, AtomicI32, fetch_max;
    __deadheat_atomic32_fetch_min: i32, AtomicI32, fetch_min;
    __deadheat_atomic32_fetch_umax: u32, AtomicU32, fetch_max;
    __deadheat_atomic32_fetch_umin: u32, AtomicU32, fetch_min;
    __deadheat_atomic64_fetch_max: i64, AtomicI64, fetch_max;
    __deadheat_atomic64_fetch_min: i64, AtomicI64, fetch_min;
    __deadheat_atomic64_fetch_umax: u64, AtomicU64, fetch_max;
    __deadheat_atomic64_fetch_umin: u64, AtomicU64, fetch_min;
}

super::with_site! {
    #[unsafe(no_mangle)]
    fn __tsan_atomic128_load["rdx"](address: *mut u128, order: c_int; site) -> u128 {
        let order = for_load(ordering(order));
        load(address.addr(), 16, site, order, || {
            // SAFETY: the caller's atomic, as the compiler made it.
            let word = unsafe { AtomicU128::from_ptr(address) };
            word.load(order)
        })
    }

    #[unsafe(no_mangle)]
    fn __tsan_atomic128_store["r8"](address: *mut u128, value: u128, order: c_int; site) {
        let order = for_store(ordering(order));
        let effect = AtomicEffect::Store(order);
        foreseen(address.addr(), 16, site, effect, || {
            // SAFETY: the caller's atomic, as the compiler made it.
            let word = unsafe { AtomicU128::from_ptr(address) };
            word.store(value, order);
        });
    }

    #[unsafe(no_mangle)]
    fn __tsan_atomic128_compare_exchange_strong["r9"](address: *mut u128, old: *mut u128, new: u128,
        order: c_int; site) -> c_int {
        // The ordering of a failure would be in the register of the site; that of success is no weaker.
        // SAFETY: the caller's word to read, and to write where the exchange fails.
        unsafe { exchange_at::<AtomicU128>(address.cast(), old, new, order, order, site) }
    }

    #[unsafe(no_mangle)]
    fn __tsan_atomic128_compare_exchange_weak["r9"](address: *mut u128, old: *mut u128, new: u128,
        order: c_int; site) -> c_int {
        // SAFETY: as above.
        unsafe { exchange_at::<AtomicU128>(address.cast(), old, new, order, order, site) }
    }

    #[unsafe(no_mangle)]
    fn __tsan_atomic_thread_fence["rsi"](order: c_int; site) {
        let order = ordering(order);
        if order == Ordering::Relaxed {
            return;
        }
        fence(order);
        if let Some(inside) = current::recording().and_then(State::enter)
            && !ours::is_inside(&inside, Place::new(site, 0, Class::Ordinary))
        {
            if order != Ordering::Acquire {
                inside.note_release(Operation::Fence, site);
            }
            if order != Ordering::Release {
                inside.note_acquire(Operation::Fence, site);
            }
            inside.clock().fence(order);
        }
    }
}

/// All registers for arguments are taken, so the site is not known: reports show the function.
///
/// # Safety
///
/// `address` is an atomic of the caller's.
#[unsafe(no_mangle)]
unsafe extern "C" fn __tsan_atomic128_compare_exchange_val(
    address: *mut u128,
    old: u128,
    new: u128,
    order: c_int,
    failure: c_int,
) -> u128 {
    exchange::<AtomicU128>(address.cast(), old, new, order, failure, 0)
        .unwrap_or_else(|found| found)
}

/// A fence between a thread and its own signal handlers orders no threads.
#[unsafe(no_mangle)]
extern "C" fn __tsan_atomic_signal_fence(_: c_int) {}
