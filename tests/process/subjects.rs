//! Tests that the other module runs under detection. Without it they pass.

use deadheat::atomic::{AtomicU32, Ordering};
use deadheat::prelude::*;
use std::io::Write as _;
use std::sync::Arc;

/// Several races, with choices of every kind before and between them.
#[deadheat::test]
fn subject_many_races() {
    let cells = Arc::new((Shared::named("left", 0), Shared::named("right", 0)));
    let count = Arc::new(AtomicU32::new(0));
    let (tx, rx) = chan::bounded(2);
    let workers: Vec<_> = (0..4)
        .map(|n| {
            let (cells, count, tx) = (cells.clone(), count.clone(), tx.clone());
            go(move || {
                if count.fetch_add(1, Ordering::Relaxed) % 2 == 0 {
                    cells.0.update(|value| *value += n);
                } else {
                    cells.1.set(n);
                }
                yield_now();
                select! {
                    send(tx, n) -> sent => sent.unwrap(),
                    default => cells.0.set(n),
                }
            })
        })
        .collect();
    drop(tx);
    let received = rx.iter().count();
    cells.1.update(|value| *value += received);
    for worker in workers {
        worker.join().unwrap();
    }
}

/// A race of a write under one lock with a read under another, after a write that is joined.
#[deadheat::test]
fn subject_locks() {
    let shared = Arc::new((Mutex::new(()), RwMutex::new(()), Shared::named("held", 0)));
    let first = shared.clone();
    let before = go(move || {
        let _guard = first.1.write();
        first.2.set(1);
    });
    before.join().unwrap();
    let theirs = shared.clone();
    let reader = go(move || {
        let _guard = theirs.1.read();
        theirs.2.get()
    });
    drop(shared.1.read());
    let guard = shared.0.lock();
    shared.2.set(2);
    drop(guard);
    reader.join().unwrap();
}

#[deadheat::test]
fn subject_one_race() {
    one_race();
}

/// Finds a race, and dies before its run ends. Only where it is asked to.
#[deadheat::test]
fn subject_killed() {
    one_race();
    if std::env::var_os("SUBJECT_DIES").is_some() {
        std::process::abort();
    }
}

/// Two tests that share cells and locks in statics, each with one race of its own.
static TOTAL: Shared<u32> = Shared::named("static total", 0);
static LOCK: Mutex<()> = Mutex::new(());

#[deadheat::test(schedules = 20)]
fn subject_static_ordered() {
    let other = go(|| {
        let _guard = LOCK.lock();
        TOTAL.update(|n| *n += 1);
    });
    {
        let _guard = LOCK.lock();
        TOTAL.update(|n| *n += 1);
    }
    other.join().unwrap();
}

#[deadheat::test(schedules = 20)]
fn subject_static_unordered() {
    let other = go(|| TOTAL.update(|n| *n += 1));
    TOTAL.update(|n| *n += 1);
    other.join().unwrap();
}

fn one_race() {
    let cell = Arc::new(Shared::named("only", 0u64));
    let other = cell.clone();
    let writer = go(move || other.set(1));
    let _ = cell.get();
    writer.join().unwrap();
}

/// Goes down by `levels` KiB of stack.
#[inline(never)]
fn descend(levels: usize) -> u8 {
    let frame = std::hint::black_box([1_u8; 1024]);
    let below = if levels == 0 { 0 } else { descend(levels - 1) };
    below.wrapping_add(frame[levels % frame.len()])
}

#[deadheat::test]
fn subject_deep_goroutine() {
    go(|| descend(64)).join().unwrap();
}

#[deadheat::test]
fn subject_deep_main() {
    descend(64);
}

/// Has room, whatever others have.
#[deadheat::test]
fn subject_deep_with_room() {
    let deep = deadheat::Goroutine::new().stack_size(32 << 20);
    deep.go(|| descend(10_000)).join().unwrap();
}

/// Where it is asked to, lasts for as long as it takes the parallel scheduler to tell of it twice.
#[deadheat::test]
fn subject_lasts() {
    if std::env::var_os("SUBJECT_LASTS").is_some() {
        deadheat::time::sleep(std::time::Duration::from_millis(250));
    }
}

/// Where it is asked to, says that it is ready, and waits to be killed.
#[deadheat::test]
fn subject_waits_for_a_signal() {
    if std::env::var_os("SUBJECT_WAITS").is_some() {
        let (_keep, never) = chan::unbuffered::<()>();
        let waiter = deadheat::Goroutine::new().name("waiter");
        drop(waiter.go(move || waits_for_ever(&never)));
        let spinner = deadheat::Goroutine::new().name("spinner");
        drop(spinner.go(|| {
            loop {
                yield_now();
            }
        }));
        yield_now();
        eprintln_uncaptured("ready");
        loop {
            yield_now();
        }
    }
}

/// `eprintln` would go into the captured output of the test.
fn eprintln_uncaptured(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[inline(never)]
fn waits_for_ever(never: &chan::Receiver<()>) {
    let _ = never.recv();
}

/// Where it is asked to, a goroutine makes a bad access that is no overflow.
#[deadheat::test]
fn subject_bad_access() {
    if std::env::var_os("DEADHEAT_TEST_BAD_ACCESS").is_some() {
        go(|| {
            let nowhere = std::hint::black_box(8) as *const u8;
            // SAFETY: none. The process is to die of it.
            unsafe { nowhere.read_volatile() }
        })
        .join()
        .unwrap();
    }
}
