//! The run-time library behind the calls that LLVM's ThreadSanitizer pass emits.
//!
//! A program that was compiled with the pass (`rustc -Cpasses=…`, `clang -fsanitize=thread`,
//! `gcc -fsanitize=thread`) tells it of every access and every atomic operation; what it has to
//! know beside those it learns by standing in front of functions of the C library: threads, locks,
//! memory, signals, processes. All of that becomes events of Deadheat's engine, and what that finds
//! becomes the reports that `deadheat` reads.
//!
//! - `current`: the thread-local words that lead to a thread's state;
//! - `alone`: while there is one thread, nothing is recorded;
//! - `thread`: the state of a thread or fiber, its call stack, when the engine may be called;
//! - `looks`: how a thread that waits for an atomic makes room for others;
//! - `runtime`: what all threads share; the beginning and the end of the process;
//! - `report`: races as data; `intentional`: those that are meant;
//! - `entry`: what the compiler calls: functions, accesses, atomics;
//! - `interpose`: functions of the C library;
//! - `fiber`: stacks that the program switches itself; `ours`: goroutines' own machinery, which is passed over.
//!
//! # What holds everywhere
//!
//! **The library is not seen.** It is never instrumented, and while a thread is *inside*
//! (`thread::State::enter`) nothing that it calls becomes an event: so the functions that it
//! interposes can be called by the library itself.
//!
//! **No lock of the library is held while code of the program runs**, and no signal handler of the
//! program runs while a thread is inside: it is put off until the thread leaves. So there is no
//! deadlock with the program's own locks, and none through a signal.
//!
//! **Nothing unwinds** out of it: every function that the program calls is `extern "C"`, and a
//! panic in one ends the process.
//!
//! On platforms other than Linux on x86-64 with the GNU C library the crate is empty.
#![cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]

mod alone;
mod current;
mod entry;
mod fiber;
mod intentional;
mod interpose;
mod looks;
mod ours;
mod report;
mod runtime;
mod thread;

/// The library's own memory. The program's `malloc` is interposed, so this is what lies behind it.
#[global_allocator]
static ALLOCATOR: interpose::alloc::Behind = interpose::alloc::Behind;
