//! `deadheat init`: a crate set up, with a test to begin with.
//!
//! Everything is looked at before anything is written, and nothing that is there is replaced.

use crate::args::InitArgs;
use crate::console;
use crate::error::UserError;
use crate::exit::Exit;
use crate::output::Output;
use crate::program::Program;
use crate::shown::Shown;
use deadheat_detector::report::text::Printable;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use toml_edit::{DocumentMut, InlineTable, Item, Table, value};

/// The name under which the crate is depended on.
const NAME: &str = "deadheat";

const CONFIGURATION: &str = "\
# What `deadheat test` does where the command line does not say. The book has all keys: docs/book/src/reference/configuration.md.

# How many schedules each test runs that does not say itself.
#schedules = 10

# Known races, as `deadheat baseline` writes them: only others fail the suite.
#baseline = \"deadheat-baseline.toml\"

# Races that are not to be told of. `*` stands for anything.
#[[suppression]]
#function = \"my_crate::legacy::*\"
#reason = \"is being rewritten\"
#expires = \"2030-01-31\"
";

const TEST: &str = "\
//! A test to begin with. `cargo test` runs it as it is, `deadheat test` looks for data races in it.

use deadheat::prelude::*;
use std::sync::Arc;

#[deadheat::test(schedules = 10)]
fn hits_are_counted() {
    let hits = Arc::new(Shared::named(\"hits\", 0));
    let other = hits.clone();
    let visitor = go(move || other.update(|n| *n += 1));
    // Move this line below the next, and the two updates race: see what `deadheat test` says.
    visitor.join().unwrap();
    hits.update(|n| *n += 1);
    assert_eq!(hits.get(), 2);
}
";

pub(crate) fn execute(program: Program, args: &InitArgs) -> Result<Exit, UserError> {
    let manifest = args.folder.join("Cargo.toml");
    let new = [
        (args.folder.join("deadheat.toml"), CONFIGURATION),
        (args.folder.join("tests").join("races.rs"), TEST),
    ];
    let text = edited(&manifest, args.path.as_deref())?;
    for (path, _) in &new {
        if fs::symlink_metadata(path).is_ok() {
            let path = Shown::path(path);
            return Err(UserError::new(format!(
                "{path} is there already, and is not replaced: move it away first; nothing was written"
            )));
        }
    }
    for (path, text) in &new {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| unwritten(path, &error))?;
        }
        let made = fs::File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
        made.map_err(|error| unwritten(path, &error))?;
        console::note(format_args!("{} is made", Shown::path(path)));
    }
    let name = Shown::path(&manifest);
    match text {
        Some(text) => {
            let output = Output::create(&manifest)?;
            let written = (&output).write_all(text.as_bytes());
            written.map_err(|error| unwritten(&manifest, &error))?;
            output.commit()?;
            console::note(format_args!("{name} has {NAME} among its dev-dependencies"));
        }
        None => console::note(format_args!(
            "{name} depends on {NAME} already, and stays as it is"
        )),
    }
    console::note(format_args!("`{program} test` runs the tests"));
    Ok(Exit::Clean)
}

/// The manifest with the dependency; `None` where it has it already.
fn edited(path: &Path, sources: Option<&Path>) -> Result<Option<String>, UserError> {
    let name = Shown::path(path);
    let text = fs::read_to_string(path).map_err(|error| {
        UserError::new(format!(
            "{name} cannot be read: {error}; `cargo init` makes a crate to begin with"
        ))
    })?;
    let mut manifest: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        let why: Vec<_> = error.message().lines().collect();
        let why = why.join("; ");
        UserError::new(format!("{name} cannot be read: {}", Printable(&why)))
    })?;
    if !manifest.contains_key("package") {
        return Err(UserError::new(format!(
            "{name} is of a workspace without a package: name the folder of one of its members"
        )));
    }
    for table in ["dependencies", "dev-dependencies"] {
        if manifest
            .get(table)
            .and_then(|table| table.get(NAME))
            .is_some()
        {
            return Ok(None);
        }
    }
    let dependencies = manifest
        .entry("dev-dependencies")
        .or_insert_with(|| Item::Table(Table::new()))
        .as_table_like_mut()
        .ok_or_else(|| UserError::new(format!("{name}: dev-dependencies is no table")))?;
    dependencies.insert(NAME, dependency(sources)?);
    Ok(Some(manifest.to_string()))
}

fn dependency(sources: Option<&Path>) -> Result<Item, UserError> {
    let Some(sources) = sources else {
        return Ok(value(env!("CARGO_PKG_VERSION")));
    };
    let name = Shown::path(sources);
    let wrong = |why: &dyn std::fmt::Display| {
        UserError::new(format!("{name} is no folder of Deadheat's sources: {why}"))
    };
    let folder: PathBuf = fs::canonicalize(sources).map_err(|error| wrong(&error))?;
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).map_err(|error| wrong(&error))?;
    let manifest: Option<DocumentMut> = manifest.parse().ok();
    let package = manifest.as_ref().and_then(|all| all.get("package"));
    let package = package.and_then(|package| package.get("name")?.as_str());
    if package != Some(NAME) {
        return Err(wrong(&format_args!(
            "its Cargo.toml names no package {NAME}"
        )));
    }
    let text = folder
        .to_str()
        .ok_or_else(|| wrong(&"its path is not valid UTF-8"))?;
    let mut table = InlineTable::new();
    table.insert("path", text.into());
    Ok(value(table))
}

fn unwritten(path: &Path, error: &std::io::Error) -> UserError {
    UserError::new(format!("{} cannot be written: {error}", Shown::path(path)))
}
