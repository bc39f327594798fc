//! A test, on one schedule or many.

use super::process::{self, News};
use deadheat_runtime::detector::report::{Memory, Scheduler};
use deadheat_runtime::detector::settings::Settings;
use deadheat_runtime::{Builder, Failure, Outcome, Run};
use std::fmt::Write as _;
use std::process::{ExitCode, Termination};
use std::sync::Arc;

/// What `#[deadheat::test]` was given, and the name of the test.
#[derive(Clone, Copy, Debug)]
pub struct Test {
    /// `crate::module::function`.
    pub name: &'static str,
    /// The seed of the first schedule.
    pub seed: Option<u64>,
    /// The number of schedules.
    pub schedules: Option<u64>,
    /// Who decides which goroutine runs.
    pub scheduler: Option<Scheduler>,
    /// Whether the test passes only if a race is found; it is watched whatever the variable says.
    pub expect_race: bool,
}

/// How the schedules of a test are to be run.
struct Plan {
    test: Test,
    first_seed: u64,
    schedules: u64,
    scheduler: Scheduler,
    settings: &'static Settings,
}

impl Test {
    /// Runs `body` on every schedule. What the variable says goes before what the attribute
    /// does: it is how a schedule is replayed.
    ///
    /// # Panics
    ///
    /// Where the test fails: that is how a test says so.
    #[track_caller]
    pub fn run<T: Termination + 'static>(self, body: fn() -> T) {
        let settings = process::settings();
        let plan = Plan {
            test: self,
            first_seed: settings.seed.or(self.seed).unwrap_or(0),
            schedules: settings.schedules.or(self.schedules).unwrap_or(1),
            scheduler: settings.scheduler.or(self.scheduler).unwrap_or_default(),
            settings,
        };
        let mut races = 0;
        for schedule in 0..plan.schedules {
            let seed = plan.first_seed.wrapping_add(schedule);
            races += plan.run_schedule(seed, body);
        }
        plan.judge(races);
    }
}

impl Plan {
    /// Runs one schedule, and returns how often an access was found to race.
    #[track_caller]
    fn run_schedule<T: Termination + 'static>(&self, seed: u64, body: fn() -> T) -> u64 {
        let (builder, news) = self.builder(seed);
        let outcome = builder.go(move || body().report());
        if let Some(failure) = failure_of(&outcome) {
            eprintln!("deadheat: {}", self.how_to_replay(seed));
            match outcome.result {
                // The panic's own message has been shown where it happened.
                Err(Failure::Panic(payload)) => std::panic::resume_unwind(payload),
                _ => panic!("{failure}"),
            }
        }
        news.map_or(outcome.races, |news| news.of(outcome.races))
    }

    /// The run, and what counts its reports; races that are expected are nobody's news.
    fn builder(&self, seed: u64) -> (Builder, Option<Arc<News>>) {
        let builder = Run::new(self.test.name)
            .scheduler(self.scheduler)
            .seed(seed);
        let mut builder = process::scheduled(builder);
        if self.scheduler == Scheduler::Controlled {
            builder = builder.replay(self.replay_command(seed));
        }
        if self.test.expect_race {
            let unheard = Arc::new(Memory::default());
            let builder = builder.detect(true).sink(unheard);
            return (process::recorded(builder), None);
        }
        builder = builder.detect(self.settings.detect.unwrap_or(false));
        let (builder, news) = process::configure(builder);
        (builder, Some(news))
    }

    fn replay_command(&self, seed: u64) -> String {
        let mut command = format!("deadheat test --seed {seed} --schedules 1");
        if self.test.scheduler == Some(Scheduler::Parallel) {
            command += " --scheduler controlled";
        }
        // The test's name as its harness knows it: without the crate.
        let path = self
            .test
            .name
            .split_once("::")
            .map_or(self.test.name, |(_, path)| path);
        let _ = write!(command, " -- --exact {path}");
        command
    }

    fn how_to_replay(&self, seed: u64) -> String {
        match self.scheduler {
            Scheduler::Controlled => {
                format!(
                    "failed on the schedule of seed {seed}; replay: {}",
                    self.replay_command(seed)
                )
            }
            // The harness runs nothing by the system's threads alone.
            Scheduler::Parallel | Scheduler::System => {
                format!("failed with seed {seed} on the parallel scheduler")
            }
        }
    }

    #[track_caller]
    fn judge(&self, races: u64) {
        let times = if races == 1 { "once" } else { "several times" };
        match (self.test.expect_race, races) {
            (false, 0) | (true, 1..) => {}
            (false, _) => panic!(
                "a data race was found {times}; the reports are on the standard error stream"
            ),
            (true, 0) => panic!(
                "a data race was expected, but none was found in {} schedules",
                self.schedules
            ),
        }
    }
}

/// Why a run failed, races apart.
fn failure_of(outcome: &Outcome<ExitCode>) -> Option<String> {
    match &outcome.result {
        Err(Failure::Panic(_)) => Some("the test panicked".to_owned()),
        Err(Failure::Deadlock(text) | Failure::StepLimit(text)) => Some(text.clone()),
        Ok(_) if !outcome.panics.is_empty() => {
            Some(format!("nobody joined: {}", outcome.panics.join("\n")))
        }
        Ok(code) if *code != ExitCode::SUCCESS => Some("the test returned an error".to_owned()),
        Ok(_) => None,
    }
}
