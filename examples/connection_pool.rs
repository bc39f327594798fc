//! A pool of database connections that several workers use.
//!
//! Category: a mutex passed by value.
//!
//! What goes wrong: a pool can be copied, and a copy means the same idle connections. But its
//! lock is copied too, and a copy of a lock is another lock. Each worker that is handed a pool
//! by value locks its own, which keeps nobody out: two workers may take the same connection.
//!
//! What mends it: hand the workers a reference to the one pool.

use deadheat::prelude::*;
use std::sync::Arc;

const WORKERS: usize = 3;
const QUERIES_PER_WORKER: usize = 2;

/// The number that the operating system knows an open connection by.
type Connection = u32;

struct Pool {
    /// Guards all that copies of the pool have in common.
    lock: Mutex<()>,
    idle: Arc<Shared<Vec<Connection>>>,
    opened: Arc<Shared<u32>>,
}

impl Clone for Pool {
    fn clone(&self) -> Self {
        Self {
            lock: Mutex::new(()),
            idle: Arc::clone(&self.idle),
            opened: Arc::clone(&self.opened),
        }
    }
}

impl Pool {
    fn new() -> Self {
        Self {
            lock: Mutex::new(()),
            idle: Arc::new(Shared::named("Pool.idle", Vec::new())),
            opened: Arc::new(Shared::named("Pool.opened", 0)),
        }
    }

    /// An idle connection, or a new one where there is none.
    fn take(&self) -> Connection {
        let _guard = self.lock.lock();
        let mut idle = self.idle.get();
        let Some(connection) = idle.pop() else {
            let connection = self.opened.get() + 1;
            self.opened.set(connection);
            return connection;
        };
        self.idle.set(idle);
        connection
    }

    fn put_back(&self, connection: Connection) {
        let _guard = self.lock.lock();
        let mut idle = self.idle.get();
        idle.push(connection);
        self.idle.set(idle);
    }
}

/// Racy: a pool of the worker's own, with a lock of its own.
fn hand_over_copy(pool: &Arc<Pool>) -> Arc<Pool> {
    Arc::new(Pool::clone(pool))
}

fn hand_over_reference(pool: &Arc<Pool>) -> Arc<Pool> {
    Arc::clone(pool)
}

fn query(_connection: Connection) {
    yield_now();
}

/// Lets workers query the database, and tells how many connections were opened, and which are
/// idle in the end.
fn work(hand_over: fn(&Arc<Pool>) -> Arc<Pool>) -> (u32, Vec<Connection>) {
    let pool = Arc::new(Pool::new());
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let pool = hand_over(&pool);
            go(move || {
                for _ in 0..QUERIES_PER_WORKER {
                    let connection = pool.take();
                    query(connection);
                    pool.put_back(connection);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    let mut idle = pool.idle.get();
    idle.sort_unstable();
    (pool.opened.get(), idle)
}

#[deadheat::main]
fn main() {
    let mended = std::env::args().nth(1).is_some_and(|arg| arg == "mended");
    let (opened, idle) = work(if mended {
        hand_over_reference
    } else {
        hand_over_copy
    });
    println!("{opened} connections opened, idle in the end: {idle:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[deadheat::test]
    fn connection_pool_racy() {
        work(hand_over_copy);
    }

    #[deadheat::test]
    fn connection_pool_mended() {
        let (opened, idle) = work(hand_over_reference);
        assert!(opened as usize <= WORKERS);
        assert_eq!(idle, (1..=opened).collect::<Vec<_>>());
    }
}
