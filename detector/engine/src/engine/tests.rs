//! The engine, in situations that need few threads and exact counts.

mod chains;
mod ended;
mod loads;
mod reset;
mod settled;
mod words;

use super::*;
use crate::clock::Time;
use crate::primitive::AtomicBool;

fn range(start: usize, len: usize) -> ByteRange {
    ByteRange::new(start, len).unwrap()
}

fn access(
    engine: &Engine,
    t: &ThreadClock,
    kind: AccessKind,
    start: usize,
    len: usize,
) -> Vec<Race> {
    access_from(engine, t, kind, (start, len), NodeId::ROOT)
}

#[test]
fn a_race_in_a_range_is_found_though_pages_are_given_back_meanwhile() {
    let engine = Engine::new();
    let mut a = engine.first_thread(0).unwrap();
    let mut b = engine.fork(&mut a, 1).unwrap();
    let (start, len) = (1 << 20, 1 << 17);
    assert!(access(&engine, &a, AccessKind::Write, start, len).is_empty());
    assert!(access(&engine, &a, AccessKind::Write, 8, 32).is_empty());
    let mut done = SyncVar::new();
    a.release(&mut done);
    b.acquire(&done);
    assert!(access(&engine, &b, AccessKind::Read, 24, 8).is_empty());
    // The call stack is asked for when the first record is about to be put in its place.
    let given_back = || {
        engine.reset(range(start, len));
        NodeId::ROOT
    };
    let mut races = Vec::new();
    let found = |race: &Race| races.push(race.bytes);
    engine.access(&a, AccessKind::Write, range(8, 32), given_back, found);
    assert_eq!(races, [range(24, 8)]);
}

/// The races that an access by the call stack `node` is in.
fn access_from(
    engine: &Engine,
    t: &ThreadClock,
    kind: AccessKind,
    (start, len): (usize, usize),
    node: NodeId,
) -> Vec<Race> {
    let mut races = Vec::new();
    let found = |race: &Race| races.push(*race);
    engine.access(t, kind, range(start, len), || node, found);
    races
}

#[test]
fn a_wide_access_reports_one_race_for_each_earlier_access() {
    let engine = Engine::new();
    let mut a = engine.first_thread(0).unwrap();
    let b = engine.fork(&mut a, 1).unwrap();
    assert!(access(&engine, &a, AccessKind::Write, 100, 20).is_empty());
    let races = access(&engine, &b, AccessKind::Read, 90, 100);
    assert_eq!(races.len(), 1);
    assert_eq!(races[0].bytes, range(100, 20));
    assert_eq!(engine.racy_bytes(), [range(100, 20)]);
}

/// The races that an access to `bytes` by the call stack `node` is in, after an attempt to record it at once.
fn access_after(
    engine: &Engine,
    attempt: AtOnce,
    t: &ThreadClock,
    kind: AccessKind,
    (bytes, node): (ByteRange, NodeId),
) -> Vec<Race> {
    let mut races = Vec::new();
    let found = |race: &Race| races.push(*race);
    engine.access_after(attempt, t, kind, bytes, node, found);
    races
}

/// Records an access to one word as programs whose accesses come one by one do.
fn access_word(engine: &Engine, t: &ThreadClock, kind: AccessKind, start: usize) -> Vec<Race> {
    let word = engine.word(start, 8).unwrap();
    if engine.has_made(t.epoch(), kind, word) {
        return Vec::new();
    }
    let attempt = engine.word_at_once(t, kind, word, NodeId::ROOT);
    access_after(engine, attempt, t, kind, (range(start, 8), NodeId::ROOT))
}

