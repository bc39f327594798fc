//! What is kept of threads that have ended.

use super::*;

/// Sweeps, and then looks again at what has ended; gives the labels of whom was forgotten.
fn forgotten_by_sweep(engine: &Engine) -> Vec<u64> {
    let mut forgotten = Vec::new();
    engine.sweep(|label| forgotten.push(label));
    engine.reclaim(|label| forgotten.push(label));
    forgotten
}

/// The `pupil`, which may have been told of a race, goes on: it learns something of the `teacher`'s.
fn learn(engine: &Engine, pupil: &mut ThreadClock, teacher: &mut ThreadClock) {
    let _ = access(engine, teacher, AccessKind::Read, 512, 8);
    let mut news = SyncVar::new();
    teacher.release(&mut news);
    pupil.acquire(&news);
}

/// A thread 3 that runs, and has written to 64, with the index of a thread 2 that has written to 8, ended and was joined.
fn successor(engine: &Engine, main: &mut ThreadClock) -> ThreadClock {
    let mut end = SyncVar::new();
    let mut first = engine.fork(main, 2).unwrap();
    let _ = access(engine, &first, AccessKind::Write, 8, 8);
    first.release(&mut end);
    let index = first.tid();
    drop(first);
    main.acquire(&end);
    let second = engine.fork(main, 3).unwrap();
    assert_eq!(second.tid(), index);
    let _ = access(engine, &second, AccessKind::Write, 64, 8);
    second
}

#[test]
fn who_recorded_nothing_unknown_is_freed_though_nobody_knows_its_end() {
    let engine = Engine::new();
    let mut main = engine.first_thread(0).unwrap();
    let mut teacher = engine.fork(&mut main, 1).unwrap();
    let (mut told, mut taught, mut end) = (SyncVar::new(), SyncVar::new(), SyncVar::new());
    let mut pupil = engine.fork(&mut main, 2).unwrap();
    let index = pupil.tid();
    let _ = access(&engine, &pupil, AccessKind::Write, 8, 8);
    pupil.release(&mut told);
    main.acquire(&told);
    teacher.acquire(&told);
    let _ = access(&engine, &teacher, AccessKind::Write, 64, 8);
    teacher.release(&mut taught);
    // What it learns now, it leaves where nobody looks before the index is used again.
    pupil.acquire(&taught);
    pupil.release(&mut end);
    drop(pupil);
    let mut forgotten = Vec::new();
    engine.reclaim(|label| forgotten.push(label));
    assert_eq!(forgotten, [2]);
    let mut next = engine.fork(&mut main, 3).unwrap();
    assert_eq!(next.tid(), index);
    next.release(&mut told);
    main.acquire(&told);
    teacher.acquire(&told);
    let known = engine.known_to_all().unwrap();
    assert!(known.has_all_of(&told) && !known.has_all_of(&end));
    assert_eq!(access(&engine, &main, AccessKind::Read, 64, 1).len(), 1);
    main.acquire(&end);
    assert_eq!(access(&engine, &main, AccessKind::Read, 65, 1), []);
}

#[test]
fn who_recorded_something_that_one_does_not_know_is_kept() {
    let engine = Engine::new();
    let mut main = engine.first_thread(0).unwrap();
    let other = engine.fork(&mut main, 1).unwrap();
    let mut told = SyncVar::new();
    let mut child = engine.fork(&mut main, 2).unwrap();
    let _ = access(&engine, &child, AccessKind::Write, 8, 8);
    child.release(&mut told);
    main.acquire(&told);
    drop(child);
    engine.reclaim(|_| unreachable!("the other one may race with it"));
    let races = access(&engine, &other, AccessKind::Read, 8, 8);
    assert_eq!(engine.label(races[0].previous_epoch), 2);
}

