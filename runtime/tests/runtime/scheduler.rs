//! The rules of the parallel scheduler, observed.

use deadheat_runtime::detect::access_memory;
use deadheat_runtime::detector::access::{AccessKind, ByteRange};
use deadheat_runtime::detector::report::Scheduler;
use deadheat_runtime::sync::{Mutex, WaitGroup};
use deadheat_runtime::{
    Builder, Failure, Run, Stats, blocking, chan, go, preempt_point, safepoint, select, stats,
    yield_now,
};
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

fn on(procs: usize) -> Builder {
    let run = Run::new("scheduler").scheduler(Scheduler::Parallel);
    run.max_procs(procs)
}

#[test]
fn a_goroutine_that_passes_no_safepoint_loses_its_processor() {
    let outcome = on(1).go(|| {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let spinner = go(move || {
            while !stopped.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        // Queues behind the spinner, on the only processor.
        yield_now();
        let retaken = stats().unwrap().retaken;
        stop.store(true, Ordering::Relaxed);
        spinner.join().unwrap();
        retaken
    });
    assert_eq!(outcome.result.unwrap(), 1);
}

#[test]
fn a_goroutine_that_only_passes_safepoints_is_preempted() {
    let outcome = on(1).go(|| {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let spinner = go(move || {
            while !stopped.load(Ordering::Relaxed) {
                safepoint();
            }
            stats().unwrap().preempted
        });
        // Lets the spinner run first.
        yield_now();
        go(move || stop.store(true, Ordering::Relaxed))
            .join()
            .unwrap();
        spinner.join().unwrap()
    });
    assert!(outcome.result.unwrap() >= 1);
}

#[test]
fn a_blocking_call_hands_its_processor_over() {
    let outcome = on(1).go(|| {
        let (tx, rx) = mpsc::channel();
        let waiting = go(move || blocking(|| rx.recv().unwrap()));
        let sending = go(move || tx.send(7).unwrap());
        sending.join().unwrap();
        waiting.join().unwrap()
    });
    assert_eq!(outcome.result.unwrap(), 7);
}

#[test]
fn blocking_calls_may_be_many_at_once() {
    const N: usize = 40;
    let outcome = on(2).go(|| {
        let barrier = Arc::new(std::sync::Barrier::new(N));
        let all: Vec<_> = (0..N)
            .map(|_| {
                let barrier = Arc::clone(&barrier);
                go(move || blocking(|| barrier.wait().is_leader()))
            })
            .collect();
        all.into_iter()
            .map(|g| g.join().unwrap())
            .filter(|&leads| leads)
            .count()
    });
    assert_eq!(outcome.result.unwrap(), 1);
}

#[test]
fn a_blocking_call_may_panic() {
    let outcome = on(1).go(|| {
        let panics = go(|| blocking(|| panic!("within")));
        let panicked = panics.join().is_err();
        panicked && go(|| true).join().unwrap()
    });
    assert!(outcome.result.unwrap());
}

#[test]
fn no_more_run_at_once_than_there_are_processors() {
    for procs in [1, 2, 3] {
        let outcome = on(procs).go(|| {
            let running = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
            let all: Vec<_> = (0..64)
                .map(|i| {
                    let running = Arc::clone(&running);
                    go(move || {
                        for _ in 0..200 {
                            let now = running.0.fetch_add(1, Ordering::SeqCst) + 1;
                            running.1.fetch_max(now, Ordering::SeqCst);
                            running.0.fetch_sub(1, Ordering::SeqCst);
                            if i % 8 == 0 {
                                blocking(std::thread::yield_now);
                            } else {
                                yield_now();
                            }
                        }
                    })
                })
                .collect();
            all.into_iter().for_each(|g| g.join().unwrap());
            (running.1.load(Ordering::SeqCst), stats().unwrap().retaken)
        });
        // Whose thread the system left standing for 20 ms has lost its processor, and does not count.
        let (most, retaken) = outcome.result.unwrap();
        assert!((1..=procs + retaken as usize).contains(&most), "{most}");
    }
}

#[test]
fn idle_processors_steal() {
    let outcome = on(2).go(|| {
        // Both must run at the same time, so one of them is stolen, or taken by a worker that woke.
        let meeting = Arc::new(AtomicUsize::new(0));
        let meet = |meeting: Arc<AtomicUsize>| {
            move || {
                meeting.fetch_add(1, Ordering::SeqCst);
                while meeting.load(Ordering::SeqCst) < 2 {
                    std::hint::spin_loop();
                }
            }
        };
        let first = go(meet(Arc::clone(&meeting)));
        let second = go(meet(Arc::clone(&meeting)));
        first.join().unwrap();
        second.join().unwrap();
        let stats = stats().unwrap();
        (stats.steals, stats.retaken, stats.procs)
    });
    let (steals, retaken, procs) = outcome.result.unwrap();
    assert!(steals + retaken >= 1, "{steals} steals, {retaken} retaken");
    assert_eq!(procs, 2);
}

#[test]
fn more_than_a_ring_holds_can_be_queued() {
    for procs in [1, 2, 4] {
        let outcome = on(procs).go(|| {
            let sum = Arc::new(Mutex::new(0_usize));
            let done = Arc::new(WaitGroup::new());
            done.add(3000);
            for i in 0..3000 {
                let (sum, done) = (Arc::clone(&sum), Arc::clone(&done));
                drop(go(move || {
                    *sum.lock() += i;
                    done.done();
                }));
            }
            done.wait();
            *sum.lock()
        });
        assert_eq!(outcome.result.unwrap(), 3000 * 2999 / 2);
    }
}

/// Two that wake each other must not keep a third waiting for ever.
#[test]
fn those_who_wake_each_other_do_not_starve_others() {
    let outcome = on(1).go(|| {
        let stop = Arc::new(AtomicBool::new(false));
        let (there, from) = chan::unbuffered::<()>();
        let (back, again) = chan::unbuffered::<()>();
        let echo = go(move || from.iter().for_each(|()| back.send(()).unwrap()));
        let stopped = Arc::clone(&stop);
        let player = go(move || {
            while !stopped.load(Ordering::Relaxed) {
                there.send(()).unwrap();
                again.recv().unwrap();
            }
        });
        yield_now();
        go(move || stop.store(true, Ordering::Relaxed))
            .join()
            .unwrap();
        player.join().unwrap();
        echo.join().unwrap();
    });
    outcome.result.unwrap();
}

/// A timer that nobody waits for any more does not keep a deadlocked run alive.
#[test]
fn a_timeout_that_was_not_needed_hides_no_deadlock() {
    for procs in [1, 2] {
        let outcome = on(procs).go(|| {
            let (tx, rx) = chan::bounded(1);
            tx.send(1).unwrap();
            let (_keep, never) = chan::unbuffered::<()>();
            let (late_tx, late) = chan::unbuffered();
            let sender = go(move || late_tx.send(2).unwrap());
            select! {
                recv(late) -> two => assert_eq!(two, Ok(2)),
                timeout(Duration::from_secs(3600)) => unreachable!(),
            }
            sender.join().unwrap();
            assert_eq!(rx.recv(), Ok(1));
            never.recv()
        });
        assert!(matches!(outcome.result, Err(Failure::Deadlock(_))));
    }
}

#[test]
fn whoever_passes_preempt_points_lets_others_run() {
    let controlled = (0..10).map(|seed| Run::new("scheduler").seed(seed));
    for run in controlled.chain([on(1), on(2)]) {
        let outcome = run.go(|| {
            let stop = Arc::new(AtomicBool::new(false));
            let stopped = Arc::clone(&stop);
            let spinner = go(move || {
                while !stopped.load(Ordering::Relaxed) {
                    preempt_point();
                }
            });
            // Lets the spinner run first, where there is one processor.
            yield_now();
            let stopper = go(move || stop.store(true, Ordering::Relaxed));
            stopper.join().unwrap();
            spinner.join().unwrap();
        });
        outcome.result.unwrap();
    }
}

#[test]
fn a_preempted_goroutine_waits_in_the_global_queue() {
    let outcome = on(1).go(|| {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let spinner = go(move || {
            while !stopped.load(Ordering::Relaxed) {
                preempt_point();
            }
        });
        // This goroutine itself is never preempted: it yields each time.
        loop {
            yield_now();
            let stats = stats().unwrap();
            if stats.preempted > 0 && stats.global_queue == 1 {
                break;
            }
        }
        stop.store(true, Ordering::Relaxed);
        spinner.join().unwrap();
    });
    outcome.result.unwrap();
}

fn spin_until(condition: impl Fn() -> bool) {
    while !condition() {
        std::hint::spin_loop();
    }
}

/// What is left in both queues when a processor without work has stolen from one with 64 goroutines in
/// its queue; `None` where somebody was preempted meanwhile, or lost its processor.
fn queues_after_a_theft() -> Option<Vec<usize>> {
    let (begun, free, over) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicBool::new(false)),
    );
    let (begins, freed) = (Arc::clone(&begun), Arc::clone(&free));
    let before = stats().unwrap();
    // Keeps the other processor busy until all are queued.
    let keeper = go(move || {
        begins.store(true, Ordering::SeqCst);
        spin_until(|| freed.load(Ordering::SeqCst));
    });
    spin_until(|| begun.load(Ordering::SeqCst));
    let queued: Vec<_> = (0..64)
        .map(|_| {
            let over = Arc::clone(&over);
            go(move || spin_until(|| over.load(Ordering::SeqCst)))
        })
        .collect();
    let steals = stats().unwrap().steals;
    free.store(true, Ordering::SeqCst);
    let disturbed =
        |now: &Stats| now.preempted != before.preempted || now.retaken != before.retaken;
    spin_until(|| stats().is_some_and(|now| now.steals > steals || disturbed(&now)));
    let after = stats().unwrap();
    over.store(true, Ordering::SeqCst);
    keeper.join().unwrap();
    queued.into_iter().for_each(|g| g.join().unwrap());
    (!disturbed(&after)).then_some(after.local_queues)
}

