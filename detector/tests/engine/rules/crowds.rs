//! Many threads at once, and many one after the other.

use super::check::{A, DATA, FLAG, FREE, L, M, N, RACY, RACY_FLAG, X, check_alone};
use deadheat_detector::event::{Event, ThreadId};
use deadheat_oracle::event::{
    acquire, end, fork, free, join, load, read, release, release_merge, rmw, store, word, write,
};
use std::ops::RangeInclusive;
use std::sync::atomic::Ordering::{AcqRel, Relaxed};

/// Below, at and above where an implementation may go over to another representation.
const CROWDS: [u64; 9] = [2, 4, 5, 8, 9, 16, 17, 33, 64];

fn each(threads: RangeInclusive<u64>, event: impl Fn(u64) -> Event) -> Vec<Event> {
    threads.map(event).collect()
}

fn forked(crowd: u64) -> Vec<Event> {
    each(1..=crowd, |thread| fork(A, thread))
}

/// Everybody is forgotten once: only then does the write race.
#[test]
fn each_of_many_readers_is_remembered() {
    for crowd in CROWDS {
        for missing in std::iter::once(None).chain((1..=crowd).map(Some)) {
            let ordered = (1..=crowd).filter(|&thread| Some(thread) != missing);
            let ordered: Vec<_> = ordered.map(|thread| release_merge(thread, L)).collect();
            let events = [
                forked(crowd),
                each(1..=crowd, |thread| read(thread, X, 8)),
                ordered,
                vec![acquire(A, L), write(A, X, 8)],
            ];
            let races = check_alone(&events.concat(), missing.map_or(FREE, |_| RACY));
            let named: Vec<_> = races.iter().map(|race| race.previous_thread).collect();
            assert_eq!(named, missing.map(ThreadId).as_slice());
        }
    }
}

/// Readers of different sizes share a granule; each is remembered on its own bytes.
#[test]
fn each_of_many_readers_is_remembered_by_the_byte() {
    let part = |thread: u64| {
        let len = 1usize << (thread % 4);
        (X + thread as usize % 8 / len * len, len)
    };
    for crowd in CROWDS {
        for missing in [1, crowd / 2 + 1, crowd] {
            let others = (1..=crowd).filter(|&thread| thread != missing);
            let reads = each(1..=crowd, |thread| {
                let (start, len) = part(thread);
                read(thread, start, len)
            });
            let others: Vec<_> = others.map(|thread| release_merge(thread, L)).collect();
            let (start, len) = part(missing);
            let events = [
                forked(crowd),
                reads,
                others,
                vec![acquire(A, L), write(A, X, 8)],
            ];
            check_alone(&events.concat(), &[start..start + len]);
        }
    }
}

#[test]
fn a_lock_may_go_through_many_hands() {
    for crowd in CROWDS {
        let turn = |thread| [acquire(thread, L), write(thread, X, 8), release(thread, L)];
        let turns: Vec<_> = (1..=crowd).flat_map(turn).collect();
        let all = [forked(crowd), turns].concat();
        check_alone(&all, FREE);
        let middle = 3 * (crowd as usize / 2);
        let without = |index: usize| {
            let mut events = all.clone();
            events.remove(crowd as usize + middle + index);
            events
        };
        check_alone(&without(0), RACY);
        let last_unlocks = middle + 3 == 3 * crowd as usize;
        check_alone(&without(2), if last_unlocks { FREE } else { RACY });
    }
}

#[test]
fn a_barrier_orders_everybody() {
    for crowd in CROWDS {
        let parts = |shift: u64| {
            each(1..=crowd, move |thread| {
                write(thread, X + 8 * ((thread + shift) % crowd) as usize, 8)
            })
        };
        let arrive = each(1..=crowd, |thread| release_merge(thread, L));
        let leave = each(1..=crowd, |thread| acquire(thread, L));
        let all = [forked(crowd), parts(0), arrive, leave, parts(1)];
        check_alone(&all.concat(), FREE);
        let late = [&all[0], &all[1], &all[2], &all[3][1..], &all[4]];
        let racy = X + 8 * (2 % crowd) as usize;
        check_alone(&late.concat(), &[racy..racy + 8]);
    }
}

/// A flag that all raise, then taken for plain memory.
#[test]
fn many_atomics_against_one_plain_access() {
    for crowd in CROWDS {
        for atomic in [load, store, rmw] {
            let raise = each(1..=crowd, |thread| atomic(thread, FLAG, Relaxed));
            let gather = each(1..=crowd, |thread| release_merge(thread, L));
            let plain = vec![acquire(A, L), write(A, FLAG.start, 4)];
            let events = [forked(crowd), raise, gather, plain];
            check_alone(&events.concat(), FREE);
            let all_but_one = [&events[0], &events[1], &events[2][1..], &events[3]];
            check_alone(&all_but_one.concat(), RACY_FLAG);
        }
    }
}

