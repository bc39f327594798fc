//! A web server that counts the requests to each of its routes.
//!
//! Category: slices and maps shared by goroutines (a map).
//!
//! What goes wrong: every handler counts under its own route, so it seems that no two touch the
//! same thing. But an insertion may move the whole map, whatever the key: it is one location.
//!
//! What mends it: a lock around every use of the map.

use deadheat::prelude::*;
use std::sync::Arc;

const ROUTES: [&str; 3] = ["/cart", "/login", "/search"];
const REQUESTS_PER_ROUTE: u32 = 4;

struct Metrics {
    /// Guards the counts.
    lock: Mutex<()>,
    requests: SharedMap<&'static str, u32>,
}

impl Metrics {
    fn new() -> Self {
        Self {
            lock: Mutex::new(()),
            requests: SharedMap::named("Metrics.requests"),
        }
    }

    /// Racy: the map moves under other handlers' feet.
    fn count_unlocked(&self, route: &'static str) {
        let before = self.requests.get(route).unwrap_or(0);
        self.requests.insert(route, before + 1);
    }

    fn count(&self, route: &'static str) {
        let _guard = self.lock.lock();
        self.count_unlocked(route);
    }

    /// The counts in the order of the routes' names.
    fn page(&self) -> Vec<(&'static str, u32)> {
        let _guard = self.lock.lock();
        let mut counts: Vec<_> = self
            .requests
            .with(|map| map.iter().map(|(route, n)| (*route, *n)).collect());
        counts.sort_unstable();
        counts
    }
}

/// The answer to a request, which a real handler would take longer to find.
fn handle(route: &str) -> String {
    yield_now();
    format!("200 OK {route}")
}

/// Serves some requests, a goroutine per route, and returns the page of metrics.
fn serve(count: fn(&Metrics, &'static str)) -> Vec<(&'static str, u32)> {
    let metrics = Arc::new(Metrics::new());
    let handlers = Arc::new(WaitGroup::new());
    for route in ROUTES {
        handlers.add(1);
        let (metrics, handlers) = (Arc::clone(&metrics), Arc::clone(&handlers));
        let handler = move || {
            for _ in 0..REQUESTS_PER_ROUTE {
                assert!(handle(route).starts_with("200"));
                count(&metrics, route);
            }
            handlers.done();
        };
        let _ = go(handler);
    }
    handlers.wait();
    metrics.page()
}

#[deadheat::main]
fn main() {
    let mended = std::env::args().nth(1).is_some_and(|arg| arg == "mended");
    let page = if mended {
        serve(Metrics::count)
    } else {
        serve(Metrics::count_unlocked)
    };
    for (route, requests) in page {
        println!("{route}: {requests} requests");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[deadheat::test]
    fn metrics_racy() {
        serve(Metrics::count_unlocked);
    }

    #[deadheat::test]
    fn metrics_mended() {
        let all = ROUTES.map(|route| (route, REQUESTS_PER_ROUTE));
        assert_eq!(serve(Metrics::count), all);
    }
}
