//! The side of a granule: what one thread puts there and another one in main.

use deadheat_engine::access::AccessKind::{self, AtomicRead, AtomicWrite, Read, Write};
use deadheat_engine::model::Model;
use loom::sync::Arc;
use loom::thread;

/// What a thread does.
#[derive(Clone, Copy)]
enum Step {
    Access(AccessKind, u8),
    Reset(u8),
    /// Forgets what was there before the threads started.
    Sweep,
}
use Step::{Access, Reset, Sweep};

/// Threads from here on made the accesses of [`Case::before`].
const EARLIER: usize = 10;

/// Versions of chains that are made before: one that is taken for a record is a write.
const VERSIONS: u64 = 1 << 20;

/// A granule, and threads that use it at once.
struct Case {
    before: &'static [(AccessKind, u8)],
    /// Whether all that is before the threads started is ordered before what they do.
    ordered: bool,
    threads: &'static [&'static [Step]],
}

/// What the threads found: `(finder, other)`.
type Found = [(usize, usize)];

impl Case {
    fn known(&self) -> usize {
        if self.ordered { EARLIER } else { usize::MAX }
    }

    /// Calls `check` in every interleaving with at most three preemptions.
    fn check(self, check: impl Fn(&Model, &Found) + Send + Sync + 'static) {
        crate::explore(3, move || {
            let model = Arc::new(Model::default());
            for (i, &(kind, mask)) in self.before.iter().enumerate() {
                let tid = EARLIER + i;
                assert!(
                    model
                        .access_after(tid, VERSIONS + tid as u64, kind, mask, EARLIER)
                        .is_empty()
                );
            }
            let known = self.known();
            let spawn = |(tid, &steps): (usize, &&'static [Step])| {
                let model = Arc::clone(&model);
                thread::spawn(move || run(&model, tid, steps, known))
            };
            let handles: Vec<_> = self.threads.iter().enumerate().map(spawn).collect();
            let found: Vec<_> = handles
                .into_iter()
                .flat_map(|handle| handle.join().unwrap())
                .collect();
            check(&model, &found);
        });
    }
}

fn run(model: &Model, tid: usize, steps: &[Step], known: usize) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (i, &step) in steps.iter().enumerate() {
        let version = (100 + 10 * tid + i) as u64;
        match step {
            Access(kind, mask) => {
                let races = model.access_after(tid, version, kind, mask, known);
                found.extend(races.into_iter().map(|other| (tid, other)));
            }
            Reset(mask) => model.reset(version, mask),
            Sweep => model.sweep(version, |tid, _| tid >= EARLIER),
        }
    }
    found
}

fn met(found: &Found, a: usize, b: usize) -> bool {
    found.contains(&(a, b)) || found.contains(&(b, a))
}

/// What a last access finds, which comes after all accesses of threads from `known` on.
fn last(model: &Model, kind: AccessKind, mask: u8, known: usize) -> Vec<usize> {
    model.access_after(9, 900, kind, mask, known)
}

#[test]
fn a_read_beside_and_a_write_in_main_meet() {
    for kind in [Write, AtomicWrite] {
        let threads: &[&[Step]] = match kind {
            Write => &[&[Access(Read, 0xff)], &[Access(Write, 0x0f)]],
            _ => &[&[Access(Read, 0xff)], &[Access(AtomicWrite, 0x0f)]],
        };
        for before in [&[][..], &[(Write, 0xff)], &[(Write, 0xff), (Read, 0xff)]] {
            let case = Case {
                before,
                ordered: true,
                threads,
            };
            case.check(|_, found| {
                assert!(met(found, 0, 1), "{found:?}");
                assert!(found.iter().all(|&(_, other)| other < EARLIER), "{found:?}");
            });
        }
    }
}

#[test]
fn a_write_that_supersedes_main_meets_a_read_that_supersedes_the_side() {
    let case = Case {
        before: &[(Write, 0xff), (Read, 0xff)],
        ordered: true,
        threads: &[&[Access(Read, 0xff)], &[Access(Write, 0xff)]],
    };
    case.check(|model, found| {
        assert!(met(found, 0, 1), "{found:?}");
        assert!(found.iter().all(|&(_, other)| other < EARLIER), "{found:?}");
        // One of them is remembered, whoever is asked for.
        assert!(!last(model, Write, 0xff, EARLIER).is_empty());
    });
}

#[test]
fn of_two_writes_over_a_read_one_finds_the_other() {
    let case = Case {
        before: &[(Write, 0xff), (Read, 0xff)],
        ordered: true,
        threads: &[&[Access(Write, 0xff)], &[Access(Write, 0xff)]],
    };
    case.check(|model, found| {
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(met(found, 0, 1));
        assert_eq!(model.nodes(), 0, "nothing is left that needs a node");
        // The read is covered: one record is left.
        assert_eq!(last(model, Write, 0xff, usize::MAX).len(), 1);
    });
}

