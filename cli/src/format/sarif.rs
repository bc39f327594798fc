//! SARIF 2.1.0. A race is a result at its current access; the other access, where goroutines
//! were created and where the cell was declared or its memory allocated are related locations, and each goroutine's way to
//! its access is a thread flow.

use super::json::elements;
use crate::collected::{Collected, Found};
use crate::known::Standing;
use crate::words;
use deadheat_detector::report::text::{Printable, locks, unordered};
use deadheat_detector::report::{
    Access, Failure, FailureKind, Goroutine, Position, RaceReport, StackFrame,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::io::{self, Write};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Every kind of result, with what it means.
const RULES: [(&str, &str); 4] = [
    (
        "data-race",
        "Two accesses to the same memory, at least one a write, that no happens-before path orders.",
    ),
    ("deadlock", "Every goroutine was blocked."),
    ("panic", "A goroutine panicked, and nobody joined it."),
    (
        "step-limit",
        "The run made more scheduling steps than it may.",
    ),
];

/// What stands as it is in a path; the rest is written as `%XX`.
const PATH: AsciiSet = NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'_')
    .remove(b'-')
    .remove(b'~');

pub(super) fn write(collected: &Collected, out: &mut dyn Write) -> io::Result<()> {
    let is_known = |found: &Found| found.standing == Standing::Known;
    let baselined = collected.races.iter().any(is_known);
    let races = collected.races.iter().map(|found| race(found, baselined));
    let failures = collected.failures.iter();
    let results = races.chain(failures.map(|found| failure(found, baselined)));
    let invocation = invocation(collected);
    writeln!(
        out,
        r#"{{"$schema":"{SCHEMA}","version":"2.1.0","runs":[{{"#
    )?;
    writeln!(
        out,
        r#""tool":{},"columnKind":"unicodeCodePoints","invocations":[{invocation}],"results":["#,
        tool()
    )?;
    elements(results, out)?;
    writeln!(out, "\n]}}]}}")
}

fn tool() -> Value {
    let rule = |(id, text)| json!({ "id": id, "shortDescription": { "text": text } });
    json!({ "driver": {
        "name": "deadheat",
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "informationUri": env!("CARGO_PKG_REPOSITORY"),
        "rules": RULES.map(rule),
    } })
}

fn invocation(collected: &Collected) -> Value {
    let mut notifications = Vec::new();
    if collected.damaged {
        let text = "Some reports could not be read, and may be missing here.";
        notifications.push(json!({ "level": "error", "message": { "text": text } }));
    }
    json!({
        "executionSuccessful": !collected.damaged,
        "toolExecutionNotifications": notifications,
    })
}

fn race(found: &Found, baselined: bool) -> Value {
    let report = &found.report;
    let (current, previous) = (words::side(&report.current), words::side(&report.previous));
    let memory = words::memory(&report.location);
    let mut text = format!(
        "{}: {current} races with {previous} on {memory}. {}",
        words::title(report),
        unordered(report)
    );
    if let Some(locks) = locks(report) {
        text += &format!(" Locks: {locks}");
    }
    let tests = found.tests.values();
    let tests: Vec<_> = tests
        .map(|run| json!({ "name": run.name, "seed": run.seed, "replay": run.replay }))
        .collect();
    let mut result = json!({
        "ruleId": "data-race",
        "ruleIndex": 0,
        "level": if report.dependent { "warning" } else { "error" },
        "message": { "text": text },
        "locations": [location(&report.current.stack, None)],
        "relatedLocations": related(found),
        "codeFlows": [code_flow(report)],
        "partialFingerprints": { "deadheat/v1": report.fingerprint },
        "occurrenceCount": found.count,
        "properties": { "tests": tests, "mayFollowFromAnEarlierRace": report.dependent },
    });
    // Where one result has this, each has it.
    if baselined {
        let known = found.standing == Standing::Known;
        result["baselineState"] = json!(if known { "unchanged" } else { "new" });
    }
    if let Standing::Suppressed(_) = found.standing {
        result["suppressions"] = json!([{ "kind": "external" }]);
    }
    result
}

