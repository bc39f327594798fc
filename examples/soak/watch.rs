//! The thread that watches: it is no goroutine, so nothing that goes wrong with those stops it.

use crate::board::Board;
use crate::memory::{mebibytes, resident};
use crate::options::Options;
use std::io::Write as _;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often it looks.
const LOOK: Duration = Duration::from_millis(250);

/// Watches until the run is over; gives the bytes in use at each interval.
pub(crate) fn start(options: &Options, board: &Arc<Board>) -> JoinHandle<Vec<u64>> {
    let (options, board) = (options.clone(), Arc::clone(board));
    thread::spawn(move || watch(&options, &board))
}

fn watch(options: &Options, board: &Board) -> Vec<u64> {
    let mut samples = Vec::new();
    let mut next = options.interval;
    let mut progress = (0, Duration::ZERO);
    while !board.is_over() {
        thread::sleep(LOOK);
        let now = board.elapsed();
        if board.done() != progress.0 {
            progress = (board.done(), now);
        }
        let longest = board.longest().filter(|(_, age)| *age > options.patience);
        if let Some((kind, age)) = longest {
            give_up(&format!("{kind} takes {:.0} s", age.as_secs_f64()));
        }
        let at_the_end = now > options.time && board.longest().is_none();
        if now.saturating_sub(progress.1) > options.patience && !at_the_end {
            give_up("nothing is done any more");
        }
        if now > options.time + 2 * options.patience {
            give_up("the run does not end");
        }
        if now >= next && now <= options.time {
            next += options.interval;
            samples.push(look(board));
        }
    }
    samples
}

/// Prints what is in use.
fn look(board: &Board) -> u64 {
    let resident = resident().unwrap_or(0);
    println!(
        "{:>5.0} s {:>9.1} MiB {:>10} goroutines {:>9} pieces of work, the longest under way for {:.2} s",
        board.elapsed().as_secs_f64(),
        mebibytes(resident),
        board.goroutines(),
        board.done(),
        board.longest().map_or(0.0, |(_, age)| age.as_secs_f64()),
    );
    let _ = std::io::stdout().flush();
    resident
}

/// Somebody was not woken, or does not come to an end.
fn give_up(what: &str) -> ! {
    println!("FAULT {what}; all goroutines:");
    for dump in deadheat::dump_all() {
        println!("{dump}");
    }
    let _ = std::io::stdout().flush();
    std::process::exit(1);
}
