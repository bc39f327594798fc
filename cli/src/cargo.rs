//! Cargo's subcommands, as a suite needs them.

use crate::args::ColourChoice;
use crate::error::UserError;
use crate::libtest::{Counts, Scanner};
use crate::look::Look;
use crate::pump::{Passed, Pump};
use crate::shown::Shown;
use crate::split::has_flag;
use crate::suite_bar::{BesideBar, SuiteBar};
use crate::{console, split, target};
use cargo_metadata::{Metadata, MetadataCommand};
use deadheat_detector::report::text::Printable;
use deadheat_detector::settings::VARIABLE;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// How long the output of a suite may pause once cargo has ended.
const PATIENCE: Duration = Duration::from_secs(2);

/// Cargo, with the arguments that its user gave for `cargo test`.
pub(crate) struct Cargo {
    pub(crate) program: OsString,
    pub(crate) arguments: Vec<OsString>,
    /// Variables that it is given.
    environment: Vec<(&'static str, OsString)>,
}

/// How a suite ended.
pub(crate) struct SuiteEnd {
    /// Cargo's own end.
    pub(crate) status: ExitStatus,
    /// The tests that it ran, as far as the standard harness ran them.
    pub(crate) counts: Counts,
}

impl Cargo {
    /// The cargo that called us, or the one in the user's path.
    pub(crate) fn new(arguments: Vec<OsString>) -> Self {
        let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Self {
            program,
            arguments,
            environment: Vec::new(),
        }
    }

    /// Has it called with a variable.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<OsString>) {
        self.environment.push((name, value.into()));
    }

    /// Gives it an option in place of what the user has given.
    pub(crate) fn replace(&mut self, option: &str, value: &Path) {
        split::remove(&mut self.arguments, option);
        let value = value.as_os_str().to_owned();
        self.arguments.splice(0..0, [option.into(), value]);
    }

