//! Calls that share what is under way.

use crate::{everywhere, message, passes};
use deadheat_runtime::sync::Singleflight;
use deadheat_runtime::{chan, go, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn calls_share_what_is_under_way() {
    passes(|| {
        let flights = Arc::new(Singleflight::new());
        let started = Arc::new(AtomicUsize::new(0));
        let (go_on, wait) = chan::unbuffered::<()>();
        let first = {
            let (flights, started) = (flights.clone(), started.clone());
            go(move || {
                flights.do_("key", || {
                    started.store(1, Ordering::SeqCst);
                    assert!(wait.recv().is_err());
                    7
                })
            })
        };
        while started.load(Ordering::SeqCst) == 0 {
            yield_now();
        }
        let (arrived, arrive) = chan::bounded(1);
        let other = flights.clone();
        let second = go(move || {
            arrived.send(()).unwrap();
            other.do_("key", || 8)
        });
        arrive.recv().unwrap();
        assert_eq!(flights.do_("another key", || 9), (9, false));
        drop(go_on);
        let (value, shared) = first.join().unwrap();
        assert_eq!(value, 7);
        // The second came while the first was at it, or after that.
        assert_eq!(
            second.join().unwrap(),
            if shared { (7, true) } else { (8, false) }
        );
        assert_eq!(flights.do_("key", || 10), (10, false));
    });
}

#[test]
fn some_call_is_shared() {
    let mut seen = 0;
    everywhere(
        || {
            let flights = Arc::new(Singleflight::new());
            let calls = [1, 2, 3].map(|n| {
                let flights = flights.clone();
                go(move || {
                    flights.do_((), || {
                        yield_now();
                        n
                    })
                })
            });
            calls.map(|call| call.join().unwrap())
        },
        |outcome| {
            let calls = outcome.result.unwrap();
            for (value, shared) in calls {
                let same = calls.iter().filter(|other| other.0 == value).count();
                assert_eq!(shared, same > 1, "{calls:?}");
                seen += usize::from(shared);
            }
        },
    );
    assert!(seen > 0, "no schedule of all shares a call");
}

#[test]
fn a_panic_is_for_all_and_the_next_computes_anew() {
    passes(|| {
        let flights = Arc::new(Singleflight::new());
        let calls = [(); 3].map(|()| {
            let flights = flights.clone();
            go(move || {
                flights.do_(1, || -> u8 {
                    yield_now();
                    panic!("in the work")
                })
            })
        });
        for call in calls {
            let payload = call.join().unwrap_err();
            assert_eq!(message(&*payload), "in the work");
        }
        assert_eq!(flights.do_(1, || 2), (2, false));
    });
}

#[test]
fn a_forgotten_call_is_not_shared() {
    passes(|| {
        let flights = Singleflight::new();
        let outer = flights.do_(1, || {
            flights.forget(&1);
            flights.do_(1, || 2).0 + 1
        });
        assert_eq!(outer, (3, false));
    });
}
