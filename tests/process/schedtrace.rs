//! The scheduler tells what it does.

use crate::again::{command, text};

/// What the subject that lasts writes, and how it ends, with this value of both variables.
fn trace(variable: &str, period: Option<&str>) -> (Option<i32>, String) {
    let mut command = command("subject_lasts", variable);
    command.env("SUBJECT_LASTS", "1");
    command.env_remove("DEADHEAT_SCHEDTRACE");
    if let Some(period) = period {
        command.env("DEADHEAT_SCHEDTRACE", period);
    }
    let output = command.output().expect("it runs");
    (output.status.code(), text(&output))
}

#[test]
fn the_parallel_scheduler_says_what_it_does() {
    for (variable, period) in [
        ("scheduler=parallel,maxprocs=2", Some("10")),
        ("scheduler=parallel,maxprocs=2,schedtrace=10", None),
        ("scheduler=parallel,maxprocs=2,schedtrace=60000", Some("10")),
    ] {
        let (code, text) = trace(variable, period);
        assert_eq!(code, Some(0), "{text}");
        let lines: Vec<_> = text.lines().collect();
        assert!(lines.len() >= 2, "{text}");
        assert!(text.contains("ms: gomaxprocs=2 idleprocs="), "{text}");
        for line in lines {
            assert!(line.starts_with("SCHED "), "{line}");
            assert!(
                line.contains(" runqueue=") && line.contains("] steals="),
                "{line}"
            );
            assert!(
                line.ends_with(" run=process::subjects::subject_lasts"),
                "{line}"
            );
        }
    }
}

#[test]
fn nobody_says_anything_unless_asked() {
    assert_eq!(trace("scheduler=parallel", None), (Some(0), String::new()));
    assert_eq!(trace("", Some("10")), (Some(0), String::new()));
}

#[test]
fn a_period_that_is_none_ends_the_process() {
    for (variable, period) in [("", Some("soon")), ("", Some("0")), ("schedtrace=-1", None)] {
        let (code, text) = trace(variable, period);
        assert_eq!(code, Some(2), "{text}");
        assert!(
            text.contains("a whole number of milliseconds from 1"),
            "{text}"
        );
    }
}
