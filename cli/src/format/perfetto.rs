//! A timeline in the trace-event format of Chrome's tracing page, which Perfetto opens too.
//!
//! Each race is a process, each goroutine a thread of it. Reports have an order and no clock: a
//! point is drawn a microsecond after the one before it. Arrows are those of happens-before; the
//! order that is missing is not one, and is said in the accesses' arguments.

use super::json::elements;
use crate::collected::{Collected, Found};
use crate::timeline::{Arrow, Point, PointKind, timeline};
use crate::words;
use deadheat_detector::report::text::{At, Printable, unordered};
use serde_json::{Value, json};
use std::io::{self, Write};

pub(super) fn write(collected: &Collected, out: &mut dyn Write) -> io::Result<()> {
    let mut flows = 0;
    writeln!(out, "{{\"displayTimeUnit\":\"ns\",\"traceEvents\":[")?;
    let races = (1..).zip(&collected.races);
    let events = races.flat_map(|(pid, found)| events(pid, found, &mut flows));
    elements(events, out)?;
    writeln!(out, "\n]}}")
}

fn events(pid: u64, found: &Found, flows: &mut u64) -> Vec<Value> {
    let report = &found.report;
    let timeline = timeline(report);
    let process = format!(
        "{} [{}]",
        words::title(report),
        Printable(&report.fingerprint)
    );
    let about = |what: &str, tid: u64, args: Value| json!({ "ph": "M", "name": what, "pid": pid, "tid": tid, "args": args });
    // In the order of the reports, and of the lanes on the page.
    let mut events = vec![
        about("process_name", 0, json!({ "name": process })),
        about("process_sort_index", 0, json!({ "sort_index": pid })),
    ];
    for (place, lane) in timeline.lanes.iter().enumerate() {
        let tid = lane.goroutine;
        events.push(about("thread_name", tid, json!({ "name": lane.label })));
        events.push(about(
            "thread_sort_index",
            tid,
            json!({ "sort_index": place }),
        ));
    }
    let tid = |point: &Point| timeline.lanes[point.lane].goroutine;
    for (ts, point) in timeline.points.iter().enumerate() {
        let mut args = json!({ "stack": stack(point) });
        if matches!(point.kind, PointKind::Previous | PointKind::Current) {
            args["unordered"] = json!(unordered(report));
            args["also at"] = found.other_places().map(words::also).collect();
            args["found in"] = json!(Printable(&report.run.name).to_string());
        }
        let name = Printable(&point.label).to_string();
        events.push(json!({ "ph": "X", "name": name, "cat": point.kind, "pid": pid, "tid": tid(point), "ts": ts, "dur": 1, "args": args }));
    }
    for Arrow { from, to, .. } in timeline.arrows.iter().filter(|arrow| !arrow.missing) {
        *flows += 1;
        let end = |ph: &str, at: usize| {
            let point = &timeline.points[at];
            json!({ "ph": ph, "id": flows, "name": "happens before", "cat": "order", "pid": pid, "tid": tid(point), "ts": at, "bp": "e" })
        };
        events.extend([end("s", *from), end("f", *to)]);
    }
    events
}

fn stack(point: &Point) -> Vec<String> {
    let line = |frame: &deadheat_detector::report::StackFrame| {
        let function = Printable(&frame.function);
        match &frame.at {
            Some(at) => format!("{function} at {}", At(at)),
            None => function.to_string(),
        }
    };
    point.stack.iter().map(line).collect()
}
