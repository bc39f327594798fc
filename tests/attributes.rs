//! What `#[deadheat::test]` takes, and how tests of it pass and fail.

use deadheat::goroutine_id;
use deadheat::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

fn two_unordered_updates() {
    let hits = Arc::new(Shared::named("hits", 0));
    let other = hits.clone();
    let visitor = go(move || other.update(|n| *n += 1));
    hits.update(|n| *n += 1);
    visitor.join().unwrap();
}

#[deadheat::test]
fn a_test_runs_in_a_goroutine() {
    assert_eq!(goroutine_id(), Some(1));
}

#[deadheat::test]
fn a_test_may_return_a_result() -> Result<(), std::num::ParseIntError> {
    let _: i32 = "7".parse()?;
    Ok(())
}

#[deadheat::test]
#[should_panic(expected = "the test returned an error")]
fn an_error_fails_a_test() -> Result<(), std::num::ParseIntError> {
    let _: i32 = "seven".parse()?;
    Ok(())
}

#[deadheat::test]
#[should_panic(expected = "as usual")]
fn a_panic_fails_a_test() {
    panic!("as usual");
}

#[deadheat::test]
#[should_panic(expected = "nobody joined: goroutine 2")]
fn a_panic_that_nobody_joins_fails_a_test() {
    drop(go(|| panic!("unseen")));
}

#[deadheat::test]
#[should_panic(expected = "all goroutines are asleep - deadlock!")]
fn a_deadlock_fails_a_test() {
    let mutex = Mutex::new(());
    let _first = mutex.lock();
    let _second = mutex.lock();
}

#[deadheat::test(expect_race)]
fn an_expected_race_passes() {
    two_unordered_updates();
}

#[deadheat::test(expect_race, scheduler = "parallel")]
fn an_expected_race_passes_on_the_parallel_scheduler() {
    two_unordered_updates();
}

#[deadheat::test(expect_race, schedules = 3)]
#[should_panic(expected = "a data race was expected, but none was found in 3 schedules")]
fn an_expected_race_must_be_there() {
    let hits = Shared::new(0);
    hits.set(1);
}

#[deadheat::test(expect_race, seed = 17, schedules = 200)]
fn a_race_in_some_schedules_is_enough() {
    // Only where the goroutine sees the flag does it touch the cell without an order.
    let shared = Arc::new((deadheat::atomic::AtomicBool::new(false), Shared::new(0)));
    let other = shared.clone();
    let reader = go(move || {
        if other.0.load(Ordering::Relaxed) {
            let _ = other.1.get();
        }
    });
    shared.1.set(1);
    shared.0.store(true, Ordering::Relaxed);
    reader.join().unwrap();
}

#[test]
fn every_schedule_runs_the_body() {
    static BODIES: AtomicU64 = AtomicU64::new(0);
    let test = deadheat::__private::Test {
        name: "attributes::counted",
        seed: Some(3),
        schedules: Some(5),
        scheduler: None,
        expect_race: false,
    };
    test.run(|| {
        BODIES.fetch_add(1, Ordering::SeqCst);
    });
    // Whoever runs this suite under detection may ask for another number.
    let variable = std::env::var("DEADHEAT").unwrap_or_default();
    let settings: deadheat::detector::settings::Settings = variable.parse().unwrap();
    assert_eq!(
        BODIES.load(Ordering::SeqCst),
        settings.schedules.unwrap_or(5)
    );
}

#[test]
fn misuse_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
