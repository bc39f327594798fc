//! Runs the subjects, each in a process of its own.

use deadheat::detector::report::{RaceReport, Record, SyncEvent, jsonl};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs one subject with this value of the variable.
fn run(subject: &str, variable: &str) -> Output {
    command(subject, variable)
        .output()
        .expect("this binary runs itself")
}

pub(crate) fn command(subject: &str, variable: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("the path of this binary"));
    command
        .arg(format!("subjects::{subject}"))
        .env("DEADHEAT", variable);
    command
}

pub(crate) fn text(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("reports are UTF-8")
}

fn without_addresses(text: &str) -> String {
    let mut parts = text.split("0x");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        all + "ADDRESS" + part.trim_start_matches(|c: char| c.is_ascii_hexdigit())
    })
}

struct Log(PathBuf);

impl Log {
    fn new(name: &str) -> Self {
        let file = format!("deadheat {name}, {}.jsonl", std::process::id());
        let log = Self(std::env::temp_dir().join(file));
        let _ = std::fs::remove_file(&log.0);
        log
    }

    fn variable(&self) -> String {
        format!("detect=on,log=\"{}\"", self.0.display())
    }

    fn records(&self) -> Vec<Record> {
        let lines = jsonl::read(BufReader::new(
            File::open(&self.0).expect("the log is there"),
        ));
        lines
            .map(|(_, line)| line.expect("readable").expect("a record"))
            .collect()
    }