#[test]
fn a_write_meets_both_the_read_beside_and_the_one_in_main() {
    let case = Case {
        before: &[(Read, 0x0f)],
        ordered: false,
        threads: &[&[Access(Read, 0xf0)], &[Access(Write, 0xff)]],
    };
    case.check(|_, found| {
        assert!(met(found, 0, 1) && met(found, 1, EARLIER), "{found:?}");
    });
}

#[test]
fn an_atomic_read_beside_and_a_write_in_main_meet() {
    for before in [
        &[][..],
        &[(AtomicWrite, 0xff)],
        &[(Write, 0xff), (AtomicRead, 0xff)],
    ] {
        let case = Case {
            before,
            ordered: true,
            threads: &[&[Access(AtomicRead, 0xff)], &[Access(Write, 0x0f)]],
        };
        case.check(|model, found| {
            assert!(met(found, 0, 1), "{found:?}");
            assert!(found.iter().all(|&(_, other)| other < EARLIER), "{found:?}");
            assert_eq!(last(model, Write, 0xf0, EARLIER), [0]);
        });
    }
}

/// As a lock's word is used: who changes it, and who looks at it again and again.
#[test]
fn an_atomic_read_beside_and_an_atomic_write_in_main_are_both_remembered() {
    for before in [
        &[(AtomicWrite, 0xff)][..],
        &[(AtomicWrite, 0xff), (AtomicRead, 0xff)],
    ] {
        for known in [1, EARLIER] {
            let case = Case {
                before,
                ordered: true,
                threads: &[&[Access(AtomicRead, 0xff)], &[Access(AtomicWrite, 0xff)]],
            };
            case.check(move |model, found| {
                assert!(found.is_empty(), "{found:?}");
                assert_eq!(model.nodes(), 0, "both have a place");
                // A plain write races with both, a plain read with the atomic write.
                match known {
                    1 => assert_eq!(last(model, Write, 0xff, known), [0]),
                    _ => assert_eq!(last(model, Read, 0xff, known), [1]),
                }
            });
        }
    }
}

#[test]
fn an_atomic_write_beside_and_a_plain_access_in_main_meet() {
    for plain in [Read, Write] {
        let threads: &[&[Step]] = match plain {
            Read => &[&[Access(AtomicWrite, 0xff)], &[Access(Read, 0x0f)]],
            _ => &[&[Access(AtomicWrite, 0xff)], &[Access(Write, 0x0f)]],
        };
        for before in [&[(Write, 0xff)][..], &[(Write, 0xff), (AtomicWrite, 0xff)]] {
            let case = Case {
                before,
                ordered: true,
                threads,
            };
            case.check(|model, found| {
                assert!(met(found, 0, 1), "{found:?}");
                assert!(found.iter().all(|&(_, other)| other < EARLIER), "{found:?}");
                assert_eq!(last(model, Read, 0xf0, EARLIER), [0]);
            });
        }
    }
}

/// As a counter is used.
#[test]
fn two_atomic_writes_are_both_remembered_in_place() {
    for before in [
        &[(AtomicWrite, 0xff)][..],
        &[(AtomicWrite, 0xff), (AtomicRead, 0xff)],
    ] {
        for known in [1, EARLIER] {
            let case = Case {
                before,
                ordered: true,
                threads: &[&[Access(AtomicWrite, 0xff)], &[Access(AtomicWrite, 0xff)]],
            };
            case.check(move |model, found| {
                assert!(found.is_empty(), "{found:?}");
                assert_eq!(model.nodes(), 0, "both have a place");
                let found = last(model, Read, 0xff, known);
                assert!(!found.is_empty());
                assert!(known == EARLIER || found == [0], "{found:?}");
            });
        }
    }
}

#[test]
fn two_writes_that_race_with_the_side_meet() {
    let case = Case {
        before: &[(Read, 0xff)],
        ordered: false,
        threads: &[&[Access(Write, 0xff)], &[Access(Write, 0xff)]],
    };
    // A byte has one race with an access: the one who finds the other write leaves it at that, and
    // may take the read away before the other looks.
    case.check(|_, found| assert!(met(found, 0, 1), "{found:?}"));
}

#[test]
fn of_two_reads_that_want_the_side_none_is_lost() {
    for before in [&[][..], &[(Write, 0xff)], &[(Write, 0xff), (Read, 0xff)]] {
        for asked in [0, 1] {
            let case = Case {
                before,
                ordered: true,
                threads: &[&[Access(Read, 0xff)], &[Access(Read, 0xff)]],
            };
            case.check(move |model, found| {
                assert!(found.is_empty(), "{found:?}");
                // Thread 1 is known, or none of the two.
                let found = last(model, Write, 0xff, [EARLIER, 1][asked]);
                assert!(!found.is_empty());
                assert!(asked == 0 || found == [0], "{found:?}");
            });
        }
    }
}

