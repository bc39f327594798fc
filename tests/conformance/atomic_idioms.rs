//! Locks, counts and protocols that programs build from atomics.

use crate::check::{clean, racy, racy_in_some};
use crate::common::until;
use crate::steps::together;
use deadheat::Shared;
use deadheat::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use deadheat::atomic::{AtomicBool, AtomicU64, fence};

/// Two goroutines count under a lock by compare-exchange.
fn spin_lock(take: Ordering, free: Ordering) {
    type State = (Shared<i32>, AtomicBool, Ordering, Ordering);
    let add: fn(&State) = |(count, locked, take, free)| {
        for _ in 0..2 {
            until(|| {
                let taken = locked.compare_exchange(false, true, *take, Relaxed);
                taken.is_ok()
            });
            count.update(|n| *n += 1);
            locked.store(false, *free);
        }
    };
    let count = Shared::named("count", 0);
    let state = (count, AtomicBool::new(false), take, free);
    together(state, [add, add]);
}

#[test]
fn a_spin_lock() {
    // The exchange acquires what the holder before released.
    clean(|| spin_lock(Acquire, Release));
}

#[test]
fn a_spin_lock_freed_by_a_relaxed_store() {
    // Nothing is released to the next holder.
    racy(&["count"], || spin_lock(Acquire, Relaxed));
}

#[test]
fn a_spin_lock_taken_by_a_relaxed_exchange() {
    // The next holder acquires nothing.
    racy(&["count"], || spin_lock(Relaxed, Release));
}

/// Two goroutines count under a lock that serves them in order of arrival.
fn ticket_lock(draw: Ordering, look: Ordering) {
    type State = (Shared<i32>, [AtomicU64; 2], Ordering, Ordering);
    let add: fn(&State) = |(count, [next, served], draw, look)| {
        let ticket = next.fetch_add(1, *draw);
        until(|| served.load(*look) == ticket);
        count.update(|n| *n += 1);
        served.store(ticket + 1, Release);
    };
    let words = [AtomicU64::new(0), AtomicU64::new(0)];
    let state = (Shared::named("count", 0), words, draw, look);
    together(state, [add, add]);
}

#[test]
fn a_ticket_lock() {
    // The word that says who is served carries the edge, so drawing may be relaxed.
    clean(|| ticket_lock(Relaxed, Acquire));
}

#[test]
fn a_ticket_lock_that_synchronises_on_the_wrong_word() {
    // Drawing a ticket comes before the critical section, so it cannot release it.
    racy(&["count"], || ticket_lock(AcqRel, Relaxed));
}

