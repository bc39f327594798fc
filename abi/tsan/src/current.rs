//! The one thread-local word: where the state of the running thread or fiber is.
//!
//! It is written in assembly because a `thread_local!` of a static library is reached by a call of
//! `__tls_get_addr`, which the compiler has to take for a call that destroys registers. This one is
//! reached by two loads (the *initial-exec* model), of which the linker makes one where the library is
//! part of the executable. A fiber may go on upon another thread, so the word is read anew each time:
//! the compiler does not look into the assembly.

use crate::thread::State;
use core::arch::{asm, global_asm};

global_asm!(
    ".pushsection .tbss.__deadheat_current,\"awT\",@nobits",
    ".balign 8",
    ".hidden __deadheat_current",
    ".globl __deadheat_current",
    ".type __deadheat_current, @object",
    ".size __deadheat_current, 8",
    "__deadheat_current:",
    ".zero 8",
    ".popsection",
);

/// The state of whoever runs: none before detection begins, after a thread's end, and on threads that
/// were started behind the library's back.
#[inline(always)]
pub(crate) fn get() -> Option<&'static State> {
    let state: *const State;
    // SAFETY: two loads, of the word's place and of the word, which each thread has from its start.
    unsafe {
        asm!(
            "mov {0}, qword ptr [rip + __deadheat_current@GOTTPOFF]",
            "mov {0}, qword ptr fs:[{0}]",
            out(reg) state,
            options(nostack, readonly, preserves_flags),
        );
    }
    // SAFETY: the word is null or leads to a state that is freed only after it was set to another.
    unsafe { state.as_ref() }
}

/// Makes `state` the one of whoever runs.
///
/// # Safety
///
/// `state` is null, or a state that nobody else runs and that stays until this is called again.
pub(crate) unsafe fn set(state: *const State) {
    // SAFETY: a load and a store of the thread's own word.
    unsafe {
        asm!(
            "mov {0}, qword ptr [rip + __deadheat_current@GOTTPOFF]",
            "mov qword ptr fs:[{0}], {1}",
            out(reg) _,
            in(reg) state,
            options(nostack, preserves_flags),
        );
    }
}
