//! Where records go.

use super::Record;
use crate::fingerprint::places;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::Arc;

/// A destination of records. Implementations lose nothing silently: what cannot be written is
/// said on the standard error stream, once.
pub trait Sink: Send + Sync {
    /// Takes one record, before the call returns.
    fn record(&self, record: &Record);
}

/// A sink that keeps records in memory.
#[derive(Clone, Default)]
pub struct Memory {
    records: Arc<Mutex<Vec<Record>>>,
}

impl Memory {
    /// Takes all records out.
    #[must_use]
    pub fn take(&self) -> Vec<Record> {
        std::mem::take(&mut self.records.lock())
    }
}

impl Sink for Memory {
    fn record(&self, record: &Record) {
        self.records.lock().push(record.clone());
    }
}

/// Tells the first report of a race from its repetitions: by test, fingerprint, and the places in
/// both stacks, for two races may share a fingerprint.
#[derive(Default)]
pub struct Distinct {
    seen: Mutex<HashSet<(String, String, u64)>>,
}

impl Distinct {
    /// Whether `record` is anything but a race that was given here before.
    pub fn is_new(&self, record: &Record) -> bool {
        let Record::Race(report) = record else {
            return true;
        };
        let (test, race) = (report.run.name.clone(), report.fingerprint.clone());
        self.seen.lock().insert((test, race, places(report)))
    }
}
