//! Reads and writes of a fixed size, plain and volatile.
//!
//! A volatile access is recorded as an atomic one that orders nothing: two of them do not race with
//! each other, as they do where programs use them for communication on purpose, and one races with a
//! plain access.

use crate::current;
use crate::runtime;
use crate::thread::{Class, Place, State};
use deadheat_detector::access::AccessKind;

const READ: u8 = AccessKind::Read as u8;
const WRITE: u8 = AccessKind::Write as u8;
const VOLATILE_READ: u8 = AccessKind::AtomicRead as u8;
const VOLATILE_WRITE: u8 = AccessKind::AtomicWrite as u8;

const fn kind_of(kind: u8) -> AccessKind {
    match kind {
        READ => AccessKind::Read,
        WRITE => AccessKind::Write,
        VOLATILE_READ => AccessKind::AtomicRead,
        _ => AccessKind::AtomicWrite,
    }
}

/// The class of accesses of this kind.
const fn class_of(kind: u8) -> Class {
    if kind < VOLATILE_READ {
        Class::Ordinary
    } else {
        Class::Volatile
    }
}

/// An access by a thread whose accesses are recorded: nothing where it has made the like in this epoch.
extern "C" fn access<const KIND: u8, const SIZE: usize>(
    address: usize,
    site: usize,
    state: &'static State,
) {
    let kind = const { kind_of(KIND) };
    // SAFETY: this thread's own clock; an epoch is one word.
    let epoch = unsafe { (*state.clock.get()).epoch() };
    let engine = &runtime::get().engine;
    if SIZE == 16 {
        let is_repeated = engine.is_repeated(epoch, kind, address, 8)
            && engine.is_repeated(epoch, kind, address.wrapping_add(8), 8);
        if !is_repeated {
            record_sixteen::<KIND>(address, site, state);
        }
    } else if !engine.is_repeated(epoch, kind, address, SIZE) {
        record::<KIND, SIZE>(address, site, state);
    }
}

/// The same, where a look at the first half of the history did not tell so.
#[inline(never)]
extern "C" fn record<const KIND: u8, const SIZE: usize>(
    address: usize,
    site: usize,
    state: &'static State,
) {
    let kind = const { kind_of(KIND) };
    let place = Place::new(site, SIZE, const { class_of(KIND) });
    // SAFETY: as above.
    let epoch = unsafe { (*state.clock.get()).epoch() };
    let engine = &runtime::get().engine;
    let word = engine.word(address, SIZE);
    if word.is_some_and(|word| engine.has_made(epoch, kind, word)) {
        return;
    }
    if let Some(inside) = state.enter() {
        match word {
            Some(word) => inside.access_word(kind, address, word, place),
            None => inside.access(kind, address, SIZE, place),
        }
    }
}

/// The same, of sixteen bytes: mostly two words with one history.
#[inline(never)]
extern "C" fn record_sixteen<const KIND: u8>(address: usize, site: usize, state: &'static State) {
    let kind = const { kind_of(KIND) };
    let place = Place::new(site, 16, const { class_of(KIND) });
    let Some(inside) = state.enter() else { return };
    let words = runtime::get().engine.two_words(address);
    let is_done = words.is_some_and(|words| inside.access_two_words(kind, address, words, place));
    if !is_done {
        inside.access_sixteen(kind, address, place);
    }
}

macro_rules! accesses {
    ($($name:ident: $kind:ident, $size:literal;)*) => {
        $(const _: () = {
            /// Nothing but a look at a thread-local word where the thread is alone.
            #[unsafe(no_mangle)]
            #[unsafe(naked)]
            unsafe extern "C" fn $name(address: usize) {
                std::arch::naked_asm!(
                    current::recording_into!("rdx"),
                    "test rdx, rdx",
                    "je 2f",
                    "mov rsi, [rsp]",
                    "jmp {}",
                    "2: ret",
                    sym access::<$kind, $size>,
                )
            }
        };)*
    };
}

accesses! {
    __tsan_read1: READ, 1;
    __tsan_read2: READ, 2;
    __tsan_read4: READ, 4;
    __tsan_read8: READ, 8;
    __tsan_read16: READ, 16;
    __tsan_write1: WRITE, 1;
    __tsan_write2: WRITE, 2;
    __tsan_write4: WRITE, 4;
    __tsan_write8: WRITE, 8;
    __tsan_write16: WRITE, 16;
    __tsan_unaligned_read1: READ, 1;
    __tsan_unaligned_read2: READ, 2;
    __tsan_unaligned_read4: READ, 4;
    __tsan_unaligned_read8: READ, 8;
    __tsan_unaligned_read16: READ, 16;
    __tsan_unaligned_write1: WRITE, 1;
    __tsan_unaligned_write2: WRITE, 2;
    __tsan_unaligned_write4: WRITE, 4;
    __tsan_unaligned_write8: WRITE, 8;
    __tsan_unaligned_write16: WRITE, 16;
    __tsan_read_write1: WRITE, 1;
    __tsan_read_write2: WRITE, 2;
    __tsan_read_write4: WRITE, 4;
    __tsan_read_write8: WRITE, 8;
    __tsan_read_write16: WRITE, 16;
    __tsan_unaligned_read_write1: WRITE, 1;
    __tsan_unaligned_read_write2: WRITE, 2;
    __tsan_unaligned_read_write4: WRITE, 4;
    __tsan_unaligned_read_write8: WRITE, 8;
    __tsan_unaligned_read_write16: WRITE, 16;
    __tsan_volatile_read1: VOLATILE_READ, 1;
    __tsan_volatile_read2: VOLATILE_READ, 2;
    __tsan_volatile_read4: VOLATILE_READ, 4;
    __tsan_volatile_read8: VOLATILE_READ, 8;
    __tsan_volatile_read16: VOLATILE_READ, 16;
    __tsan_volatile_write1: VOLATILE_WRITE, 1;
    __tsan_volatile_write2: VOLATILE_WRITE, 2;
    __tsan_volatile_write4: VOLATILE_WRITE, 4;
    __tsan_volatile_write8: VOLATILE_WRITE, 8;
    __tsan_volatile_write16: VOLATILE_WRITE, 16;
    __tsan_unaligned_volatile_read1: VOLATILE_READ, 1;
    __tsan_unaligned_volatile_read2: VOLATILE_READ, 2;
    __tsan_unaligned_volatile_read4: VOLATILE_READ, 4;
    __tsan_unaligned_volatile_read8: VOLATILE_READ, 8;
    __tsan_unaligned_volatile_read16: VOLATILE_READ, 16;
    __tsan_unaligned_volatile_write1: VOLATILE_WRITE, 1;
    __tsan_unaligned_volatile_write2: VOLATILE_WRITE, 2;
    __tsan_unaligned_volatile_write4: VOLATILE_WRITE, 4;
    __tsan_unaligned_volatile_write8: VOLATILE_WRITE, 8;
    __tsan_unaligned_volatile_write16: VOLATILE_WRITE, 16;
    __tsan_vptr_read: READ, 8;
}

super::with_site! {
    /// A constructor or destructor of C++ sets the table of virtual functions. Setting it to what it
    /// is already is no write.
    #[unsafe(no_mangle)]
    fn __tsan_vptr_update["rdx"](address: *const usize, new: usize; site) {
        // SAFETY: the object is being constructed or destroyed by the caller.
        if unsafe { address.read_volatile() } != new
            && let Some(state) = current::recording()
        {
            access::<WRITE, 8>(address.addr(), site, state);
        }
    }
}
