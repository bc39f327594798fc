//! Timers, tickers and goroutines that start later: after what set them, and after nothing else.

use crate::check::{clean, racy};
use crate::common::{cell, share};
use crate::steps::Steps;
use deadheat::time::{Ticker, Timer, after, after_func};
use deadheat::{chan, go, select};
use std::time::Duration;

const SHORT: Duration = Duration::from_micros(20);
const LONG: Duration = Duration::from_secs(3600);

#[test]
fn set_before_its_value_clean() {
    // The goroutine that receives started before the write: the timer alone orders the two.
    clean(|| {
        let [x, theirs] = cell("x");
        let [timer, its] = share(Timer::new(LONG));
        let g = go(move || {
            its.c().recv().unwrap();
            assert_eq!(theirs.get(), 1);
        });
        x.set(1);
        timer.reset(SHORT);
        g.join().unwrap();
    });
}

#[test]
fn what_follows_the_setting_racy() {
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let [timer, its] = share(Timer::new(LONG));
        let g = go(move || {
            its.c().recv().unwrap();
            theirs.set(1);
        });
        timer.reset(SHORT);
        x.set(2);
        g.join().unwrap();
    });
}

#[test]
fn the_last_setting_counts_racy() {
    // The value comes of the second reset, which is not after the first.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let [timer, its] = share(Timer::new(LONG));
        let [steps, reached] = share(Steps::new());
        let g = go(move || {
            theirs.set(1);
            its.reset(LONG);
            reached.reach(1);
        });
        steps.wait(1);
        timer.reset(SHORT);
        timer.c().recv().unwrap();
        x.set(2);
        g.join().unwrap();
    });
}

#[test]
fn a_reset_of_another_goroutine_clean() {
    // The same, where the value comes of the other's reset.
    clean(|| {
        let [x, theirs] = cell("x");
        let [timer, its] = share(Timer::new(LONG));
        let g = go(move || {
            theirs.set(1);
            its.reset(SHORT);
        });
        select! {
            recv(timer.c()) -> at => { at.unwrap(); }
        }
        x.set(2);
        g.join().unwrap();
    });
}

#[test]
fn a_stop_racy() {
    // It orders nothing, whoever stops first.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let [timer, its] = share(Timer::new(LONG));
        let [steps, reached] = share(Steps::new());
        let g = go(move || {
            theirs.set(1);
            its.stop();
            reached.reach(1);
        });
        steps.wait(1);
        timer.stop();
        x.set(2);
        g.join().unwrap();
    });
}

#[test]
fn the_passing_of_time_racy() {
    // By then the other has written, but only the clock says so.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let [steps, reached] = share(Steps::new());
        let rx = after(SHORT);
        let g = go(move || {
            theirs.set(1);
            reached.reach(1);
        });
        steps.wait(1);
        rx.recv().unwrap();
        x.set(2);
        g.join().unwrap();
    });
}

#[test]
fn every_tick_clean() {
    // The reset comes before all of them, whoever receives.
    clean(|| {
        let [x, theirs, others] = cell("x");
        let [ticker, first, second] = share(Ticker::new(LONG));
        let receivers = [(first, theirs), (second, others)].map(|(ticker, x)| {
            go(move || {
                for _ in 0..2 {
                    ticker.c().recv().unwrap();
                    assert_eq!(x.get(), 1);
                }
            })
        });
        x.set(1);
        ticker.reset(SHORT);
        for receiver in receivers {
            receiver.join().unwrap();
        }
    });
}

#[test]
fn one_tick_and_the_next_racy() {
    // Two receives of one ticker order nothing between each other.
    racy(&["x"], || {
        let cells: [_; 2] = cell("x");
        let [first, second] = share(Ticker::new(SHORT));
        let [one, two] = cells;
        let receivers = [(first, one), (second, two)].map(|(ticker, x)| {
            go(move || {
                ticker.c().recv().unwrap();
                x.set(1);
            })
        });
        for receiver in receivers {
            receiver.join().unwrap();
        }
    });
}

#[test]
fn a_goroutine_that_starts_later_clean() {
    // It is after what came before the call.
    clean(|| {
        let [x, theirs] = cell("x");
        let (tx, rx) = chan::unbuffered();
        x.set(1);
        after_func(SHORT, move || {
            theirs.set(2);
            tx.send(()).unwrap();
        });
        rx.recv().unwrap();
        assert_eq!(x.get(), 2);
    });
}

#[test]
fn whose_time_it_came_in_racy() {
    // It may become due while the main goroutine runs, on whose stack the scheduler then starts it:
    // what that did since the call is not before it.
    racy(&["x"], || {
        let [x, theirs] = cell("x");
        let [steps, reached] = share(Steps::new());
        after_func(SHORT, move || {
            theirs.set(1);
            reached.reach(1);
        });
        x.set(2);
        steps.wait(1);
    });
}
