//! Dumps of all runs in the process, at any time. On its own, because it disturbs the schedules of
//! controlled runs beside it.

use deadheat_runtime::detector::report::Scheduler;
use deadheat_runtime::sync::WaitGroup;
use deadheat_runtime::{Run, chan, dump, dump_all, go};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Dumps by several goroutines, and by a plain thread, while others wake each other.
#[test]
fn dumps_at_any_time_lose_no_wake_up() {
    let controlled = (0..10).map(|seed| Run::new("test").seed(seed));
    let parallel = [1, 2, 4].map(|procs| {
        let run = Run::new("test").scheduler(Scheduler::Parallel);
        run.max_procs(procs)
    });
    for builder in controlled.chain(parallel) {
        let done = Arc::new(AtomicBool::new(false));
        let others = done.clone();
        let looking = std::thread::spawn(move || {
            let mut dumps = 0;
            while !others.load(Ordering::Relaxed) {
                dumps += dump_all().len();
            }
            dumps
        });
        let outcome = builder.go(|| {
            let group = WaitGroup::new();
            group.add(4);
            let group = Arc::new(group);
            for _ in 0..2 {
                let (ping, pinged) = chan::unbuffered();
                let (pong, ponged) = chan::unbuffered();
                let (here, there) = (group.clone(), group.clone());
                drop(go(move || {
                    for i in 0..6 {
                        ping.send(i).unwrap();
                        assert_eq!(ponged.recv(), Ok(i));
                    }
                    here.done();
                }));
                drop(go(move || {
                    for value in &pinged {
                        pong.send(value).unwrap();
                        if value % 3 == 0 {
                            assert!(!dump().unwrap().goroutines.is_empty());
                        }
                    }
                    there.done();
                }));
            }
            group.wait();
        });
        done.store(true, Ordering::Relaxed);
        outcome.result.expect("nobody is deadlocked");
        assert_eq!(outcome.panics, [""; 0]);
        looking.join().unwrap();
    }
}
