//! Instrumentation by the compiler: what makes rustc call the engine at every access of a program
//! that is not annotated.
//!
//! rustc's own ThreadSanitizer pass inserts the calls, by flags that a stable compiler takes; a library
//! of ours answers them. The standard library comes compiled and without such calls, so it is
//! instrumented anew, from the bitcode that it carries, once for each toolchain.
//!
//! - `toolchain`: the compiler that is used, and whether it can be; `passes`: what it is told to insert;
//! - `standard`: the standard library with calls in it; `bitcode`: one of its objects; `archive`: one
//!   of its archives; `sysroot`: a toolchain as rustc looks for it, with those archives in it;
//! - `wrapped`: what is done where the standard library cannot be instrumented;
//! - `cache`: where that lies, whole or not at all; `manifest`: what tells whole from damaged;
//! - `library`: what answers the calls; `updates`: what is loaded into the compiler, so that it makes calls
//!   of the updates that its pass does not know; `tool`: the programs that make these;
//! - `selection`: whose accesses are looked at; `graph`: the packages that there are;
//! - `wiring`: what cargo is told; `wrapper`: what is done when cargo calls us as its compiler;
//!   `conflict`: flags of the user's that cannot be had at the same time;
//! - `doctor`: what a machine lacks.

mod archive;
mod bitcode;
mod cache;
mod conflict;
mod doctor;
mod graph;
mod library;
mod manifest;
mod passes;
mod selection;
mod standard;
mod sysroot;
mod tool;
mod toolchain;
mod updates;
mod wiring;
mod wrapped;
mod wrapper;

pub(crate) use doctor::{State, checks};
pub(crate) use selection::Selection;
pub(crate) use standard::StandardChoice;
pub(crate) use wiring::Wiring;
pub(crate) use wrapper::called_as;
