//! The directory of a store: its lock, the file that says what it is, and sled's own directory.

mod lock;
mod marker;

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use persist_core::{Error, ErrorKind, Result};
use sled::Db;

use crate::disk::{sync_all, sync_dir};
use crate::error::{at, corrupt};
use lock::Lock;
pub(crate) use marker::Marker;

const ACKNOWLEDGED: &str = "persist-dbm.acknowledged";

/// What our files in the directory are called, or begin with.
const OURS: &str = "persist-dbm.";

/// sled's own directories have a number after this.
const DATA: &str = "data-";

/// What the server of a shared store has in the directory.
const OF_THE_SERVER: [&str; 1] = ["socket"];

/// The directory of a store, which nobody else uses until [`leave`](Self::leave).
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    lock: Lock,
    marker: Marker,
    /// Whether nothing says yet that this is a store.
    is_new: bool,
}

impl Directory {
    /// Makes the directory if it is not there, and takes it for this process.
    ///
    /// A directory with files of somebody else is refused; `log` is one of ours.
    pub(crate) fn enter(path: &Path, log: Option<&Path>) -> Result<Self> {
        make(path)?;
        let found = Marker::read(path)?;
        if found.is_none() {
            refuse_strange(path, log)?;
        }
        let lock = Lock::take(path)?;
        // Somebody may have made it, or compacted it, until we had the lock.
        let found = Marker::read(path)?;
        let is_new = found.is_none();
        let marker = found.unwrap_or_else(|| Marker::new(1));
        marker.check()?;
        let directory = Self { path: path.to_owned(), lock, marker, is_new };
        if !is_new {
            directory.remove_leftovers();
        }
        Ok(directory)
    }

    /// As [`enter`](Self::enter), for a directory that must be a store.
    pub(crate) fn enter_existing(path: &Path) -> Result<Self> {
        if Marker::read(path)?.is_none() {
            return Err(Error::new(ErrorKind::Config, "there is no store in it; check the path"));
        }
        Self::enter(path, None)
    }

    /// sled's directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.path.join(self.marker.data())
    }

    /// The file that says how much was acknowledged.
    pub(crate) fn acknowledged(&self) -> PathBuf {
        self.path.join(ACKNOWLEDGED)
    }

    /// Makes sled's directory fit to be opened: checks that its files are there, if they must be, and
    /// makes the directory for them if it is new.
    pub(crate) fn prepare(&self) -> Result<()> {
        let data = self.data();
        if self.is_new && !self.acknowledged().exists() {
            // A store that was not made to its end has nothing in it.
            remove_dir(&data)?;
            return DirBuilder::new().mode(0o750).create(&data).map_err(at(&data));
        }
        if !self.is_new && data.join("db").exists() && data.join("conf").exists() {
            return remove_unfinished(&data);
        }
        Err(corrupt("some of its files are missing; restore a copy of the whole directory"))
    }

    /// Says what the directory is, when sled's files are there.
    pub(crate) fn settle(&self) -> Result<()> {
        restrict(&self.data())?;
        if self.is_new {
            sync_all(&self.data())?;
            self.marker.write(&self.path)?;
        }
        Ok(())
    }

    /// Makes another directory for sled. It is the store's when it is full, and its marker put in
    /// the place of this one by [`replace`](Self::replace).
    pub(crate) fn next(&self) -> Result<(Marker, PathBuf)> {
        let marker = self.marker.next();
        let data = self.path.join(marker.data());
        remove_dir(&data)?;
        DirBuilder::new().mode(0o750).create(&data).map_err(at(&data))?;
        Ok((marker, data))
    }

    /// Makes `marker` the one that counts, and removes what it does not name.
    pub(crate) fn replace(&mut self, marker: Marker) -> Result<()> {
        let data = self.path.join(marker.data());
        restrict(&data)?;
        sync_all(&data)?;
        marker.write(&self.path)?;
        self.marker = marker;
        self.remove_leftovers();
        Ok(())
    }

    /// Lets go of sled, and waits until it has ended.
    pub(crate) fn close(db: Option<Db>, data: &Path) {
        if let Some(db) = db {
            lock::close(db, &data.join("db"));
        }
    }

    /// Tells who wants to open the directory that it is being left.
    pub(crate) fn leaving(&self) {
        self.lock.leaving();
    }

    /// Lets go of sled, then of the directory.
    pub(crate) fn leave(&self, db: Option<Db>) {
        self.leaving();
        Self::close(db, &self.data());
        self.lock.release();
    }

    /// Removes what an interrupted compaction has left. That it is still there does no harm.
    fn remove_leftovers(&self) {
        let Ok(entries) = fs::read_dir(&self.path) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let is_data = name.to_str().is_some_and(|name| name.starts_with(DATA));
            if is_data && name != *self.marker.data() && remove_dir(&entry.path()).is_err() {
                tracing::warn!(dir = %entry.path().display(), "cannot be removed");
            }
        }
    }
}

/// Makes the directory unless it is there.
pub(crate) fn make(path: &Path) -> Result<()> {
    match DirBuilder::new().mode(0o750).create(path) {
        Ok(()) => path.parent().map_or(Ok(()), sync_dir),
        Err(_) if path.is_dir() => Ok(()),
        Err(_) if path.exists() => {
            Err(Error::new(ErrorKind::Config, "it is not a directory; name another one"))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Error::new(
            ErrorKind::Config,
            "the directory that it is in does not exist; create that first",
        )),
        Err(error) => Err(at(path)(error)),
    }
}

/// A directory with files of somebody else is not made a store.
fn refuse_strange(path: &Path, log: Option<&Path>) -> Result<()> {
    for entry in fs::read_dir(path).map_err(at(path))? {
        let entry = entry.map_err(at(path))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_ours = name.starts_with(OURS)
            || name.starts_with(DATA)
            || OF_THE_SERVER.contains(&&*name)
            || log == Some(&entry.path());
        if is_ours {
            continue;
        }
        let what = if path.join("conf").exists() && path.join("db").exists() {
            "it holds a sled database that persist has not made; name an empty directory".to_owned()
        } else {
            format!("it is no store, but holds {name:?}; name an empty directory, or a new one")
        };
        return Err(Error::new(ErrorKind::Config, what));
    }
    Ok(())
}

/// Files that sled makes get the rights that we give.
fn restrict(data: &Path) -> Result<()> {
    for entry in fs::read_dir(data).map_err(at(data))? {
        let entry = entry.map_err(at(data))?;
        let mode = if entry.path().is_dir() { 0o750 } else { 0o640 };
        let permissions = fs::Permissions::from_mode(mode);
        match fs::set_permissions(entry.path(), permissions) {
            // sled renames and removes files as it likes.
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(at(&entry.path())(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Removes the summary of its log that sled was killed while writing. It would be read as the
/// newest one, and sled refuses to open with one that is not whole; the log, and the finished
/// summary that is still there then, say all that it would have said.
fn remove_unfinished(data: &Path) -> Result<()> {
    for entry in fs::read_dir(data).map_err(at(data))? {
        let path = entry.map_err(at(data))?.path();
        if path.extension().is_some_and(|extension| extension == "generating") {
            fs::remove_file(&path).map_err(at(&path))?;
        }
    }
    Ok(())
}

fn remove_dir(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(at(dir)(error)),
        _ => Ok(()),
    }
}
