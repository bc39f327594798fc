//! What every running thread knows, and gives its place, once no thread comes but by a fork.

use super::*;

#[test]
fn a_thread_that_nobody_forks_races_with_what_all_others_know() {
    let engine = Engine::new();
    let mut a = engine.first_thread(0).unwrap();
    let words = || (1..500).map(|word| 8 * word);
    for word in words() {
        assert!(access(&engine, &a, AccessKind::Write, word, 8).is_empty());
    }
    a.release(&mut SyncVar::new());
    for word in words() {
        assert!(access(&engine, &a, AccessKind::Read, word, 8).is_empty());
    }
    let b = engine.first_thread(1).unwrap();
    for word in words() {
        let races = access(&engine, &b, AccessKind::Read, word, 8);
        assert_eq!(races.len(), 1, "{word}");
    }
}

#[test]
fn no_first_thread_comes_after_it_was_promised() {
    let promises: [fn(&Engine); 3] = [
        Engine::no_more_first_threads,
        |engine| engine.reclaim(|_| {}),
        |engine| engine.sweep(|_| {}),
    ];
    for promise in promises {
        let engine = Engine::new();
        let mut a = engine.first_thread(0).unwrap();
        promise(&engine);
        assert!(engine.first_thread(1).is_none());
        assert!(engine.fork(&mut a, 1).is_some());
    }
}

#[test]
fn what_everybody_knows_is_found_out_however_often_a_thread_releases() {
    for before in 0..2 {
        let engine = Engine::new();
        let mut a = engine.first_thread(0).unwrap();
        engine.no_more_first_threads();
        let first = a.epoch();
        let words = || (1..200).map(|word| 8 * word);
        for word in words() {
            assert!(access(&engine, &a, AccessKind::Write, word, 8).is_empty());
        }
        let lock = SyncId(1);
        for _ in 0..=before {
            engine.release(&mut a, lock);
        }
        for word in words() {
            assert!(access(&engine, &a, AccessKind::Read, word, 8).is_empty());
            engine.release(&mut a, lock);
        }
        assert!(engine.settled.has(first), "{before}");
    }
}

#[test]
fn what_everybody_knows_gives_its_place_to_who_reads_it() {
    const WORDS: usize = 4096;
    let engine = Engine::new();
    let mut a = engine.first_thread(0).unwrap();
    engine.no_more_first_threads();
    let mut b = engine.fork(&mut a, 1).unwrap();
    let mut done = SyncVar::new();
    let words = || (0..WORDS).map(|word| 8 * (WORDS + word));
    for word in words() {
        assert!(access(&engine, &a, AccessKind::Write, word, 8).is_empty());
    }
    let written = engine.footprint().shadow;
    a.release(&mut done);
    b.acquire(&done);
    for word in words() {
        assert!(access_word(&engine, &b, AccessKind::Read, word).is_empty());
    }
    assert_eq!(
        engine.footprint().shadow,
        written + 4096,
        "one page of sides"
    );
    // The reads are remembered all the same.
    assert_eq!(
        access(&engine, &a, AccessKind::Write, 8 * (2 * WORDS - 1), 8).len(),
        1
    );
}
