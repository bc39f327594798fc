//! The mistakes that Uber's study of its Go code found to be frequent (PLDI 2022), as far as
//! they are about goroutines and channels: what a closure captures, tests run in parallel,
//! and channels mixed with shared memory.

use crate::check::{clean, racy, racy_in_some};
use crate::common::cell;
use deadheat::chan::{Receiver, Sender};
use deadheat::{Shared, SharedMap, chan, go, select};
use std::sync::Arc;

#[test]
fn captured_loop_variable_racy() {
    // The loop writes its variable for the next round, after the go statement.
    racy(&["index"], || {
        let index = Arc::new(Shared::named("index", 0));
        let mut readers = Vec::new();
        while index.get() < 3 {
            let captured = index.clone();
            readers.push(go(move || captured.get()));
            index.update(|n| *n += 1);
        }
        for reader in readers {
            let _ = reader.join().unwrap();
        }
    });
}

#[test]
fn captured_loop_variable_clean() {
    // Each goroutine has a variable of its own, written before its go statement.
    clean(|| {
        let index = Arc::new(Shared::named("index", 0));
        let mut readers = Vec::new();
        while index.get() < 3 {
            let copy = Shared::named("copy", index.get());
            readers.push(go(move || copy.get()));
            index.update(|n| *n += 1);
        }
        for (expected, reader) in (0..).zip(readers) {
            assert_eq!(reader.join().unwrap(), expected);
        }
    });
}

type Failed = Result<(), &'static str>;

#[test]
fn captured_error_variable_racy() {
    // Both assign to the variable that was declared once for the whole function.
    racy(&["err"], || {
        let err = Arc::new(Shared::named("err", Failed::Ok(())));
        let captured = err.clone();
        let g = go(move || captured.set(Err("in the goroutine")));
        err.set(Err("in the function"));
        let _ = err.get();
        g.join().unwrap();
    });
}

#[test]
fn captured_error_variable_clean() {
    // Each worker has its own variable; the first to fail puts it into the channel's one
    // place, which only the receive empties.
    clean(|| {
        let (failed, first) = chan::bounded(1);
        let workers = ["one", "two"].map(|name| {
            let failed = failed.clone();
            go(move || {
                let err = Arc::new(Shared::named("err", Failed::Ok(())));
                err.set(Err(name));
                let _ = failed.try_send(err);
            })
        });
        let err: Arc<Shared<Failed>> = first.recv().unwrap();
        assert!(err.get().is_err());
        for worker in workers {
            worker.join().unwrap();
        }
    });
}

#[test]
fn captured_result_variable_racy() {
    // To return a value assigns to the named result, which a goroutine still reads.
    racy(&["result"], || {
        let result = Arc::new(Shared::named("result", 0));
        result.set(10);
        let captured = result.clone();
        let g = go(move || captured.get());
        result.set(20);
        let _ = g.join().unwrap();
    });
}

#[test]
fn captured_result_variable_clean() {
    // The goroutine's reading is joined before the return assigns.
    clean(|| {
        let result = Arc::new(Shared::named("result", 0));
        result.set(10);
        let captured = result.clone();
        let g = go(move || captured.get());
        assert_eq!(g.join().unwrap(), 10);
        result.set(20);
    });
}

/// Runs a table's cases in parallel, all let go at once, each with the fixture it is given.
fn parallel_table(fixture: impl Fn() -> Arc<SharedMap<&'static str, usize>>) {
    let (start, started) = chan::unbuffered::<()>();
    let cases = ["empty", "one", "several"].map(|name| {
        let (fixture, started) = (fixture(), started.clone());
        go(move || {
            assert!(started.recv().is_err());
            fixture.insert(name, name.len());
            assert_eq!(fixture.get(name), Some(name.len()));
        })
    });
    start.close();
    for case in cases {
        case.join().unwrap();
    }
}

#[test]
fn parallel_table_test_racy() {
    // One fixture for the whole table. A map is one location, whatever the keys.
    racy(&["fixture"], || {
        let common = Arc::new(SharedMap::named("fixture"));
        parallel_table(move || common.clone());
    });
}

#[test]
fn parallel_table_test_clean() {
    // A fixture for each case.
    clean(|| parallel_table(|| Arc::new(SharedMap::named("fixture"))));
}

#[test]
fn jobs_by_channel_and_total_in_memory_racy() {
    // All jobs are handed over, which says nothing of what becomes of the last one.
    racy(&["total"], || {
        let [total, theirs] = cell("total");
        let (tx, jobs) = chan::unbuffered();
        let worker = go(move || {
            for job in &jobs {
                theirs.update(|sum| *sum += job);
            }
        });
        for job in 1..=3 {
            tx.send(job).unwrap();
        }
        let _ = total.get();
        drop(tx);
        worker.join().unwrap();
    });
}

#[test]
fn jobs_by_channel_and_total_in_memory_clean() {
    // One more send on the unbuffered channel: its receive is after the work on the last job,
    // and before the completion of the send.
    clean(|| {
        let [total, theirs] = cell("total");
        let (tx, jobs) = chan::unbuffered();
        let worker = go(move || {
            while let Ok(Some(job)) = jobs.recv() {
                theirs.update(|sum| *sum += job);
            }
        });
        for job in 1..=3 {
            tx.send(Some(job)).unwrap();
        }
        tx.send(None).unwrap();
        assert_eq!(total.get(), 6);
        worker.join().unwrap();
    });
}

/// A value to come, and an error instead of it.
#[derive(Clone)]
struct Future {
    response: Arc<Shared<i32>>,
    err: Arc<Shared<Failed>>,
}

impl Future {
    /// Starts working on a future; its completion is the send.
    fn start(completed: Sender<()>) -> Self {
        let future = Self {
            response: Arc::new(Shared::named("response", 0)),
            err: Arc::new(Shared::named("err", Ok(()))),
        };
        let own = future.clone();
        let _ = go(move || {
            own.response.set(7);
            own.err.set(Ok(()));
            let _ = completed.send(());
        });
        future
    }
}

/// A context's end.
fn cancelled() -> Receiver<()> {
    let (cancel, done) = chan::unbuffered();
    drop(cancel);
    done
}

#[test]
fn future_with_a_cancelled_context_racy_in_some() {
    // Where the cancellation is taken, the waiter's write of the error is unordered with the
    // worker's; where the completion is, it is not made. The worker may be left blocked.
    racy_in_some(&["err"], || {
        let (completed, completion) = chan::unbuffered();
        let future = Future::start(completed);
        let done = cancelled();
        select! {
            recv(completion) -> _ => assert_eq!(future.response.get(), 7),
            recv(done) -> _ => future.err.set(Err("cancelled")),
        }
    });
}

#[test]
fn future_with_a_cancelled_context_racy() {
    // The waiter gives up and looks at the error all the same.
    racy(&["err"], || {
        let (completed, completion) = chan::unbuffered();
        let future = Future::start(completed);
        assert!(cancelled().recv().is_err());
        let _ = future.err.get();
        completion.recv().unwrap();
    });
}

#[test]
fn future_with_a_cancelled_context_clean() {
    // The waiter touches the future only when it is complete, and else has its own error.
    clean(|| {
        let (completed, completion) = chan::bounded(1);
        let future = Future::start(completed);
        let done = cancelled();
        let result = select! {
            recv(completion) -> _ => future.err.get().map(|()| future.response.get()),
            recv(done) -> _ => Err("cancelled"),
        };
        assert!(matches!(result, Ok(7) | Err("cancelled")));
    });
}
