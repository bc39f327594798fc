//! One failure that is not a race.

use crate::words;
use deadheat_detector::report::Failure;
use deadheat_detector::report::text::Printable;

/// What makes two failures the same: the test and the kind.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct FailureId {
    test: String,
    kind: &'static str,
}

impl FailureId {
    pub(crate) fn new(failure: &Failure) -> Self {
        Self {
            test: failure.run.name.clone(),
            kind: words::failure(failure.kind),
        }
    }
}

/// A failure as it was found first, and how often.
#[derive(Debug)]
pub(crate) struct FoundFailure {
    seed: u64,
    /// The message's first line that says something.
    message: String,
    count: u64,
}

impl FoundFailure {
    pub(crate) fn new(failure: &Failure) -> Self {
        let mut lines = failure.message.lines().map(str::trim);
        let first = lines.find(|line| !line.is_empty()).unwrap_or_default();
        Self {
            seed: failure.run.seed,
            message: Printable(first).to_string(),
            count: 0,
        }
    }

    /// Counts it once more.
    pub(crate) fn count(&mut self) {
        self.count += 1;
    }

    pub(crate) fn line(&self, id: &FailureId) -> String {
        let Self {
            seed,
            message,
            count,
        } = self;
        let times = match count {
            1 => String::new(),
            more => format!(", {more} times"),
        };
        let test = Printable(&id.test);
        format!("{} in {test} (seed {seed}{times}): {message}", id.kind)
    }
}
