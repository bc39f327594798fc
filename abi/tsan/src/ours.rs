//! Deadheat's own code in a program: that of its goroutines and cells.
//!
//! Generic and inlined code of Deadheat's is compiled as part of the program, and so instrumented, while
//! the rest of it is not. What it does to its own memory is no matter of the program's, and seen in halves
//! it would look like races; what its own locks and counters order, the program must not count on.
//! What the operations *mean* is told by themselves ([`crate::fiber`]). So an atomic operation of
//! Deadheat's code is none here, and a race is not reported where one side of it is Deadheat's code.
//!
//! Whose code something is, the innermost function tells that is not the standard library's. It is
//! looked at only in programs that run goroutines, and once for each call stack.

use crate::runtime::Runtime;
use crate::thread::{Inside, Place};
use dashmap::DashMap;
use deadheat_detector::context::{Frame, NodeId};
use deadheat_detector::describe;
use std::sync::LazyLock;
use std::sync::atomic::Ordering;

/// Crates of Deadheat's that a program has in it.
const OURS: [&str; 5] = [
    "deadheat",
    "deadheat_detector",
    "deadheat_engine",
    "deadheat_instrument",
    "deadheat_runtime",
];

/// The standard library's; the compiler names what leads to its allocator.
const STANDARD: [&str; 5] = ["__rustc", "alloc", "core", "hashbrown", "std"];

/// Callers that are looked at.
const CALLERS: usize = 24;

/// The crate of a function, by its name: `<a::B as c::D>::e` is of `a`.
fn crate_of(function: &str) -> &str {
    let name = function.trim_start_matches(['<', '&', '*', '(', '[']);
    let name = ["mut ", "const ", "dyn "]
        .iter()
        .fold(name, |name, word| name.strip_prefix(word).unwrap_or(name));
    name.split("::").next().unwrap_or(name)
}

/// Whether the innermost of these functions that is not the standard library's is ours.
pub(crate) fn is_ours<'a>(functions: impl IntoIterator<Item = &'a str>) -> bool {
    let mut crates = functions.into_iter().map(crate_of);
    crates
        .find(|name| !STANDARD.contains(name))
        .is_some_and(|name| OURS.contains(&name))
}

/// Whether what happens at `place` happens in our code.
#[inline]
pub(crate) fn is_inside(inside: &Inside, place: Place) -> bool {
    let runtime = inside.runtime();
    runtime.switches.load(Ordering::Relaxed) && is_at(runtime, inside.state.node_at(runtime, place))
}

/// Whether the innermost functions of the call stack `node` are ours.
#[cold]
pub(crate) fn is_at(runtime: &Runtime, node: NodeId) -> bool {
    static KNOWN: LazyLock<DashMap<NodeId, bool>> = LazyLock::new(DashMap::new);
    if let Some(known) = KNOWN.get(&node) {
        return *known;
    }
    let frames = runtime.contexts.frames(node).into_iter().take(CALLERS);
    let functions: Vec<_> = frames
        .flat_map(|frame| match frame {
            Frame::Return(site) => describe::functions(Place(site).site()),
            _ => Vec::new(),
        })
        .collect();
    let found = is_ours(functions.iter().map(String::as_str));
    KNOWN.insert(node, found);
    found
}

/// Whether our code is what has just called a function of the C library: the real stack tells, for code
/// that is not instrumented is not on the others.
#[inline(never)]
pub(crate) fn has_called() -> bool {
    let functions = describe::callers();
    let functions = functions.iter().map(String::as_str);
    // The library itself is what is walked from.
    is_ours(
        functions
            .skip_while(|name| crate_of(name) != "deadheat_tsan")
            .skip_while(|name| matches!(crate_of(name), "deadheat_tsan" | "deadheat_detector")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_function_of_a_crate_tells() {
        assert!(is_ours([
            "core::ptr::write",
            "<alloc::vec::Vec<T,A> as core::ops::Drop>::drop",
            "deadheat_runtime::chan::Sender<T>::send",
            "app::main",
        ]));
        assert!(is_ours([
            "<std::alloc::System as core::alloc::global::GlobalAlloc>::dealloc",
            "__rustc::__rdl_dealloc",
            "alloc::alloc::dealloc",
            "deadheat_runtime::run::Builder::go::{{closure}}",
        ]));
        assert!(is_ours(["<deadheat_runtime::go::JoinHandle<T>>::join"]));
        assert!(!is_ours([
            "app::main::{{closure}}",
            "deadheat_runtime::task::run"
        ]));
        assert!(!is_ours(["core::ptr::read", "deadheat_demo::work"]));
        assert!(!is_ours(["core::ptr::read"]));
        assert!(!is_ours([]));
    }
}
