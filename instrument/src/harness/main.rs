//! A program.

use super::process;
use deadheat_runtime::detector::report::Scheduler;
use deadheat_runtime::detector::settings::EXIT_RACES;
use deadheat_runtime::{Failure, Run};
use std::process::{ExitCode, Termination};

/// The exit code of a program that panicked or deadlocked: that of a Rust program that panics.
const EXIT_FAILED: u8 = 101;

/// What `#[deadheat::main]` was given.
#[derive(Clone, Copy, Debug)]
pub struct Main {
    /// The crate.
    pub name: &'static str,
    /// The seed of the schedule.
    pub seed: Option<u64>,
    /// Who decides which goroutine runs.
    pub scheduler: Option<Scheduler>,
}

impl Main {
    /// Runs `body` as the program's main goroutine, on the parallel scheduler unless told
    /// otherwise. The exit code is [`EXIT_RACES`] where races were found, 101 where the program
    /// panicked or deadlocked, else what `body` gives.
    pub fn run<T: Termination + 'static>(self, body: fn() -> T) -> ExitCode {
        let settings = process::settings();
        let scheduler = settings
            .scheduler
            .or(self.scheduler)
            .unwrap_or(Scheduler::Parallel);
        let seed = settings.seed.or(self.seed).unwrap_or(0);
        let mut builder = Run::new(self.name).scheduler(scheduler).seed(seed);
        builder = builder.detect(settings.detect.unwrap_or(false));
        builder = process::scheduled(builder);
        if scheduler == Scheduler::Controlled {
            builder = builder.replay(replay_command(seed));
        }
        let (builder, news) = process::configure(builder);
        let outcome = builder.go(move || body().report());
        if news.of(outcome.races) > 0 {
            return ExitCode::from(EXIT_RACES as u8);
        }
        match outcome.result {
            Ok(code) if outcome.panics.is_empty() => code,
            Ok(_) | Err(Failure::Panic(_) | Failure::Deadlock(_) | Failure::StepLimit(_)) => {
                ExitCode::from(EXIT_FAILED)
            }
        }
    }
}

fn replay_command(seed: u64) -> String {
    let program = std::env::args_os().map(|arg| shell_word(&arg.to_string_lossy()));
    let program = program.collect::<Vec<_>>().join(" ");
    format!("deadheat run --scheduler controlled --seed {seed} -- {program}")
}

/// `word` as a shell reads it back.
fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(shell_word("target/debug/app"), "target/debug/app");
        assert_eq!(shell_word("a b"), "'a b'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
        assert_eq!(shell_word(""), "''");
    }
}
