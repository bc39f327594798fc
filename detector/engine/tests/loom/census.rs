//! Who sees a record of a thread that has ended can ask about that thread: it is not freed meanwhile, though the record
//! goes. The steps are those of an access by all the rules, and of a sweep with the end of its census.

use super::explore;
use deadheat_engine::access::AccessKind::{self, Read, Write};
use deadheat_engine::model::Model;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering, fence};
use loom::thread;

const ENDED: usize = 10;
const ASKS: usize = 1;

#[derive(Default)]
struct Case {
    model: Model,
    asks: AtomicBool,
    is_freed: AtomicBool,
}

impl Case {
    /// An access by one that knows nothing of the ended thread, and asks about it where it has found a race.
    fn ask(&self, kind: AccessKind) {
        self.asks.store(true, Ordering::Relaxed);
        if self.model.access(ASKS, 101, kind, 0xff).contains(&ENDED) {
            assert!(!self.is_freed.load(Ordering::Relaxed), "it is asked about");
        }
        self.asks.store(false, Ordering::Relaxed);
    }

    fn take_census(&self) {
        let is_seen = AtomicBool::new(false);
        self.model.census(102, |tid| {
            is_seen.fetch_or(tid == ENDED, Ordering::Relaxed);
        });
        if !is_seen.load(Ordering::Relaxed) {
            fence(Ordering::SeqCst);
            if !self.asks.load(Ordering::Relaxed) {
                self.is_freed.store(true, Ordering::Relaxed);
            }
        }
    }
}

/// The ended thread did `before`; one does `access`, one takes the census, and one does `remove`.
fn check(before: &'static [AccessKind], access: AccessKind, remove: fn(&Model)) {
    explore(2, move || {
        let case = Arc::new(Case::default());
        for &kind in before {
            case.model.access(ENDED, 100, kind, 0xff);
        }
        let steps: [fn(&Case, AccessKind, fn(&Model)); 3] = [
            |case, kind, _| case.ask(kind),
            |case, _, _| case.take_census(),
            |case, _, remove| remove(&case.model),
        ];
        let threads = steps.map(|step| {
            let case = Arc::clone(&case);
            thread::spawn(move || step(&case, access, remove))
        });
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

fn nobody(_: &Model) {}

fn reset(model: &Model) {
    model.reset(103, 0xff);
}

/// Somebody who knows the ended thread takes the place of its record.
fn write_over(model: &Model) {
    model.access_after(ENDED + 1, 104, Write, 0xff, ENDED);
}

#[test]
fn who_replaces_a_record_asks() {
    check(&[Write], Write, nobody);
    check(&[Write, Read], Write, nobody);
}

#[test]
fn who_sees_a_record_asks_though_it_is_reset() {
    check(&[Write], Read, reset);
    check(&[Read], Write, reset);
    check(&[Write, Read], Write, reset);
}

#[test]
fn who_sees_a_record_asks_though_it_is_replaced() {
    check(&[Write], Read, write_over);
    check(&[Read], Write, write_over);
}
