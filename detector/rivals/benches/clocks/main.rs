//! What the engine's clocks cost beside others, by the number of threads.
//!
//! ```text
//! cargo bench -p deadheat-rivals --bench clocks -- [--only WORKLOAD] [--clock NAME]
//!     [--least THREADS] [--most THREADS] [--gigabytes N] [--svg FILE]
//! cargo bench -p deadheat-rivals --bench clocks -- --figures
//! ```
//!
//! The second form measures the figures that have bounds, and nothing else.
//!
//! All clocks and all numbers of threads take turns, round by round, in one process; each line
//! gives the median of the rounds, the ratio to the engine's median, and the bound where there is
//! one. A clock that takes more than two gigabytes or twenty seconds is out, with a `-`, for this
//! number of threads and larger ones.

mod figures;
mod heap;
mod plot;
mod watch;
mod whole;
mod workloads;

use deadheat_rivals::Clocks;
use deadheat_rivals::dense::Dense;
use deadheat_rivals::shared::Shared;
use deadheat_rivals::sparse::Sparse;
use deadheat_rivals::tree::Trees;
use plot::Series;
use std::time::{Duration, Instant};
use workloads::{
    Barrier, Budget, Exchange, Figures, Limit, Mutex, PingPong, Random, Report, Ring, Workload,
};

#[global_allocator]
static ALLOCATOR: heap::Counting = heap::Counting;

const ROUNDS: std::ops::RangeInclusive<usize> = 5..=51;
/// Rounds go on until they have taken this long, or there were enough.
const ENOUGH: Duration = Duration::from_millis(300);
/// A clock takes no further turn after this.
const TOO_LONG: Duration = Duration::from_secs(40);

struct Options {
    only: Option<String>,
    clock: Option<String>,
    least: usize,
    most: usize,
    gigabytes: u64,
    svg: Option<String>,
    figures: bool,
}

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Self {
        let mut options = Self {
            only: None,
            clock: None,
            least: 0,
            most: usize::MAX,
            gigabytes: 2,
            svg: None,
            figures: false,
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().unwrap_or_else(|| panic!("{word}: no value"));
            match word.as_str() {
                "--only" => options.only = Some(value()),
                "--clock" => options.clock = Some(value()),
                "--least" => options.least = value().parse().expect("a number"),
                "--gigabytes" => options.gigabytes = value().parse().expect("a number"),
                "--most" => options.most = value().parse().expect("a number"),
                "--svg" => options.svg = Some(value()),
                "--figures" => options.figures = true,
                // What cargo passes.
                "--bench" => {}
                _ => panic!("no such option: {word}"),
            }
        }
        options
    }

    fn wants(&self, workload: &str, threads: usize) -> bool {
        self.only.as_ref().is_none_or(|only| only == workload)
            && (self.least..=self.most).contains(&threads)
    }

    fn limit(&self) -> Limit {
        Limit {
            bytes: self.gigabytes << 30,
            time: Duration::from_secs(20),
        }
    }
}

fn main() {
    let options = Options::parse(std::env::args().skip(1));
    if options.figures {
        return figures::print();
    }
    println!("workload\tthreads\tclock\tfigure\tmedian\tof engine's\tbound");
    measure_whole(&options);
    measure::<Exchange>(&options);
    let series = measure::<Mutex>(&options);
    print_growth(&series);
    measure::<Barrier>(&options);
    measure::<Report>(&options);
    measure::<Ring>(&options);
    measure::<Random>(&options);
    measure::<PingPong>(&options);
    if let Some(path) = &options.svg {
        std::fs::write(path, plot::svg(&series)).expect("the plot can be written");
    }
}

/// One kind of clock, with one number of threads.
#[derive(Default)]
struct Cell {
    /// The figures of its rounds.
    rounds: Vec<Figures>,
    spent: Duration,
}

impl Cell {
    fn wants_more(&self) -> bool {
        let enough = self.rounds.len() >= *ROUNDS.start() && self.spent > ENOUGH;
        !enough && self.spent < TOO_LONG
    }
}

/// One kind of clock under one workload.
struct Entrant {
    name: &'static str,
    run: fn(usize, &Budget) -> Option<Figures>,
    /// For each number of threads, until it takes too much.
    cells: Vec<Cell>,
}

impl Entrant {
    fn new<W: Workload, C: Clocks>(numbers: usize) -> Self {
        let mut cells = Vec::new();
        cells.resize_with(numbers, Cell::default);
        Self {
            name: C::NAME,
            run: W::run::<C>,
            cells,
        }
    }

