//! Packs the sources of the run-time library, so that a `deadheat` that was installed has them where the
//! checkout is gone: `sources.rs` lists their paths and texts.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};
use toml::{Table, Value};

/// The packages that the library is made of.
const PACKAGES: [&str; 3] = ["abi/tsan", "detector", "detector/engine"];

/// Other files that it takes.
const FILES: [&str; 3] = ["Cargo.lock", "abi/tsan/assemble.sh", "abi/tsan/symbols"];

/// What a manifest has that a build of its library has no use for.
const UNUSED: [&str; 4] = ["bench", "dev-dependencies", "example", "test"];

fn main() -> io::Result<()> {
    let variable = |name| PathBuf::from(env::var_os(name).expect("cargo sets it"));
    let (root, out) = (
        variable("CARGO_MANIFEST_DIR").join(".."),
        variable("OUT_DIR"),
    );
    let mut list = String::from("&[\n");
    // Where the package stands alone, there is nothing to pack.
    if root.join(PACKAGES[0]).is_dir() {
        pack(&root.canonicalize()?, &out, &mut list)?;
    }
    list.push_str("]\n");
    fs::write(out.join("sources.rs"), list)
}

fn pack(root: &Path, out: &Path, list: &mut String) -> io::Result<()> {
    let mut add = |path: &str, from: &Path| {
        println!("cargo::rerun-if-changed={}", from.display());
        let written = writeln!(list, "    ({path:?}, include_str!({from:?})),");
        written.expect("a string takes all");
    };
    for file in FILES {
        add(file, &root.join(file));
    }
    for package in PACKAGES {
        let folder = root.join(package).join("src");
        println!("cargo::rerun-if-changed={}", folder.display());
        for file in files(&folder)? {
            let path = file.strip_prefix(root).expect("it lies below");
            add(path.to_str().expect("our files have plain names"), &file);
        }
        let name = format!("{package}/Cargo.toml");
        let mut manifest = read(&root.join(&name))?;
        manifest.retain(|key, _| !UNUSED.contains(&key));
        write_manifest(&out.join(&name), &manifest)?;
        add(&name, &out.join(&name));
    }
    let mut workspace = read(&root.join("Cargo.toml"))?;
    workspace.retain(|key, _| matches!(key, "workspace" | "profile"));
    if let Some(Value::Table(workspace)) = workspace.get_mut("workspace") {
        workspace.insert("members".into(), PACKAGES.map(Value::from).to_vec().into());
    }
    write_manifest(&out.join("Cargo.toml"), &workspace)?;
    add("Cargo.toml", &out.join("Cargo.toml"));
    Ok(())
}

/// All files below a folder, in an order that is always the same.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::path);
    let mut all = Vec::new();
    for entry in entries {
        if entry.file_type()?.is_dir() {
            all.extend(files(&entry.path())?);
        } else {
            all.push(entry.path());
        }
    }
    Ok(all)
}

fn read(manifest: &Path) -> io::Result<Table> {
    println!("cargo::rerun-if-changed={}", manifest.display());
    let text = fs::read_to_string(manifest)?;
    text.parse().map_err(io::Error::other)
}

fn write_manifest(path: &Path, manifest: &Table) -> io::Result<()> {
    fs::create_dir_all(path.parent().expect("it lies in a folder"))?;
    let text = toml::to_string(manifest).map_err(io::Error::other)?;
    fs::write(path, text)
}
