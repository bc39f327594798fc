//! `deadheat analyze` and `deadheat trace`.

use crate::cli::{End, deadheat, end, end_with_input};
use deadheat_detector::access::ByteRange;
use deadheat_detector::event::{Action, Event, SiteId, ThreadId};
use deadheat_detector::sync::SyncId;
use deadheat_detector::trace::Writer;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A file in `tests/std`.
fn std_file(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/std");
    folder.join(name).with_extension("std")
}

fn run(args: &[&dyn AsRef<OsStr>]) -> End {
    let args: Vec<&OsStr> = args.iter().map(AsRef::as_ref).collect();
    end(&mut deadheat(), &args)
}

/// A folder, and in it the trace of a file in `tests/std`.
fn imported(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join(name).with_extension("trace");
    let import = run(&[&"trace", &"import", &std_file(name), &"-o", &trace]);
    import.expect(0, &[]);
    assert_eq!((import.out.as_str(), import.err.as_str()), ("", ""));
    (folder, trace)
}

/// A trace of these steps, with two named sites.
fn recorded(steps: &[(u64, Action, u32)]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new()).unwrap();
    writer.define_site(SiteId(1), "src/lib.rs:3:5").unwrap();
    writer.define_site(SiteId(2), "src/lib.rs:9:1").unwrap();
    for &(thread, action, site) in steps {
        let (thread, site) = (ThreadId(thread), SiteId(site));
        let event = Event {
            thread,
            action,
            site,
        };
        writer.event(&event).unwrap();
    }
    writer.finish().unwrap()
}

