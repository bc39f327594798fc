//! The two thread-local words: where the state of the running thread or fiber is, and whether accesses of it are
//! recorded.
//!
//! They are written in assembly because a `thread_local!` of a static library is reached by a call of
//! `__tls_get_addr`, which the compiler has to take for a call that destroys registers. These are
//! reached by two loads (the *initial-exec* model), of which the linker makes one where the library is
//! part of the executable. A fiber may go on upon another thread, so a word is read anew each time:
//! the compiler does not look into the assembly.

use crate::alone;
use crate::thread::State;
use core::arch::{asm, global_asm};
use core::ptr::null;

/// Assembly that loads what [`recording`] gives into a register.
macro_rules! recording_into {
    ($register:literal) => {
        concat!(
            "mov ",
            $register,
            ", qword ptr [rip + __deadheat_recording@GOTTPOFF]\n",
            "mov ",
            $register,
            ", qword ptr fs:[",
            $register,
            "]"
        )
    };
}
pub(crate) use recording_into;

/// A thread-local word that is null at first, and leads to a state that is freed only after it was set to another.
macro_rules! word {
    ($name:literal, $get:ident, $set:ident) => {
        global_asm!(
            concat!(".pushsection .tbss.", $name, ",\"awT\",@nobits"),
            ".balign 8",
            concat!(".hidden ", $name),
            concat!(".globl ", $name),
            concat!(".type ", $name, ", @object"),
            concat!(".size ", $name, ", 8"),
            concat!($name, ":"),
            ".zero 8",
            ".popsection",
        );

        #[inline(always)]
        fn $get() -> *const State {
            let state: *const State;
            // SAFETY: two loads, of the word's place and of the word, which each thread has from its start.
            unsafe {
                asm!(
                    concat!("mov {0}, qword ptr [rip + ", $name, "@GOTTPOFF]"),
                    "mov {0}, qword ptr fs:[{0}]",
                    out(reg) state,
                    options(nostack, readonly, preserves_flags),
                );
            }
            state
        }

        fn $set(state: *const State) {
            // SAFETY: a load and a store of the thread's own word.
            unsafe {
                asm!(
                    concat!("mov {0}, qword ptr [rip + ", $name, "@GOTTPOFF]"),
                    "mov qword ptr fs:[{0}], {1}",
                    out(reg) _,
                    in(reg) state,
                    options(nostack, preserves_flags),
                );
            }
        }
    };
}

word!("__deadheat_current", current, set_current);
word!("__deadheat_recording", recorded, set_recorded);

/// The state of whoever runs: none before detection begins, after a thread's end, and on threads that
/// were started behind the library's back.
#[inline(always)]
pub(crate) fn get() -> Option<&'static State> {
    // SAFETY: the word is null or leads to a state.
    unsafe { current().as_ref() }
}

/// The same, where what it does has to be recorded: not while it is [`alone`].
#[inline(always)]
pub(crate) fn recording() -> Option<&'static State> {
    // SAFETY: the word is null or leads to a state.
    unsafe { recorded().as_ref() }
}

/// Makes `state` the one of whoever runs.
///
/// # Safety
///
/// `state` is null, or a state that nobody else runs and that stays until this is called again.
pub(crate) unsafe fn set(state: *const State) {
    set_current(state);
    record(!alone::is_alone());
}

/// What whoever runs does is recorded from now on, or not.
pub(crate) fn record(whether: bool) {
    set_recorded(if whether { current() } else { null() });
}