    /// A call of it.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        let environment = self.environment.iter();
        command.envs(environment.map(|(name, value)| (name, value)));
        command
    }

    /// Whether the user wants a build only.
    pub(crate) fn only_builds(&self) -> bool {
        has_flag(&self.arguments, "--no-run")
    }

    /// Whether the user wants the examples in the documentation only, which cannot be built
    /// without being run.
    pub(crate) fn only_documentation(&self) -> bool {
        has_flag(&self.arguments, "--doc")
    }

    /// The folder whose crate is meant, as an absolute path.
    pub(crate) fn folder(&self) -> Result<PathBuf, UserError> {
        let manifest = self.values("--manifest-path");
        let folder = manifest
            .last()
            .and_then(|manifest| Path::new(manifest).parent());
        let folder = folder.unwrap_or(Path::new(""));
        let here = std::env::current_dir()
            .map_err(|error| UserError::new(format!("the current folder is not known: {error}")))?;
        Ok(here.join(folder))
    }

    /// The target directory. Refuses a manifest that is not there, or wrong.
    pub(crate) fn target_directory(&self) -> Result<PathBuf, UserError> {
        if self
            .arguments
            .last()
            .is_some_and(|last| last == "--manifest-path")
        {
            return Err(UserError::new(
                "--manifest-path needs a value: the path of a Cargo.toml",
            ));
        }
        if let Some(known) = target::directory(&self.folder()?, &self.arguments) {
            return Ok(known);
        }
        let metadata = self.metadata()?;
        match self.values("--target-dir").last() {
            Some(directory) => Ok(directory.into()),
            None => Ok(metadata.target_directory.into()),
        }
    }

    fn metadata(&self) -> Result<Metadata, UserError> {
        self.described(&["--no-deps"])
    }

    /// All packages that are built for `target`, and which depends on which.
    pub(crate) fn resolved(&self, target: &str) -> Result<Metadata, UserError> {
        let flags = ["--offline", "--locked", "--frozen"];
        let mut options: Vec<_> = flags
            .into_iter()
            .filter(|flag| has_flag(&self.arguments, flag))
            .collect();
        options.extend(["--filter-platform", target]);
        self.described(&options)
    }

    /// What cargo says with further options.
    fn described(&self, further: &[&str]) -> Result<Metadata, UserError> {
        let mut query = MetadataCommand::new();
        query.cargo_path(&self.program);
        query.env("CARGO_TERM_COLOR", "never");
        if let Some(manifest) = self.values("--manifest-path").last() {
            query.manifest_path(manifest);
        }
        let configured = self
            .values("--config")
            .into_iter()
            .filter_map(OsStr::to_str);
        let configured = configured.flat_map(|value| ["--config", value]);
        let options = configured.chain(further.iter().copied());
        query.other_options(options.map(str::to_owned).collect::<Vec<_>>());
        query.exec().map_err(|error| self.no_metadata(&error))
    }

    /// Whether the selected packages have a library whose documentation is tested.
    pub(crate) fn has_documentation_tests(&self) -> Result<bool, UserError> {
        let metadata = self.metadata()?;
        let mut wanted = self.values("-p");
        wanted.extend(self.values("--package"));
        let wanted: Vec<_> = wanted.iter().filter_map(|name| name.to_str()).collect();
        let mut packages = metadata.packages.iter().filter(|package| {
            let name = package.name.as_str();
            let asked = |spec: &&str| spec.split('@').next().is_some_and(|asked| asked == name);
            wanted.is_empty() || wanted.iter().any(asked)
        });
        Ok(packages.any(|package| {
            let mut targets = package.targets.iter();
            targets.any(|target| target.doctest && !target.is_bin())
        }))
    }

    /// Whether the suite can be built, for one whose run has found no test; says nothing.
    pub(crate) fn builds(&self) -> bool {
        let mut command = self.test();
        command.arg("--no-run");
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    fn values(&self, option: &str) -> Vec<&OsStr> {
        split::values(&self.arguments, option)
    }

    fn no_metadata(&self, error: &cargo_metadata::Error) -> UserError {
        match error {
            cargo_metadata::Error::CargoMetadata { stderr } => UserError::new(own_words(stderr)),
            cargo_metadata::Error::Io(error) => self.not_started(error),
            other => UserError::new(format!("cargo cannot describe the package: {other}")),
        }
    }

    pub(crate) fn not_started(&self, error: &io::Error) -> UserError {
        let program = Shown::name(&self.program);
        UserError::new(format!("{program} cannot be started: {error}"))
    }

    fn test(&self) -> Command {
        self.subcommand("test")
    }

    /// One of its subcommands, with the user's arguments.
    pub(crate) fn subcommand(&self, name: &str) -> Command {
        let mut command = self.command();
        command.arg(name).args(&self.arguments);
        command
    }

    /// Builds the suite.
    pub(crate) fn build(&self) -> Result<(), UserError> {
        let mut command = self.test();
        if !self.only_builds() {
            command.arg("--no-run");
        }
        self.built(command)
    }

    /// Builds what `cargo build` builds with these arguments.
    pub(crate) fn build_programs(&self) -> Result<(), UserError> {
        self.built(self.subcommand("build"))
    }

    fn built(&self, mut command: Command) -> Result<(), UserError> {
        let status = command.status().map_err(|error| self.not_started(&error))?;
        if status.success() {
            return Ok(());
        }
        Err(build_failed(status))
    }

    /// Runs the suite, with `variable` as what the `DEADHEAT` variable says. `label` names the run where there
    /// are several.
    pub(crate) fn run(
        &self,
        fail_fast: bool,
        binary_arguments: &[OsString],
        variable: &str,
        label: &str,
    ) -> Result<SuiteEnd, UserError> {
        self.run_by(self.test(), fail_fast, binary_arguments, variable, label)
    }

    /// Runs the examples in the documentation.
    pub(crate) fn run_documentation(
        &self,
        fail_fast: bool,
        binary_arguments: &[OsString],
        variable: &str,
        label: &str,
    ) -> Result<SuiteEnd, UserError> {
        let mut command = self.test();
        command.arg("--doc");
        self.run_by(command, fail_fast, binary_arguments, variable, label)
    }

    fn run_by(
        &self,
        mut command: Command,
        fail_fast: bool,
        binary_arguments: &[OsString],
        variable: &str,
        label: &str,
    ) -> Result<SuiteEnd, UserError> {
        let bar = SuiteBar::new(label);
        if bar.is_some() {
            self.show_on_terminal(&mut command);
        }
        if !fail_fast && !has_flag(&self.arguments, "--no-fail-fast") {
            command.arg("--no-fail-fast");
        }
        command.arg("--").args(binary_arguments);
        command.env(VARIABLE, variable).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| self.not_started(&error))?;
        let out = BesideBar::new(bar.clone(), io::stdout());
        let errors = BesideBar::new(bar.clone(), io::stderr());
        let pumps = [
            child
                .stdout
                .take()
                .map(|output| Pump::start(output, out.clone(), Scanner::showing(bar.clone()))),
            child
                .stderr
                .take()
                .map(|output| Pump::start(output, errors.clone(), Passed)),
        ];
        let end = ended(child, pumps.into_iter().flatten());
        if let Some(bar) = bar {
            bar.hide();
        }
        // Where the reader has gone, nobody misses the last line.
        let _ = (out.end(), errors.end());
        end
    }

    /// Has cargo write to a pipe what it writes to a terminal. By options, not by variables: the tests would
    /// inherit those.
    fn show_on_terminal(&self, command: &mut Command) {
        command.stderr(Stdio::piped());
        let look = Look::new(ColourChoice::Auto, true);
        let is_chosen =
            std::env::var_os("CARGO_TERM_COLOR").is_some() || !self.values("--color").is_empty();
        if look.colour && !is_chosen {
            command.args(["--color", "always"]);
        }
        command.args(["--config", "term.progress.when='always'"]);
        command.args(["--config", &format!("term.progress.width={}", look.width)]);
    }
}