#[test]
fn half_a_queue_is_stolen() {
    let outcome = on(2).go(|| {
        loop {
            if let Some(queues) = queues_after_a_theft() {
                return queues;
            }
        }
    });
    let mut queues = outcome.result.unwrap();
    queues.sort_unstable();
    // One of the 64 was next, 63 in the ring: 32 were stolen, and one of them runs.
    assert_eq!(queues[queues.len() - 2..], [31, 32]);
}

/// Whoever comes back from a blocking call may take another processor than the one that it left; what waits in
/// that one's queue is for the last who falls asleep, however often it had looked at others in vain.
#[test]
fn what_is_left_in_the_queue_of_a_free_processor_is_run() {
    let outcome = on(2).go(|| {
        for _ in 0..400 {
            let stop = Arc::new(AtomicBool::new(false));
            let stopped = Arc::clone(&stop);
            let left = go(move || {
                while !stopped.load(Ordering::Relaxed) {
                    yield_now();
                }
            });
            for _ in 0..3 {
                blocking(std::thread::yield_now);
                yield_now();
            }
            stop.store(true, Ordering::Relaxed);
            left.join().unwrap();
        }
    });
    outcome.result.expect("no deadlock");
}

#[test]
fn who_is_never_idle_keeps_house_too() {
    let outcome = on(1).detect(true).go(|| {
        let here = Location::caller();
        // Many that end, of which the others know nothing, are worth a sweep.
        (0..2_000_000).any(|number| {
            let _ = go(move || {
                let bytes = ByteRange::new(0x1000 + 8 * number, 8).unwrap();
                access_memory(AccessKind::Write, bytes, here);
            });
            yield_now();
            stats().unwrap().housekept > 0
        })
    });
    assert!(outcome.result.unwrap());
}