fn range(start: usize, len: usize) -> ByteRange {
    ByteRange::new(start, len).unwrap()
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The objects of JSON lines.
fn json_lines(text: &str) -> Vec<serde_json::Value> {
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

#[test]
fn racy_variables_are_listed_once_each() {
    let (_folder, trace) = imported("racy");
    let analyze = run(&[&"analyze", &trace]);
    analyze.expect(66, &[]);
    assert_eq!(analyze.err, "");
    let expected = "\
counter (8 bytes at 0x000000010000)
  write by thread T1 at 3 (event 3)
  previous write by thread T0 at 2
  1 race

racy locations: 1
";
    assert_eq!(analyze.out, expected);

    let (_folder, trace) = imported("two_of_three");
    let analyze = run(&[&"analyze", &trace]);
    analyze.expect(66, &[]);
    let lines: Vec<_> = analyze.out.lines().collect();
    let named = lines.iter().filter(|line| line.contains(" (8 bytes at "));
    let named: Vec<_> = named.map(|line| &line[..1]).collect();
    assert_eq!(named, ["b", "c"]);
    let dependent = "  3 races, of which 1 may follow from earlier ones";
    assert!(lines.contains(&dependent), "{}", analyze.out);
    assert_eq!(lines.last(), Some(&"racy locations: 2"));
}

#[test]
fn traces_without_a_race_are_clean() {
    for name in ["locked", "windows"] {
        let (_folder, trace) = imported(name);
        let analyze = run(&[&"analyze", &trace]);
        analyze.expect(0, &[]);
        assert_eq!(analyze.err, "");
        assert_eq!(analyze.out, "racy locations: 0\n");
    }
}

#[test]
fn json_has_an_object_for_each_location_and_a_summary() {
    let (_folder, trace) = imported("two_of_three");
    let analyze = run(&[&"analyze", &"--json", &trace]);
    analyze.expect(66, &[]);
    let objects = json_lines(&analyze.out);
    assert_eq!(objects.len(), 3);
    let first = serde_json::json!({
        "type": "racy_location", "name": "b", "offset": 0, "address": 0x10008, "size": 8,
        "event": 9,
        "current": {"kind": "write", "thread": 2, "thread_name": "T3", "stack": ["9"]},
        "previous": {"kind": "write", "thread": 0, "thread_name": "T1", "stack": ["2"]},
        "races": 2, "dependent": 0,
    });
    assert_eq!(objects[0], first);
    let summary = serde_json::json!({
        "type": "summary", "racy_locations": 2, "races": 5, "dependent": 1, "events": 15,
        "complete": true,
    });
    assert_eq!(objects[2], summary);

    let (_folder, trace) = imported("locked");
    let analyze = run(&[&"analyze", &trace, &"--json"]);
    analyze.expect(0, &[]);
    assert!(
        analyze.out.starts_with("{\"racy_locations\":0,"),
        "{}",
        analyze.out
    );
    assert_eq!(json_lines(&analyze.out).len(), 1);
}

#[test]
fn a_recorded_trace_is_shown_with_its_places() {
    let (hits, index) = (range(0x1000, 16), range(0x2004, 1));
    let mut steps = vec![(0, Action::Fork(ThreadId(7)), 1)];
    for thread in [0, 7] {
        steps.push((thread, Action::Call, 2));
        steps.push((thread, Action::Write(hits), 1));
        steps.push((thread, Action::Return, 0));
        steps.push((thread, Action::Read(range(0x1004, 4)), 0));
        steps.push((thread, Action::Write(index), 40));
    }
    steps.push((0, Action::Free(hits), 1));
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    fs::write(&trace, recorded(&steps)).unwrap();
    let analyze = run(&[&"analyze", &trace]);
    analyze.expect(66, &[]);
    let expected = "\
16 bytes at 0x000000001000
  write by thread 7 at src/lib.rs:3:5 (event 8)
      called at src/lib.rs:9:1
  previous write by thread 0 at src/lib.rs:3:5
      called at src/lib.rs:9:1
  1 race

1 byte at 0x000000002004
  write by thread 7 at site 40 (event 11)
  previous write by thread 0 at site 40
  1 race

racy locations: 2
";
    assert_eq!(analyze.out, expected);
}

#[test]
fn export_gives_back_what_was_imported() {
    for name in ["racy", "locked", "two_of_three", "names"] {
        let (folder, trace) = imported(name);
        let text = folder.path().join("back.std");
        run(&[&"trace", &"export", &trace, &"-o", &text]).expect(0, &[]);
        let (text, original) = (fs::read(text).unwrap(), fs::read(std_file(name)).unwrap());
        assert_eq!(text, original, "{name}");
        let to_output = run(&[&"trace", &"export", &trace, &"-o", &"-"]);
        to_output.expect(0, &[]);
        assert_eq!(to_output.out.as_bytes(), original);
    }
}

#[test]
fn a_malformed_line_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let file = std_file("malformed");
    let refused = || run(&[&"trace", &"import", &file, &"-o", &trace]);
    let words = [
        "malformed.std: line 3 is malformed: `T1|branch|3`",
        "op(arg)",
    ];
    refused().expect_one_error(&words);
    assert_eq!(files(folder.path()), [""; 0]);
    fs::write(&trace, "as before").unwrap();
    refused().expect_one_error(&words);
    assert_eq!(files(folder.path()), ["trace"]);
    assert_eq!(fs::read(&trace).unwrap(), b"as before");
}

#[test]
fn streams_stand_in_for_files() {
    let (_folder, trace) = imported("racy");
    let trace = fs::read(trace).unwrap();
    let text = fs::read(std_file("racy")).unwrap();
    let from_input = end_with_input(deadheat().args(["analyze", "-"]), &trace);
    from_input.expect(66, &[]);
    assert!(from_input.out.ends_with("\nracy locations: 1\n"));

    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy");
    let import = deadheat()
        .args(["trace", "import", "-o", "-"])
        .arg(std_file("racy"))
        .output();
    assert_eq!(import.unwrap().stdout, trace);
    let import = end_with_input(
        deadheat().args(["trace", "import", "-", "-o"]).arg(&copy),
        &text,
    );
    import.expect(0, &[]);
    assert_eq!(fs::read(&copy).unwrap(), trace);
    run(&[&"trace", &"export", &"-", &"-o", &copy]).expect_one_error(&["read twice"]);
    let import = end_with_input(
        deadheat().args(["trace", "import", "-", "-o"]).arg(&copy),
        b"x",
    );
    import.expect_one_error(&["standard input: line 1 is malformed"]);
}

#[test]
fn a_trace_that_is_cut_short_is_analysed_up_to_there() {
    let note = "is cut short";
    for (name, code, verdict) in [
        ("racy", 66, "racy locations: 1"),
        ("locked", 2, "racy locations: 0"),
    ] {
        let (_folder, trace) = imported(name);
        let whole = fs::read(&trace).unwrap();
        fs::write(&trace, &whole[..whole.len() - 3]).unwrap();
        let analyze = run(&[&"analyze", &trace]);
        analyze.expect(code, &["deadheat: ", note]);
        assert_eq!(analyze.out.lines().last(), Some(verdict));
        let analyze = run(&[&"analyze", &"--json", &trace]);
        analyze.expect(code, &[note]);
        assert_eq!(json_lines(&analyze.out).last().unwrap()["complete"], false);
        let export = run(&[&"trace", &"export", &trace, &"-o", &"-"]);
        export.expect(2, &[note]);
        assert_eq!(export.out, fs::read_to_string(std_file(name)).unwrap());

        fs::write(&trace, &whole[..100]).unwrap();
        let analyze = run(&[&"analyze", &trace]);
        analyze.expect(2, &["the 0 events"]);
        assert_eq!(analyze.out, "racy locations: 0\n");
    }
}

#[test]
fn a_trace_that_is_damaged_has_no_verdict() {
    let (_folder, trace) = imported("racy");
    let mut bytes = fs::read(&trace).unwrap();
    let at = bytes.len() - 30;
    bytes[at] ^= 1;
    fs::write(&trace, bytes).unwrap();
    for json in [&["analyze"][..], &["analyze", "--json"]] {
        let analyze = end(deadheat().args(json), &[&trace]);
        analyze.expect_one_error(&["racy.trace cannot be read: block 1, at byte ", "checksum"]);
    }
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    let export = run(&[&"trace", &"export", &trace, &"-o", &text]);
    export.expect_one_error(&["racy.trace cannot be read: block 1, at byte "]);
    assert_eq!(files(folder.path()), [""; 0]);
}

#[test]
fn an_impossible_event_is_named_behind_what_was_found() {
    let (_folder, trace) = imported("impossible");
    let analyze = run(&[&"analyze", &trace]);
    let why = "event 3 cannot follow those before it: thread T1 is forked, but it is there already";
    analyze.expect(
        2,
        &[
            "error: ",
            "impossible.trace is not a trace of any program",
            why,
        ],
    );
    assert!(analyze.out.starts_with("x (8 bytes"), "{}", analyze.out);
    assert!(!analyze.out.contains("racy locations"), "{}", analyze.out);
}

#[test]
fn what_is_no_trace_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.trace");
    let out = folder.path().join("out");
    for command in [
        &["analyze"][..],
        &["trace", "export", "-o", "out"],
        &["trace", "import", "-o", "out"],
    ] {
        let mut in_folder = deadheat();
        in_folder.current_dir(folder.path()).args(command);
        end(&mut in_folder, &[&missing])
            .expect_one_error(&["missing.trace cannot be read", "No such file"]);
        let mut in_folder = deadheat();
        in_folder.current_dir(folder.path()).args(command);
        end(&mut in_folder, &[folder.path()]).expect_one_error(&["cannot be read", "directory"]);
    }
    let refused = |bytes: &[u8], words: &[&str]| {
        let file = folder.path().join("file");
        fs::write(&file, bytes).unwrap();
        run(&[&"analyze", &file]).expect_one_error(words);
        run(&[&"trace", &"export", &file, &"-o", &out]).expect_one_error(words);
    };
    refused(b"", &["it is empty"]);
    refused(
        b"T0|w(x)|1\n",
        &["not a Deadheat trace", "deadheat trace import"],
    );
    let mut later = recorded(&[]);
    later[8] = 2;
    refused(&later, &["version 2", "use a newer one"]);
    assert_eq!(files(folder.path()), ["file"]);
}

