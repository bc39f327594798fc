//! Which of the known ways to race a report looks like, and what usually mends it.
//!
//! The categories are those of Uber's study of races in Go (Chabbi and Ramanathan, PLDI 2022). A
//! report shows what was touched and how, not what was meant: the advice is a first guess.

use deadheat_detector::report::{Access, RaceReport};

/// A known way to race.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pattern {
    MisplacedAdd,
    SendAgainstClose,
    MixedAtomics,
    WriteUnderReadLock,
    PartlyLocked,
    SeparateLocks,
    SharedMap,
    SharedSlice,
    ParallelTable,
    ChannelAndMemory,
    CapturedVariable,
}

/// The pattern that `report` looks like most.
pub(super) fn of(report: &RaceReport) -> Pattern {
    let (one, other) = (&report.current, &report.previous);
    let operations = [one, other].map(|access| access.operation.as_deref().unwrap_or_default());
    let operated = |word: &str| operations.iter().any(|operation| operation.contains(word));
    let synced = synced(report);
    let writes_under_read_lock = [one, other]
        .iter()
        .any(|access| access.kind.is_write() && locks(access).any(|lock| lock == "read lock"));
    let is_locked = [one, other]
        .iter()
        .any(|access| locks(access).next().is_some());
    let are_both_locked = [one, other]
        .iter()
        .all(|access| locks(access).next().is_some());
    let cell = report.location.cell.as_deref().unwrap_or_default();
    let kinds = [one.kind, other.kind];
    if operated("WaitGroup") {
        Pattern::MisplacedAdd
    } else if operated("close") {
        Pattern::SendAgainstClose
    } else if kinds.iter().any(|kind| kind.is_atomic()) {
        Pattern::MixedAtomics
    } else if writes_under_read_lock {
        Pattern::WriteUnderReadLock
    } else if are_both_locked {
        Pattern::SeparateLocks
    } else if is_locked {
        Pattern::PartlyLocked
    } else if synced
        .iter()
        .any(|what| what.contains("read lock") || what.contains("read unlock"))
    {
        Pattern::WriteUnderReadLock
    } else if synced
        .iter()
        .any(|what| what.contains("lock") || what.contains("semaphore"))
    {
        Pattern::PartlyLocked
    } else if cell.starts_with("SharedMap") {
        Pattern::SharedMap
    } else if cell.starts_with("SharedSlice") {
        Pattern::SharedSlice
    } else if synced
        .iter()
        .any(|what| what.contains("channel") || what.contains("select"))
    {
        Pattern::ChannelAndMemory
    } else if are_siblings(report) {
        Pattern::ParallelTable
    } else {
        Pattern::CapturedVariable
    }
}

/// What an access's goroutine held.
fn locks(access: &Access) -> impl Iterator<Item = &str> {
    let locks = access.locks.as_deref().unwrap_or_default();
    locks.iter().map(|lock| &*lock.operation)
}

/// The synchronisations that the report knows.
fn synced(report: &RaceReport) -> Vec<&str> {
    let why = &report.unordered;
    let events = [&why.previous_release, &why.current_acquire];
    events
        .into_iter()
        .flatten()
        .map(|event| &*event.operation)
        .collect()
}

/// Whether both goroutines were started at one place: by a loop, mostly.
fn are_siblings(report: &RaceReport) -> bool {
    let [one, other] = &report.goroutines;
    one.id != other.id && !one.created_at.is_empty() && one.created_at == other.created_at
}

