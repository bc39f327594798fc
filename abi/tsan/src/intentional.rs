//! Races that are meant: their authors know of them, and guard against what they read.
//!
//! They are not reported unless `DEADHEAT` has `intentional=report`. The list is short on purpose; what a
//! program of one's own means belongs into its suppressions.

use deadheat_detector::report::RaceReport;
use deadheat_detector::report::known::Pattern;

/// A race that is meant: the function in which it is, as patterns name it, and why.
struct Meant {
    function: &'static str,
    /// Whether one of the accesses has to be volatile.
    volatile: bool,
}

/// All of them.
const MEANT: [Meant; 2] = [
    // crossbeam-deque: a thief reads a slot while the owner may write it, and drops what it read unless a
    // compare-exchange says that nobody else has had it.
    Meant {
        function: "*crossbeam_deque::deque::*",
        volatile: true,
    },
    // crossbeam-utils: `AtomicCell` of a type without atomics of its size reads under a sequence lock, and
    // reads again where the sequence has changed.
    Meant {
        function: "*crossbeam_utils::atomic::atomic_cell::*",
        volatile: true,
    },
];

/// Whether a race is meant.
pub(crate) fn is_meant(report: &RaceReport) -> bool {
    let operations = [&report.current.operation, &report.previous.operation];
    let mut operations = operations.into_iter().flatten();
    let is_volatile = operations.any(|operation| operation.starts_with("volatile"));
    MEANT.iter().any(|meant| {
        let pattern = Pattern {
            function: Some(meant.function.to_owned()),
            ..Pattern::default()
        };
        (is_volatile || !meant.volatile) && pattern.matches(report)
    })
}
