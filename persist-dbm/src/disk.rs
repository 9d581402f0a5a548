//! Making what was written durable.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use persist_core::Result;
use sled::Tree;

use crate::acknowledged::Acknowledged;
use crate::error::{at, engine};

/// The files of an open store, as far as we sync them.
#[derive(Debug)]
pub(crate) struct Disk {
    log: File,
    log_path: PathBuf,
    /// Where sled puts what is too large for its log.
    blobs: PathBuf,
    synced: HashSet<OsString>,
    acknowledged: Acknowledged,
}

impl Disk {
    /// The files of sled in `data`.
    pub(crate) fn open(data: &Path, acknowledged: Acknowledged) -> Result<Self> {
        let log_path = data.join("db");
        let log = File::open(&log_path).map_err(at(&log_path))?;
        let mut disk =
            Self { log, log_path, blobs: data.join("blobs"), synced: HashSet::new(), acknowledged };
        disk.sync_blobs()?;
        Ok(disk)
    }

    /// Makes everything that was applied durable, and remembers that it was `sequence` groups.
    ///
    /// There must be one caller at a time: sled's flushes wait for each other for good.
    pub(crate) fn sync(&mut self, tree: &Tree, sequence: u64) -> Result<()> {
        tree.flush().map_err(engine)?;
        // On Linux, sled asks for `sync_file_range`, which neither reaches through the cache of
        // the disk nor tells the file system how long the file has become.
        self.sync_blobs()?;
        self.log.sync_data().map_err(at(&self.log_path))?;
        self.acknowledged.remember(sequence);
        Ok(())
    }

    /// sled syncs no blob. There is hardly ever one, since large values are cut into pieces.
    fn sync_blobs(&mut self) -> Result<()> {
        let mut new = Vec::new();
        for blob in fs::read_dir(&self.blobs).map_err(at(&self.blobs))? {
            let blob = blob.map_err(at(&self.blobs))?;
            if !self.synced.contains(&blob.file_name()) {
                new.push(blob);
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        for blob in new {
            match File::open(blob.path()) {
                Ok(file) => file.sync_all().map_err(at(&blob.path()))?,
                // sled has removed it meanwhile.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(at(&blob.path())(error)),
            }
            self.synced.insert(blob.file_name());
        }
        sync_dir(&self.blobs)
    }
}

/// Makes a directory durable, with all that is in it.
pub(crate) fn sync_all(dir: &Path) -> Result<()> {
    for entry in fs::read_dir(dir).map_err(at(dir))? {
        let path = entry.map_err(at(dir))?.path();
        if path.is_dir() {
            sync_all(&path)?;
        } else {
            File::open(&path).and_then(|file| file.sync_all()).map_err(at(&path))?;
        }
    }
    sync_dir(dir)
}

/// Makes the names in a directory durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<()> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(at(dir))
}
