//! Atomic loads: what they bring, with the lock of a clock and without.

use super::*;
use crate::sync::Foreseen;

#[test]
fn a_load_brings_what_was_left_since_the_last_one() {
    let engine = Engine::new();
    let mut a = engine.first_thread(0).unwrap();
    let mut b = engine.fork(&mut a, 1).unwrap();
    let (id, mut acquired) = (SyncId(64), Acquired::new());
    let mut store = |ordering| {
        let before = a.epoch();
        let effect = AtomicEffect::Store(ordering);
        let (node, found) = (|| NodeId::ROOT, |_: &Race| {});
        let word = AtomicWord {
            id,
            foreseen: Foreseen::All(effect),
        };
        engine.atomic(&mut a, word, range(64, 8), || ((), effect), node, found);
        before
    };
    // Gives how often the load was performed: twice where something had come since the last look.
    let mut load = |b: &mut ThreadClock, ordering| {
        let loads = core::cell::Cell::new(0);
        engine.atomic_load(b, &mut acquired, id, ordering, || {
            loads.set(loads.get() + 1);
        });
        loads.get()
    };
    let first = store(Ordering::Release);
    assert_eq!(load(&mut b, Ordering::Relaxed), 1);
    assert!(!b.knows(first), "without a fence");
    assert_eq!(load(&mut b, Ordering::Acquire), 1);
    assert!(
        b.knows(first),
        "what a relaxed load has kept is not what was acquired"
    );
    assert_eq!(load(&mut b, Ordering::Acquire), 1);
    let second = store(Ordering::Release);
    assert_eq!(load(&mut b, Ordering::Acquire), 2);
    assert!(b.knows(second));
    let third = store(Ordering::Release);
    assert_eq!(load(&mut b, Ordering::Relaxed), 2);
    assert!(!b.knows(third));
    b.fence(Ordering::Acquire);
    assert!(b.knows(third));
}

#[test]
fn a_load_tells_whether_others_were_at_the_object_since_the_last_one() {
    let engine = Engine::new();
    let mut a = engine.first_thread(0).unwrap();
    let mut b = engine.fork(&mut a, 1).unwrap();
    let (id, mut acquired) = (SyncId(64), Acquired::new());
    engine.release(&mut a, id);
    let mut has_changed = |ordering| {
        let loaded = engine.atomic_load(&mut b, &mut acquired, id, ordering, || 7);
        assert_eq!(loaded.value, 7);
        loaded.has_changed
    };
    assert!(!has_changed(Ordering::Relaxed), "there was no load before");
    assert!(!has_changed(Ordering::Relaxed));
    assert!(
        !has_changed(Ordering::Acquire),
        "more is learned, of the same"
    );
    engine.release(&mut a, id);
    assert!(has_changed(Ordering::Relaxed));
    assert!(!has_changed(Ordering::Relaxed));
    engine.release(&mut a, id);
    assert!(has_changed(Ordering::Acquire));
    assert!(!has_changed(Ordering::Acquire));
}

#[test]
fn what_a_thread_does_itself_is_no_change_to_it() {
    let engine = Engine::new();
    let mut a = engine.first_thread(0).unwrap();
    let mut b = engine.fork(&mut a, 1).unwrap();
    let (id, mut acquired) = (SyncId(64), Acquired::new());
    engine.release(&mut a, id);
    engine.atomic_load(&mut b, &mut acquired, id, Ordering::Relaxed, || ());
    // An exchange that would have released, and failed.
    let exchange = |t: &mut ThreadClock| {
        let word = AtomicWord {
            id,
            foreseen: Foreseen::Release,
        };
        let effect = AtomicEffect::Load(Ordering::Relaxed);
        engine.atomic(
            t,
            word,
            range(64, 8),
            || ((), effect),
            || NodeId::ROOT,
            |_| {},
        );
    };
    exchange(&mut b);
    let loaded = engine.atomic_load(&mut b, &mut acquired, id, Ordering::Relaxed, || ());
    assert!(!loaded.has_changed);
    exchange(&mut a);
    let loaded = engine.atomic_load(&mut b, &mut acquired, id, Ordering::Relaxed, || ());
    assert!(loaded.has_changed);
}

#[test]
fn a_load_beside_stores_brings_just_what_it_reads() {
    const STORES: u64 = 20_000;
    /// Of values that were stored without a release.
    const RELAXED: u64 = 1 << 63;
    let engine = Engine::new();
    let mut a = engine.first_thread(0).unwrap();
    let mut b = engine.fork(&mut a, 1).unwrap();
    let (id, word, bytes) = (SyncId(64), AtomicU64::new(0), range(64, 8));
    let writer = a.tid();
    let known_before = b.time_of(writer).get();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for i in 1..=STORES {
                let (ordering, flag) = match i % 3 {
                    0 => (Ordering::Relaxed, RELAXED),
                    _ => (Ordering::Release, 0),
                };
                let effect = AtomicEffect::Store(ordering);
                let foreseen = Foreseen::All(effect);
                let value = a.epoch().time().get() | flag;
                let store = || (word.store(value, ordering), effect);
                let word = AtomicWord { id, foreseen };
                engine.atomic(&mut a, word, bytes, store, || NodeId::ROOT, |_| {});
                // Otherwise the next release would be the same again.
                engine.access(
                    &a,
                    AccessKind::Write,
                    range(128, 8),
                    || NodeId::ROOT,
                    |_| {},
                );
            }
            is_over.store(true, Ordering::Release);
        });
        scope.spawn(|| {
            while !is_over.load(Ordering::Acquire) {
                engine.sweep(|_| {});
            }
        });
        let (mut acquired, mut known) = (Acquired::new(), known_before);
        while !is_over.load(Ordering::Acquire) {
            let load = || word.load(Ordering::Acquire);
            let read = engine
                .atomic_load(&mut b, &mut acquired, id, Ordering::Acquire, load)
                .value;
            if read & RELAXED == 0 {
                known = known.max(read);
            }
            assert_eq!(b.time_of(writer).get(), known);
        }
    });
}
