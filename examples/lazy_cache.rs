//! A cache of exchange rates that the first user fills.
//!
//! Category: lock misuse (partial locking: double-checked, lazy initialisation).
//!
//! What goes wrong: to spare the lock, a user first looks at the cache without it, and locks
//! only where the cache is empty. That first look races with the write of whoever fills the
//! cache: nothing says that a user who sees the table also sees what is in it.
//!
//! What mends it: look under the lock only. (A `Once` would do as well.)

use deadheat::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

/// Prices of one euro, in hundredths.
struct Rates {
    per_euro: HashMap<&'static str, u64>,
}

impl Rates {
    /// Stands for a slow query to a central bank.
    fn load() -> Self {
        yield_now();
        Self {
            per_euro: HashMap::from([("CHF", 95), ("PLN", 425), ("USD", 110)]),
        }
    }

    fn convert(&self, cents: u64, currency: &str) -> Option<u64> {
        Some(cents * self.per_euro.get(currency)? / 100)
    }
}

struct RateCache {
    /// Guards the fields below.
    lock: Mutex<()>,
    rates: Shared<Option<Arc<Rates>>>,
    loads: Shared<u32>,
}

impl RateCache {
    fn new() -> Self {
        Self {
            lock: Mutex::new(()),
            rates: Shared::named("RateCache.rates", None),
            loads: Shared::named("RateCache.loads", 0),
        }
    }

    /// Racy: the first look is not under the lock.
    fn rates_double_checked(&self) -> Arc<Rates> {
        if let Some(rates) = self.rates.get() {
            return rates;
        }
        self.rates()
    }

    fn rates(&self) -> Arc<Rates> {
        let _guard = self.lock.lock();
        if let Some(rates) = self.rates.get() {
            return rates;
        }
        let rates = Arc::new(Rates::load());
        self.loads.update(|n| *n += 1);
        self.rates.set(Some(Arc::clone(&rates)));
        rates
    }
}

/// What an invoice of 20 euros comes to in several currencies, each worked out by a goroutine,
/// and how often the rates were loaded for it.
fn invoice(rates: fn(&RateCache) -> Arc<Rates>) -> (Vec<Option<u64>>, u32) {
    let cache = Arc::new(RateCache::new());
    let converters = ["CHF", "PLN", "USD"].map(|currency| {
        let cache = Arc::clone(&cache);
        go(move || rates(&cache).convert(2000, currency))
    });
    let prices = converters
        .into_iter()
        .map(|converter| converter.join().unwrap())
        .collect();
    (prices, cache.loads.get())
}

#[deadheat::main]
fn main() {
    let mended = std::env::args().nth(1).is_some_and(|arg| arg == "mended");
    let (prices, loads) = if mended {
        invoice(RateCache::rates)
    } else {
        invoice(RateCache::rates_double_checked)
    };
    println!("prices {prices:?}; loads of the rates: {loads}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[deadheat::test]
    fn lazy_cache_racy() {
        invoice(RateCache::rates_double_checked);
    }

    #[deadheat::test]
    fn lazy_cache_mended() {
        let (prices, loads) = invoice(RateCache::rates);
        assert_eq!(prices, [Some(1900), Some(8500), Some(2200)]);
        assert_eq!(loads, 1);
    }
}
