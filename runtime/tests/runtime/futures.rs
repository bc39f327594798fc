//! Awaiting in goroutines, and awaiting what goroutines do.

use crate::{everywhere, message, passes};
use deadheat_runtime::atomic::{AtomicUsize, Ordering};
use deadheat_runtime::chan::{self, RecvError, SendError, TryRecvError};
use deadheat_runtime::detector::report::Scheduler;
use deadheat_runtime::time::{Timer, after, since_start};
use deadheat_runtime::{Failure, Run, block_on, foreign_threads, go, safepoint, yield_now};
use std::future::{pending, poll_fn, ready};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// Polls `future` once, for nobody.
fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    let mut context = Context::from_waker(Waker::noop());
    pin!(future).poll(&mut context)
}

#[test]
fn a_future_is_polled_to_its_end() {
    passes(|| {
        assert_eq!(block_on(ready(5)), 5);
        // It wakes itself in its poll.
        let mut left = 3;
        let polls = poll_fn(|context| {
            if left == 0 {
                return Poll::Ready("done");
            }
            left -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        });
        assert_eq!(block_on(polls), "done");
    });
}

#[test]
fn many_goroutines_can_await_at_once() {
    passes(|| {
        let (results, all) = chan::unbuffered();
        let waiting: Vec<_> = (0..30)
            .map(|i| {
                let (tx, rx) = chan::unbuffered();
                let results = results.clone();
                drop(go(move || {
                    block_on(async move {
                        let value: usize = rx.recv_async().await.unwrap();
                        results.send_async(value + i).await.unwrap();
                    });
                }));
                tx
            })
            .collect();
        drop(results);
        for tx in waiting.into_iter().rev() {
            drop(go(move || tx.send(100).unwrap()));
        }
        let mut all: Vec<_> = all.iter().collect();
        all.sort_unstable();
        assert_eq!(all, (100..130).collect::<Vec<_>>());
    });
}

#[test]
fn plain_threads_await_too() {
    let (tx, rx) = chan::unbuffered();
    let sender = std::thread::spawn(move || block_on(tx.send_async(4)));
    assert_eq!(block_on(rx.recv_async()), Ok(4));
    assert_eq!(sender.join().unwrap(), Ok(()));
    assert_eq!(block_on(rx.recv_async()), Err(RecvError));
}

