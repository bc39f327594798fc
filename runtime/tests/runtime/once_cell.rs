//! Values that are made once.

use crate::{message, passes};
use deadheat_runtime::sync::{OnceCell, once_value};
use deadheat_runtime::{go, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn one_makes_the_value_and_all_get_it() {
    passes(|| {
        let shared = Arc::new((OnceCell::new(), AtomicUsize::new(0)));
        let callers: [_; 4] = std::array::from_fn(|n| {
            let shared = shared.clone();
            go(move || {
                let make = || {
                    yield_now();
                    shared.1.fetch_add(1, Ordering::SeqCst);
                    n
                };
                *shared.0.get_or_init(make)
            })
        });
        let got = callers.map(|caller| caller.join().unwrap());
        assert_eq!(got, [got[0]; 4]);
        assert_eq!(shared.1.load(Ordering::SeqCst), 1);
        assert_eq!(shared.0.get(), Some(&got[0]));
    });
}

#[test]
fn a_value_is_set_once() {
    passes(|| {
        let mut cell = OnceCell::new();
        assert_eq!(cell.get(), None);
        assert_eq!(cell.set(1), Ok(()));
        assert_eq!(cell.set(2), Err(2));
        *cell.get_mut().unwrap() += 10;
        assert_eq!(cell.get(), Some(&11));
        assert_eq!(cell.into_inner(), Some(11));
        assert_eq!(OnceCell::from(3).get(), Some(&3));
        assert_eq!(OnceCell::<u8>::default().into_inner(), None);
    });
}

#[test]
fn a_panic_makes_nothing_and_the_next_tries_again() {
    passes(|| {
        let cell = Arc::new(OnceCell::new());
        let first = cell.clone();
        let first = go(move || *first.get_or_init(|| panic!("half-way")));
        assert!(first.join().is_err());
        assert_eq!(cell.get(), None);
        assert_eq!(cell.get_or_init(|| 2), &2);
    });
}

#[test]
fn a_once_value_is_computed_once() {
    passes(|| {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let value = Arc::new(once_value(move || {
            yield_now();
            counted.fetch_add(1, Ordering::SeqCst) + 5
        }));
        let callers = [(); 3].map(|()| {
            let value = value.clone();
            go(move || value())
        });
        for caller in callers {
            assert_eq!(caller.join().unwrap(), 5);
        }
        assert_eq!(count.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_once_value_repeats_its_panic() {
    passes(|| {
        let value = Arc::new(once_value(|| -> u8 { panic!("half-way") }));
        for _ in 0..3 {
            let value = value.clone();
            let payload = go(move || value()).join().unwrap_err();
            assert_eq!(message(&*payload), "half-way");
        }
    });
}
