//! The figures that have bounds, one a line, in the form that `scripts/figures.sh` reads: figure,
//! measured, unit, bound.

use crate::median;
use crate::whole::{self, Walk};
use crate::workloads::{Budget, Exchange, Figures, Limit, Mutex, Workload};
use deadheat_rivals::shared::Shared;
use std::time::Duration;

/// A million goroutines, alive at once.
const MANY: usize = 1_000_000;
const ROUNDS: usize = 5;
/// A mutex has few goroutines, then a hundred times as many.
const CROWDS: [usize; 2] = [100, 10_000];
const MUTEX_ROUNDS: usize = 31;

/// What may be spent: no figure of the engine comes near it.
const LIMIT: Limit = Limit {
    bytes: 8 << 30,
    time: Duration::from_secs(60),
};

pub(crate) fn print() {
    println!("figure\tmeasured\tunit\tbound");
    clocks();
    detector();
    growth();
}

fn line(figure: &str, measured: f64, unit: &str, bound: f64) {
    println!("{figure}\t{measured:.2}\t{unit}\t<= {bound:.2}");
}

fn rounds(count: usize, run: impl Fn() -> Figures) -> Vec<Figures> {
    (0..count).map(|_| run()).collect()
}

fn engine<W: Workload>(threads: usize) -> Figures {
    W::run::<Shared>(threads, &Budget::start(&LIMIT)).expect("within the limit")
}

fn clocks() {
    let rounds = rounds(ROUNDS, || engine::<Exchange>(MANY));
    let name = "1,000,000 goroutines, the clocks of each";
    line(name, median(&rounds, 0), "bytes", 1000.0);
    let name = "fork and end of each, the clocks";
    line(name, median(&rounds, 1), "ns", 1500.0);
}

fn detector() {
    let bare = rounds(ROUNDS, || whole::run(MANY, Walk::Nothing));
    let name = "1,000,000 goroutines, the whole detector's memory for each";
    line(name, median(&bare, 0), "bytes", 1000.0);
    let name = "fork and end of each, the whole detector without the walk of the stack";
    line(name, median(&bare, 2), "ns", 1500.0);
    let walked = rounds(ROUNDS, || whole::run(MANY, Walk::Deeper(0)));
    let name = "fork and end of each, the whole detector with the walk of the stack";
    line(name, median(&walked, 2), "ns", 1500.0);
    let deep = rounds(ROUNDS, || whole::run(MANY, Walk::Deeper(16)));
    let name = "the same, from 16 frames further down";
    line(name, median(&deep, 2), "ns", 1500.0);
}

/// Both crowds take turns, so that what else the machine does meets both.
fn growth() {
    let mut costs = [const { Vec::new() }; 2];
    for _ in 0..MUTEX_ROUNDS {
        for (costs, threads) in costs.iter_mut().zip(CROWDS) {
            costs.push(engine::<Mutex>(threads));
        }
    }
    let [few, many] = costs.map(|costs| median(&costs, 1));
    let [log_few, log_many] = CROWDS.map(|threads| (threads as f64).log2());
    let name = "a lock and unlock among 10,000 goroutines, over one among 100";
    line(name, many / few, "ratio", log_many / log_few);
}