/// The build failed, and cargo has said why.
pub(crate) fn build_failed(status: ExitStatus) -> UserError {
    // Cargo and nextest tell their user's mistakes from the build's by these codes.
    let why = match status.code() {
        Some(1 | 2) => "cargo does not take these arguments",
        _ => "see cargo's messages above",
    };
    UserError::new(format!("the build failed ({status}): {why}"))
}

/// Waits for a child whose outputs `pumps` pass on.
pub(crate) fn ended(
    mut child: Child,
    pumps: impl IntoIterator<Item = Pump>,
) -> Result<SuiteEnd, UserError> {
    let status = child
        .wait()
        .map_err(|error| UserError::new(format!("cargo cannot be waited for: {error}")))?;
    let (mut counts, mut all_ended) = (Counts::default(), true);
    for pump in pumps {
        let (found, ended) = pump.finish(PATIENCE);
        counts.add(found);
        all_ended &= ended;
    }
    if !all_ended {
        console::note(
            "a process that a test started is still running and holds its output open; it is not waited for",
        );
    }
    Ok(SuiteEnd { status, counts })
}

/// What cargo says is wrong, without its warnings and its own word for an error.
fn own_words(stderr: &str) -> String {
    let mut lines = stderr.lines().skip_while(|line| !line.starts_with("error"));
    let first = lines.next().unwrap_or("cargo cannot describe the package");
    let first = first.strip_prefix("error: ").unwrap_or(first);
    let lines = std::iter::once(first).chain(lines);
    let printable: Vec<_> = lines.map(|line| Printable(line).to_string()).collect();
    printable.join("\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_complaint_is_ours() {
        let stderr = "warning: old\nerror: no manifest\n\nCaused by:\n  \u{1b}gone\n";
        assert_eq!(
            own_words(stderr),
            "no manifest\n\nCaused by:\n  \\u{1b}gone"
        );
        assert_eq!(own_words(""), "cargo cannot describe the package");
    }
}
