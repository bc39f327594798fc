//! Buffered channels as semaphores, both ways round.

use crate::check::{clean, racy};
use crate::common::{cell, until};
use deadheat::{JoinHandle, Shared, SharedSlice, chan, go};
use std::sync::Arc;

fn join_all<T>(workers: impl IntoIterator<Item = JoinHandle<T>>) {
    for worker in workers {
        assert!(worker.join().is_ok());
    }
}

/// Acquires by sending into `capacity` places, releases by receiving; one worker per cell.
fn guarded_by_sending<const N: usize>(capacity: usize, cells: [Arc<Shared<i32>>; N]) {
    let (tx, rx) = chan::bounded(capacity);
    join_all(cells.map(|x| {
        let (acquire, release) = (tx.clone(), rx.clone());
        go(move || {
            acquire.send(()).unwrap();
            x.update(|n| *n += 1);
            release.recv().unwrap();
        })
    }));
}

#[test]
fn acquire_by_sending_clean() {
    // Capacity 1: the k-th receive, a release, comes before the (k+1)-th send, an acquire.
    clean(|| guarded_by_sending::<3>(1, cell("x")));
}

#[test]
fn acquire_by_sending_racy() {
    // Capacity 2: neither of the first two sends is after a receive.
    racy(&["x"], || guarded_by_sending::<2>(2, cell("x")));
}

/// Acquires by receiving one of `tokens`, releases by sending it back.
fn guarded_by_tokens<const N: usize>(tokens: usize, cells: [Arc<Shared<i32>>; N]) {
    let (tx, rx) = chan::bounded(2);
    for _ in 0..tokens {
        tx.send(()).unwrap();
    }
    join_all(cells.map(|x| {
        let (release, acquire) = (tx.clone(), rx.clone());
        go(move || {
            acquire.recv().unwrap();
            x.update(|n| *n += 1);
            release.send(()).unwrap();
        })
    }));
}

#[test]
fn acquire_by_receiving_a_token_clean() {
    // One token: each release is the send whose value the next acquire receives.
    clean(|| guarded_by_tokens::<3>(1, cell("x")));
}

#[test]
fn acquire_by_receiving_a_token_racy() {
    // Two tokens: the first two receives take the values of the sends before the start.
    racy(&["x"], || guarded_by_tokens::<2>(2, cell("x")));
}

#[test]
fn released_too_early_racy() {
    // The write follows the release, so it is not before the next acquire.
    racy(&["x"], || {
        let cells: [_; 2] = cell("x");
        let (tx, rx) = chan::bounded(1);
        join_all(cells.map(|x| {
            let (acquire, release) = (tx.clone(), rx.clone());
            go(move || {
                acquire.send(()).unwrap();
                release.recv().unwrap();
                x.set(1);
            })
        }));
    });
}

#[test]
fn released_by_another_goroutine_clean() {
    // Unlike a mutex, a semaphore may be released by whom the work was passed to: that
    // receive, too, comes before the next send.
    clean(|| {
        let cells: [_; 2] = cell("x");
        let (tx, rx) = chan::bounded(1);
        join_all(cells.map(|x| {
            let (acquire, release) = (tx.clone(), rx.clone());
            go(move || {
                acquire.send(()).unwrap();
                let finisher = go(move || {
                    x.set(1);
                    release.recv().unwrap();
                });
                finisher.join().unwrap();
            })
        }));
    });
}

#[test]
fn one_side_without_the_semaphore_racy() {
    // Edges join those who use the channel; the other side does not.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        let g = go(move || {
            tx.send(()).unwrap();
            theirs.set(1);
            rx.recv().unwrap();
        });
        x.set(2);
        g.join().unwrap();
    });
}

#[test]
fn one_side_without_the_semaphore_clean() {
    // It holds the semaphore from before the other starts, and lets it go after the write.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        tx.send(()).unwrap();
        let theirs_to_release = rx.clone();
        let g = go(move || {
            tx.send(()).unwrap();
            theirs.set(1);
            theirs_to_release.recv().unwrap();
        });
        x.set(2);
        rx.recv().unwrap();
        g.join().unwrap();
    });
}

#[test]
fn attempt_to_acquire_racy() {
    // The semaphore is held throughout; the attempt fails and orders nothing.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        tx.send(()).unwrap();
        let g = go(move || {
            assert!(tx.try_send(()).is_err());
            theirs.set(1);
        });
        x.set(2);
        g.join().unwrap();
        rx.recv().unwrap();
    });
}

#[test]
fn attempt_to_acquire_clean() {
    // The attempt that succeeds is after the release that made it possible.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::bounded(1);
        tx.send(()).unwrap();
        let keep = rx.clone();
        let g = go(move || {
            until(|| tx.try_send(()).is_ok());
            theirs.set(1);
        });
        x.set(2);
        rx.recv().unwrap();
        g.join().unwrap();
        drop(keep);
    });
}

/// Starts three workers who hold one of three places each; acquires `places` once they all
/// run; then looks at what they did.
fn all_places_taken(places: usize) {
    let slots = SharedSlice::named("slots", vec![0; 3]);
    let (tx, rx) = chan::bounded(3);
    let workers: Vec<_> = (0..3)
        .map(|index| {
            let (slots, release) = (slots.clone(), rx.clone());
            tx.send(()).unwrap();
            go(move || {
                slots.set(index, 1);
                release.recv().unwrap();
            })
        })
        .collect();
    for _ in 0..places {
        tx.send(()).unwrap();
    }
    let _ = slots.to_vec();
    join_all(workers);
}

#[test]
fn waiting_for_all_places_clean() {
    // Capacity 3: sends four to six are after receives one to three, which are the workers'.
    clean(|| all_places_taken(3));
}

#[test]
fn waiting_for_all_places_racy() {
    // Send five is after receive two; one worker is not waited for.
    racy(&["slots"], || all_places_taken(2));
}

/// Two readers take one place each, a writer `places` of the two there are.
fn readers_and_a_writer(places: usize) {
    let [x, first, second] = cell("x");
    let (tx, rx) = chan::bounded(2);
    let readers = [first, second].map(|x| {
        let (acquire, release) = (tx.clone(), rx.clone());
        go(move || {
            acquire.send(()).unwrap();
            let _ = x.get();
            release.recv().unwrap();
        })
    });
    for _ in 0..places {
        tx.send(()).unwrap();
    }
    x.set(1);
    for _ in 0..places {
        rx.recv().unwrap();
    }
    join_all(readers);
}

#[test]
fn writer_takes_every_place_clean() {
    // Capacity 2: while the writer's two values fill the buffer, every earlier acquire has
    // been released by a receive that comes before one of its sends; and no reader's send
    // completes before the receive that follows the write.
    clean(|| readers_and_a_writer(2));
}

#[test]
fn writer_takes_every_place_racy() {
    // With one of the two places the writer shares the semaphore with a reader.
    racy(&["x"], || readers_and_a_writer(1));
}
