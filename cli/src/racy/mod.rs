//! What the analysis of a trace found, to be printed.
//!
//! - `text`: for people; `json`: JSON lines.

mod json;
mod text;

pub(crate) use json::json;
pub(crate) use text::text;

use deadheat_detector::access::AccessKind;
use deadheat_detector::analysis::Analysis;
use deadheat_detector::context::NodeId;
use deadheat_detector::event::{SiteId, ThreadId};
use deadheat_detector::locations::{Location, Locations};
use deadheat_detector::report::text::Printable;
use deadheat_detector::trace::Names;
use std::fmt;

/// All that is known at the end of a trace.
pub(crate) struct Found<'a> {
    pub(crate) analysis: &'a Analysis,
    pub(crate) locations: &'a Locations,
    pub(crate) names: &'a Names,
    pub(crate) totals: Totals,
}

/// What is counted.
#[derive(Clone, Copy, Default)]
pub(crate) struct Totals {
    pub(crate) events: u64,
    pub(crate) races: u64,
    pub(crate) dependent: u64,
    /// Whether the whole trace was analysed, and every event of it known.
    pub(crate) complete: bool,
}

/// One of the two accesses of a race.
struct Side {
    kind: AccessKind,
    thread: ThreadId,
    /// The places of its call stack, innermost first.
    stack: Vec<SiteId>,
}

impl Found<'_> {
    fn current(&self, location: &Location) -> Side {
        let first = &location.first;
        self.side(first.kind, first.thread, first.node)
    }

    fn previous(&self, location: &Location) -> Side {
        let first = &location.first;
        let race = &first.race;
        self.side(
            race.previous_kind,
            first.previous_thread,
            race.previous_node,
        )
    }

    fn side(&self, kind: AccessKind, thread: ThreadId, node: NodeId) -> Side {
        let stack = self.analysis.sites(node);
        Side {
            kind,
            thread,
            stack,
        }
    }
}

/// A thread by its name, or else by its number.
pub(crate) struct Thread<'a>(pub(crate) &'a Names, pub(crate) ThreadId);

impl fmt::Display for Thread<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.thread(self.1) {
            Some(name) => write!(f, "thread {}", Printable(name)),
            None => write!(f, "thread {}", self.1.0),
        }
    }
}

/// A place in the source by its text, or else by its number.
struct Place<'a>(&'a Names, SiteId);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.site(self.1), self.1) {
            (Some(text), _) => Printable(text).fmt(f),
            (None, SiteId(0)) => f.write_str("an unknown place"),
            (None, SiteId(number)) => write!(f, "site {number}"),
        }
    }
}