#[test]
fn what_was_left_is_known_to_all_when_all_know_it() {
    let engine = Engine::new();
    let mut main = engine.first_thread(0).unwrap();
    let mut other = engine.fork(&mut main, 1).unwrap();
    let (mut one, mut both) = (SyncVar::new(), SyncVar::new());
    let has = |var: &SyncVar| engine.known_to_all().unwrap().has_all_of(var);
    assert!(has(&one), "there is nothing");
    let _ = access(&engine, &main, AccessKind::Write, 8, 8);
    main.release(&mut one);
    main.release_merge(&mut both);
    let _ = access(&engine, &other, AccessKind::Write, 16, 8);
    other.release_merge(&mut both);
    assert!(!has(&one) && !has(&both));
    other.acquire(&one);
    assert!(has(&one), "one thread's");
    assert!(!has(&both), "main does not know it");
    main.acquire(&both);
    assert!(has(&both), "several threads'");
    let mut elsewhere = SyncVar::new();
    let another = Engine::new();
    another.first_thread(0).unwrap().release(&mut elsewhere);
    assert!(!has(&elsewhere), "another engine's");
    drop(another);
    assert!(has(&elsewhere), "nobody's");
}

#[test]
fn who_has_no_record_left_is_freed_though_somebody_knows_nothing_of_it() {
    let engine = Engine::new();
    let mut main = engine.first_thread(0).unwrap();
    let mut other = engine.fork(&mut main, 1).unwrap();
    let child = engine.fork(&mut main, 2).unwrap();
    let _ = access(&engine, &child, AccessKind::Read, 8, 8);
    let _ = access(&engine, &child, AccessKind::Write, 1 << 30, 8);
    drop(child);
    assert_eq!(forgotten_by_sweep(&engine), []);
    engine.reset(range(8, 8));
    assert_eq!(forgotten_by_sweep(&engine), [], "there is the write");
    let races = access(&engine, &other, AccessKind::Read, 1 << 30, 8);
    assert_eq!(engine.label(races[0].previous_epoch), 2);
    engine.reset(range(1 << 30, 8));
    // The other one has not acted since it was told of the race.
    assert_eq!(forgotten_by_sweep(&engine), []);
    assert_eq!(engine.label(races[0].previous_epoch), 2);
    learn(&engine, &mut other, &mut main);
    assert_eq!(forgotten_by_sweep(&engine), [2]);
    assert_eq!(engine.footprint().indices.free, 1);
}

#[test]
fn a_member_of_a_crowd_has_a_record() {
    let engine = Engine::new();
    let mut main = engine.first_thread(0).unwrap();
    let labels = 1..=20;
    for label in labels.clone() {
        let child = engine.fork(&mut main, label).unwrap();
        let _ = access(&engine, &child, AccessKind::Read, 8, 8);
    }
    assert_eq!(forgotten_by_sweep(&engine), []);
    let races = access(&engine, &main, AccessKind::Write, 8, 8);
    assert!(
        labels
            .clone()
            .contains(&engine.label(races[0].previous_epoch))
    );
    let mut told = SyncVar::new();
    engine.fork(&mut main, 21).unwrap().release(&mut told);
    main.acquire(&told);
    let mut forgotten = forgotten_by_sweep(&engine);
    forgotten.sort_unstable();
    assert_eq!(
        forgotten,
        (1..=21).collect::<Vec<_>>(),
        "the write took their place"
    );
}

#[test]
fn who_had_the_index_before_is_forgotten_with_its_records() {
    let engine = Engine::new();
    let mut main = engine.first_thread(0).unwrap();
    let mut other = engine.fork(&mut main, 1).unwrap();
    let second = successor(&engine, &mut main);
    drop(second);
    engine.reset(range(64, 8));
    assert_eq!(
        forgotten_by_sweep(&engine),
        [],
        "the first one's record is there"
    );
    let races = access(&engine, &other, AccessKind::Read, 8, 8);
    assert_eq!(engine.label(races[0].previous_epoch), 2);
    engine.reset(range(8, 8));
    learn(&engine, &mut other, &mut main);
    assert_eq!(forgotten_by_sweep(&engine), [2, 3]);
}

