//! The engine, in the terms of events.

use crate::event::AsCall;
use deadheat_detector::access::AccessKind;
use deadheat_detector::analysis::{Analysis, Finding};
use deadheat_detector::event::{Event, SiteId, ThreadId};
use std::collections::BTreeSet;
use std::ops::Range;

/// A race that the engine found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// The bytes.
    pub bytes: Range<usize>,
    /// The thread of the earlier access.
    pub previous_thread: ThreadId,
    /// The kind of the earlier access.
    pub previous_kind: AccessKind,
    /// The call stack of the earlier access: its own site, then those of the calls around it,
    /// innermost first.
    pub previous_stack: Vec<SiteId>,
    /// The thread of the later access.
    pub thread: ThreadId,
    /// The kind of the later access.
    pub kind: AccessKind,
    /// The call stack of the later access.
    pub stack: Vec<SiteId>,
    /// Whether the race may follow from another.
    pub dependent: bool,
}

impl Found {
    /// The site of the earlier access: its event's number, where sites are numbers of events.
    ///
    /// # Panics
    ///
    /// Where the stack of the earlier access is empty.
    #[must_use]
    pub fn previous(&self) -> usize {
        let site = self.previous_stack.first();
        site.expect("an access has a site").0 as usize
    }
}

/// An engine that is driven by events.
#[derive(Default)]
pub struct Replay {
    analysis: Analysis,
}

impl Replay {
    /// Nothing happened.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The bytes that the engine holds for racy.
    #[must_use]
    pub fn racy_bytes(&self) -> BTreeSet<usize> {
        let ranges = self.analysis.racy_bytes();
        ranges.iter().flat_map(|r| r.start()..r.end()).collect()
    }

    /// Tells the engine of `event`; gives the races that the engine finds in it.
    ///
    /// # Panics
    ///
    /// Where the engine says that no program could have caused it.
    pub fn step(&mut self, event: &Event) -> Vec<Found> {
        let mut findings = Vec::new();
        let possible = self.analysis.step(event, |f| findings.push(f.clone()));
        possible.unwrap_or_else(|impossible| panic!("{:?}: {impossible}", AsCall(event)));
        findings.iter().map(|f| self.found(f)).collect()
    }

    /// Frees what no race can be with any more; see [`Analysis::sweep`].
    pub fn sweep(&self) {
        self.analysis.sweep();
    }

    fn found(&self, finding: &Finding) -> Found {
        let race = &finding.race;
        Found {
            bytes: race.bytes.start()..race.bytes.end(),
            previous_thread: finding.previous_thread,
            previous_kind: race.previous_kind,
            previous_stack: self.analysis.sites(race.previous_node),
            thread: finding.thread,
            kind: finding.kind,
            stack: self.analysis.sites(finding.node),
            dependent: race.dependent,
        }
    }
}
