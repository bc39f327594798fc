//! A run of a suite, by `cargo nextest` or `cargo test`.

use crate::args::RunnerChoice;
use crate::cargo::{Cargo, SuiteEnd, build_failed};
use crate::console;
use crate::error::UserError;
use crate::nextest::{self, Extras, Nextest};
use crate::split::has_flag;
use std::ffi::OsString;

/// A suite, and who runs it.
pub(crate) struct Suite {
    pub(crate) cargo: Cargo,
    binary: Vec<OsString>,
    fail_fast: bool,
    nextest: Option<Nextest>,
    /// Whether documentation is tested after what nextest runs.
    documentation: bool,
}

impl Suite {
    /// Chooses who runs it. Refuses a choice that cannot do what is asked for.
    pub(crate) fn new(
        cargo: Cargo,
        binary: Vec<OsString>,
        fail_fast: bool,
        choice: RunnerChoice,
        extras: Extras,
    ) -> Result<Self, UserError> {
        let needs = extras.first();
        let partial = needs.is_some_and(|option| option != "--timeout");
        let mut nextest = chosen(&cargo, &binary, choice, extras)?;
        if let Some(nextest) = &mut nextest {
            nextest.prepare(&cargo.folder()?)?;
        }
        let documentation = nextest.is_some()
            && !partial
            && !nextest::selects_targets(&cargo.arguments)
            && cargo.has_documentation_tests()?;
        Ok(Self {
            cargo,
            binary,
            fail_fast,
            nextest,
            documentation,
        })
    }

    /// Runs it once, with `variable` as what the `DEADHEAT` variable says; `label` names the run where there are
    /// several. The error is that of a build that failed.
    pub(crate) fn run(&self, variable: &str, label: &str) -> Result<SuiteEnd, UserError> {
        let Some(nextest) = &self.nextest else {
            let end = self
                .cargo
                .run(self.fail_fast, &self.binary, variable, label)?;
            let nothing = !end.status.success() && end.counts.binaries == 0;
            if nothing && (self.cargo.only_documentation() || !self.cargo.builds()) {
                return Err(build_failed(end.status));
            }
            return Ok(end);
        };
        let mut end = nextest.run(&self.cargo, self.fail_fast, variable)?;
        let failed = !end.status.success();
        if failed && end.status.code() != Some(nextest::TESTS_FAILED) && end.counts.binaries == 0 {
            return Err(build_failed(end.status));
        }
        if self.documentation && !(failed && self.fail_fast) {
            let more =
                self.cargo
                    .run_documentation(self.fail_fast, &self.binary, variable, label)?;
            end.counts.add(more.counts);
            if !failed {
                end.status = more.status;
            }
        }
        Ok(end)
    }
}

fn chosen(
    cargo: &Cargo,
    binary: &[OsString],
    choice: RunnerChoice,
    extras: Extras,
) -> Result<Option<Nextest>, UserError> {
    let needs = extras.first();
    let by_cargo = |why: &str| match needs {
        None => Ok(None),
        Some(option) => Err(UserError::new(format!("{option} needs nextest, but {why}"))),
    };
    if choice == RunnerChoice::Cargo {
        return by_cargo("cargo is chosen to run the tests: leave that choice out");
    }
    let how = "it is not installed: `cargo install --locked cargo-nextest` installs it";
    if !nextest::is_installed() {
        if choice == RunnerChoice::Nextest {
            return Err(UserError::new(format!("nextest is chosen, but {how}")));
        }
        return by_cargo(how);
    }
    if choice == RunnerChoice::Auto && has_flag(&cargo.arguments, "--doc") {
        return by_cargo("it runs no documentation: leave --doc out");
    }
    match Nextest::new(&cargo.arguments, binary, extras) {
        Ok(nextest) => Ok(Some(nextest)),
        Err(argument) if choice == RunnerChoice::Nextest => Err(UserError::new(format!(
            "nextest does not take {argument}: leave it out, or choose `--runner cargo`"
        ))),
        Err(argument) => {
            if needs.is_none() {
                console::note(format_args!(
                    "cargo runs the tests, for nextest does not take {argument}"
                ));
            }
            by_cargo(&format!("it does not take {argument}: leave that out"))
        }
    }
}
