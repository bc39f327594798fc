//! What the processes that we start are asked to do.

use crate::args::{ScheduleArgs, SchedulerChoice};
use crate::error::UserError;
use crate::seed::SeedChoice;
use crate::shown::Shown;
use deadheat_detector::settings::Settings;
use std::path::{Path, PathBuf};

/// The user's own `DEADHEAT` variable under the options of the command line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Plan {
    settings: Settings,
    drawn_seed: Option<u64>,
}

impl Plan {
    /// Reads the variable, before anything is started, and puts the options over it.
    pub(crate) fn new(
        schedule: &ScheduleArgs,
        schedules: Option<u64>,
        json: Option<PathBuf>,
    ) -> Result<Self, UserError> {
        let from_env = Settings::from_env().map_err(|error| UserError::new(error.to_string()))?;
        let mut plan = Self::over(from_env, schedule, schedules, json);
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
        schedule: &ScheduleArgs,
        schedules: Option<u64>,
        json: Option<PathBuf>,
    ) -> Self {
        let seed = schedule.seed.map(SeedChoice::resolve);
        let drawn = schedule.seed == Some(SeedChoice::Random);
        let scheduler = schedule.scheduler.map(SchedulerChoice::into);
        settings.detect = Some(true);
        settings.seed = seed.or(settings.seed);
        settings.schedules = schedules.or(settings.schedules);
        settings.scheduler = scheduler.or(settings.scheduler);
        settings.log = json.or(settings.log);
        settings.record = schedule.record.clone().or(settings.record);
        Self {
            settings,
            drawn_seed: seed.filter(|_| drawn),
        }
    }

    /// The report file, where the user named one.
    pub(crate) fn log(&self) -> Option<&Path> {
        self.settings.log.as_deref()
    }

    /// The seed, where it was left to chance.
    pub(crate) fn drawn_seed(&self) -> Option<u64> {
        self.drawn_seed
    }

    /// The value of the variable for processes that add their reports to `log`.
    pub(crate) fn variable(&self, log: &Path) -> String {
        let settings = Settings {
            log: Some(log.to_path_buf()),
            ..self.settings.clone()
        };
        settings.to_string()
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
        let plan = Plan::over(from_env, &schedule, None, None);
        assert_eq!(plan.log(), Some(Path::new("a")));
        assert_eq!(plan.drawn_seed(), None);
        assert_eq!(
            plan.variable(Path::new("/x y")),
            "detect=on,seed=7,schedules=2,scheduler=parallel,steps=9,log=\"/x y\",record=traces"
        );
        let over = Plan::over(Settings::default(), &schedule, Some(3), Some("b".into()));
        assert_eq!(over.log(), Some(Path::new("b")));
        assert!(over.variable(Path::new("/x")).contains("schedules=3"));
    }

    #[test]
    fn a_drawn_seed_is_known_and_used() {
        let schedule = ScheduleArgs {
            seed: Some(SeedChoice::Random),
            scheduler: None,
            record: None,
        };
        let plan = Plan::over(Settings::default(), &schedule, None, None);
        let seed = plan.drawn_seed().unwrap();
        assert!(
            plan.variable(Path::new("/x"))
                .contains(&format!("seed={seed},"))
        );
    }
}
