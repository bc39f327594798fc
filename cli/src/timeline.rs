//! What a report knows of time: a line for each goroutine, points on them, and arrows.
//!
//! Only what the report says is drawn. Points stand in an order that agrees with happens-before;
//! nothing but an arrow, or being further down on one line, orders two of them.

use crate::words;
use deadheat_detector::report::{Goroutine, RaceReport, StackFrame, SyncEvent};
use serde::Serialize;

/// A race as a space-time diagram.
#[derive(Serialize)]
pub(crate) struct Timeline {
    /// By goroutine number.
    pub(crate) lanes: Vec<Lane>,
    /// From the earliest to the latest.
    pub(crate) points: Vec<Point>,
    pub(crate) arrows: Vec<Arrow>,
}

/// The line of a goroutine.
#[derive(Serialize)]
pub(crate) struct Lane {
    pub(crate) goroutine: u64,
    pub(crate) label: String,
}

/// Something that a goroutine did.
#[derive(Serialize)]
pub(crate) struct Point {
    /// Its place in [`Timeline::lanes`].
    pub(crate) lane: usize,
    pub(crate) kind: PointKind,
    pub(crate) label: String,
    /// Where, innermost frame first.
    pub(crate) stack: Vec<StackFrame>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PointKind {
    /// Starts another goroutine.
    Fork,
    /// Begins to run.
    Start,
    /// Publishes what it did, to whoever acquires it.
    Release,
    /// Learns what another published.
    Acquire,
    /// The access that was there first.
    Previous,
    /// The access that found the race.
    Current,
}

/// From one point to another, by their places in [`Timeline::points`].
#[derive(Serialize)]
pub(crate) struct Arrow {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// Whether this is the order that is missing.
    pub(crate) missing: bool,
}

/// What `report` knows of time.
pub(crate) fn timeline(report: &RaceReport) -> Timeline {
    let mut timeline = Timeline {
        lanes: lanes(report),
        points: Vec::new(),
        arrows: Vec::new(),
    };
    let mut goroutines: Vec<_> = report.goroutines.iter().collect();
    // A goroutine has a greater number than the one that started it.
    goroutines.sort_unstable_by_key(|goroutine| goroutine.id);
    goroutines.dedup_by_key(|goroutine| goroutine.id);
    for goroutine in goroutines {
        timeline.creation(goroutine);
    }
    timeline.accesses(report);
    timeline
}

fn lanes(report: &RaceReport) -> Vec<Lane> {
    let both = report.goroutines.iter();
    let mut ids: Vec<_> = both.clone().map(|g| g.id).collect();
    ids.extend(both.filter_map(|g| g.creator));
    ids.extend([report.previous.goroutine, report.current.goroutine]);
    ids.sort_unstable();
    ids.dedup();
    let lane = |goroutine| Lane {
        goroutine,
        label: words::who(report, goroutine),
    };
    ids.into_iter().map(lane).collect()
}

impl Timeline {
    fn add(
        &mut self,
        goroutine: u64,
        kind: PointKind,
        label: String,
        stack: &[StackFrame],
    ) -> usize {
        let lane = self
            .lanes
            .iter()
            .position(|lane| lane.goroutine == goroutine);
        self.points.push(Point {
            lane: lane.expect("every goroutine of a report has a lane"),
            kind,
            label,
            stack: stack.to_vec(),
        });
        self.points.len() - 1
    }

    fn creation(&mut self, goroutine: &Goroutine) {
        let Some(creator) = goroutine.creator else {
            return;
        };
        let (id, stack) = (goroutine.id, &goroutine.created_at);
        let from = self.add(
            creator,
            PointKind::Fork,
            format!("starts goroutine {id}"),
            stack,
        );
        let to = self.add(
            id,
            PointKind::Start,
            format!("goroutine {id} starts"),
            stack,
        );
        self.arrows.push(Arrow {
            from,
            to,
            missing: false,
        });
    }

