//! Whole patterns of concurrent programs: pipelines, pools, servers, and their usual mistakes.

mod study;

use crate::check::{clean, racy};
use crate::common::{cell, share};
use deadheat::sync::WaitGroup;
use deadheat::{Shared, SharedSlice, chan, go, select};
use std::sync::Arc;

type Item = Arc<Shared<i32>>;

fn items(count: i32) -> impl Iterator<Item = Item> {
    (0..count).map(|n| Arc::new(Shared::named("item", n)))
}

#[test]
fn pipeline_clean() {
    // Each stage lets go of an item before it passes it on.
    clean(|| {
        let (tx, numbers) = chan::unbuffered::<Item>();
        let (squared, rx) = chan::bounded::<Item>(1);
        let source = go(move || items(3).for_each(|item| tx.send(item).unwrap()));
        let stage = go(move || {
            for item in &numbers {
                item.update(|n| *n *= *n);
                squared.send(item).unwrap();
            }
        });
        let results: Vec<_> = rx.iter().map(|item| item.get()).collect();
        assert_eq!(results, [0, 1, 4]);
        source.join().unwrap();
        stage.join().unwrap();
    });
}

#[test]
fn pipeline_racy() {
    // The stage works on the item that it has passed on already.
    racy(&["item"], || {
        let (tx, numbers) = chan::unbuffered::<Item>();
        let (squared, rx) = chan::bounded::<Item>(1);
        let source = go(move || items(3).for_each(|item| tx.send(item).unwrap()));
        let stage = go(move || {
            for item in &numbers {
                squared.send(item.clone()).unwrap();
                item.update(|n| *n *= *n);
            }
        });
        for item in &rx {
            let _ = item.get();
        }
        source.join().unwrap();
        stage.join().unwrap();
    });
}

#[test]
fn fan_out_and_fan_in_clean() {
    // Jobs go to one worker each; the results end when all workers are done.
    clean(|| {
        let (tx, jobs) = chan::bounded::<Item>(2);
        let (results, rx) = chan::unbuffered::<Item>();
        let group = Arc::new(WaitGroup::new());
        for _ in 0..3 {
            group.add(1);
            let (jobs, results, group) = (jobs.clone(), results.clone(), group.clone());
            let _ = go(move || {
                for item in &jobs {
                    item.update(|n| *n += 1);
                    results.send(item).unwrap();
                }
                group.done();
            });
        }
        let closer = go(move || {
            group.wait();
            results.close();
        });
        let source = go(move || items(5).for_each(|item| tx.send(item).unwrap()));
        assert_eq!(rx.iter().map(|item| item.get()).sum::<i32>(), 15);
        source.join().unwrap();
        closer.join().unwrap();
    });
}

#[test]
fn fan_out_and_fan_in_racy() {
    // Each worker adds to a common total when the jobs have ended, which both learn from the
    // same close: unordered, whoever had which jobs.
    racy(&["total"], || {
        let totals: [_; 2] = cell("total");
        let (tx, jobs) = chan::bounded::<Item>(2);
        let workers = totals.map(|total| {
            let jobs = jobs.clone();
            go(move || {
                let sum: i32 = jobs.iter().map(|item| item.get()).sum();
                total.update(|n| *n += sum);
            })
        });
        items(3).for_each(|item| tx.send(item).unwrap());
        tx.close();
        for worker in workers {
            worker.join().unwrap();
        }
    });
}

#[test]
fn ping_pong_clean() {
    // Only the one who has the ball touches the cell.
    clean(|| {
        let [x, theirs] = cell("x");
        let (ping, pinged) = chan::unbuffered();
        let (pong, ponged) = chan::unbuffered();
        let g = go(move || {
            for () in &pinged {
                theirs.update(|n| *n += 1);
                pong.send(()).unwrap();
            }
        });
        for round in 0..3 {
            x.update(|n| *n += 1);
            ping.send(()).unwrap();
            ponged.recv().unwrap();
            assert_eq!(x.get(), 2 * (round + 1));
        }
        drop(ping);
        g.join().unwrap();
    });
}