#[test]
fn a_race_that_a_racy_read_orders_is_dependent() {
    let engine = Engine::new();
    let mut a = engine.first_thread(0).unwrap();
    let b = engine.fork(&mut a, 1).unwrap();
    let c = engine.fork(&mut a, 2).unwrap();
    let (data, flag) = (8, 64);
    let _ = access(&engine, &a, AccessKind::Write, data, 8);
    let _ = access(&engine, &a, AccessKind::Write, flag, 8);
    assert!(!access(&engine, &b, AccessKind::Read, flag, 8)[0].dependent);
    assert!(access(&engine, &b, AccessKind::Read, data, 8)[0].dependent);
    assert!(!access(&engine, &c, AccessKind::Write, data, 8)[0].dependent);
}

#[test]
fn of_several_racing_writes_a_plain_one_is_named() {
    let engine = Engine::new();
    let mut a = engine.first_thread(0).unwrap();
    let b = engine.fork(&mut a, 1).unwrap();
    let c = engine.fork(&mut a, 2).unwrap();
    let (data, flag) = (8, 64);
    let _ = access(&engine, &a, AccessKind::Write, data, 8);
    let _ = access(&engine, &a, AccessKind::Write, flag, 2);
    let _ = access(&engine, &c, AccessKind::AtomicWrite, flag, 1);
    // The write goes on, from the same place: its record comes after the other now.
    let _ = access(&engine, &a, AccessKind::Write, flag + 2, 2);
    let races = access(&engine, &b, AccessKind::Read, flag, 4);
    assert_eq!(races.len(), 1, "{races:?}");
    assert_eq!(races[0].bytes, range(flag, 4));
    assert_eq!(races[0].previous_kind, AccessKind::Write);
    assert!(access(&engine, &b, AccessKind::Read, data, 8)[0].dependent);
}

#[test]
fn reset_memory_has_no_history() {
    let engine = Engine::new();
    let mut a = engine.first_thread(0).unwrap();
    let b = engine.fork(&mut a, 1).unwrap();
    let _ = access(&engine, &a, AccessKind::Write, 8, 8);
    assert_eq!(access(&engine, &b, AccessKind::Write, 8, 8).len(), 1);
    engine.reset(range(8, 8));
    assert!(access(&engine, &a, AccessKind::Write, 8, 8).is_empty());
    assert_eq!(engine.racy_bytes(), []);
}

#[test]
fn the_same_epoch_check_asks_for_no_stack() {
    let engine = Engine::new();
    let a = engine.first_thread(0).unwrap();
    let _ = access(&engine, &a, AccessKind::Write, 8, 40);
    for (start, len) in [(10, 2), (8, 40)] {
        let asked = || panic!("asked for a stack");
        engine.access(&a, AccessKind::Read, range(start, len), asked, |_| {
            panic!("a race")
        });
    }
}

#[test]
fn clocks_of_another_engine_order_nothing() {
    let (one, two) = (Engine::new(), Engine::new());
    let mut left_in_one = SyncVar::new();
    one.first_thread(0).unwrap().release(&mut left_in_one);
    let mut a = two.first_thread(0).unwrap();
    let mut b = two.fork(&mut a, 1).unwrap();
    let _ = access(&two, &a, AccessKind::Write, 8, 8);
    b.acquire(&left_in_one);
    assert_eq!(access(&two, &b, AccessKind::Write, 8, 8).len(), 1);
}

#[test]
fn an_index_is_used_again_by_whoever_knows_its_end() {
    let engine = Engine::new();
    let mut main = engine.first_thread(0).unwrap();
    let other = engine.fork(&mut main, 1).unwrap();
    let mut end = SyncVar::new();
    let first = {
        let mut child = engine.fork(&mut main, 2).unwrap();
        let _ = access(&engine, &child, AccessKind::Write, 8, 8);
        child.release(&mut end);
        child.tid()
    };
    let unjoined = engine.fork(&mut main, 3).unwrap();
    assert_ne!(unjoined.tid(), first, "nobody knows the end");
    main.acquire(&end);
    let again = engine.fork(&mut main, 4).unwrap();
    assert_eq!(again.tid(), first);
    assert!(
        access(&engine, &again, AccessKind::Read, 8, 8).is_empty(),
        "it comes after"
    );
    let races = access(&engine, &other, AccessKind::Write, 8, 8);
    let labels: Vec<_> = races
        .iter()
        .map(|race| engine.label(race.previous_epoch))
        .collect();
    assert_eq!(labels, [2], "the write, by whoever had the index before");
    let races = access(&engine, &unjoined, AccessKind::Write, 8, 8);
    assert_eq!(engine.label(races[0].previous_epoch), 1);
}