    fn accesses(&mut self, report: &RaceReport) {
        let why = &report.unordered;
        let release = why.previous_release.as_ref();
        let (before, after) = match release {
            Some(_) if why.released_after_access => (None, release),
            _ => (release, None),
        };
        let (previous, current) = (&report.previous, &report.current);
        if let Some(event) = before.filter(|event| !self.is_drawn(event)) {
            self.sync(previous.goroutine, PointKind::Release, event);
        }
        let label = |access| {
            format!(
                "{} by {}",
                words::kind(access),
                words::who(report, access.goroutine)
            )
        };
        let from = self.add(
            previous.goroutine,
            PointKind::Previous,
            label(previous),
            &previous.stack,
        );
        if let Some(event) = after {
            self.sync(previous.goroutine, PointKind::Release, event);
        }
        if let Some(event) = why
            .current_acquire
            .as_ref()
            .filter(|event| !self.is_drawn(event))
        {
            self.sync(current.goroutine, PointKind::Acquire, event);
        }
        let to = self.add(
            current.goroutine,
            PointKind::Current,
            label(current),
            &current.stack,
        );
        self.arrows.push(Arrow {
            from,
            to,
            missing: true,
        });
    }

    fn sync(&mut self, goroutine: u64, kind: PointKind, event: &SyncEvent) {
        let frame = StackFrame {
            function: event.operation.clone(),
            at: Some(event.at.clone()),
        };
        self.add(goroutine, kind, event.operation.clone(), &[frame]);
    }

    /// Whether `event` is the start of a goroutine that is drawn already.
    fn is_drawn(&self, event: &SyncEvent) -> bool {
        let starts = matches!(&*event.operation, "go statement" | "goroutine start");
        let at = Some(&event.at);
        starts
            && self
                .points
                .iter()
                .any(|point| point.stack.first().and_then(|f| f.at.as_ref()) == at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn kinds(timeline: &Timeline) -> Vec<(u64, PointKind)> {
        let kind = |point: &Point| (timeline.lanes[point.lane].goroutine, point.kind);
        timeline.points.iter().map(kind).collect()
    }

    #[test]
    fn what_is_known_is_drawn_in_order() {
        use PointKind::{Current, Fork, Previous, Release, Start};
        let timeline = timeline(&sample::race("t", 42));
        assert_eq!(
            kinds(&timeline),
            [
                (1, Fork),
                (2, Start),
                (1, Fork),
                (3, Start),
                (3, Previous),
                (3, Release),
                (2, Current)
            ]
        );
        let arrows: Vec<_> = timeline
            .arrows
            .iter()
            .map(|a| (a.from, a.to, a.missing))
            .collect();
        assert_eq!(arrows, [(0, 1, false), (2, 3, false), (4, 6, true)]);
    }

    #[test]
    fn a_start_that_was_also_the_last_edge_is_drawn_once() {
        use PointKind::{Current, Fork, Previous, Start};
        let mut race = sample::race("t", 42);
        let at = race.current.stack[0].at.clone().unwrap();
        let event = |operation: &str| SyncEvent {
            operation: operation.into(),
            at: at.clone(),
        };
        race.goroutines[1] = Goroutine {
            id: 1,
            creator: None,
            ..race.goroutines[1].clone()
        };
        race.previous.goroutine = 1;
        race.goroutines[0].created_at = race.current.stack.clone();
        race.unordered.previous_release = Some(event("go statement"));
        race.unordered.released_after_access = false;
        race.unordered.current_acquire = Some(event("goroutine start"));
        let expected = [(1, Fork), (2, Start), (1, Previous), (2, Current)];
        assert_eq!(kinds(&timeline(&race)), expected);
    }

    #[test]
    fn a_report_that_contradicts_itself_is_drawn_all_the_same() {
        let mut race = sample::race("t", 42);
        race.current.goroutine = 77;
        race.goroutines[1] = race.goroutines[0].clone();
        assert_eq!(timeline(&race).lanes.len(), 4);
    }
}
