//! Accesses that are recorded a word or two at a time, as instrumented programs make them.

use super::*;

#[test]
fn a_read_that_is_repeated_reads_what_was_written_since() {
    type Read = fn(&Engine, &ThreadClock, AccessKind, usize) -> Vec<Race>;
    let reads: [Read; 2] = [access_word, |engine, t, kind, start| {
        access(engine, t, kind, start, 8)
    }];
    for read in reads {
        let engine = Engine::new();
        let mut a = engine.first_thread(0).unwrap();
        let b = engine.fork(&mut a, 1).unwrap();
        let (data, flag) = (8, 64);
        let _ = access(&engine, &a, AccessKind::Write, flag, 8);
        assert_eq!(read(&engine, &b, AccessKind::Read, flag).len(), 1);
        a.release(&mut SyncVar::new());
        let _ = access(&engine, &a, AccessKind::Write, data, 8);
        let _ = access(&engine, &a, AccessKind::Write, flag, 8);
        let _ = read(&engine, &b, AccessKind::Read, flag);
        assert!(read(&engine, &b, AccessKind::Read, data)[0].dependent);
    }
}

/// Records an access as instrumented programs do: of sixteen bytes, nothing where it is repeated, and two words at once, where it
/// can be.
fn access_two(
    engine: &Engine,
    t: &ThreadClock,
    kind: AccessKind,
    (start, len): (usize, usize),
    node: NodeId,
) -> Vec<Race> {
    let is_repeated = |start| engine.is_repeated(t.epoch(), kind, start, 8);
    if len == 16 && is_repeated(start) && is_repeated(start + 8) {
        return Vec::new();
    }
    let (attempt, done) = match len {
        16 => two_words(engine, t, kind, start, node),
        _ => (AtOnce::No, 0),
    };
    if attempt == AtOnce::No {
        return access_from(engine, t, kind, (start, len), node);
    }
    let left = range(start + done, len - done);
    access_after(engine, attempt, t, kind, (left, node))
}

/// What comes of an access to two words if it is recorded at once.
fn two_words(
    engine: &Engine,
    t: &ThreadClock,
    kind: AccessKind,
    start: usize,
    node: NodeId,
) -> (AtOnce, usize) {
    match engine.two_words(start) {
        Some(words) => engine.two_words_at_once(t, kind, words, node),
        None => (AtOnce::No, 0),
    }
}

#[test]
fn two_words_that_were_read_together_are_read_again_at_once() {
    const READ: AccessKind = AccessKind::Read;
    let engine = Engine::new();
    let mut a = engine.first_thread(0).unwrap();
    let mut b = engine.fork(&mut a, 1).unwrap();
    let mut c = engine.fork(&mut a, 2).unwrap();
    let two = |t: &ThreadClock, start| two_words(&engine, t, READ, start, NodeId::ROOT).0;
    assert_eq!(two(&b, 64), AtOnce::No, "there is no shadow yet");
    assert!(access(&engine, &b, READ, 8, 8).is_empty());
    assert!(access(&engine, &a, READ, 64, 32).is_empty());
    let mut done = SyncVar::new();
    a.release(&mut done);
    assert_eq!(two(&b, 64), AtOnce::No, "the read is not known");
    b.acquire(&done);
    assert_eq!(two(&b, 72), AtOnce::No, "not aligned");
    let last = b.epoch();
    assert_eq!(two(&b, 64), AtOnce::Done);
    assert_eq!(two(&a, 64), AtOnce::No, "nor is that one");
    let races = access(&engine, &c, AccessKind::Write, 64, 16);
    assert_eq!(races.len(), 1, "{races:?}");
    assert_eq!(
        (races[0].bytes, races[0].previous_epoch),
        (range(64, 16), last)
    );
    c.release(&mut done);
    b.acquire(&done);
    assert_eq!(two(&b, 64), AtOnce::No, "the last is a write");
    assert!(access(&engine, &b, READ, 80, 8).is_empty());
    b.release(&mut SyncVar::new());
    assert_eq!(
        two(&b, 80),
        AtOnce::No,
        "the words have different histories"
    );
}

#[test]
fn two_words_that_have_no_history_are_recorded_at_once() {
    for kind in [AccessKind::Read, AccessKind::Write] {
        let engine = Engine::new();
        let mut a = engine.first_thread(0).unwrap();
        let b = engine.fork(&mut a, 1).unwrap();
        assert!(access(&engine, &a, AccessKind::Read, 8, 8).is_empty());
        let two = two_words(&engine, &a, kind, 64, NodeId::ROOT);
        assert_eq!(two.0, AtOnce::Done, "{kind}");
        assert!(access(&engine, &b, AccessKind::Read, 16, 8).is_empty());
        let races = access(&engine, &b, AccessKind::Write, 64, 16);
        assert_eq!(races.len(), 1, "{races:?}");
        assert_eq!(
            (races[0].bytes, races[0].previous_epoch),
            (range(64, 16), a.epoch())
        );
    }
}