#[test]
fn what_everybody_knows_is_freed() {
    let engine = Engine::new();
    let mut main = engine.first_thread(0).unwrap();
    let mut end = SyncVar::new();
    for label in 1..=100 {
        let mut child = engine.fork(&mut main, label).unwrap();
        let _ = access(
            &engine,
            &child,
            AccessKind::Write,
            0x10_0000 * label as usize,
            8,
        );
        engine.sync(SyncId(label), |var| child.release(var));
        child.release_merge(&mut end);
    }
    let mut forgotten = Vec::new();
    engine.sweep(|label| forgotten.push(label));
    assert_eq!(forgotten, [], "main knows none of their ends");
    assert_eq!(engine.footprint().indices.ended, 100);
    let before = engine.footprint();
    main.acquire(&end);
    engine.sweep(|label| forgotten.push(label));
    forgotten.sort_unstable();
    assert_eq!(forgotten, (1..=100).collect::<Vec<_>>());
    let after = engine.footprint();
    assert_eq!(
        after.indices,
        Indices {
            running: 1,
            ended: 0,
            free: 100,
            former: 0,
        }
    );
    assert_eq!((before.shadow, after.shadow), (100 * 4096, 0));
    assert!(
        after.nodes_in_use + 90 < before.nodes_in_use,
        "{before:?} {after:?}"
    );
}

#[test]
fn without_memory_nothing_is_reported() {
    let engine = Engine::with(&Source::default(), Limits { nodes: 4 }).unwrap();
    let mut main = engine.first_thread(0).unwrap();
    let children: Vec<_> = (0..9).filter_map(|i| engine.fork(&mut main, i)).collect();
    for child in &children {
        let _ = access(&engine, child, AccessKind::Read, 8, 8);
    }
    assert!(engine.is_exhausted());
    assert!(access(&engine, &main, AccessKind::Write, 8, 8).is_empty());
    assert!(engine.footprint().lost > 0);
}

/// Takes all nodes but `left`, for sync objects.
fn fill(engine: &Engine, thread: &mut ThreadClock, limit: u64, left: u64) {
    for id in 0.. {
        if engine.footprint().nodes_in_use + left + 1 == limit {
            return;
        }
        engine.sync(SyncId(id), |var| thread.release(var));
    }
}

#[test]
fn housekeeping_without_memory_loses_nothing() {
    const NODES: u32 = 64;
    for left in 0..6 {
        let engine = Engine::with(&Source::default(), Limits { nodes: NODES }).unwrap();
        let mut main = engine.first_thread(0).unwrap();
        let mut child = engine.fork(&mut main, 1).unwrap();
        let mut end = SyncVar::new();
        engine.fork(&mut main, 2).unwrap().release(&mut end);
        main.acquire(&end);
        fill(&engine, &mut main, u64::from(NODES), left);
        engine.reclaim(|_| {});
        engine.sweep(|_| {});
        // It has an index of its own, if it cannot be noted who had the other.
        let other = engine.fork(&mut main, 3).unwrap();
        assert!(!engine.is_exhausted(), "{left} nodes were left");
        engine.forget_sync(SyncId(0));
        let _ = access(&engine, &other, AccessKind::Write, 8, 8);
        assert_eq!(access(&engine, &child, AccessKind::Write, 8, 8).len(), 1);
        child.acquire(&end);
        assert!(!engine.is_exhausted());
    }
}