#[test]
fn what_rapid_cannot_say_is_refused_or_left_out() {
    let lock = SyncId(1);
    let trace_bytes = recorded(&[
        (0, Action::Write(range(16, 8)), 1),
        (0, Action::ReleaseMerge(lock), 1),
        (1, Action::Acquire(lock), 2),
        (1, Action::Free(range(16, 8)), 2),
        (1, Action::End, 2),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let [trace, text] = ["trace", "text"].map(|name| folder.path().join(name));
    fs::write(&trace, trace_bytes).unwrap();
    let export = run(&[&"trace", &"export", &trace, &"-o", &text]);
    export.expect_one_error(&["event 2 is of the kind `release_merge`", "`--lossy`"]);
    assert_eq!(files(folder.path()), ["trace"]);
    let export = run(&[&"trace", &"export", &"--lossy", &trace, &"-o", &text]);
    export.expect(0, &["2 events of ", "left out (1 free, 1 release_merge)"]);
    let expected = "T0|w(0x10)|1\nT1|acq(L1)|2\n";
    assert_eq!(fs::read_to_string(text).unwrap(), expected);
}

#[test]
fn places_that_cannot_be_written_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let racy = std_file("racy");
    let import = |out: &Path| run(&[&"trace", &"import", &racy, &"-o", &out]);
    import(folder.path()).expect_one_error(&["cannot be written", "directory"]);
    import(&folder.path().join("no/where"))
        .expect_one_error(&["no/where cannot be written", "No such file"]);
    let copy = folder.path().join("copy.std");
    fs::copy(&racy, &copy).unwrap();
    run(&[&"trace", &"import", &copy, &"-o", &copy])
        .expect_one_error(&["copy.std is both the input and the output"]);
    assert_eq!(fs::read(&copy).unwrap(), fs::read(&racy).unwrap());
}

#[test]
fn a_reader_that_has_gone_away_is_no_failure() {
    let (_folder, trace) = imported("racy");
    for (command, code) in [(&["analyze"][..], 66), (&["trace", "export", "-o", "-"], 0)] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let output = deadheat().args(command).arg(&trace).stdout(writer).output();
        let output = output.unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        assert_eq!(output.status.code(), Some(code));
    }
}