#[test]
fn ping_pong_racy() {
    // One side writes when it has passed the ball, before it has it back.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let (ping, pinged) = chan::unbuffered();
        let (pong, ponged) = chan::unbuffered();
        let g = go(move || {
            for () in &pinged {
                theirs.update(|n| *n += 1);
                pong.send(()).unwrap();
            }
        });
        for _ in 0..3 {
            ping.send(()).unwrap();
            x.update(|n| *n += 1);
            ponged.recv().unwrap();
        }
        drop(ping);
        g.join().unwrap();
    });
}

/// A request: where to send the answer.
type Request = chan::Sender<i32>;

#[test]
fn request_and_response_clean() {
    // The server alone has the state; a client that has its answer is after the write for it.
    clean(|| {
        let [state, kept] = cell("state");
        let (requests, incoming) = chan::unbuffered::<Request>();
        let server = go(move || {
            for reply in &incoming {
                kept.update(|n| *n += 1);
                reply.send(kept.get()).unwrap();
            }
        });
        for expected in 1..=2 {
            let (reply, answer) = chan::bounded(1);
            requests.send(reply).unwrap();
            assert_eq!(answer.recv(), Ok(expected));
            assert_eq!(state.get(), expected);
        }
        drop(requests);
        server.join().unwrap();
    });
}

#[test]
fn request_and_response_racy() {
    // The server answers first and keeps its books after that, while the client looks.
    racy(&["state"], || {
        let [state, kept] = cell("state");
        let (requests, incoming) = chan::unbuffered::<Request>();
        let server = go(move || {
            for reply in &incoming {
                reply.send(0).unwrap();
                kept.update(|n| *n += 1);
            }
        });
        let (reply, answer) = chan::bounded(1);
        requests.send(reply).unwrap();
        assert_eq!(answer.recv(), Ok(0));
        let _ = state.get();
        drop(requests);
        server.join().unwrap();
    });
}

/// Two workers write an element each, meet, and read each other's.
fn two_phases(everybody_is_waited_for: bool) {
    let slots = SharedSlice::named("slots", vec![0; 2]);
    let (arrive, arrived) = chan::bounded(2);
    let (release, released) = chan::unbuffered::<()>();
    let workers = [0, 1].map(|own| {
        let (slots, arrive, released) = (slots.clone(), arrive.clone(), released.clone());
        go(move || {
            slots.set(own, 1);
            arrive.send(()).unwrap();
            assert!(released.recv().is_err());
            let _ = slots.get(1 - own);
        })
    });
    if everybody_is_waited_for {
        arrived.recv().unwrap();
        arrived.recv().unwrap();
    }
    release.close();
    for worker in workers {
        worker.join().unwrap();
    }
}

#[test]
fn barrier_clean() {
    // Both sends are received before the close, which comes before both reads.
    clean(|| two_phases(true));
}

#[test]
fn barrier_racy() {
    // The close is after neither arrival.
    racy(&["slots"], || two_phases(false));
}

/// Takes two values from a generator and stops it; looks at the generator's state, having
/// waited for its end or not.
fn abandon_a_generator(wait: bool) {
    let [state, own] = cell("state");
    let (values, rx) = chan::unbuffered();
    let (quit, quits) = chan::unbuffered::<()>();
    let generator = go(move || {
        loop {
            own.update(|n| *n += 1);
            select! {
                send(values, own.get()) -> sent => sent.unwrap(),
                recv(quits) -> _ => break,
            }
        }
    });
    assert_eq!(rx.recv(), Ok(1));
    assert_eq!(rx.recv(), Ok(2));
    quit.close();
    if wait {
        generator.join().unwrap();
        assert_eq!(state.get(), 3);
    } else {
        let _ = state.get();
        generator.join().unwrap();
    }
}