#[test]
fn a_history_that_cannot_be_thinned_is_kept() {
    const NODES: u32 = 64;
    let engine = Engine::with(&Source::default(), Limits { nodes: NODES }).unwrap();
    let mut main = engine.first_thread(0).unwrap();
    let _ = access(&engine, &main, AccessKind::Write, 8, 1);
    let mut child = engine.fork(&mut main, 1).unwrap();
    for byte in [9, 10] {
        let _ = access(&engine, &child, AccessKind::Write, byte, 1);
        child.release(&mut SyncVar::new());
    }
    let pool = &engine.shared.pool;
    let known = engine.known_to_all().unwrap();
    fill(&engine, &mut main, u64::from(NODES), 0);
    let is_known = |epoch| known.has(epoch);
    let mut thinned = Vec::new();
    engine
        .shadow
        .sweep(&mut Position::default(), usize::MAX, |granule, beside| {
            let version = || engine.next_version();
            thinned.push(history::sweep(
                granule,
                beside,
                pool,
                0,
                &version,
                is_known,
                |_| {},
            ));
            false
        });
    assert!(thinned.contains(&None), "it takes a node: {thinned:?}");
    assert!(!engine.is_exhausted());
    engine.forget_sync(SyncId(0));
    assert_eq!(access(&engine, &main, AccessKind::Write, 9, 2).len(), 2);
}

#[test]
fn a_reset_without_memory_is_noted() {
    const NODES: u32 = 64;
    let engine = Engine::with(&Source::default(), Limits { nodes: NODES }).unwrap();
    let mut main = engine.first_thread(0).unwrap();
    for byte in [8, 9, 10] {
        let _ = access(&engine, &main, AccessKind::Write, byte, 1);
        main.release(&mut SyncVar::new());
    }
    fill(&engine, &mut main, u64::from(NODES), 0);
    engine.reset(range(8, 1));
    assert!(engine.is_exhausted(), "what was freed would seem to race");
}

fn crew(engine: &Engine, main: &mut ThreadClock, count: u64) -> Vec<ThreadClock> {
    (0..count).map(|i| engine.fork(main, i).unwrap()).collect()
}

#[test]
fn a_loop_over_bytes_keeps_them_where_it_joins_a_crowd() {
    for others in [6, 7] {
        let engine = Engine::new();
        let mut main = engine.first_thread(0).unwrap();
        let t = crew(&engine, &mut main, 9);
        for t in &t[..others] {
            let _ = access(&engine, t, AccessKind::Read, 8, 1);
        }
        let _ = access(&engine, &t[7], AccessKind::Read, 9, 1);
        let _ = access(&engine, &t[7], AccessKind::Read, 8, 1);
        assert_eq!(access(&engine, &t[8], AccessKind::Write, 9, 1).len(), 1);
    }
}

#[test]
fn crowds_do_not_pile_up() {
    let engine = Engine::new();
    let mut main = engine.first_thread(0).unwrap();
    let mut t = crew(&engine, &mut main, 7);
    let (mut down, mut up) = (SyncVar::new(), SyncVar::new());
    for _ in 0..500 {
        assert!(access(&engine, &main, AccessKind::Write, 8, 4).is_empty());
        main.release(&mut down);
        up.clear();
        for t in &mut t {
            t.acquire(&down);
            assert!(access(&engine, t, AccessKind::Read, 8, 8).is_empty());
            t.release_merge(&mut up);
        }
        main.acquire(&up);
    }
    assert!(
        engine.footprint().nodes_in_use < 60,
        "{:?}",
        engine.footprint()
    );
}