    fn turn(&mut self, number: usize, threads: usize, limit: &Limit) {
        let Some(cell) = self.cells.get_mut(number).filter(|cell| cell.wants_more()) else {
            return;
        };
        let start = Instant::now();
        let figures = (self.run)(threads, &Budget::start(limit));
        cell.spent += start.elapsed();
        match figures {
            Some(figures) => cell.rounds.push(figures),
            None => self.cells.truncate(number),
        }
    }

    fn median(&self, number: usize, figure: usize) -> Option<f64> {
        let cell = self.cells.get(number)?;
        Some(median(&cell.rounds, figure))
    }
}

fn median(rounds: &[Figures], figure: usize) -> f64 {
    let mut values: Vec<f64> = rounds.iter().map(|round| round[figure]).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Gives the figures that are plotted: the second ones.
fn measure<W: Workload>(options: &Options) -> Vec<Series> {
    let wanted = |&&n: &&usize| options.wants(W::NAME, n);
    let numbers: Vec<usize> = W::THREADS.iter().filter(wanted).copied().collect();
    let mut entrants = [
        Entrant::new::<W, Shared>(numbers.len()),
        Entrant::new::<W, Dense>(numbers.len()),
        Entrant::new::<W, Sparse>(numbers.len()),
        Entrant::new::<W, Trees>(numbers.len()),
    ];
    for entrant in &mut entrants {
        if options
            .clock
            .as_ref()
            .is_some_and(|name| name != entrant.name)
        {
            entrant.cells.clear();
        }
    }
    for _ in 0..*ROUNDS.end() {
        for (i, &threads) in numbers.iter().enumerate() {
            for entrant in &mut entrants {
                entrant.turn(i, threads, &options.limit());
            }
        }
    }
    for (i, &threads) in numbers.iter().enumerate() {
        for (figure, &(name, bound)) in W::FIGURES.iter().enumerate() {
            let ours = entrants[0].median(i, figure);
            for entrant in &entrants {
                let theirs = entrant.median(i, figure);
                let ratio = theirs.zip(ours).map(|(theirs, ours)| theirs / ours);
                let bound = bound.filter(|_| entrant.name == Shared::NAME);
                let cells = [theirs, ratio, bound];
                print_row(W::NAME, threads, entrant.name, name, cells);
            }
        }
    }
    let series = |entrant: &Entrant| {
        let figure = 1.min(W::FIGURES.len() - 1);
        let points = numbers.iter().enumerate();
        let point = |(i, &n): (usize, &usize)| Some((n as f64, entrant.median(i, figure)?));
        Series {
            name: entrant.name,
            points: points.filter_map(point).collect(),
        }
    };
    entrants.iter().map(series).collect()
}

/// Prints what logarithmic growth allows the engine's lock operations.
fn print_growth(all: &[Series]) {
    let ours = &all[0];
    for (point, allowed) in ours.points.iter().zip(plot::reference(&ours.points).points) {
        let cells = [Some(point.1), None, Some(allowed.1)];
        print_row("mutex", point.0 as usize, ours.name, "growth, ns", cells);
    }
}

fn measure_whole(options: &Options) {
    const NAME: &str = "whole detector";
    let wanted = |&n: &usize| options.wants(NAME, n);
    let numbers = [1_000, 10_000, 100_000, 1_000_000]
        .into_iter()
        .filter(wanted);
    let mut cells: Vec<(usize, [Vec<Figures>; 3])> =
        numbers.map(|n| (n, [const { Vec::new() }; 3])).collect();
    for _ in 0..*ROUNDS.start() {
        for (threads, walks) in &mut cells {
            for (rounds, (_, walk)) in walks.iter_mut().zip(whole::WALKS) {
                rounds.push(whole::run(*threads, walk));
            }
        }
    }
    for (threads, walks) in &cells {
        for (i, &(figure, bound)) in whole::FIGURES.iter().enumerate() {
            for (rounds, (walk, _)) in walks.iter().zip(whole::WALKS) {
                let figures = [Some(median(rounds, i)), None, bound];
                print_row(NAME, *threads, walk, figure, figures);
            }
        }
    }
}

fn print_row(workload: &str, threads: usize, clock: &str, figure: &str, cells: [Option<f64>; 3]) {
    let [median, ratio, bound] = cells;
    let or_dash = |value: Option<f64>, digits| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
    };
    println!(
        "{workload}\t{threads}\t{clock}\t{figure}\t{}\t{}\t{}",
        or_dash(median, 1),
        or_dash(ratio, 2),
        or_dash(bound, 0),
    );
}
