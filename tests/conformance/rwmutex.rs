//! Readers and writers: which unlock comes before which lock.

use crate::check::{clean, racy};
use crate::steps::{Steps, together};
use deadheat::prelude::*;

type State = (Shared<i32>, RwMutex<()>, Steps);

fn state() -> State {
    (Shared::named("value", 0), RwMutex::new(()), Steps::new())
}

#[test]
fn readers_read_side_by_side() {
    // Two reads do not conflict, ordered or not.
    clean(|| {
        let read: fn(&State) = |(value, lock, _)| {
            let _guard = lock.read();
            assert_eq!(value.get(), 0);
        };
        together(state(), [read, read, read]);
    });
}

#[test]
fn a_write_under_the_read_lock_races_with_readers() {
    // Readers are not ordered among themselves, whatever they do.
    racy(&["value"], || {
        together(
            state(),
            [
                |(value, lock, _)| {
                    let _guard = lock.read();
                    value.set(1);
                },
                |(value, lock, _)| {
                    let _guard = lock.read();
                    let _ = value.get();
                },
            ],
        );
    });
}

#[test]
fn a_write_under_the_read_lock_and_one_under_the_write_lock() {
    // Read unlock → write lock and write unlock → read lock order the two either way.
    clean(|| {
        together(
            state(),
            [
                |(value, lock, _)| {
                    let _guard = lock.read();
                    value.set(1);
                },
                |(value, lock, _)| {
                    let _guard = lock.write();
                    value.set(2);
                },
            ],
        );
    });
}

#[test]
fn write_unlock_comes_before_a_read_lock() {
    // What was written before the write lock was taken is ordered too.
    clean(|| {
        together(
            state(),
            [
                |(value, lock, steps)| {
                    value.set(1);
                    drop(lock.write());
                    steps.reach(1);
                },
                |(value, lock, steps)| {
                    steps.wait(1);
                    drop(lock.read());
                    assert_eq!(value.get(), 1);
                },
            ],
        );
    });
}

#[test]
fn read_unlock_comes_before_a_write_lock() {
    // The reader's earlier read is ordered before the writer's later write.
    clean(|| {
        together(
            state(),
            [
                |(value, lock, steps)| {
                    let _ = value.get();
                    drop(lock.read());
                    steps.reach(1);
                },
                |(value, lock, steps)| {
                    steps.wait(1);
                    drop(lock.write());
                    value.set(1);
                },
            ],
        );
    });
}

#[test]
fn read_unlock_does_not_come_before_a_later_read_lock() {
    // A read unlock orders later write locks only.
    racy(&["value"], || {
        together(
            state(),
            [
                |(value, lock, steps)| {
                    value.set(1);
                    drop(lock.read());
                    steps.reach(1);
                },
                |(value, lock, steps)| {
                    steps.wait(1);
                    drop(lock.read());
                    let _ = value.get();
                },
            ],
        );
    });
}

#[test]
fn a_writer_in_between_orders_two_readers() {
    // First reader's unlock → writer's lock, writer's unlock → second reader's lock.
    clean(|| {
        together(
            state(),
            [
                |(value, lock, steps)| {
                    value.set(1);
                    drop(lock.read());
                    steps.reach(1);
                },
                |(_, lock, steps)| {
                    steps.wait(1);
                    drop(lock.write());
                    steps.reach(2);
                },
                |(value, lock, steps)| {
                    steps.wait(2);
                    drop(lock.read());
                    value.set(2);
                },
            ],
        );
    });
}

#[test]
fn a_reader_in_between_does_not_order_two_readers() {
    // Each of the three holds the lock for reading only.
    racy(&["value"], || {
        together(
            state(),
            [
                |(value, lock, steps)| {
                    value.set(1);
                    drop(lock.read());
                    steps.reach(1);
                },
                |(_, lock, steps)| {
                    steps.wait(1);
                    drop(lock.read());
                    steps.reach(2);
                },
                |(value, lock, steps)| {
                    steps.wait(2);
                    drop(lock.read());
                    value.set(2);
                },
            ],
        );
    });
}

#[test]
fn a_writer_comes_after_all_readers() {
    // A write lock is ordered after every earlier read unlock, not just the last.
    clean(|| {
        let read: fn(&State) = |(value, lock, _)| {
            let _guard = lock.read();
            let _ = value.get();
        };
        let write: fn(&State) = |(value, lock, _)| {
            let _guard = lock.write();
            value.update(|n| *n += 1);
        };
        together(state(), [read, write, read, write, read]);
    });
}