#[test]
fn a_record_that_is_renewed_in_a_chain_is_the_last_access() {
    use AccessKind::{AtomicRead, AtomicWrite, Read, Write};
    const WORD: (usize, usize) = (8, 8);
    let [first, second, last] = [1, 2, 3].map(NodeId::from_number);
    for kind in [Read, AtomicRead, AtomicWrite] {
        for readers in 3..12 {
            let engine = Engine::new();
            let mut main = engine.first_thread(0).unwrap();
            let mut t = crew(&engine, &mut main, readers);
            let mut firsts = SyncVar::new();
            for t in &mut t {
                assert!(access_from(&engine, t, kind, WORD, first).is_empty());
                t.release_merge(&mut firsts);
            }
            main.acquire(&firsts);
            // Each but the first does it again, from the same place and from another.
            for node in [first, second] {
                for t in &mut t[1..] {
                    assert!(access_from(&engine, t, kind, WORD, node).is_empty());
                    t.release(&mut SyncVar::new());
                }
            }
            let races = access_from(&engine, &main, Write, WORD, last);
            assert_eq!(races.len(), 1, "{kind} {readers}");
            let epoch = races[0].previous_epoch;
            let racing = t[1..].iter().find(|t| t.tid() == epoch.tid());
            let now = racing.expect("not the first, which is ordered").epoch();
            assert_eq!(epoch.time().next(), now.time(), "{kind} {readers}");
            assert_eq!(races[0].previous_node, second, "{kind} {readers}");
        }
    }
}

#[test]
fn a_write_that_is_renewed_beside_a_neighbour_races_as_the_last_one() {
    let engine = Engine::new();
    let mut a = engine.first_thread(0).unwrap();
    let b = engine.fork(&mut a, 1).unwrap();
    let mut lock = SyncVar::new();
    for round in 0..3 {
        for start in [8, 12] {
            assert!(access(&engine, &a, AccessKind::Write, start, 4).is_empty());
            a.release(&mut lock);
        }
        assert_eq!(engine.footprint().nodes_in_use, 1, "{round}: one chain");
    }
    let races = access(&engine, &b, AccessKind::Write, 8, 8);
    let times: Vec<_> = races
        .iter()
        .map(|race| race.previous_epoch.time().get())
        .collect();
    let last = a.epoch().time().get();
    assert_eq!(times, [last - 2, last - 1]);
}

#[test]
fn records_that_are_cut_do_not_pile_up() {
    let engine = Engine::new();
    let mut main = engine.first_thread(0).unwrap();
    let mut threads = Vec::new();
    for round in 0..300 {
        for _ in 0..6 {
            let t = engine.fork(&mut main, round).unwrap();
            let _ = access(&engine, &t, AccessKind::Read, 8, 8);
            threads.push(t);
        }
        let _ = access(&engine, &main, AccessKind::Write, 8, 4);
    }
    // Each thread takes a word of a trie's leaf, and there are a few paths.
    assert!(
        engine.footprint().nodes_in_use < 1800 / 4,
        "{:?}",
        engine.footprint()
    );
}

#[test]
fn a_sweep_in_parts_frees_what_one_at_once_does() {
    let engine = Engine::new();
    let mut main = engine.first_thread(0).unwrap();
    for address in (1..64_usize).map(|n| n << 16) {
        let _ = access(&engine, &main, AccessKind::Write, address, 8);
    }
    main.release(&mut SyncVar::new());
    let before = engine.shadow_bytes();
    let mut sweep = engine.begin_sweep(|_| {}).unwrap();
    // What comes while it goes on is kept.
    let parts = 1 + std::iter::from_fn(|| {
        let _ = access(&engine, &main, AccessKind::Write, 1 << 30, 8);
        engine.sweep_some(&mut sweep, 4).then_some(())
    })
    .count();
    assert!(parts > 4, "{parts}");
    assert!(!engine.sweep_some(&mut sweep, 4), "it is over");
    let left = engine.shadow_bytes();
    assert!(0 < left && left < before / 8, "{left} of {before}");
}