    fn races(&self) -> Vec<RaceReport> {
        let races = self
            .records()
            .into_iter()
            .filter_map(|record| match record {
                Record::Race(race) => Some(*race),
                _ => None,
            });
        races.collect()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_seed_gives_the_same_reports_byte_for_byte() {
    for seed in [0, 1, 99] {
        let variable = format!("detect=on,seed={seed}");
        let report = || without_addresses(&text(&run("subject_many_races", &variable)));
        let first = report();
        assert!(first.matches("WARNING: DATA RACE").count() >= 2, "{first}");
        for _ in 1..20 {
            assert_eq!(report(), first, "seed {seed}");
        }
    }
}

#[test]
fn the_replay_line_of_a_report_replays_it() {
    let first = text(&run("subject_many_races", "detect=on,seed=40,schedules=10"));
    let seed = first
        .split("Replay: deadheat test --seed ")
        .nth(1)
        .expect("a replay line");
    let seed: u64 = seed.split(' ').next().unwrap().parse().expect("a seed");
    let again = text(&run(
        "subject_many_races",
        &format!("detect=on,schedules=1,seed={seed}"),
    ));
    assert!(!again.is_empty());
    let block = |text: &str| {
        without_addresses(text.split_inclusive("==================\n").nth(1).unwrap())
    };
    assert_eq!(block(&first), block(&again));
}

#[test]
fn a_report_quotes_the_source_of_both_accesses() {
    let log = Log::new("source");
    run("subject_one_race", &log.variable());
    let race = &log.races()[0];
    for access in [&race.current, &race.previous] {
        let at = access.place().expect("this binary has debug information");
        let source = access.source.as_ref().expect("the source is there");
        let quoted = &source.lines[(at.line - source.first_line) as usize];
        let file = std::fs::read_to_string(&at.file).expect("paths start at the workspace");
        assert_eq!(
            file.lines().nth(at.line as usize - 1),
            Some(quoted.as_str())
        );
    }
}

#[test]
fn a_report_tells_which_locks_were_held() {
    let log = Log::new("locks");
    for seed in 0..4 {
        run("subject_locks", &format!("{},seed={seed}", log.variable()));
    }
    let races = log.races();
    assert!(!races.is_empty());
    for race in races {
        let held = |locks: &[SyncEvent]| -> Vec<_> {
            let locks = locks
                .iter()
                .map(|lock| (lock.operation.clone(), lock.at.line));
            locks.collect()
        };
        let mut sides = [&race.current, &race.previous];
        sides.sort_by_key(|access| access.kind.is_write());
        let [read, write] = sides.map(|access| held(access.locks.as_deref().expect("known")));
        let [_, lock_of_write] = sides.map(|access| access.place().expect("known").line - 1);
        assert_eq!(write, [("mutex lock".to_owned(), lock_of_write)]);
        assert_eq!(read[0].0, "read lock");
        assert_eq!(read.len(), 1);
        let [other] = &race.others[..] else {
            panic!("{:?}", race.others);
        };
        let at = other.at.as_ref().expect("known").line;
        assert!(other.kind.is_write());
        assert_eq!(held(&other.locks), [("write lock".to_owned(), at - 1)]);
        // Its goroutine was joined before either side began.
        assert_eq!(other.ordered, Some(true));
        assert!(other.released.is_some(), "{other:?}");
        let sides = race.goroutines.iter().map(|side| side.id);
        assert!(sides.into_iter().all(|side| other.goroutine != Some(side)));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_full_disk_does_not_take_is_shown_and_saved_elsewhere() {
    let folder = std::env::temp_dir().join(format!("deadheat full {}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut command = command("subject_one_race", "detect=on,log=/dev/full");
    let output = command.env("TMPDIR", &folder).output().unwrap();
    let shown = text(&output);
    let saved: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    let log = Log(saved.into_iter().next().expect("a file").unwrap().path());
    assert!(shown.contains("WARNING: DATA RACE"), "{shown}");
    let complaint = "deadheat: a report could not be saved in /dev/full: No space left";
    assert_eq!(shown.matches(complaint).count(), 1, "{shown}");
    assert!(shown.contains(&*log.0.to_string_lossy()), "{shown}");
    let (races, records) = (log.races().len(), log.records().len());
    assert_eq!(
        (races, records - races),
        (shown.matches("WARNING: DATA RACE").count(), 1)
    );
    drop(log);
    std::fs::remove_dir(&folder).unwrap();
}

#[test]
fn detection_is_off_unless_asked_for() {
    for variable in ["", "seed=3", "detect=off"] {
        let output = run("subject_one_race", variable);
        assert!(output.status.success(), "{variable}");
        assert_eq!(text(&output), "");
    }
    let output = run("subject_one_race", "detect=on");
    assert_eq!(output.status.code(), Some(101));
    assert!(text(&output).contains("WARNING: DATA RACE"));
}

#[test]
fn a_report_names_test_cell_and_stacks() {
    let log = Log::new("names");
    let output = run("subject_one_race", &log.variable());
    assert_eq!(output.status.code(), Some(101));
    let races = log.races();
    assert_eq!(races.len(), 1);
    let race = &races[0];
    assert_eq!(race.run.name, "process::subjects::subject_one_race");
    assert_eq!(race.location.name.as_deref(), Some("only"));
    assert_eq!(race.location.cell.as_deref(), Some("Shared<u64>"));
    assert_eq!(
        (race.location.size, race.current.size, race.previous.size),
        (8, 8, 8)
    );
    for access in [&race.current, &race.previous] {
        let inner = &access.stack[0];
        assert!(
            inner.function.starts_with("process::subjects::one_race"),
            "{inner:?}"
        );
        let at = inner.at.as_ref().expect("a place");
        assert_eq!(at.file, "tests/process/subjects.rs");
        assert!(at.column > 0);
        // The main goroutine's stack goes on to the test; the other's ends at its closure.
        let outer = access.stack.last().expect("a frame");
        let main = access.goroutine == 1;
        assert_eq!(
            outer.function.ends_with("subject_one_race"),
            main,
            "{access:?}"
        );
    }
    let made = race
        .goroutines
        .iter()
        .find(|g| g.id == 2)
        .expect("goroutine 2");
    assert_eq!(made.creator, Some(1));
    assert!(
        made.created_at[0]
            .function
            .starts_with("process::subjects::one_race")
    );
}

#[test]
fn tests_that_share_statics_do_not_disturb_each_other() {
    for scheduler in ["controlled", "parallel"] {
        let log = Log::new(scheduler);
        let variable = format!("{},scheduler={scheduler}", log.variable());
        let output = command("subject_static", &variable)
            .arg("--test-threads=8")
            .output();
        assert_eq!(output.expect("it runs").status.code(), Some(101));
        let names: Vec<_> = log.races().into_iter().map(|race| race.run.name).collect();
        assert!(!names.is_empty());
        assert!(
            names
                .iter()
                .all(|name| name.ends_with("subject_static_unordered")),
            "{names:?}"
        );
    }
}

#[test]
fn a_process_that_is_killed_leaves_its_reports() {
    let log = Log::new("killed");
    let output = command("subject_killed", &log.variable())
        .env("SUBJECT_DIES", "1")
        .output();
    assert_eq!(
        output.expect("it runs").status.code(),
        None,
        "killed by a signal"
    );
    let records = log.records();
    assert_eq!(records.len(), 1);
    assert!(matches!(&records[0], Record::Race(_)));
}

#[test]
fn races_that_are_known_fail_no_test_and_are_saved() {
    let log = Log::new("known");
    let first = run("subject_one_race", &log.variable());
    assert!(!first.status.success());
    let [race] = &log.races()[..] else {
        panic!("one race");
    };
    let folder = std::env::temp_dir();
    let known = folder.join(format!("deadheat known {}.json", std::process::id()));
    let judged = |text: &str| {
        std::fs::write(&known, text).expect("a file for temporary use");
        let variable = format!("{},known=\"{}\"", log.variable(), known.display());
        let output = run("subject_one_race", &variable);
        (output.status.success(), self::text(&output))
    };
    let fingerprint = format!("{{\"fingerprints\":[\"{}\"]}}", race.fingerprint);
    let pattern = "{\"patterns\":[{\"file\":\"tests/process/*\"}]}";
    for list in [&fingerprint, pattern] {
        let (passed, text) = judged(list);
        assert!(passed && !text.contains("WARNING: DATA RACE"), "{text}");
    }
    assert_eq!(log.races().len(), 3);
    let (passed, text) = judged("{\"fingerprints\":[\"other\"]}");
    assert!(!passed && text.contains("WARNING: DATA RACE"), "{text}");
    let (passed, text) = judged("not JSON");
    assert!(!passed && text.contains("leave known=FILE out"), "{text}");
    let _ = std::fs::remove_file(&known);
}

#[test]
fn a_variable_that_is_not_understood_ends_the_process() {
    let output = run("subject_", "detect=on,sede=3");
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output);
    assert_eq!(message.matches("error:").count(), 1, "{message}");
    assert!(
        message.contains(r#"unknown key "sede"; did you mean "seed"?"#),
        "{message}"
    );
}

#[test]
fn a_log_that_cannot_be_written_ends_the_process() {
    let nowhere = Path::new("/nowhere/at all/reports.jsonl");
    let output = run(
        "subject_one_race",
        &format!("detect=on,log=\"{}\"", nowhere.display()),
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("/nowhere/at all/reports.jsonl cannot be written"));
}

#[cfg(target_os = "linux")]
mod faults {
    use super::{command, run, text};
    use std::os::unix::process::ExitStatusExt as _;

    const SIGABRT: i32 = 6;
    const SIGSEGV: i32 = 11;

    #[test]
    fn an_overflow_names_the_goroutine_and_where_it_was_created() {
        for scheduler in ["controlled", "parallel"] {
            for (subject, who) in [
                (
                    "subject_deep_goroutine",
                    "KiB\n  created at tests/process/subjects.rs:",
                ),
                ("subject_deep_main", "the main goroutine of the run"),
            ] {
                let enough = run(subject, &format!("scheduler={scheduler},stack=1048576"));
                assert!(enough.status.success(), "{}", text(&enough));
                let output = run(subject, &format!("scheduler={scheduler},stack=32768"));
                assert_eq!(output.status.signal(), Some(SIGABRT), "{}", text(&output));
                let text = text(&output);
                assert!(text.contains(who), "{text}");
                assert!(
                    text.contains("has overflowed its stack of 32 KiB"),
                    "{text}"
                );
                assert!(text.contains("stack=BYTES in DEADHEAT"), "{text}");
            }
        }
    }

    #[test]
    fn a_goroutine_may_have_a_stack_of_its_own_size() {
        let output = run("subject_deep_with_room", "stack=32768");
        assert!(output.status.success(), "{}", text(&output));
    }

    #[test]
    fn another_bad_access_is_left_to_others() {
        let mut command = command("subject_bad_access", "detect=on");
        let output = command
            .env("DEADHEAT_TEST_BAD_ACCESS", "1")
            .output()
            .unwrap();
        assert_eq!(output.status.signal(), Some(SIGSEGV), "{}", text(&output));
        assert!(!text(&output).contains("overflow"), "{}", text(&output));
    }
}
