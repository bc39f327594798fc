//! The packages that cargo would build in a folder, and which of them are there for our sake only.

use crate::cargo::Cargo;
use crate::error::UserError;
use cargo_metadata::{Metadata, PackageId};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Our own packages: what finds races is no program that races are looked for in.
const OURS: [&str; 9] = [
    "deadheat",
    "deadheat-c",
    "deadheat-cli",
    "deadheat-detector",
    "deadheat-engine",
    "deadheat-instrument",
    "deadheat-macros",
    "deadheat-runtime",
    "deadheat-tsan",
];

/// Names of packages.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Graph {
    /// All that there are.
    pub(crate) all: BTreeSet<String>,
    /// The members of the workspace.
    pub(crate) members: BTreeSet<String>,
    /// Ours, and what only they depend on.
    pub(crate) ours: BTreeSet<String>,
}

impl Graph {
    /// As cargo resolves it.
    pub(crate) fn of(cargo: &Cargo, target: &str) -> Result<Self, UserError> {
        Ok(Self::read(&cargo.resolved(target)?))
    }

    fn read(metadata: &Metadata) -> Self {
        let names: HashMap<&PackageId, &str> = metadata
            .packages
            .iter()
            .map(|package| (&package.id, package.name.as_str()))
            .collect();
        let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
        let edges: HashMap<_, _> = nodes.map(|node| (&node.id, &node.dependencies)).collect();
        let name = |id: &PackageId| names.get(id).copied().unwrap_or_default();
        // What the user's packages reach without passing by ours.
        let members = metadata.workspace_members.iter();
        let mut pending: Vec<_> = members.clone().filter(|id| !is_ours(name(id))).collect();
        let mut reached: HashSet<_> = pending.iter().copied().collect();
        while let Some(id) = pending.pop() {
            for next in edges.get(id).into_iter().copied().flatten() {
                if !is_ours(name(next)) && reached.insert(next) {
                    pending.push(next);
                }
            }
        }
        let owned = |ids: &mut dyn Iterator<Item = &PackageId>| -> BTreeSet<String> {
            ids.map(|id| name(id).to_owned()).collect()
        };
        let of_user = owned(&mut reached.into_iter());
        let all: BTreeSet<_> = names.values().map(|name| (*name).to_owned()).collect();
        Self {
            // Two versions of a package have one name: it is the user's if one of them is.
            ours: all.difference(&of_user).cloned().collect(),
            members: owned(&mut members.into_iter()),
            all,
        }
    }
}

/// Whether a package is one of ours.
fn is_ours(name: &str) -> bool {
    OURS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// Metadata of packages with their dependencies, of which the first `members` are members.
    fn metadata(packages: &[(&str, &[&str])], members: usize) -> Metadata {
        let id = |name: &str| format!("path+file:///{name}#1.0.0");
        let package = |name: &str| -> Value {
            json!({
                "name": name, "version": "1.0.0", "id": id(name), "dependencies": [], "targets": [],
                "features": {}, "manifest_path": "/Cargo.toml",
            })
        };
        let node = |(name, dependencies): &(&str, &[&str])| {
            let dependencies: Vec<_> = dependencies.iter().map(|name| id(name)).collect();
            json!({ "id": id(name), "dependencies": dependencies })
        };
        let all: Vec<_> = packages.iter().map(|(name, _)| package(name)).collect();
        let ids: Vec<_> = packages.iter().map(|(name, _)| id(name)).collect();
        let nodes: Vec<_> = packages.iter().map(node).collect();
        serde_json::from_value(json!({
            "packages": all, "workspace_members": ids[..members], "version": 1,
            "resolve": { "nodes": nodes, "root": null },
            "workspace_root": "/", "target_directory": "/target",
        }))
        .unwrap()
    }

    #[test]
    fn what_only_we_depend_on_is_ours() {
        let graph = Graph::read(&metadata(
            &[
                ("app", &["deadheat", "parking_lot"]),
                ("tool", &[]),
                ("deadheat", &["deadheat-engine", "dashmap"]),
                ("deadheat-engine", &[]),
                ("dashmap", &["parking_lot", "hashbrown"]),
                ("parking_lot", &["smallvec"]),
                ("hashbrown", &[]),
                ("smallvec", &[]),
            ],
            2,
        ));
        let names = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(names(&graph.members), "app tool");
        assert_eq!(
            names(&graph.ours),
            "dashmap deadheat deadheat-engine hashbrown"
        );
        assert_eq!(graph.all.len(), 8);
    }
}