#[test]
fn what_the_only_thread_does_after_a_sweep_began_is_not_swept() {
    let engine = Engine::new();
    let mut main = engine.first_thread(0).unwrap();
    main.release(&mut SyncVar::new());
    let pool = &engine.shared.pool;
    let known = engine.known_to_all().unwrap();
    let mut child = engine.fork(&mut main, 1).unwrap();
    let _ = access(&engine, &main, AccessKind::Write, 8, 8);
    let _ = access(&engine, &main, AccessKind::Write, 64, 8);
    let version = || engine.next_version();
    engine
        .shadow
        .sweep(&mut Position::default(), usize::MAX, |granule, beside| {
            let is_known = |epoch| known.has(epoch);
            history::sweep(granule, beside, pool, 0, &version, is_known, |_| {}) == Some(true)
        });
    assert_eq!(access(&engine, &child, AccessKind::Write, 8, 8).len(), 1);
    engine.sync(SyncId(1), |var| main.release(var));
    engine.sync.sweep(&known);
    engine.sync(SyncId(1), |var| child.acquire(var));
    assert!(access(&engine, &child, AccessKind::Write, 64, 8).is_empty());
}

#[test]
fn what_all_know_is_found_while_others_fork() {
    let engine = Engine::new();
    let mut main = engine.first_thread(0).unwrap();
    let alive: Vec<_> = (1..500)
        .map(|n| engine.fork(&mut main, n).unwrap())
        .collect();
    let mut forker = engine.fork(&mut main, 500).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let mut end = SyncVar::new();
                let mut child = engine.fork(&mut forker, 501).unwrap();
                child.release(&mut end);
                drop(child);
                forker.acquire(&end);
            }
        });
        let Shared { pool, slots, .. } = &*engine.shared;
        let found = (0..100).filter_map(|_| slots.known_to_all(pool));
        let found = found.inspect(|known| pool.release(*known, 0)).count();
        over.store(true, Ordering::Relaxed);
        assert_eq!(found, 100);
    });
    drop(alive);
}

#[test]
fn a_loop_of_forks_and_joins_needs_no_memory() {
    let engine = Engine::new();
    let mut main = engine.first_thread(0).unwrap();
    let mut forgotten = 0;
    for i in 0..1000 {
        let mut child = engine.fork(&mut main, i).unwrap();
        let mut end = SyncVar::new();
        child.release(&mut end);
        drop(child);
        main.acquire(&end);
    }
    assert!(engine.footprint().indices.former > 900);
    engine.reclaim(|_| forgotten += 1);
    assert_eq!(forgotten, 1000);
    assert_eq!(engine.footprint().indices.former, 0);
    assert!(
        engine.footprint().nodes_in_use < 10,
        "{:?}",
        engine.footprint()
    );
}

#[test]
fn any_memory_can_be_reset() {
    let engine = Engine::new();
    let mut a = engine.first_thread(0).unwrap();
    let b = engine.fork(&mut a, 1).unwrap();
    let places = [0, 1 << 30, (1 << 48) - 8, 1 << 50, usize::MAX - 8];
    for _ in 0..2 {
        for place in places {
            assert!(access(&engine, &a, AccessKind::Write, place, 8).is_empty());
            assert_eq!(access(&engine, &b, AccessKind::Write, place, 8).len(), 1);
        }
        engine.reset(range(0, usize::MAX));
        assert_eq!(engine.racy_bytes(), []);
    }
}

#[test]
fn a_renewed_thread_is_not_forgotten() {
    let engine = Engine::new();
    let mut a = engine.first_thread(7).unwrap();
    a.set_time(Time::LAST.before());
    let _ = access(&engine, &a, AccessKind::Write, 8, 8);
    a.release(&mut SyncVar::new());
    engine.sweep(|label| panic!("thread {label} runs"));
    assert_eq!(a.label(), 7);
}

