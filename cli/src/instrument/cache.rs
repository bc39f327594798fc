//! The folder where what takes long to make is kept for the next time.
//!
//! An entry is made in a folder beside it and renamed into place when it is whole, so nobody ever
//! sees half of one. Whoever makes it holds a lock, so that it is made once, and takes away what
//! others have left who were killed. Each use checks it against its checksums, and makes it anew where
//! it is damaged.

use super::manifest::Manifest;
use crate::console;
use crate::error::UserError;
use crate::shown::Shown;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// The variable that names the folder.
pub(crate) const VARIABLE: &str = "DEADHEAT_CACHE";

/// The folder.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The folder that `DEADHEAT_CACHE` names, or `deadheat` in the user's folder for caches.
    pub(crate) fn find() -> Result<Self, UserError> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let given = set(VARIABLE).map(PathBuf::from);
        // A relative path is to be ignored, as the XDG Base Directory Specification says.
        let users = set("XDG_CACHE_HOME").map(PathBuf::from);
        let users = users.filter(|folder| folder.is_absolute());
        let users = users.or_else(|| Some(std::env::home_dir()?.join(".cache")));
        let folder = given.or_else(|| Some(users?.join("deadheat")));
        let folder = folder.ok_or_else(|| {
            UserError::new(format!(
                "no folder for caches is known: set {VARIABLE} to one"
            ))
        })?;
        let folder = std::path::absolute(&folder).map_err(|error| unusable(&folder, &error))?;
        Ok(Self { folder })
    }

    #[cfg(test)]
    pub(crate) fn at(folder: &Path) -> Self {
        let folder = folder.to_path_buf();
        Self { folder }
    }

    /// Where it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether an entry is there, whole.
    pub(crate) fn has(&self, name: &str) -> bool {
        Manifest::damage(&self.folder.join(name)).is_none()
    }

    /// Refuses a folder that nothing can be written to.
    pub(crate) fn check_writable(&self) -> Result<(), UserError> {
        let made =
            fs::create_dir_all(&self.folder).and_then(|()| tempfile::tempfile_in(&self.folder));
        made.map(drop)
            .map_err(|error| unusable(&self.folder, &error))
    }

    /// The folder of the entry `name`; `make` fills it where it is not there, or damaged.
    pub(crate) fn provide(
        &self,
        name: &str,
        make: impl FnOnce(&Path) -> Result<(), UserError>,
    ) -> Result<PathBuf, UserError> {
        let entry = self.folder.join(name);
        // One that is whole needs no lock, so it can be used where nothing can be written.
        if Manifest::damage(&entry).is_none() {
            return Ok(entry);
        }
        let cannot = |error: io::Error| unusable(&self.folder, &error);
        fs::create_dir_all(&self.folder).map_err(cannot)?;
        let _lock = self.lock(name).map_err(cannot)?;
        let Some(damage) = Manifest::damage(&entry) else {
            return Ok(entry);
        };
        if entry.exists() {
            let entry = Shown::path(&entry);
            console::note(format_args!(
                "{entry} is damaged, and is made anew: {damage}"
            ));
        }
        self.take_away_remains(name).map_err(cannot)?;
        let prefix = prefix(name);
        let new = tempfile::Builder::new()
            .prefix(&prefix)
            .tempdir_in(&self.folder);
        let new = new.map_err(cannot)?;
        make(new.path())?;
        Manifest::write(new.path()).map_err(cannot)?;
        if entry.exists() {
            // By a name that the next to make it takes away, should we be killed here.
            let old = tempfile::Builder::new()
                .prefix(&prefix)
                .tempdir_in(&self.folder);
            let old = old.map_err(cannot)?;
            fs::rename(&entry, old.path()).map_err(cannot)?;
        }
        fs::rename(new.keep(), &entry).map_err(cannot)?;
        Ok(entry)
    }

    fn lock(&self, name: &str) -> io::Result<File> {
        let path = self.folder.join(format!("{name}.lock"));
        let file = File::options().create(true).append(true).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                console::note("another process makes the same at this moment, and is waited for");
                file.lock()?;
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        Ok(file)
    }

    /// Takes away what was being made of an entry; its lock is held.
    fn take_away_remains(&self, name: &str) -> io::Result<()> {
        let prefix = prefix(name);
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }
}

/// How folders in which an entry is being made are called.
fn prefix(name: &str) -> String {
    format!(".{name}.new-")
}

fn unusable(folder: &Path, error: &io::Error) -> UserError {
    let folder = Shown::path(folder);
    UserError::new(format!(
        "the cache folder {folder} cannot be used: {error}; set {VARIABLE} to a folder that can be written"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn fill(folder: &Path) -> Result<(), UserError> {
        fs::create_dir(folder.join("lib")).unwrap();
        fs::write(folder.join("lib/a"), "one").unwrap();
        fs::write(folder.join("b"), "two").unwrap();
        Ok(())
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn what_is_whole_is_not_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(&folder.path().join("deep/down"));
        assert!(!cache.has("x"));
        let entry = cache.provide("x", fill).unwrap();
        assert!(cache.has("x"));
        let again = cache.provide("x", |_| panic!("it is there")).unwrap();
        assert_eq!(entry, again);
        assert_eq!(names(cache.folder()), ["x", "x.lock"]);
    }

    #[track_caller]
    fn check_damage(cache: &Cache, damage: impl FnOnce(&Path) -> io::Result<()>) {
        let entry = cache.provide("x", fill).unwrap();
        damage(&entry).unwrap();
        assert!(!cache.has("x"));
        cache.provide("x", fill).unwrap();
        assert!(cache.has("x"));
        assert_eq!(fs::read_to_string(entry.join("lib/a")).unwrap(), "one");
    }

    #[test]
    fn any_damage_is_noticed_and_mended() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        let lib = |entry: &Path| entry.join("lib/a");
        let sums = |entry: &Path| entry.join("checksums.json");
        check_damage(&cache, |entry| fs::write(lib(entry), "ons"));
        check_damage(&cache, |entry| fs::remove_file(lib(entry)));
        check_damage(&cache, |entry| fs::write(entry.join("c"), ""));
        check_damage(&cache, |entry| fs::write(sums(entry), "{}"));
        check_damage(&cache, |entry| fs::remove_file(sums(entry)));
        assert_eq!(names(folder.path()), ["x", "x.lock"]);
    }

    #[test]
    fn a_failure_leaves_nothing_and_the_remains_of_the_killed_go() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        fs::create_dir_all(folder.path().join(".x.new-killed/lib")).unwrap();
        fs::create_dir_all(folder.path().join(".y.new-busy")).unwrap();
        let failed = cache.provide("x", |folder| {
            fill(folder).unwrap();
            Err(UserError::new("no"))
        });
        assert_eq!(failed, Err(UserError::new("no")));
        assert_eq!(names(folder.path()), [".y.new-busy", "x.lock"]);
    }

    #[test]
    fn of_many_at_once_one_makes_it() {
        let folder = tempfile::tempdir().unwrap();
        let made = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let cache = Cache::at(folder.path());
                    cache.provide("x", |folder| {
                        made.fetch_add(1, Ordering::Relaxed);
                        fill(folder)
                    })
                });
            }
        });
        assert_eq!(made.into_inner(), 1);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named_with_the_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let cache = Cache::at(&file.join("cache"));
        let error = cache.provide("x", fill).unwrap_err().to_string();
        assert!(
            error.contains("file/cache") && error.contains(VARIABLE),
            "{error}"
        );
        assert!(cache.check_writable().is_err());
    }
}
