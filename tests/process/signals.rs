//! What a signal does to a process with runs.

use crate::again::command;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};

const SIGQUIT: i32 = 3;

/// Starts the subject that waits; returns it, when it is ready, with what it writes.
fn start(variable: &str) -> (Child, BufReader<impl std::io::Read>) {
    let mut command = command("subject_waits_for_a_signal", variable);
    let command = command.env("SUBJECT_WAITS", "1").stderr(Stdio::piped());
    // Where the tests run in the background of a shell, they were started with the signal ignored, and what
    // they start would be, too.
    let heed = || {
        // SAFETY: the call may be made between fork and exec.
        unsafe { libc::signal(libc::SIGQUIT, libc::SIG_DFL) };
        Ok(())
    };
    // SAFETY: the closure makes one call, which is safe there, and allocates nothing.
    let command = unsafe { command.pre_exec(heed) };
    let mut child = command.stdout(Stdio::null()).spawn().expect("it runs");
    let mut text = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    while line != "ready\n" {
        line.clear();
        assert_ne!(text.read_line(&mut line).unwrap(), 0, "it is never ready");
    }
    (child, text)
}

/// Sends the signal, and gives how the process ended and what it wrote.
fn quit(variable: &str) -> (ExitStatus, String) {
    let (mut child, mut text) = start(variable);
    let kill = Command::new("kill")
        .args(["-QUIT", &child.id().to_string()])
        .status();
    assert!(kill.expect("there is a kill").success());
    let mut rest = String::new();
    text.read_to_string(&mut rest).unwrap();
    (child.wait().unwrap(), rest)
}

#[test]
fn sigquit_prints_what_all_goroutines_do() {
    for scheduler in ["controlled", "parallel"] {
        let (status, text) = quit(&format!("scheduler={scheduler},seed=4"));
        assert_eq!(status.code(), Some(2), "{text}");
        assert!(text.starts_with("SIGQUIT: quit\n"), "{text}");
        let title = format!(
            "run 'process::subjects::subject_waits_for_a_signal', seed 4 ({scheduler} scheduler):"
        );
        assert!(text.contains(&title), "{text}");
        for part in [
            "main goroutine [",
            "goroutine 2 \"waiter\" [channel receive at tests/process/subjects.rs:",
            "waits_for_ever()",
            "goroutine 3 \"spinner\" [",
            "created by main goroutine at tests/process/subjects.rs:",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        let stacks = text.matches("subject_waits_for_a_signal").count();
        assert!(stacks >= 3, "the title and two stacks:\n{text}");
        assert!(!text.contains("no stack"), "{text}");
    }
}

#[test]
fn sigquit_can_be_left_alone() {
    let (status, text) = quit("sigquit=off");
    assert_eq!(status.signal(), Some(SIGQUIT), "{text}");
    assert!(!text.contains("goroutine"), "{text}");
}
