//! Racy locations as text.

use super::{Found, Place, Side, Thread};
use deadheat_detector::locations::Location;
use deadheat_detector::report::text::Printable;
use std::io::{self, Write};

/// Prints every location, and what `verdict` asks for: their number, on a line of its own.
pub(crate) fn text(found: &Found<'_>, verdict: bool, out: &mut impl Write) -> io::Result<()> {
    for location in found.locations.iter() {
        self::location(found, location, out)?;
        writeln!(out)?;
    }
    if verdict {
        writeln!(out, "racy locations: {}", found.locations.len())?;
    }
    Ok(())
}

fn location(found: &Found<'_>, location: &Location, out: &mut impl Write) -> io::Result<()> {
    let (start, len) = (location.bytes.start(), location.bytes.len());
    let bytes = if len == 1 { "byte" } else { "bytes" };
    match &location.name {
        Some(name) => {
            write!(out, "{}", Printable(&name.text))?;
            if name.offset > 0 {
                write!(out, " + {}", name.offset)?;
            }
            writeln!(out, " ({len} {bytes} at {start:#014x})")?;
        }
        None => writeln!(out, "{len} {bytes} at {start:#014x}")?,
    }
    side(found, "", &found.current(location), location.event, out)?;
    side(found, "previous ", &found.previous(location), 0, out)?;
    match (location.races, location.dependent) {
        (1, 0) => writeln!(out, "  1 race"),
        (1, _) => writeln!(out, "  1 race, which may follow from an earlier one"),
        (races, 0) => writeln!(out, "  {races} races"),
        (races, dependent) => writeln!(
            out,
            "  {races} races, of which {dependent} may follow from earlier ones"
        ),
    }
}

fn side(
    found: &Found<'_>,
    which: &str,
    side: &Side,
    event: u64,
    out: &mut impl Write,
) -> io::Result<()> {
    let (kind, thread) = (side.kind, Thread(found.names, side.thread));
    let mut places = side.stack.iter().map(|&site| Place(found.names, site));
    write!(out, "  {which}{kind} by {thread}")?;
    if let Some(place) = places.next() {
        write!(out, " at {place}")?;
    }
    if event > 0 {
        write!(out, " (event {event})")?;
    }
    writeln!(out)?;
    for caller in places {
        writeln!(out, "      called at {caller}")?;
    }
    Ok(())
}
