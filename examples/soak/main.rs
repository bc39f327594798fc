//! Everything at once, for as long as one likes: `scripts/soak.sh [MINUTES]`.
//!
//! Drivers do one piece of work after the other, each drawn from a seed, each with goroutines of its
//! own, and each with something that must hold when it is done. Some panic, are cancelled, or run
//! out of time, as drawn. A plain thread watches: where nothing is done any more, or one piece of work
//! takes too long, a wake-up was lost; it prints what all goroutines do, and ends the process. It
//! prints the memory that is in use now and then, and in the end says whether that has grown.
//!
//! - `options`: the command line;
//! - `random`: what is drawn;
//! - `board`: who does what since when, and how much was done;
//! - `watch`: the thread that watches;
//! - `memory`: what is in use, and whether it grows;
//! - `work`: the kinds of work.
//!
//! Exit codes: 0, all held; 1, something did not; 2, the command line is wrong.

mod board;
mod memory;
mod options;
mod random;
mod watch;
mod work;

use board::Board;
use deadheat::detector::report::Scheduler;
use deadheat::time::sleep;
use deadheat::{Run, dump, go};
use options::Options;
use random::Random;
use std::panic;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use work::{Injected, Site};

/// Does work until the time is up; gives how many goroutines are left.
fn soak(options: &Options, board: &Arc<Board>) -> usize {
    let end = Instant::now() + options.time;
    let site = Arc::new(Site::new(Arc::clone(board)).expect("a network"));
    let (seed, only) = (options.seed, options.only);
    let drive = |number: usize| {
        let (board, site) = (Arc::clone(board), Arc::clone(&site));
        go(move || {
            let mut random = Random::new(seed, number as u64);
            while Instant::now() < end {
                let kind = only.unwrap_or_else(|| work::draw(&mut random));
                board.begin(number, kind);
                site.attend();
                (work::KINDS[kind].1)(&site, &mut random);
                board.end(number, kind);
            }
        })
    };
    let drivers: Vec<_> = (0..options.drivers).map(drive).collect();
    while Instant::now() < end {
        sleep(Duration::from_millis(100));
        site.attend();
    }
    for driver in drivers {
        driver.join().expect("a driver's work holds");
    }
    site.check();
    site.close();
    // Those that nobody waits for are at their last steps.
    let begin = Instant::now();
    loop {
        let left = dump().expect("a run").goroutines.len();
        if left == 1 || begin.elapsed() > Duration::from_secs(20) {
            return left;
        }
        deadheat::yield_now();
    }
}

/// Says of panics that were not asked for.
fn be_quiet_of_injected_panics() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !panic.payload().is::<Injected>() {
            usual(panic);
        }
    }));
}

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("soak: {error}\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    be_quiet_of_injected_panics();
    let board = Arc::new(Board::new(options.drivers));
    println!("{options}");
    let watch = watch::start(&options, &board);
    let run = Run::new("soak")
        .scheduler(Scheduler::Parallel)
        .max_procs(options.procs)
        .seed(options.seed)
        .detect(options.detect);
    let watched = Arc::clone(&board);
    let outcome = run.go(move || soak(&options, &watched));
    board.finish();
    let samples = watch.join().expect("the watching thread returns");

    let mut faults = outcome.panics;
    match outcome.result {
        Ok(1) => {}
        Ok(left) => faults.push(format!("{left} goroutines are left where one should be")),
        Err(failure) => faults.push(format!("the run failed: {failure:?}")),
    }
    if outcome.races > 0 {
        faults.push(format!("{} races in work that has none", outcome.races));
    }
    println!("{board}");
    match memory::growth(&samples) {
        Ok(verdict) => println!("{verdict}"),
        Err(verdict) => faults.push(verdict),
    }
    for fault in &faults {
        println!("FAULT {fault}");
    }
    ExitCode::from(u8::from(!faults.is_empty()))
}
