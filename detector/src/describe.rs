//! What reports say of call stacks and accesses, for front ends that keep threads of their own.
//!
//! [`crate::Detector`] is the front end of programs that name their places in the source
//! themselves; one that a compiler's instrumentation calls knows return addresses only, and drives
//! the engine without it.

use crate::context::Frame;
use crate::excerpt;
use crate::fingerprint::fingerprint;
use crate::report::{Access, MemoryLocation, Position, StackFrame};
use crate::symbolize;

pub use crate::housekeeping::Housekeeping;

/// Raw frames with their names, innermost first; frames of this toolkit and of the standard library
/// are left out, unless there are no others.
#[must_use]
pub fn stack(frames: impl IntoIterator<Item = Frame>) -> Vec<StackFrame> {
    symbolize::named(frames)
}

/// The place in the source that a return address belongs to, if debug information has it.
#[must_use]
pub fn place(return_address: usize) -> Option<Position> {
    let mut frames = stack([Frame::Return(return_address)]);
    frames.retain(|frame| frame.at.is_some());
    frames.into_iter().next()?.at
}

/// The functions that a return address belongs to, those that were inlined first; nothing is left out.
#[must_use]
pub fn functions(return_address: usize) -> Vec<String> {
    symbolize::functions(return_address)
}

/// The static variable that lies at `address`, if symbols have it.
#[must_use]
pub fn variable(address: usize) -> Option<String> {
    symbolize::variable(address)
}

/// The functions that have called this one, innermost first; nothing is left out.
#[must_use]
pub fn callers() -> Vec<String> {
    let mut functions = Vec::new();
    backtrace::trace(|frame| {
        functions.extend(symbolize::functions(frame.ip().addr()));
        true
    });
    functions
}

/// Quotes the source at the access's place, where it is there.
pub fn quote(access: &mut Access) {
    access.source = access.place().and_then(excerpt::around);
}

/// What tells the race of these two accesses from others: see
/// [`RaceReport::fingerprint`](crate::report::RaceReport::fingerprint).
#[must_use]
pub fn identity(current: &Access, previous: &Access, location: &MemoryLocation) -> String {
    fingerprint(current, previous, location)
}