#[test]
fn generator_that_is_stopped_clean() {
    // The generator's end is joined.
    clean(|| abandon_a_generator(true));
}

#[test]
fn generator_that_is_stopped_racy() {
    // To ask it to stop is an edge to the generator, not from it: it has always begun on the
    // third value.
    racy(&["state"], || abandon_a_generator(false));
}

#[test]
fn state_kept_in_a_channel_clean() {
    // Who has taken the state out has it alone; putting it back is the send before the next
    // receive.
    clean(|| {
        let (put, take) = chan::bounded(1);
        put.send(Box::new(Shared::named("state", 0))).unwrap();
        let users = [1, 2, 3].map(|n| {
            let (put, take) = (put.clone(), take.clone());
            go(move || {
                let state = take.recv().unwrap();
                state.update(|sum| *sum += n);
                put.send(state).unwrap();
            })
        });
        for user in users {
            user.join().unwrap();
        }
        assert_eq!(take.recv().unwrap().get(), 6);
    });
}

#[test]
fn state_kept_in_a_channel_racy() {
    // A pointer is kept beyond the putting back, and used once more.
    racy(&["state"], || {
        let (put, take) = chan::bounded(1);
        put.send(Arc::new(Shared::named("state", 0))).unwrap();
        let users = [1, 2].map(|n| {
            let (put, take) = (put.clone(), take.clone());
            go(move || {
                let state = take.recv().unwrap();
                put.send(state.clone()).unwrap();
                state.update(|sum| *sum += n);
            })
        });
        for user in users {
            user.join().unwrap();
        }
    });
}

/// Sends a message to two subscribers, who change what they get.
fn broadcast(copy: impl Fn(&Item) -> Item) {
    let message = Arc::new(Shared::named("message", 5));
    let mut subscribers = Vec::new();
    for _ in 0..2 {
        let (tx, rx) = chan::unbuffered::<Item>();
        let subscriber = go(move || rx.recv().unwrap().update(|n| *n += 1));
        subscribers.push((tx, subscriber));
    }
    for (tx, _) in &subscribers {
        tx.send(copy(&message)).unwrap();
    }
    for (_, subscriber) in subscribers {
        subscriber.join().unwrap();
    }
}

#[test]
fn broadcast_clean() {
    // A copy for each, made before it is sent.
    clean(|| broadcast(|message| Arc::new(Shared::named("copy", message.get()))));
}

#[test]
fn broadcast_racy() {
    // The same message for both: each send orders its own subscriber only.
    racy(&["message"], || broadcast(Arc::clone));
}

#[test]
fn quit_channel_shared_by_workers_clean() {
    // Workers poll until they are told to stop; each is done before its result is read.
    clean(|| {
        let slots = SharedSlice::named("slots", vec![0; 2]);
        let [group, group1, group2] = share(WaitGroup::new());
        let (quit, quits) = chan::unbuffered::<()>();
        for (index, group) in [group1, group2].into_iter().enumerate() {
            group.add(1);
            let (slots, quits) = (slots.clone(), quits.clone());
            let _ = go(move || {
                loop {
                    slots.update(index, |n| *n += 1);
                    select! {
                        recv(quits) -> _ => break,
                        default => deadheat::yield_now(),
                    }
                }
                group.done();
            });
        }
        quit.close();
        group.wait();
        assert!(slots.to_vec().iter().all(|&n| n > 0));
    });
}

#[test]
fn quit_channel_shared_by_workers_racy() {
    // Instead of a channel, a plain flag.
    racy(&["stop"], || {
        let [stop, first, second] = cell("stop");
        let workers = [first, second].map(|stop| {
            go(move || {
                while stop.get() == 0 {
                    deadheat::yield_now();
                }
            })
        });
        stop.set(1);
        for worker in workers {
            worker.join().unwrap();
        }
    });
}