#[test]
fn who_had_the_index_before_one_that_runs_is_forgotten_with_its_records() {
    let engine = Engine::new();
    let mut main = engine.first_thread(0).unwrap();
    let mut other = engine.fork(&mut main, 1).unwrap();
    let second = successor(&engine, &mut main);
    assert_eq!(
        forgotten_by_sweep(&engine),
        [],
        "the first one's record is there"
    );
    engine.reset(range(8, 8));
    assert_eq!(forgotten_by_sweep(&engine), [2]);
    drop(second);
    assert_eq!(
        forgotten_by_sweep(&engine),
        [],
        "the second one's record is there"
    );
    let races = access(&engine, &other, AccessKind::Read, 64, 8);
    assert_eq!(engine.label(races[0].previous_epoch), 3);
    engine.reset(range(64, 8));
    learn(&engine, &mut other, &mut main);
    assert_eq!(forgotten_by_sweep(&engine), [3]);
}

#[test]
fn whose_index_is_used_again_while_it_sweeps_is_forgotten_with_its_records() {
    let engine = Engine::new();
    let mut main = engine.first_thread(0).unwrap();
    let _other = engine.fork(&mut main, 1).unwrap();
    let live = |main: &mut ThreadClock, label, address| {
        let mut end = SyncVar::new();
        let mut child = engine.fork(main, label).unwrap();
        let _ = access(&engine, &child, AccessKind::Write, address, 8);
        child.release(&mut end);
        main.acquire(&end);
        child.tid()
    };
    let index = live(&mut main, 2, 8);
    engine.reset(range(8, 8));
    let mut forgotten = Vec::new();
    let mut sweep = engine
        .begin_sweep(|label| forgotten.push(label))
        .expect("memory");
    assert_eq!(live(&mut main, 3, 16), index);
    assert_eq!(live(&mut main, 4, 24), index);
    engine.reset(range(24, 8));
    while engine.sweep_some(&mut sweep, 1) {}
    engine.reclaim(|label| forgotten.push(label));
    assert_eq!(forgotten, [2], "of the third it was not asked");
    engine.reset(range(16, 8));
    assert_eq!(forgotten_by_sweep(&engine), [3, 4]);
}

#[test]
fn who_asks_when_a_census_ends_delays_what_follows_from_it() {
    let engine = Engine::new();
    let mut main = engine.first_thread(0).unwrap();
    let other = engine.fork(&mut main, 1).unwrap();
    let child = engine.fork(&mut main, 2).unwrap();
    let _ = access(&engine, &child, AccessKind::Write, 8, 8);
    drop(child);
    let races = access(&engine, &other, AccessKind::Read, 8, 8);
    engine.reset(range(8, 8));
    assert_eq!(forgotten_by_sweep(&engine), []);
    assert!(!engine.has_become_free());
    assert_eq!(engine.label(races[0].previous_epoch), 2);
    other.has_asked();
    assert!(engine.has_become_free());
    let mut forgotten = Vec::new();
    engine.reclaim(|label| forgotten.push(label));
    assert_eq!(forgotten, [2], "without another sweep");
    assert!(!engine.has_become_free());
}

#[test]
fn what_was_recorded_while_it_sweeps_is_not_missed() {
    let engine = Engine::new();
    let mut main = engine.first_thread(0).unwrap();
    let other = engine.fork(&mut main, 1).unwrap();
    let child = engine.fork(&mut main, 2).unwrap();
    let _ = access(&engine, &main, AccessKind::Write, 8, 8);
    let _ = access(&engine, &main, AccessKind::Write, 1 << 30, 8);
    let mut sweep = engine.begin_sweep(|_| unreachable!()).unwrap();
    assert!(engine.sweep_some(&mut sweep, 1), "there is more");
    // Behind it, and by one that was running when it began.
    let _ = access(&engine, &child, AccessKind::Write, 16, 8);
    drop(child);
    while engine.sweep_some(&mut sweep, 1) {}
    engine.reclaim(|_| unreachable!("it has a record"));
    let races = access(&engine, &other, AccessKind::Read, 16, 8);
    assert_eq!(engine.label(races[0].previous_epoch), 2);
}

#[test]
fn a_census_bears_what_was_no_epoch() {
    let engine = Engine::new();
    let _main = engine.first_thread(0).unwrap();
    for bits in [u64::MAX >> 1, 1 << 62, 0, 1 << 36] {
        engine.shared.slots.is_seen(Epoch::from_bits(bits));
    }
}