#[test]
fn two_reads_and_a_write_in_between_all_meet() {
    let case = Case {
        before: &[(Write, 0xff)],
        ordered: true,
        threads: &[
            &[Access(Read, 0xff)],
            &[Access(Write, 0xff)],
            &[Access(Read, 0xff)],
        ],
    };
    case.check(|_, found| {
        assert!(!met(found, 0, 2), "{found:?}");
        assert!(met(found, 0, 1) || met(found, 1, 2), "{found:?}");
        assert!(found.iter().all(|&(_, other)| other < EARLIER), "{found:?}");
    });
}

#[test]
fn a_read_beside_a_chain_and_a_write_to_it_meet() {
    let case = Case {
        before: &[(Write, 0x0f), (Write, 0xf0)],
        ordered: true,
        threads: &[&[Access(Read, 0x18)], &[Access(Write, 0x3c)]],
    };
    case.check(|model, found| {
        assert!(met(found, 0, 1), "{found:?}");
        assert!(found.iter().all(|&(_, other)| other < EARLIER), "{found:?}");
        assert!(model.nodes() <= 1);
    });
}

#[test]
fn neighbours_in_main_and_beside_it_keep_apart() {
    let case = Case {
        before: &[(Write, 0xff)],
        ordered: true,
        threads: &[&[Access(Read, 0x0f)], &[Access(Write, 0xf0)]],
    };
    case.check(|model, found| {
        assert!(found.is_empty(), "{found:?}");
        assert_eq!(last(model, Write, 0x0f, EARLIER), [0]);
        assert_eq!(last(model, Write, 0xf0, EARLIER), [1]);
    });
}

#[test]
fn a_read_that_was_replaced_is_not_taken_for_the_new_one() {
    // The first read is of all bytes, the next of some; the write is of the others.
    let case = Case {
        before: &[(Read, 0xff)],
        ordered: true,
        threads: &[&[Reset(0xff), Access(Read, 0x0f)], &[Access(Write, 0xf0)]],
    };
    case.check(|_, found| assert!(found.is_empty(), "{found:?}"));
}

#[test]
fn a_version_is_not_taken_for_the_bytes_of_a_record() {
    // The version of the chain was given by thread 11: as a record's word, it has byte 3, and is a
    // write's.
    let case = Case {
        before: &[(Write, 0x0f), (Write, 0xf0)],
        ordered: true,
        threads: &[&[Reset(0xff), Access(Write, 0xf0)], &[Access(Read, 0x08)]],
    };
    case.check(|_, found| assert!(found.is_empty(), "{found:?}"));
}

#[test]
fn a_reset_and_a_read_beside_leave_one_of_two_histories() {
    let case = Case {
        before: &[(Write, 0xff), (Read, 0xff)],
        ordered: true,
        threads: &[&[Reset(0xff)], &[Access(Read, 0xff)]],
    };
    case.check(|model, found| {
        assert!(found.is_empty());
        let found = last(model, Write, 0xff, usize::MAX);
        assert!(found.is_empty() || found == [1], "{found:?}");
    });
}

/// The bytes that the reset takes from the record before are part of the access that takes its place.
#[test]
fn a_write_whose_bytes_are_reset_meanwhile_is_remembered_whole() {
    let case = Case {
        before: &[(Write, 0xff)],
        ordered: true,
        threads: &[&[Access(Write, 0xff)], &[Access(Write, 0x0f), Reset(0x0f)]],
    };
    case.check(|model, found| {
        let remembered = last(model, Write, 0x0f, EARLIER);
        assert!(
            met(found, 0, 1) || remembered == [0],
            "{found:?} {remembered:?}"
        );
        assert_eq!(last(model, Write, 0xf0, EARLIER), [0]);
    });
}

#[test]
fn a_reset_of_some_bytes_takes_only_them() {
    for kind in [Read, Write] {
        let threads: &[&[Step]] = match kind {
            Read => &[&[Reset(0x0f)], &[Access(Read, 0xf0)]],
            _ => &[&[Reset(0x0f)], &[Access(Write, 0xf0)]],
        };
        let case = Case {
            before: &[(Write, 0xff), (Read, 0xff)],
            ordered: true,
            threads,
        };
        case.check(|model, found| {
            assert!(found.is_empty());
            assert_eq!(last(model, Write, 0xf0, EARLIER), [1]);
            assert!(last(model, Write, 0x0f, usize::MAX).is_empty());
        });
    }
}

#[test]
fn a_sweep_takes_only_what_is_known() {
    for kind in [Read, Write] {
        let threads: &[&[Step]] = match kind {
            Read => &[&[Sweep], &[Access(Read, 0xff)]],
            _ => &[&[Sweep], &[Access(Write, 0xff)]],
        };
        let case = Case {
            before: &[(Write, 0xff), (Read, 0xff)],
            ordered: true,
            threads,
        };
        case.check(|model, found| {
            assert!(found.is_empty());
            assert_eq!(last(model, Write, 0xff, usize::MAX), [1]);
        });
    }
}
