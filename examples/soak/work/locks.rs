//! What one at a time may touch, or so many.

use super::{Site, inject};
use crate::random::Random;
use deadheat::sync::{Cond, Mutex, RwMutex, Semaphore, WaitGroup};
use deadheat::{Shared, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const ACCOUNTS: usize = 16;
const BALANCE: i64 = 1000;
const PLACES: usize = 3;

/// Money that moves, and is never more or less; cells, so that the detector looks on.
pub(crate) struct Accounts {
    lock: Mutex<()>,
    balances: [Shared<i64>; ACCOUNTS],
    /// Two that are always equal.
    twins: RwMutex<()>,
    left: Shared<u64>,
    right: Shared<u64>,
    places: Semaphore,
    inside: AtomicUsize,
}

impl Accounts {
    pub(super) fn new() -> Self {
        Self {
            lock: Mutex::new(()),
            balances: [const { Shared::new(BALANCE) }; ACCOUNTS],
            twins: RwMutex::new(()),
            left: Shared::new(0),
            right: Shared::new(0),
            places: Semaphore::new(PLACES),
            inside: AtomicUsize::new(0),
        }
    }

    fn total(&self) -> i64 {
        let _locked = self.lock.lock();
        self.balances.iter().map(Shared::get).sum()
    }

    pub(super) fn check(&self) {
        assert_eq!(self.total(), BALANCE * ACCOUNTS as i64);
        let _read = self.twins.read();
        assert_eq!(self.left.get(), self.right.get());
        assert_eq!(self.inside.load(Ordering::SeqCst), 0);
        assert_eq!(self.places.available(), PLACES);
    }
}

/// Money moves between accounts; somebody may panic beside it, never amid it.
pub(super) fn mutex(site: &Arc<Site>, random: &mut Random) {
    let all: Vec<_> = (0..random.between(1, 8))
        .map(|_| {
            let (from, to) = (random.below(ACCOUNTS), random.below(ACCOUNTS));
            let (amount, rounds) = (random.between(1, 50) as i64, random.between(1, 10));
            let panics = random.once_in(10);
            let own = Arc::clone(site);
            let mover = site.go(move || {
                for _ in 0..rounds {
                    let _locked = own.locks.lock.lock();
                    own.locks.balances[from].update(|balance| *balance -= amount);
                    if amount % 8 == 0 {
                        yield_now();
                    }
                    own.locks.balances[to].update(|balance| *balance += amount);
                    if panics {
                        inject();
                    }
                }
            });
            (mover, panics)
        })
        .collect();
    assert_eq!(site.locks.total(), BALANCE * ACCOUNTS as i64);
    for (mover, panics) in all {
        site.join(mover, panics);
    }
}

/// Readers see the twins equal.
pub(super) fn rwmutex(site: &Arc<Site>, random: &mut Random) {
    let done = Arc::new(WaitGroup::new());
    for _ in 0..random.between(1, 8) {
        let writes = random.once_in(3);
        let rounds = random.between(1, 10);
        let own = Arc::clone(site);
        site.board().count_goroutine();
        done.go(move || {
            let accounts = &own.locks;
            for _ in 0..rounds {
                if writes {
                    let _write = accounts.twins.write();
                    accounts.left.update(|n| *n += 1);
                    accounts.right.update(|n| *n += 1);
                } else {
                    let _read = accounts.twins.read();
                    assert_eq!(accounts.left.get(), accounts.right.get());
                }
            }
        });
    }
    done.wait();
}

/// A queue of one place, whose users wait for it to be full, or empty.
pub(super) fn cond(site: &Arc<Site>, random: &mut Random) {
    struct Slot {
        value: Mutex<Option<usize>>,
        changed: Cond,
    }
    let slot = Arc::new(Slot {
        value: Mutex::new(None),
        changed: Cond::new(),
    });
    let (each, makers) = (random.between(1, 20), random.between(1, 3));
    let makers: Vec<_> = (0..makers)
        .map(|_| {
            let slot = Arc::clone(&slot);
            site.go(move || {
                for n in 0..each {
                    let value = slot.value.lock();
                    let mut value = slot.changed.wait_while(value, |value| value.is_some());
                    *value = Some(n);
                    drop(value);
                    slot.changed.broadcast();
                }
            })
        })
        .collect();
    let mut sum = 0;
    for _ in 0..each * makers.len() {
        let value = slot.value.lock();
        let mut value = slot.changed.wait_while(value, |value| value.is_none());
        sum += value.take().expect("just looked");
        drop(value);
        slot.changed.broadcast();
    }
    assert_eq!(sum, makers.len() * (each * (each - 1) / 2));
    for maker in makers {
        maker.join().expect("no panic");
    }
}

/// No more inside than there are places.
pub(super) fn semaphore(site: &Arc<Site>, random: &mut Random) {
    let all: Vec<_> = (0..random.between(1, 10))
        .map(|_| {
            let places = random.between(1, PLACES);
            let panics = random.once_in(10);
            let tries = random.once_in(3);
            let own = Arc::clone(site);
            let visitor = site.go(move || {
                let accounts = &own.locks;
                let place = match tries {
                    true => accounts.places.try_acquire(places),
                    false => Some(accounts.places.acquire(places)),
                };
                if place.is_some() {
                    let inside = accounts.inside.fetch_add(places, Ordering::SeqCst);
                    assert!(
                        inside + places <= PLACES,
                        "{inside} and {places} are inside"
                    );
                    yield_now();
                    accounts.inside.fetch_sub(places, Ordering::SeqCst);
                }
                if panics {
                    inject();
                }
            });
            (visitor, panics)
        })
        .collect();
    for (visitor, panics) in all {
        site.join(visitor, panics);
    }
}