#[test]
fn a_count_orders_all_that_counted() {
    for crowd in CROWDS {
        let counting = |ordering| {
            let uses = (1..=crowd).flat_map(|t| [read(t, X, 8), rmw(t, FLAG, ordering)]);
            let last = [rmw(A, FLAG, AcqRel), write(A, X, 8)];
            [forked(crowd), uses.collect(), last.to_vec()].concat()
        };
        check_alone(&counting(AcqRel), FREE);
        check_alone(&counting(Relaxed), RACY);
    }
}

/// Threads that come and go, each joined before the next: what one of them did is told from
/// what the next does, however they are counted.
#[test]
fn a_relay_of_short_lives() {
    const ROUNDS: u64 = 200;
    let round = |child| {
        [
            fork(A, child),
            write(child, X, 8),
            end(child),
            join(A, child),
        ]
    };
    let relay: Vec<_> = (1..=ROUNDS).flat_map(round).collect();
    check_alone(&relay, FREE);
    // An observer that knows of nobody, and one that knows of the tenth runner.
    let stranger = check_alone(&[&relay[..], &[write(1000, X, 8)]].concat(), RACY);
    assert_eq!(stranger[0].previous_thread, ThreadId(ROUNDS));
    let mut told = relay.clone();
    told.insert(4 * 10 - 2, release(10, M));
    told.extend([acquire(1000, M), write(1000, X, 8)]);
    let observer = check_alone(&told, RACY);
    assert_eq!(observer[0].previous_thread, ThreadId(ROUNDS));
}

/// An access of a thread that ended long ago is still known for its own.
#[test]
fn a_race_names_a_thread_that_is_gone() {
    let gone = [
        fork(A, 1),
        read(1, X, 8),
        write(1, X + 8, 8),
        end(1),
        join(A, 1),
    ];
    let later = (2..=70).flat_map(|child| {
        [
            fork(A, child),
            write(child, X + 0x100, 8),
            end(child),
            join(A, child),
        ]
    });
    let mut events = gone.to_vec();
    events.extend(later);
    events.push(write(1000, X, 8));
    let found = check_alone(&events, RACY);
    assert_eq!(found[0].previous_thread, ThreadId(1));
    assert_eq!(found[0].previous(), 1);
}

/// The second user of an index knows what the first did, and whoever knew the first does not
/// know the second.
#[test]
fn a_successor_is_another_thread() {
    let first = [
        fork(A, 1),
        fork(A, 50),
        write(1, X, 8),
        release(1, L),
        acquire(50, L),
        end(1),
        join(A, 1),
        fork(A, 2),
    ];
    check_alone(&[&first[..], &[write(2, X, 8)]].concat(), FREE);
    check_alone(&[&first[..], &[write(50, X, 8)]].concat(), FREE);
    check_alone(
        &[&first[..], &[write(2, X, 8), read(50, X, 8)]].concat(),
        RACY,
    );
    check_alone(
        &[
            &first[..],
            &[
                write(2, X, 8),
                release(2, M),
                acquire(50, M),
                read(50, X, 8),
            ],
        ]
        .concat(),
        FREE,
    );
}

/// A thread that nobody joined, beside one that somebody did.
#[test]
fn only_the_joined_are_ordered() {
    for crowd in CROWDS {
        let lives = (1..=crowd).flat_map(|t| [write(t, X + 8 * t as usize, 8), end(t)]);
        let joins = (2..=crowd).map(|t| join(A, t));
        let mut events = forked(crowd);
        events.extend(lives.chain(joins));
        events.extend((crowd + 1..2 * crowd).map(|child| fork(A, child)));
        let successors = (crowd + 1..2 * crowd)
            .map(|child| write(child, X + 8 * (child - crowd + 1) as usize, 8));
        let strict = [events.clone(), successors.collect()].concat();
        check_alone(&strict, FREE);
        let unjoined = write(2 * crowd - 1, X + 8, 8);
        check_alone(&[strict, vec![unjoined]].concat(), &[X + 8..X + 16]);
    }
}

#[test]
fn many_readers_leave_when_memory_is_given_back() {
    for crowd in CROWDS {
        let reads = each(1..=crowd, |thread| read(thread, X, 8));
        let events = [forked(crowd), reads].concat();
        check_alone(
            &[&events[..], &[free(A, X, 8), write(A, X, 8)]].concat(),
            FREE,
        );
        check_alone(
            &[&events[..], &[free(A, X, 4), write(A, X, 8)]].concat(),
            &[X + 4..DATA.end],
        );
    }
}

/// Words of all sizes over the same bytes do not conflict; a plain byte does with all.
#[test]
fn atomics_of_all_sizes_by_many() {
    let sized = |thread: u64| word(X, 1 << (thread % 5));
    for crowd in CROWDS {
        let stores = each(1..=crowd, |thread| store(thread, sized(thread), Relaxed));
        let events = [forked(crowd), stores].concat();
        check_alone(&events, FREE);
        let widest = (1..=crowd).map(|thread| sized(thread).len).max().unwrap();
        check_alone(&[&events[..], &[read(A, X, 16)]].concat(), &[X..X + widest]);
        let knows = each(1..=crowd, |thread| release_merge(thread, N));
        check_alone(
            &[&events[..], &knows, &[acquire(A, N), read(A, X, 16)]].concat(),
            FREE,
        );
    }
}