impl Pattern {
    /// The pattern's name, and what usually mends it.
    pub(super) fn advice(self) -> String {
        let (name, mend) = match self {
            Self::MisplacedAdd => (
                "a misplaced `WaitGroup::add`",
                "Call `add` before the `go` statement, in the goroutine that will wait, and not within the goroutine \
                 that is waited for; or use `WaitGroup::go`. Reuse a group only when every `wait` has returned.",
            ),
            Self::SendAgainstClose => (
                "a channel that is closed while another goroutine sends on it",
                "Let the sender close, once, when it has sent all. With several senders, wait for them first (a \
                 `WaitGroup`), or tell them to stop by another channel and never close this one.",
            ),
            Self::MixedAtomics => (
                "atomic and plain accesses of one word",
                "Make every access of the word atomic, or protect them all by one lock. An atomic operation orders \
                 nothing for a plain one beside it.",
            ),
            Self::WriteUnderReadLock => (
                "a write while only the read lock is held, or a lock around one side alone",
                "Take the write lock (`lock`) wherever the memory is changed: readers are not ordered among \
                 themselves. See that both sides take the same lock.",
            ),
            Self::PartlyLocked => (
                "memory that is locked in one place and not in the other",
                "Hold one and the same lock around every access of this memory, reads included, for as long as what \
                 was read must stay true.",
            ),
            Self::SeparateLocks => (
                "two locks for one memory, as where a structure was cloned with the lock in it (in Go: a mutex \
                 passed by value)",
                "Let both sides lock the same lock: share the one that there is (an `Arc`, a reference), and keep it \
                 together with what it protects. A lock orders nothing for who holds another.",
            ),
            Self::SharedMap => (
                "a map that several goroutines use at once",
                "Protect the map as a whole by one lock, reads included; or give each goroutine a map of its own, \
                 and join them at the end.",
            ),
            Self::SharedSlice => (
                "a slice that several goroutines use at once",
                "Give each goroutine elements of its own (disjoint indices are no race), or collect results through \
                 a channel; an append writes the backing memory that others may share.",
            ),
            Self::ChannelAndMemory => (
                "channels mixed with shared memory",
                "Send the value itself through the channel, or access it only before the send and after the matching \
                 receive. On a buffered channel the receive does not order what comes after the send.",
            ),
            Self::ParallelTable => (
                "goroutines of one loop that share a variable, as parallel table-driven tests do",
                "Give each iteration its own value: declare it within the loop's body, or move a copy into the \
                 closure. What they must share needs a lock or an atomic.",
            ),
            Self::CapturedVariable => (
                "a variable that a goroutine captured, and that its creator goes on using",
                "Pass the value in (`move` a copy), join the goroutine or receive its result before the variable is \
                 used again, or protect every access by one lock.",
            ),
        };
        format!("This looks like {name}.\n{mend}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use deadheat_detector::access::AccessKind;

    #[track_caller]
    fn check(expected: Pattern, change: impl FnOnce(&mut RaceReport)) {
        let mut report = sample::race("t", 42);
        report.unordered.previous_release = None;
        change(&mut report);
        assert_eq!(of(&report), expected);
    }

    /// The categories of the study, and who stands for each.
    #[test]
    fn each_pattern_has_its_advice() {
        for (pattern, words) in [
            (Pattern::CapturedVariable, "captured"),
            (Pattern::SharedSlice, "slice"),
            (Pattern::SharedMap, "map"),
            (Pattern::SeparateLocks, "mutex passed by value"),
            (
                Pattern::ChannelAndMemory,
                "channels mixed with shared memory",
            ),
            (Pattern::MisplacedAdd, "misplaced `WaitGroup::add`"),
            (Pattern::ParallelTable, "parallel table-driven tests"),
            (Pattern::WriteUnderReadLock, "only the read lock"),
            (Pattern::PartlyLocked, "locked in one place"),
            (Pattern::SendAgainstClose, "closed while"),
            (Pattern::MixedAtomics, "atomic and plain"),
        ] {
            let advice = pattern.advice();
            let (name, mend) = advice.split_once('\n').unwrap();
            assert!(name.contains(words) && mend.ends_with('.'), "{advice}");
        }
    }

    fn held(access: &mut Access, what: &str) {
        let at = access.place().cloned().unwrap();
        let operation = what.to_owned();
        access.locks = Some(vec![deadheat_detector::report::SyncEvent { operation, at }]);
    }

    fn released(report: &mut RaceReport, what: &str) {
        let at = report.current.place().cloned().unwrap();
        let operation = what.to_owned();
        report.unordered.previous_release =
            Some(deadheat_detector::report::SyncEvent { operation, at });
    }

    #[test]
    fn each_pattern_is_known_by_its_signs() {
        check(Pattern::CapturedVariable, |_| {});
        check(Pattern::ParallelTable, |report| {
            let stack = report.current.stack.clone();
            report
                .goroutines
                .iter_mut()
                .for_each(|g| g.created_at = stack.clone());
        });
        check(Pattern::MisplacedAdd, |report| {
            report.current.operation = Some("WaitGroup wait".into());
        });
        check(Pattern::SendAgainstClose, |report| {
            report.previous.operation = Some("channel close".into());
        });
        check(Pattern::MixedAtomics, |report| {
            report.current.kind = AccessKind::AtomicWrite;
        });
        check(Pattern::PartlyLocked, |report| {
            held(&mut report.previous, "mutex lock");
        });
        check(Pattern::SeparateLocks, |report| {
            held(&mut report.previous, "mutex lock");
            held(&mut report.current, "mutex lock");
        });
        check(Pattern::WriteUnderReadLock, |report| {
            held(&mut report.current, "read lock");
        });
        check(Pattern::PartlyLocked, |report| {
            released(report, "release of the semaphore acquired");
        });
        check(Pattern::PartlyLocked, |report| {
            held(&mut report.previous, "read lock");
        });
        check(Pattern::WriteUnderReadLock, |report| {
            released(report, "read unlock of the lock taken");
        });
        check(Pattern::PartlyLocked, |report| {
            released(report, "unlock of the mutex locked");
        });
        check(Pattern::ChannelAndMemory, |report| {
            released(report, "channel send");
        });
        check(Pattern::SharedMap, |report| {
            report.location.cell = Some("SharedMap<u8, u8>".into());
        });
        check(Pattern::SharedSlice, |report| {
            report.location.cell = Some("SharedSlice<u8>".into());
        });
    }
}
