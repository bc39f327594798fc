//! How a race is put into words, wherever one line has to do.

use crate::collected::Places;
use deadheat_detector::report::text::{At, Printable, Who};
use deadheat_detector::report::{Access, Allocation, FailureKind, MemoryLocation, RaceReport};

/// What an access did, in one word or few.
pub(crate) fn kind(access: &Access) -> String {
    match &access.operation {
        Some(operation) => Printable(operation).to_string(),
        None => access.kind.to_string(),
    }
}

/// A race as a heading.
pub(crate) fn title(report: &RaceReport) -> String {
    format!("data race on {}", short_memory(&report.location))
}

/// A goroutine of a report, with its name.
pub(crate) fn who(report: &RaceReport, id: u64) -> String {
    let found = report.goroutines.iter().find(|g| g.id == id);
    let name = found.and_then(|g| g.name.as_deref());
    Who(id, name, report.run.scheduler).to_string()
}

/// A failure in a word or two.
pub(crate) fn failure(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Deadlock => "deadlock",
        FailureKind::Panic => "panic",
        FailureKind::StepLimit => "step limit reached",
    }
}

/// Two places at which the same race was found as well.
pub(crate) fn also(places: &Places) -> String {
    let [current, previous] = places.each_ref().map(|place| match place {
        Some(at) => At(at).to_string(),
        None => "an unknown place".to_owned(),
    });
    format!("{current} and {previous}")
}

/// The cell by its name, or else its type, or else the bytes.
fn short_memory(location: &MemoryLocation) -> String {
    let element = location
        .index
        .map_or(String::new(), |i| format!("element {i} of "));
    match (&location.name, &location.cell) {
        (Some(name), _) => format!("{element}\"{}\"", Printable(name)),
        (None, Some(cell)) => format!("{element}{}", Printable(cell)),
        (None, None) => format!("{} bytes at {:#x}", location.size, location.address),
    }
}

/// The kind of an access and its innermost known place.
pub(crate) fn side(access: &Access) -> String {
    let kind = kind(access);
    if let Some(at) = access.place() {
        return format!("{kind} at {}", At(at));
    }
    match access.stack.first() {
        Some(frame) => format!("{kind} in {}", Printable(&frame.function)),
        None => format!("{kind} at an unknown place"),
    }
}

/// The cell by its name and type, as far as they are known; nothing of the bytes, which differ from
/// run to run.
pub(crate) fn cell(location: &MemoryLocation) -> String {
    let text = named(location);
    if text.is_empty() {
        return "memory of no cell".to_owned();
    }
    text
}

fn named(location: &MemoryLocation) -> String {
    let name = location
        .name
        .as_deref()
        .map(|name| format!("\"{}\"", Printable(name)));
    let cell = location
        .cell
        .as_deref()
        .map(|cell| Printable(cell).to_string());
    let words: Vec<_> = name.into_iter().chain(cell).collect();
    words.join(", ")
}

/// The cell by its name, type and declaration, as far as they are known; else the bytes.
pub(crate) fn memory(location: &MemoryLocation) -> String {
    let mut text = named(location);
    if text.is_empty() {
        text = format!("{} bytes at {:#x}", location.size, location.address);
    }
    if let Some(index) = location.index {
        text = format!("element {index} of {text}");
    }
    if let Some(declared) = &location.declared {
        text += &format!(" declared at {}", At(declared));
    }
    if let Some(at) = location.allocated.as_ref().and_then(Allocation::place) {
        text += &format!(" allocated at {}", At(at));
    }
    text
}
