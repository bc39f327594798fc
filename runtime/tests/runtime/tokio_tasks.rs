//! Beside tokio: its tasks exchange values with goroutines, and its primitives serve goroutines.

use crate::passes;
use deadheat_runtime::{Run, block_on, chan, foreign_threads, go};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Barrier, Mutex, Notify, Semaphore, mpsc, oneshot};

static TOKIO: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = Builder::new_multi_thread();
    let builder = builder.worker_threads(2).enable_time();
    builder.build().expect("two threads")
});

#[test]
fn tasks_and_goroutines_exchange_values() {
    passes(|| {
        let _threads = foreign_threads();
        for capacity in [0, 3] {
            let (numbers_tx, numbers) = chan::bounded(capacity);
            let (squares_tx, squares) = chan::bounded(capacity);
            for _ in 0..3 {
                let (numbers, squares) = (numbers.clone(), squares_tx.clone());
                TOKIO.spawn(async move {
                    while let Ok(number) = numbers.recv_async().await {
                        let square: u32 = number * number;
                        squares.send_async(square).await.unwrap();
                    }
                });
            }
            drop(squares_tx);
            let sender =
                go(move || (1..=20_u32).for_each(|number| numbers_tx.send(number).unwrap()));
            let receiver = go(move || squares.iter().sum::<u32>());
            assert_eq!(receiver.join().unwrap(), 2870);
            sender.join().unwrap();
        }
    });
}

#[test]
fn a_task_is_awaited_by_a_goroutine_and_the_other_way_round() {
    passes(|| {
        let (tx, rx) = chan::unbuffered();
        let g = go(move || rx.recv().unwrap() + 1);
        // Its wake-up comes from a timer's thread, which nobody has announced.
        let task = TOKIO.spawn(async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            tx.send_async(1).await.unwrap();
            g.await.unwrap()
        });
        assert_eq!(block_on(task).unwrap(), 2);
    });
}

#[test]
fn tokios_primitives_serve_goroutines() {
    passes(|| {
        let shared = Arc::new((Mutex::new(0), Semaphore::new(2), Barrier::new(4)));
        let (tx, mut rx) = mpsc::channel(1);
        let workers: Vec<_> = (0..4)
            .map(|i| {
                let (shared, tx) = (shared.clone(), tx.clone());
                go(move || {
                    block_on(async move {
                        shared.2.wait().await;
                        let _place = shared.1.acquire().await.unwrap();
                        *shared.0.lock().await += i;
                        tx.send(i).await.unwrap();
                    });
                })
            })
            .collect();
        drop(tx);
        let sum = block_on(async {
            let mut sum = 0;
            while let Some(value) = rx.recv().await {
                sum += value;
            }
            sum
        });
        workers
            .into_iter()
            .for_each(|worker| worker.join().unwrap());
        assert_eq!((sum, block_on(async { *shared.0.lock().await })), (6, 6));
    });
}

#[test]
fn notify_and_oneshot_wake_goroutines() {
    passes(|| {
        let notify = Arc::new(Notify::new());
        let (tx, rx) = oneshot::channel();
        let theirs = notify.clone();
        let waiter = go(move || {
            block_on(async move {
                theirs.notified().await;
                tx.send(9).unwrap();
            });
        });
        notify.notify_one();
        assert_eq!(block_on(rx), Ok(9));
        waiter.join().unwrap();
    });
}

/// A receive that loses a `select!` again and again loses no value.
#[test]
fn a_receive_in_tokios_select_loses_nothing() {
    passes(|| {
        let (tx, rx) = chan::unbuffered();
        let senders: Vec<_> = (0..3)
            .map(|n| {
                let tx = tx.clone();
                go(move || (0..10).for_each(|i| tx.send(10 * n + i).unwrap()))
            })
            .collect();
        drop(tx);
        let mut got = block_on(async {
            let mut got = Vec::new();
            loop {
                tokio::select! {
                    biased;
                    // Gives up at once if there is none, and is polled again after it.
                    value = rx.recv_async() => match value {
                        Ok(value) => got.push(value),
                        Err(_) => return got,
                    },
                    () = once_pending() => {}
                }
            }
        });
        got.sort_unstable();
        assert_eq!(got, (0..30).collect::<Vec<_>>());
        senders
            .into_iter()
            .for_each(|sender| sender.join().unwrap());
    });
}

/// Is woken at once, and ready at the second poll.
async fn once_pending() {
    let mut polled = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut polled, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

/// On the controlled scheduler only: the set knows its thread.
#[test]
fn tasks_of_a_local_set_run_in_one_goroutine() {
    for seed in 0..20 {
        let outcome = Run::new("test").seed(seed).detect(true).go(|| {
            let (tx, rx) = chan::unbuffered();
            let g = go(move || {
                let local = tokio::task::LocalSet::new();
                block_on(local.run_until(async move {
                    let sender = tokio::task::spawn_local(async move {
                        for i in 0..5 {
                            tx.send_async(i).await.unwrap();
                        }
                        deadheat_runtime::goroutine_id()
                    });
                    sender.await.unwrap()
                }))
            });
            let id = g.id();
            assert_eq!(rx.iter().sum::<i32>(), 10);
            assert_eq!(g.join().unwrap(), Some(id));
        });
        outcome.result.unwrap();
    }
}

#[test]
fn one_goroutine_awaits_several_at_once() {
    passes(|| {
        let (tx, rx) = chan::unbuffered();
        let (sum, ()) = block_on(async {
            let receives = async {
                let mut sum = 0;
                while let Ok(value) = rx.recv_async().await {
                    sum += value;
                }
                sum
            };
            let sends = async move {
                for i in 0..5 {
                    tx.send_async(i).await.unwrap();
                }
            };
            tokio::join!(receives, sends)
        });
        assert_eq!(sum, 10);
    });
}
