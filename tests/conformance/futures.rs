//! Futures: a wake comes before the poll that follows it; what is awaited makes the edges of what
//! is waited for.

use crate::check::{clean, racy};
use crate::common::cell;
use crate::steps::{Steps, together};
use deadheat::time::{Timer, after};
use deadheat::{Shared, block_on, chan, go, yield_now};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A gate that a future waits for. Nothing but its waker orders anything for the detector.
#[derive(Default)]
struct Gate {
    open: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Gate {
    fn open(&self) {
        self.open.store(true, Ordering::SeqCst);
        let waker = self.waker.lock().unwrap().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Reaches step 1 when it waits.
    fn wait(&self, steps: &Steps) {
        block_on(poll_fn(|context| {
            *self.waker.lock().unwrap() = Some(context.waker().clone());
            if self.open.load(Ordering::SeqCst) {
                return Poll::Ready(());
            }
            steps.reach(1);
            Poll::Pending
        }));
    }
}

type State = (Shared<i32>, Gate, Steps);

fn state() -> State {
    (Shared::named("x", 0), Gate::default(), Steps::new())
}

#[test]
fn a_wake_comes_before_the_next_poll_clean() {
    clean(|| {
        together(
            state(),
            [
                |(x, gate, steps)| {
                    gate.wait(steps);
                    x.set(1);
                },
                |(x, gate, steps)| {
                    steps.wait(1);
                    x.set(2);
                    gate.open();
                },
            ],
        );
    });
}

#[test]
fn what_follows_the_wake_racy() {
    racy(&["x"], || {
        together(
            state(),
            [
                |(x, gate, steps)| {
                    gate.wait(steps);
                    x.set(1);
                },
                |(x, gate, steps)| {
                    steps.wait(1);
                    gate.open();
                    x.set(2);
                },
            ],
        );
    });
}

#[test]
fn a_future_that_is_ready_at_once_racy() {
    // Nobody woke it: it only found the gate open.
    racy(&["x"], || {
        together(
            state(),
            [
                |(x, gate, steps)| {
                    x.set(1);
                    gate.open();
                    steps.reach(1);
                },
                |(x, gate, steps)| {
                    steps.wait(1);
                    gate.wait(steps);
                    x.set(2);
                },
            ],
        );
    });
}

#[test]
fn the_poll_comes_before_nothing_racy() {
    // The waker's owner learns nothing of who waits.
    racy(&["x"], || {
        together(
            state(),
            [
                |(x, gate, steps)| {
                    x.set(1);
                    gate.wait(steps);
                },
                |(x, gate, steps)| {
                    steps.wait(1);
                    gate.open();
                    x.set(2);
                },
            ],
        );
    });
}

#[test]
fn an_awaited_receive_clean() {
    for capacity in [0, 1] {
        let body: fn() = match capacity {
            0 => || awaited_receive(0, true),
            _ => || awaited_receive(1, true),
        };
        clean(body);
    }
}

#[test]
fn an_awaited_receive_racy() {
    racy(&["x"], || awaited_receive(0, false));
    racy(&["x"], || awaited_receive(1, false));
}

/// A goroutine awaits a value and then writes; the sender writes before or after it sends.
fn awaited_receive(capacity: usize, before: bool) {
    let [x, theirs] = cell("x");
    let (tx, rx) = chan::bounded(capacity);
    let receiver = go(move || {
        block_on(async move {
            rx.recv_async().await.unwrap();
            theirs.set(1);
        });
    });
    if before {
        x.set(2);
    }
    tx.send(()).unwrap();
    if !before {
        x.set(2);
    }
    receiver.join().unwrap();
}

#[test]
fn an_awaited_send_clean() {
    // A receive from an unbuffered channel comes before the completion of the send.
    clean(|| awaited_send(0));
}

#[test]
fn an_awaited_send_racy() {
    // With a place in the buffer the send waits for nobody.
    racy(&["x"], || awaited_send(1));
}

fn awaited_send(capacity: usize) {
    let [x, theirs] = cell("x");
    let (tx, rx) = chan::bounded(capacity);
    let sender = go(move || {
        block_on(async move {
            tx.send_async(()).await.unwrap();
            theirs.set(1);
        });
    });
    x.set(2);
    rx.recv().unwrap();
    sender.join().unwrap();
}

#[test]
fn an_awaited_end_clean() {
    clean(|| {
        let [x, theirs] = cell("x");
        let writer = go(move || theirs.set(1));
        block_on(async {
            writer.await.unwrap();
            x.set(2);
        });
    });
}

#[test]
fn an_end_that_is_awaited_too_late_racy() {
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let writer = go(move || theirs.set(1));
        block_on(async {
            x.set(2);
            writer.await.unwrap();
        });
    });
}

/// A value is given to a receive that is dropped, and so goes to another goroutine; the one that
/// `writes` and that other write.
fn handed_on(capacity: usize, sender_writes: bool) {
    let [x, theirs, receivers] = cell("x");
    let (tx, rx) = chan::bounded(capacity);
    // Open to the end: who finds it closed before the value is handed on looks no further.
    let _open = tx.clone();
    let (given_tx, given) = chan::unbuffered::<()>();
    let dropped = rx.clone();
    let (polled_tx, polled) = chan::unbuffered();
    let drops = go(move || {
        let mut future = dropped.recv_async();
        let mut context = Context::from_waker(Waker::noop());
        assert!(pin!(&mut future).poll(&mut context).is_pending());
        polled_tx.send(()).unwrap();
        given.recv().unwrap();
        if !sender_writes {
            theirs.set(1);
        }
        drop(future);
    });
    polled.recv().unwrap();
    let receiver = go(move || {
        // Begins to wait before or after the value is handed on.
        rx.recv().unwrap();
        receivers.set(2);
    });
    let sender = go(move || {
        if sender_writes {
            x.set(3);
        }
        tx.send(()).unwrap();
        given_tx.send(()).unwrap();
    });
    for g in [drops, receiver, sender] {
        g.join().unwrap();
    }
}

#[test]
fn who_gets_what_was_handed_on_comes_after_its_sender_clean() {
    clean(|| handed_on(0, true));
    clean(|| handed_on(1, true));
}

#[test]
fn who_gets_what_was_handed_on_does_not_come_after_who_dropped_it_racy() {
    racy(&["x"], || handed_on(0, false));
    racy(&["x"], || handed_on(1, false));
}

#[test]
fn the_setting_of_a_timer_comes_before_its_awaited_value_clean() {
    clean(|| {
        let [x, theirs] = cell("x");
        let timer = Arc::new(Timer::new(Duration::from_secs(3600)));
        let awaited = Arc::clone(&timer);
        let waiting = go(move || {
            block_on(awaited.c().recv_async()).unwrap();
            theirs.set(1);
        });
        x.set(2);
        timer.reset(Duration::from_millis(1));
        waiting.join().unwrap();
    });
}

/// The time comes on the stack of the goroutine that yields.
#[test]
fn whoever_runs_when_the_time_comes_is_not_before_what_awaits_it_racy() {
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let done = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&done);
        let busy = go(move || {
            theirs.set(1);
            while !until.load(Ordering::SeqCst) {
                yield_now();
            }
        });
        block_on(after(Duration::from_millis(1)).recv_async()).unwrap();
        x.set(2);
        done.store(true, Ordering::SeqCst);
        busy.join().unwrap();
    });
}