#[test]
fn a_poll_stays_on_its_thread() {
    passes(|| {
        let busy = || {
            let mut rounds = 0;
            block_on(poll_fn(|context| {
                let thread = std::thread::current().id();
                (0..20).for_each(|_| safepoint());
                assert_eq!(std::thread::current().id(), thread);
                rounds += 1;
                context.waker().wake_by_ref();
                if rounds == 5 {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            }));
        };
        for g in [go(busy), go(busy), go(busy)] {
            g.join().unwrap();
        }
    });
}

#[test]
fn on_one_thread_no_other_goroutine_runs_within_a_poll() {
    for seed in 0..40 {
        let outcome = Run::new("test").seed(seed).go(|| {
            let inside = Arc::new(AtomicUsize::new(0));
            let polls = || {
                let inside = inside.clone();
                move || {
                    let mut rounds = 0;
                    block_on(poll_fn(|context| {
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        (0..5).for_each(|_| safepoint());
                        inside.fetch_sub(1, Ordering::SeqCst);
                        rounds += 1;
                        context.waker().wake_by_ref();
                        if rounds == 5 {
                            Poll::Ready(())
                        } else {
                            Poll::Pending
                        }
                    }));
                }
            };
            let others = [go(polls()), go(polls())];
            polls()();
            for other in others {
                other.join().unwrap();
            }
            // After a poll there are safepoints again.
            let ran = Arc::new(AtomicUsize::new(0));
            let other = ran.clone();
            drop(go(move || other.store(1, Ordering::SeqCst)));
            while ran.load(Ordering::SeqCst) == 0 {
                safepoint();
            }
        });
        outcome.result.unwrap();
        assert_eq!(outcome.panics, [""; 0]);
    }
}

#[test]
fn a_panic_in_a_poll_leaves_the_goroutine_as_it_was() {
    passes(|| {
        let g = go(|| {
            let caught = std::panic::catch_unwind(|| block_on(async { panic!("within") }));
            assert_eq!(message(&*caught.unwrap_err()), "within");
            block_on(ready(1))
        });
        assert_eq!(g.join().unwrap(), 1);
    });
}

#[test]
fn a_future_that_nobody_can_wake_is_a_deadlock() {
    everywhere(
        || block_on(pending::<()>()),
        |outcome| match outcome.result {
            Err(Failure::Deadlock(text)) => {
                assert!(text.contains("main goroutine [future at"), "{text}");
            }
            other => panic!("{other:?}"),
        },
    );
}

#[test]
fn awaited_and_blocking_ends_meet() {
    passes(|| {
        for capacity in [0, 2] {
            let (tx, rx) = chan::bounded(capacity);
            let other = tx.clone();
            let awaiting = go(move || {
                block_on(async move {
                    for i in 0..5 {
                        other.send_async(i).await.unwrap();
                    }
                });
            });
            let blocking = go(move || (5..10).for_each(|i| tx.send(i).unwrap()));
            let theirs = rx.clone();
            let receiver = go(move || theirs.iter().sum::<i32>());
            let mut sum = 0;
            block_on(async {
                while let Ok(value) = rx.recv_async().await {
                    sum += value;
                }
            });
            assert_eq!(sum + receiver.join().unwrap(), 45);
            awaiting.join().unwrap();
            blocking.join().unwrap();
        }
    });
}

#[test]
fn closing_ends_what_is_awaited() {
    passes(|| {
        let (tx, rx) = chan::unbuffered::<u8>();
        let receiver = go(move || block_on(rx.recv_async()));
        yield_now();
        tx.close();
        assert_eq!(receiver.join().unwrap(), Err(RecvError));
        let (tx, rx) = chan::unbuffered();
        let sender = go(move || block_on(tx.send_async(3)));
        yield_now();
        drop(rx);
        assert_eq!(sender.join().unwrap(), Err(SendError(3)));
    });
}

#[test]
fn a_receive_that_is_dropped_leaves_the_queue() {
    passes(|| {
        let (tx, rx) = chan::unbuffered();
        let mut dropped = rx.recv_async();
        assert!(poll_once(&mut dropped).is_pending());
        drop(dropped);
        assert!(tx.try_send(1).is_err());
        let sender = go(move || tx.send(2));
        assert_eq!(rx.recv(), Ok(2));
        sender.join().unwrap().unwrap();
    });
}

#[test]
fn what_a_dropped_receive_was_given_goes_to_the_next() {
    passes(|| {
        for capacity in [0, 2] {
            let (tx, rx) = chan::bounded(capacity);
            let mut dropped = rx.recv_async();
            assert!(poll_once(&mut dropped).is_pending());
            assert_eq!(tx.try_send(1), Ok(()));
            if capacity > 0 {
                tx.send(2).unwrap();
                tx.send(3).unwrap();
            }
            drop(dropped);
            assert_eq!((rx.len(), tx.is_empty()), (1 + capacity, false));
            tx.close();
            assert_eq!(rx.iter().collect::<Vec<_>>(), [1, 2, 3][..=capacity]);
        }
    });
}

#[test]
fn what_a_dropped_receive_was_given_goes_to_one_who_waits() {
    passes(|| {
        let (tx, rx) = chan::unbuffered();
        let mut dropped = rx.recv_async();
        assert!(poll_once(&mut dropped).is_pending());
        tx.send(1).unwrap();
        let (waits_tx, waits) = chan::unbuffered();
        let theirs = rx.clone();
        let waiter = go(move || {
            let mut future = theirs.recv_async();
            assert!(poll_once(&mut future).is_pending());
            waits_tx.send(()).unwrap();
            block_on(future)
        });
        waits.recv().unwrap();
        drop(dropped);
        assert_eq!(waiter.join().unwrap(), Ok(1));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    });
}

#[test]
fn a_send_that_is_dropped_is_not_received() {
    passes(|| {
        let (tx, rx) = chan::unbuffered();
        let value = Arc::new(());
        let mut dropped = tx.send_async(value.clone());
        assert!(poll_once(&mut dropped).is_pending());
        drop(dropped);
        assert_eq!(Arc::strong_count(&value), 1);
        assert!(rx.try_recv().is_err());
        // Received before it is dropped, it was sent.
        let mut dropped = tx.send_async(value.clone());
        assert!(poll_once(&mut dropped).is_pending());
        let received = rx.recv().unwrap();
        drop(dropped);
        assert!(Arc::ptr_eq(&received, &value));
    });
}

#[test]
fn a_goroutine_can_be_awaited() {
    passes(|| {
        let (tx, rx) = chan::unbuffered::<()>();
        let value = go(move || {
            let _ = rx.recv();
            7
        });
        let panics = go(|| panic!("as it should"));
        let (value, panic) = block_on(async {
            drop(tx);
            (value.await, panics.await)
        });
        assert_eq!(value.unwrap(), 7);
        let panic: Result<(), _> = panic;
        assert_eq!(message(&*panic.unwrap_err()), "as it should");
    });
}

#[test]
fn a_join_that_is_dropped_lets_the_goroutine_run_on() {
    passes(|| {
        let (tx, rx) = chan::unbuffered::<()>();
        let (done_tx, done) = chan::unbuffered();
        let handle = go(move || {
            let _ = rx.recv();
            done_tx.send(5).unwrap();
        });
        let mut future = handle.into_future();
        assert!(poll_once(&mut future).is_pending());
        assert!(poll_once(&mut future).is_pending());
        drop(future);
        drop(tx);
        assert_eq!(done.recv(), Ok(5));
    });
}

#[test]
fn a_join_must_not_be_polled_after_its_end() {
    passes(|| {
        let polling = go(|| {
            let mut future = go(|| 1).into_future();
            assert_eq!(block_on(&mut future).unwrap(), 1);
            let _ = poll_once(&mut future);
        });
        assert!(message(&*polling.join().unwrap_err()).contains("polled after"));
    });
}

#[test]
fn foreign_threads_are_waited_for() {
    passes(|| {
        let threads = foreign_threads();
        let (tx, rx) = chan::unbuffered();
        let thread = std::thread::spawn(move || {
            (0..3).for_each(|i| tx.send(i).unwrap());
        });
        assert_eq!(rx.iter().sum::<i32>(), 3);
        thread.join().unwrap();
        drop(threads);
    });
    assert!(foreign_threads().is_none());
}

#[test]
fn a_run_does_not_wait_for_threads_once_main_has_returned() {
    for scheduler in [Scheduler::Controlled, Scheduler::Parallel] {
        let outcome = Run::new("test").scheduler(scheduler).go(|| {
            let (tx, rx) = chan::unbuffered::<()>();
            let (there_tx, there) = chan::unbuffered();
            drop(go(move || {
                let _threads = foreign_threads();
                there_tx.send(()).unwrap();
                let _ = rx.recv();
            }));
            there.recv().unwrap();
            std::mem::forget(tx);
        });
        outcome.result.unwrap();
    }
}

#[test]
fn timers_can_be_awaited() {
    passes(|| {
        let begin = since_start().unwrap();
        let at = block_on(after(Duration::from_millis(30)).recv_async()).unwrap();
        assert!(at >= begin + Duration::from_millis(30));
        assert!(since_start() >= Some(at));
    });
}

#[test]
fn whoever_awaits_a_timer_sees_it_set_anew() {
    passes(|| {
        let timer = Arc::new(Timer::new(Duration::from_secs(3600)));
        let (polled, is_polled) = chan::bounded(1);
        let waiting = {
            let timer = Arc::clone(&timer);
            go(move || {
                let mut receive = pin!(timer.c().recv_async());
                block_on(poll_fn(|context| {
                    let poll = receive.as_mut().poll(context);
                    let _ = polled.try_send(());
                    poll
                }))
            })
        };
        is_polled.recv().unwrap();
        assert!(timer.reset(Duration::from_millis(1)));
        assert!(waiting.join().unwrap().unwrap() < Duration::from_secs(3600));
    });
}

#[test]
fn a_timer_that_is_not_awaited_any_more_hides_no_deadlock() {
    let body = || {
        let channel = after(Duration::from_secs(3600));
        let mut receive = channel.recv_async();
        assert!(poll_once(&mut receive).is_pending());
        drop(receive);
        let (_tx, rx) = chan::unbuffered::<()>();
        rx.recv()
    };
    everywhere(body, |outcome| {
        assert!(matches!(outcome.result, Err(Failure::Deadlock(_))));
    });
}

#[test]
fn threads_outside_a_run_can_await_timers() {
    let late = after(Duration::from_secs(3600));
    let mut never = late.recv_async();
    assert!(poll_once(&mut never).is_pending());
    let begin = Instant::now();
    block_on(after(Duration::from_millis(20)).recv_async()).unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(20));
}
