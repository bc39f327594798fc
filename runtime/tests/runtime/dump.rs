//! What all goroutines do, with their stacks.

use crate::passes;
use deadheat_runtime::detector::report::Scheduler;
use deadheat_runtime::sync::Mutex;
use deadheat_runtime::{
    Dump, Goroutine, GoroutineDump, GoroutineState, NoStack, Run, blocking, chan, dump, go, time,
    yield_now,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn find<'a>(dump: &'a Dump, name: &str) -> &'a GoroutineDump {
    let named = |g: &&GoroutineDump| g.name.as_deref() == Some(name);
    dump.goroutines.iter().find(named).expect("it is there")
}

/// The dump in which the goroutine `name` has come to wait.
fn when_waiting(name: &str) -> Dump {
    loop {
        let dump = dump().unwrap();
        if matches!(find(&dump, name).state, GoroutineState::Waiting { .. }) {
            return dump;
        }
        yield_now();
    }
}

fn has_function(dumped: &GoroutineDump, function: &str) -> bool {
    let stack = dumped.stack.as_ref().expect("a stack");
    stack.iter().any(|frame| frame.function.contains(function))
}

#[inline(never)]
fn waits_for_a_value(rx: &chan::Receiver<i32>) -> i32 {
    rx.recv().unwrap()
}

#[test]
fn a_goroutine_that_waits_shows_its_stack_and_waits_on() {
    passes(|| {
        let (tx, rx) = chan::unbuffered();
        let waiter = Goroutine::new().name("waiter");
        let waiter = waiter.go(move || waits_for_a_value(&rx));
        let dump = when_waiting("waiter");
        let dumped = find(&dump, "waiter");
        assert!(has_function(dumped, "waits_for_a_value"), "{dumped}");
        match dumped.state {
            GoroutineState::Waiting { what, at, .. } => {
                assert_eq!(what, "channel receive");
                assert!(at.file().ends_with("dump.rs"));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!((dumped.id, dumped.creator), (waiter.id(), Some(1)));
        assert!(dumped.created.file().ends_with("dump.rs"));
        // It is none the worse for it.
        tx.send(7).unwrap();
        assert_eq!(waiter.join().unwrap(), 7);
    });
}

#[inline(never)]
fn asks_for_a_dump() -> Dump {
    dump().unwrap()
}

#[test]
fn the_caller_runs_and_shows_its_stack() {
    passes(|| {
        let dump = asks_for_a_dump();
        let main = &dump.goroutines[0];
        assert_eq!((main.id, main.creator), (1, None));
        assert_eq!(main.state, GoroutineState::Running);
        assert!(has_function(main, "asks_for_a_dump"), "{main}");
        assert!(main.to_string().starts_with("main goroutine [running]:\n"));
    });
}

#[inline(never)]
fn yields_until(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        yield_now();
    }
}

#[test]
fn a_goroutine_that_can_run_shows_its_stack_and_runs_on() {
    passes(|| {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let (started_tx, started) = chan::bounded(1);
        let busy = Goroutine::new().name("busy").go(move || {
            started_tx.send(()).unwrap();
            yields_until(&stopped);
        });
        started.recv().unwrap();
        // In its first moments it is still in its send.
        while !has_function(find(&dump().unwrap(), "busy"), "yields_until") {
            yield_now();
        }
        stop.store(true, Ordering::Relaxed);
        busy.join().unwrap();
    });
}

#[test]
fn a_goroutine_that_has_not_started_has_no_stack() {
    // Starting one is a safepoint: on some seeds it runs at once.
    let not_started = (0..20).filter(|&seed| {
        let outcome = Run::new("test").seed(seed).go(|| {
            let new = go(|| ());
            let dump = dump().unwrap();
            let dumped = dump.goroutines.into_iter().find(|g| g.id == new.id());
            new.join().unwrap();
            dumped
        });
        let dumped = outcome.result.unwrap();
        dumped.is_some_and(|dumped| match dumped.stack {
            Err(why) => {
                assert_eq!(dumped.state, GoroutineState::Runnable);
                assert_eq!(why, NoStack::NotStarted);
                true
            }
            Ok(_) => false,
        })
    });
    assert!(not_started.count() > 0);
}

#[test]
fn a_goroutine_without_safepoints_is_said_to_be_so() {
    let run = Run::new("test").scheduler(Scheduler::Parallel);
    let outcome = run.max_procs(2).go(|| {
        let flags = Arc::new((AtomicBool::new(false), AtomicBool::new(false)));
        let shared = flags.clone();
        let spinner = Goroutine::new().name("spinner").go(move || {
            shared.0.store(true, Ordering::Relaxed);
            while !shared.1.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        while !flags.0.load(Ordering::Relaxed) {
            yield_now();
        }
        let spins = find(&dump().unwrap(), "spinner").clone();
        flags.1.store(true, Ordering::Relaxed);
        spinner.join().unwrap();
        (spins.state, spins.stack)
    });
    let spins = (GoroutineState::Running, Err(NoStack::NoSafepoint));
    assert_eq!(outcome.result.unwrap(), spins);
}

#[test]
fn a_blocking_call_is_shown_as_one() {
    let run = Run::new("test").scheduler(Scheduler::Parallel);
    let outcome = run.max_procs(1).go(|| {
        let (tx, rx) = std::sync::mpsc::channel();
        let blocked = Goroutine::new().name("blocked");
        let blocked = blocked.go(move || blocking(|| rx.recv().unwrap()));
        let dump = when_waiting("blocked");
        tx.send(3).unwrap();
        let dumped = find(&dump, "blocked");
        (dumped.to_string(), blocked.join().unwrap())
    });
    let (text, three) = outcome.result.unwrap();
    assert!(text.contains("\"blocked\" [blocking call at"), "{text}");
    assert!(text.contains("(no stack: it blocks its OS thread)"));
    assert_eq!(three, 3);
}

#[test]
fn waits_have_a_duration() {
    let outcome = Run::new("test").go(|| {
        let (tx, rx) = chan::unbuffered::<()>();
        let waiter = Goroutine::new().name("waiter").go(move || rx.recv());
        when_waiting("waiter");
        time::sleep(Duration::from_secs(90));
        let dump = dump().unwrap();
        drop(tx);
        let _ = waiter.join().unwrap();
        find(&dump, "waiter").clone()
    });
    let dumped = outcome.result.unwrap();
    match dumped.state {
        GoroutineState::Waiting { waited, .. } => {
            assert!((90..91).contains(&waited.as_secs()), "{waited:?}");
        }
        other => panic!("{other:?}"),
    }
    assert!(dumped.to_string().contains(", 90.0 s]:"), "{dumped}");
}

#[test]
fn a_dump_does_not_change_the_schedule() {
    fn order(dumps: bool) -> Vec<usize> {
        let body = move || {
            let order = Arc::new(Mutex::new(Vec::new()));
            let all: Vec<_> = (0..5)
                .map(|i| {
                    let order = order.clone();
                    go(move || {
                        order.lock().push(i);
                        yield_now();
                        if dumps {
                            assert!(!dump().unwrap().goroutines.is_empty());
                        }
                        order.lock().push(i);
                    })
                })
                .collect();
            all.into_iter().for_each(|g| g.join().unwrap());
            Arc::into_inner(order).expect("all have ended").into_inner()
        };
        Run::new("test").seed(11).go(body).result.unwrap()
    }
    assert_eq!(order(false), order(true));
}

#[test]
fn outside_a_run_there_is_nothing_to_dump() {
    assert!(dump().is_none());
}
