//! Granules whose history is a chain.

use super::*;

#[test]
fn a_race_is_told_once_in_an_epoch_though_the_access_comes_to_stand_beside() {
    let engine = Engine::new();
    let mut t = engine.first_thread(0).unwrap();
    let reader = engine.fork(&mut t, 1).unwrap();
    let mut other = engine.fork(&mut t, 2).unwrap();
    let mut left = SyncVar::new();
    access(&engine, &other, AccessKind::AtomicRead, 64, 8);
    access(&engine, &reader, AccessKind::Read, 64, 8);
    let write = |t: &ThreadClock| access(&engine, t, AccessKind::AtomicWrite, 64, 8).len();
    assert_eq!(write(&t), 1);
    other.release(&mut left);
    t.acquire(&left);
    assert_eq!(write(&t), 0);
}

#[test]
fn a_chain_in_which_one_access_stands_for_all_comes_to_its_end() {
    let engine = Engine::new();
    let mut a = engine.first_thread(0).unwrap();
    let mut b = engine.fork(&mut a, 1).unwrap();
    let write = |thread: &ThreadClock, start| {
        access(&engine, thread, AccessKind::AtomicWrite, start, 4);
    };
    let mut done = SyncVar::new();
    let words: Vec<usize> = (0..4).map(|i| 64 + 8 * i).collect();
    for &word in &words {
        write(&a, word);
        // Of a flag, beside main.
        access(&engine, &a, AccessKind::AtomicRead, word + 4, 1);
        write(&b, word);
    }
    assert_eq!(engine.footprint().nodes_in_use, words.len() as u64);
    b.release(&mut done);
    a.acquire(&done);
    for _ in 0..200 {
        a.release(&mut done);
        words.iter().for_each(|&word| write(&a, word));
    }
    assert_eq!(engine.footprint().nodes_in_use, 0);
}

#[test]
fn an_access_that_a_chain_has_from_before_is_renewed_where_it_stands() {
    let engine = Engine::new();
    let mut a = engine.first_thread(0).unwrap();
    let b = engine.fork(&mut a, 1).unwrap();
    let mut left = SyncVar::new();
    access(&engine, &b, AccessKind::AtomicWrite, 64, 4);
    let turn = |a: &ThreadClock| {
        access(&engine, a, AccessKind::AtomicRead, 68, 1);
        access(&engine, a, AccessKind::AtomicWrite, 64, 4);
    };
    let main = || engine.shadow.granule(64).unwrap().main().load();
    turn(&a);
    let chain = main();
    assert!(crate::granule::is_crowded(chain), "{chain:?}");
    for _ in 0..10 {
        a.release(&mut left);
        turn(&a);
        assert_eq!(main(), chain);
    }
}
