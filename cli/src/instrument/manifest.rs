//! What is in a folder of the cache, by checksums: it tells a whole one from one that is damaged.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The file that holds it.
const FILE: &str = "checksums.json";

/// Every file and symbolic link of a folder, by its path within.
#[derive(Serialize, Deserialize, PartialEq, Eq, Debug, Default)]
pub(crate) struct Manifest {
    /// The SHA-256 of each file, in hexadecimal digits.
    files: BTreeMap<PathBuf, String>,
    /// Where each link leads; what is there is not ours.
    links: BTreeMap<PathBuf, PathBuf>,
}

impl Manifest {
    /// Of what is in `folder` now.
    fn of(folder: &Path) -> io::Result<Self> {
        let mut manifest = Self::default();
        manifest.add(folder, Path::new(""))?;
        manifest.files.remove(Path::new(FILE));
        Ok(manifest)
    }

    fn add(&mut self, folder: &Path, within: &Path) -> io::Result<()> {
        for entry in fs::read_dir(folder.join(within))? {
            let entry = entry?;
            let name = within.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_symlink() {
                let to = fs::read_link(entry.path())?;
                self.links.insert(name, to);
            } else if kind.is_dir() {
                self.add(folder, &name)?;
            } else {
                let sum = checksum(&entry.path())?;
                self.files.insert(name, sum);
            }
        }
        Ok(())
    }

    /// Writes it down in `folder`.
    pub(crate) fn write(folder: &Path) -> io::Result<()> {
        let manifest = Self::of(folder)?;
        let file = File::create(folder.join(FILE))?;
        serde_json::to_writer(&file, &manifest)?;
        file.sync_all()
    }

    /// What is wrong with `folder`, which was written before; `None` where all is as it was.
    pub(crate) fn damage(folder: &Path) -> Option<String> {
        let text = match fs::read(folder.join(FILE)) {
            Ok(text) => text,
            Err(error) => return Some(format!("{FILE} cannot be read: {error}")),
        };
        let Ok(written) = serde_json::from_slice::<Self>(&text) else {
            return Some(format!("{FILE} is not readable"));
        };
        let now = match Self::of(folder) {
            Ok(now) => now,
            Err(error) => return Some(error.to_string()),
        };
        if let Some(name) = difference(&written.files, &now.files) {
            return Some(format!("{} is not as it was written", name.display()));
        }
        if let Some(name) = difference(&written.links, &now.links) {
            return Some(format!("{} leads elsewhere", name.display()));
        }
        // A toolchain that was removed leaves links that lead nowhere.
        let mut links = written.links.into_iter();
        let dangling = links.find(|(name, _)| !folder.join(name).exists());
        dangling.map(|(_, to)| format!("{} is gone", to.display()))
    }
}

/// The first path that is not in both maps with the same value.
fn difference<V: PartialEq>(
    one: &BTreeMap<PathBuf, V>,
    other: &BTreeMap<PathBuf, V>,
) -> Option<PathBuf> {
    let mut paths = one.keys().chain(other.keys());
    paths
        .find(|path| one.get(*path) != other.get(*path))
        .cloned()
}

/// The SHA-256 of a file's content, in hexadecimal digits.
pub(crate) fn checksum(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    hash.update(fs::read(path)?);
    Ok(hexadecimal(&hash.finalize()))
}

/// The first digits of the SHA-256 of a text, for names.
pub(crate) fn short_checksum(text: &str) -> String {
    let mut digits = hexadecimal(&Sha256::digest(text));
    digits.truncate(16);
    digits
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