/// Goroutines that use an object, and the last of which destroys it.
fn reference_count(drop: Ordering, last: Option<Ordering>) {
    type State = (Shared<&'static str>, AtomicU64, Ordering, Option<Ordering>);
    let use_it: fn(&State) = |(object, count, drop, last)| {
        let _ = object.get();
        if count.fetch_sub(1, *drop) == 1 {
            if let Some(ordering) = last {
                fence(*ordering);
            }
            object.set("destroyed");
        }
    };
    let object = Shared::named("object", "alive");
    let state = (object, AtomicU64::new(3), drop, last);
    together(state, [use_it, use_it, use_it]);
}

#[test]
fn a_reference_count() {
    // Every release decrement is in the sequence that the last one's fence acquires.
    clean(|| reference_count(Release, Some(Acquire)));
}

#[test]
fn a_reference_count_without_a_fence() {
    // The last one has released its own uses, and acquired nobody else's.
    racy(&["object"], || reference_count(Release, None));
}

#[test]
fn a_reference_count_with_relaxed_decrements() {
    // The fence finds nothing released.
    racy(&["object"], || reference_count(Relaxed, Some(Acquire)));
}

#[test]
fn a_reference_count_with_acquire_release_decrements() {
    // Each decrement acquires all before it, the last one's among them.
    clean(|| reference_count(AcqRel, None));
}

#[test]
fn the_one_that_claims_a_task_does_it() {
    // Whatever the ordering, one of the exchanges only reads `false`: there is one writer.
    clean(|| {
        let claim: fn(&_) = |(task, claimed): &(Shared<i32>, AtomicBool)| {
            if !claimed.swap(true, Relaxed) {
                task.set(1);
            }
        };
        let state = (Shared::named("task", 0), AtomicBool::new(false));
        together(state, [claim, claim, claim]);
    });
}

#[test]
fn the_one_that_does_not_claim_a_task_reads_its_result() {
    // The claim precedes the work, so that it is taken does not say that it is done.
    racy(&["task"], || {
        let claim: fn(&_) = |(task, claimed): &(Shared<i32>, AtomicBool)| {
            if claimed.swap(true, AcqRel) {
                let _ = task.get();
            } else {
                task.set(1);
            }
        };
        let state = (Shared::named("task", 0), AtomicBool::new(false));
        together(state, [claim, claim]);
    });
}

#[test]
fn a_sequence_lock_over_plain_data() {
    // A reader that began before the writer reads along with it, and only then finds out. One
    // that sees the new number at once is ordered: not every schedule has the race.
    racy_in_some(&["data"], || {
        together(
            (Shared::named("data", 0), AtomicU64::new(0)),
            [
                |(data, sequence)| {
                    sequence.store(1, Relaxed);
                    fence(Release);
                    data.set(7);
                    sequence.store(2, Release);
                },
                |(data, sequence)| {
                    until(|| {
                        let before = sequence.load(Acquire);
                        let _ = data.get();
                        fence(Acquire);
                        before % 2 == 0 && sequence.load(Relaxed) == before
                    });
                },
            ],
        );
    });
}

#[test]
fn a_sequence_lock_over_atomic_data() {
    // Relaxed atomic accesses of the data do not race, and what is kept of them is consistent.
    clean(|| {
        type State = ([AtomicU64; 2], AtomicU64);
        let state: State = ([AtomicU64::new(0), AtomicU64::new(0)], AtomicU64::new(0));
        together(
            state,
            [
                |(data, sequence)| {
                    sequence.store(1, Relaxed);
                    fence(Release);
                    data.iter().for_each(|word| word.store(7, Relaxed));
                    sequence.store(2, Release);
                },
                |(data, sequence)| {
                    until(|| {
                        let before = sequence.load(Acquire);
                        let [one, other] = [0, 1].map(|i: usize| data[i].load(Relaxed));
                        fence(Acquire);
                        let kept = before % 2 == 0 && sequence.load(Relaxed) == before;
                        assert!(!kept || one == other);
                        kept
                    });
                },
            ],
        );
    });
}

/// Dekker's entry protocol: each says that it comes, then looks at the other. One gives way if
/// the other comes too, the other waits until the way is free.
fn dekker(store: Ordering, load: Ordering) {
    type State = (Shared<i32>, [AtomicBool; 2], Ordering, Ordering);
    let state: State = (
        Shared::named("data", 0),
        [AtomicBool::new(false), AtomicBool::new(false)],
        store,
        load,
    );
    together(
        state,
        [
            |(data, [mine, theirs], store, load)| {
                mine.store(true, *store);
                if !theirs.load(*load) {
                    data.set(1);
                }
                mine.store(false, *store);
            },
            |(data, [theirs, mine], store, load)| {
                mine.store(true, *store);
                until(|| !theirs.load(*load));
                data.set(2);
            },
        ],
    );
}

#[test]
fn dekkers_protocol() {
    // Of two SeqCst pairs of store and load, one load at least reads the other's store. If the
    // polite one enters, the other has read its `true` or its later `false`, which releases.
    clean(|| dekker(SeqCst, SeqCst));
}

#[test]
fn dekkers_protocol_with_relaxed_operations() {
    // No edges at all; a race wherever the polite one gets in.
    racy_in_some(&["data"], || dekker(Relaxed, Relaxed));
}

#[test]
fn store_buffering_then_data() {
    // Each writes its cell, says so, and reads the other's without regard to the answer: one of
    // the two has seen the other's store, the other may not have, on either cell.
    racy_in_some(&["one", "other"], || {
        type State = ([Shared<i32>; 2], [AtomicBool; 2]);
        let state: State = (
            [Shared::named("one", 0), Shared::named("other", 0)],
            [AtomicBool::new(false), AtomicBool::new(false)],
        );
        together(
            state,
            [
                |([mine, theirs], [say, hear])| {
                    mine.set(1);
                    say.store(true, SeqCst);
                    let _ = hear.load(SeqCst);
                    let _ = theirs.get();
                },
                |([theirs, mine], [hear, say])| {
                    mine.set(1);
                    say.store(true, SeqCst);
                    let _ = hear.load(SeqCst);
                    let _ = theirs.get();
                },
            ],
        );
    });
}

#[test]
fn store_buffering_with_data_read_where_seen() {
    // Who reads the other's `true` by an acquire load comes after its write.
    clean(|| {
        type State = ([Shared<i32>; 2], [AtomicBool; 2]);
        let state: State = (
            [Shared::named("one", 0), Shared::named("other", 0)],
            [AtomicBool::new(false), AtomicBool::new(false)],
        );
        together(
            state,
            [
                |([mine, theirs], [say, hear])| {
                    mine.set(1);
                    say.store(true, SeqCst);
                    if hear.load(SeqCst) {
                        assert_eq!(theirs.get(), 1);
                    }
                },
                |([theirs, mine], [hear, say])| {
                    mine.set(1);
                    say.store(true, SeqCst);
                    if hear.load(SeqCst) {
                        assert_eq!(theirs.get(), 1);
                    }
                },
            ],
        );
    });
}
