//! Memory that is freed, of which whole pages of history are given back.

use super::*;

/// Where memory begins, and how much there is: some hundred pages of history, from the middle of one to that of another, and in
/// two regions.
const START: usize = (1 << 26) - 0x1_0204;
const LEN: usize = 0x3_0405;

/// Leaves history of `a` in each word of some memory: one record, one and one beside it, or a chain, in turns.
fn fill(engine: &Engine, a: &mut ThreadClock, first: usize, last: usize) {
    let mut left = SyncVar::new();
    assert!(access(engine, a, AccessKind::Write, first, last - first).is_empty());
    a.release(&mut left);
    for word in (first..last).step_by(24) {
        assert!(access(engine, a, AccessKind::Read, word + 8, 8).is_empty());
        for byte in 0..4 {
            assert!(access(engine, a, AccessKind::Write, word + 16 + byte, 1).is_empty());
            a.release(&mut left);
        }
    }
}

#[test]
fn what_is_freed_is_forgotten_to_the_byte_and_the_rest_is_not() {
    let engine = Engine::new();
    let mut a = engine.first_thread(0).unwrap();
    let b = engine.fork(&mut a, 1).unwrap();
    let (first, last) = (START & !7, (START + LEN).next_multiple_of(8));
    fill(&engine, &mut a, first, last);
    let before = engine.footprint();
    assert!(before.nodes_in_use > 1000, "chains: {before:?}");
    engine.reset(range(START, LEN));
    let after = engine.footprint();
    assert!(after.shadow < before.shadow / 4, "{before:?} {after:?}");
    assert!(after.nodes_in_use <= 4, "{after:?}");
    let mut raced = Vec::new();
    engine.access(
        &b,
        AccessKind::Write,
        range(first, last - first),
        || NodeId::ROOT,
        |race| raced.extend(race.bytes.start()..race.bytes.end()),
    );
    raced.sort_unstable();
    raced.dedup();
    let kept: Vec<usize> = (first..START).chain(START + LEN..last).collect();
    assert_eq!(raced, kept);
}

#[test]
fn what_a_thread_records_anew_in_freed_memory_is_kept() {
    let engine = Engine::new();
    let mut a = engine.first_thread(0).unwrap();
    let b = engine.fork(&mut a, 1).unwrap();
    fill(&engine, &mut a, START & !7, START + LEN);
    engine.reset(range(START & !7, LEN));
    let words = || (START & !7..START + LEN - 8).step_by(0x1008);
    for word in words() {
        assert!(access(&engine, &a, AccessKind::Read, word, 8).is_empty());
    }
    for word in words() {
        let races = access(&engine, &b, AccessKind::Write, word, 8);
        assert_eq!(races.len(), 1, "{word:#x}");
        assert_eq!(races[0].previous_kind, AccessKind::Read);
    }
}

#[test]
fn the_parts_of_a_range_are_those_of_its_bytes() {
    // Around the border of a region, and of a word.
    for start in (1 << 26) - 17..(1 << 26) + 9 {
        for len in 1..40 {
            let engine = Engine::new();
            let mut a = engine.first_thread(0).unwrap();
            let b = engine.fork(&mut a, 1).unwrap();
            assert!(access(&engine, &a, AccessKind::Write, start, len).is_empty());
            let around = range(start - 16, len + 32);
            let mut raced = Vec::new();
            engine.access(
                &b,
                AccessKind::Read,
                around,
                || NodeId::ROOT,
                |race| {
                    raced.push(race.bytes);
                },
            );
            assert_eq!(raced, [range(start, len)]);
        }
    }
}
