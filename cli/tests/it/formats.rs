//! What `deadheat report` prints, format by format, over one corpus.
//!
//! The files in `tests/formats/` are what is expected. `BLESS=1 cargo test -p deadheat-cli` writes
//! them anew; read what has changed in them.

use crate::cli::{deadheat, end_with_input};
use crate::corpus::{HOSTILE, corpus};
use crate::sample;
use deadheat_detector::report::text;
use serde_json::Value;
use std::fs;
use std::path::Path;

const FORMATS: [(&str, &str); 8] = [
    ("text", "txt"),
    ("terminal", "terminal.txt"),
    ("jsonl", "jsonl"),
    ("sarif", "sarif"),
    ("junit", "xml"),
    ("github", "github.txt"),
    ("html", "html"),
    ("perfetto", "json"),
];

/// The corpus in a format, as a program that is not a terminal gets it.
fn printed(format: &str) -> String {
    let input = sample::file(&corpus());
    let folder = tempfile::tempdir().unwrap();
    let mut command = deadheat();
    command.current_dir(folder.path()).env("COLUMNS", "100");
    command.args(["report", "--format", format, "-"]);
    let report = end_with_input(&mut command, input.as_bytes());
    report.expect(0, &[]);
    assert_eq!(report.err, "");
    report.out
}

/// Without what changes with every version and every touch of the page's looks.
fn steady(text: &str) -> String {
    let mut text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    for tag in ["style", "script"] {
        if let Some((before, rest)) = text.split_once(&format!("<{tag}>")) {
            let (_, after) = rest.split_once(&format!("</{tag}>")).unwrap();
            text = format!("{before}<{tag}></{tag}>{after}");
        }
    }
    let mut parts = text.split("'sha256-");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + "'sha256-" + part.trim_start_matches(|c| c != '\'')
    })
}

#[test]
fn each_format_prints_the_corpus_as_expected() {
    for (format, end) in FORMATS {
        let expected = Path::new("tests/formats").join(format!("corpus.{end}"));
        let found = steady(&printed(format));
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expected, &found).unwrap();
        }
        let expected = fs::read_to_string(expected).unwrap();
        assert!(found == expected, "{format} has changed:\n{found}");
    }
}

#[test]
fn no_format_lets_a_program_drive_a_terminal() {
    for (format, _) in FORMATS {
        // JSON lines are data for other programs, in which JSON's own escapes must do.
        let hostile = |c: char| match format {
            "jsonl" => c.is_ascii_control(),
            _ => text::is_hostile(c),
        };
        let found = printed(format).chars().find(|c| *c != '\n' && hostile(*c));
        assert_eq!(found, None, "{format}");
    }
}

#[test]
fn json_lines_are_what_the_schema_says() {
    let schema = fs::read_to_string("../docs/report.schema.json").unwrap();
    let mut schema: Value = serde_json::from_str(&schema).unwrap();
    let published = jsonschema::validator_for(&schema).unwrap();
    // Readers pass over what they do not know; the schema knows all that we write.
    for kind in schema["$defs"].as_object_mut().unwrap().values_mut() {
        if kind.get("properties").is_some() {
            kind["additionalProperties"] = false.into();
        }
    }
    let strict = jsonschema::validator_for(&schema).unwrap();
    let lines = printed("jsonl");
    assert_eq!(lines.lines().count(), corpus().len());
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        for validator in [&published, &strict] {
            let errors: Vec<_> = validator
                .iter_errors(&line)
                .map(|e| e.to_string())
                .collect();
            assert!(errors.is_empty(), "{errors:?}\n{line}");
        }
        let mut later = line;
        later["deadheat"] = 2.into();
        assert!(!published.is_valid(&later));
    }
}