#[test]
fn a_renewed_thread_that_has_ended_is_forgotten_with_all_its_records() {
    let engine = Engine::new();
    let mut main = engine.first_thread(0).unwrap();
    let other = engine.fork(&mut main, 1).unwrap();
    let mut a = engine.fork(&mut main, 7).unwrap();
    a.set_time(Time::LAST.before());
    let _ = access(&engine, &a, AccessKind::Write, 8, 8);
    let index = a.tid();
    let mut end = SyncVar::new();
    a.release(&mut end);
    assert_ne!(a.tid(), index, "it is renewed");
    drop(a);
    main.acquire(&end);
    // Neither of its indices may be taken over: it would be two that had one before.
    let threads = [8, 9].map(|label| engine.fork(&mut main, label).unwrap());
    assert!(threads.iter().all(|thread| thread.tid() != index));
    engine.reclaim(|label| panic!("thread {label} is asked for"));
    let races = access(&engine, &other, AccessKind::Read, 8, 8);
    assert_eq!(engine.label(races[0].previous_epoch), 7);
    other.has_asked();
    engine.reset(range(8, 8));
    let mut forgotten = Vec::new();
    for _ in 0..2 {
        engine.sweep(|label| forgotten.push(label));
    }
    engine.reclaim(|label| forgotten.push(label));
    assert_eq!(forgotten, [7], "once");
}

#[test]
fn a_thread_that_was_renewed_often_is_forgotten_once() {
    let engine = Engine::new();
    let mut main = engine.first_thread(0).unwrap();
    let mut a = engine.fork(&mut main, 7).unwrap();
    let mut end = SyncVar::new();
    for address in [8, 16, 24, 32] {
        a.set_time(Time::LAST.before());
        let _ = access(&engine, &a, AccessKind::Write, address, 8);
        a.release(&mut end);
    }
    drop(a);
    main.acquire(&end);
    let mut forgotten = Vec::new();
    for _ in 0..4 {
        engine.reclaim(|label| forgotten.push(label));
    }
    assert_eq!(forgotten, [7]);
    assert_eq!(engine.indices().ended, 0);
}

#[test]
fn a_renewed_thread_goes_on_asking() {
    let engine = Engine::new();
    let mut main = engine.first_thread(0).unwrap();
    let other = engine.fork(&mut main, 1).unwrap();
    let mut a = engine.fork(&mut main, 2).unwrap();
    let _ = access(&engine, &other, AccessKind::Write, 8, 8);
    drop(other);
    a.set_time(Time::LAST.before());
    let races = access(&engine, &a, AccessKind::Write, 8, 8);
    engine.sweep(|_| unreachable!("it is asked about"));
    a.release(&mut SyncVar::new());
    engine.reclaim(|_| unreachable!("it is still asked about"));
    assert_eq!(engine.label(races[0].previous_epoch), 1);
    a.has_asked();
    let mut forgotten = Vec::new();
    engine.reclaim(|label| forgotten.push(label));
    assert_eq!(forgotten, [1]);
}

#[test]
fn a_sync_object_may_be_taken_and_left_to_another_engine() {
    let (one, two) = (Engine::new(), Engine::new());
    let mut main = one.first_thread(0).unwrap();
    let mut foreign = two.first_thread(0).unwrap();
    for _ in 0..4 {
        one.sync(SyncId(1), |var| {
            main.release(var);
            drop(core::mem::take(var));
        });
        one.sync(SyncId(2), |var| foreign.release(var));
    }
    one.sync(SyncId(2), |var| main.acquire(var));
    assert_eq!(one.footprint().nodes_in_use, 0);
}

#[test]
fn a_word_that_is_written_and_read_later_needs_no_node() {
    let engine = Engine::new();
    let mut a = engine.first_thread(0).unwrap();
    let mut b = engine.fork(&mut a, 1).unwrap();
    let mut lock = SyncVar::new();
    for kind in [AccessKind::Write, AccessKind::Read].repeat(3) {
        for t in [&mut a, &mut b] {
            t.acquire(&lock);
            let before = engine.footprint().nodes_in_use;
            assert!(access(&engine, t, kind, 8, 8).is_empty());
            assert_eq!(engine.footprint().nodes_in_use, before);
            t.release(&mut lock);
        }
    }
}

#[test]
fn a_read_that_raced_with_a_write_is_told_of_once() {
    let engine = Engine::new();
    let mut a = engine.first_thread(0).unwrap();
    let b = engine.fork(&mut a, 1).unwrap();
    assert!(access(&engine, &b, AccessKind::Read, 8, 8).is_empty());
    assert_eq!(access(&engine, &a, AccessKind::Write, 8, 8).len(), 1);
    a.release(&mut SyncVar::new());
    assert!(access(&engine, &a, AccessKind::Write, 8, 8).is_empty());
}

