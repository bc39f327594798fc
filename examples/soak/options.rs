//! The command line.

use crate::work::KINDS;
use std::fmt;
use std::num::NonZero;
use std::str::FromStr;
use std::time::Duration;

pub(crate) const USAGE: &str = "usage: soak [--minutes N] [--seed N] [--procs N] [--drivers N] \
    [--interval SECONDS] [--patience SECONDS] [--only KIND] [--detect]";

/// What is to be done.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) time: Duration,
    pub(crate) seed: u64,
    pub(crate) procs: usize,
    /// How many goroutines draw work.
    pub(crate) drivers: usize,
    /// How often the memory in use is looked at.
    pub(crate) interval: Duration,
    /// How long a piece of work may take.
    pub(crate) patience: Duration,
    /// The one kind of work to do, instead of all.
    pub(crate) only: Option<usize>,
    pub(crate) detect: bool,
}

fn value<T: FromStr>(name: &str, value: Option<String>) -> Result<T, String> {
    let value = value.ok_or_else(|| format!("{name} wants a value"))?;
    let parsed = value.parse();
    parsed.map_err(|_| format!("{name} wants a number, not {value:?}"))
}

fn seconds(name: &str, given: Option<String>, unit: f64) -> Result<Duration, String> {
    let number: f64 = value(name, given)?;
    let time = Duration::try_from_secs_f64(number * unit);
    match time {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err(format!("{name} wants a time above zero, not {number}")),
    }
}

fn count(name: &str, given: Option<String>) -> Result<usize, String> {
    let number: NonZero<usize> = value(name, given)?;
    Ok(number.get())
}

fn kind(name: &str, given: Option<String>) -> Result<usize, String> {
    let given: String = value(name, given)?;
    let position = KINDS.iter().position(|(kind, _)| *kind == given);
    position.ok_or_else(|| {
        let kinds: Vec<_> = KINDS.iter().map(|(kind, _)| *kind).collect();
        format!("{name} wants one of {}, not {given:?}", kinds.join(", "))
    })
}

impl Options {
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            time: Duration::from_secs(600),
            seed: 1,
            procs: std::thread::available_parallelism().map_or(1, NonZero::get),
            drivers: 256,
            interval: Duration::from_secs(10),
            patience: Duration::from_secs(60),
            only: None,
            detect: false,
        };
        while let Some(name) = arguments.next() {
            match &*name {
                "--minutes" => options.time = seconds(&name, arguments.next(), 60.0)?,
                "--seed" => options.seed = value(&name, arguments.next())?,
                "--procs" => options.procs = count(&name, arguments.next())?,
                "--drivers" => options.drivers = count(&name, arguments.next())?,
                "--interval" => options.interval = seconds(&name, arguments.next(), 1.0)?,
                "--patience" => options.patience = seconds(&name, arguments.next(), 1.0)?,
                "--only" => options.only = Some(kind(&name, arguments.next())?),
                "--detect" => options.detect = true,
                _ => return Err(format!("{name:?} is no option")),
            }
        }
        Ok(options)
    }
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "soak: {:.1} min, seed {}, {} processors, {} drivers, detection {}",
            self.time.as_secs_f64() / 60.0,
            self.seed,
            self.procs,
            self.drivers,
            if self.detect { "on" } else { "off" }
        )
    }
}