#[test]
fn one_of_many_readers_does_not_lock() {
    // Its read is unordered with the writer's write.
    racy(&["value"], || {
        let read: fn(&State) = |(value, lock, _)| {
            let _guard = lock.read();
            let _ = value.get();
        };
        together(
            state(),
            [
                read,
                |(value, lock, _)| {
                    let _guard = lock.write();
                    value.set(1);
                },
                |(value, _, _)| assert!(value.get() < 2),
                read,
            ],
        );
    });
}

#[test]
fn a_failed_try_read_orders_nothing() {
    // The writer that is in the way has not unlocked.
    racy(&["value"], || {
        together(
            state(),
            [
                |(value, lock, steps)| {
                    value.set(1);
                    let _guard = lock.write();
                    steps.reach(1);
                    steps.wait(2);
                },
                |(value, lock, steps)| {
                    steps.wait(1);
                    assert!(lock.try_read().is_none());
                    let _ = value.get();
                    steps.reach(2);
                },
            ],
        );
    });
}

#[test]
fn a_failed_try_write_orders_nothing() {
    // It fails because of one reader, and is not ordered after another that has unlocked.
    racy(&["value"], || {
        together(
            state(),
            [
                |(value, lock, steps)| {
                    value.set(1);
                    drop(lock.read());
                    let _guard = lock.read();
                    steps.reach(1);
                    steps.wait(2);
                },
                |(value, lock, steps)| {
                    steps.wait(1);
                    assert!(lock.try_write().is_none());
                    let _ = value.get();
                    steps.reach(2);
                },
            ],
        );
    });
}

#[test]
fn a_successful_try_read_comes_after_the_writer() {
    // A try that succeeds is a read lock.
    clean(|| {
        together(
            state(),
            [
                |(value, lock, steps)| {
                    {
                        let _guard = lock.write();
                        value.set(1);
                    }
                    steps.reach(1);
                },
                |(value, lock, steps)| {
                    steps.wait(1);
                    let _guard = lock.try_read().expect("nobody writes");
                    assert_eq!(value.get(), 1);
                },
            ],
        );
    });
}

#[test]
fn a_successful_try_read_does_not_come_after_a_reader() {
    // As with a read lock that did not have to be tried.
    racy(&["value"], || {
        together(
            state(),
            [
                |(value, lock, steps)| {
                    {
                        let _guard = lock.read();
                        value.set(1);
                    }
                    steps.reach(1);
                },
                |(value, lock, steps)| {
                    steps.wait(1);
                    let _guard = lock.try_read().expect("nobody writes");
                    let _ = value.get();
                },
            ],
        );
    });
}

#[test]
fn a_successful_try_write_comes_after_the_readers() {
    // A try that succeeds is a write lock.
    clean(|| {
        together(
            state(),
            [
                |(value, lock, steps)| {
                    {
                        let _guard = lock.read();
                        let _ = value.get();
                    }
                    steps.reach(1);
                },
                |(value, lock, steps)| {
                    steps.wait(1);
                    let _guard = lock.try_write().expect("nobody holds it");
                    value.set(1);
                },
            ],
        );
    });
}

#[test]
fn checked_under_the_read_lock_and_written_under_the_write_lock() {
    // Every write is under the write lock, every read under one of the two.
    clean(|| {
        let fill: fn(&State) = |(value, lock, _)| {
            let empty = {
                let _guard = lock.read();
                value.get() == 0
            };
            if empty {
                let _guard = lock.write();
                if value.get() == 0 {
                    value.set(1);
                }
            }
        };
        together(state(), [fill, fill, fill]);
    });
}

#[test]
fn checked_under_the_read_lock_and_written_under_none() {
    // A write after the read unlock is ordered with no later reader.
    racy(&["value"], || {
        let fill: fn(&State) = |(value, lock, _)| {
            let before = {
                let _guard = lock.read();
                value.get()
            };
            value.set(before + 1);
        };
        together(state(), [fill, fill]);
    });
}

#[test]
fn reader_and_writer_use_different_locks() {
    // Edges run within one lock only.
    racy(&["value"], || {
        let locks = (RwMutex::new(()), RwMutex::new(()));
        together(
            (Shared::named("value", 0), locks),
            [
                |(value, (lock, _))| {
                    let _guard = lock.write();
                    value.set(1);
                },
                |(value, (_, lock))| {
                    let _guard = lock.read();
                    let _ = value.get();
                },
            ],
        );
    });
}
