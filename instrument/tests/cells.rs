//! Cells as containers: what they hold, and what they refuse. What they report is the subject
//! of the conformance tests.

use deadheat_instrument::{Shared, SharedMap, SharedSlice};
use deadheat_runtime::detector::report::Scheduler;
use deadheat_runtime::time::sleep;
use deadheat_runtime::{Failure, JoinHandle, Outcome, Run, chan, go, stats};
use std::sync::Arc;
use std::time::Duration;

fn run<T: Send + 'static>(body: fn() -> T) -> T {
    Run::new("cells").go(body).result.expect("it returns")
}

fn panic_text(outcome: Outcome<()>) -> String {
    match outcome.result {
        Err(Failure::Panic(payload)) => match payload.downcast::<String>() {
            Ok(text) => *text,
            Err(other) => (*other.downcast::<&str>().expect("text")).to_owned(),
        },
        other => panic!("a panic was expected, not {other:?}"),
    }
}

#[test]
fn a_cell_holds_what_it_was_given() {
    let check = || {
        let cell = Shared::new(vec![1]);
        cell.update(|v| v.push(2));
        assert_eq!(cell.get(), [1, 2]);
        assert_eq!(cell.replace(vec![7]), [1, 2]);
        assert_eq!(cell.with(Vec::len), 1);
        assert_eq!(cell.with_mut(Vec::pop), Some(7));
        cell.set(vec![3]);
        assert_eq!(cell.into_inner(), [3]);
    };
    check();
    run(check);
}

#[test]
fn a_cell_that_uses_itself_panics() {
    for scheduler in [Scheduler::Controlled, Scheduler::Parallel] {
        let outcome = Run::new("cells").scheduler(scheduler).detect(true).go(|| {
            let cell = Shared::new(1);
            cell.with(|_| cell.set(2));
        });
        let text = panic_text(outcome);
        assert!(text.contains("from within its own `with`"), "{text}");
    }
}

#[test]
fn a_panic_inside_a_cell_leaves_it_usable() {
    run(|| {
        let cell = Arc::new(Shared::new(1));
        let other = cell.clone();
        let dying = go(move || other.update(|_| panic!("inside")));
        assert!(dying.join().is_err());
        assert_eq!(cell.get(), 1);
    });
}

#[test]
fn goroutines_wait_for_each_other_inside_a_cell() {
    for seed in 0..20 {
        let outcome = Run::new("cells").seed(seed).go(|| {
            let cell = Arc::new(Shared::new(0));
            let (tx, rx) = chan::unbuffered();
            let other = cell.clone();
            let holder = go(move || other.with_mut(|n| *n = rx.recv().unwrap()));
            let waiters: Vec<JoinHandle<i32>> = (0..3)
                .map(|_| {
                    let cell = cell.clone();
                    go(move || cell.get())
                })
                .collect();
            tx.send(5).unwrap();
            holder.join().unwrap();
            for waiter in waiters {
                assert!([0, 5].contains(&waiter.join().unwrap()));
            }
            cell.get()
        });
        assert_eq!(outcome.result.unwrap(), 5);
    }
}

#[test]
fn plain_threads_share_cells() {
    let cell = Shared::new(0u64);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..10_000).for_each(|_| cell.update(|n| *n += 1)));
        }
    });
    assert_eq!(cell.get(), 40_000);
}

#[test]
fn slices_share_their_backing_array() {
    run(|| {
        let all = SharedSlice::with_capacity(vec![1, 2, 3], 4);
        let tail = all.slice(1..);
        assert_eq!((tail.len(), tail.capacity()), (2, 3));
        tail.set(0, 20);
        assert_eq!(all.get(1), 20);
        let longer = all.append(4);
        let other = all.append(5);
        assert_eq!(
            longer.to_vec(),
            [1, 20, 3, 5],
            "the second append wrote the same element"
        );
        let moved = other.append(6);
        moved.set(0, 10);
        assert_eq!(all.get(0), 1, "a fifth element needed another array");
        assert_eq!(all.copy_from(&moved), 3);
        assert_eq!(all.to_vec(), [10, 20, 3]);
        assert!(all.slice(3..).is_empty());
    });
}

#[test]
fn slices_refuse_what_is_outside() {
    let outcome = Run::new("cells").go(|| SharedSlice::new(vec![1]).set(1, 2));
    assert_eq!(panic_text(outcome), "index 1 is out of a slice of length 1");
    let outcome = Run::new("cells").go(|| drop(SharedSlice::new(vec![1]).slice(1..3)));
    assert_eq!(
        panic_text(outcome),
        "range 1..3 is out of a slice of length 1"
    );
}

#[test]
fn a_map_maps() {
    run(|| {
        let map = SharedMap::new();
        assert_eq!(map.insert("a".to_owned(), 1), None);
        assert_eq!(map.insert("a".to_owned(), 2), Some(1));
        map.update("b".to_owned(), |n| *n += 5);
        assert_eq!((map.get("b"), map.len()), (Some(5), 2));
        assert!(map.contains_key("a") && !map.is_empty());
        assert_eq!(map.remove("a"), Some(2));
        map.clear();
        assert!(map.into_inner().is_empty());
    });
}

/// What nobody can race with any more is freed by workers without work: here the main goroutine sleeps
/// until they have done so.
#[test]
fn idle_workers_keep_house() {
    const PAGE: usize = 1 << 16;
    let run = Run::new("housekeeping").scheduler(Scheduler::Parallel);
    let outcome = run.max_procs(2).detect(true).go(|| {
        let pages = SharedSlice::new(vec![[0_u8; PAGE]; 512]);
        (0..pages.len()).for_each(|page| pages.with_mut(page, |page| page[0] = 1));
        // From here on, whoever starts knows of all that.
        go(|| ()).join().unwrap();
        while stats().unwrap().housekept < 2 {
            sleep(Duration::from_millis(1));
        }
        pages.with(0, |page| page[0])
    });
    assert_eq!(outcome.result.unwrap(), 1);
    assert_eq!(outcome.races, 0);
}
