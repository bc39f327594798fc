//! Fences: how they make relaxed operations pass a message (C++20, 33.5.11).

use crate::check::{clean, racy};
use crate::common::until;
use crate::steps::together;
use deadheat::Shared;
use deadheat::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use deadheat::atomic::{AtomicU64, fence};

/// Two cells, and two words to pass them on by.
struct State {
    x: Shared<i32>,
    y: Shared<i32>,
    a: AtomicU64,
    b: AtomicU64,
}

fn state() -> State {
    State {
        x: Shared::named("x", 0),
        y: Shared::named("y", 0),
        a: AtomicU64::new(0),
        b: AtomicU64::new(0),
    }
}

fn wait(word: &AtomicU64, ordering: Ordering) {
    until(|| word.load(ordering) == 1);
}

#[test]
fn acquire_fence_after_a_relaxed_load() {
    // A release store comes before an acquire fence behind a load that reads it.
    clean(|| {
        together(
            state(),
            [
                |s| {
                    s.x.set(1);
                    s.a.store(1, Release);
                },
                |s| {
                    wait(&s.a, Relaxed);
                    fence(Acquire);
                    assert_eq!(s.x.get(), 1);
                },
            ],
        );
    });
}

#[test]
fn release_fence_before_a_relaxed_store() {
    // A release fence comes before an acquire load that reads a store behind the fence.
    clean(|| {
        together(
            state(),
            [
                |s| {
                    s.x.set(1);
                    fence(Release);
                    s.a.store(1, Relaxed);
                },
                |s| {
                    wait(&s.a, Acquire);
                    assert_eq!(s.x.get(), 1);
                },
            ],
        );
    });
}

/// Relaxed store and load, with these fences before and behind.
fn between_fences(before: Option<Ordering>, behind: Option<Ordering>) {
    together(
        (state(), before, behind),
        [
            |(s, before, _)| {
                s.x.set(1);
                if let Some(ordering) = before {
                    fence(*ordering);
                }
                s.a.store(1, Relaxed);
            },
            |(s, _, behind)| {
                wait(&s.a, Relaxed);
                if let Some(ordering) = behind {
                    fence(*ordering);
                }
                let _ = s.x.get();
            },
        ],
    );
}

#[test]
fn fences_on_both_sides() {
    // Fence to fence, by way of relaxed operations in between.
    clean(|| between_fences(Some(Release), Some(Acquire)));
}

#[test]
fn sequentially_consistent_fences_on_both_sides() {
    // Such a fence is a release and an acquire fence.
    clean(|| between_fences(Some(SeqCst), Some(SeqCst)));
}

#[test]
fn a_fence_on_the_writers_side_only() {
    // Nobody acquires.
    racy(&["x"], || between_fences(Some(SeqCst), None));
}

#[test]
fn a_fence_on_the_readers_side_only() {
    // Nobody releases.
    racy(&["x"], || between_fences(None, Some(SeqCst)));
}

#[test]
fn fences_of_the_wrong_kinds() {
    // An acquire fence releases nothing, a release fence acquires nothing.
    racy(&["x"], || between_fences(Some(Acquire), Some(Release)));
}

#[test]
fn release_fence_behind_the_store() {
    // Only stores that follow the fence carry it.
    racy(&["x"], || {
        together(
            state(),
            [
                |s| {
                    s.x.set(1);
                    s.a.store(1, Relaxed);
                    fence(Release);
                },
                |s| {
                    wait(&s.a, Acquire);
                    let _ = s.x.get();
                },
            ],
        );
    });
}

#[test]
fn acquire_fence_before_the_load() {
    // A fence takes what was read before it.
    racy(&["x"], || {
        together(
            state(),
            [
                |s| {
                    s.x.set(1);
                    s.a.store(1, Release);
                },
                |s| {
                    fence(Acquire);
                    wait(&s.a, Relaxed);
                    let _ = s.x.get();
                },
            ],
        );
    });
}

#[test]
fn fences_without_an_atomic_object() {
    // Two fences synchronise through a word that the one side writes and the other reads.
    racy(&["x"], || {
        together(
            state(),
            [
                |s| {
                    s.x.set(1);
                    fence(SeqCst);
                    s.a.store(1, Relaxed);
                },
                |s| {
                    let _ = s.b.load(Relaxed);
                    fence(SeqCst);
                    let _ = s.x.get();
                },
            ],
        );
    });
}

