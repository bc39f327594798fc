//! `Singleflight`: who comes after the one computation.

use crate::check::{clean, racy};
use crate::steps::{Steps, together};
use deadheat::Shared;
use deadheat::sync::Singleflight;

type State = (Shared<i32>, Singleflight<u8, i32>, Steps);

fn state() -> State {
    (Shared::named("x", 0), Singleflight::new(), Steps::new())
}

#[test]
fn who_shares_the_value_comes_after_clean() {
    // The second joins before the first may end, and only the computation writes.
    clean(|| {
        together(
            state(),
            [
                |(x, flights, steps)| {
                    flights.do_(1, || {
                        steps.reach(1);
                        x.set(1);
                        1
                    });
                },
                |(x, flights, steps)| {
                    steps.wait(1);
                    let (_, shared) = flights.do_(1, || 2);
                    if shared {
                        assert_eq!(x.get(), 1);
                    }
                },
            ],
        );
    });
}

#[test]
fn calls_with_other_keys_racy() {
    racy(&["x"], || {
        together(
            state(),
            [
                |(x, flights, _)| {
                    flights.do_(1, || x.replace(1));
                },
                |(x, flights, _)| {
                    flights.do_(2, || x.replace(2));
                },
            ],
        );
    });
}

#[test]
fn one_call_after_the_other_racy() {
    // Each computes its own, and nothing orders the two.
    racy(&["x"], || {
        together(
            state(),
            [
                |(x, flights, steps)| {
                    flights.do_(1, || x.replace(1));
                    steps.reach(1);
                },
                |(x, flights, steps)| {
                    steps.wait(1);
                    flights.do_(1, || x.replace(2));
                },
            ],
        );
    });
}
