//! Racy locations as JSON lines: an object for each, and one that sums up.

use super::{Found, Place, Side};
use deadheat_detector::access::AccessKind;
use serde::Serialize;
use std::io::{self, Write};

#[derive(Serialize)]
struct LocationLine<'a> {
    r#type: &'static str,
    name: Option<&'a str>,
    offset: Option<usize>,
    address: usize,
    size: usize,
    event: u64,
    current: Access<'a>,
    previous: Access<'a>,
    races: u64,
    dependent: u64,
}

#[derive(Serialize)]
struct Access<'a> {
    kind: AccessKind,
    thread: u64,
    thread_name: Option<&'a str>,
    stack: Vec<String>,
}

#[derive(Serialize)]
struct SummaryLine {
    racy_locations: usize,
    r#type: &'static str,
    races: u64,
    dependent: u64,
    events: u64,
    complete: bool,
}

/// Prints every location, and what `verdict` asks for: a summary.
pub(crate) fn json(found: &Found<'_>, verdict: bool, out: &mut impl Write) -> io::Result<()> {
    for location in found.locations.iter() {
        let name = location.name.as_ref();
        let line = LocationLine {
            r#type: "racy_location",
            name: name.map(|name| &*name.text),
            offset: name.map(|name| name.offset),
            address: location.bytes.start(),
            size: location.bytes.len(),
            event: location.event,
            current: access(found, &found.current(location)),
            previous: access(found, &found.previous(location)),
            races: location.races,
            dependent: location.dependent,
        };
        put(&line, out)?;
    }
    if !verdict {
        return Ok(());
    }
    let totals = found.totals;
    let line = SummaryLine {
        racy_locations: found.locations.len(),
        r#type: "summary",
        races: totals.races,
        dependent: totals.dependent,
        events: totals.events,
        complete: totals.complete,
    };
    put(&line, out)
}

fn access<'a>(found: &Found<'a>, side: &Side) -> Access<'a> {
    let places = side.stack.iter().map(|&site| Place(found.names, site));
    Access {
        kind: side.kind,
        thread: side.thread.0,
        thread_name: found.names.thread(side.thread),
        stack: places.map(|place| place.to_string()).collect(),
    }
}

fn put(line: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}