#[test]
fn what_was_read_beside_a_write_is_forgotten_with_it() {
    let engine = Engine::new();
    let mut a = engine.first_thread(0).unwrap();
    let b = engine.fork(&mut a, 1).unwrap();
    for forget in [8, 4] {
        assert!(access(&engine, &a, AccessKind::Write, 8, 8).is_empty());
        a.release(&mut SyncVar::new());
        assert!(access(&engine, &a, AccessKind::Read, 8, 8).is_empty());
        engine.reset(range(8, forget));
        let races = access(&engine, &b, AccessKind::Write, 8, 8);
        let left = races.first().map(|race| race.bytes);
        assert_eq!(left, (forget < 8).then(|| range(12, 4)));
        engine.reset(range(8, 8));
    }
}

/// A race that is found while a page is being given back, so that the access is recorded twice.
mod overtaken {
    use super::*;
    use crate::primitive::{AtomicBool, AtomicPtr};

    static ENGINE: AtomicPtr<Engine> = AtomicPtr::new(core::ptr::null_mut());
    static SWEEPING: AtomicBool = AtomicBool::new(false);

    unsafe extern "C" fn discard(start: *mut u8, bytes: usize) {
        // SAFETY: the test keeps the engine alive while this is not null.
        if let Some(engine) = unsafe { ENGINE.load(Ordering::Acquire).as_ref() } {
            let granule = engine.shadow.granule(8).unwrap();
            let seen = granule.main().load();
            SWEEPING.store(true, Ordering::Release);
            while granule.main().is_still(seen) {
                std::thread::yield_now();
            }
        }
        // SAFETY: as the caller promises.
        unsafe { (Source::default().discard)(start, bytes) };
    }

    #[test]
    fn a_race_is_told_of_though_the_access_is_recorded_again() {
        let source = Source {
            discard,
            ..Source::default()
        };
        let mut engine = Engine::with(&source, Limits::default()).unwrap();
        let mut a = engine.first_thread(0).unwrap();
        let b = engine.fork(&mut a, 1).unwrap();
        // A page that has nothing but what everybody knows, and one that has more.
        let _ = access(&engine, &a, AccessKind::Write, 0x10_0000, 8);
        engine.reset(range(0x10_0000, 8));
        let _ = access(&engine, &a, AccessKind::Write, 8, 8);
        ENGINE.store(&raw mut engine, Ordering::Release);
        std::thread::scope(|scope| {
            let engine = &engine;
            let racing = scope.spawn(move || {
                while !SWEEPING.load(Ordering::Acquire) {
                    std::thread::yield_now();
                }
                access(engine, &b, AccessKind::Write, 8, 8)
            });
            engine.sweep(|_| {});
            assert_eq!(racing.join().unwrap().len(), 1);
        });
        ENGINE.store(core::ptr::null_mut(), Ordering::Release);
    }
}

#[test]
fn threads_that_race_while_memory_is_swept_miss_nothing() {
    const EACH: usize = 200;
    let engine = Engine::new();
    let mut main = engine.first_thread(0).unwrap();
    let threads = crew(&engine, &mut main, 4);
    std::thread::scope(|scope| {
        let workers: Vec<_> = threads
            .into_iter()
            .map(|t| {
                let engine = &engine;
                scope.spawn(move || {
                    for i in 0..EACH {
                        let _ = access(engine, &t, AccessKind::Write, 0x1000 + i * 64, 8);
                    }
                    t
                })
            })
            .collect();
        for _ in 0..20 {
            engine.sweep(|_| {});
        }
        workers
            .into_iter()
            .for_each(|worker| drop(worker.join().unwrap()));
    });
    assert_eq!(engine.racy_bytes().len(), EACH);
}
