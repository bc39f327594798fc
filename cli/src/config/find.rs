//! Which configuration is meant.
//!
//! The nearest `deadheat.toml`, from a folder upwards to the workspace's; where it does not say
//! something, the nearest package's `[package.metadata.deadheat]`, and then the workspace's
//! `[workspace.metadata.deadheat]`.

use super::keys::Config;
use super::toml::{Document, Table};
use crate::error::UserError;
use crate::shown::Shown;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// The name of the file.
const FILE: &str = "deadheat.toml";

/// The configuration for the current folder.
pub(crate) fn load_here() -> Result<Config, UserError> {
    let here = std::env::current_dir()
        .map_err(|error| UserError::new(format!("the current folder is not known: {error}")))?;
    load(&here)
}

/// The configuration for an absolute folder.
pub(crate) fn load(folder: &Path) -> Result<Config, UserError> {
    let mut file = None;
    let mut package = None;
    for folder in folder.ancestors() {
        if file.is_none() {
            file = own_file(&folder.join(FILE))?;
        }
        let Some(manifest) = manifest(&folder.join("Cargo.toml")) else {
            continue;
        };
        // What cargo does not read, it complains of itself.
        let Ok(mut table) = manifest.table() else {
            continue;
        };
        if package.is_none()
            && let Some(found) = table.take("package")
        {
            package = Some(metadata(found.table().ok())?);
        }
        if let Some(found) = table.take("workspace") {
            let workspace = metadata(found.table().ok())?;
            let file = file.unwrap_or_default();
            return Ok(file.or(package.unwrap_or_default()).or(workspace));
        }
    }
    Ok(file.unwrap_or_default().or(package.unwrap_or_default()))
}

fn own_file(path: &Path) -> Result<Option<Config>, UserError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let path = Shown::path(path);
            return Err(UserError::new(format!("{path} cannot be read: {error}")));
        }
    };
    Config::read(Document::new(path, text).table()?).map(Some)
}

fn manifest(path: &Path) -> Option<Document> {
    let text = fs::read_to_string(path).ok()?;
    Some(Document::new(path, text))
}

/// What stands under `metadata.deadheat` of a package or workspace.
fn metadata(table: Option<Table<'_>>) -> Result<Config, UserError> {
    let metadata = table.and_then(|mut table| table.take("metadata"));
    let metadata = metadata.and_then(|found| found.table().ok());
    match metadata.and_then(|mut table| table.take("deadheat")) {
        None => Ok(Config::default()),
        Some(ours) => Config::read(ours.table()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(files: &[(&str, &str)], from: &str) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("member/src")).unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let base = folder.path().display().to_string();
        load(&folder.path().join(from)).map_err(|error| error.to_string().replace(&base, "."))
    }

    const WORKSPACE: &str = "[workspace.metadata.deadheat]\nruns = 1\nschedules = 2\nsteps = 3\n";

    #[test]
    fn the_nearest_goes_before_the_rest_key_by_key() {
        let member = "[package]\nname = 'm'\n[package.metadata.deadheat]\nruns = 10\nsteps = 30\n";
        let files = [
            ("Cargo.toml", WORKSPACE),
            ("member/Cargo.toml", member),
            ("member/deadheat.toml", "steps = 300\nbaseline = 'b.toml'\n"),
            ("deadheat.toml", "steps = 3000\nseed = 5\n"),
        ];
        let found = config(&files, "member/src").unwrap();
        assert_eq!(
            (found.runs, found.schedules, found.steps, found.seed),
            (Some(10), Some(2), Some(300), None)
        );
        assert!(found.baseline.unwrap().ends_with("member/b.toml"));
        let found = config(&files[..2], "member").unwrap();
        assert_eq!((found.runs, found.steps), (Some(10), Some(30)));
        let found = config(&files, "").unwrap();
        assert_eq!((found.runs, found.steps), (Some(1), Some(3000)));
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let wrong = |text: &str| config(&[("deadheat.toml", text)], "").unwrap_err();
        assert_eq!(
            wrong("\nsede = 3\nz = 4\n").split("the keys").next(),
            Some("./deadheat.toml:2: unknown key \"sede\"; did you mean \"seed\"? ")
        );
        for (text, why) in [
            (
                "seed = 3.5",
                "seed = 3.5 is not understood: seed takes a whole",
            ),
            ("seed = -1", "seed takes a whole number"),
            ("runs = 0", "runs takes a whole number from 1"),
            (
                "schedules = 1\nruns = true",
                "deadheat.toml:2: runs = true is",
            ),
            ("scheduler = 'fair'", "takes \"controlled\" or \"parallel\""),
            (
                "runner = 'make'",
                "takes \"auto\", \"nextest\" or \"cargo\"",
            ),
            ("timeout = '3 apples'", "timeout takes a time such as"),
            ("fail-fast = 'no'", "fail-fast takes true or false"),
            ("baseline = ''", "baseline takes a text"),
            ("instrument = 'a b'", "takes \"all\", \"workspace\""),
            ("instrument-std = true", "takes \"atomics\", \"all\""),
            ("suppression = 3", "suppression takes tables"),
            ("[suppression]\nreason = 'x'", "suppression takes tables"),
            ("seed = ", "deadheat.toml:1: "),
            ("seed = 1\nseed = 2", "deadheat.toml:2: duplicate key"),
        ] {
            let error = wrong(text);
            assert!(error.contains(why), "{text}: {error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
        let manifest = "[package.metadata.deadheat]\nsuppressions = []\n";
        let error = config(&[("Cargo.toml", manifest)], "").unwrap_err();
        assert!(
            error.contains(
                "Cargo.toml:2: unknown key \"suppressions\"; did you mean \"suppression\"?"
            ),
            "{error}"
        );
    }

    #[test]
    fn every_key_is_read() {
        let text = "seed = '0xff'\nschedules = 2\nscheduler = 'parallel'\nmaxprocs = 4\nsteps = 5\n\
                    stack = 65536\njson = 'r.jsonl'\nrecord = '/t'\nruns = 3\nrunner = 'cargo'\n\
                    timeout = '1m 30s'\nfail-fast = true\nbaseline = 'b'\n\
                    instrument = 'workspace'\ninstrument-std = 'all'\n\
                    [[suppression]]\nfunction = 'f'\nreason = 'slow'\nexpires = 2027-01-31\n";
        let found = config(&[("deadheat.toml", text)], "").unwrap();
        let settings = found.under("steps=9,detect=on".parse().unwrap());
        assert_eq!(settings.steps, Some(9));
        assert_eq!(settings.maxprocs, Some(4));
        assert_eq!(settings.record.unwrap(), Path::new("/t"));
        assert_eq!(found.timeout.map(|time| time.as_secs()), Some(90));
        assert_eq!(found.suppressions.len(), 1);
        assert_eq!(found.fail_fast, Some(true));
        assert_eq!(
            found.instrument,
            Some(crate::instrument::Selection::Workspace)
        );
        assert!(found.instrument_std.is_some());
    }
}
