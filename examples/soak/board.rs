//! Who does what since when, and how much was done.

use crate::work::KINDS;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// No kind of work.
const NONE: usize = usize::MAX;

/// What one driver does.
struct Place {
    kind: AtomicUsize,
    /// In milliseconds since the start.
    since: AtomicU64,
}

pub(crate) struct Board {
    start: Instant,
    places: Box<[Place]>,
    done: [AtomicU64; KINDS.len()],
    goroutines: AtomicU64,
    panics: AtomicU64,
    over: AtomicBool,
}

impl Board {
    pub(crate) fn new(drivers: usize) -> Self {
        let place = || Place {
            kind: AtomicUsize::new(NONE),
            since: AtomicU64::new(0),
        };
        Self {
            start: Instant::now(),
            places: (0..drivers).map(|_| place()).collect(),
            done: [const { AtomicU64::new(0) }; KINDS.len()],
            goroutines: AtomicU64::new(0),
            panics: AtomicU64::new(0),
            over: AtomicBool::new(false),
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    pub(crate) fn begin(&self, driver: usize, kind: usize) {
        let place = &self.places[driver];
        let now = self.elapsed().as_millis() as u64;
        place.since.store(now, Relaxed);
        place.kind.store(kind, Relaxed);
    }

    pub(crate) fn end(&self, driver: usize, kind: usize) {
        self.places[driver].kind.store(NONE, Relaxed);
        self.done[kind].fetch_add(1, Relaxed);
    }

    /// A goroutine was started.
    pub(crate) fn count_goroutine(&self) {
        self.goroutines.fetch_add(1, Relaxed);
    }

    /// A panic that was asked for was met.
    pub(crate) fn count_panic(&self) {
        self.panics.fetch_add(1, Relaxed);
    }

    pub(crate) fn goroutines(&self) -> u64 {
        self.goroutines.load(Relaxed)
    }

    /// How many pieces of work were done.
    pub(crate) fn done(&self) -> u64 {
        self.done.iter().map(|done| done.load(Relaxed)).sum()
    }

    /// The piece of work that has taken longest so far, and how long.
    pub(crate) fn longest(&self) -> Option<(&'static str, Duration)> {
        let now = self.elapsed();
        let ages = self.places.iter().filter_map(|place| {
            let kind = place.kind.load(Relaxed);
            let since = Duration::from_millis(place.since.load(Relaxed));
            Some((KINDS.get(kind)?.0, now.saturating_sub(since)))
        });
        ages.max_by_key(|(_, age)| *age)
    }

    /// The run is over.
    pub(crate) fn finish(&self) {
        self.over.store(true, Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Relaxed)
    }
}

impl fmt::Display for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((name, _), done) in KINDS.iter().zip(&self.done) {
            writeln!(f, "{name:<12} {:>10}", done.load(Relaxed))?;
        }
        let (goroutines, panics) = (self.goroutines(), self.panics.load(Relaxed));
        writeln!(f, "goroutines   {goroutines:>10}")?;
        write!(f, "panics       {panics:>10}")
    }
}