#[test]
fn sarif_is_valid_and_tells_both_sides() {
    let schema = fs::read_to_string("tests/schemas/sarif-2.1.0.json").unwrap();
    // The pattern of a language has a bracket too many for regular expressions other than
    // JavaScript's; we write no language.
    let (odd, meant) = ("-[a-zA-Z]{2}]?$", "(-[a-zA-Z]{2})?$");
    assert!(schema.contains(odd));
    let schema: Value = serde_json::from_str(&schema.replace(odd, meant)).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let log: Value = serde_json::from_str(&printed("sarif")).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(&log)
        .map(|e| format!("{e} at {}", e.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 6);
    let place = |value: &Value| value["physicalLocation"]["region"]["startLine"].as_u64();
    let race = &results[0];
    assert_eq!(place(&race["locations"][0]), Some(42));
    assert_eq!(place(&race["relatedLocations"][0]), Some(41));
    let flows = race["codeFlows"][0]["threadFlows"].as_array().unwrap();
    let lines = |flow: &Value| -> Vec<_> {
        let steps = flow["locations"].as_array().unwrap();
        steps.iter().map(|step| place(&step["location"])).collect()
    };
    assert_eq!(lines(&flows[0]), [Some(41)]);
    assert_eq!(lines(&flows[1]), [Some(59), Some(60), Some(42)]);
    assert_eq!(race["occurrenceCount"], 3);
    let related = race["relatedLocations"].as_array().unwrap();
    let others: Vec<_> = related
        .iter()
        .filter_map(place)
        .filter(|line| *line > 100)
        .collect();
    assert_eq!(others, [142, 141]);
}

#[test]
fn junit_fails_the_tests_that_found_something() {
    let report = quick_junit::Report::deserialize(printed("junit").as_bytes()).unwrap();
    let suite = report
        .test_suites
        .iter()
        .find(|suite| suite.name.as_str() == "bank")
        .unwrap();
    let fate = |name: &str| {
        let case = suite
            .test_cases
            .iter()
            .find(|case| case.name.as_str() == name)
            .unwrap();
        matches!(case.status, quick_junit::TestCaseStatus::Success { .. })
    };
    assert!(fate("passes"));
    for name in ["transfer_races", "again", "bare", "audit_hangs"] {
        assert!(!fate(name), "{name}");
    }
}

#[test]
fn a_github_annotation_is_one_line() {
    let text = printed("github");
    for line in text.lines() {
        assert!(
            line.starts_with("::error ") || line.starts_with("::notice "),
            "{line}"
        );
    }
    // Two of each of four races and of one's other places, one of each of two failures.
    assert_eq!(text.lines().count(), 12);
}

#[test]
fn a_timeline_has_a_thread_for_each_goroutine_and_arrows_with_two_ends() {
    let trace: Value = serde_json::from_str(&printed("perfetto")).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let of = |ph: &str| {
        events
            .iter()
            .filter(|event| event["ph"] == ph)
            .collect::<Vec<_>>()
    };
    let key = |event: &&Value| {
        (
            event["pid"].as_u64().unwrap(),
            event["tid"].as_u64().unwrap(),
        )
    };
    let threads: Vec<_> = of("M")
        .iter()
        .filter(|e| e["name"] == "thread_name")
        .map(key)
        .collect();
    assert!(of("X").iter().all(|event| threads.contains(&key(event))));
    let ends = |ph: &str| {
        of(ph)
            .iter()
            .map(|event| event["id"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(ends("s"), ends("f"));
    assert!(!ends("s").is_empty());
}

/// What the Trace Event Format asks of the kinds of events that are written: metadata, complete events, and
/// flows, each end of which binds to the slice of its thread that encloses its time.
#[test]
fn a_timeline_is_as_the_trace_event_format_wants_it() {
    let trace: Value = serde_json::from_str(&printed("perfetto")).unwrap();
    assert_eq!(trace["displayTimeUnit"], "ns");
    let events = trace["traceEvents"].as_array().unwrap();
    let number = |event: &Value, key: &str| {
        event[key]
            .as_u64()
            .unwrap_or_else(|| panic!("no {key}: {event}"))
    };
    let thread = |event: &Value| (number(event, "pid"), number(event, "tid"));
    let text = |event: &Value, key: &str| {
        let text = event[key].as_str();
        text.unwrap_or_else(|| panic!("no {key}: {event}"))
            .to_owned()
    };
    let slices: Vec<_> = events.iter().filter(|e| e["ph"] == "X").collect();
    for slice in &slices {
        assert!(number(slice, "dur") > 0 && slice["args"].is_object());
        // Slices of one thread do not overlap, so that at most one encloses a time.
        let (from, to) = (
            number(slice, "ts"),
            number(slice, "ts") + number(slice, "dur"),
        );
        let overlapping = slices.iter().filter(|other| {
            let begin = number(other, "ts");
            thread(other) == thread(slice) && begin < to && begin + number(other, "dur") > from
        });
        assert_eq!(overlapping.count(), 1, "{slice}");
    }
    for event in events {
        assert!(!text(event, "name").is_empty());
        let (pid, _) = thread(event);
        assert!(pid > 0, "{event}");
        match &*text(event, "ph") {
            "M" if text(event, "name").ends_with("_name") => {
                assert!(event["args"]["name"].is_string(), "{event}");
            }
            "M" => assert!(event["args"]["sort_index"].is_u64(), "{event}"),
            "X" => assert!(!text(event, "cat").is_empty()),
            "s" | "f" => {
                let at = number(event, "ts");
                let binds = |slice: &&&Value| {
                    let begin = number(slice, "ts");
                    thread(slice) == thread(event)
                        && (begin..begin + number(slice, "dur")).contains(&at)
                };
                assert_eq!(slices.iter().filter(binds).count(), 1, "{event}");
                assert_eq!(event["bp"], "e", "{event}");
            }
            other => panic!("an event of the kind {other}: {event}"),
        }
    }
    for start in events.iter().filter(|e| e["ph"] == "s") {
        let ends: Vec<_> = events
            .iter()
            .filter(|e| e["ph"] == "f" && e["id"] == start["id"])
            .collect();
        let [end] = ends[..] else {
            panic!("{} ends of {start}", ends.len());
        };
        assert!(number(start, "ts") < number(end, "ts"));
        for key in ["name", "cat", "pid"] {
            assert_eq!(start[key], end[key]);
        }
    }
}

#[test]
fn a_page_holds_what_a_program_says_as_data_only() {
    let page = printed("html");
    let own = page.matches("<script").count();
    assert_eq!(own, page.matches("</script>").count());
    // The index, four races, and the page's own.
    assert_eq!(own, 1 + 4 + 1);
    assert!(!page.contains("<img") && !page.contains("<!--"), "{page}");
    assert!(page.contains(r"\u003cimg src=x onerror=alert(1)\u003e"));
    let data = page.split("id=\"race-3\">").nth(1).unwrap();
    let data: Value = serde_json::from_str(data.split("</script>").next().unwrap()).unwrap();
    assert_eq!(data["report"]["location"]["name"], HOSTILE);
}