fn related(found: &Found) -> Vec<Value> {
    let report = &found.report;
    let previous = format!("previous {}", access_label(report, &report.previous));
    let mut related = vec![location(&report.previous.stack, Some(previous))];
    for goroutine in &report.goroutines {
        if !goroutine.created_at.is_empty() {
            let label = format!("goroutine {} created", goroutine.id);
            related.push(location(&goroutine.created_at, Some(label)));
        }
    }
    if let Some(declared) = &report.location.declared {
        let label = Some("memory declared".to_owned());
        related.push(at(Some(declared), None, label));
    }
    if let Some(allocated) = &report.location.allocated {
        related.push(location(
            &allocated.stack,
            Some("memory allocated".to_owned()),
        ));
    }
    for place in found.other_places().flatten().flatten() {
        let label = Some("the same race was found here, too".to_owned());
        related.push(at(Some(place), None, label));
    }
    for (id, location) in related.iter_mut().enumerate() {
        location["id"] = json!(id);
    }
    related
}

fn code_flow(report: &RaceReport) -> Value {
    let [current, previous] = &report.goroutines;
    let flows = [(previous, &report.previous), (current, &report.current)];
    let flows = flows.map(|(goroutine, access)| thread_flow(report, goroutine, access));
    json!({ "threadFlows": flows })
}

/// The way to an access: where its goroutine was created, then the calls from the outermost.
fn thread_flow(report: &RaceReport, goroutine: &Goroutine, access: &Access) -> Value {
    let created = goroutine.created_at.first().map(|frame| {
        let label = format!("goroutine {} created", goroutine.id);
        at(frame.at.as_ref(), Some(frame), Some(label))
    });
    let callers = access.stack.iter().skip(1).rev();
    let callers = callers.map(|frame| at(frame.at.as_ref(), Some(frame), None));
    let itself = location(&access.stack, Some(access_label(report, access)));
    let steps = created.into_iter().chain(callers).chain([itself]);
    let steps: Vec<_> = steps
        .map(|location| json!({ "location": location }))
        .collect();
    json!({ "id": format!("goroutine {}", goroutine.id), "locations": steps })
}

fn access_label(report: &RaceReport, access: &Access) -> String {
    format!(
        "{} by {}",
        words::kind(access),
        words::who(report, access.goroutine)
    )
}

/// Where a stack's innermost frame is that has a place.
fn location(stack: &[StackFrame], label: Option<String>) -> Value {
    let placed = stack.iter().find(|frame| frame.at.is_some());
    let frame = placed.or(stack.first());
    at(frame.and_then(|frame| frame.at.as_ref()), frame, label)
}

fn at(place: Option<&Position>, frame: Option<&StackFrame>, label: Option<String>) -> Value {
    let mut location = json!({});
    if let Some(place) = place {
        location["physicalLocation"] = physical(place);
    }
    if let Some(frame) = frame.filter(|frame| frame.is_named()) {
        let name = Printable(&frame.function).to_string();
        location["logicalLocations"] = json!([{ "fullyQualifiedName": name, "kind": "function" }]);
    }
    if let Some(label) = label {
        location["message"] = json!({ "text": label });
    }
    location
}

fn physical(place: &Position) -> Value {
    let mut region = json!({ "startLine": place.line.max(1) });
    if place.column > 0 {
        region["startColumn"] = json!(place.column);
    }
    json!({ "artifactLocation": { "uri": uri(&place.file) }, "region": region })
}

/// A path as a URI: relative to the workspace, or of this machine.
fn uri(file: &str) -> String {
    let path = utf8_percent_encode(file, &PATH);
    if file.starts_with('/') {
        format!("file://{path}")
    } else {
        path.to_string()
    }
}

fn failure(failure: &Failure, baselined: bool) -> Value {
    let index = match failure.kind {
        FailureKind::Deadlock => 1,
        FailureKind::Panic => 2,
        FailureKind::StepLimit => 3,
    };
    let test = Printable(&failure.run.name).to_string();
    let lines = failure
        .message
        .trim()
        .lines()
        .map(|line| Printable(line).to_string());
    let message = lines.collect::<Vec<_>>().join("\n");
    let text = format!("{} in {test}: {message}", words::failure(failure.kind));
    let mut result = json!({
        "ruleId": RULES[index].0,
        "ruleIndex": index,
        "level": "error",
        "message": { "text": text },
        "locations": [{ "logicalLocations": [{ "fullyQualifiedName": test, "kind": "function" }] }],
        "properties": { "seed": failure.run.seed, "replay": failure.run.replay },
    });
    if baselined {
        result["baselineState"] = json!("new");
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_uris() {
        assert_eq!(uri("src/my file#1.rs"), "src/my%20file%231.rs");
        assert_eq!(uri("/a/é.rs"), "file:///a/%C3%A9.rs");
        assert_eq!(uri("a:b.rs"), "a%3Ab.rs");
    }
}
