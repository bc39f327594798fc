//! Whose accesses are looked at.

use super::graph::Graph;
use super::passes::Accesses;
use crate::error::UserError;
use crate::nearest::question;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::str::FromStr;

/// What `--instrument` asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Selection {
    /// Nothing: `none`.
    None,
    /// Every package: `all`.
    All,
    /// The packages of the workspace: `workspace`.
    Workspace,
    /// Packages by name.
    Packages(Vec<String>),
}

impl FromStr for Selection {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => return Ok(Self::None),
            "all" => return Ok(Self::All),
            "workspace" => return Ok(Self::Workspace),
            _ => {}
        }
        let names: Vec<_> = text.split(',').map(|name| name.trim().to_owned()).collect();
        let plain = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        match names
            .iter()
            .find(|name| name.is_empty() || !name.chars().all(plain))
        {
            None => Ok(Self::Packages(names)),
            Some(_) => Err(
                "it takes all, workspace, none, or names of packages with commas between"
                    .to_owned(),
            ),
        }
    }
}

/// The accesses that become calls, by the name of the package.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Selected {
    /// All of their accesses; `None` stands for every package.
    whole: Option<BTreeSet<String>>,
    /// None of theirs.
    untouched: BTreeSet<String>,
}

impl Selected {
    /// What `selection` means among the packages of `graph`. Refuses names that it does not have.
    pub(crate) fn new(selection: &Selection, graph: Graph) -> Result<Self, UserError> {
        let whole = match selection {
            Selection::All => None,
            Selection::None => Some(BTreeSet::new()),
            Selection::Workspace => Some(graph.members),
            Selection::Packages(names) => {
                for name in names {
                    check(name, &graph)?;
                }
                Some(names.iter().cloned().collect())
            }
        };
        Ok(Self {
            whole,
            untouched: graph.ours,
        })
    }

    /// Which accesses of a package become calls. What is not selected must still have its atomic ones
    /// seen: they order what the others do.
    pub(crate) fn accesses(&self, package: &str) -> Option<Accesses> {
        if self.untouched.contains(package) {
            return None;
        }
        let whole = self
            .whole
            .as_ref()
            .is_none_or(|whole| whole.contains(package));
        Some(if whole {
            Accesses::All
        } else {
            Accesses::Atomic
        })
    }
}

fn check(name: &str, graph: &Graph) -> Result<(), UserError> {
    if !graph.all.contains(name) {
        let known: Vec<_> = graph.all.iter().map(String::as_str).collect();
        let question = question(name, &known);
        return Err(UserError::new(format!(
            "--instrument={name}: no package of that name is built here; {question}`cargo tree` lists all"
        )));
    }
    if graph.ours.contains(name) {
        return Err(UserError::new(format!(
            "--instrument={name}: Deadheat's own packages, and what only they depend on, are never instrumented"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph() -> Graph {
        let set = |names: &str| names.split(' ').map(str::to_owned).collect();
        Graph {
            all: set("app deadheat gimli serde"),
            members: set("app"),
            ours: set("deadheat gimli"),
        }
    }

    #[track_caller]
    fn check(text: &str, expected: [Option<Accesses>; 3]) {
        let selected = Selected::new(&text.parse().unwrap(), graph()).unwrap();
        assert_eq!(
            ["app", "serde", "deadheat"].map(|name| selected.accesses(name)),
            expected
        );
    }

    #[test]
    fn atomics_are_seen_of_all_but_us() {
        let (whole, atomic) = (Some(Accesses::All), Some(Accesses::Atomic));
        check("all", [whole, whole, None]);
        check("workspace", [whole, atomic, None]);
        check("serde", [atomic, whole, None]);
        check("app,serde", [whole, whole, None]);
    }

    #[test]
    fn wrong_names_are_refused() {
        let refused = |text: &str| {
            let selection = text.parse().unwrap();
            Selected::new(&selection, graph()).unwrap_err().to_string()
        };
        assert!(refused("serd").contains("did you mean \"serde\"?"));
        assert!(refused("app,gimli").contains("never instrumented"));
        for text in ["", "a,", "a b", "a/b"] {
            assert!(text.parse::<Selection>().is_err(), "{text}");
        }
    }
}