#[test]
fn two_words_that_everybody_knows_give_their_place_at_once() {
    const READ: AccessKind = AccessKind::Read;
    let engine = Engine::new();
    let mut a = engine.first_thread(0).unwrap();
    engine.no_more_first_threads();
    let mut b = engine.fork(&mut a, 1).unwrap();
    assert!(access(&engine, &a, AccessKind::Write, 64, 32).is_empty());
    let written = a.epoch();
    let mut done = SyncVar::new();
    a.release(&mut done);
    let two = |t: &ThreadClock, start| two_words(&engine, t, READ, start, NodeId::ROOT).0;
    b.acquire(&done);
    assert_eq!(two(&b, 64), AtOnce::No, "nobody has looked what all know");
    for word in (1..500).map(|word| 8 * (64 + word)) {
        assert!(access(&engine, &a, AccessKind::Write, word, 8).is_empty());
        assert!(access(&engine, &b, READ, 8, 8).is_empty());
        a.release(&mut done);
        b.acquire(&done);
        assert!(access_word(&engine, &b, READ, word).is_empty());
    }
    assert!(engine.settled.has(written));
    assert_eq!(two(&b, 64), AtOnce::Done);
    assert_eq!(two(&a, 80), AtOnce::Done);
    for (start, reader) in [(64, b.epoch()), (80, a.epoch())] {
        let c = if start == 64 { &a } else { &b };
        let races = access(&engine, c, AccessKind::Write, start, 16);
        assert_eq!(races.len(), 1, "{races:?}");
        let [race] = races[..] else { unreachable!() };
        assert_eq!((race.previous_kind, race.previous_epoch), (READ, reader));
    }
}

#[test]
fn an_atomic_write_beside_either_of_two_words_races_with_a_read_of_both() {
    for word in [64, 72] {
        let engine = Engine::new();
        let mut a = engine.first_thread(0).unwrap();
        let mut b = engine.fork(&mut a, 1).unwrap();
        let mut done = SyncVar::new();
        for start in [8, 64] {
            assert!(access(&engine, &a, AccessKind::Read, start, 16).is_empty());
        }
        a.release(&mut done);
        b.acquire(&done);
        assert!(access(&engine, &b, AccessKind::AtomicWrite, word, 8).is_empty());
        let read = (64, 16);
        let races = access_two(&engine, &a, AccessKind::Read, read, NodeId::ROOT);
        assert_eq!(races.len(), 1, "{races:?}");
        assert_eq!(races[0].bytes, range(word, 8));
        assert_eq!(races[0].previous_kind, AccessKind::AtomicWrite);
    }
}

/// Numbers that look random, by a fixed rule (Marsaglia's xorshift).
fn numbers(mut state: u64) -> impl FnMut(u64) -> u64 {
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    }
}

/// The bytes that any of these races is on, in order.
fn bytes_of(races: &[Race]) -> Vec<usize> {
    let bytes = races
        .iter()
        .flat_map(|race| race.bytes.start()..race.bytes.end());
    let mut bytes: Vec<_> = bytes.collect();
    bytes.sort_unstable();
    bytes.dedup();
    bytes
}

#[test]
fn two_words_at_once_find_the_races_that_a_range_finds() {
    const THREADS: u64 = 4;
    let mut found = 0;
    for seed in 1..200 {
        let mut below = numbers(seed * 0x9e37_79b9);
        let engines = [Engine::new(), Engine::new()];
        let mut crews = engines.each_ref().map(|engine| {
            let mut main = engine.first_thread(0).unwrap();
            let mut all: Vec<_> = (1..THREADS)
                .map(|label| engine.fork(&mut main, label).unwrap())
                .collect();
            all.push(main);
            all
        });
        let mut locks = [const { [const { SyncVar::new() }; 2] }; 2];
        for _ in 0..200 {
            let (thread, lock) = (below(THREADS) as usize, below(2) as usize);
            let (kind, len) = match below(12) {
                0..=2 => (AccessKind::Write, 16),
                3 => (AccessKind::Write, 8),
                4 => (AccessKind::AtomicRead, 8),
                5 => (AccessKind::AtomicWrite, 8),
                6 => (AccessKind::AtomicRead, 16),
                7 => (AccessKind::AtomicWrite, 16),
                _ => (AccessKind::Read, 16),
            };
            let (start, node) = (
                64 + below(3) as usize * 16 + below(2) as usize * (16 - len),
                NodeId::from_number(below(2) as u32),
            );
            let (takes, gives) = (below(2) == 0, below(2) == 0);
            let record = [access_from, access_two];
            let races: [_; 2] = core::array::from_fn(|i| {
                let (engine, t, lock) = (&engines[i], &mut crews[i][thread], &mut locks[i][lock]);
                if takes {
                    t.acquire(lock);
                }
                let races = record[i](engine, t, kind, (start, len), node);
                if gives {
                    t.release(lock);
                }
                races
            });
            // Which of several earlier accesses is named may differ.
            let [range, two] = races.map(|races| bytes_of(&races));
            assert_eq!(range, two, "seed {seed}");
            found += range.len();
        }
        assert_eq!(engines[0].racy_bytes(), engines[1].racy_bytes());
    }
    assert!(found > 1000, "{found}");
}
