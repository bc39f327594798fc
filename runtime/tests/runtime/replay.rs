//! The same seed, the same run; runs side by side.

use deadheat_runtime::{Run, chan, go, goroutine_id, select, yield_now};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};

/// Who took which step, in a program with many choices.
fn steps(seed: u64) -> Vec<u64> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let inside = Arc::clone(&log);
    let outcome = Run::new("test").seed(seed).go(move || {
        let (tx, rx) = chan::bounded(2);
        let (other_tx, other_rx) = chan::unbuffered();
        for _ in 0..4 {
            let (tx, other_tx, log) = (tx.clone(), other_tx.clone(), Arc::clone(&inside));
            drop(go(move || {
                let id = goroutine_id().unwrap();
                for _ in 0..5 {
                    log.lock().unwrap().push(id);
                    yield_now();
                    select! {
                        send(tx, id) -> _ => {},
                        send(other_tx, id) -> _ => {},
                    }
                }
            }));
        }
        for _ in 0..20 {
            let id = select! {
                recv(rx) -> id => id.unwrap(),
                recv(other_rx) -> id => id.unwrap() + 100,
            };
            inside.lock().unwrap().push(id);
        }
    });
    outcome.result.unwrap();
    Arc::try_unwrap(log).unwrap().into_inner().unwrap()
}

#[test]
fn a_seed_gives_the_same_run_again() {
    for seed in 0..20 {
        assert_eq!(steps(seed), steps(seed), "seed {seed}");
    }
}

#[test]
fn seeds_give_different_runs() {
    let runs: HashSet<_> = (0..50).map(steps).collect();
    assert!(
        runs.len() > 45,
        "{} different runs from 50 seeds",
        runs.len()
    );
}

#[test]
fn runs_side_by_side_do_not_disturb_each_other() {
    let alone: Vec<_> = (0..8).map(steps).collect();
    let together: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|seed| scope.spawn(move || steps(seed)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(alone, together);
}