#[test]
fn written_between_the_release_fence_and_the_store() {
    // The store carries what preceded the fence, not what preceded the store.
    racy(&["y"], || {
        together(
            state(),
            [
                |s| {
                    s.x.set(1);
                    fence(Release);
                    s.y.set(1);
                    s.a.store(1, Relaxed);
                },
                |s| {
                    wait(&s.a, Acquire);
                    assert_eq!(s.x.get(), 1);
                    let _ = s.y.get();
                },
            ],
        );
    });
}

#[test]
fn one_release_fence_for_two_stores() {
    // All later stores carry the fence, each to its own readers.
    clean(|| {
        together(
            state(),
            [
                |s| {
                    s.x.set(1);
                    fence(Release);
                    s.a.store(1, Relaxed);
                    s.b.store(1, Relaxed);
                },
                |s| {
                    wait(&s.a, Acquire);
                    assert_eq!(s.x.get(), 1);
                },
                |s| {
                    wait(&s.b, Relaxed);
                    fence(Acquire);
                    assert_eq!(s.x.get(), 1);
                },
            ],
        );
    });
}

fn send_x(s: &State) {
    s.x.set(1);
    s.a.store(1, Release);
}

fn send_y(s: &State) {
    s.y.set(1);
    s.b.store(1, Release);
}

#[test]
fn one_acquire_fence_for_two_loads() {
    // The fence takes what all earlier loads have read.
    clean(|| {
        together(
            state(),
            [send_x, send_y, |s| {
                wait(&s.a, Relaxed);
                wait(&s.b, Relaxed);
                fence(Acquire);
                assert_eq!((s.x.get(), s.y.get()), (1, 1));
            }],
        );
    });
}

#[test]
fn an_acquire_fence_between_two_loads() {
    // What the second load reads, no fence takes.
    racy(&["y"], || {
        together(
            state(),
            [send_x, send_y, |s| {
                wait(&s.a, Relaxed);
                fence(Acquire);
                wait(&s.b, Relaxed);
                assert_eq!(s.x.get(), 1);
                let _ = s.y.get();
            }],
        );
    });
}

/// Hands x on from word `a` to word `b`, with one fence in between.
fn relay(by: Ordering) {
    together(
        (state(), by),
        [
            |(s, _)| send_x(s),
            |(s, by)| {
                wait(&s.a, Relaxed);
                fence(*by);
                s.b.store(1, Relaxed);
            },
            |(s, _)| {
                wait(&s.b, Acquire);
                let _ = s.x.get();
            },
        ],
    );
}

#[test]
fn an_acquire_release_fence_relays() {
    // It takes what was read before, and later stores carry that on.
    clean(|| relay(AcqRel));
}

#[test]
fn a_release_fence_does_not_relay() {
    // It carries its goroutine's past, in which x is not without an acquire.
    racy(&["x"], || relay(Release));
}

#[test]
fn fences_around_read_modify_writes() {
    // A read-modify-write counts as the store behind one fence and the load before the other.
    clean(|| {
        together(
            state(),
            [
                |s| {
                    s.x.set(1);
                    fence(Release);
                    s.a.fetch_add(1, Relaxed);
                },
                |s| {
                    until(|| s.a.swap(0, Relaxed) == 1);
                    fence(Acquire);
                    assert_eq!(s.x.get(), 1);
                },
            ],
        );
    });
}

#[test]
fn a_fenced_message_overwritten_by_an_unfenced_store() {
    // The load reads another goroutine's store, which no fence precedes.
    racy(&["x"], || {
        together(
            state(),
            [
                |s| {
                    s.x.set(1);
                    fence(Release);
                    s.a.store(2, Relaxed);
                },
                |s| {
                    until(|| s.a.load(Relaxed) == 2);
                    s.a.store(1, Relaxed);
                },
                |s| {
                    // No acquire before: it might read the store that has a fence.
                    wait(&s.a, Relaxed);
                    assert_eq!(s.a.load(Acquire), 1);
                    let _ = s.x.get();
                },
            ],
        );
    });
}
