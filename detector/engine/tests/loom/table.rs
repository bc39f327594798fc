//! The table of sync objects while it grows: nothing that is in it is missed, or there twice.

use deadheat_engine::model::table::Counts;
use loom::sync::Arc;
use loom::thread;

/// All four belong into one of the two first buckets, and two each into two of the four next ones.
const KEYS: [u64; 4] = [1, 3, 6, 11];
/// These are there when the threads start; the next one makes the table grow.
const BEFORE: [u64; 2] = [KEYS[0], KEYS[1]];

type Step = fn(&Counts);

/// Runs the threads in every interleaving with at most three preemptions, then `check`.
fn interleave(threads: &'static [Step], check: impl Fn(&Counts) + Send + Sync + 'static) {
    crate::explore(3, move || {
        let counts = Arc::new(Counts::default());
        BEFORE.iter().for_each(|&key| counts.add(key));
        let spawn = |step: &'static Step| {
            let counts = Arc::clone(&counts);
            thread::spawn(move || step(&counts))
        };
        let threads: Vec<_> = threads.iter().map(spawn).collect();
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        check(&counts);
    });
}

#[test]
fn the_keys_are_in_the_buckets_that_they_are_meant_to_be_in() {
    crate::explore(1, || {
        let counts = Counts::default();
        let first = counts.bucket(0, KEYS[0]);
        assert_eq!(KEYS.map(|key| counts.bucket(0, key)), [first; 4]);
        let [a, b, c, d] = KEYS.map(|key| counts.bucket(1, key));
        assert!(a == c && b == d && a != b);
    });
}

#[test]
fn a_key_that_two_threads_add_is_there_once() {
    let threads: &[Step] = &[|counts| counts.add(KEYS[2]), |counts| counts.add(KEYS[2])];
    interleave(threads, |counts| {
        assert_eq!(counts.get(KEYS[2]), 2);
        assert_eq!(counts.nodes(), 3);
    });
}

#[test]
fn what_was_there_is_found_and_counted_while_it_moves() {
    let threads: &[Step] = &[
        |counts| {
            counts.add(KEYS[2]);
            counts.add(KEYS[1]);
        },
        |counts| {
            counts.add(KEYS[1]);
            assert_eq!(counts.get(KEYS[0]), 1);
        },
    ];
    interleave(threads, |counts| {
        assert_eq!(KEYS.map(|key| counts.get(key)), [1, 3, 1, 0]);
        assert_eq!(counts.nodes(), 3);
    });
}

#[test]
fn both_buckets_that_one_becomes_get_their_own() {
    let threads: &[Step] = &[
        |counts| {
            counts.add(KEYS[2]);
            counts.add(KEYS[0]);
        },
        |counts| {
            counts.add(KEYS[3]);
            counts.add(KEYS[1]);
        },
    ];
    interleave(threads, |counts| {
        assert_eq!(KEYS.map(|key| counts.get(key)), [2, 2, 1, 1]);
        assert_eq!(counts.nodes(), 4);
    });
}

#[test]
fn a_look_at_all_misses_nothing_that_moves() {
    let threads: &[Step] = &[
        |counts| {
            counts.add(KEYS[2]);
            // Nothing is left where all was.
            counts.add(KEYS[1]);
            counts.add(KEYS[0]);
        },
        |counts| {
            let seen = counts.seen();
            assert!(BEFORE.iter().all(|key| seen.contains(key)), "{seen:?}");
        },
    ];
    interleave(threads, |counts| {
        let mut seen = counts.seen();
        seen.sort_unstable();
        assert_eq!(seen, [KEYS[0], KEYS[1], KEYS[2]]);
    });
}

#[test]
fn what_is_removed_while_it_moves_is_gone() {
    let threads: &[Step] = &[
        |counts| {
            counts.add(KEYS[2]);
            counts.add(KEYS[0]);
        },
        |counts| counts.remove(KEYS[1]),
    ];
    interleave(threads, |counts| {
        assert_eq!(KEYS.map(|key| counts.get(key)), [2, 0, 1, 0]);
        assert_eq!(counts.nodes(), 2);
    });
}

/// What two glances at a key tell, one after the other.
fn glance_twice(counts: &Counts, key: u64) -> Vec<[u64; 2]> {
    (0..2).filter_map(|_| counts.glance(key)).collect()
}

#[test]
fn a_glance_tells_what_was_there_at_one_moment() {
    let threads: &[Step] = &[
        |counts| {
            counts.add(KEYS[0]);
            counts.add(KEYS[0]);
        },
        |counts| {
            let told = glance_twice(counts, KEYS[0]);
            assert!(told.iter().all(|[one, other]| one == other), "{told:?}");
            assert!(told.is_sorted() && told.iter().all(|[count, _]| (1..=3).contains(count)));
        },
    ];
    interleave(threads, |counts| {
        assert_eq!(counts.glance(KEYS[0]), Some([3, 3]));
    });
}

#[test]
fn a_glance_misses_nothing_that_moves() {
    let threads: &[Step] = &[
        |counts| {
            counts.add(KEYS[2]);
            counts.add(KEYS[1]);
        },
        |counts| {
            let told = glance_twice(counts, KEYS[1]);
            let is_right = |[one, other]: &[u64; 2]| one == other && (1..=2).contains(one);
            assert!(told.iter().all(is_right), "{told:?}");
        },
    ];
    interleave(threads, |counts| {
        assert_eq!(counts.glance(KEYS[1]), Some([2, 2]));
    });
}

#[test]
fn a_glance_takes_nothing_else_for_what_was_removed() {
    let threads: &[Step] = &[
        |counts| {
            counts.remove(KEYS[1]);
            // In the same node, and counted twice.
            counts.add(KEYS[1]);
            counts.add(KEYS[1]);
        },
        |counts| {
            let told = glance_twice(counts, KEYS[1]);
            let may_be = [[0, 0], [1, 1], [2, 2]];
            assert!(
                told.iter().all(|counts| may_be.contains(counts)),
                "{told:?}"
            );
        },
    ];
    interleave(threads, |counts| {
        assert_eq!(counts.glance(KEYS[1]), Some([2, 2]));
    });
}
