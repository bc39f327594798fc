//! What the processes that we start are asked to do.

use crate::args::{ScheduleArgs, SchedulerChoice};
use crate::config::Config;
use crate::error::UserError;
use crate::known::Judge;
use crate::seed::SeedChoice;
use crate::shown::Shown;
use deadheat_detector::settings::Settings;
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// How far the seeds of two runs of a suite are apart.
const SEEDS: u64 = 1_000_000;

/// The options of the command line, over the user's own `DEADHEAT` variable, over the configuration.
#[derive(Debug)]
pub(crate) struct Plan {
    settings: Settings,
    drawn_seed: Option<u64>,
    /// What processes are to know of races, while this lives.
    known: Option<NamedTempFile>,
}

impl Plan {
    /// Reads the variable, before anything is started, and puts it between the options and the
    /// configuration.
    pub(crate) fn new(
        config: &Config,
        schedule: &ScheduleArgs,
        schedules: Option<u64>,
        json: Option<PathBuf>,
    ) -> Result<Self, UserError> {
        let from_env = Settings::from_env().map_err(|error| UserError::new(error.to_string()))?;
        let mut plan = Self::over(from_env, config, schedule, schedules, json);
        // The processes may run in other folders.
        if let Some(folder) = &mut plan.settings.record {
            *folder = std::path::absolute(&folder).map_err(|error| {
                let folder = Shown::path(folder);
                UserError::new(format!("{folder} is no place for traces: {error}"))
            })?;
        }
        Ok(plan)
    }

    fn over(
        mut settings: Settings,
        config: &Config,
        schedule: &ScheduleArgs,
        schedules: Option<u64>,
        json: Option<PathBuf>,
    ) -> Self {
        let configured = config.seed.filter(|_| settings.seed.is_none());
        let choice = schedule.seed.or(configured);
        let seed = choice.map(SeedChoice::resolve);
        let drawn = choice == Some(SeedChoice::Random);
        let scheduler = schedule.scheduler.map(SchedulerChoice::into);
        settings.detect = Some(true);
        settings.seed = seed.or(settings.seed);
        settings.schedules = schedules.or(settings.schedules);
        settings.scheduler = scheduler.or(settings.scheduler);
        settings.log = json.or(settings.log);
        settings.record = schedule.record.clone().or(settings.record);
        Self {
            settings: config.under(settings),
            drawn_seed: seed.filter(|_| drawn),
            known: None,
        }
    }

    /// Has processes told which races are no news.
    pub(crate) fn tell_known(&mut self, judge: &Judge) -> Result<(), UserError> {
        if judge.known().is_empty() {
            return Ok(());
        }
        let save = || {
            let mut file = NamedTempFile::with_prefix("deadheat-known-")?;
            serde_json::to_writer(&mut file, judge.known())?;
            file.flush().map(|()| file)
        };
        let file = save().map_err(|error: std::io::Error| {
            let folder = std::env::temp_dir();
            let folder = Shown::path(&folder);
            UserError::new(format!(
                "the known races cannot be written to {folder}, where the tests would read them: {error}"
            ))
        })?;
        self.settings.known = Some(file.path().to_path_buf());
        self.known = Some(file);
        Ok(())
    }

    /// The report file, where the user named one.
    pub(crate) fn log(&self) -> Option<&Path> {
        self.settings.log.as_deref()
    }

    /// The seed, where it was left to chance.
    pub(crate) fn drawn_seed(&self) -> Option<u64> {
        self.drawn_seed
    }

    /// Whether processes look for races.
    pub(crate) fn detects(&self) -> bool {
        self.settings.detect == Some(true)
    }

    /// Has processes run without detection.
    pub(crate) fn without_detection(&mut self) {
        self.settings.detect = Some(false);
    }

    /// Has processes report races that are meant, too.
    pub(crate) fn with_intentional(&mut self) {
        self.settings.intentional = Some(true);
    }

    /// The value of the variable for processes that add their reports to `log`.
    pub(crate) fn variable(&self, log: &Path) -> String {
        self.variable_of_run(0, log)
    }

    /// The same for a further run of a suite, whose schedules are to be others.
    pub(crate) fn variable_of_run(&self, run: u64, log: &Path) -> String {
        let settings = Settings {
            log: Some(log.to_path_buf()),
            seed: self.seed_of_run(run),
            ..self.settings.clone()
        };
        settings.to_string()
    }

    /// The first seed of a run, from 0; `None` where tests have their own. No test has as many
    /// schedules as lie between the seeds of two runs.
    pub(crate) fn seed_of_run(&self, run: u64) -> Option<u64> {
        let first = self.settings.seed;
        if run == 0 {
            return first;
        }
        Some(first.unwrap_or(0).wrapping_add(run.wrapping_mul(SEEDS)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_stand_over_the_variable() {
        let from_env: Settings = "detect=off,seed=1,schedules=2,steps=9,log=a"
            .parse()
            .unwrap();
        let schedule = ScheduleArgs {
            seed: Some(SeedChoice::Number(7)),
            scheduler: Some(SchedulerChoice::Parallel),
            record: Some("traces".into()),
        };
        let plan = Plan::over(from_env, &Config::default(), &schedule, None, None);
        assert_eq!(plan.log(), Some(Path::new("a")));
        assert_eq!(plan.drawn_seed(), None);
        assert_eq!(
            plan.variable(Path::new("/x y")),
            "detect=on,seed=7,schedules=2,scheduler=parallel,steps=9,log=\"/x y\",record=traces"
        );
        let over = Plan::over(
            Settings::default(),
            &Config::default(),
            &schedule,
            Some(3),
            Some("b".into()),
        );
        assert_eq!(over.log(), Some(Path::new("b")));
        assert!(over.variable(Path::new("/x")).contains("schedules=3"));
    }

    #[test]
    fn the_variable_stands_over_the_configuration() {
        let none = ScheduleArgs {
            seed: None,
            scheduler: None,
            record: None,
        };
        let config = Config {
            seed: Some(SeedChoice::Random),
            schedules: Some(4),
            steps: Some(5),
            ..Config::default()
        };
        let from_env: Settings = "seed=1,steps=9".parse().unwrap();
        let plan = Plan::over(from_env, &config, &none, None, None);
        assert_eq!(plan.drawn_seed(), None);
        assert_eq!(
            plan.variable(Path::new("/x")),
            "detect=on,seed=1,schedules=4,steps=9,log=/x"
        );
        let plan = Plan::over(Settings::default(), &config, &none, None, None);
        assert!(plan.drawn_seed().is_some());
    }

    #[test]
    fn a_drawn_seed_is_known_and_used() {
        let schedule = ScheduleArgs {
            seed: Some(SeedChoice::Random),
            scheduler: None,
            record: None,
        };
        let plan = Plan::over(
            Settings::default(),
            &Config::default(),
            &schedule,
            None,
            None,
        );
        let seed = plan.drawn_seed().unwrap();
        assert!(
            plan.variable(Path::new("/x"))
                .contains(&format!("seed={seed},"))
        );
    }
}
