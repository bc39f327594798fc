//! `deadheat test` on a terminal: a pseudo terminal, which `script` of util-linux gives.
#![cfg(target_os = "linux")]

use crate::krate::Krate;
use crate::runners::nextest;
use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// Far longer than anything here takes: only a failure waits for so long.
const LONG: Duration = Duration::from_secs(120);

/// The second test waits for a byte in the pipe whose name GATE holds, so that a suite is seen while it runs.
const GATED: &str = r#"
    #[test]
    fn a_first() {}

    #[test]
    fn b_gated() {
        eprintln!("said by a test");
        let mut gate = std::fs::File::open(std::env::var("GATE").unwrap()).unwrap();
        std::io::Read::read_exact(&mut gate, &mut [0]).unwrap();
    }
"#;

/// `script`, and whether it is there to be tested with; where it is not, that is said.
fn script() -> Option<Command> {
    let found = Command::new("script").arg("--version").output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(Command::new("script"));
    }
    eprintln!("script of util-linux is not installed, so no terminal is tested with");
    None
}

/// A call whose standard streams are a terminal.
struct OnTerminal {
    child: Child,
    pieces: Receiver<String>,
    seen: String,
}

impl OnTerminal {
    fn start(krate: &Krate, args: &[&str], ci: Option<&str>) -> Option<Self> {
        let mut script = script()?;
        let mut command = krate.command();
        command.args(args);
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words: Vec<_> = words
            .map(|word| format!("'{}'", word.to_str().unwrap()))
            .collect();
        script.args(["-qec", &words.join(" "), "/dev/null"]);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => script.env(name, value),
                None => script.env_remove(name),
            };
        }
        for name in ["CI", "NO_COLOR", "DEADHEAT_RUNNER"] {
            script.env_remove(name);
        }
        script
            .env("TERM", "xterm")
            .env("GATE", krate.path().join("gate"));
        script.envs(ci.map(|ci| ("CI", ci)));
        script.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = script.spawn().unwrap();
        let mut out = child.stdout.take().unwrap();
        let (sender, pieces) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = out.read(&mut buffer) {
                let piece = String::from_utf8_lossy(&buffer[..count]).into_owned();
                if sender.send(piece).is_err() {
                    return;
                }
            }
        });
        Some(Self {
            child,
            pieces,
            seen: String::new(),
        })
    }

    /// Waits until `words` stand in what was written; `false` where they never do.
    fn shows(&mut self, words: &str) -> bool {
        while !self.seen.contains(words) {
            match self.pieces.recv_timeout(LONG) {
                Ok(piece) => self.seen.push_str(&piece),
                Err(_) => return false,
            }
        }
        true
    }

    /// All that it wrote, and how it ended.
    fn end(mut self) -> (String, ExitStatus) {
        let status = self.child.wait().unwrap();
        self.seen.extend(self.pieces.iter());
        (self.seen, status)
    }
}

/// The crate, and the pipe that its test waits for: opened for both, so that nobody here ever waits.
fn gated() -> (Krate, File) {
    let krate = Krate::with_source(GATED);
    let gate = krate.path().join("gate");
    let made = Command::new("mkfifo").arg(&gate).status();
    assert!(made.unwrap().success());
    let gate = File::options().read(true).write(true).open(gate);
    (krate, gate.unwrap())
}

#[test]
fn a_bar_stands_beneath_what_cargos_tests_say() {
    let (krate, mut gate) = gated();
    let args = [
        "--runner=cargo",
        "--lib",
        "--runs=2",
        "--",
        "--test-threads=1",
        "--nocapture",
    ];
    let Some(mut test) = OnTerminal::start(&krate, &args, None) else {
        return;
    };
    for run in ["run 1 of 2 ", "run 2 of 2 "] {
        let bar = test.shows(&format!("deadheat: {run}")) && test.shows(" of 2 tests");
        test.seen.push('|');
        gate.write_all(b"g").unwrap();
        assert!(bar, "{}", test.seen);
    }
    let (seen, status) = test.end();
    assert!(status.success(), "{seen}");
    assert!(seen.contains("4 tests run, 4 passed, 0 failed"), "{seen}");
    assert_eq!(seen.matches("said by a test").count(), 2, "{seen}");
    assert_eq!(
        seen.matches("test result: ok. 2 passed").count(),
        2,
        "{seen}"
    );
    // Nothing of the bar is left beneath the last line.
    assert!(
        !seen
            .rsplit("test result")
            .next()
            .unwrap()
            .contains(" of 2 tests"),
        "{seen}"
    );
}

#[test]
fn ci_keeps_lines_only_also_on_a_terminal() {
    let (krate, mut gate) = gated();
    let args = ["--runner=cargo", "--lib"];
    let Some(mut test) = OnTerminal::start(&krate, &args, Some("true")) else {
        return;
    };
    let begun = test.shows("running 2 tests");
    gate.write_all(b"g").unwrap();
    assert!(begun, "{}", test.seen);
    let (seen, status) = test.end();
    assert!(status.success(), "{seen}");
    assert!(!seen.contains(" of 2 tests"), "{seen}");
}

#[test]
fn nextests_own_bar_is_passed_through() {
    if !nextest() {
        return;
    }
    let (krate, mut gate) = gated();
    let args = ["--runner=nextest", "--lib"];
    let Some(mut test) = OnTerminal::start(&krate, &args, None) else {
        return;
    };
    let bar = test.shows("1/2");
    gate.write_all(b"g").unwrap();
    assert!(bar, "{}", test.seen);
    let (seen, status) = test.end();
    assert!(status.success(), "{seen}");
    assert!(seen.contains("2 tests run, 2 passed, 0 failed"), "{seen}");
}
